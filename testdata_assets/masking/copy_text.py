"""Postgres COPY text format to and from polars: frames of strings, NULL as null, escapes undone only where masked.

COPY writes one line a row, columns apart by tabs, NULL as `\\N`, and backslash escapes for backslash, tab, newline,
carriage return, backspace, form feed and vertical tab. So a line never holds a raw newline, and unmasked columns can
go back byte for byte.
"""

from __future__ import annotations

import io

import polars as pl

# Escape letter to character. The backslash itself is handled apart, by way of NUL, which no Postgres text can hold.
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def decode(block: bytes, columns: list[str]) -> pl.DataFrame:
    """Reads whole COPY lines.

    Args:
        block: Lines, each ended by a newline.
        columns: One name for each column in the block, at least one.

    Returns:
        A frame of String columns, escapes still in place.
    """
    schema = dict.fromkeys(columns, pl.String())
    guarded = block.startswith(_BYTE_ORDER_MARK)  # read_csv would drop it; it is the first value's own
    if guarded:
        block = b"\t".join([b"-"] * len(columns)) + b"\n" + block
    if not block:
        return pl.DataFrame(schema=schema)
    frame = pl.read_csv(
        block,
        separator="\t",
        has_header=False,
        quote_char=None,
        null_values="\\N",
        empty_string_is_null=False,
        schema=schema,
        eol_char="\n",
    )
    return frame.slice(1) if guarded else frame


def encode(frame: pl.DataFrame) -> bytes:
    """Writes a frame of String columns whose values are escaped as COPY lines."""
    buffer = io.BytesIO()
    frame.write_csv(
        buffer,
        include_header=False,
        separator="\t",
        quote_style="never",
        null_value="\\N",
        line_terminator="\n",
    )
    return buffer.getvalue()


def unescape(values: pl.Series) -> pl.Series:
    """Undoes backslash escapes."""
    if not values.str.contains("\\", literal=True).any():
        return values
    expression = pl.col("v").str.replace_all("\\\\", "\0", literal=True)
    for letter, character in _ESCAPES.items():
        expression = expression.str.replace_all("\\" + letter, character, literal=True)
    expression = expression.str.replace_all("\0", "\\", literal=True)
    return values.to_frame("v").select(expression.alias(values.name)).to_series()


def escape(values: pl.Series) -> pl.Series:
    """Puts backslash escapes where COPY wants them."""
    if not values.str.contains(r"[\\\x08\x09\x0a\x0b\x0c\x0d]").any():
        return values
    expression = pl.col("v").str.replace_all("\\", "\\\\", literal=True)
    for letter, character in _ESCAPES.items():
        expression = expression.str.replace_all(character, "\\" + letter, literal=True)
    return values.to_frame("v").select(expression.alias(values.name)).to_series()
