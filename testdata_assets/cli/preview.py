"""`testdata preview`: before and after of a few rows, in the terminal, as JSON and as an HTML page."""

from __future__ import annotations

import os
import secrets
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from testdata_assets.cli import output
from testdata_assets.errors import EnvironmentLack, UsageFault
from testdata_assets.keys import load_key
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import load_settings

if TYPE_CHECKING:
    from testdata_assets.masking.preview import Preview, PreviewColumn, PreviewTable

_WIDTH = 120  # where the output is no terminal
_MOST_ROWS = 100
_STYLES = {"masked": "green", "nulled": "yellow", "kept": "dim", "null": "dim"}
_KEPT_SHAPES = 3
_NARROW = 60


def register(app: typer.Typer) -> None:
    """Adds the command to the main app."""
    app.command("preview")(preview)


def preview(
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TABLE]...", help="schema.table; without any, all tables with masked columns."),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, max=_MOST_ROWS, help="Rows of each table.")] = 5,
    reveal: Annotated[
        bool,
        typer.Option("--reveal", help="Show raw values instead of their shapes. They are real: mind who looks on."),
    ] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page instead of a table here.")] = None,
    json_wanted: output.JsonFlag = False,
) -> None:
    """Masks a few rows of the source as a refresh would and shows them beside the shapes of the raw ones.

    Nothing is written anywhere but to FILE. Without --reveal no production value is shown: values that stay as they
    are, be it kept columns or kept parts of documents, are shapes too, so that a preview may go into a ticket.
    """
    if html is not None and json_wanted:
        raise UsageFault(
            "--html and --json go to different readers", where="testdata preview", remedy="Leave one of them out."
        )
    found = _preview(tables or [], rows, reveal)
    output.answer(found.as_json(), json_wanted=json_wanted)
    if json_wanted:
        return
    if html is not None:
        from testdata_assets.cli.preview_page import render

        _write(html, render(found), secret=reveal)
        output.say(f"{html} shows {len(found.tables)} table{'' if len(found.tables) == 1 else 's'}.")
        if reveal:
            output.say("It holds real production values; only you may read it (mode 0600). Delete it after use.")
        return
    show(found)


def _preview(tables: list[str], rows: int, reveal: bool) -> Preview:
    from testdata_assets.masking.keyring import KeyRing
    from testdata_assets.masking.plan import compile_plan
    from testdata_assets.masking.preview import preview as masked_rows
    from testdata_assets.masking.rules import load_rules
    from testdata_assets.production.source import ensure_sample, open_source

    settings = load_settings()
    key = load_key(settings, "masking")
    rules = load_rules(settings.rules_dir)
    places = open_places(settings)
    ensure_sample(places)
    with open_source(places.source) as source:
        plan = compile_plan(rules, source.catalog, key)
        return masked_rows(source, plan, KeyRing.load(settings, plan.held), tables=tables, rows=rows, reveal=reveal)


def _write(file: Path, page: str, *, secret: bool) -> None:
    """Writes the page whole or not at all; one that holds raw values is for its owner only, from its first byte on."""
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
                handle.write(page)
            temporary.replace(file)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise EnvironmentLack(
            f"The page cannot be written ({error.strerror})",
            where=str(file),
            remedy="Name a file in a folder that is there and that you may write to.",
            code="page-unwritable",
        ) from None


def show(found: Preview) -> None:
    """The preview as tables for a human."""
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    for table in found.tables:
        console.print(_title(table))
        if table.rows:
            console.print(_table(table, console.width))
        else:
            console.print(Text(f"  {empty_words(table)}", style="dim"))
        console.print()
    if found.revealed:
        console.print(Text("The column `before` holds real production values.", style="bold red"))
    else:
        console.print(
            Text("Raw values, and whatever stays as it was, are shown as shapes (--reveal shows them).", style="dim")
        )


def empty_words(table: PreviewTable) -> str:
    """Why a table has no rows to show."""
    if table.mode == "truncate":
        return "The image has this table without rows."
    if table.mode == "synthesize":
        return "Its rows are fabricated; none comes from production."
    return "It has no rows, or the rules leave them out."


def counts(table: PreviewTable) -> str:
    """`5 of about 2,000 rows; 12 columns masked, 1 emptied, 9 kept`."""
    words = {"masked": "masked", "nulled": "emptied", "kept": "kept"}
    numbers = {status: sum(column.status == status for column in table.columns) for status in words}
    parts = [f"{number} {words[status]}" for status, number in numbers.items() if number]
    of = f" of about {table.estimated_rows:,}" if table.estimated_rows > len(table.rows) else ""
    columns = f"; columns: {', '.join(parts)}" if parts else ""
    return f"{len(table.rows)}{of} row{'s' if len(table.rows) != 1 or of else ''}{columns}"


def _title(table: PreviewTable) -> Text:
    return Text.assemble((table.table, "bold"), ("  " + counts(table), "dim"))


def _table(table: PreviewTable, width: int) -> Table:
    """One block of lines for each masked column, its sample rows in the same order everywhere; kept ones at the end."""
    shown = Table(header_style="bold", expand=True, show_lines=False, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    shown.add_column("column", width=24 if width > _NARROW else 14, no_wrap=True, overflow="ellipsis")
    shown.add_column("before", ratio=1, no_wrap=True, overflow="ellipsis")
    shown.add_column("after", ratio=1, no_wrap=True, overflow="ellipsis")
    kept = []
    for place, column in enumerate(table.columns):
        cells = [row[place] for row in table.rows]
        if column.status == "kept":
            kept.append((column, cells))
            continue
        labels = _labels(column)
        for line in range(max(len(cells), len(labels))):
            cell = cells[line] if line < len(cells) else None
            shown.add_row(
                labels[line] if line < len(labels) else "",
                _value(cell.before, "dim") if cell else "",
                _value(cell.after, _STYLES[cell.status]) if cell else "",
                end_section=line == max(len(cells), len(labels)) - 1,
            )
        shown.add_row("", "", "")
    for column, cells in kept:
        shapes = dict.fromkeys(cell.before for cell in cells)
        before = Text("  ").join(_value(each, "dim") for each in list(shapes)[:_KEPT_SHAPES])
        shown.add_row(Text(column.name), before, Text("kept as it is", style="dim"))
    return shown


def _labels(column: PreviewColumn) -> list[Text]:
    labels = [Text(column.name, style="bold"), Text(f"  {column.transformer}", style="cyan")]
    if column.domain:
        labels.append(Text(f"  in {column.domain}", style="dim"))
    if column.pii and column.pii != column.transformer:
        labels.append(Text(f"  {column.pii}", style="magenta"))
    return labels


def _value(value: str | None, style: str) -> Text:
    if value is None:
        return Text("NULL", style="italic dim")
    return Text("''", style="dim") if value == "" else Text(_one_line(value), style=style)


def _one_line(value: str) -> str:
    """Line breaks and control characters as signs, so that a value cannot steer the terminal."""
    signs = {"\n": "⏎", "\t": "⇥", "\r": "␍"}
    return "".join(signs.get(each, each if _is_shown(each) else "�") for each in value)


def _is_shown(char: str) -> bool:
    """Printable ones, and blanks of all widths, such as those of Japanese names."""
    return char.isprintable() or unicodedata.category(char) == "Zs"
