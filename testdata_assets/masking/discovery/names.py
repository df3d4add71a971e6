"""What names of columns and tables say: words, their meaning, and what the rest of the name makes of it.

`phone` says phone; `phone_type` says something about phones; `customer_name` says more than `name`, which says
nothing before one knows what the table is about.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from testdata_assets.masking.discovery import lexicon, lexicon_more, lexicon_roles

TableKind = Literal["person", "organisation", "thing", "other"]

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|\d+", re.UNICODE)
_SPELLINGS = str.maketrans({"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe"})
_LONGEST = 4  # words of a phrase
_SKELETON = 4  # letters of an abbreviation without vowels
_SHORT = 3  # letters of a word that must stand alone
_COMPOUND = 5  # letters a word must have to be looked for inside a compound
_LATER = frozenset({"company", "full_address", "free_text", "url", "region", "job_title"})
_NAMED_IDS = frozenset({"email", "national_id", "tax_id", "passport", "device_id", "phone"})
_CHECKSUMS = frozenset({"md5", "sha", "sha1", "sha256", "sha512", "crc", "crc32", "checksum", "etag", "digest"})
_ID_WORDS = frozenset({"id", "ids", "uuid", "guid", "key", "fk", "pk", "ref"})
_PLURALS = ("s", "es", "n", "en", "e")


@dataclass(frozen=True)
class NameSign:
    """What a column's name says.

    Attributes:
        category: Of personal data, or None where it names something about things.
        strong: Whether the name says so by itself.
        phrase: The words that said it.
    """

    category: str | None
    strong: bool
    phrase: str


@lru_cache(maxsize=65_536)
def words(name: str) -> tuple[str, ...]:
    """A name's words in lower case without accents: `KundenNr2` is kunden, nr, 2."""
    return tuple(_plain(part) for chunk in _CAMEL.split(name) for part in _WORD.findall(chunk))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_SPELLINGS))
    return "".join(char for char in folded if not unicodedata.combining(char))


@dataclass(frozen=True)
class _Lexicon:
    """Phrases run together to what they mean: (category, words in it); and stems by where a compound goes on."""

    phrases: Mapping[str, tuple[str, int]]
    heads: tuple[tuple[str, str], ...]  # the word begins with it
    tails: tuple[tuple[str, str], ...]  # the word ends with it


def _compile(entries: Mapping[str, str]) -> _Lexicon:
    phrases: dict[str, tuple[str, int]] = {}
    heads: list[tuple[str, str]] = []
    tails: list[tuple[str, str]] = []
    for category, text in entries.items():
        for entry in text.split():
            bare = entry.strip("*").strip("_")
            joined = bare.replace("_", "")
            phrases.setdefault(joined, (category, bare.count("_") + 1))
            if entry.endswith("*"):
                heads.append((joined, category))
            if entry.startswith("*"):
                tails.append((joined, category))
    longest = lambda pair: -len(pair[0])  # noqa: E731 - a key, used twice
    return _Lexicon(phrases, tuple(sorted(heads, key=longest)), tuple(sorted(tails, key=longest)))


@cache
def _strong() -> _Lexicon:
    return _compile(_joined(lexicon.STRONG, lexicon_more.STRONG, lexicon_roles.STRONG))


@cache
def _weak() -> _Lexicon:
    return _compile(_joined(lexicon.WEAK, lexicon_more.WEAK, lexicon_roles.WEAK))


def _joined(*all_of_them: Mapping[str, str]) -> dict[str, str]:
    """A category's words side by side; the order of categories is the first's."""
    categories = dict.fromkeys(category for each in all_of_them for category in each)
    return {category: " ".join(each.get(category, "") for each in all_of_them) for category in categories}


@cache
def _neutral() -> Mapping[str, int]:
    return {entry.strip("*_").replace("_", ""): entry.count("_") + 1 for entry in lexicon.NEUTRAL}


@cache
def _joined_heads() -> frozenset[str]:
    return frozenset(entry.replace("_", "") for entry in lexicon.HEADS)


@dataclass(frozen=True)
class _Match:
    category: str
    strong: bool
    count: int
    start: int
    end: int
    phrase: str

    @property
    def rank(self) -> tuple[bool, int, bool, int, int]:
        return (self.strong, self.count, self.category not in _LATER, self.end, len(self.phrase))


def read_name(name: str) -> NameSign | None:
    """What a column's name says; None where it says nothing known."""
    all_words = words(name)
    core = _core(all_words)
    if not core:
        return None
    matches = sorted(_matches(core), key=lambda match: match.rank, reverse=True)
    spelt_out = tuple(_spelt_out(word) for word in core)
    if spelt_out != core and not (matches and matches[0].strong and matches[0].count > 1):
        longer = sorted(_matches(spelt_out), key=lambda match: match.rank, reverse=True)
        if longer and (not matches or longer[0].rank > matches[0].rank):
            core, matches = spelt_out, longer
        elif not matches and _neutral_ending(core) is None and _neutral_ending(spelt_out) is not None:
            core = spelt_out
    if not matches and len(core) > 1 and core[-1] in lexicon.BY and _neutral_ending(core) is None:
        return NameSign("person_name", False, "_".join(core[-2:]))
    neutral = _neutral_ending(core)
    best = matches[0] if matches else None
    if best is None and neutral is None and set(core) & _CHECKSUMS:
        return NameSign(None, True, "checksum")
    if best is None:
        return NameSign(None, True, neutral[0]) if neutral else None
    if _is_about(core, best):
        return NameSign(None, True, "_".join(core))
    if neutral and _outweighs(neutral, best, len(core)):
        return NameSign(None, True, neutral[0])
    return NameSign(best.category, best.strong, best.phrase)


