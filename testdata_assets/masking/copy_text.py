"""Postgres COPY text format to and from polars: frames of strings, NULL as null, escapes undone only where masked.

COPY writes one line a row, columns apart by tabs, NULL as `\\N`, and backslash escapes for backslash, tab, newline,
carriage return, backspace, form feed and vertical tab. So a line never holds a raw newline, and unmasked columns can
go back byte for byte.
"""

from __future__ import annotations

import io
import re

import numpy as np
import polars as pl

from testdata_assets.production import bulky

# Escape letter to character. The backslash itself is handled apart, by way of NUL, which no Postgres text can hold.
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ESCAPED_BYTES = re.compile(rb"[\\\x08\x09\x0a\x0b\x0c\x0d]")


def decode(block: bytes, columns: list[str]) -> pl.DataFrame:
    """Reads whole COPY lines.

    Args:
        block: Lines, each ended by a newline.
        columns: One name for each column in the block, at least one.

    Returns:
        A frame of String columns, escapes still in place.
    """
    if len(block) > bulky.BULKY_BYTES and block.find(b"\n") == len(block) - 1:
        return _one_line(block, columns)
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


def _one_line(block: bytes, columns: list[str]) -> pl.DataFrame:
    """A single long line, its values being parts of the block itself."""
    line = memoryview(block)
    tabs = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\t"))
    starts, ends = np.append(0, tabs + 1), np.append(tabs, len(block) - 1)
    if len(starts) != len(columns):
        raise ValueError("a line has another number of fields")
    found: dict[str, pl.Series] = {}
    for name, start, end in zip(columns, starts.tolist(), ends.tolist(), strict=True):
        if end - start == 2 and block[start:end] == b"\\N":
            found[name] = pl.Series([None], dtype=pl.String)
        else:
            found[name] = bulky.one_value(line[start:end])
    return pl.DataFrame(found)


def encode(frame: pl.DataFrame) -> bytes:
    """Writes a frame of String columns whose values are escaped as COPY lines."""
    if frame.height == 1 and any(bulky.is_bulky(column) for column in frame.iter_columns()):
        values = [bulky.views(column)[0] for column in frame.iter_columns()]
        parts = [part for value in values for part in (b"\t", b"\\N" if value is None else value)][1:]
        return b"".join([*parts, b"\n"])
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
    if bulky.is_bulky(values):
        return bulky.mapped(values, _unescape_bytes) if bulky.holds(values, _has_backslash) else values
    if not values.str.contains("\\", literal=True).any():
        return values
    expression = pl.col("v").str.replace_all("\\\\", "\0", literal=True)
    for letter, character in _ESCAPES.items():
        expression = expression.str.replace_all("\\" + letter, character, literal=True)
    expression = expression.str.replace_all("\0", "\\", literal=True)
    return values.to_frame("v").select(expression.alias(values.name)).to_series()


def escape(values: pl.Series) -> pl.Series:
    """Puts backslash escapes where COPY wants them."""
    if bulky.is_bulky(values):
        return bulky.mapped(values, _escape_bytes) if bulky.holds(values, _wants_escapes) else values
    if not values.str.contains(r"[\\\x08\x09\x0a\x0b\x0c\x0d]").any():
        return values
    expression = pl.col("v").str.replace_all("\\", "\\\\", literal=True)
    for letter, character in _ESCAPES.items():
        expression = expression.str.replace_all(character, "\\" + letter, literal=True)
    return values.to_frame("v").select(expression.alias(values.name)).to_series()


def _has_backslash(text: bytes) -> bool:
    return b"\\" in text


def _wants_escapes(text: bytes) -> bool:
    return _ESCAPED_BYTES.search(text) is not None


def _unescape_bytes(text: bytes) -> bytes:
    text = text.replace(b"\\\\", b"\0")
    for letter, character in _ESCAPES.items():
        text = text.replace(b"\\" + letter.encode(), character.encode())
    return text.replace(b"\0", b"\\")


def _escape_bytes(text: bytes) -> bytes:
    text = text.replace(b"\\", b"\\\\")
    for letter, character in _ESCAPES.items():
        text = text.replace(character.encode(), b"\\" + letter.encode())
    return text
