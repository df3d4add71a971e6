"""The text forms of arrays, rows and hstore as flat bytes with the positions of their parts. No row by row work.

Values are laid end to end with a NUL before each, as JSON documents are (`json_tokens.py`). Quotes pair by parity,
what stands outside them cuts a value into parts, and a part can be replaced while all else stays byte for byte.
Only what Postgres itself writes is read; anything else is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.errors import RefusedError
from testdata_assets.masking.json_tokens import Bytes, Flags, cut, escapes_in, laid_out, with_pieces
from testdata_assets.masking.text_arrays import Positions
from testdata_assets.production import bulky

_LOOKED_UP = 1 << 18  # bytes
_SLICE_BYTES = 2 << 20  # values worked on at a time: memory is about twenty times as much
_SPACES = r" \t\n\r\x0b\x0c"
_QUOTE = ord('"')
_NOTHING, _VALUE, _OPEN, _CLOSE, _COMMA = range(5)


@dataclass(frozen=True)
class PartTexts:
    """The parts of n values.

    Attributes:
        data: All values, a NUL before each and padding behind the last.
        value_starts: n + 1 positions in `data`: of the NUL before each value, and behind the last.
        starts, ends: First byte of each part that is not NULL, and the byte behind it; with quotes, where it has them.
        numbers: Which field of its row each part is; 0 for array elements and hstore values.
        doubled: Whether a quote or backslash within a part is written twice (rows), else behind a backslash.
        keys: Of hstore: the bytes of each part's key are data[keys[0]:keys[1]].
    """

    data: Bytes
    value_starts: Positions
    starts: Positions
    ends: Positions
    numbers: Positions
    doubled: bool
    keys: tuple[Positions, Positions] | None = None

    def texts(self) -> pl.Series:
        """The parts' contents: quotes and escapes undone."""
        quoted = self.data[self.starts] == _QUOTE
        return self._contents(self.starts + quoted, self.ends - quoted)

    def key_texts(self) -> pl.Series:
        """The parts' hstore keys."""
        if self.keys is None:
            raise ValueError("only hstore has keys")
        return self._contents(*self.keys)

    def chosen(self, rows: NDArray[np.int64]) -> PartTexts:
        """The same values with some of their parts only."""
        keys = None if self.keys is None else (self.keys[0][rows], self.keys[1][rows])
        return replace(self, starts=self.starts[rows], ends=self.ends[rows], numbers=self.numbers[rows], keys=keys)

    def replaced(self, written: pl.Series) -> pl.Series:
        """The values with all these parts replaced by `written`, which is quoted as the form wants it."""
        return with_pieces(self.data, self.value_starts, self.starts, self.ends, written)

    def _contents(self, starts: Positions, ends: Positions) -> pl.Series:
        texts = cut(self.data, starts, ends)
        if not texts.str.contains_any(['"', "\\"]).any():
            return texts
        if self.doubled:
            return texts.str.replace_all('""', '"', literal=True).str.replace_all("\\\\", "\\", literal=True)
        return texts.str.replace_all(r"(?s)\\(.)", "$1")


def array_parts(values: pl.Series, delimiter: str = ",") -> PartTexts:
    """The elements of arrays in their text form, of any dimensions and bounds; NULL elements are left out.

    Raises:
        RefusedError: One is no array in text form.
    """
    data, value_starts = laid_out(values)
    escapes = escapes_in(data)
    quotes = data == _QUOTE
    quotes[escapes + 1] = False
    places, kinds = _marks(data, quotes, int(value_starts[-1]), f"\0{{}}{delimiter}", len(values))
    depth = np.cumsum((kinds == _OPEN).astype(np.int32) - (kinds == _CLOSE))
    opened = kinds[1:][kinds[:-1] == _VALUE] == _OPEN
    closed = kinds[:-1][kinds[1:] == _VALUE] == _CLOSE
    # Behind its last bracket a value ends; before its first one only bounds stand: `[0:1]=`.
    behind = (kinds[1:] == _VALUE) & (places[1:] != places[:-1] + 1)
    behind |= (kinds[:-1] == _CLOSE) & (kinds[1:] == _OPEN)
    if not (opened.all() and closed.all()) or depth.min() < 0 or depth[kinds == _VALUE].any() or behind.any():
        raise _odd("array")
    starts, ends = _between(places, kinds)
    filled = ends > starts
    starts, ends = starts[filled], ends[filled]
    null = ends - starts == 4
    for place, letter in enumerate(b"NULL"):
        null &= data[np.minimum(starts + place, len(data) - 1)] & 0xDF == letter
    starts, ends = starts[~null], ends[~null]
    _check_quotes(data, starts, ends, "array")
    return PartTexts(data, value_starts, starts, ends, np.zeros(len(starts), np.int64), doubled=False)


