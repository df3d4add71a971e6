"""Values of many megabytes, looked at piece by piece.

Every polars expression takes some four times a column's size for a moment. That is little for usual blocks, and too
much for one value of 64 MB: what is here hands such values out as views of a megabyte, so that memory hangs on the
piece. There are few of them, hence loops over pieces are no loops over rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

BULKY_BYTES = 4 << 20  # a block of rows that is not a single long one has no more
PIECE_BYTES = 1 << 20
_VIEW = np.dtype([("length", "<i4"), ("inline", "V4"), ("buffer", "<i4"), ("offset", "<i4")])
_INLINE = 12
_BACKSLASH = 0x5C


def is_bulky(values: pl.Series, limit: int = BULKY_BYTES) -> bool:
    """Whether any string of a series is so long that it is better looked at in pieces."""
    return values.estimated_size() > limit and bool((lengths(values) > limit).any())


def lengths(values: pl.Series) -> NDArray[np.int64]:
    """Bytes of each value, without an expression; 0 for null."""
    _, known = _packed(values)
    found: NDArray[np.int64] = known["length"].astype(np.int64)
    if values.null_count():
        found[values.is_null().to_numpy()] = 0
    return found


def _packed(values: pl.Series) -> tuple[pa.Array, NDArray[Any]]:
    """A series as arrow's views, without a copy, and what each view holds."""
    array = values.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    if not pa.types.is_string_view(array.type):
        array = array.cast(pa.string_view())
    packed = array.buffers()[1]
    if packed is None:
        return array, np.zeros(len(array), _VIEW)
    return array, np.frombuffer(packed, _VIEW, len(array), array.offset * _VIEW.itemsize)


def views(values: pl.Series) -> list[memoryview | None]:
    """The UTF-8 bytes of each value without a copy; None for null."""
    array, known = _packed(values)
    _, packed, *buffers = array.buffers()
    if packed is None:
        return [None] * len(array)
    whole = memoryview(packed)
    nulls = values.is_null().to_list() if values.null_count() else [False] * len(array)
    found: list[memoryview | None] = []
    for place, (length, buffer, start) in enumerate(
        zip(known["length"].tolist(), known["buffer"].tolist(), known["offset"].tolist(), strict=True)
    ):
        if not nulls[place]:
            first = (array.offset + place) * _VIEW.itemsize + 4
            short = length <= _INLINE
            source, begin = (whole, first) if short else (memoryview(buffers[buffer]), start)
            found.append(source[begin : begin + length])
        else:
            found.append(None)
    return found


def pieces(value: memoryview, size: int = PIECE_BYTES) -> Iterator[memoryview]:
    """Parts of a text, end to end: none ends within a character, or between a backslash and what it escapes."""
    start = 0
    while start < len(value):
        stop = min(start + size, len(value))
        if stop < len(value):
            stop = cut_before(value, start, stop)
        yield value[start:stop]
        start = stop


def cut_before(value: memoryview, start: int, stop: int) -> int:
    """The last place up to `stop` that lies neither within a character nor between a backslash and what it escapes."""
    while stop > start + 1 and value[stop] & 0xC0 == 0x80:
        stop -= 1
    backslashes = 0
    while stop - backslashes - 1 >= start and value[stop - backslashes - 1] == _BACKSLASH:
        backslashes += 1
    return stop - backslashes % 2


def beginnings(values: pl.Series, characters: int) -> pl.Series:
    """The first characters of each value."""
    starts = [None if view is None else bytes(view[: 4 * characters]) for view in views(values)]
    cut = [None if start is None else start.decode(errors="ignore")[:characters] for start in starts]
    return pl.Series(values.name, cut, dtype=pl.String)


def one_value(text: bytes | bytearray | memoryview) -> pl.Series:
    """A series of one string, which shares the memory of its UTF-8 bytes."""
    if len(text) <= _INLINE:
        return pl.Series("", [bytes(text).decode()])
    packed = np.array([(len(text), bytes(text[:4]), 0, 0)], _VIEW)
    array = pa.Array.from_buffers(pa.string_view(), 1, [None, pa.py_buffer(packed), pa.py_buffer(text)])
    return pl.Series("", array)  # pl.from_arrow would copy it


def mapped(values: pl.Series, function: Callable[[bytes], bytes]) -> pl.Series:
    """Each value with its pieces replaced by what a function makes of them; no nulls among the values."""
    written: list[pl.Series] = []
    for view in views(values):
        whole = b"".join(function(bytes(piece)) for piece in pieces(view or memoryview(b"")))
        written.append(one_value(whole).rename(values.name))
    return pl.concat(written)


def holds(values: pl.Series, function: Callable[[bytes], bool]) -> bool:
    """Whether a function says yes to any piece of any value."""
    return any(function(bytes(piece)) for view in views(values) if view is not None for piece in pieces(view))
