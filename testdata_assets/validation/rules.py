"""`rules/validation.yaml`: limits of the drift check, what re-identification looks at, and accepted findings.

The file is optional; without it the defaults here hold. An acceptance has a reason and a last day; one that has
expired counts no more, and one that matches nothing is reported as stale.

What was in force when an image was judged goes into its attestation as digests, see `digests`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from testdata_assets.masking.rule_errors import Mark, RuleProblem, RulesError, did_you_mean
from testdata_assets.masking.rules_yaml import YamlNode, read_yaml

CheckName = Literal[
    "no_production_values",
    "no_pii_patterns",
    "distribution_drift",
    "referential_integrity",
    "row_counts",
    "schema_matches",
]
CHECK_NAMES: tuple[CheckName, ...] = (
    "no_production_values",
    "no_pii_patterns",
    "distribution_drift",
    "referential_integrity",
    "row_counts",
    "schema_matches",
)
FILE = "validation.yaml"
_KEYS: set[str] = set()  # all that the file may hold, for whoever misspells one
_Share = Annotated[float, Field(gt=0, le=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        _KEYS.update(cls.model_fields)


class DriftLimits(_Model):
    """Effect sizes above which a distribution has drifted, where sampling noise alone does not explain it."""

    nulls: _Share = Field(0.03, description="Difference of the shares of NULLs.")
    values: _Share = Field(0.04, description="Kolmogorov-Smirnov distance of numbers and times.")
    lengths: _Share = Field(0.05, description="Kolmogorov-Smirnov distance of text lengths.")
    categories: _Share = Field(0.06, description="Total variation distance of frequent values.")
    distinct: _Share = Field(0.02, description="Relative change of the number of different values.")
    association: _Share = Field(0.1, description="Change of Cramer's V or of the rank correlation of two columns.")
    scale: _Share = Field(0.1, description="Factor by which numbers grew or shrank, less 1.")
    characters: _Share = Field(0.05, description="Difference of the shares of values holding a kind of character.")
    fan_out: _Share = Field(0.06, description="Kolmogorov-Smirnov distance of rows for each value of a foreign key.")
    previous: Literal["ignore", "warn", "block"] = Field(
        "warn", description="What drift against the image published before is: production itself changed."
    )


OnFailure = Literal["warn", "block"]


class QuasiIdentifiers(_Model):
    """Columns that together may tell who somebody is: birth date, postcode and sex, for instance."""

    table: str = Field(description="schema.table as in masking.yaml.")
    columns: tuple[str, ...] = Field(min_length=1, description="Columns whose combination is looked at.")
    k: int = Field(5, ge=2, description="Rows that must share each combination.")
    tolerated: float = Field(0.0, ge=0, lt=1, description="Share of rows that may be in smaller groups.")
    on_failure: OnFailure = Field("warn", description="block rejects the image; warn only tells.")

    @field_validator("columns")
    @classmethod
    def _different(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(columns)) < len(columns):
            raise ValueError("names a column twice")
        return columns


class UniquenessLimit(_Model):
    """Rows whose combination of kept columns is no other's, in tables that mask some columns."""

    share: float | None = Field(None, ge=0, le=1, description="Share of rows above which it fails; null for never.")
    most_rows: int = Field(100_000, ge=0, description="Larger tables are left out.")
    on_failure: OnFailure = Field("warn", description="block rejects the image; warn only tells.")


class FrequencyLimit(_Model):
    """Rows whose masked value could be linked to the real one by how often it occurs."""

    share: float | None = Field(None, ge=0, le=1, description="Share of rows above which it fails; null for never.")
    most_values: int = Field(1_000, ge=2, description="Columns with more different values are left out.")
    on_failure: OnFailure = Field("warn", description="block rejects the image; warn only tells.")


class ReidentificationRules(_Model):
    """Whether rows may still be told apart by what masking leaves."""

    quasi_identifiers: tuple[QuasiIdentifiers, ...] = ()
    uniqueness: UniquenessLimit = Field(default_factory=UniquenessLimit)
    frequency: FrequencyLimit = Field(default_factory=FrequencyLimit)


class AcceptedFinding(_Model):
    """A finding somebody looked at and accepted for a while."""

    check: CheckName
    table: str = Field(description="schema.table as in masking.yaml, or the kind of a catalog object.")
    column: str = Field("*", description="Column or object name; * for any.")
    kind: str = Field("*", description="Kind of finding, as the report prints it; * for any.")
    reason: str = Field(min_length=10, description="Why this is no leak or no fault.")
    expires: date = Field(description="The last day it is accepted.")
    count: int | None = Field(None, ge=1, description="Rows, values or objects that it accepts at most; null for any.")

    def matches(self, check: str, table: str, column: str, kind: str) -> bool:
        """Whether it is about a finding, whatever that one's count and the day."""
        return self.check == check and self.table == table and self.column in ("*", column) and self.kind in ("*", kind)

    def covers(self, check: str, table: str, column: str, kind: str, count: int, today: date) -> bool:
        """Whether it accepts a finding today."""
        few_enough = self.count is None or count <= self.count
        return self.matches(check, table, column, kind) and few_enough and today <= self.expires

    def __str__(self) -> str:
        return f"{self.table}.{self.column} ({self.kind})"


