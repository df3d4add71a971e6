"""Cutting values of many megabytes into portions that are searched one after the other, so that memory stays bounded.

Portions overlap, so that nothing is lost between two of them; what was counted in several of them is one row's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from testdata_assets.production import bulky
from testdata_assets.validation.text_values import Shape

OVERLAP = 1 << 16  # bytes that two portions share: more than any value takes that is looked for
_HEX = rb"\\x"  # how COPY begins a bytea in hexadecimal form, its backslash escaped


def apart(values: pl.Series) -> tuple[pl.Series, dict[int, memoryview]]:
    """The values that are searched together, and by their places those that are long, as COPY gives them.

    Args:
        values: String series without nulls.
    """
    if not bulky.is_bulky(values):
        return values, {}
    long = bulky.lengths(values) > bulky.BULKY_BYTES
    views = bulky.views(values)
    found = {int(row): view for row in np.flatnonzero(long) if (view := views[row]) is not None}
    return values.filter(pl.Series(~long)), found


def portions(value: memoryview, shape: Shape) -> Iterator[pl.Series]:
    """A long value as series of one string, in the form that COPY would give to each.

    Structures are cut like texts: words inside are found all the same, an element that is cut in two as its halves.
    """
    if shape == "bytes":
        yield from _hexadecimal(value)
        return
    tail = b""
    for piece in bulky.pieces(value):
        yield pl.Series("v", [(tail + bytes(piece)).decode()])
        tail = _tail(piece)


def _tail(piece: memoryview) -> bytes:
    """The end of a piece, from a blank on where there is one: no character and no escape begins in its middle."""
    if len(piece) <= OVERLAP:
        return bytes(piece)
    end = bytes(piece[bulky.cut_before(piece, 0, len(piece) - OVERLAP) :])
    return end[max(end.find(b" "), 0) :]


def _hexadecimal(value: memoryview) -> Iterator[pl.Series]:
    digits = value[len(_HEX) :]
    for start in range(0, len(digits), 2 * bulky.PIECE_BYTES):
        stop = start + 2 * (bulky.PIECE_BYTES + OVERLAP)
        whole = whole_characters(bytes.fromhex(str(digits[start:stop], "ascii")))
        yield pl.Series("v", [_HEX.decode() + whole.hex()])


def whole_characters(data: bytes) -> bytes:
    """Bytes without the beginning and end of UTF-8 characters that were cut in two."""
    start = next((place for place in range(min(4, len(data))) if data[place] & 0xC0 != 0x80), min(4, len(data)))
    data = data[start:]
    for back in range(1, min(4, len(data)) + 1):
        lead = data[-back]
        if lead & 0xC0 == 0xC0:  # the last character's first byte: does all of it follow?
            size = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            return data if back == size else data[:-back]
        if lead < 0x80:
            break
    return data
