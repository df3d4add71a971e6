"""The HTML page of `testdata preview`: one file without scripts or requests, light and dark, fit for printing.

A table is turned on its side: a line for each column with its rule, a sample row downwards, so that wide tables fit.
"""

from __future__ import annotations

from html import escape

from testdata_assets.cli.preview import counts, empty_words
from testdata_assets.masking.preview import Cell, Preview, PreviewColumn, PreviewTable

_STYLE = """
:root { color-scheme: light dark; --back: #f6f7f9; --card: #fff; --ink: #1c2430; --soft: #667085; --line: #e3e7ed;
  --head: #fafbfc; --masked: #0b6b45; --masked-back: #e7f6ee; --nulled: #8a5a00; --nulled-back: #fdf3dc;
  --kept: #7b8494; --accent: #1f5fbf; --accent-back: #e8f0fc; --pii: #8b2fa0; --pii-back: #f7eafa;
  --alarm: #9b1c1c; --alarm-back: #fdecec; --calm: #0b6b45; --calm-back: #e7f6ee; }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --card: #1a2028; --ink: #e4e9f0; --soft: #98a3b3;
  --line: #2b333f; --head: #1f262f; --masked: #6fdca8; --masked-back: #15352a; --nulled: #f0c265;
  --nulled-back: #3a2f15; --kept: #8791a0; --accent: #8db8f5; --accent-back: #1b2d47; --pii: #dd9aec;
  --pii-back: #38203e; --alarm: #ffb0b0; --alarm-back: #4a1d1d; --calm: #6fdca8; --calm-back: #15352a; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem clamp(1rem, 3vw, 3rem) 4rem; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
main { max-width: 1500px; margin: 0 auto; }
h1 { font-size: 1.55rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em; }
h2 { font-size: 1.05rem; margin: 0; }
.meta { color: var(--soft); margin: 0; font-size: .86rem; }
.note { border-radius: 8px; padding: .65rem .9rem; margin: 1.1rem 0; font-size: .92rem; background: var(--calm-back);
  color: var(--calm); }
.note.alarm { background: var(--alarm-back); color: var(--alarm); font-weight: 600; }
nav { display: flex; flex-wrap: wrap; gap: .35rem; margin: 0 0 1.6rem; }
nav a { color: var(--accent); background: var(--accent-back); text-decoration: none; border-radius: 99px;
  padding: .12rem .7rem; font-size: .85rem; }
nav a:hover { text-decoration: underline; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; margin: 0 0 1.5rem;
  overflow: hidden; }
section header { display: flex; flex-wrap: wrap; gap: .2rem 1rem; align-items: baseline; padding: .8rem 1.1rem;
  border-bottom: 1px solid var(--line); }
.frame { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; min-width: calc(17rem + var(--rows) * 11rem); }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); padding: .5rem .7rem;
  overflow-wrap: anywhere; }
tr:last-child > * { border-bottom: 0; }
tbody th { width: 17rem; font-weight: 400; background: var(--head); border-right: 1px solid var(--line);
  position: sticky; left: 0; padding-left: 1.1rem; }
.first { width: 17rem; }
.name { font-weight: 600; margin-right: .4rem; }
.type { color: var(--soft); font-size: .78rem; }
.badges { display: block; margin-top: .2rem; }
.badge { display: inline-block; border-radius: 5px; padding: .02rem .42rem; margin: .1rem .25rem .1rem 0;
  font-size: .75rem; background: var(--accent-back); color: var(--accent); }
.badge.domain { background: none; box-shadow: inset 0 0 0 1px var(--line); color: var(--soft); }
.badge.pii { background: var(--pii-back); color: var(--pii); }
.badge.kept { background: none; color: var(--kept); padding-left: 0; }
.badge.nulled { background: var(--nulled-back); color: var(--nulled); }
code { font: .8rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  white-space: pre-wrap; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 8; overflow: hidden; }
.before { color: var(--soft); margin-bottom: .3rem; }
.after { border-radius: 5px; padding: .14rem .38rem; margin-left: -.38rem; width: fit-content; max-width: 100%; }
.masked .after { background: var(--masked-back); color: var(--masked); }
.nulled .after { background: var(--nulled-back); color: var(--nulled); }
tr.kept th, tr.kept td { padding-top: .28rem; padding-bottom: .28rem; }
tr.kept .name { font-weight: 400; }
td.kept code, td.null code { color: var(--kept); }
.none { font-style: italic; opacity: .8; }
.empty { color: var(--soft); padding: .9rem 1.1rem; margin: 0; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: 0 0 1rem; font-size: .84rem; color: var(--soft); }
.legend b { font-weight: 600; }
.swatch { display: inline-block; width: .75rem; height: .75rem; border-radius: 3px; margin-right: .35rem;
  vertical-align: -1px; background: var(--line); }
.swatch.m { background: var(--masked); } .swatch.n { background: var(--nulled); } .swatch.k { background: var(--kept); }
@media print { body { padding: 0; background: #fff; font-size: 11px; } nav { display: none; }
  section { break-inside: auto; border-radius: 0; } tr { break-inside: avoid; } .frame { overflow: visible; }
  tbody th { position: static; width: 10rem; } table { min-width: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def render(found: Preview) -> str:
    """The page. Everything that comes from the database or the rules is escaped."""
    if found.revealed:
        note = (
            '<p class="note alarm">This page holds real production values. Do not pass it on; delete it after use.</p>'
        )
    else:
        note = (
            '<p class="note">No production value is on this page: raw values are shown as shapes, and so is whatever '
            "stays as it was: kept columns, kept parts of documents.</p>"
        )
    tables = f"{len(found.tables)} table{'' if len(found.tables) == 1 else 's'}"
    links = "".join(f'<a href="#t{place}">{escape(table.table)}</a>' for place, table in enumerate(found.tables))
    sections = "\n".join(_section(place, table) for place, table in enumerate(found.tables))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Masking preview</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Masking preview</h1>
<p class="meta">{tables} · key {escape(found.key_id)} · rules {escape(found.rules_digest[:12])}</p>
{note}
<p class="legend"><span><span class="swatch"></span>above: <b>before</b></span>
<span><span class="swatch m"></span>below: <b>masked</b></span><span><span class="swatch n"></span><b>emptied</b></span>
<span><span class="swatch k"></span><b>kept</b> as it is</span></p>
<nav>{links}</nav>
{sections}
</main>
</body>
</html>
"""


