"""Value pools: the words that masks are made of, by role, script and length.

All pools lie end to end in one `TextArray`, sorted by length within each pool, so that a hash picks a word
of about a wanted length by one addition and one modulo. Names and cities are tokens that occur in the world;
family words are invented (see data/build_pools.py). The data is frozen with `POOL_VERSION`: a newer Faker or
Python changes no mask.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.characters import characters
from testdata_assets.masking.hashing import Prf
from testdata_assets.masking.text_arrays import Codes, Positions, TextArray

POOL_VERSION = 1

SCRIPTS = ("latin", "accented", "cyrillic", "greek", "arabic", "hebrew", "devanagari", "thai")
SINGLE_SCRIPTS = ("han", "hangul", "katakana", "hiragana")  # words made of single characters
ALL_SCRIPTS = SCRIPTS + SINGLE_SCRIPTS
ROLES = ("first", "family", "city")
_UNICODE_NAMES = {
    "latin": "LATIN",
    "cyrillic": "CYRILLIC",
    "greek": "GREEK",
    "arabic": "ARABIC",
    "hebrew": "HEBREW",
    "devanagari": "DEVANAGARI",
    "thai": "THAI",
    "han": "CJK",
    "hangul": "HANGUL",
    "katakana": "KATAKANA",
    "hiragana": "HIRAGANA",
}
LONGEST = 14  # longer words are put together from pieces
PIECE = 7
_ENOUGH = 40  # words a draw should at least choose from, where the pool has them
_CORPUS = 32768
_MARGIN = 256

Sections = dict[str, tuple[str, ...]]


@cache
def _sections() -> Sections:
    text = files("testdata_assets.masking.data").joinpath("pools.txt").read_text(encoding="utf-8")
    version, *lines = text.splitlines()
    if version != f"version {POOL_VERSION}":
        raise ValueError("pools.txt is of another version than this code")
    sections: Sections = {}
    for heading, content in zip(lines[::2], lines[1::2], strict=True):
        label = heading.strip("[]")
        sections[label] = tuple(content) if label.startswith("singles") else tuple(content.split())
    return sections


def invented_words(script: str) -> list[str]:
    """Every invented word of a script: syllables and their products that are nobody's known name."""
    sections = _sections()
    heads, tails = sections[f"heads {script}"], sections[f"tails {script}"]
    avoid = set(sections[f"avoid {script}"])
    whole = (head + tail for head, tail in itertools.product(heads, tails))
    return [*heads, *(word for word in whole if word not in avoid)]


def _words_of(role: str, script: str) -> list[str]:
    sections = _sections()
    if script in SINGLE_SCRIPTS:
        part = "family" if role == "family" else "given"
        return list(sections.get(f"singles {script} {part}") or sections[f"singles {script}"])
    return invented_words(script) if role == "family" else list(sections[f"{role} {script}"])


@dataclass(frozen=True)
class Pools:
    """All pools.

    Attributes:
        words: Every word, pool after pool, shortest first.
        length: Characters of each.
        first, count: (pools, LONGEST + 1): range of words of about each length.
        single: Pools whose words are single characters.
        rest: Pool that a word's later characters come from, for pools of single characters.
        script_of: For each Unicode script number, the script's place in ALL_SCRIPTS, or -1.
    """

    words: TextArray
    length: Positions
    first: NDArray[np.uint64]
    count: NDArray[np.uint64]
    single: NDArray[np.bool_]
    rest: NDArray[np.int64]
    script_of: NDArray[np.int64]

    def entries(self, pool: NDArray[np.int64], size: Positions, draws: NDArray[np.uint64]) -> Positions:
        """Places of words of about some sizes (at most LONGEST) in pools, chosen by draws."""
        cell = pool * (LONGEST + 1) + size
        chosen: Positions = (self.first.ravel().take(cell) + draws % self.count.ravel().take(cell)).view(np.int64)
        return chosen

    @staticmethod
    def number(role: str, script: NDArray[np.int64]) -> NDArray[np.int64]:
        """Pool of a role in each script (places in ALL_SCRIPTS)."""
        return script + ROLES.index(role) * len(ALL_SCRIPTS)


