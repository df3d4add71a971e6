"""What was found in one column so far, and how much of it counts: what chance explains does not.

Matches are gathered by origin, strong and weak ones and numbers apart; `leaks.py` finds them and says which are which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import lgamma, log, log1p
from typing import Literal

import numpy as np
import numpy.typing as npt

from testdata_assets.masking.canonical import FIRST_CODE_TAG, MINIMUM_DIGITS, TAG_BITS
from testdata_assets.masking.sensitive import column_of
from testdata_assets.validation.report import Finding

Role = Literal["disjoint", "masked", "kept"]

INSIDE = " inside text"
TAGS = 1 << TAG_BITS
# So many hashes of one kind are remembered for a column.
REMEMBERED = 10_000

# Weak matches in a kept column count if this share of its different values match, and at least so many do.
_COPY_SHARE = 0.5
_COPY_VALUES = 5
# Numbers that match count as chance if so many were not less likely than this: short ones, long ones in texts, and
# long ones in columns of numbers, where ids are looked at by the million.
_CHANCE_SHORT, _CHANCE_LONG, _CHANCE_NUMBERS = 3e-4, 1e-2, 1e-3
_LONG_DIGITS = 10
# Of shared values: a column is a copy if nearly all its values match, and much of what production has is there.
_SHARED_MATCHED = 0.8
_SHARED_COVERED = 0.5
_SHARED_VALUES = 20


@dataclass
class ColumnHits:
    """What was found in one column or catalog object so far.

    Attributes:
        role: `disjoint` (masked, outputs promised disjoint), `masked` (otherwise), `kept`.
        related: Origins that share a domain with a `disjoint` column: it promises to hold none of their values.
        allowed: The column of the rules whose values that a condition keeps are no leak here; "" for none.
        numbers: Whether it is of a number type.
        strong: Matches by origin column and whether they were inside longer text.
        weak: Matches that may be chance, the same way.
        codes: Matches of long numbers, the same way and by the tag of their hash, which tells how many digits.
        code_hashes: Which numbers matched, by tag.
        expected: Of shape (32,), by tag: how many matches chance alone would bring.
        shared: Values that many people share and that matched, by origin.
        shared_rows: How many of the values looked at (`probed`) they were, by origin.
        shared_weights: How many rows have them, by origin.
        sizes: How many such values production has, by origin.
        located: Places among the values of what was found, the same way; None where nobody asks.
    """

    role: Role
    related: frozenset[str] = frozenset()
    allowed: str = ""
    numbers: bool = False
    probed: int = 0
    strong: Counter[tuple[str, bool]] = field(default_factory=Counter)
    weak: Counter[tuple[str, bool]] = field(default_factory=Counter)
    weak_values: int = 0
    weak_hashes: set[int] = field(default_factory=set)
    codes: Counter[tuple[str, bool, int]] = field(default_factory=Counter)
    code_hashes: dict[int, set[int]] = field(default_factory=dict)
    expected: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(TAGS))
    shared: dict[str, set[int]] = field(default_factory=dict)
    shared_rows: Counter[str] = field(default_factory=Counter)
    shared_weights: Counter[str] = field(default_factory=Counter)
    sizes: dict[str, int] = field(default_factory=dict)
    located: dict[tuple[str, bool], list[npt.NDArray[np.int64]]] | None = None

    def findings(self, table: str, column: str) -> list[Finding]:
        """The findings this column gives rise to, one for each kind."""
        kinds: Counter[str] = Counter()
        for place, count in self.counted().items():
            kinds[kind_of(*place)] += count
        return [Finding(table, column, kind, count) for kind, count in sorted(kinds.items())]

    def counted(self) -> Counter[tuple[str, bool]]:
        """Matches that count, by origin and whether inside text."""
        counted = Counter(self.strong)
        for (origin, inside, tag), count in self.codes.items():
            if self.own(origin) or not by_chance(
                len(self.code_hashes[tag]), float(self.expected[tag]), self.level(tag)
            ):
                counted[origin, inside] += count
        for place, count in self.weak.items():
            if self.copied or self.own(place[0]):
                counted[place] += count
        for origin, hashes in self.shared.items():
            covered = max(_SHARED_VALUES, _SHARED_COVERED * min(self.sizes[origin], REMEMBERED))
            if self.shared_rows[origin] >= _SHARED_MATCHED * self.probed and len(hashes) >= covered:
                counted[origin, False] += self.shared_weights[origin]
        return counted

    def level(self, tag: int) -> float:
        """How unlikely matches among numbers of a tag must be for them to count."""
        if self.numbers:
            return _CHANCE_NUMBERS
        long = tag >= FIRST_CODE_TAG + _LONG_DIGITS - MINIMUM_DIGITS
        return _CHANCE_LONG if long else _CHANCE_SHORT

    @property
    def places(self) -> set[tuple[str, bool]]:
        """Origins that matched, and whether inside longer text, be it by chance."""
        return {*self.strong, *self.weak, *((origin, inside) for origin, inside, _ in self.codes)}

    @property
    def copied(self) -> bool:
        """Whether so many weak matches are there that the column must be a copy."""
        return len(self.weak_hashes) >= _COPY_VALUES and self.weak_values >= _COPY_SHARE * self.probed

    def own(self, origin: str) -> bool:
        """Whether the column promised not to hold any value of an origin, be it one word."""
        return self.role == "disjoint" and origin in self.related

    def count_once(self) -> None:
        """Makes all that was found the findings of one row; shares of what was looked at stay as they are."""
        self.strong = Counter(dict.fromkeys(self.strong, 1))
        self.weak = Counter(dict.fromkeys(self.weak, 1))
        self.codes = Counter(dict.fromkeys(self.codes, 1))
        self.shared_weights = Counter(dict.fromkeys(self.shared_weights, 1))

    def merge(self, other: ColumnHits) -> None:
        self.probed += other.probed
        self.strong.update(other.strong)
        self.weak.update(other.weak)
        self.weak_values += other.weak_values
        self.codes.update(other.codes)
        # What is not remembered any more is not expected either: both stop at the same number of matches.
        full = [tag for tag, hashes in self.code_hashes.items() if len(hashes) >= REMEMBERED]
        expected = other.expected.copy()
        expected[full] = 0
        self.expected += expected
        for tag, hashes in other.code_hashes.items():
            remember(self.code_hashes.setdefault(tag, set()), hashes)
        self.shared_rows.update(other.shared_rows)
        self.shared_weights.update(other.shared_weights)
        self.sizes |= other.sizes
        for origin, hashes in other.shared.items():
            remember(self.shared.setdefault(origin, set()), hashes)
        remember(self.weak_hashes, other.weak_hashes)


def remember(known: set[int], more: Iterable[int]) -> None:
    """Adds hashes to those remembered, until there are enough."""
    if len(known) < REMEMBERED:
        known.update(more)


def kind_of(origin: str, inside: bool) -> str:
    """What a finding is called."""
    return f"value of {column_of(origin)}{INSIDE if inside else ''}"


def by_chance(found: int, expected: float, level: float) -> bool:
    """Whether as many matches as were found are no wonder: P(X >= found) above `level` for X Poisson(expected)."""
    if found == 0 or expected <= 0:
        return False
    if found <= expected:
        return True
    # The tail's first term, and how much all later ones add at most: a geometric series.
    first = found * log(expected) - expected - lgamma(found + 1)
    return first - log1p(-expected / (found + 1)) > log(level)
