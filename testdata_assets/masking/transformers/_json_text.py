"""JSON documents as bytes: where their leaves lie and which automaton state each is in.

A column of documents is scanned as one buffer with a NUL before each (Postgres text holds none): quotes and
punctuation are found by table, punctuation inside strings drops out by parity of quotes, nesting is a
running sum, and states follow level by level. Every byte must be accounted for, or the document is refused:
nothing may slip through unread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.text_arrays import (
    Positions,
    TextArray,
    bytes_to_series,
    offsets_of,
    ragged_indices,
    string_bytes,
)
from testdata_assets.masking.transformers._json_paths import Automaton

QUOTE, BACKSLASH, COLON, COMMA = 0x22, 0x5C, 0x3A, 0x2C
OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY = 0x7B, 0x7D, 0x5B, 0x5D
DOCUMENT = 0
_EVENTS = np.zeros(256, np.bool_)
_EVENTS[[QUOTE, BACKSLASH, COLON, COMMA, OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY, DOCUMENT]] = True
_SPACE = np.zeros(256, np.bool_)
_SPACE[[0x20, 0x09, 0x0A, 0x0D]] = True
_SCALAR = r"^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$"


class NotJson(ValueError):
    """A text is no JSON document; `row` is its place. Holds no part of it."""

    def __init__(self, row: int) -> None:
        super().__init__("not a JSON document")
        self.row = row


@dataclass(frozen=True)
class Leaves:
    """The leaves of n documents: strings, numbers, true, false and null.

    Attributes:
        data: All documents' bytes, a NUL before each.
        documents: n + 1 positions in `data`; each at a NUL.
        start, end: Where each leaf's text lies, quotes left out.
        is_string: Whether it stands in quotes.
        escaped: Whether it is a string with a backslash in it.
        state: Automaton state of its path.
        entry: The event its path ends at; see `Scan.path`.
    """

    data: NDArray[np.uint8]
    documents: Positions
    start: Positions
    end: Positions
    is_string: NDArray[np.bool_]
    escaped: NDArray[np.bool_]
    state: Positions
    entry: Positions

    def texts(self, rows: Positions) -> pl.Series:
        """The leaves' texts as they stand in the documents, escapes and all."""
        return slices(self.data, self.start[rows], self.end[rows])


def slices(data: NDArray[np.uint8], start: Positions, end: Positions) -> pl.Series:
    """Pieces of UTF-8 bytes as a string series."""
    lengths = end - start
    return bytes_to_series(data[ragged_indices(start, lengths)], offsets_of(lengths))


