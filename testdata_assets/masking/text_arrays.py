"""Text columns as flat arrays of codepoints, and the few operations that rebuild texts from pieces.

A `TextArray` holds n texts end to end (UTF-32) with n + 1 offsets, so that a whole column is classified,
cut and put together by a handful of numpy calls. Conversions go through arrow buffers and Python's own
UTF-8/UTF-32 codecs; nothing here runs per row.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from testdata_assets.production import bulky

Codes = NDArray[np.int32]
Positions = NDArray[np.int64]

_SLICE = 16  # characters copied at once
_LONG_SLICES = 4096  # elements, on average, from which on slices are copied one by one
_LONG_BYTES = 1 << 20
_RECENT_BYTES = 12 << 20
_AT_ONCE = 2048  # slices whose copies stay in the processor's cache


class _Recent(threading.local):
    """The bytes of this thread's last series, some megabytes of them: a column is looked at by several in turn."""

    def __init__(self) -> None:
        self.known: OrderedDict[int, tuple[pl.Series, NDArray[np.uint8], Positions]] = OrderedDict()
        self.size = 0

    def remember(self, series: pl.Series, data: NDArray[np.uint8], offsets: Positions) -> None:
        if len(data) > _RECENT_BYTES // 4 or id(series) in self.known:
            return
        self.known[id(series)] = (series, data, offsets)  # the series itself, so that its id stays its own
        self.size += data.nbytes + offsets.nbytes
        while self.size > _RECENT_BYTES:
            _, gone, places = self.known.popitem(last=False)[1]
            self.size -= gone.nbytes + places.nbytes


_recent = _Recent()


def string_bytes(values: pl.Series) -> tuple[NDArray[np.uint8], Positions]:
    """The UTF-8 bytes of a series without nulls, end to end, and its n + 1 byte offsets from 0.

    Neither the arrays nor the series may be written to afterwards: the next caller gets the same.
    """
    known = _recent.known.get(id(values))
    if known is not None:
        return known[1], known[2]
    data, offsets = _converted(values)
    _recent.remember(values, data, offsets)
    return data, offsets


def _converted(values: pl.Series) -> tuple[NDArray[np.uint8], Positions]:
    array = values.to_arrow()
    if not pa.types.is_large_string(array.type):
        array = array.cast(pa.large_string())
    _, offset_buffer, data_buffer = array.buffers()
    if not len(array) or data_buffer is None:
        return np.zeros(0, np.uint8), np.zeros(len(array) + 1, np.int64)
    offsets = np.frombuffer(offset_buffer, np.int64, len(array) + 1, array.offset * 8)
    data = np.frombuffer(data_buffer, np.uint8)[offsets[0] : offsets[-1]]
    return data, offsets - offsets[0]


def bytes_to_series(data: NDArray[np.uint8] | bytes, offsets: Positions, name: str = "") -> pl.Series:
    """A string series from valid UTF-8 bytes, which nobody writes to any more, and n + 1 byte offsets."""
    if len(offsets) == 2 and len(data) > _LONG_BYTES:  # arrow's form of many texts would be copied
        return bulky.one_value(np.frombuffer(data, np.uint8)[offsets[0] : offsets[1]].data).rename(name)
    array = pa.LargeStringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(np.ascontiguousarray(offsets, np.int64)), pa.py_buffer(data)
    )
    series = pl.from_arrow(array)
    assert isinstance(series, pl.Series)  # noqa: S101 - from_arrow of an array is a series
    series = series.rename(name)
    if isinstance(data, np.ndarray) and len(offsets) and offsets[0] == 0 and offsets[-1] == len(data):
        _recent.remember(series, data, offsets)
    return series


def slices_of(buffer: NDArray[Any], size: int) -> NDArray[Any]:
    """All slices of `size` elements of a contiguous buffer as one array of opaque items, element by element.

    Indexing it with n positions copies n slices, and assigning to it in ascending order writes texts end to end:
    each slice overwrites what the one before wrote beyond its length. Both take a few nanoseconds a slice.
    """
    width = buffer.itemsize
    count = max(len(buffer) - size + 1, 0)
    return np.ndarray((count,), np.dtype(f"V{size * width}"), buffer.data, strides=(width,))


