"""What a text column repeats of its own row: a slug of the title, a login of the name, a note that names its person.

Each value is held against another column of the same row, and then against the same column some rows further.
What agrees in the row clearly more often than by chance is no chance, whatever the column is called and however few
its values are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_LEAST_HITS = 3
_LEAST_LETTERS = 3
_LEAST_PREFIX = 5  # characters a longer value must share with a shorter one to be made of it
_LEAST_CUT = 24  # characters of a value that is the beginning of another: shorter ones are brands and the like
_SHIFTS = 8
_LOOKED_AT = 200  # values of a column, texts that may quote them
_LEAST_QUOTED = 6  # letters and digits
_SOME_QUOTE = 0.1  # share of texts
_MADE = 0.3  # share of rows from which on a column counts as made of another
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Echo:
    """How often a column agrees with another one of its row.

    Attributes:
        source: The other column.
        share: Of rows that have both.
        made: The value is made of the other one, not only quotes it.
        slug: It is the other one in lower-case letters and digits with hyphens, nothing else.
    """

    source: str
    share: float
    made: bool
    slug: bool = False


def echo(pairs: Pairs, source: str, *, whole: bool = False) -> Echo | None:
    """Whether the first values of pairs repeat the second ones.

    Args:
        pairs: Values of rows that have both.
        source: Name of the second column.
        whole: The second values are numbers and the like, quoted whole or not at all.
    """
    made = _share(pairs, is_made_of)
    if made is not None and made >= _MADE:
        slugs = sum(1 for mine, theirs in pairs if slug(theirs) == mine) / len(pairs)
        return Echo(source, made, made=True, slug=slugs >= 0.9)
    quoted = _share(pairs, quotes_whole if whole else quotes)
    return Echo(source, quoted, made=False) if quoted is not None else None


def _share(pairs: Pairs, test: Callable[[str, str], bool]) -> float | None:
    """The share of rows that pass, or None where rows put together by chance pass about as often."""
    hits = sum(1 for mine, theirs in pairs if test(mine, theirs))
    if hits < _LEAST_HITS:
        return None
    by_chance = tried = 0
    for part in range(1, _SHIFTS + 1):
        shift = part * len(pairs) // (_SHIFTS + 1)
        for place, (mine, theirs) in enumerate(pairs):
            other = pairs[(place + shift) % len(pairs)][1]
            if other != theirs:
                tried += 1
                by_chance += test(mine, other)
    expected = by_chance / tried * len(pairs) if tried else float(hits)
    return hits / len(pairs) if hits >= 3 * expected + 2 else None


@lru_cache(maxsize=65_536)
def folded(text: str) -> str:
    """Lower case without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(char for char in plain if not unicodedata.combining(char))


@lru_cache(maxsize=65_536)
def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, folded(text)))


@lru_cache(maxsize=65_536)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(folded(text)))


@lru_cache(maxsize=65_536)
def slug(text: str) -> str:
    """As the transformer template's filter of that name."""
    return re.sub("[^a-z0-9]+", "-", folded(text)).strip("-")


def is_made_of(mine: str, theirs: str) -> bool:
    """Whether a value is another one rewritten: its case, order and punctuation, cut, shortened or numbered."""
    one, other = _bare(mine), _bare(theirs)
    if len(one) < _LEAST_LETTERS or len(other) < _LEAST_LETTERS or not any(map(str.isalpha, other)):
        return False
    if one == other or (len(other) >= _LEAST_PREFIX and one.startswith(other)):
        return True
    if len(one) >= _LEAST_CUT and other.startswith(one):
        return True
    words = [word for word in _words(theirs.partition("@")[0]) if len(word) > 1]
    own = _words(mine)
    if len(own) > 1 and len(words) > 1:
        initials = {word[0] for word in words}
        said = [word for word in own if word in words]
        return bool(said) and all(word in words or (len(word) == 1 and word in initials) for word in own)
    return len(own) == 1 and _is_login(one.rstrip("0123456789"), words)


def _is_login(login: str, words: Sequence[str]) -> bool:
    """`jdoe`, `johnd`, `johndoe` of `John Doe`."""
    if not 2 <= len(words) <= 4 or len(login) < _LEAST_LETTERS:
        return False
    return any(
        login in (one + other, one[0] + other, other + one[0]) for one in words for other in words if one != other
    )


def quotes(mine: str, theirs: str) -> bool:
    """Whether a text holds a word of another one (or an e-mail address's local part) among its own."""
    if "@" in theirs:
        return folded(theirs).partition("@")[0] in folded(mine)
    own = set(_words(mine))
    return any(len(word) >= _LEAST_LETTERS and word in own for word in _words(theirs))


def quotes_whole(mine: str, theirs: str) -> bool:
    """Whether a text holds all letters and digits of another one together."""
    other = _bare(theirs)
    return len(other) >= _LEAST_PREFIX and other in _bare(mine)


def quotable(values: Sequence[str]) -> list[str]:
    """Values long enough to be told inside others, without accents and in lower case."""
    return [folded(value) for value in values[:_LOOKED_AT] if len(_bare(value)) >= _LEAST_QUOTED]


def quoting(texts: Sequence[str], sources: Sequence[tuple[str, Sequence[str]]]) -> str | None:
    """The name of the first source whose values many texts hold, as what they are or between other words.

    Args:
        texts: Sampled values.
        sources: Names with values as `quotable` gives them.
    """
    looked_at = [folded(text) for text in texts[:_LOOKED_AT]]
    for name, values in sources:
        hits = sum(any(value in text for value in values) for text in looked_at)
        if hits >= max(_LEAST_HITS, _SOME_QUOTE * len(looked_at)):
            return name
    return None
