"""How commands answer: one JSON document on stdout with `--json`, readable text without, errors in one style.

With `--json`, everything that anything prints to stdout is sent to stderr, so that the document stays alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from testdata_assets.errors import TestdataError

JsonFlag = Annotated[
    bool, typer.Option("--json", help="Print exactly one JSON document on stdout; everything else goes to stderr.")
]


def keep_stdout_clean(json_wanted: bool) -> AbstractContextManager[Any]:
    """While it is in force, with `--json`, only `answer` and `report_error` reach stdout."""
    return redirect_stdout(sys.stderr) if json_wanted else nullcontext()


def answer(document: Any, *, json_wanted: bool) -> None:
    """Prints the document if `--json` was given; otherwise the command prints text itself."""
    if json_wanted:
        _document_stream().write(json.dumps(document, default=_plain, ensure_ascii=False) + "\n")
        _document_stream().flush()


def report_error(error: TestdataError, *, json_wanted: bool) -> int:
    """Prints an error the way the reader wants it, every reason on a line of its own, and returns the exit status."""
    if json_wanted:
        answer(error.as_json(), json_wanted=True)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text.assemble(("error: ", "bold red"), error.what))
    for line in error.details:
        console.print(Text(line))
    console.print(Text(f"  where:  {error.where}"))
    console.print(Text(f"  remedy: {error.remedy}"))
    return error.exit_status


def say(text: str = "") -> None:
    """A line for a human on stdout (stderr with `--json`). The text is printed as it is, without markup."""
    print(text, flush=True)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table for a human on stdout (stderr with `--json`)."""
    table = Table(*columns, title=title, title_justify="left", header_style="bold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 160).print(table)


def _document_stream() -> TextIO:
    return _stdout if _stdout is not None else sys.__stdout__ or sys.stdout


_stdout: TextIO | None = None


def use_stdout(stream: TextIO) -> None:
    """Names the stream that documents go to: stdout as it was when the command began."""
    global _stdout
    _stdout = stream


def _plain(value: object) -> object:
    """What json cannot do itself: times as ISO 8601, paths and the rest as text; numpy scalars as numbers."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")