class Scan:
    """One pass over a series of documents.

    Args:
        documents: String series without nulls.
        automaton: What paths are matched against.

    Raises:
        NotJson: A text is no document.
    """

    def __init__(self, documents: pl.Series, automaton: Automaton) -> None:
        marked = pl.select(pl.concat_str([pl.lit("\0"), documents.rename("document")])).to_series()
        self.data, self.documents = string_bytes(marked)
        self.automaton = automaton
        self._find_events()
        self._nest()
        self._name()
        self._follow()

    def _refuse(self, position: int) -> NotJson:
        return NotJson(int(np.searchsorted(self.documents, position, side="right")) - 1)

    def _find_events(self) -> None:
        """Punctuation outside strings, and the strings between."""
        data = self.data
        marks = np.flatnonzero(_EVENTS[data])
        kinds = data[marks]
        self.backslashes = marks[kinds == BACKSLASH]
        if len(self.backslashes):
            keep = kinds != BACKSLASH
            marks, kinds = marks[keep], kinds[keep]
            begins_run = np.ones(len(self.backslashes), np.bool_)
            begins_run[1:] = np.diff(self.backslashes) > 1
            run_starts = self.backslashes[begins_run]
            after = np.flatnonzero((kinds == QUOTE) & (data[marks - 1] == BACKSLASH))
            run = run_starts[np.searchsorted(run_starts, marks[after]) - 1]
            escaped = np.zeros(len(marks), np.bool_)
            escaped[after] = (marks[after] - run) % 2 == 1
            marks, kinds = marks[~escaped], kinds[~escaped]
        quote = kinds == QUOTE
        quotes_so_far = np.cumsum(quote, dtype=np.int32)
        inside = (quotes_so_far & 1).astype(np.bool_) & ~quote
        torn = np.flatnonzero(inside & (kinds == DOCUMENT))
        if len(torn) or (len(quotes_so_far) and quotes_so_far[-1] % 2):
            raise self._refuse(int(marks[torn[0]]) - 1 if len(torn) else len(data) - 1)
        event = ~quote & ~inside
        self.position, self.kind = marks[event], kinds[event]
        string_marks = np.flatnonzero(quote)
        self.string_start = marks[string_marks[::2]] + 1
        self.string_end = marks[string_marks[1::2]]
        # The event before each string, and the string after each event.
        self.string_event = np.cumsum(event, dtype=np.int64)[string_marks[::2]] - 1
        twice = np.flatnonzero(np.diff(self.string_event) == 0)
        if len(twice):
            raise self._refuse(int(self.string_start[twice[0]]))
        self.string_after = np.full(len(self.position) + 1, -1, np.int64)
        self.string_after[self.string_event] = np.arange(len(self.string_event))

    def _nest(self) -> None:
        """Levels, and the bracket that opened what each event is in."""
        kind = self.kind
        opens = (kind == OPEN_OBJECT) | (kind == OPEN_ARRAY)
        closes = (kind == CLOSE_OBJECT) | (kind == CLOSE_ARRAY)
        depth = np.cumsum(opens.astype(np.int8) - closes.astype(np.int8), dtype=np.int64)
        level = depth + closes
        wrong = (level < 1) != (kind == DOCUMENT)
        if wrong.any():
            raise self._refuse(int(self.position[np.flatnonzero(wrong)[0]]))
        if len(depth) and depth[-1] != 0:
            raise self._refuse(len(self.data) - 1)
        order = np.argsort(level.astype(np.int32), kind="stable")
        latest = np.maximum.accumulate(np.where(opens[order], np.arange(len(order)), 0))
        self.opener = np.empty(len(order), np.int64)
        self.opener[order] = order[latest]
        in_object = kind[self.opener] == OPEN_OBJECT
        inner = kind != DOCUMENT
        wrong = (
            ((kind == CLOSE_OBJECT) & ~in_object)
            | ((kind == CLOSE_ARRAY) & in_object)
            | ((kind == COLON) & ~in_object)
        ) & inner
        if wrong.any():
            raise self._refuse(int(self.position[np.flatnonzero(wrong)[0]]))
        self.level, self.order, self.opens, self.in_object = level, order, opens, in_object & inner
        self.starts_entry = opens | (kind == COMMA)

    def _name(self) -> None:
        """Which symbol each member or element is, and that keys and colons come in pairs."""
        following = np.append(self.kind[1:], DOCUMENT)
        keyed = self.starts_entry & self.in_object
        has_string = self.string_after[:-1] >= 0
        empty = self.opens & ((following == CLOSE_OBJECT) | (following == CLOSE_ARRAY)) & ~has_string
        wrong = keyed & ~empty & ~(has_string & (following == COLON))
        colons_before = np.append(False, self.starts_entry[:-1] & self.in_object[:-1] & has_string[:-1])
        wrong |= (self.kind == COLON) & ~colons_before
        if wrong.any():
            raise self._refuse(int(self.position[np.flatnonzero(wrong)[0]]))
        symbols = np.full(len(self.kind), self.automaton.other_index, np.int64)
        named = np.flatnonzero(keyed & has_string)
        symbols[named] = self._key_symbols(self.string_after[named])
        if self.automaton.indexes:
            commas = np.cumsum((self.kind == COMMA)[self.order], dtype=np.int64)
            counted = np.empty(len(commas), np.int64)
            counted[self.order] = commas
            index = counted - counted[self.opener]
            elements = self.starts_entry & ~self.in_object
            for place, number in enumerate(self.automaton.indexes):
                symbols[elements & (index == number)] = self.automaton.first_index + place
        self.symbol = symbols

    def _key_symbols(self, strings: Positions) -> Positions:
        start, length = self.string_start[strings], (self.string_end - self.string_start)[strings]
        symbols = np.full(len(strings), self.automaton.other_key, np.int64)
        for symbol, key in enumerate(self.automaton.keys):
            wanted = np.frombuffer(key.encode(), np.uint8)
            rows = np.flatnonzero(length == len(wanted))
            for place, byte in enumerate(wanted):
                rows = rows[self.data[start[rows] + place] == byte]
            symbols[rows] = symbol
        escaped = np.flatnonzero(self._has_escape(start, start + length))
        if len(escaped):
            plain = unescape(slices(self.data, start[escaped], (start + length)[escaped]))
            places = {key: place for place, key in enumerate(self.automaton.keys)}
            known = plain.replace_strict(places, default=self.automaton.other_key, return_dtype=pl.Int64)
            symbols[escaped] = known.to_numpy()
        return symbols

    def _has_escape(self, start: Positions, end: Positions) -> NDArray[np.bool_]:
        return np.searchsorted(self.backslashes, start) < np.searchsorted(self.backslashes, end)

    def _follow(self) -> None:
        """States of containers and entries, level by level."""
        self.entry_of = np.where(self.kind == COLON, np.arange(len(self.kind)) - 1, np.arange(len(self.kind)))
        state = np.zeros(len(self.kind), np.int64)  # of an entry; a document's own event is the root
        container = np.zeros(len(self.kind), np.int64)
        bounds = np.searchsorted(self.level[self.order], np.arange(1, int(self.level.max(initial=0)) + 2))
        for first, last in zip(bounds[:-1], bounds[1:], strict=True):
            events = self.order[first:last]
            opened = events[self.opens[events]]
            container[opened] = state[self.entry_of[opened - 1]]
            entries = events[self.starts_entry[events]]
            state[entries] = self.automaton.table[container[self.opener[entries]], self.symbol[entries]]
        self.state = state

    def leaves(self) -> Leaves:
        """All leaves."""
        takes_value = (self.kind == DOCUMENT) | (self.kind == COLON) | (self.starts_entry & ~self.in_object)
        next_position = np.append(self.position[1:], len(self.data))
        has_string = self.string_after[:-1] >= 0
        start, end = self._trim(self.position + 1, np.where(has_string, 0, next_position))
        scalar = np.flatnonzero(~has_string & (end > start))
        stray = scalar[~takes_value[scalar]]
        if len(stray):
            raise self._refuse(int(self.position[stray[0]]))
        self._no_strays(next_position)
        valued = np.flatnonzero(takes_value[self.string_event])
        self._check_scalars(start[scalar], end[scalar])
        self._check_missing(takes_value, has_string, scalar)
        string_start, string_end = self.string_start[valued], self.string_end[valued]
        events = np.concatenate((self.string_event[valued], scalar))
        by_place = np.argsort(np.concatenate((string_start, start[scalar])), kind="stable")
        is_string = np.concatenate((np.ones(len(valued), np.bool_), np.zeros(len(scalar), np.bool_)))
        escaped = np.concatenate((self._has_escape(string_start, string_end), np.zeros(len(scalar), np.bool_)))
        entry = self.entry_of[events]
        return Leaves(
            data=self.data,
            documents=self.documents,
            start=np.concatenate((string_start, start[scalar]))[by_place],
            end=np.concatenate((string_end, end[scalar]))[by_place],
            is_string=is_string[by_place],
            escaped=escaped[by_place],
            state=self.state[entry][by_place],
            entry=entry[by_place],
        )

    def _trim(self, start: Positions, end: Positions) -> tuple[Positions, Positions]:
        """Slices without the white space around them; the empty ones end where they start."""
        start, end = start.copy(), end.copy()
        rows = np.flatnonzero(start < end)
        while len(rows):
            rows = rows[_SPACE[self.data[start[rows]]]]
            start[rows] += 1
            rows = rows[start[rows] < end[rows]]
        rows = np.flatnonzero(start < end)
        while len(rows):
            rows = rows[_SPACE[self.data[end[rows] - 1]]]
            end[rows] -= 1
            rows = rows[start[rows] < end[rows]]
        return start, end

    def _no_strays(self, next_position: Positions) -> None:
        """Around strings there is white space only."""
        for start, end in (
            (self.position[self.string_event] + 1, self.string_start - 1),
            (self.string_end + 1, next_position[self.string_event]),
        ):
            trimmed = self._trim(start, end)
            stray = np.flatnonzero(trimmed[0] < trimmed[1])
            if len(stray):
                raise self._refuse(int(self.string_start[stray[0]]))

    def _check_missing(
        self, takes_value: NDArray[np.bool_], has_string: NDArray[np.bool_], scalar: Positions
    ) -> None:
        """Where a value must stand, one does; after a value no other begins; closing brackets end values."""
        filled = has_string.copy()
        filled[scalar] = True
        next_opens = np.append(self.opens[1:], False)
        next_closes = np.append((self.kind == CLOSE_OBJECT) | (self.kind == CLOSE_ARRAY), True)[1:]
        empty = self.opens & next_closes & ~filled
        wrong = takes_value & (filled == next_opens) & ~empty
        wrong |= ~takes_value & (next_opens | (filled & ~(self.starts_entry & self.in_object)))
        if wrong.any():
            raise self._refuse(int(self.position[np.flatnonzero(wrong)[0]]))

    def _check_scalars(self, start: Positions, end: Positions) -> None:
        fine = slices(self.data, start, end).str.contains(_SCALAR).to_numpy()
        if not fine.all():
            raise self._refuse(int(start[np.flatnonzero(~fine)[0]]))

    def path(self, entry: int) -> list[str | int]:
        """The steps that lead to one leaf, for a message."""
        steps: list[str | int] = []
        while self.kind[entry] != DOCUMENT:
            opener = int(self.opener[entry])
            if self.in_object[entry]:
                string = int(self.string_after[entry])
                key = slices(self.data, self.string_start[[string]], self.string_end[[string]])
                steps.append(str(unescape(key)[0]))
            else:
                between = slice(opener, entry + 1)
                same = (self.opener[between] == opener) & (self.kind[between] == COMMA)
                steps.append(int(same.sum()))
            entry = int(self.entry_of[opener - 1])
        return steps[::-1]


