"""Shapes: what a value looks like without what it says, and masks in which nothing of production is left to read.

A shape keeps the number of characters, their classes and punctuation: `Xxxxx X'Xxxxxx`, `xxxx.9999@xxxx.xxx`,
`999.99`, `9999-99-99`. It can still tell which of a few values of different length it was.
"""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Any

_WORD = re.compile(r"[^\W_]+")
_PROSE_WORDS = 6  # from here on a text is prose, in which two words in a row tell something
_RUN = 2


class _Number(str):
    """A JSON number as it is written."""


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it is written: keys in order, also repeated ones."""


def shape(text: str) -> str:
    """The shape of a text: letters become X or x, digits 9, symbols and controls *; blanks and punctuation stay.

    >>> shape("Óscar O'Neill-42")
    "Xxxxx X'Xxxxx-99"
    """
    return "".join(map(_class_of, text))


def _class_of(character: str) -> str:
    if character in "\n\t\r":
        return character
    category = unicodedata.category(character)
    if category in ("Lu", "Lt"):
        return "X"
    if category[0] in "LM":
        return "x"
    if category[0] == "N":
        return "9"
    return character if category[0] in "PZ" or (category in ("Sm", "Sc") and character.isascii()) else "*"


def json_shape(text: str, known: Collection[str]) -> str:
    """The shape of a JSON document, leaf by leaf.

    Args:
        text: The document; what is none gets the shape of a text.
        known: Keys that the rules name and that may be shown; others become shapes.
    """
    document = _parsed(text)
    return shape(text) if document is _UNREADABLE else _written(document, document, known)


def masked_json(masked: str, raw: str, known: Collection[str]) -> str:
    """A masked JSON document in which every leaf that stayed is a shape."""
    after, before = _parsed(masked), _parsed(raw)
    if after is _UNREADABLE or before is _UNREADABLE:
        return without_words(masked, [raw])
    return _written(after, before, known)


def without_words(masked: str, raw: Iterable[str]) -> str:
    """A masked value in which every word that also stands in one of the raw ones is a shape."""
    return without(masked, words_of(raw))


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """The words of some texts."""
    return frozenset(word for text in texts for word in _WORD.findall(text))


def without(masked: str, words: Collection[str]) -> str:
    """A masked value in which some words are shapes."""
    return _WORD.sub(lambda match: shape(match[0]) if match[0] in words else match[0], masked)


def without_phrases(masked: str, raw: str) -> str:
    """Masked prose in which two or more words in a row that also follow each other in the raw text are shapes."""
    after, before = list(_WORD.finditer(masked)), _WORD.findall(raw)
    if len(after) < _PROSE_WORDS:
        return masked
    pairs = set(itertools.pairwise(before))
    hidden = {
        place + step
        for place, (one, two) in enumerate(itertools.pairwise(after))
        if (one[0], two[0]) in pairs
        for step in range(_RUN)
    }
    text, end = [], 0
    for place, match in enumerate(after):
        text += [masked[end : match.start()], shape(match[0]) if place in hidden else match[0]]
        end = match.end()
    return "".join([*text, masked[end:]])


_UNREADABLE = object()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_Number, parse_float=_Number, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return _UNREADABLE


def _written(after: Any, before: Any, known: Collection[str]) -> str:
    """A document as text, leaves that are the same on both sides as shapes."""
    if isinstance(after, _Pairs):
        others = before if isinstance(before, _Pairs) else _Pairs()
        parts = []
        for place, (key, value) in enumerate(after):
            other = others[place][1] if place < len(others) and others[place][0] == key else value
            parts.append(f"{_quoted(key if key in known else shape(key))}: {_written(value, other, known)}")
        return "{" + ", ".join(parts) + "}"
    if isinstance(after, list):
        elements = before if isinstance(before, list) and not isinstance(before, _Pairs) else []
        pairs = itertools.zip_longest(after, elements[: len(after)])
        items = [_written(value, value if other is None else other, known) for value, other in pairs]
        return "[" + ", ".join(items) + "]"
    stayed = type(after) is type(before) and after == before
    if after is None:
        return "null"
    if isinstance(after, bool):
        return "x" if stayed else json.dumps(after)
    if isinstance(after, _Number):
        return shape(after) if stayed else after
    return _quoted(shape(after) if stayed else after)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
