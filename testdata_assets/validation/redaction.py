"""Names of objects that are leaks themselves: nothing that validation says may repeat them.

A finding tells such an object by its place (`column 3 of public.more`). The same name stands in many other figures, of
tables counted and columns compared; there its place stands instead of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from testdata_assets.validation.catalog_texts import ObjectName
from testdata_assets.validation.report import CheckResult, Finding, ValidationReport


def places_of(found: Mapping[int, ObjectName]) -> dict[int, str]:
    """What each of some objects is told as; where one is in another, that one's name does not come back either."""
    hidden: dict[str, str] = {}
    told: dict[int, str] = {}
    for row, each in sorted(found.items(), key=lambda item: (item[1].depth, item[0])):
        told[row] = redacted(each.told_as, hidden)
        hidden.setdefault(each.name, f"[{told[row]}]")
    return told


def still_hidden(names: Iterable[tuple[str, str]], findings: Iterable[Finding]) -> dict[str, str]:
    """What stands instead of each name that an open finding is about: one that somebody accepted is no secret.

    Args:
        names: Names found with the places by which their findings tell them.
        findings: All open ones.
    """
    told = {each.column_or_object for each in findings if each.table.endswith("_name")}
    hidden: dict[str, str] = {}
    for name, place in names:
        if place in told:
            hidden.setdefault(name, f"[{place}]")
    return hidden


def redacted(text: str, hidden: Mapping[str, str]) -> str:
    """A text with places instead of hidden names, as they are or as SQL quotes them; names that hold others first."""
    for name in sorted(hidden, key=len, reverse=True):
        if name not in text and name.replace('"', '""') not in text:
            continue
        quoted = re.escape(name.replace('"', '""'))
        for pattern in (f'"{quoted}"', rf"(?<![^\W_]){re.escape(name)}(?![^\W_])"):
            text = re.sub(pattern, lambda _, name=name: hidden[name], text)  # type: ignore[misc]
    return text


def everywhere(value: Any, hidden: Mapping[str, str]) -> Any:
    """The same for all texts inside JSON data, keys among them."""
    if isinstance(value, str):
        return redacted(value, hidden)
    if isinstance(value, Mapping):
        return {everywhere(key, hidden): everywhere(entry, hidden) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(everywhere(entry, hidden) for entry in value)
    return value


def without_names(report: ValidationReport, hidden: Mapping[str, str]) -> ValidationReport:
    """A report that repeats none of them. Pictures, in which names are drawn, are left out."""
    if not hidden:
        return report
    return replace(
        report,
        checks=tuple(_check(check, hidden) for check in report.checks),
        drift_table=everywhere(report.drift_table, hidden),
        drift_since=None if report.drift_since is None else everywhere(report.drift_since, hidden),
        stored_profile=everywhere(report.stored_profile, hidden),
        pictures={},
    )


def _check(check: CheckResult, hidden: Mapping[str, str]) -> CheckResult:
    return replace(
        check,
        summary=redacted(check.summary, hidden),
        details=everywhere(check.details, hidden),
        findings=tuple(_finding(each, hidden) for each in check.findings),
    )


def _finding(finding: Finding, hidden: Mapping[str, str]) -> Finding:
    return replace(
        finding,
        table=redacted(finding.table, hidden),
        column_or_object=redacted(finding.column_or_object, hidden),
        kind=redacted(finding.kind, hidden),
    )