class ValidationRules(_Model):
    """Everything `rules/validation.yaml` may say."""

    version: Literal[1] = 1
    drift: DriftLimits = Field(default_factory=DriftLimits)
    change_rate: _Share = Field(
        0.98,
        description="Share of values that must change in every masked column whose masks are never the value. Others "
        "must change as often as their transformers say, or so often if that is less.",
    )
    reidentification: ReidentificationRules = Field(default_factory=ReidentificationRules)
    accepted: tuple[AcceptedFinding, ...] = ()

    @property
    def own_change_rate(self) -> float | None:
        """The change rate that the file gives; None where it leaves it to the transformers."""
        return self.change_rate if "change_rate" in self.model_fields_set else None


def digests(rules_dir: Path, suites: Iterable[Path]) -> dict[str, Any]:
    """SHA-256 of the files that judge an image: `{"validation.yaml": ..., "expectations": {name: ...}}`, null for none.

    Args:
        rules_dir: The rules folder.
        suites: Files of users' expectations.
    """
    file = rules_dir / FILE
    return {
        FILE: _digest(file) if file.exists() else None,
        "expectations": {suite.name: _digest(suite) for suite in suites},
    }


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@dataclass(frozen=True)
class RulesReading:
    """What a file says, apart from its mistakes.

    Attributes:
        rules: The rules of its readable rest.
        problems: The mistakes, each with its place.
        accepted: Where each of the accepted findings stands.
        quasi_identifiers: Where each of the sets of columns stands.
    """

    rules: ValidationRules
    problems: tuple[RuleProblem, ...] = ()
    accepted: tuple[Mark, ...] = ()
    quasi_identifiers: tuple[Mark, ...] = ()


def load_validation_rules(path: Path) -> ValidationRules:
    """Reads the file, or returns the defaults where there is none.

    Raises:
        RulesError: It does not parse or says something unknown; names each mistake with line and column.
    """
    reading = read_validation_rules(path)
    if reading.problems:
        raise RulesError(reading.problems)
    return reading.rules


def read_validation_rules(path: Path) -> RulesReading:
    """Reads the file with all its mistakes; nothing is wrong where there is none.

    What a mistake is in is left out: one accepted finding or set of columns, else the whole key of the file.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return RulesReading(ValidationRules())
    except OSError as error:
        return RulesReading(ValidationRules(), (RuleProblem(str(path), 1, 1, f"cannot be read ({error.strerror})"),))
    except UnicodeDecodeError:
        return RulesReading(ValidationRules(), (RuleProblem(str(path), 1, 1, "the file is not UTF-8"),))
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return RulesReading(ValidationRules())
    problems: list[RuleProblem] = []
    try:
        root = read_yaml(text, str(path), problems)
    except RulesError as error:
        return RulesReading(ValidationRules(), tuple(error.problems))
    if not root.is_mapping:
        return RulesReading(ValidationRules(), (RuleProblem.at(root.mark, "must be a mapping"),))
    try:
        rules = ValidationRules.model_validate(root.value)
    except ValidationError as error:
        mistakes = error.errors(include_input=False, include_url=False)
        problems += [_problem(found["loc"], found["type"], found["msg"], root) for found in mistakes]
        root = _without(root, [found["loc"] for found in mistakes])
        rules = ValidationRules.model_validate(root.value)
    listed = root.children.get("reidentification")
    return RulesReading(
        rules,
        tuple(sorted(set(problems))),
        _marks(root.children.get("accepted")),
        _marks(None if listed is None else listed.children.get("quasi_identifiers")),
    )


def _marks(entries: YamlNode | None) -> tuple[Mark, ...]:
    return () if entries is None else tuple(each.mark for each in entries.children.values())


def _problem(location: tuple[str | int, ...], kind: str, message: str, root: YamlNode) -> RuleProblem:
    """A pydantic error in words of the file, at the deepest place it has."""
    node, mark = root, root.mark
    for part in location:
        if part not in node.children:
            break
        mark = node.key_marks.get(str(part), mark) if kind == "extra_forbidden" else node.children[part].mark
        node = node.children[part]
    place = ".".join(str(part) for part in location)
    if kind == "extra_forbidden":
        message = f"unknown key{did_you_mean(str(location[-1]), _KEYS)}"
    return RuleProblem.at(mark, f"{place}: {message.removeprefix('Value error, ')}")


def _without(root: YamlNode, locations: Iterable[tuple[str | int, ...]]) -> YamlNode:
    """A document without what mistakes are in."""
    dropped = {_whole(location) for location in locations}
    return _kept(root, (), dropped)


def _whole(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    listed = next((at for at, part in enumerate(location) if isinstance(part, int)), None)
    return location[: 1 if listed is None else listed + 1]


def _kept(node: YamlNode, at: tuple[str | int, ...], dropped: set[tuple[str | int, ...]]) -> YamlNode:
    children = {
        part: _kept(child, (*at, part), dropped) for part, child in node.children.items() if (*at, part) not in dropped
    }
    if node.is_mapping:
        return replace(node, value={part: child.value for part, child in children.items()}, children=children)
    if node.is_list:
        return replace(node, value=[child.value for child in children.values()], children=children)
    return node
