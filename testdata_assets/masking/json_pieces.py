"""A long JSON document as pieces that are documents themselves, so that memory hangs on the piece.

A document is cut at commas. Each piece stands in the brackets that are open where it begins, behind their keys, and
closes those that are open where it ends: every leaf has the path that it has in the whole, and a piece is valid just
where the whole is. A null at each cut sees to both: it shows a comma too many, and takes the places of the elements
before. Brackets are followed through a document window by window, without a look at every token from Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.json_tokens import Bytes, escapes_in, invalid_json
from testdata_assets.production import bulky

PIECE_BYTES = 2 << 20  # of a document; memory is about twenty times as much
_QUOTE, _COLON, _COMMA, _BACKSLASH, _BLANK = b'":,\\ '
_OBJECT, _ARRAY = b"{["
_CLOSING = {_OBJECT: b"}", _ARRAY: b"]"}
_WHITESPACE = b" \t\n\r"
_DEEPER = np.zeros(256, np.int32)
_DEEPER[[_OBJECT, _ARRAY]], _DEEPER[list(b"}]")] = 1, -1
_MARKS = np.isin(np.arange(256), list(b"{[]},"))
_PLACEHOLDER = {_OBJECT: b'"":null', _ARRAY: b"null"}


@dataclass(frozen=True)
class Piece:
    """A part of a document, made a document.

    Attributes:
        text: Series of one string.
        before, behind: Bytes at its beginning and end that the document does not have there.
        follows: Whether another piece is before it.
    """

    text: pl.Series
    before: int
    behind: int

    @property
    def follows(self) -> bool:
        return self.before > 0

    def inner(self, masked: pl.Series) -> bytes:
        """What a masked piece says in place of its part of the document."""
        view = bulky.views(masked)[0] or memoryview(b"")
        return bytes(view[self.before : len(view) - self.behind])


@dataclass(frozen=True)
class _Level:
    """An open bracket: its byte, the key before it with its colon, and the commas of its own so far."""

    bracket: int
    key: bytes
    commas: int


@dataclass(frozen=True)
class _Marks:
    """Brackets and commas of a window outside strings, with the nesting behind each."""

    places: NDArray[np.int64]
    symbols: Bytes
    depths: NDArray[np.int64]


def is_long(document: pl.Series) -> bool:
    """Whether a series is one document that is better taken in pieces."""
    return len(document) == 1 and bulky.is_bulky(document, PIECE_BYTES)


def pieces(document: pl.Series, elements: int, size: int = PIECE_BYTES) -> Iterator[Piece]:
    """The pieces of a document, which a comma joins; whether they are JSON is for who reads them to say.

    Args:
        document: A series of one string.
        elements: How many elements of an array, from its first, paths may tell apart.
        size: Bytes looked at together: pieces are about as long, longer where no comma stands.

    Raises:
        RefusedError: It cannot be JSON.
    """
    view = bulky.views(document)[0] or memoryview(b"")
    stack: list[_Level] = []
    begin = at = 0
    before = b""
    inside = escaped = False
    while at < len(view):
        window = np.array(view[at : at + size])
        if escaped:
            window[0] = _BLANK
        marks, inside, escaped = _marks(window, len(stack), inside)
        cut = _best_cut(marks, size) if at + size < len(view) else None
        reached = _advanced(view, at, stack, marks, len(marks.places) if cut is None else cut + 1)
        if cut is not None:
            end, after, behind = at + int(marks.places[cut]), _opening(reached, elements), _ending(reached)
            if len(after) + len(behind) < PIECE_BYTES:  # else it is so deep that a longer piece costs less
                yield _piece(before, view[begin:end], behind)
                stack, before, begin = reached, after, end + 1
                at, inside, escaped = begin, False, False
                continue
            reached = _advanced(view, at, stack, marks, len(marks.places))
        stack = reached
        at += size
    yield _piece(before, view[begin:], b"")


def _piece(before: bytes, content: memoryview, behind: bytes) -> Piece:
    return Piece(bulky.one_value(b"".join((before, content, behind))), len(before), len(behind))


def _marks(window: Bytes, depth: int, inside: bool) -> tuple[_Marks, bool, bool]:
    """The marks of a window; whether it ends inside a string, and whether what follows is escaped."""
    escapes = escapes_in(window)
    quotes = window == _QUOTE
    escaped = bool(len(escapes)) and int(escapes[-1]) == len(window) - 1
    quotes[escapes[: len(escapes) - escaped] + 1] = False
    within = (np.cumsum(quotes, dtype=np.uint8) + np.uint8(inside)) & 1
    places = np.flatnonzero(_MARKS[window] & (within == 0))
    symbols = window[places]
    depths = depth + np.cumsum(_DEEPER[symbols], dtype=np.int64)
    if len(depths) and depths.min() < 0:
        raise invalid_json()
    return _Marks(places, symbols, depths), bool(within[-1]), escaped


def _best_cut(marks: _Marks, size: int) -> int | None:
    """A comma late in the window, where few brackets are open; None without any comma inside brackets."""
    commas = np.flatnonzero((marks.symbols == _COMMA) & (marks.depths > 0))
    if not len(commas):
        return None
    late = commas[marks.places[commas] >= size // 2]
    if not len(late):
        return int(commas[-1])
    return int(late[len(late) - 1 - np.argmin(marks.depths[late][::-1])])


def _advanced(document: memoryview, at: int, stack: Sequence[_Level], marks: _Marks, count: int) -> list[_Level]:
    """The open brackets behind the first marks of a window."""
    if not count:
        return list(stack)
    depth = int(marks.depths[count - 1])
    symbols, depths = marks.symbols[:count], marks.depths[:count]
    opening = np.flatnonzero((_DEEPER[symbols] > 0) & (depths <= depth))
    opened = np.full(depth + 1, -1, np.int64)
    opened[depths[opening]] = opening  # of several brackets at one depth, only the last can still be open
    commas = np.flatnonzero((symbols == _COMMA) & (depths <= depth))
    commas = commas[commas > opened[depths[commas]]]
    counts = np.bincount(depths[commas], minlength=depth + 1).tolist()
    found: list[_Level] = []
    for level, place in enumerate(opened[1:].tolist(), 1):
        if place < 0:
            known = stack[level - 1]
            found.append(replace(known, commas=known.commas + counts[level]) if counts[level] else known)
        else:
            in_object = bool(found) and found[-1].bracket == _OBJECT
            key = _key_before(document, at + int(marks.places[place])) if in_object else b""
            found.append(_Level(int(symbols[place]), key, counts[level]))
    return found


def _key_before(document: memoryview, bracket: int) -> bytes:
    """The key of the value that begins at a bracket, with its colon."""
    colon = _solid_before(document, bracket)
    end = _solid_before(document, colon)
    start = end - 1
    while start > 0 and (document[start] != _QUOTE or _escaped(document, start)):
        start -= 1
    if start < 1 or document[colon] != _COLON or document[end] != _QUOTE:
        raise invalid_json()
    return bytes(document[start : end + 1]) + b":"


def _solid_before(document: memoryview, place: int) -> int:
    place -= 1
    while place > 0 and document[place] in _WHITESPACE:
        place -= 1
    return place


def _escaped(document: memoryview, place: int) -> bool:
    first = place
    while first > 0 and document[first - 1] == _BACKSLASH:
        first -= 1
    return (place - first) % 2 == 1


def _opening(stack: Sequence[_Level], elements: int) -> bytes:
    """What opens the brackets again behind a cut, in places that mean the same to paths."""
    written: list[bytes] = []
    for level in stack:
        written += [level.key, bytes([level.bracket])]
        if level.bracket == _ARRAY:
            written.append(b"null," * min(level.commas, elements))
    innermost = stack[-1]
    if innermost.bracket == _OBJECT or not elements:
        written.append(_PLACEHOLDER[innermost.bracket] + b",")
    return b"".join(written)


def _ending(stack: Sequence[_Level]) -> bytes:
    """What closes the brackets at a cut."""
    closing = [_CLOSING[level.bracket] for level in reversed(stack)]
    return b"".join((b",", _PLACEHOLDER[stack[-1].bracket], *closing))
