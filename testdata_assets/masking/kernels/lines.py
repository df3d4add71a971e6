"""COPY lines taken apart in one pass: only the columns that somebody asks for are read, the rest is copied as bytes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from testdata_assets.errors import RefusedError
from testdata_assets.masking.block_rows import Values
from testdata_assets.masking.kernels.bits import lowest_bit
from testdata_assets.masking.kernels.compiled import kernel
from testdata_assets.masking.kernels.copying import copy_bytes
from testdata_assets.masking.kernels.texts import Bytes, Places
from testdata_assets.masking.text_arrays import bytes_to_series, string_bytes
from testdata_assets.production.profile import clipped

_NEWLINE, _BACKSLASH, _CAPITAL_N = 0x0A, 0x5C, 0x4E
_TABS, _NEWLINES, _LOW = np.uint64(0x0909090909090909), np.uint64(0x0A0A0A0A0A0A0A0A), np.uint64(0x7F7F7F7F7F7F7F7F)
Ends = NDArray[np.int64]
Words = NDArray[np.uint64]


class SplitLines:
    """Lines and where their fields end.

    Args:
        block: Whole lines.
        columns: One name for each field.

    Raises:
        RefusedError: A line has another number of fields, or a byte is no UTF-8.
    """

    def __init__(self, block: bytes, columns: list[str]) -> None:
        self._names = columns
        self._block = np.frombuffer(block, np.uint8)
        self.height = int(np.count_nonzero(self._block == _NEWLINE))
        self._ends = np.empty(self.height * len(columns), np.int64)
        self._nulls, self._sizes = np.zeros(len(columns), np.int64), np.zeros(len(columns), np.int64)
        _check_utf8(block)
        words = np.frombuffer(block, "<u8", len(block) // 8)
        if _split(self._block, words, len(columns), self._ends, self._nulls, self._sizes) != len(self._ends):
            raise RefusedError(
                "A block of rows is not what COPY writes for this table",
                where="snapshot",
                remedy="Run testdata refresh again; if it stays so, please report it.",
                code="snapshot-malformed",
            )
        # A NULL is one backslash; beyond these there are none in most tables.
        self._escaped = int(np.count_nonzero(self._block == _BACKSLASH)) > int(self._nulls.sum())

    def null_counts(self) -> dict[str, int]:
        return dict(zip(self._names, self._nulls.tolist(), strict=True))

    def values(self, column: str) -> Values:
        number = self._names.index(column)
        filled = self.height - int(self._nulls[number])
        data, offsets = np.empty(self._sizes[number], np.uint8), np.zeros(filled + 1, np.int64)
        present = np.ones(self.height if filled < self.height else 0, np.bool_)
        used = _extract(self._block, self._ends, len(self._names), number, self._escaped, present, data, offsets)
        values = bytes_to_series(data[:used], offsets, column)
        return Values(values, pl.Series(present) if len(present) else None)

    def sample(self, rows: NDArray[np.intp]) -> pl.DataFrame:
        width = len(self._names)
        present, offsets = np.empty((width, len(rows)), np.bool_), np.zeros((width, len(rows) + 1), np.int64)
        sizes = _sampled(self._block, self._ends, rows, present, offsets)
        data = np.empty(int(sizes.sum()), np.uint8)
        _copy_sampled(self._block, self._ends, rows, present, sizes, data)
        pieces = np.split(data, np.cumsum(sizes)[:-1])
        found = []
        for number, name in enumerate(self._names):
            column = bytes_to_series(pieces[number], offsets[number], name)
            gone = np.flatnonzero(~present[number])
            found.append(column.clone().scatter(gone, None) if len(gone) else column)
        return clipped(pl.DataFrame(found))

    def chosen(self, wanted: pl.Series) -> SplitLines:
        ends = self._ends[len(self._names) - 1 :: len(self._names)] + 1
        lengths = np.diff(ends, prepend=0)
        return SplitLines(self._block[np.repeat(wanted.to_numpy(), lengths)].tobytes(), self._names)

    def encoded(self, masks: Mapping[str, Values]) -> bytes:
        if not masks:
            return self._block.tobytes()
        columns = [_Column.of(mask) for mask in masks.values()]
        source = np.full(len(self._names), -1, np.int64)
        source[[self._names.index(name) for name in masks]] = np.arange(len(masks))
        sizes = np.array([len(column.data) for column in columns])
        counts = np.array([len(column.nulls) for column in columns])
        data_starts, first = np.cumsum(sizes) - sizes, np.cumsum(counts) - counts
        data = np.concatenate([column.data for column in columns])
        starts = np.concatenate([column.starts + start for column, start in zip(columns, data_starts, strict=True)])
        ends = np.concatenate([column.ends + start for column, start in zip(columns, data_starts, strict=True)])
        nulls = np.concatenate([column.nulls for column in columns])
        by_row = np.array([mask.present is None for mask in masks.values()])
        escapes = np.array([_escapes(column.data) for column in columns])
        room = len(self._block) + len(data) + int(escapes.sum()) + 2 * int(nulls.sum())
        target = np.empty(room, np.uint8)
        used = _join(self._block, self._ends, source, by_row, escapes > 0, data, starts, ends, nulls, first, target)
        return target[:used].tobytes()


class _Column:
    """Masks as bytes: n values from `starts` to `ends`, some perhaps null."""

    def __init__(self, data: Bytes, offsets: Places, nulls: NDArray[np.bool_]) -> None:
        self.data, self.starts, self.ends, self.nulls = data, offsets[:-1], offsets[1:], nulls

    @classmethod
    def of(cls, mask: Values) -> _Column:
        if mask.values.null_count():
            return cls(*string_bytes(mask.values.fill_null("")), mask.values.is_null().to_numpy())
        return cls(*string_bytes(mask.values), np.zeros(len(mask.values), np.bool_))


def _check_utf8(block: bytes) -> None:
    whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(np.array([0, len(block)])), pa.py_buffer(block))
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        raise RefusedError(
            "The source holds bytes that are no UTF-8",
            where="snapshot",
            remedy="Mask from a database whose encoding is UTF8, or mend the values first.",
            code="not-utf8",
        ) from None


@kernel
def _matches(word: np.uint64, byte: np.uint64) -> np.uint64:
    """The highest bit of each of the eight bytes that equal the (repeated) byte."""
    word ^= byte
    return ~(((word & _LOW) + _LOW) | word | _LOW)


@kernel
def _is_null(block: Bytes, start: int, end: int) -> bool:
    return bool(end - start == 2 and block[start] == _BACKSLASH and block[start + 1] == _CAPITAL_N)


@kernel
def _split(
    block: Bytes, words: Words, columns: int, ends: Ends, nulls: NDArray[np.int64], sizes: NDArray[np.int64]
) -> int:
    """Notes where each field ends; gives the number of fields, -1 for a line of another shape.

    Args:
        block: Lines.
        words: The same, eight bytes at once, without those that are left over.
        columns: Fields of a line.
        ends: Filled.
        nulls: NULLs are added to it, by column.
        sizes: And bytes of what is not NULL.
    """
    field = start = column = 0
    for number in range(len(words) + 1):
        if number < len(words):
            word = words[number]
        else:
            word = np.uint64(0)
            for place in range(8 * number, len(block)):
                word |= np.uint64(block[place]) << np.uint64(8 * (place - 8 * number))
        found = _matches(word, _TABS) | _matches(word, _NEWLINES)
        while found:
            end = 8 * number + (lowest_bit(found) >> 3)
            found &= found - np.uint64(1)
            last = block[end] == _NEWLINE
            if last != (column == columns - 1) or field == len(ends):
                return -1
            if _is_null(block, start, end):
                nulls[column] += 1
            else:
                sizes[column] += end - start
            ends[field] = end
            field += 1
            start = end + 1
            column = 0 if last else column + 1
    return field if start == len(block) else -1


@kernel
def _sampled(
    block: Bytes, ends: Ends, rows: NDArray[np.intp], present: NDArray[np.bool_], offsets: Places
) -> NDArray[np.int64]:
    """Of each column in some rows: which are not NULL, where they are to end, and how many bytes they take together."""
    columns = len(present)
    sizes = np.zeros(columns, np.int64)
    for number in range(len(rows)):
        for column in range(columns):
            field = rows[number] * columns + column
            start = ends[field - 1] + 1 if field > 0 else 0
            end = ends[field]
            present[column, number] = not _is_null(block, start, end)
            if present[column, number]:
                sizes[column] += end - start
            offsets[column, number + 1] = sizes[column]
    return sizes


@kernel
def _copy_sampled(
    block: Bytes, ends: Ends, rows: NDArray[np.intp], present: NDArray[np.bool_], sizes: NDArray[np.int64], data: Bytes
) -> None:
    """Copies what is not NULL, column after column."""
    columns = len(present)
    used = np.cumsum(sizes) - sizes
    for number in range(len(rows)):
        for column in range(columns):
            if present[column, number]:
                field = rows[number] * columns + column
                start = ends[field - 1] + 1 if field > 0 else 0
                copy_bytes(data, used[column], block, start, ends[field] - start)
                used[column] += ends[field] - start


@kernel
def _extract(
    block: Bytes,
    ends: Ends,
    columns: int,
    column: int,
    escaped: bool,
    present: NDArray[np.bool_],
    data: Bytes,
    offsets: Places,
) -> int:
    """Copies a column's values that are there, escapes undone if there are any; gives the bytes written.

    `present` flags the rows that are there; it has none where all are.
    """
    used = count = 0
    rows = len(ends) // columns
    for row in range(rows):
        field = row * columns + column
        place = ends[field - 1] + 1 if field > 0 else 0
        end = ends[field]
        if len(present) and _is_null(block, place, end):
            present[row] = False
            continue
        if not escaped:
            copy_bytes(data, used, block, place, end - place)
            used += end - place
            place = end
        while place < end:
            byte = block[place]
            if byte == _BACKSLASH and place + 1 < end:
                following = block[place + 1]
                plain = 0
                if following == _BACKSLASH:
                    plain = _BACKSLASH
                elif following == 0x62:  # b
                    plain = 0x08
                elif following == 0x66:  # f
                    plain = 0x0C
                elif following == 0x6E:  # n
                    plain = 0x0A
                elif following == 0x72:  # r
                    plain = 0x0D
                elif following == 0x74:  # t
                    plain = 0x09
                elif following == 0x76:  # v
                    plain = 0x0B
                if plain:
                    data[used] = plain
                    used += 1
                    place += 2
                    continue
            data[used] = byte
            used += 1
            place += 1
        count += 1
        offsets[count] = used
    return used


@kernel
def _escapes(data: Bytes) -> int:
    """How many bytes need a backslash before them."""
    found = 0
    for byte in data:
        if byte == _BACKSLASH or (byte >= 0x08 and byte <= 0x0D):
            found += 1
    return found


@kernel
def _join(
    block: Bytes,
    ends: Ends,
    source: NDArray[np.int64],
    by_row: NDArray[np.bool_],
    escaped: NDArray[np.bool_],
    data: Bytes,
    starts: Places,
    stops: Places,
    nulls: NDArray[np.bool_],
    first: Places,
    target: Bytes,
) -> int:
    """Writes the lines anew.

    Args:
        block, ends: The lines and their fields.
        source: For each column the mask it gets, -1 where it stays.
        by_row: For each mask whether it has a value for each row, or for each that is not NULL.
        escaped: For each mask whether any byte needs a backslash before it.
        data, starts, stops, nulls: All masks' values.
        first: Where each mask's values begin among them.
        target: Room enough.

    Returns:
        Bytes written.
    """
    columns = len(source)
    following = first.copy()
    used = 0
    start = 0
    field = 0
    while field < len(ends):
        column = field % columns
        mask = source[column]
        if mask < 0:
            # Neighbours that stay go together, with what separates them.
            last = column
            while last + 1 < columns and source[last + 1] < 0:
                last += 1
            field += last - column
            end = ends[field] + 1
            copy_bytes(target, used, block, start, end - start)
            used += end - start
            start = end
            field += 1
            continue
        end = ends[field]
        gone = _is_null(block, start, end)
        if not (gone and not by_row[mask]):
            value = following[mask]
            following[mask] += 1
            gone = nulls[value]
            if not gone and not escaped[mask]:
                copy_bytes(target, used, data, starts[value], stops[value] - starts[value])
                used += stops[value] - starts[value]
            elif not gone:
                for place in range(starts[value], stops[value]):
                    byte = data[place]
                    if byte == _BACKSLASH or (byte >= 0x08 and byte <= 0x0D):
                        target[used] = _BACKSLASH
                        used += 1
                        if byte == 0x08:
                            byte = np.uint8(0x62)
                        elif byte == 0x09:
                            byte = np.uint8(0x74)
                        elif byte == 0x0A:
                            byte = np.uint8(0x6E)
                        elif byte == 0x0B:
                            byte = np.uint8(0x76)
                        elif byte == 0x0C:
                            byte = np.uint8(0x66)
                        elif byte == 0x0D:
                            byte = np.uint8(0x72)
                    target[used] = byte
                    used += 1
        if gone:
            target[used] = _BACKSLASH
            target[used + 1] = _CAPITAL_N
            used += 2
        target[used] = block[end]
        used += 1
        start = end + 1
        field += 1
    return used
