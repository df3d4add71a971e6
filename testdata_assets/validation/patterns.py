"""Searching kept columns, kept JSON leaves and catalog text for what looks like personal data, whoever's it is.

E-mail addresses, phone numbers and public addresses of the internet; payment cards, bank accounts and personal
numbers; keys and tokens. Each kind has its own module (`pattern_*.py`), which says what counts and what does not.
One pass with the beginnings of all forms as one regular expression finds the few texts worth a closer look.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from testdata_assets.production.catalog import Column
from testdata_assets.validation import pattern_addresses, pattern_numbers, pattern_tokens
from testdata_assets.validation.pattern_addresses import (
    MORE_PHONES,
    MOST_PHONES,
    NETWORKS,
    count_addresses,
    count_emails,
    count_ips,
    count_macs,
    phone_candidates,
)
from testdata_assets.validation.pattern_chance import Chance
from testdata_assets.validation.pattern_numbers import (
    CARD_LEVEL,
    ID_LEVEL,
    LUHN_BY_CHANCE,
    TOLD_LEVEL,
    bare_and_mixed,
    count_cards,
    count_ibans,
    count_ids,
    kinds_by_chance,
    words_of,
)
from testdata_assets.validation.pattern_tokens import count_tokens
from testdata_assets.validation.report import Finding

_ANYTHING = "|".join(
    f"(?:{each})" for each in (*pattern_addresses.PREFILTER, *pattern_numbers.PREFILTER, *pattern_tokens.PREFILTER)
)
_VERSIONS_SHARE = 0.1  # with more of them, four numbers with dots are versions in this column
# In a column of numbers, ids and amounts, most must pass beside being more than chance: an uneven step between ids
# favours some check digits.
NUMBER_TYPES = frozenset({"int4", "int8", "numeric", "float4", "float8", "money"})
_NUMBERS_SHARE = 0.5
_NUMBERS_LEVEL = 1e-6
_CARD_NAMES = r"cards?|pan|ccn?|cc ?num(?:ber)?|kreditkarte|carte"


@dataclass
class PatternHits:
    """What was found in one column or catalog object so far.

    Attributes:
        column: What it is called and what type it has; None for texts of objects.
        counts: Rows by kind, of what is sure.
        phones: Valid numbers.
        phones_checked: Candidates put to the library.
        versions: Rows with four numbers with dots that are no addresses.
        chances: Bare numbers by kind.
    """

    column: Column | None = None
    counts: Counter[str] = field(default_factory=Counter)
    phones: set[str] = field(default_factory=set, repr=False)
    phones_checked: int = 0
    versions: int = 0
    chances: dict[str, Chance] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def findings(self, table: str, column: str) -> list[Finding]:
        """The findings this column gives rise to, one for each kind."""
        found = Counter(self.counts)
        found["phone"] += len(self.phones)
        if self.versions > _VERSIONS_SHARE * found["ip address"]:
            del found["ip address"]
        expected = {"card": LUHN_BY_CHANCE, **kinds_by_chance()}
        for kind, numbers in self.chances.items():
            named = bool(_said_by(column, _CARD_NAMES if kind == "card" else words_of(kind)))
            if self._of_numbers:
                level = CARD_LEVEL if named else _NUMBERS_LEVEL
                found[kind] += numbers.rows_beyond(expected[kind], level, _NUMBERS_SHARE)
            else:
                level = CARD_LEVEL if kind == "card" else TOLD_LEVEL if named else ID_LEVEL
                found[kind] += numbers.rows_beyond(expected[kind], level)
        return [Finding(table, column, kind, count) for kind, count in sorted(found.items()) if count]

    @property
    def element_type(self) -> str:
        """The type of its values, or of the elements of its arrays."""
        return "" if self.column is None else self.column.base_type.removeprefix("_")

    @property
    def name(self) -> str:
        """What the column is called, as words."""
        return "" if self.column is None else spaced(self.column.name)

    @property
    def _of_numbers(self) -> bool:
        return self.element_type in NUMBER_TYPES

    @property
    def anything(self) -> bool:
        """Whether there was anything at all, chance or not."""
        return bool(self.counts.total() or self.phones_checked or self.chances)

    def chance(self, kind: str) -> Chance:
        """The bare numbers of a kind."""
        with self._lock:
            return self.chances.setdefault(kind, Chance())

    def phones_left(self) -> int:
        """How many candidates of one more block may be put to the library."""
        with self._lock:
            return max(MOST_PHONES - self.phones_checked, MORE_PHONES)

    def add(self, counts: Counter[str], phones: set[str], checked: int, versions: int) -> None:
        with self._lock:
            self.counts.update(counts)
            self.phones |= phones
            self.phones_checked += checked
            self.versions += versions


def look(values: pl.Series, counts: pl.Series | None, hits: PatternHits, *, emails_only: bool = False) -> None:
    """Looks at texts and adds what it finds.

    Args:
        values: String series without nulls.
        counts: Rows that have each value, where `values` are distinct; else None.
        hits: Of the column.
        emails_only: For columns masked in part, whose masked parts hold phones and cards of our own making.
    """
    found: Counter[str] = Counter()
    phones: set[str] = set()
    checked = versions = 0
    if hits.element_type in NETWORKS:  # nothing but addresses
        network = _frame(values, counts)
        kind, count = count_macs(network) if hits.element_type.startswith("mac") else count_addresses(network)
        found[kind] = count
        hits.add(found, phones, 0, 0)
        return
    mails = _chosen(values, counts, values.str.contains("@", literal=True))
    if mails is not None:
        found["email"] = count_emails(mails)
    frame = None if emails_only else _chosen(values, counts, values.str.contains(_ANYTHING))
    if frame is not None:
        bare, mixed = bare_and_mixed(frame)
        found["card"] = count_cards(bare, mixed, hits.chance)
        found.update(count_ids(bare, mixed, hits.chance))
        if mixed.height:
            candidates = phone_candidates(mixed)[: hits.phones_left()]
            phones = {number for each in candidates if (number := pattern_addresses.valid_phone(*each))}
            checked = len(candidates)
            found["iban"] = count_ibans(mixed)
            found["ip address"], versions = count_ips(mixed, hits.name)
            found.update(count_tokens(mixed, hits.name))
    hits.add(found, phones, checked, versions)


def may_hold(values: pl.Series) -> pl.Series:
    """Which texts may hold something: a cheap look, to be followed by a closer one."""
    return values.str.contains("@", literal=True) | values.str.contains(_ANYTHING)


def _chosen(values: pl.Series, counts: pl.Series | None, flags: pl.Series) -> pl.DataFrame | None:
    """Some of the texts, with the rows of each; None for none."""
    if not flags.any():
        return None
    return _frame(values, counts).filter(flags)


def _frame(values: pl.Series, counts: pl.Series | None) -> pl.DataFrame:
    """Texts with the rows of each."""
    rows = pl.Series("n", np.ones(values.len(), np.int64)) if counts is None else counts.alias("n")
    return pl.DataFrame([values.alias("v"), rows])


def spaced(name: str) -> str:
    """A name as words: `clientIp` and `client_ip` are `client Ip` and `client ip`."""
    return re.sub(r"[\W_]+|(?<=[a-z])(?=[A-Z])", " ", name)


def _said_by(name: str, words: str) -> bool:
    """Whether a column's name calls its values so."""
    return re.search(rf"\b(?:{words})\b", spaced(name), re.IGNORECASE) is not None
