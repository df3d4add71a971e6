"""The report as Markdown, for a repository or a ticket."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from testdata_assets.golden.compliance.duties import WORDS, count, frameworks, identifiers, limits
from testdata_assets.golden.compliance.facts import Facts, by_table

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")
_SHOWN = 12


def render(facts: Facts) -> str:
    """The whole report. Everything that comes from a database or from rules is escaped."""
    parts = [
        f"# Compliance report: golden image {_text(facts.golden_id)}",
        verdict(facts),
        f"Written {facts.made_at:%Y-%m-%d %H:%M} UTC from what was recorded with the image. No value of production or "
        "of the image is in this report.",
        _table(("", ""), facts.identity),
        "## Personal data by category and the rules that treat it",
        _table(
            ("category", "masked", "kept", "by", "where"),
            (
                (
                    each.category.title,
                    len(each.masked),
                    len(each.kept) or "",
                    ", ".join(each.transformers),
                    some([column.name for column in [*each.masked, *each.kept]]),
                )
                for each in facts.categories
            ),
        ),
        "## Evidence",
        _table(
            ("check", "result", "summary", "figures"),
            (
                (
                    check.name,
                    result(check.passed, check.severity),
                    check.summary,
                    "; ".join(f"{name}: {value}" for name, value in check.figures),
                )
                for check in facts.checks
            ),
        ),
    ]
    findings = [(check.name, finding) for check in facts.checks for finding in check.findings]
    if findings:
        parts += ["### Findings on record", _table(("check", "finding"), findings)]
    parts += ["## Duties"]
    for framework in frameworks(facts):
        parts += [
            f"### {_text(framework.name)}",
            _text(framework.scope) + ".",
            _table(
                ("reference", "duty", "state", "what this image shows"),
                ((each.reference, each.duty, WORDS[each.state], each.evidence) for each in framework.duties),
            ),
        ]
    parts += [
        "### HIPAA: the 18 identifiers",
        _table(
            ("", "identifier", "in this image", "where"),
            (
                (each.number, each.title, each.note, some([c.name for c in [*each.masked, *each.kept]]))
                for each in identifiers(facts)
            ),
        ),
        "## What this report does not show",
        "\n".join(f"- {_text(each)}" for each in limits(facts)),
        "## Every column",
    ]
    for mode, words in (("truncate", "Tables left empty"), ("synthesize", "Tables with fabricated rows")):
        if facts.tables_of(mode):
            parts.append(f"{words}: {_text(', '.join(facts.tables_of(mode)))}.")
    for table, columns in by_table(facts.columns).items():
        parts += [
            f"### {_text(table)}",
            _table(
                ("column", "type", "treatment", "category", "domain"),
                (
                    (
                        c.column,
                        c.type,
                        c.treatment + (f" ({c.reason})" if c.reason else ""),
                        c.pii or "",
                        c.domain or "",
                    )
                    for c in columns
                ),
            ),
        ]
    return "\n\n".join(parts) + "\n"


def verdict(facts: Facts) -> str:
    """One sentence on top: does this image count as proven?"""
    if facts.signed_by is None:
        return f"**Not evidence.** {_text(facts.refusal or 'The image has no attestation')}; it is {facts.status}."
    if facts.verification is not None and not facts.verification.get("passed"):
        return "**Not evidence any more.** The last verification found that the database is not what was attested."
    masked = count(len(facts.masked), "column")
    return (
        f"**Attested.** {masked} of {len(facts.columns)} masked, {sum(c.passed for c in facts.checks)} of "
        f"{len(facts.checks)} checks passed, {facts.rows:,} rows, signed by key {facts.signed_by}."
    )


def result(passed: bool, severity: str) -> str:
    """A check's outcome in one word."""
    return "passed" if passed else "warning" if severity == "warning" else "FAILED"


def some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_text(str(cell)) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _text(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
