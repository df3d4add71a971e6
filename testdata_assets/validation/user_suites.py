"""Expectation suites of the users' own: `rules/expectations/*.json`, run on the image beside ours.

A file is a suite as Great Expectations writes it (`name`, `expectations` with `type` and `kwargs`) and says what it
runs on: `table` (schema.table) or `query` (one SELECT). Here files are read and refused; `expectations.py` runs them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from testdata_assets.errors import UsageFault
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.validation.expectations import SqlExpected, SqlSuite, SuiteResult, why_not
from testdata_assets.validation.report import Finding
from testdata_assets.validation.suites import Measured, Row

FOLDER = "expectations"
TABLE = "expectations"  # the finding's table, for rules/validation.yaml
NOT_MET = "expectation not met"
_STEM = re.compile(r"[A-Za-z0-9_\-]+\Z")
_TYPE = re.compile(r"expect_[a-z0-9_]+\Z")


class _Expectation(BaseModel):
    """One expectation as Great Expectations writes it; severity, notes and the like are read over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = Field(description="e.g. expect_column_values_to_not_be_null")
    arguments: dict[str, Any] = Field(default_factory=dict, alias="kwargs")
    id: str | None = None
    meta: Any = None
    notes: Any = None
    severity: Any = None
    description: Any = None
    rendered_content: Any = None

    @field_validator("type")
    @classmethod
    def _is_a_type(cls, name: str) -> str:
        if _TYPE.match(name) is None:
            raise ValueError("is written as expect_something_to_be")
        return name


class _File(BaseModel):
    """A suite file; unknown keys are errors, but for those that Great Expectations writes itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = None
    table: str | None = None
    query: str | None = None
    expectations: tuple[_Expectation, ...] = Field(min_length=1)
    id: str | None = None
    meta: Any = None
    notes: Any = None
    suite_parameters: Any = None
    evaluation_parameters: Any = None

    @model_validator(mode="after")
    def _runs_on_something(self) -> _File:
        if (self.table is None) == (self.query is None):
            raise ValueError("names what it runs on: either `table` or `query`")
        if self.suite_parameters or self.evaluation_parameters:
            raise ValueError("parameters of suites are not supported: write the values into `kwargs`")
        if self.query is not None and (";" in self.query.rstrip().rstrip(";") or not _selects(self.query)):
            raise ValueError("`query` is one SELECT")
        return self

    @field_validator("table")
    @classmethod
    def _is_a_table(cls, table: str | None) -> str | None:
        if table is not None:
            try:
                TableName.parse(table)
            except (ValueError, UsageFault):
                raise ValueError("is written as schema.table") from None
        return table


def _selects(query: str) -> bool:
    return re.match(r"\s*(select|with|values|table)\b", query, re.IGNORECASE) is not None


@dataclass(frozen=True)
class UserSuite:
    """A suite with the file it came from."""

    path: Path
    suite: SqlSuite


def load_user_suites(rules_dir: Path) -> list[UserSuite]:
    """Reads every suite of the rules folder, sorted by file name; none if there is no such folder.

    Great Expectations is imported, to try each expectation, only where there are files.

    Raises:
        UsageFault: A file is no suite; names file, place and reason, of further ones in `reasons`.
    """
    found, faults = read_user_suites(rules_dir)
    if faults:
        first = faults[0]
        reasons = [{"file": fault.where, "message": fault.what} for fault in faults] if len(faults) > 1 else []
        raise UsageFault(first.what, where=first.where, remedy=first.remedy, code=first.error_code, reasons=reasons)
    return found


def read_user_suites(rules_dir: Path) -> tuple[list[UserSuite], list[UsageFault]]:
    """The suites of the rules folder that can be used, and what is wrong with the others."""
    folder = rules_dir / FOLDER
    found: list[UserSuite] = []
    faults: list[UsageFault] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith((".", "README")):
            continue
        if path.suffix != ".json" or not path.is_file():
            faults.append(_fault(path, "only suites, files whose names end in .json, and a README belong here"))
            continue
        try:
            suite = _suite(path)
        except UsageFault as fault:
            faults.append(fault)
            continue
        refused = [f"{each.id} {reason}" for each in suite.expectations if (reason := why_not(each)) is not None]
        faults += [_fault(path, reason) for reason in refused]
        if not refused:
            found.append(UserSuite(path, suite))
    return found, faults


def _suite(path: Path) -> SqlSuite:
    if _STEM.match(path.stem) is None:
        raise _fault(path, "its name may have letters, digits, _ and - only")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _fault(path, f"it cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise _fault(path, "it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _fault(path, f"line {error.lineno} is not JSON: {error.msg}") from None
    try:
        read = _File.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _fault(path, f"{place or 'the suite'}: {first['msg']}") from None
    expectations = tuple(
        SqlExpected(f"{number} {each.type}" + _of(each.arguments), each.type, each.arguments)
        for number, each in enumerate(read.expectations, 1)
    )
    table = None if read.table is None else TableName.parse(read.table)
    return SqlSuite(f"own_{path.stem}", expectations, table, read.query)


def _of(arguments: Mapping[str, Any]) -> str:
    column = arguments.get("column")
    return f" of {column}" if isinstance(column, str) else ""


def joined_to(measured: Measured, results: Mapping[str, SuiteResult]) -> Measured:
    """A check with users' suites as further rows: how many expectations each has and how many were met."""
    if not results:
        return measured
    rows = [
        Row(
            {
                "aspect": name,
                "source": len(result.outcomes),
                "image": sum(1 for outcome in result.outcomes.values() if outcome.success),
            },
            [
                Finding(TABLE, f"{name}: {outcome.id}", outcome.error or NOT_MET, 1)
                for outcome in result.outcomes.values()
                if not outcome.success
            ],
        )
        for name, result in results.items()
    ]
    met = sum(row.cells["image"] for row in rows)
    return replace(
        measured,
        rows=[*measured.rows, *rows],
        summary=f"{measured.summary}; {met} expectations of {len(rows)} own suites are met",
        details={**measured.details, "own_suites": {name: each.as_json() for name, each in results.items()}},
    )


def _fault(path: Path, reason: str) -> UsageFault:
    return UsageFault(
        f"{FOLDER}/{path.name} cannot be used: {reason}",
        where=str(path),
        remedy="Correct the file; docs/how-to/own-expectations.md shows one.",
        code="expectations",
    )