def _section(place: int, table: PreviewTable) -> str:
    if table.rows:
        lines = "\n".join(
            _line(column, [row[number] for row in table.rows]) for number, column in enumerate(table.columns)
        )
        widths = '<col class="first">' + "<col>" * len(table.rows)
        body = (
            f'<div class="frame"><table style="--rows: {len(table.rows)}"><colgroup>{widths}</colgroup>'
            f"<tbody>\n{lines}\n</tbody></table></div>"
        )
    else:
        body = f'<p class="empty">{escape(empty_words(table))}</p>'
    return (
        f'<section id="t{place}"><header><h2>{escape(table.table)}</h2>'
        f'<p class="meta">{escape(counts(table))}</p></header>\n{body}</section>'
    )


def _line(column: PreviewColumn, cells: list[Cell]) -> str:
    return (
        f'<tr class="{column.status}"><th scope="row"><span class="name">{escape(column.name)}</span>'
        f'<span class="type">{escape(column.type)}</span>{_badges(column)}</th>'
        + "".join(_cell(column, cell) for cell in cells)
        + "</tr>"
    )


def _badges(column: PreviewColumn) -> str:
    if column.status == "kept":
        return ""
    kind = " nulled" if column.status == "nulled" else ""
    badges = [f'<span class="badge{kind}">{escape(column.transformer)}</span>']
    if column.pii:
        category = "pii" if column.pii == column.transformer else f"pii: {column.pii}"
        badges.append(f'<span class="badge pii">{escape(category)}</span>')
    if column.domain:
        badges.append(f'<span class="badge domain">{escape(column.domain)}</span>')
    return f'<span class="badges">{"".join(badges)}</span>'


def _cell(column: PreviewColumn, cell: Cell) -> str:
    before = _value(cell.before, "before")
    if cell.status == "null" or cell.status == "kept":
        return f'<td class="{cell.status}">{before}</td>'
    return f'<td class="{cell.status}">{before}{_value(cell.after, "after")}</td>'


def _value(value: str | None, kind: str) -> str:
    if value is None:
        return f'<code class="{kind} none">NULL</code>'
    if value == "":
        return f"<code class=\"{kind} none\">''</code>"
    return f'<code class="{kind}">{escape(value)}</code>'