def row_parts(values: pl.Series, width: int) -> PartTexts:
    """The fields of rows in their text form; NULL fields are left out.

    Args:
        values: Rows as `(a,"b c",)`.
        width: Fields that a row has.

    Raises:
        RefusedError: One is no row of so many fields in text form.
    """
    data, value_starts = laid_out(values)
    places, kinds = _marks(data, data == _QUOTE, int(value_starts[-1]), "\0(),", len(values))
    starts, ends = _between(places, kinds)
    opens, closes = places[kinds == _OPEN], places[kinds == _CLOSE]
    framed = len(opens) == len(closes) == len(values)
    if not framed or (opens != value_starts[:-1] + 1).any() or (closes != value_starts[1:] - 1).any():
        raise _odd("row")
    fields = np.diff(np.searchsorted(starts, value_starts))
    if (fields != width).any():
        raise _odd(f"row of {width} fields")
    filled = np.flatnonzero(ends > starts)
    starts, ends = starts[filled], ends[filled]
    _check_quotes(data, starts, ends, "row")
    return PartTexts(data, value_starts, starts, ends, filled % width, doubled=True)


def hstore_parts(values: pl.Series) -> PartTexts:
    """The values of hstore with their keys; NULL values are left out.

    Raises:
        RefusedError: One is no hstore in text form.
    """
    data, value_starts = laid_out(values)
    escapes = escapes_in(data)
    quotes = data == _QUOTE
    quotes[escapes + 1] = False
    _marks(data, quotes, int(value_starts[-1]), "\0", len(values))
    places = np.flatnonzero(quotes)
    opens, closes = places[::2], places[1::2]
    arrow = (data[closes + 1] == ord("=")) & (data[closes + 2] == ord(">"))
    filled = np.flatnonzero(arrow[:-1] & (opens[1:] == closes[:-1] + 3))
    # Every string is a key, or the value right behind one.
    is_value = np.zeros(len(opens), np.bool_)
    is_value[filled + 1] = True
    null = data[closes[arrow] + 3] == ord("N")
    if (is_value == arrow).any() or np.count_nonzero(null) + len(filled) != np.count_nonzero(arrow):
        raise _odd("hstore")
    return PartTexts(
        data,
        value_starts,
        opens[filled + 1],
        closes[filled + 1] + 1,
        np.zeros(len(filled), np.int64),
        doubled=False,
        keys=(opens[filled] + 1, closes[filled]),
    )


def array_element(values: pl.Series, delimiter: str = ",") -> pl.Series:
    """Values as array elements, quoted where array output quotes; null becomes NULL."""
    odd = r'(?i)\A(?:null)?\z|[{}"\\' + _SPACES + delimiter + "]"
    return _filled(_quoted(values, odd, "\\\\", '\\"'), "NULL")


def row_field(values: pl.Series) -> pl.Series:
    """Values as fields of a row, quoted where row output quotes; null becomes nothing."""
    return _filled(_quoted(values, r'\A\z|[()",\\' + _SPACES + "]", "\\\\", '""'), "")


def hstore_value(values: pl.Series) -> pl.Series:
    """Values as hstore values, always quoted; null becomes NULL."""
    return _filled(_quoted(values, r"(?s)\A", "\\\\", '\\"'), "NULL")


