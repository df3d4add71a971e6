"""`rules/validation.yaml`: limits of the drift check, what re-identification looks at, and accepted findings.

The file is optional; without it the defaults here hold. An acceptance has a reason and a last day; one that has
expired counts no more, and one that matches nothing is reported as stale.

What was in force when an image was judged goes into its attestation as digests, see `digests`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from testdata_assets.errors import UsageFault

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
_Share = Annotated[float, Field(gt=0, le=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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


def load_validation_rules(path: Path) -> ValidationRules:
    """Reads the file, or returns the defaults where there is none.

    Raises:
        UsageFault: It does not parse or says something unknown; names file and place.
    """
    if not path.exists():
        return ValidationRules()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return ValidationRules.model_validate({} if document is None else document)
    except UnicodeDecodeError:
        raise _fault(f"{path.name} is not UTF-8", str(path)) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise _fault(f"{path.name} is not valid YAML: {getattr(error, 'problem', 'unreadable')}", where) from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _fault(f"{path.name} is not valid at {place or 'the top'}: {first['msg']}", str(path)) from None


def _fault(what: str, where: str) -> UsageFault:
    return UsageFault(what, where=where, remedy="Correct the file; docs/how-to show what it may hold.", code="rules")
