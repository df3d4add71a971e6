"""What JSON, URLs and HTML write for characters that may not stand for themselves, put back.

Every different escape is decoded once and then replaced in all texts, so that no text is looked at alone. Escapes may
be escaped again, as in a URL inside a URL: a few rounds undo that.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

import polars as pl

_TAIL = "%[89ABab][0-9A-Fa-f]"
# A character of UTF-8, else one byte of an older encoding, else the way JavaScript's escape() wrote them.
_PERCENT = (
    rf"%[0-7][0-9A-Fa-f]|%[CDcd][0-9A-Fa-f]{_TAIL}|%[Ee][0-9A-Fa-f](?:{_TAIL}){{2}}|%[Ff][0-7](?:{_TAIL}){{3}}"
    r"|%[89A-Fa-f][0-9A-Fa-f]|%u[0-9A-Fa-f]{4}"
)
_ENTITY = r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[Xx][0-9A-Fa-f]{1,6});"
_UNICODE = r"\\u[0-9A-Fa-f]{4}"
# Whatever the rounds below change.
ESCAPED = rf"%(?:[0-9A-Fa-f]{{2}}|u[0-9A-Fa-f]{{4}})|\\[nrtbfu\"/\\]|{_ENTITY}"
_ROUNDS = 3
_BLANK_BEFORE = 0x20  # control characters


def without_escapes(values: pl.Series) -> pl.Series:
    """Texts with their escapes put back; what none can be read from stays.

    Args:
        values: String series without nulls.
    """
    values = values.alias("v")
    for _ in range(_ROUNDS):
        values = values.str.replace_all(r"\\\\+", "\\", literal=False)
        values = _replaced(values, _UNICODE, _of_code).str.replace_all(r"\\[nrtbf]", " ")
        values = without_entities(_replaced(values, _PERCENT, _of_percent))
        if not values.str.contains(ESCAPED).any():
            break
    return values


def without_entities(values: pl.Series) -> pl.Series:
    """Texts with the characters that entities of HTML and XML stand for; unknown ones stay."""
    return _replaced(values, _ENTITY, html.unescape)


def _replaced(values: pl.Series, pattern: str, meaning: Callable[[str], str]) -> pl.Series:
    """Texts with each different match of a pattern replaced by its meaning, the longest of those that begin alike."""
    found = values.str.extract_all(pattern).explode().drop_nulls().unique()
    if found.len() == 0:
        return values
    escapes = sorted(found.to_list(), key=len, reverse=True)  # characters at most, of which there are not too many
    return values.str.replace_many(escapes, [_visible(meaning(each)) for each in escapes], leftmost=True)


def _of_percent(escape: str) -> str:
    if escape[1] == "u":
        return _of_code(escape)
    raw = unquote_to_bytes(escape)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1") if len(raw) == 1 else " "


def _of_code(escape: str) -> str:
    code = int(escape[2:], 16)
    return " " if 0xD800 <= code < 0xE000 else chr(code)  # half of a pair


def _visible(text: str) -> str:
    """No control characters, which a text of Postgres may not even hold."""
    return "".join(" " if ord(each) < _BLANK_BEFORE else each for each in text)
