"""The report as one HTML file: no scripts, no requests to anywhere, light and dark, fit for printing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from testdata_assets.golden.compliance.duties import (
    HELPS,
    OPEN,
    SHOWN,
    WORDS,
    YOURS,
    Framework,
    Identifier,
    count,
    frameworks,
    identifiers,
    limits,
)
from testdata_assets.golden.compliance.facts import CategoryFact, CheckFact, ColumnFact, Facts, by_table
from testdata_assets.golden.compliance.markdown import result, some
from testdata_assets.golden.compliance.style import STYLE

_COLUMN_HEAD = ("Column", "Type", "Treatment", "Category", "Domain")
_LEGEND = {
    SHOWN: "the record at hand proves the part that is named",
    HELPS: "one of several things that the duty needs",
    OPEN: "the record does not show it, or speaks against it",
    YOURS: "lies outside of what a tool can show",
}


def render(facts: Facts) -> str:
    """The page. Everything that comes from a database or from rules is escaped."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Compliance report {escape(facts.golden_id)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<header class="top"><p class="kicker">Compliance report · masked test data</p><h1>{escape(facts.golden_id)}</h1>
<p class="meta">Written {facts.made_at:%Y-%m-%d %H:%M} UTC from what was recorded with the image. No value of production
or of the image is on this page.</p></header>
{_verdict(facts)}
{_tiles(facts)}
<nav>{_links(facts)}</nav>
{_section("image", "The image", _pairs(facts.identity))}
{_section("data", "Personal data and the rules that treat it", _categories(facts))}
{_section("evidence", "Evidence", _checks(facts.checks) + _verification(facts))}
<h2 class="part" id="duties">Duties for test environments</h2>
{_legend()}
{"".join(_framework(each) for each in frameworks(facts))}
{_section("identifiers", "HIPAA: the 18 identifiers", _identifiers(identifiers(facts)))}
{_section("limits", "What this report does not show", _limits(limits(facts)), "limits")}
{_section("inventory", "Every column", _inventory(facts))}
<footer class="meta">The attestation is an in-toto statement in a DSSE envelope (Ed25519): any tool that knows the
format checks it against rules/trusted_keys/. <code>testdata golden verify {escape(facts.golden_id)}</code>
compares every row with it.</footer>
</main>
</body>
</html>
"""


def _verdict(facts: Facts) -> str:
    if facts.signed_by is None:
        why = f"{facts.refusal or 'The image has no attestation'}. It is {facts.status}."
        return f'<p class="note bad"><b>Not evidence.</b> {escape(why)}</p>'
    if facts.verification is not None and not facts.verification.get("passed"):
        return (
            '<p class="note bad"><b>Not evidence any more.</b> The last verification found that the database is not '
            "what was attested.</p>"
        )
    return (
        f'<p class="note good"><b>Attested.</b> Every check that can stop a publication passed; the record below is '
        f"signed by the trusted key <code>{escape(facts.signed_by)}</code>.</p>"
    )


def _tiles(facts: Facts) -> str:
    passed = sum(check.passed for check in facts.checks)
    open_ = facts.tables_of("truncate") + facts.tables_of("synthesize")
    tiles = [
        (f"{len(facts.masked)}", f"of {count(len(facts.columns), 'column')} masked", _bar(facts)),
        (f"{len([e for e in facts.categories if e.masked])}", "categories of personal data treated", ""),
        (f"{passed}/{len(facts.checks)}", "checks passed", ""),
        (f"{facts.rows:,}", "rows in the image", ""),
        (f"{len(open_)}", "tables without production's rows", ""),
    ]
    return (
        '<div class="tiles">'
        + "".join(
            f'<div class="tile"><b>{figure}</b><span>{words}</span>{extra}</div>' for figure, words, extra in tiles
        )
        + "</div>"
    )


def _bar(facts: Facts) -> str:
    total = max(len(facts.columns), 1)
    emptied = sum(1 for column in facts.masked if column.transformer == "null")
    parts = [("m", len(facts.masked) - emptied), ("n", emptied), ("p", len(facts.kept_personal))]
    return (
        '<span class="bar" aria-hidden="true">'
        + "".join(f'<i class="{name}" style="width:{100 * size / total:.2f}%"></i>' for name, size in parts if size)
        + "</span>"
    )


def _links(facts: Facts) -> str:
    links = [("data", "Personal data"), ("evidence", "Evidence")]
    links += [(_anchor(each.name), each.name) for each in frameworks(facts)]
    links += [("identifiers", "18 identifiers"), ("limits", "What it does not show"), ("inventory", "Every column")]
    return "".join(f'<a href="#{anchor}">{escape(words)}</a>' for anchor, words in links)


def _section(anchor: str, title: str, body: str, kind: str = "") -> str:
    return f'<section id="{anchor}" class="{kind}"><h2>{escape(title)}</h2>{body}</section>'


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return (
        '<dl class="pairs">'
        + "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
        + "</dl>"
    )


def _table(head: Sequence[str], rows: Iterable[str], kind: str = "") -> str:
    cells = "".join(f'<th scope="col">{escape(each)}</th>' for each in head)
    return (
        f'<div class="frame"><table class="{kind}"><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _categories(facts: Facts) -> str:
    if not facts.categories:
        return '<p class="plain">No rule calls a column personal, and none masks one.</p>'
    return _table(
        ("Category", "Masked", "Kept", "Treated by", "Where"), (_category(each) for each in facts.categories), "data"
    )


def _category(each: CategoryFact) -> str:
    badge = '<span class="badge special">sensitive</span>' if each.category.special else ""
    badge += '<span class="badge card">account data</span>' if each.category.card else ""
    chips = "".join(f'<span class="badge">{escape(name)}</span>' for name in each.transformers)
    kept = f'<b class="warn">{len(each.kept)}</b>' if each.kept else "–"
    where = escape(some([column.name for column in each.masked]))
    if each.kept:
        where += f'<br><span class="warn">kept: {escape(some([column.name for column in each.kept]))}</span>'
    return (
        f'<tr><th scope="row">{escape(each.category.title)} {badge}</th><td class="figure">{len(each.masked)}</td>'
        f'<td class="figure">{kept}</td><td>{chips}</td><td class="names">{where}</td></tr>'
    )


def _checks(checks: Iterable[CheckFact]) -> str:
    rows = []
    for check in checks:
        word = result(check.passed, check.severity)
        kind = {"passed": SHOWN, "warning": HELPS, "FAILED": OPEN}[word]
        figures = "".join(f"<span><b>{escape(value)}</b> {escape(name)}</span>" for name, value in check.figures)
        found = "".join(f"<li>{escape(finding)}</li>" for finding in check.findings)
        rows.append(
            f'<tr><th scope="row"><code>{escape(check.name)}</code></th>'
            f'<td><span class="state {kind}">{word}</span></td>'
            f'<td>{escape(check.summary)}<div class="figures">{figures}</div>'
            + (f'<ul class="found">{found}</ul>' if found else "")
            + "</td></tr>"
        )
    return _table(("Check", "Result", "What was measured"), rows, "checks")


def _verification(facts: Facts) -> str:
    if facts.verification is None:
        return (
            '<p class="plain">Every row was read and its digest signed at publication. It has not been compared since '
            "(testdata golden verify, or the daily job).</p>"
        )
    word = "as attested" if facts.verification.get("passed") else "NOT as attested"
    return (
        f'<p class="plain">Last comparison of every row with the attestation: <b>{word}</b>, '
        f"{escape(str(facts.verification.get('verified_at')))}.</p>"
    )


def _legend() -> str:
    return (
        '<p class="legend">'
        + "".join(
            f'<span><span class="state {state}">{escape(WORDS[state])}</span> {escape(words)}</span>'
            for state, words in _LEGEND.items()
        )
        + "</p>"
    )


def _framework(framework: Framework) -> str:
    rows = (
        f'<tr><th scope="row">{escape(each.reference)}</th><td>{escape(each.duty)}</td>'
        f'<td><span class="state {each.state}">{escape(WORDS[each.state])}</span></td>'
        f"<td>{escape(each.evidence)}</td></tr>"
        for each in framework.duties
    )
    body = f'<p class="scope">{escape(framework.scope)}</p>' + _table(
        ("Reference", "Duty, in our words", "State", "What this image shows"), rows, "duties"
    )
    return _section(_anchor(framework.name), framework.name, body)


def _identifiers(found: Iterable[Identifier]) -> str:
    rows = (
        f'<tr><td class="figure">{each.number}</td><th scope="row">{escape(each.title)}</th>'
        f'<td><span class="state {each.state}">{escape(_IDENTIFIER_WORDS[each.state])}</span></td>'
        f'<td>{escape(each.note)}<div class="names">{escape(_where(each))}</div></td></tr>'
        for each in found
    )
    return _table(("", "Identifier", "State", "In this image"), rows, "identifiers")


_IDENTIFIER_WORDS = {SHOWN: "masked", OPEN: "partly kept", YOURS: "none classified"}


def _where(each: Identifier) -> str:
    return some([column.name for column in [*each.masked, *each.kept]])


def _limits(found: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in found) + "</ul>"


def _inventory(facts: Facts) -> str:
    parts = []
    for mode, words in (("truncate", "Left empty"), ("synthesize", "Filled with fabricated rows")):
        tables = facts.tables_of(mode)
        if tables:
            parts.append(f'<p class="plain">{words}: {escape(", ".join(tables))}.</p>')
    for table, columns in by_table(facts.columns).items():
        masked = sum(1 for column in columns if column.masked)
        parts.append(
            f"<details><summary><b>{escape(table)}</b><span>{masked} of {count(len(columns), 'column')} masked</span>"
            "</summary>"
            + _table(
                ("Column", "Type", "Treatment", "Category", "Domain"), (_column(each) for each in columns), "columns"
            )
            + "</details>"
        )
    return "".join(parts)


def _column(column: ColumnFact) -> str:
    kind = "nulled" if column.transformer == "null" else "masked" if column.masked else "kept"
    inherited = f"<small>by {escape(column.inherited_from)}</small>" if column.inherited_from else ""
    inherited += f" <small>because: {escape(column.reason)}</small>" if column.reason else ""
    return (
        f'<tr class="{kind}"><th scope="row">{escape(column.column)}</th><td>{escape(column.type)}</td>'
        f'<td><span class="how">{escape(column.treatment)}</span> {inherited}</td><td>{escape(column.pii or "")}</td>'
        f"<td>{escape(column.domain or '')}</td></tr>"
    )


def _anchor(name: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in name.lower())