@cache
def pools() -> Pools:
    """The pools, built once per process."""
    shape = (len(ROLES) * len(ALL_SCRIPTS), LONGEST + 1)
    first, count = np.zeros(shape, np.uint64), np.zeros(shape, np.uint64)
    words: list[str] = []
    for row, (role, script) in enumerate(itertools.product(ROLES, ALL_SCRIPTS)):
        pool = sorted(_words_of(role, script), key=len)
        lengths = np.array([len(word) for word in pool])
        for wanted in range(LONGEST + 1):
            low, high = _range(lengths, wanted)
            first[row, wanted], count[row, wanted] = len(words) + low, high - low
        words += pool
    singles = np.array([script in SINGLE_SCRIPTS for _, script in itertools.product(ROLES, ALL_SCRIPTS)])
    rest = np.arange(shape[0])
    family = Pools.number("family", np.arange(len(ALL_SCRIPTS)))
    rest[family] = np.where(singles[family], Pools.number("first", np.arange(len(ALL_SCRIPTS))), family)
    table = characters()
    script_of = np.full(256, -1, np.int64)
    for place, script in enumerate(ALL_SCRIPTS):
        if script in _UNICODE_NAMES:
            script_of[table.scripts[_UNICODE_NAMES[script]]] = place
    text = TextArray.from_strings(words)
    return Pools(text, text.lengths, first, count, singles, rest, script_of)


def _range(lengths: NDArray[np.int64], wanted: int) -> tuple[int, int]:
    """Words within one character of the wanted length; more if those are too few to choose from."""
    for slack in range(1, LONGEST + 1):
        low = int(np.searchsorted(lengths, wanted - slack, side="left"))
        high = int(np.searchsorted(lengths, wanted + slack, side="right"))
        if high - low >= min(_ENOUGH, len(lengths)):
            return low, high
    return 0, len(lengths)


@dataclass(frozen=True)
class Corpora:
    """Running text of invented words, one corpus per script, end to end.

    Attributes:
        codes: All corpora.
        starts: Positions where a sentence or word begins, corpus after corpus.
        first, count: For each script of ALL_SCRIPTS, its range in `starts`; slices up to `margin` long fit.
        margin: Characters that follow every start.
    """

    codes: Codes
    starts: Positions
    first: NDArray[np.uint64]
    count: NDArray[np.uint64]
    margin: int


@lru_cache(maxsize=32)
def corpora(scripts: tuple[int, ...] = tuple(range(len(ALL_SCRIPTS)))) -> Corpora:
    """The corpora of some scripts (places in ALL_SCRIPTS), made from the pools by a fixed stream when first wanted."""
    codes: list[Codes] = []
    starts: list[Positions] = []
    first, count = np.zeros(len(ALL_SCRIPTS), np.uint64), np.ones(len(ALL_SCRIPTS), np.uint64)
    for number in scripts:
        text, found = _corpus_starts(number)
        first[number], count[number] = sum(len(each) for each in starts), len(found)
        starts.append(found + sum(len(each) for each in codes))
        codes.append(text)
    return Corpora(np.concatenate(codes), np.concatenate(starts), first, count, _MARGIN)


@cache
def _corpus_starts(number: int) -> tuple[Codes, Positions]:
    """One script's corpus, and where slices of it may begin."""
    text = _corpus(ALL_SCRIPTS[number], number)
    found = np.flatnonzero((text[:-1] == 0x20) | (text[:-1] == 0x3002)) + 1
    if len(found) < 64:  # written without blanks: any place will do
        found = np.arange(len(text) - _MARGIN)
    return text, found[found + _MARGIN <= len(text)]


def _corpus(script: str, number: int) -> Codes:
    if script in SINGLE_SCRIPTS:
        sections = _sections()
        words = list(sections.get(f"singles {script} text") or sections[f"singles {script}"])
        stop, comma = ("。", "，") if script != "hangul" else (". ", ", ")
        glue, sentence = ("", 14) if script != "hangul" else ("", 12)
    else:
        words = [word for word in invented_words(script) if 3 <= len(word) <= 9]
        stop, comma, glue, sentence = ". ", ", ", " ", 9
    draws = Prf(b"testdata-assets free-text corpus"[:32]).blocks(np.arange(_CORPUS, dtype=np.uint64), number)
    pieces: list[str] = []
    size, begins = 0, True
    for word_draw, mark_draw in draws.tolist():
        word = words[word_draw % len(words)]
        end = mark_draw % (2 * sentence)
        pieces.append((word.capitalize() if begins else word) + (stop if end == 0 else comma if end < 3 else glue))
        begins = end == 0
        size += len(pieces[-1])
        if size >= _CORPUS:
            break
    return TextArray.from_strings(["".join(pieces)]).codes
