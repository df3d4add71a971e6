"""Many JSON documents as flat arrays of tokens: positions, nesting, leaves with their paths. No row by row work.

Documents are laid end to end, a NUL before each (no JSON text holds one). Bytes that may matter are looked up in a
table, quotes paired by parity, and brackets by depth: a stable sort of all tokens by the depth they stand at puts
the children of each object or array side by side, right behind their bracket, whatever was nested between them. In
that order every rule of the grammar is a rule about neighbours. Positions are kept throughout, so that a leaf can be
replaced and all else stays byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.errors import RefusedError
from testdata_assets.masking.json_paths import PathMatcher, shown_key
from testdata_assets.masking.text_arrays import (
    Positions,
    TextArray,
    bytes_to_series,
    offsets_of,
    ragged_indices,
    string_bytes,
    take_slices,
)
from testdata_assets.production import bulky

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

# Kinds of tokens. STRING is a string that is no key; DOCUMENT is the NUL before (and after) a document.
DOCUMENT, STRING, OBJECT, ARRAY, OBJECT_END, ARRAY_END, COLON, COMMA, SCALAR, KEY, CONTROL = range(11)
_NOTHING = 255
_PADDING = 16  # bytes after the last document, so that words of eight bytes may be read anywhere
_LONG_GAPS = 4096  # bytes between pieces of a document, on average, from which on pieces are copied one by one
_WHITESPACE = b" \t\n\r"
_SCALAR = r"\A(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)\z"
_LOW_BYTES = np.array([(1 << (8 * count)) - 1 for count in range(9)], np.uint64)


_KIND = bytearray([_NOTHING]) * 256
_KIND[:32] = bytes([CONTROL]) * 32
for _chars, _kind in zip(b'\0"{[}]:,', range(COMMA + 1), strict=True):
    _KIND[_chars] = _kind
_BLANK = np.isin(np.arange(256), list(_WHITESPACE))
_ESCAPED = np.isin(np.arange(256), list(b'"\\/bfnrtu'))
_HEX = np.full(256, -1, np.int32)
for _digit in b"0123456789abcdefABCDEF":
    _HEX[_digit] = int(chr(_digit), 16)
_UNESCAPED = np.zeros(256, np.int32)
for _letter, _char in zip(b'"\\/bfnrt', b'"\\/\b\f\n\r\t', strict=True):
    _UNESCAPED[_letter] = _char


def _forbidden_pairs() -> bytes:
    """By `8 * kind + kind of the next token`, plus 64 where a scalar stands between: 1 where that cannot be."""
    starts = {STRING, OBJECT, ARRAY, SCALAR}
    ends = {COMMA, OBJECT_END, ARRAY_END, DOCUMENT}
    after = {
        DOCUMENT: starts,
        COLON: starts,
        COMMA: starts,
        ARRAY: starts | {ARRAY_END},
        OBJECT: {STRING, OBJECT_END},
        STRING: ends | {COLON},
        OBJECT_END: ends,
        ARRAY_END: ends,
    }
    return bytes(
        int(following not in after[kind] if not between else not (SCALAR in after[kind] and following in ends))
        for between in (False, True)
        for kind in range(8)
        for following in range(8)
    ).ljust(256, b"\1")


_FORBIDDEN = _forbidden_pairs()
_DELTA = bytes([0, 0, 1, 1, 255, 255]).ljust(256, b"\0")


def invalid_json() -> RefusedError:
    """The refusal of a text that is no JSON; says nothing of its content."""
    return RefusedError(
        "A value is not valid JSON",
        where="",
        remedy="Mask the column with another transformer (free_text, scramble, null), or correct the values.",
        code="json-invalid",
    )


@dataclass(frozen=True)
class Tokens:
    """The tokens of n documents without colons and commas, siblings side by side.

    Attributes:
        data: All documents, a NUL before each and padding behind the last.
        document_starts: n + 1 positions in `data`: of the NUL before each document, and behind the last.
        escapes: Positions of the backslashes that begin an escape.
        kinds: Kind of each token. An object or array stands twice: its opening bracket (like the NUL of a
            document) heads the run of its children, its closing bracket stands among its siblings.
        starts, ends: First byte of each token, and the byte behind it; strings with their quotes.
        containers: For each token, the number of the object, array or document it is a child of.
        heads: For each container, the token that heads it; the first n are the documents.
        levels: Containers of nesting depth d have the numbers from levels[d] up to levels[d + 1].
        parents: For each container but documents: the closing bracket that stands among its siblings.
    """

    data: Bytes
    document_starts: Positions
    escapes: Positions
    kinds: Bytes
    starts: Positions
    ends: Positions
    containers: Positions
    heads: Positions
    levels: list[int]
    parents: Positions

    @property
    def documents(self) -> int:
        return len(self.document_starts) - 1

    @cached_property
    def leaves(self) -> Positions:
        """The tokens that are leaves: strings, numbers, true, false, null."""
        return np.flatnonzero((self.kinds == STRING) | (self.kinds == SCALAR))

    def with_escapes(self, tokens: Positions) -> Flags:
        """Which of some string tokens hold an escape."""
        if not len(self.escapes):
            return np.zeros(len(tokens), np.bool_)
        first = np.searchsorted(self.escapes, self.starts[tokens])
        behind = np.append(self.escapes, len(self.data))[first]
        return np.asarray(behind < self.ends[tokens])

    def texts(self, tokens: Positions) -> pl.Series:
        """The bytes of some tokens as they stand there; strings without their quotes."""
        quoted = (self.kinds[tokens] == STRING) | (self.kinds[tokens] == KEY)
        return cut(self.data, self.starts[tokens] + quoted, self.ends[tokens] - quoted)

    def strings(self, tokens: Positions) -> pl.Series:
        """The contents of string tokens, escapes undone. A lone surrogate, which is no character, reads U+FFFD."""
        texts = self.texts(tokens)
        escaped = np.flatnonzero(self.with_escapes(tokens))
        if not len(escaped):
            return texts
        places = np.arange(len(texts))
        places[escaped] = len(texts) + np.arange(len(escaped))
        return pl.concat([texts, _unescaped(texts.gather(pl.Series(escaped)))]).gather(pl.Series(places))

    def winners(self, matcher: PathMatcher) -> NDArray[np.int32]:
        """For each leaf, the number of the pattern that decides on it, or -1."""
        symbols = self._symbols(matcher)
        states = np.full(len(self.heads), PathMatcher.START, np.int32)
        for first, behind in zip(self.levels[1:-1], self.levels[2:], strict=True):
            held = self.parents[first - self.documents : behind - self.documents]
            states[first:behind] = matcher.step(states[self.containers[held]], symbols[held])
        reached = matcher.step(states[self.containers[self.leaves]], symbols[self.leaves])
        return matcher.winners(reached)

    def _symbols(self, matcher: PathMatcher) -> NDArray[np.int32]:
        """What each value is to its container: a key, an element, or the whole document."""
        symbols = np.full(len(self.kinds), matcher.other_element, np.int32)
        if matcher.elements:
            values = np.flatnonzero(self.kinds[self.heads[self.containers]] == ARRAY)
            symbols[values] = matcher.element_symbols(values - self.heads[self.containers[values]] - 1)
        # Documents' children come first, up to the head of the first nested container.
        behind = self.heads[self.documents] if len(self.heads) > self.documents else len(self.kinds)
        symbols[:behind] = matcher.root
        keys = np.flatnonzero(self.kinds == KEY)
        symbols[keys + 1] = self._key_symbols(keys, matcher)
        return symbols

    def _key_symbols(self, keys: Positions, matcher: PathMatcher) -> NDArray[np.int32]:
        symbols = np.full(len(keys), matcher.other_key, np.int32)
        if not matcher.keys or not len(keys):
            return symbols
        starts = self.starts[keys] + 1
        lengths = self.ends[keys] - 1 - starts
        words = _words_at(self.data, starts) & _LOW_BYTES[np.minimum(lengths, 8)]
        short = sorted((int.from_bytes(raw, "little"), i) for i, raw in enumerate(matcher.key_bytes) if len(raw) <= 8)
        if short:
            known = np.array([word for word, _ in short], np.uint64)
            places = np.minimum(np.searchsorted(known, words), len(known) - 1)
            found = (known[places] == words) & (lengths <= 8)
            symbols[found] = np.array([symbol for _, symbol in short], np.int32)[places[found]]
        for symbol, raw in enumerate(matcher.key_bytes):
            if len(raw) > 8:
                chosen = np.flatnonzero((lengths == len(raw)) & (words == int.from_bytes(raw[:8], "little")))
                for place in range(8, len(raw), 8):
                    part = raw[place : place + 8]
                    word = _words_at(self.data, starts[chosen] + place) & _LOW_BYTES[len(part)]
                    chosen = chosen[word == int.from_bytes(part, "little")]
                symbols[chosen] = symbol
        escaped = np.flatnonzero(self.with_escapes(keys))
        if len(escaped):
            written = self.strings(keys[escaped])
            table = {key: matcher.key_symbol(key) for key in matcher.keys}
            symbols[escaped] = written.replace_strict(
                list(table), list(table.values()), default=matcher.other_key, return_dtype=pl.Int32
            ).to_numpy()
        return symbols

    def shown_path(self, token: int) -> str:
        """The path of one value for an error message; keys that may be data and element numbers do not show."""
        steps = []
        container = int(self.containers[token])
        while container >= self.documents:
            in_object = self.kinds[self.heads[container]] == OBJECT
            steps.append(shown_key(self.strings(np.array([token - 1]))[0]) if in_object else "[*]")
            token = int(self.parents[container - self.documents])
            container = int(self.containers[token])
        return "$" + "".join(reversed(steps))

    def replaced(self, tokens: Positions, replacements: pl.Series) -> pl.Series:
        """The documents with some leaves replaced.

        Args:
            tokens: Leaves, in any order.
            replacements: What to write in place of each, with quotes where it is to be a string.
        """
        written = (self.starts[tokens], self.ends[tokens], replacements)
        return with_pieces(self.data, self.document_starts, *written)


def tokenise(documents: pl.Series, trusted: bool) -> Tokens:
    """Finds the tokens of JSON documents.

    Args:
        documents: String series without nulls.
        trusted: Whether Postgres has checked them (json and jsonb columns): numbers are not checked again.

    Raises:
        RefusedError: One is no valid JSON.
    """
    data, document_starts = laid_out(documents)
    end = int(document_starts[-1])
    escapes = escapes_in(data)
    _check_escapes(data, escapes)
    kinds, starts, ends = _raw_tokens(data, escapes, end, documents.len())
    gaps, first, behind = _scalars(data, kinds, starts, ends, trusted)
    between = np.zeros(len(kinds), np.uint8)
    between[gaps] = 64
    if (between[:-1] + kinds[:-1] * 8 + kinds[1:]).tobytes().translate(_FORBIDDEN).find(1) >= 0:
        raise invalid_json()
    depths = np.cumsum(np.frombuffer(kinds.tobytes().translate(_DELTA), np.int8), dtype=np.int32)
    separators = (kinds == COMMA) | (kinds == COLON)
    if depths.min() < 0 or depths[kinds == DOCUMENT].any() or (separators & (depths == 0)).any():
        raise invalid_json()
    deepest = int(depths.max())
    kinds[np.flatnonzero(kinds == COLON) - 1] = KEY
    # Separators have served: a scalar takes the place of the one before it, or is put in behind a bracket.
    spare = separators[gaps]
    places = gaps[spare]
    kinds[places], starts[places], ends[places] = SCALAR, first[spare], behind[spare]
    separators[places] = False
    chosen = np.flatnonzero(~separators)[:-1]  # nor the NUL behind the last document
    kinds, starts, ends, depths = kinds[chosen], starts[chosen], ends[chosen], depths[chosen]
    if not spare.all():
        places = np.searchsorted(chosen, gaps[~spare]) + 1
        depths = np.insert(depths, places, depths[places - 1])
        kinds = np.insert(kinds, places, SCALAR)
        starts, ends = np.insert(starts, places, first[~spare]), np.insert(ends, places, behind[~spare])
    depths, order = _by_depth(depths)
    kinds, starts, ends = kinds[order], starts[order], ends[order]
    heading = (kinds == OBJECT) | (kinds == ARRAY) | (kinds == DOCUMENT)
    heads = np.flatnonzero(heading)
    containers = np.cumsum(heading.view(np.int8), dtype=np.int64) - 1
    closing = np.flatnonzero((kinds == OBJECT_END) | (kinds == ARRAY_END))
    is_key = kinds == KEY
    in_object = (kinds[heads] == OBJECT)[containers]
    # In an object a key follows its bracket and every value, and a value follows every key; elsewhere no key stands.
    misplaced = is_key[1:] != (in_object[1:] & ~is_key[:-1])
    if (kinds[closing] != kinds[heads[documents.len() :]] + 2).any() or (misplaced & ~heading[1:]).any():
        raise invalid_json()
    levels = np.searchsorted(depths[heads], np.arange(deepest + 2)).tolist()
    return Tokens(data, document_starts, escapes, kinds, starts, ends, containers, heads, levels, closing)


def escapes_in(data: Bytes) -> Positions:
    """Positions of the backslashes that begin an escape: every other one of a run."""
    found = np.flatnonzero(data == ord("\\"))
    if not len(found):
        return found
    begins = np.empty(len(found), np.bool_)
    begins[0] = True
    np.not_equal(found[1:], found[:-1] + 1, out=begins[1:])
    places = np.arange(len(found))
    escapes: Positions = found[(places - np.maximum.accumulate(np.where(begins, places, 0))) % 2 == 0]
    return escapes


def laid_out(documents: pl.Series) -> tuple[Bytes, Positions]:
    """All documents with a NUL before each, padded with NULs; and where each begins, and the last ends."""
    if len(documents) == 1:  # perhaps a long one
        view = bulky.views(documents)[0] or memoryview(b"")
        data = np.zeros(1 + len(view) + _PADDING, np.uint8)
        data[1 : 1 + len(view)] = view
        return data, np.array([0, 1 + len(view)])
    marked = pl.select(pl.concat_str(pl.lit("\0"), documents.rename("v"))).to_series()
    text, document_starts = string_bytes(marked)
    data = np.zeros(len(text) + _PADDING, np.uint8)
    data[: len(text)] = text
    return data, document_starts


def _raw_tokens(data: Bytes, escapes: Positions, end: int, documents: int) -> tuple[Bytes, Positions, Positions]:
    """Brackets, colons, commas, strings and NULs, in the order they stand."""
    # numpy's own look-up would make an index of eight bytes of each.
    marks = np.frombuffer(bytearray(data[: end + 1].data).translate(_KIND), np.uint8)
    marks[escapes + 1] = _NOTHING
    places = np.flatnonzero(marks != _NOTHING)
    kinds = marks[places]
    quotes = kinds == STRING
    inside = (np.cumsum(quotes.view(np.uint8), dtype=np.uint8) & 1).view(np.bool_)
    if (inside & (kinds == DOCUMENT)).any() or np.count_nonzero(kinds == DOCUMENT) != documents + 1:
        raise invalid_json()
    kept = inside == quotes
    control = kinds == CONTROL
    if control.any():
        if (control & inside).any() or not _BLANK[data[places[control]]].all():
            raise invalid_json()
        kept &= ~control
    closing = places[quotes & ~inside]
    kept = np.flatnonzero(kept)
    kinds, starts = kinds[kept], places[kept]
    ends = starts + 1
    ends[kinds == STRING] = closing + 1
    return kinds, starts, ends


def _check_escapes(data: Bytes, escapes: Positions) -> None:
    letters = data[escapes + 1]
    units = escapes[letters == ord("u")]
    if not _ESCAPED[letters].all() or (_HEX[data[units[:, None] + np.arange(2, 6)]] < 0).any():
        raise invalid_json()


def _scalars(
    data: Bytes, kinds: Bytes, starts: Positions, ends: Positions, trusted: bool
) -> tuple[Positions, Positions, Positions]:
    """What stands between tokens and is no white space: numbers, true, false, null (or nonsense).

    Returns:
        The token before each, and where each begins and ends.
    """
    gaps = np.flatnonzero(starts[1:] > ends[:-1])
    first, behind = ends[gaps], starts[gaps + 1]
    first += data[first] == ord(" ")  # jsonb writes one
    filled = np.flatnonzero(first < behind)
    gaps, first, behind = gaps[filled], first[filled], behind[filled]
    wide = np.flatnonzero(_BLANK[data[first]] | _BLANK[data[behind - 1]])
    if len(wide):
        first[wide], behind[wide] = _trimmed(data, first[wide], behind[wide])
        filled = np.flatnonzero(first < behind)
        gaps, first, behind = gaps[filled], first[filled], behind[filled]
    if len(gaps) and not trusted and not cut(data, first, behind).str.contains(_SCALAR).all():
        raise invalid_json()
    return gaps, first, behind


def _trimmed(data: Bytes, starts: Positions, ends: Positions) -> tuple[Positions, Positions]:
    """Cuts white space off both ends of pieces; a blank piece becomes empty."""
    lengths = ends - starts
    offsets = offsets_of(lengths)
    solid = np.flatnonzero(~_BLANK[data[ragged_indices(starts, lengths)]])
    low, high = np.searchsorted(solid, offsets[:-1]), np.searchsorted(solid, offsets[1:])
    some = low < high
    places = np.append(solid, 0)
    first = np.where(some, starts + places[np.where(some, low, 0)] - offsets[:-1], starts)
    behind = np.where(some, starts + places[np.where(some, high - 1, 0)] - offsets[:-1] + 1, first)
    return first, behind


def _by_depth(depths: NDArray[np.int32]) -> tuple[NDArray[np.int32], Positions]:
    """Depths in ascending order, and the stable order that makes them so. Narrow integers sort by radix."""
    deepest = int(depths.max(initial=0))
    narrow = depths.astype(np.uint8 if deepest < 1 << 8 else np.uint16) if deepest < 1 << 16 else depths
    order = np.argsort(narrow, kind="stable")
    return depths[order], order


def cut(data: Bytes, starts: Positions, ends: Positions) -> pl.Series:
    """Pieces of the documents as strings; a single long one shares their memory."""
    lengths = ends - starts
    if len(starts) == 1 and lengths[0] > bulky.PIECE_BYTES:
        return bulky.one_value(data[starts[0] : ends[0]].data)
    return bytes_to_series(take_slices(data, starts, lengths), offsets_of(lengths))


def _words_at(data: Bytes, places: Positions) -> NDArray[np.uint64]:
    """Eight bytes from each place on, as little-endian numbers."""
    words = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))
    return words[places]


def with_pieces(
    data: Bytes, document_starts: Positions, starts: Positions, ends: Positions, replacements: pl.Series
) -> pl.Series:
    """Documents with some pieces of theirs replaced.

    Args:
        data, document_starts: As `laid_out` gives them.
        starts, ends: The pieces, in any order.
        replacements: What to write in place of each.
    """
    if len(starts) * _LONG_GAPS < len(data) and len(document_starts) == 2:
        return _long_joined(data[1 : int(document_starts[-1])], starts - 1, ends - 1, replacements)
    source, lengths = string_bytes(replacements)
    nuls = document_starts[:-1]
    starts = np.concatenate([starts, nuls])
    ends = np.concatenate([ends, nuls + 1])
    order = np.argsort(starts, kind="stable")
    sources = np.concatenate([lengths[:-1], np.zeros(len(nuls), np.int64)])[order]
    sizes = np.concatenate([np.diff(lengths), np.zeros(len(nuls), np.int64)])[order]
    written = take_slices(source, sources, sizes)
    starts, ends = starts[order], ends[order]
    result = spliced(data[: int(document_starts[-1])], starts, ends, written, sizes)
    grown = offsets_of(sizes - (ends - starts))
    return bytes_to_series(result, document_starts + grown[np.searchsorted(starts, document_starts)])


def _long_joined(data: Bytes, starts: Positions, ends: Positions, replacements: pl.Series) -> pl.Series:
    """One long document with a few pieces replaced; copied once."""
    views = bulky.views(replacements)
    written: list[memoryview] = []
    behind = 0
    for place in np.argsort(starts, kind="stable").tolist():
        written += [data[behind : starts[place]].data, views[place] or memoryview(b"")]
        behind = int(ends[place])
    return bulky.one_value(b"".join([*written, data[behind:].data]))


def spliced(data: Bytes, starts: Positions, ends: Positions, written: Bytes, sizes: Positions) -> Bytes:
    """Bytes with pieces replaced.

    Args:
        data: The bytes.
        starts, ends: The pieces, in ascending order.
        written: The replacements end to end.
        sizes: Length of each.
    """
    kept = np.diff(np.concatenate([[0], np.column_stack([starts, ends]).ravel(), [len(data)]]))
    source = np.repeat(np.arange(len(kept)) % 2 == 0, kept)
    kept[1::2] = sizes
    target = np.repeat(np.arange(len(kept)) % 2 == 0, kept)
    result = np.empty(len(target), np.uint8)
    result[target] = data[source]
    result[~target] = written
    return result


def _unescaped(texts: pl.Series) -> pl.Series:
    """Contents of strings with their escapes undone."""
    data, offsets = string_bytes(texts)
    starts = escapes_in(data)
    letters = data[starts + 1]
    codes = _UNESCAPED[letters]
    sizes = np.full(len(starts), 2, np.int64)
    units = np.flatnonzero(letters == ord("u"))
    sizes[units] = 6
    digits = _HEX[data[starts[units][:, None] + np.arange(2, 6)]]
    codes[units] = digits @ np.array([1 << 12, 1 << 8, 1 << 4, 1], np.int32)
    units_codes = np.where(letters == ord("u"), codes, 0)
    high = np.flatnonzero((units_codes[:-1] >> 10 == 0x36) & (units_codes[1:] >> 10 == 0x37))
    owners = np.searchsorted(offsets, starts, side="right")
    high = high[(starts[high + 1] == starts[high] + 6) & (owners[high + 1] == owners[high])]
    codes[high] = 0x10000 + ((codes[high] & 0x3FF) << 10) + (codes[high + 1] & 0x3FF)
    sizes[high] = 12
    codes[(codes >= 0xD800) & (codes < 0xE000)] = 0xFFFD
    chosen = np.ones(len(starts), np.bool_)
    chosen[high + 1] = False
    starts, codes, sizes = starts[chosen], codes[chosen], sizes[chosen]
    written, written_offsets = string_bytes(TextArray(codes, np.arange(len(codes) + 1)).to_series())
    lengths = np.diff(written_offsets)
    result = spliced(data, starts, starts + sizes, written, lengths)
    grown = offsets_of(lengths - sizes)
    return bytes_to_series(result, offsets + grown[np.searchsorted(starts, offsets)])
