"""What validation says of an image: findings, one result a check, the whole report. Never a raw value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.profile import TableProfile
from testdata_assets.validation.rules import AcceptedFinding, CheckName, ValidationRules

Severity = Literal["error", "warning"]
SHOWN_FINDINGS = 100
SHOWN_KEYS = 5


@dataclass(frozen=True)
class Finding:
    """Something found, told without its value.

    Attributes:
        table: `schema.table`, or the kind of a catalog object (`comment`, `enum_label`, ...).
        column_or_object: Column, object or constraint.
        kind: What it is: `production value`, `email`, `orphaned rows`, ...
        count: Rows, values or objects concerned.
        keys: Masked primary keys of a few such rows; `ctid (0,5)` where the key may not be shown.
    """

    table: str
    column_or_object: str
    kind: str
    count: int
    keys: tuple[str, ...] = field(default=(), compare=False)

    def as_json(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "column": self.column_or_object,
            "kind": self.kind,
            "count": int(self.count),
            **({"keys": list(self.keys[:SHOWN_KEYS])} if self.keys else {}),
        }

    def __str__(self) -> str:
        return f"{self.table}.{self.column_or_object}: {self.kind} ({self.count})"


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check. `details` holds JSON-safe values only."""

    name: CheckName
    passed: bool
    summary: str
    details: dict[str, Any]
    findings: tuple[Finding, ...] = ()
    severity: Severity = "error"
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The form of `testdata refresh --json` and of the registry."""
        return {
            "name": self.name,
            "passed": self.passed,
            "severity": self.severity,
            "summary": self.summary,
            "seconds": round(self.seconds, 3),
            "details": self.details,
            "findings": [finding.as_json() for finding in self.findings[:SHOWN_FINDINGS]],
        }


@dataclass(frozen=True)
class ValidationReport:
    """All checks of one image, in their fixed order.

    Attributes:
        drift_table: One row a measure, worst first: table, column, measure, value, limit, drifted.
        image_profiles: Profiles of the image's own tables, to be stored with it.
        data_docs: Path of Data Docs' first page, if they were written.
        seconds: Of the whole validation.
        pictures: Each draws a PNG when called, which takes a second, or gives None where there is nothing to draw:
            `worst_drift` before and after, `drift_map` of all tables' columns, `drift_trend` of the images before.
        drift_since: Like `drift_table`, against the image published before; None for the first.
        stored_profile: What the registry is to keep of the image's distributions.
    """

    checks: tuple[CheckResult, ...]
    drift_table: list[dict[str, Any]]
    image_profiles: Mapping[TableName, TableProfile]
    data_docs: str | None = None
    seconds: float = 0.0
    pictures: Mapping[str, Callable[[], bytes | None]] = field(default_factory=dict, repr=False)  # they hold profiles
    drift_since: list[dict[str, Any]] | None = None
    stored_profile: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the image may be published: no check of severity error failed."""
        return all(check.passed or check.severity != "error" for check in self.checks)

    def check(self, name: str) -> CheckResult:
        return next(check for check in self.checks if check.name == name)

    def as_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "seconds": round(self.seconds, 3),
            "data_docs": self.data_docs,
            "checks": [check.as_json() for check in self.checks],
        }


@dataclass(frozen=True)
class Sifted:
    """Findings parted by rules/validation.yaml.

    Attributes:
        open: They count.
        accepted: They do not.
        expired: Acceptances whose last day is over.
        stale: Others that are about no finding: what they accept is mended, or misspelt.
    """

    open: tuple[Finding, ...]
    accepted: tuple[Finding, ...]
    expired: tuple[AcceptedFinding, ...]
    stale: tuple[AcceptedFinding, ...] = ()


def sift(check: CheckName, findings: list[Finding], rules: ValidationRules, today: date) -> Sifted:
    """Parts findings into those that count and those somebody accepted and whose acceptance still holds."""

    def covered(finding: Finding, on: date) -> bool:
        return any(
            entry.covers(check, finding.table, finding.column_or_object, finding.kind, finding.count, on)
            for entry in rules.accepted
        )

    def needed(entry: AcceptedFinding) -> bool:
        return any(entry.matches(check, finding.table, finding.column_or_object, finding.kind) for finding in findings)

    return Sifted(
        open=tuple(finding for finding in findings if not covered(finding, today)),
        accepted=tuple(finding for finding in findings if covered(finding, today)),
        expired=tuple(entry for entry in rules.accepted if entry.check == check and entry.expires < today),
        stale=tuple(
            entry for entry in rules.accepted if entry.check == check and entry.expires >= today and not needed(entry)
        ),
    )