@dataclass(frozen=True)
class TextArray:
    """n texts as codepoints.

    Attributes:
        codes: Codepoints of all texts end to end.
        offsets: n + 1 positions in `codes`.
    """

    codes: Codes
    offsets: Positions

    @classmethod
    def from_series(cls, values: pl.Series) -> TextArray:
        """Takes a string series without nulls."""
        return cls.from_bytes(*string_bytes(values))

    @classmethod
    def from_bytes(cls, data: NDArray[np.uint8], offsets: Positions) -> TextArray:
        """Takes valid UTF-8 and n + 1 byte offsets."""
        if len(data) and data.max() >= 0x80:
            codes = np.frombuffer(data.tobytes().decode().encode("utf-32-le"), np.int32)
            following = np.flatnonzero((data & 0xC0) == 0x80)
            return cls(codes, offsets - np.searchsorted(following, offsets))
        return cls(data.astype(np.int32), offsets)

    @classmethod
    def from_strings(cls, values: Sequence[str]) -> TextArray:
        """For short lists, such as pools."""
        codes = np.frombuffer("".join(values).encode("utf-32-le"), np.int32)
        return cls(codes, offsets_of(np.array([len(value) for value in values], np.int64)))

    def to_series(self, name: str = "") -> pl.Series:
        if len(self.codes) and self.codes.max() >= 0x80:  # looked at anew: codes may have been written to
            wide = np.flatnonzero(self.codes >= 0x80)
            found = self.codes.take(wide)
            extra = offsets_of(1 + (found >= 0x800).astype(np.int64) + (found >= 0x10000))
            data = np.ascontiguousarray(self.codes, "<i4").tobytes().decode("utf-32-le").encode()
            return bytes_to_series(data, self.offsets + extra[np.searchsorted(wide, self.offsets)]).rename(name)
        return bytes_to_series(self.codes.astype(np.uint8), self.offsets).rename(name)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Positions:
        """Characters of each text."""
        return np.diff(self.offsets)

    @cached_property
    def wide(self) -> Positions:
        """Positions in `codes` of characters beyond ASCII: mostly none, so that tables need no look at the rest."""
        if not len(self.codes) or self.codes.max() < 0x80:
            return np.zeros(0, np.int64)
        return np.flatnonzero(self.codes >= 0x80)

    def flags(self, ascii_flags: NDArray[np.bool_], of_wide: Callable[[Codes], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Flags of all characters: `ascii_flags` (changed in place) with those beyond ASCII decided by `of_wide`."""
        if len(self.wide):
            ascii_flags[self.wide] = of_wide(self.codes[self.wide])
        return ascii_flags

    def owners(self) -> Positions:
        """Which text each character belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    def places(self) -> Positions:
        """Place of each character within its text, from 0."""
        return np.arange(len(self.codes), dtype=np.int64) - np.repeat(self.offsets[:-1], self.lengths)

    def count(self, flags: NDArray[np.bool_]) -> Positions:
        """Flagged characters in each text."""
        return np.diff(np.searchsorted(np.flatnonzero(flags), self.offsets))

    def first(self, flags: NDArray[np.bool_]) -> Positions:
        """Position in `codes` of each text's first flagged character; the text's end where there is none."""
        hits = np.append(np.flatnonzero(flags), len(self.codes))
        found: Positions = np.minimum(hits[np.searchsorted(hits, self.offsets[:-1])], self.offsets[1:])
        return found

    def last(self, flags: NDArray[np.bool_]) -> Positions:
        """Position in `codes` of each text's last flagged character; its start less one where there is none."""
        hits = np.concatenate((np.array([-1]), np.flatnonzero(flags)))
        found = hits[np.searchsorted(hits, self.offsets[1:]) - 1]
        last: Positions = np.maximum(found, self.offsets[:-1] - 1)
        return last

    def with_codes(self, codes: NDArray[Any]) -> TextArray:
        """The same lengths with other characters."""
        return TextArray(codes.astype(np.int32, copy=False), self.offsets)

    def select(self, flags: NDArray[np.bool_]) -> TextArray:
        """The texts made of the flagged characters only."""
        chosen = np.flatnonzero(flags)
        return TextArray(self.codes.take(chosen), np.searchsorted(chosen, self.offsets))

    def take(self, rows: NDArray[Any]) -> TextArray:
        """The texts at these places, in this order."""
        starts, lengths = self.offsets[rows], self.lengths[rows]
        return assemble(self.codes, starts, lengths, np.arange(len(rows) + 1, dtype=np.int64))


def offsets_of(lengths: NDArray[Any]) -> Positions:
    """n + 1 offsets of n lengths."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def running(flags: NDArray[np.bool_]) -> Positions:
    """Flags set before each position; one longer than the flags."""
    return offsets_of(flags)


@lru_cache(maxsize=64)
def _flags_of(symbols: str) -> NDArray[np.bool_]:
    flags = np.zeros(0x81, np.bool_)
    flags[[ord(symbol) for symbol in symbols]] = True
    return flags


def is_any(codes: NDArray[Any], symbols: str) -> NDArray[np.bool_]:
    """Which characters are among some ASCII ones."""
    found: NDArray[np.bool_] = _flags_of(symbols).take(np.minimum(codes, 0x80))
    return found


def ragged_indices(starts: NDArray[Any], lengths: NDArray[Any]) -> Positions:
    """The positions of pieces in a buffer, piece after piece."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    indices: Positions = np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)
    return indices


def take_slices(buffer: NDArray[Any], starts: NDArray[Any], lengths: NDArray[Any]) -> NDArray[Any]:
    """Pieces of a buffer, piece after piece: `buffer.take(ragged_indices(starts, lengths))`, but several times faster.

    They are copied sixteen or more characters at a time, each copy overwriting what the one before put too much.
    """
    filled = np.flatnonzero(lengths)
    if len(filled) < len(lengths):
        starts, lengths = starts[filled], lengths[filled]
    if not len(starts):
        return np.zeros(0, buffer.dtype)
    offsets = offsets_of(lengths)
    total = int(offsets[-1])
    if total > _LONG_SLICES * len(lengths):
        ends = (starts + lengths).tolist()
        return np.concatenate([buffer[start:end] for start, end in zip(starts.tolist(), ends, strict=True)])
    size = _SLICE if total < 2 * _SLICE * len(lengths) else 4 * _SLICE
    if lengths.max() > size:
        counts = (lengths + (size - 1)) // size
        ends = np.cumsum(counts)
        skipped = size * (np.arange(ends[-1]) - np.repeat(ends - counts, counts))
        starts = np.repeat(starts, counts) + skipped
        offsets = offsets_of(np.minimum(np.repeat(lengths, counts) - skipped, size))
    if starts.max() + size > len(buffer):
        buffer = np.concatenate((buffer, np.zeros(size, buffer.dtype)))
    result = np.empty(total + size, buffer.dtype)
    source, target = slices_of(np.ascontiguousarray(buffer), size), slices_of(result, size)
    for first in range(0, len(starts), _AT_ONCE):
        last = min(first + _AT_ONCE, len(starts))
        target[offsets[first:last]] = source[starts[first:last]]
    return result[:total]


def assemble(buffer: NDArray[Any], starts: NDArray[Any], lengths: NDArray[Any], piece_offsets: Positions) -> TextArray:
    """Puts texts together from pieces of one buffer.

    Args:
        buffer: Codepoints that the pieces point into.
        starts, lengths: The pieces, in the order of the texts they form.
        piece_offsets: n + 1: which pieces form each text.
    """
    return TextArray(take_slices(buffer, starts, lengths), offsets_of(lengths)[piece_offsets])


def merge_rows(original: pl.Series, rows: NDArray[Any], replacement: pl.Series) -> pl.Series:
    """`original` with the values at `rows` replaced."""
    if len(rows) == len(original) and (np.diff(rows) > 0).all():
        return replacement.rename(original.name)
    where = np.arange(len(original), dtype=np.int64)
    where[rows] = np.arange(len(original), len(original) + len(rows), dtype=np.int64)
    return pl.concat([original, replacement.rename(original.name)]).gather(pl.Series(where))


def distinct(values: pl.Series) -> tuple[pl.Series, NDArray[np.int64]]:
    """The distinct values in order of appearance, and for each value its place among them."""
    frame = values.rename("value").to_frame()
    unique = frame.unique(maintain_order=True).with_row_index("place")
    places = frame.join(unique, on="value", how="left", maintain_order="left", nulls_equal=True)["place"]
    return unique["value"], places.to_numpy().astype(np.int64)


class Pieces:
    """Collects the pieces of n texts column by column: every text is made of the same row of pieces."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._buffers: list[NDArray[Any]] = []
        self._starts: list[Positions] = []
        self._lengths: list[Positions] = []
        self._filled = 0

    def add(self, buffer: NDArray[Any], starts: NDArray[Any] | int, lengths: NDArray[Any] | int) -> int:
        """Appends one piece to every text; gives its column number."""
        self._starts.append(np.broadcast_to(np.asarray(starts, np.int64) + self._filled, (self.size,)))
        self._lengths.append(np.broadcast_to(np.asarray(lengths, np.int64), (self.size,)))
        self._buffers.append(buffer)
        self._filled += len(buffer)
        return len(self._starts) - 1

    def add_constant(self, constant: str, present: NDArray[np.bool_] | bool = True) -> int:
        """Appends the same characters to every text, or to the flagged ones."""
        codes = np.array([ord(symbol) for symbol in constant], np.int32)
        return self.add(codes, 0, np.where(present, len(codes), 0))

    def add_text(self, text: TextArray, rows: NDArray[np.int64] | None = None) -> int:
        """Appends a text of its own to each, or the text at `rows`."""
        rows = np.arange(self.size) if rows is None else rows
        return self.add(text.codes, text.offsets[rows], text.lengths[rows])

    @property
    def total(self) -> Positions:
        """Characters of each text so far."""
        total: Positions = np.sum(self._lengths, axis=0, dtype=np.int64)
        return total

    def join(self) -> tuple[TextArray, Positions]:
        """The texts, and (n, columns + 1) positions where their pieces begin and end."""
        starts, lengths = np.stack(self._starts, axis=1), np.stack(self._lengths, axis=1)
        columns = lengths.shape[1]
        ends = offsets_of(lengths.ravel())
        text = assemble(
            np.concatenate(self._buffers), starts.ravel(), lengths.ravel(), np.arange(self.size + 1) * columns
        )
        edges = np.concatenate((ends[:-1].reshape(-1, columns), ends[columns::columns, None]), axis=1)
        return text, edges