def slices(values: pl.Series) -> Iterator[pl.Series]:
    """Runs of values of bounded size, each at least one value."""
    ends = np.cumsum(bulky.lengths(values))
    bounds = [0]
    while bounds[-1] < len(values):
        done = int(ends[bounds[-1] - 1]) if bounds[-1] else 0
        bounds.append(max(int(np.searchsorted(ends, done + _SLICE_BYTES, side="right")), bounds[-1] + 1))
    for start, end in itertools.pairwise(bounds):
        yield values.slice(start, end - start)


def _filled(written: pl.Series, null: str) -> pl.Series:
    return written.fill_null(null) if written.null_count() else written  # which copies, be there a null or not


def _quoted(values: pl.Series, odd: str, backslash: str, quote: str) -> pl.Series:
    if bulky.is_bulky(values):
        rows = (values[place : place + 1] for place in range(len(values)))
        return pl.concat([_long_quoted(row, odd, backslash, quote) for row in rows])
    column = pl.col("v")
    escaped = column.str.replace_all("\\", backslash, literal=True).str.replace_all('"', quote, literal=True)
    wrapped = pl.concat_str(pl.lit('"'), escaped, pl.lit('"'))
    chosen = pl.when(column.str.contains(odd)).then(wrapped).otherwise(column)
    return values.to_frame("v").select(chosen.alias("v")).to_series()


def _long_quoted(value: pl.Series, odd: str, backslash: str, quote: str) -> pl.Series:
    """The same for one value, which may have many megabytes."""
    if not bulky.is_bulky(value):
        return _quoted(value, odd, backslash, quote).rename("")
    view = bulky.views(value)[0] or memoryview(b"")
    if not any(bulky.one_value(piece).str.contains(odd)[0] for piece in bulky.pieces(view)):
        return value.rename("")
    inner = (
        bytes(piece).replace(b"\\", backslash.encode()).replace(b'"', quote.encode()) for piece in bulky.pieces(view)
    )
    return bulky.one_value(b"".join((b'"', *inner, b'"')))


def _marks(data: Bytes, quotes: Flags, end: int, symbols: str, count: int) -> tuple[Positions, Bytes]:
    """Positions and kinds of NULs and of the form's symbols outside quotes, up to the NUL behind the last value."""
    table = np.full(256, _NOTHING, np.uint8)
    for kind, symbol in enumerate(symbols, start=_VALUE):
        table[ord(symbol)] = kind
    # numpy's look-up makes an index of eight bytes of each: so many at a time.
    kinds = np.empty(end + 1, np.uint8)
    for start in range(0, end + 1, _LOOKED_UP):
        kinds[start : start + _LOOKED_UP] = table[data[start : min(start + _LOOKED_UP, end + 1)]]
    inside = np.cumsum(quotes[: end + 1], dtype=np.uint8)
    inside &= 1
    nuls = np.flatnonzero(kinds == _VALUE)
    if inside[nuls].any() or len(nuls) != count + 1:
        raise _odd("quoted text")
    kinds[inside.view(np.bool_)] = _NOTHING
    places = np.flatnonzero(kinds)
    return places, kinds[places]


def _between(places: Positions, kinds: Bytes) -> tuple[Positions, Positions]:
    """The pieces between brackets and commas."""
    before, after = kinds[:-1], kinds[1:]
    gaps = np.flatnonzero(((before == _OPEN) | (before == _COMMA)) & ((after == _COMMA) | (after == _CLOSE)))
    return places[gaps] + 1, places[gaps + 1]


def _check_quotes(data: Bytes, starts: Positions, ends: Positions, form: str) -> None:
    """A part that begins with a quote ends with one."""
    if ((data[starts] == _QUOTE) != (data[ends - 1] == _QUOTE)).any():
        raise _odd(form)


def _odd(form: str) -> RefusedError:
    return RefusedError(
        f"A value is no {form} as Postgres writes it",
        where="",
        remedy="Mask the column with another transformer (null, constant), or report this with the column's type.",
        code="part-form",
    )
