"""Frames as COPY text: tab-separated lines, `\\N` for null, backslash escapes, in blocks of bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator

import polars as pl

ROWS_PER_BLOCK = 50_000
# The backslash goes first: the others bring new ones.
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


def copy_blocks(frame: pl.DataFrame) -> Iterator[bytes]:
    """Writes a frame as COPY text.

    Args:
        frame: Strings, numbers, booleans, dates and UTC datetimes. Floats are written with two decimals
            (they are money); datetimes with `+00`, which a timestamp without zone ignores.

    Yields:
        Blocks of whole lines, at most `ROWS_PER_BLOCK` each.
    """
    for start in range(0, frame.height, ROWS_PER_BLOCK):
        part = frame.slice(start, ROWS_PER_BLOCK)
        buffer = io.BytesIO()
        part.with_columns(_escaped(column) for column in part if column.dtype == pl.String).write_csv(
            buffer,
            include_header=False,
            separator="\t",
            quote_style="never",
            null_value="\\N",
            float_precision=2,
            datetime_format="%Y-%m-%d %H:%M:%S%.6f+00",
        )
        yield buffer.getvalue()


def _escaped(column: pl.Series) -> pl.Series:
    if not column.str.contains_any([character for character, _ in _ESCAPES]).any():
        return column
    for character, escape in _ESCAPES:
        column = column.str.replace_all(character, escape, literal=True)
    return column
