"""Searching texts for production's own sensitive values by their fingerprints.

Each text is probed whole; in texts where something may be embedded, so are e-mail addresses, phone-like runs
of digits, words with digits in them, and two to four neighbouring words that look like a name or an address.

Precision is by design. A match that cannot be chance counts wherever it is: an e-mail address, ten digits,
several words. A `weak` match (one word, a short number) can be chance in a column kept by rule: the actor
Jackson is not the customer Jackson. There it counts only where most of the column's values match, as in a
copy of the column; in a masked column whose transformer promises disjoint outputs every match counts that
comes from a column of its own domain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from testdata_assets.masking.fingerprints import Fingerprints, Hashes
from testdata_assets.validation.report import Finding

Role = Literal["disjoint", "masked", "kept"]

EMAIL = r"[\p{L}\p{N}._%+'!#$&*/=?^`{|}~-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+"
PHONE_LIKE = r"\+?\(?[0-9][0-9 \u00a0().\-/]{5,}[0-9]"
_DELIMITER = r"[\s<>(),;:=/?&\"'\[\]{}|\\]"
_WORD = r"[\p{L}\p{N}][\p{L}\p{N}'’.@_&+-]*"
_MOST_WORDS = 4

# Weak matches in a kept column count if this share of its different values match, and at least so many do.
COPY_SHARE = 0.5
COPY_VALUES = 5
_REMEMBERED = 10_000
_STRONG_CHARACTERS = 8
_STRONG_DIGITS = 10
_PROSE_CHARACTERS = 25


@dataclass
class ColumnHits:
    """What was found in one column or catalog object so far.

    Attributes:
        role: `disjoint` (masked, outputs promised disjoint), `masked` (otherwise), `kept`.
        related: Origins that share a domain with a `disjoint` column: it promises to hold none of their values.
        allowed: Sorted fingerprints of values that a condition keeps in it.
        strong: Matches by origin column and whether they were inside longer text.
        weak: Matches that may be chance, the same way.
    """

    role: Role
    related: frozenset[str] = frozenset()
    allowed: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    probed: int = 0
    strong: Counter[tuple[str, bool]] = field(default_factory=Counter)
    weak: Counter[tuple[str, bool]] = field(default_factory=Counter)
    weak_values: int = 0
    weak_hashes: set[int] = field(default_factory=set)

    def findings(self, table: str, column: str) -> list[Finding]:
        """The findings this column gives rise to, one for each origin."""
        counted = Counter(self.strong)
        copied = len(self.weak_hashes) >= COPY_VALUES and self.weak_values >= COPY_SHARE * self.probed
        for place, count in self.weak.items():
            if copied or (self.role == "disjoint" and place[0] in self.related):
                counted[place] += count
        return [
            Finding(table, column, f"value of {origin}{' inside text' if inside else ''}", count)
            for (origin, inside), count in sorted(counted.items())
        ]

    def merge(self, other: ColumnHits) -> None:
        self.probed += other.probed
        self.strong.update(other.strong)
        self.weak.update(other.weak)
        self.weak_values += other.weak_values
        if len(self.weak_hashes) < _REMEMBERED:
            self.weak_hashes |= other.weak_hashes


class LeakDetector:
    """Probes texts against the fingerprints of one snapshot. Thread-safe.

    Args:
        fingerprints: Of the snapshot.
        prose: Origins `schema.table.column` whose values are prose: a few words out of them prove nothing
            when found as or inside another text.
        coinciding: Origins whose masks may equal real values by chance: they are looked for in what is kept
            only, and only strong matches count.
    """

    def __init__(
        self, fingerprints: Fingerprints, prose: Collection[str] = (), coinciding: Collection[str] = ()
    ) -> None:
        self._fingerprints = fingerprints
        self._prose = np.array([column in prose for column in fingerprints.columns], dtype=np.bool_)
        self._coinciding = np.array([column in coinciding for column in fingerprints.columns], dtype=np.bool_)
        self._empty = len(fingerprints.values) == 0
        fingerprints.contains(np.zeros(1, dtype=np.uint64))  # builds its bitmap before threads share it

    def probe(self, values: pl.Series, counts: pl.Series | None, hits: ColumnHits, *, embedded: bool) -> None:
        """Looks at texts and adds what it finds to `hits`.

        Args:
            values: String series without nulls.
            counts: Rows that have each value, where `values` are distinct; None where each stands for itself.
            hits: Of the column.
            embedded: Whether to look inside the texts for names and addresses, too.
        """
        if self._empty or values.len() == 0:
            return
        values = values.alias("v")
        rows = None if counts is None else counts.to_numpy()
        found = self._match(values, rows, hits, inside=False)
        hits.probed += found.eligible
        rest = values.filter(~pl.Series(found.mask)) if found.mask.any() else values
        self._match_inside(rest, hits, embedded=embedded)

    def _match_inside(self, values: pl.Series, hits: ColumnHits, *, embedded: bool) -> None:
        # Values that are nothing but an address or a number were probed whole.
        mixed = values.filter(values.str.contains("@", literal=True))
        mixed = mixed.filter(mixed.str.contains(_DELIMITER))
        if mixed.len():
            parts = mixed.str.extract_all(EMAIL).explode().drop_nulls().alias("v")
            self._match(parts.str.strip_chars_end(".'-"), None, hits, inside=True)
        mixed = values.filter(values.str.contains(PHONE_LIKE))
        mixed = mixed.filter(mixed.str.contains(r"[^0-9\s+().\-/]"))
        if mixed.len():
            parts = mixed.str.extract_all(PHONE_LIKE).explode().drop_nulls().alias("v")
            self._match(parts, None, hits, inside=True)
        if embedded:
            prose = values.filter(values.str.contains(r"\S\s+\S"))
            if prose.len():
                self._match(_phrases(prose), None, hits, inside=True, phrases=True)

    def _match(
        self,
        values: pl.Series,
        rows: npt.NDArray[np.int64] | None,
        hits: ColumnHits,
        *,
        inside: bool,
        phrases: bool = False,
    ) -> _Match:
        hashes = self._fingerprints.hash(values)
        eligible = hashes.is_not_null().to_numpy()
        plain = hashes.fill_null(0).to_numpy()
        mask = self._fingerprints.contains(plain) & eligible
        match = _Match(mask, int(eligible.sum()))
        if len(hits.allowed) and mask.any():
            places = np.flatnonzero(mask)
            mask = mask.copy()
            mask[places[np.isin(plain[places], hits.allowed)]] = False
        if not mask.any():
            return match
        found = plain[mask]
        origins = self._fingerprints.origins[np.searchsorted(self._fingerprints.values, found)]
        matched = values.filter(pl.Series(mask))
        strong = is_strong(matched) & ~(self._prose[origins] & _is_phrase(matched))
        weight = np.ones(len(found), dtype=np.int64) if rows is None else rows[mask]
        keep = np.ones(len(found), dtype=np.bool_)
        if phrases:
            keep &= strong
        if self._coinciding.any():
            keep &= ~self._coinciding[origins] | (strong if hits.role == "kept" else np.False_)
        found, origins, strong, weight = found[keep], origins[keep], strong[keep], weight[keep]
        for origin in np.unique(origins):
            name = self._fingerprints.columns[int(origin)]
            here = origins == origin
            if total := int(weight[here & strong].sum()):
                hits.strong[(name, inside)] += total
            if not inside and (total := int(weight[here & ~strong].sum())):
                hits.weak[(name, inside)] += total
        if not inside:
            weak = np.unique(found[~strong])
            hits.weak_values += int((~strong).sum()) if rows is None else len(weak)
            if len(hits.weak_hashes) < _REMEMBERED:
                hits.weak_hashes.update(int(each) for each in weak[:_REMEMBERED])
        return match


@dataclass(frozen=True)
class _Match:
    mask: npt.NDArray[np.bool_]
    eligible: int


def is_strong(values: pl.Series) -> npt.NDArray[np.bool_]:
    """Which values are too particular to turn up by chance.

    E-mail addresses; ten digits and more; otherwise eight characters and more that are several words or mix
    letters with digits. One word and short numbers are not.
    """
    v = pl.col("v")
    digits = v.str.count_matches(r"\d")
    letters = v.str.contains(r"\p{L}")
    several = v.str.contains(r"\S\s+\S")
    long_enough = v.str.len_chars() >= _STRONG_CHARACTERS
    strong = (
        v.str.contains(r"^\S+@\S+\.\S+$")
        | (digits >= _STRONG_DIGITS)
        | (long_enough & letters & (several | (digits > 0)))
    )
    return values.alias("v").str.strip_chars().to_frame().select(strong.alias("s")).to_series().to_numpy().copy()


def _is_phrase(values: pl.Series) -> npt.NDArray[np.bool_]:
    """Which values are a few plain words, as anybody may write."""
    few = values.str.len_chars() < _PROSE_CHARACTERS
    return (few & ~values.str.contains(r"[\d@]")).to_numpy()


def _phrases(values: pl.Series) -> pl.Series:
    """Words of letters and digits, and two to four neighbouring words that begin or end like a name or an address.

    Without a digit at either end, both end words must not begin with a small letter: `Mary van Dyke`, not
    `thank you very much`.
    """
    words = (
        values.to_frame()
        .with_row_index("row")
        .select("row", pl.col("v").str.extract_all(_WORD))
        .explode("v")
        .drop_nulls()
        .with_columns(pl.col("v").str.strip_chars_end(".'’-_&+"))
        .with_columns(
            digit=pl.col("v").str.contains(r"\d"),
            title=~pl.col("v").str.contains(r"^\p{Ll}"),
        )
    )
    mixed = pl.col("digit") & pl.col("v").str.contains(r"\p{L}") & (pl.col("v").str.len_chars() >= 6)
    found = [words.filter(mixed).get_column("v")]
    phrase = pl.col("v")
    for length in range(2, _MOST_WORDS + 1):
        phrase = phrase + " " + pl.col("v").shift(-(length - 1))
        last = -(length - 1)
        fits = (pl.col("row") == pl.col("row").shift(last)) & (
            (pl.col("title") & pl.col("title").shift(last))
            | pl.col("digit")
            | pl.col("digit").shift(last).fill_null(False)
        )
        chosen = words.select(phrase.alias("v"), fits.alias("fits")).filter(pl.col("fits"))
        found.append(chosen.get_column("v"))
    return pl.concat(found).alias("v")
