"""A long array or hstore as pieces that are values of its type themselves, so that memory hangs on the piece.

A value is cut at delimiters outside quotes. Each piece of an array stands in as many brackets as are open where it
begins, and closes those that are open where it ends: its elements are those of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from testdata_assets.masking.json_tokens import escapes_in
from testdata_assets.masking.part_texts import slices
from testdata_assets.production import bulky

PIECE_BYTES = 2 << 20  # of a value; memory is about twenty times as much
_QUOTE, _BLANK = b'" '
_OPEN, _CLOSE = b"{}"

Mask = Callable[[pl.Series], pl.Series]


def in_slices(values: pl.Series, delimiter: str, mask: Mask) -> pl.Series:
    """Values masked in runs of bounded size, a long one in pieces.

    Args:
        values: Arrays or hstore in text form, no nulls.
        delimiter: One character; parts the elements or pairs.
        mask: Gets values of the same type, and gives as many.
    """
    found = [_in_pieces(run, ord(delimiter), mask) if is_long(run) else mask(run) for run in slices(values)]
    return pl.concat(found).rename(values.name)


def is_long(values: pl.Series) -> bool:
    """Whether a series is one value that is better taken in pieces."""
    return len(values) == 1 and bulky.is_bulky(values, PIECE_BYTES)


def _in_pieces(value: pl.Series, delimiter: int, mask: Mask) -> pl.Series:
    written = bytearray()
    cuts = pieces(bulky.views(value)[0] or memoryview(b""), delimiter)
    for number, (before, content, behind) in enumerate(cuts):
        if number:
            written.append(delimiter)
        piece = bulky.one_value(b"".join((b"{" * before, content, b"}" * behind)))
        masked = bulky.views(mask(piece))[0] or memoryview(b"")
        written += masked[before : len(masked) - behind]
    return bulky.one_value(written)


def pieces(value: memoryview, delimiter: int, size: int = PIECE_BYTES) -> Iterator[tuple[int, memoryview, int]]:
    """The pieces of a value, which the delimiter joins; whether they make sense is for who reads them to say.

    Args:
        value: UTF-8.
        delimiter: Byte that parts elements or pairs.
        size: Bytes looked at together: pieces are about as long, longer where no delimiter stands.

    Yields:
        How many brackets are open where a piece begins, the piece, and how many are where it ends.
    """
    begin = at = depth = opened = 0  # `opened` where the piece begins, `depth` where the window does
    inside = escaped = False
    while at < len(value):
        window = np.array(value[at : at + size])
        if escaped:
            window[0] = _BLANK
        escapes = escapes_in(window)
        escaped = bool(len(escapes)) and int(escapes[-1]) == len(window) - 1
        quotes = window == _QUOTE
        quotes[escapes[: len(escapes) - escaped] + 1] = False
        outside = ((np.cumsum(quotes, dtype=np.uint8) + np.uint8(inside)) & 1) == 0
        inside = not outside[-1]
        turns = (outside & (window == _OPEN)).astype(np.int8) - (outside & (window == _CLOSE)).astype(np.int8)
        cuts = np.flatnonzero(outside & (window == delimiter))
        if len(cuts) and at + size < len(value):
            end = at + int(cuts[-1])
            depth += int(turns[: cuts[-1]].sum())
            yield opened, value[begin:end], depth
            begin = at = end + 1
            opened, inside, escaped = depth, False, False
        else:
            depth += int(turns.sum())
            at += size
    yield opened, value[begin:], 0
