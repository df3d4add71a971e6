"""From what was measured to verdicts: one Great Expectations suite and one result for each check.

Every suite also expects its frame to have as many rows as things were measured, so that a search that saw
nothing cannot pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from testdata_assets.validation.expectations import Expected, Suite, SuiteResult
from testdata_assets.validation.report import SHOWN_FINDINGS, CheckResult, Finding, Sifted, sift
from testdata_assets.validation.rules import CheckName, ValidationRules

_SHOWN_STALE = 3


@dataclass(frozen=True)
class Row:
    """One thing that was looked at: a column, a table, a foreign key, an aspect of the schema.

    Attributes:
        cells: Names and figures, as the check's expectations name them.
        findings: What is wrong with it.
    """

    cells: dict[str, Any]
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class Measured:
    """What one check found, before any verdict.

    Attributes:
        name: Of the check.
        rows: One entry for each thing that was to be looked at.
        summary: Sentence for a check that passed.
        seconds: Time spent measuring.
        details: Further figures for the report.
    """

    name: CheckName
    rows: list[Row]
    summary: str
    seconds: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        """All of them; what two rows found alike counts once."""
        return list(dict.fromkeys(finding for row in self.rows for finding in row.findings))


# For each check: columns of its frame with their types, beside `open_findings`.
_COLUMNS: dict[CheckName, dict[str, str]] = {
    "no_production_values": {"table": "str", "column": "str", "values": "int64"},
    "no_pii_patterns": {"table": "str", "column": "str", "values": "int64"},
    "distribution_drift": {
        "table": "str",
        "column": "str",
        "measure": "str",
        "value": "float64",
        "limit": "float64",
        "exact": "bool",
    },
    "referential_integrity": {"table": "str", "constraint": "str", "orphans": "int64", "state": "str"},
    "row_counts": {"table": "str", "source_rows": "int64", "image_rows": "int64"},
    "schema_matches": {"aspect": "str", "source": "int64", "image": "int64"},
}

# What the figures themselves must show, beside having no open finding.
_FIGURES: dict[CheckName, tuple[Expected, ...]] = {
    "no_production_values": (),
    "no_pii_patterns": (),
    "distribution_drift": (
        Expected(
            "within limits",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "limit", "column_B": "value", "or_equal": True},
            "No distribution moved further than its limit.",
        ),
    ),
    "referential_integrity": (
        Expected(
            "no orphans",
            "ExpectColumnValuesToBeInSet",
            {"column": "orphans", "value_set": [0]},
            "Every foreign key points to a row.",
        ),
        Expected(
            "validated as in the source",
            "ExpectColumnValuesToBeInSet",
            {"column": "state", "value_set": ["as in the source"]},
            "Every foreign key is there and validated as in the source.",
        ),
    ),
    "row_counts": (
        Expected(
            "same rows",
            "ExpectColumnPairValuesToBeEqual",
            {"column_A": "source_rows", "column_B": "image_rows"},
            "Every table has as many rows as in the snapshot; emptied tables none.",
        ),
    ),
    "schema_matches": (),
}


def suite_of(measured: Measured, sifted: Sifted, rules: ValidationRules) -> Suite:
    """The suite of one check, from rules/validation.yaml. Rows whose findings were all accepted are left out of it."""
    columns = {**_COLUMNS[measured.name], "open_findings": "int64"}
    still_open = set(sifted.open)
    cells: list[dict[str, Any]] = []
    for row in measured.rows:
        count = sum(1 for finding in row.findings if finding in still_open)
        if count or not row.findings:
            cells.append({**row.cells, "open_findings": count})
    frame = pd.DataFrame([{name: row[name] for name in columns} for row in cells], columns=list(columns))
    accepted = sum(1 for row in measured.rows if row.findings and not still_open.intersection(row.findings))
    everything = Expected(
        "everything measured",
        "ExpectTableRowCountToEqual",
        {"value": len(measured.rows) - accepted},
        "Everything that was to be measured was measured.",
    )
    nothing_open = Expected(
        "nothing found",
        "ExpectColumnValuesToBeInSet",
        {"column": "open_findings", "value_set": [0]},
        _what_counts(measured.name, rules),
    )
    expectations = (
        (everything, nothing_open, *_FIGURES[measured.name], *_limits(frame, rules)) if cells else (everything,)
    )
    return Suite(measured.name, frame.astype(columns), expectations)


def _what_counts(check: CheckName, rules: ValidationRules) -> str:
    accepted = sum(1 for entry in rules.accepted if entry.check == check)
    told = [f"Nothing was found that nobody accepted in rules/validation.yaml, which accepts {accepted} findings here."]
    if check == "no_production_values":
        told.append(
            f"Of columns whose masks are never the value, {rules.change_rate:.1%} of the values must have changed."
        )
    if check == "no_pii_patterns":
        sets = rules.reidentification.quasi_identifiers
        told.append(f"{len(sets)} sets of quasi-identifiers are looked at.")
    return " ".join(told)


def _limits(frame: pd.DataFrame, rules: ValidationRules) -> list[Expected]:
    """That each measure of drift was held to the limit that the rules give it, or to more where few rows make noise.

    Columns that are dealt out or drawn are held to less, and left out here.
    """
    if "measure" not in frame:
        return []
    limits = {name.replace("_", "-"): least for name, least in rules.drift.model_dump(exclude={"previous"}).items()}
    return [
        Expected(
            f"limit of {measure}",
            "ExpectColumnValuesToBeBetween",
            {
                "column": "limit",
                "min_value": limits[measure],
                "row_condition": f'measure == "{measure}" and exact == False',
                "condition_parser": "pandas",
            },
            f"{measure} may move by {limits[measure]:g}, says drift in rules/validation.yaml; of few rows by more.",
        )
        for measure in sorted(limits.keys() & set(frame["measure"][~frame["exact"].astype(bool)]))
    ]


def sift_findings(measured: Measured, rules: ValidationRules, today: date) -> Sifted:
    return sift(measured.name, measured.findings, rules, today)


def verdict(measured: Measured, sifted: Sifted, result: SuiteResult) -> CheckResult:
    """The outcome of one check: its suite must succeed and no open finding remain."""
    passed = result.success and not sifted.open
    details: dict[str, Any] = {
        **measured.details,
        "measured": len(measured.rows),
        "findings": len(sifted.open),
        "accepted": [finding.as_json() for finding in sifted.accepted[:SHOWN_FINDINGS]],
        "expired_acceptances": [f"{entry} until {entry.expires.isoformat()}" for entry in sifted.expired],
        "stale_acceptances": [str(entry) for entry in sifted.stale],
        "expectations": result.as_json(),
    }
    return CheckResult(
        name=measured.name,
        passed=passed,
        summary=(measured.summary if passed else _failure(sifted.open, result)) + _warning(sifted),
        details=details,
        findings=sifted.open,
        seconds=measured.seconds,
    )


def _warning(sifted: Sifted) -> str:
    """That rules/validation.yaml accepts what is not there: it would hide the same fault when it comes back."""
    if not sifted.stale:
        return ""
    shown = ", ".join(str(entry) for entry in sifted.stale[:_SHOWN_STALE])
    return f". Warning: {len(sifted.stale)} accepted findings are not there any more ({shown})"


def _failure(findings: Sequence[Finding], result: SuiteResult) -> str:
    if not findings:
        failed = [outcome.id for outcome in result.outcomes.values() if not outcome.success]
        return f"Not met: {', '.join(failed) or 'the suite did not run'}"
    shown = "; ".join(str(finding) for finding in findings[:3])
    return shown + (f"; and {len(findings) - 3} more" if len(findings) > 3 else "")