_SIMPLE = {ord("b"): 8, ord("f"): 12, ord("n"): 10, ord("r"): 13, ord("t"): 9}
_UNESCAPED = np.arange(0x110000, dtype=np.int32)
_UNESCAPED[list(_SIMPLE)] = list(_SIMPLE.values())
_HEX = np.full(0x80, 0, np.int32)
for _digit, _symbol in enumerate("0123456789abcdef"):
    _HEX[[ord(_symbol), ord(_symbol.upper())]] = _digit


def unescape(texts: pl.Series) -> pl.Series:
    """Undoes JSON's string escapes; half a surrogate pair becomes U+FFFD."""
    text = TextArray.from_series(texts)
    codes = text.codes.copy()
    slash = np.flatnonzero(codes == BACKSLASH)
    if not len(slash):
        return texts
    begins = np.ones(len(slash), np.bool_)
    begins[1:] = np.diff(slash) > 1
    run = np.repeat(slash[begins], np.diff(np.append(np.flatnonzero(begins), len(slash))))
    escape = slash[(slash - run) % 2 == 0]
    drop = np.zeros(len(codes), np.bool_)
    drop[escape] = True
    letter = codes[escape + 1]
    unicode = escape[letter == ord("u")]
    simple = escape[letter != ord("u")]
    codes[simple + 1] = _UNESCAPED[codes[simple + 1]]
    if len(unicode):
        digits = _HEX[codes[unicode[:, None] + np.arange(2, 6)]]
        units = digits @ np.array([4096, 256, 16, 1], np.int32)
        high = (units >= 0xD800) & (units < 0xDC00)
        low = (units >= 0xDC00) & (units < 0xE000)
        adjacent = np.append(np.diff(unicode) == 6, False)
        same_text = np.searchsorted(text.offsets, unicode, side="right")
        adjacent[:-1] &= same_text[1:] == same_text[:-1]
        first = high & adjacent & np.append(low[1:], False)
        second = np.append(False, first[:-1])
        pair = 0x10000 + ((units - 0xD800) << 10) + (np.append(units[1:], 0xDC00) - 0xDC00)
        value = np.where(first, pair, np.where(high | low, 0xFFFD, units))
        codes[unicode + 1] = value
        drop[unicode[:, None] + np.arange(2, 6)] = True
        drop[unicode[second] + 1] = True
    return text.with_codes(codes).select(~drop).to_series()


def escape(texts: pl.Series) -> pl.Series:
    """Applies JSON's string escapes to quotes, backslashes and control characters."""
    needs = texts.str.contains(r'["\\\x00-\x1f]')
    if not needs.any():
        return texts
    control = [chr(code) for code in range(0x20)]
    short = {8: "\\b", 12: "\\f", 10: "\\n", 13: "\\r", 9: "\\t"}
    written = [short.get(code, f"\\u{code:04x}") for code in range(0x20)]
    return texts.str.replace_many(["\\", '"', *control], ["\\\\", '\\"', *written])