@lru_cache(maxsize=65_536)
def _spelt_out(word: str) -> str:
    """What an abbreviation stands for: a listed one, or a known word without its inner vowels (`hldr`, `cntct`)."""
    if word in lexicon.ABBREVIATIONS:
        return lexicon.ABBREVIATIONS[word]
    if len(word) < _SKELETON or _skeleton(word) != word:
        return word
    known = _skeletons()
    if word in known:
        return known[word]
    return next((full for bones, full in known.items() if len(word) > _SKELETON and bones.startswith(word)), word)


def _skeleton(word: str) -> str:
    """The first letter, then consonants, doubled ones once."""
    bones = word[0] + "".join(char for char in word[1:] if char not in "aeiou")
    return "".join(char for char, before in zip(bones, f" {bones}", strict=False) if char != before)


@cache
def _skeletons() -> Mapping[str, str]:
    """English words of the lexicon by what is left of them without vowels."""
    texts = [*lexicon.STRONG.values(), *lexicon.WEAK.values(), *lexicon.NEUTRAL, *sorted(lexicon.HEADS), *lexicon.TAILS]
    found: dict[str, str] = {}
    for text in texts:
        for word in re.findall(r"[a-z]{5,}", text):
            bones = _skeleton(word)
            if _SKELETON <= len(bones) < len(word):
                found.setdefault(bones, word)
    return found


def _outweighs(neutral: tuple[str, int], best: _Match, length: int) -> bool:
    """Whether a neutral ending says more than what looks personal before it.

    A weak sign yields to any; a strong one to a longer phrase, since values may still tell, and what is masked by
    mistake does less harm.
    """
    if not best.strong:
        return not _carries(best, neutral[0])
    if neutral[1] > best.count:
        return True
    return (best.end < length and neutral[1] == best.count > 1) or (best.end < length and best.category in _LATER)


def _carries(best: _Match, ending: str) -> bool:
    """`owner_label`, `agent_tag`: a word that says only how somebody is written down."""
    return best.category in ("person_name", "username") and ending in lexicon.CARRIERS


def _core(all_words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without numbers at the end; `address_2` is about the address."""
    end = len(all_words)
    while end > 1 and all_words[end - 1].isdigit() and "".join(all_words) not in _strong().phrases:
        end -= 1
    return all_words[:end]


def _matches(core: tuple[str, ...]) -> Iterator[_Match]:
    for start in range(len(core)):
        for end in range(start + 1, min(start + _LONGEST, len(core)) + 1):
            run = "".join(core[start:end])
            alone = _only_tails(core[:start] + core[end:])
            for table, strong in ((_strong(), True), (_weak(), False)):
                found = table.phrases.get(run) or (
                    table.phrases.get(f"{run[:-2]}nummer") if run.endswith("nr") else None
                )
                at_edge = len(run) > _SHORT - 1 and (start == 0 or end == len(core))
                if found is not None and (len(run) > _SHORT or alone or at_edge):
                    yield _Match(found[0], strong, max(found[1], end - start), start, end, "_".join(core[start:end]))
                elif end == start + 1:
                    category = _compound(run, table)
                    if category is not None:
                        yield _Match(category, strong, 1, start, end, run)


def _compound(word: str, table: _Lexicon) -> str | None:
    for stem, category in table.heads:
        if word.startswith(stem):
            return category
    for stem, category in table.tails:
        if word.endswith(stem):
            return category
    return None


def _only_tails(rest: Iterable[str]) -> bool:
    return all(word in lexicon.TAILS or word.isdigit() for word in rest)


def _is_about(core: tuple[str, ...], best: _Match) -> bool:
    """Whether the name is of something about personal data: a type, a count, a switch, a reference."""
    if core[0] in lexicon.OPENERS and best.start > 0:
        return True
    rest = core[best.end :]
    if not rest or (not best.strong and len(rest) == 1 and _carries(best, rest[0])):
        return False
    if rest[-1] in _ID_WORDS and best.category not in _NAMED_IDS:
        return True
    return any("".join(rest[-count:]) in _joined_heads() for count in (1, 2) if count <= len(rest))


def _neutral_ending(core: tuple[str, ...]) -> tuple[str, int] | None:
    """The longest neutral phrase the name ends with."""
    for count in range(min(_LONGEST, len(core)), 0, -1):
        run = "".join(core[-count:])
        if run in _neutral():
            return "_".join(core[-count:]), max(_neutral()[run], count)
    return None


@cache
def _table_words(kind: TableKind) -> frozenset[str]:
    lists = {
        "person": lexicon.PERSON_TABLES + lexicon_more.PERSON_TABLES + lexicon_roles.PERSON_TABLES,
        "organisation": lexicon.ORG_TABLES,
        "thing": lexicon.THING_TABLES,
    }
    return frozenset(lists.get(kind, ()))


def table_kind(name: str) -> TableKind:
    """What a table is about, as far as its name says: its last word first, then any word that names people."""
    parts = [word for word in words(name) if not word.isdigit()]
    if not parts:
        return "other"
    kinds: tuple[TableKind, ...] = ("thing", "person", "organisation")
    for kind in kinds:
        if parts[-1] in _table_words(kind):
            return kind
    for kind in ("person", "organisation"):
        for part in parts:
            if part in _table_words(kind):
                return kind
    for kind in kinds:
        for word in _table_words(kind):
            if len(word) >= _COMPOUND and any(part.endswith(word) for part in parts):
                return kind
    for word in _table_words("person"):
        if len(word) >= _COMPOUND and any(part.startswith(word) for part in parts):
            return "person"
    return "other"
