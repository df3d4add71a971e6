"""Searching texts for production's own sensitive values by their fingerprints.

Each text is probed whole; in texts where something may be embedded, so is every run of up to thirteen words, and longer
ones that open like a longer value, in canonical form (`masking/canonical.py`): an address, a name or a number is found
whatever its case, its punctuation, the order of its words or the grouping of its digits.

Precision is by design. A match that cannot be chance counts wherever it is: an e-mail address, several words of which
one is not everyday language (`common_words.py`). A `weak` match (one word, a short number) can be chance in a column
kept by rule: the actor Jackson is not the customer Jackson. There it counts only where most of the column's values
match, as in a copy of the column; in a masked column whose transformer promises disjoint outputs every match counts
that comes from a column of its own domain. Long numbers (`codes`) match by chance where ids are dense: they count if
there are more than chance explains, given how many were looked at and how full of production's numbers that range is.
Values that many people share (first names) are nobody's by themselves: only a copy of such a column counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl

from testdata_assets.masking.canonical import (
    FIRST_CODE_TAG,
    LOCAL_TAG,
    MINIMUM_DIGITS,
    OPENING_TAG,
    Filter,
    Runs,
    as_national,
    longer_runs,
    probes,
    runs,
)
from testdata_assets.masking.fingerprints import Fingerprints, Hashes
from testdata_assets.masking.sensitive import members, members_of
from testdata_assets.validation.column_hits import REMEMBERED, TAGS, ColumnHits, Role, remember
from testdata_assets.validation.common_words import telling
from testdata_assets.validation.escapes import ESCAPED, without_escapes

_PHONE_LIKE = r"\+?\(?[0-9][0-9 \u00a0().\-/]{5,}[0-9]"
_DELIMITER = r"[\s<>(),;:=/?&\"'\[\]{}|\\]"
_STRONG_CHARACTERS = 8
_CODE_DIGITS = 9
_FIRST_STRONG_TAG = FIRST_CODE_TAG + _CODE_DIGITS - MINIMUM_DIGITS
_PROSE_CHARACTERS = 25
_MANY_CODES = 1000  # a block with so many may be a column of ids that are dense where production's numbers are
_NONE_TOLD: npt.NDArray[np.int64] = np.empty(0, np.int64)
# By how much digits are turned to look at a number's neighbours.
_TURNS = (3, 7)


class LeakDetector:
    """Probes texts against the fingerprints of one snapshot. Thread-safe.

    Args:
        fingerprints: Of the snapshot.
        prose: Origins `schema.table.column` whose values are prose: a few words out of them prove nothing
            when found as or inside another text.
        coinciding: Origins whose masks may equal real values by chance: they are looked for in what is kept
            only, and only strong matches count.
        shared: Origins whose values many people share, each with its column of the table that rules name: they are
            looked for in what is kept only, and count only in a copy of that column.
    """

    def __init__(
        self,
        fingerprints: Fingerprints,
        prose: Collection[str] = (),
        coinciding: Collection[str] = (),
        shared: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._fingerprints = fingerprints
        self._shared = np.array([column in shared for column in fingerprints.columns], dtype=np.bool_)
        by_origin = dict(zip(fingerprints.columns, fingerprints.tags.sum(axis=1).tolist(), strict=True))
        self._sizes: Counter[str] = Counter()
        for origin, column in shared.items():
            self._sizes[column] += by_origin.get(members_of(origin), 0)
        self._prose = np.array([column in prose for column in fingerprints.columns], dtype=np.bool_)
        self._coinciding = np.array([column in coinciding for column in fingerprints.columns], dtype=np.bool_)
        self._empty = len(fingerprints) == 0
        wanted = fingerprints.filter
        without_locals = wanted.kinds.copy()
        without_locals[LOCAL_TAG] = 0
        self._anything = wanted
        self._in_masked = Filter(wanted.bits, wanted.shift, without_locals, nationals=False)
        digits = np.arange(TAGS) - FIRST_CODE_TAG + MINIMUM_DIGITS
        # How likely one number of so many digits is to be among those of production that are looked for.
        space = np.where(digits < MINIMUM_DIGITS, np.inf, 9.0 * 10.0 ** (digits - 1.0))
        self._density_kept: npt.NDArray[np.float64] = fingerprints.tags.sum(axis=0) / space
        self._density_masked: npt.NDArray[np.float64] = fingerprints.tags[~self._coinciding].sum(axis=0) / space

    def probe(self, values: pl.Series, counts: pl.Series | None, hits: ColumnHits, *, embedded: bool) -> None:
        """Looks at texts, whole and inside, and adds what it finds to `hits`.

        Args:
            values: String series without nulls.
            counts: Rows that have each value, where `values` are distinct; None where each stands for itself.
            hits: Of the column.
            embedded: Whether to look inside the texts for names and addresses, too.
        """
        found = self.probe_whole(values, counts, hits)
        self.probe_inside(values, counts, hits, embedded=embedded, known=found)

    def probe_whole(
        self, values: pl.Series, counts: pl.Series | None, hits: ColumnHits
    ) -> npt.NDArray[np.bool_] | None:
        """Looks at texts as they are; returns which were found, or None for none."""
        if self._empty or values.len() == 0:
            return None
        values = values.alias("v")
        plain, at_home = probes(values, self._fingerprints.seed)
        eligible = plain != 0
        hits.probed += int(eligible.sum())
        tags = _tags_of(plain)
        expected = np.bincount(tags[eligible], minlength=TAGS) * self._density(hits.role)
        mask: npt.NDArray[np.bool_] = self._fingerprints.contains(plain) & eligible
        if hits.role == "kept":  # elsewhere a mask may be somebody's number in another country
            numbers = np.flatnonzero((tags >= FIRST_CODE_TAG) & ~mask)
            expected += np.bincount(_tags_of(at_home[at_home != 0]), minlength=TAGS) * self._density(hits.role)
            for others in (as_national(plain[numbers], self._fingerprints.seed), at_home[numbers]):
                more = self._fingerprints.contains(others) & (others != 0)
                plain[numbers[more]] = others[more]
                mask[numbers[more]] = True
            tags = _tags_of(plain)
        codes = tags >= _FIRST_STRONG_TAG
        if int(codes.sum()) >= _MANY_CODES and (codes & mask).any():
            expected = np.maximum(expected, self._neighbours(values.filter(pl.Series(codes)), hits.role))
        hits.expected += expected
        if not mask.any():
            return None
        weight = np.ones(len(plain), np.int64) if counts is None else counts.to_numpy()
        places = self._not_allowed(np.flatnonzero(mask), plain, hits)
        if len(places):
            matched = values.gather(pl.Series(places))
            strong = is_strong(matched) | (tags[places] >= _FIRST_STRONG_TAG)
            self._count(plain[places], matched, strong, places, weight[places], hits, inside=False)
        return mask

    def _density(self, role: Role) -> npt.NDArray[np.float64]:
        return self._density_kept if role == "kept" else self._density_masked

    def _neighbours(self, values: pl.Series, role: Role) -> npt.NDArray[np.float64]:
        """By tag, how many numbers match that differ from these in their last three digits: what chance brings here.

        Numbers are not spread evenly: where production's are dense, so are matches of ids that have nothing to do
        with them.
        """
        bare = pl.col("v").str.replace(r"[^0-9]+$", "")
        start, end = bare.str.head(-3), bare.str.tail(3)
        seed = self._fingerprints.seed
        total = np.zeros(TAGS)
        for turn in _TURNS:
            turned = end.str.replace_many(list("0123456789"), [str((digit + turn) % 10) for digit in range(10)])
            others = values.alias("v").to_frame().select((start + turned).alias("v")).to_series()
            plain, at_home = probes(others, seed)
            every = np.concatenate((plain, as_national(plain, seed), at_home)) if role == "kept" else plain
            every = every[self._fingerprints.contains(every) & (every != 0)]
            if role != "kept":
                every = every[~self._coinciding[self._fingerprints.origins_of(every)]]
            total += np.bincount(_tags_of(every), minlength=TAGS)
        # Neighbours are drawn by chance, too: two standard deviations of their mean are allowed for.
        found: npt.NDArray[np.float64] = (total + 2 * np.sqrt(total)) / len(_TURNS)
        return found

    def probe_inside(
        self,
        values: pl.Series,
        counts: pl.Series | None,
        hits: ColumnHits,
        *,
        embedded: bool,
        known: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Looks for values inside texts.

        Args:
            values: String series without nulls.
            counts: Rows that have each value; None where each stands for itself.
            hits: Of the column.
            embedded: Whether anything at all is looked for; else only addresses of e-mail and long numbers.
            known: Which were found as they are: what is inside those tells nothing more.
        """
        if self._empty or values.len() == 0:
            return
        frame = values.alias("v").to_frame().with_row_index("r")
        frame = frame.with_columns(pl.lit(1, pl.Int64).alias("n") if counts is None else counts.alias("n"))
        if known is not None:
            frame = frame.filter(pl.Series(~known))
        if not embedded:
            # Values that are nothing but an address or a number were probed whole.
            address = pl.col("v").str.contains("@", literal=True) & pl.col("v").str.contains(_DELIMITER)
            number = pl.col("v").str.contains(_PHONE_LIKE) & pl.col("v").str.contains(r"[^0-9\s+().\-/]")
            frame = frame.filter(address | number)
        if frame.height == 0:
            return
        told = self._runs(frame, hits, _NONE_TOLD, embedded=embedded)
        undone = frame.filter(pl.col("v").str.contains(ESCAPED))
        if undone.height:
            self._runs(undone.with_columns(without_escapes(undone.get_column("v"))), hits, told, embedded=embedded)

    def _runs(
        self, frame: pl.DataFrame, hits: ColumnHits, told: npt.NDArray[np.int64], *, embedded: bool
    ) -> npt.NDArray[np.int64]:
        """Looks at runs of words; adds what was not told before, and returns what it found.

        What is found is told by its row and origin, both in one number.
        """
        values = frame.get_column("v")
        wanted = self._anything if embedded and hits.role == "kept" else self._in_masked
        found = runs(values, self._fingerprints.seed, wanted)
        hits.expected += found.codes * self._density(hits.role)
        found = self._of_production(found, hits)
        openings = _tags_of(found.hashes) == OPENING_TAG
        if openings.any():
            longer = found.chosen(np.flatnonzero(openings if embedded else np.zeros(0, np.bool_)))
            found = found.chosen(np.flatnonzero(~openings))
            if len(longer.rows):
                longer = longer_runs(longer, self._fingerprints.seed, wanted)
                found = found.joined(self._of_production(longer, hits))
        if not len(found.rows):
            return _NONE_TOLD
        matched = found.texts()
        tags = _tags_of(found.hashes)
        strong = is_strong(matched) | (tags == LOCAL_TAG) | (tags >= _FIRST_STRONG_TAG)
        if not embedded:
            address = matched.str.contains("@", literal=True).to_numpy()
            strong &= address | (tags >= FIRST_CODE_TAG)
        rows = frame.get_column("r").to_numpy().astype(np.int64)[found.rows]
        places = rows * len(self._fingerprints.columns) + self._fingerprints.origins_of(found.hashes)
        kept = np.flatnonzero(strong & ~np.isin(places, told))
        self._count(
            found.hashes[kept],
            matched.gather(pl.Series(kept)),
            np.ones(len(kept), np.bool_),
            rows[kept],
            frame.get_column("n").to_numpy()[found.rows[kept]],
            hits,
            inside=True,
        )
        return places[kept]

    def _of_production(self, found: Runs, hits: ColumnHits) -> Runs:
        """Those runs that are production's, and not kept by rule."""
        places = np.flatnonzero(self._fingerprints.contains(found.hashes))
        return found.chosen(self._not_allowed(places, found.hashes, hits))

    def _not_allowed(self, places: npt.NDArray[np.int64], hashes: Hashes, hits: ColumnHits) -> npt.NDArray[np.int64]:
        if not hits.allowed or not len(places):
            return places
        return places[~self._fingerprints.allowed(hashes[places], hits.allowed)]

    def _count(
        self,
        hashes: Hashes,
        matched: pl.Series,
        strong: npt.NDArray[np.bool_],
        rows: npt.NDArray[np.int64],
        weight: npt.NDArray[np.int64],
        hits: ColumnHits,
        *,
        inside: bool,
    ) -> None:
        """Adds matches to the hits: a row counts once for an origin."""
        origins = self._fingerprints.origins_of(hashes)
        strong = strong & ~(self._prose[origins] & _is_phrase(matched))
        keep = np.ones(len(hashes), np.bool_) if not inside else strong
        if self._coinciding.any():
            keep = keep & (~self._coinciding[origins] | (strong if hits.role == "kept" else np.False_))
        if self._sizes:
            if hits.role == "kept" and not inside:
                self._count_shared(hashes, rows, weight, hits)
            keep = keep & ~self._shared[origins]
        hashes, origins, strong = hashes[keep], origins[keep], strong[keep]
        rows, weight = rows[keep], weight[keep]
        # With letters among the digits chance has far more to choose from.
        digits_only = ~matched.str.contains(r"\p{L}").to_numpy()[keep]
        tags = np.where(strong & digits_only, _tags_of(hashes), 0)
        tags[tags < _FIRST_STRONG_TAG] = 0
        for origin in np.unique(origins):
            name = self._fingerprints.columns[int(origin)]
            here = origins == origin
            counted = np.zeros(0, np.int64)  # rows, each once: a part of a number matches where the whole of it does
            for tag in np.unique(tags[here & strong])[::-1]:
                chosen = np.flatnonzero(here & strong & (tags == tag) & ~np.isin(rows, counted))
                counted = np.concatenate((counted, rows[chosen]))
                count = self._rows(rows[chosen], weight[chosen], hits, (name, inside))
                if tag:
                    hits.codes[name, inside, int(tag)] += count
                    remember(hits.code_hashes.setdefault(int(tag), set()), np.unique(hashes[chosen]).tolist())
                else:
                    hits.strong[name, inside] += count
            chosen = np.flatnonzero(here & ~strong)
            if len(chosen):
                hits.weak[name, inside] += self._rows(rows[chosen], weight[chosen], hits, (name, inside))
        if not inside and not strong.all():
            weak = np.unique(hashes[~strong])
            hits.weak_values += int((~strong).sum())
            remember(hits.weak_hashes, weak[:REMEMBERED].tolist())

    @staticmethod
    def _rows(
        rows: npt.NDArray[np.int64], weight: npt.NDArray[np.int64], hits: ColumnHits, place: tuple[str, bool]
    ) -> int:
        """How many rows these matches are in; remembers them if somebody asks where."""
        rows, first = np.unique(rows, return_index=True)
        if hits.located is not None:
            hits.located.setdefault(place, []).append(rows)
        return int(weight[first].sum())

    def _count_shared(
        self, hashes: Hashes, rows: npt.NDArray[np.int64], weight: npt.NDArray[np.int64], hits: ColumnHits
    ) -> None:
        """Adds values of columns of shared ones, for each of the columns that have them."""
        for column, size in self._sizes.items():
            here = self._fingerprints.contains(members(hashes, column))
            if here.any():
                hits.shared_rows[column] += int(here.sum())
                hits.shared_weights[column] += self._rows(rows[here], weight[here], hits, (column, False))
                hits.sizes[column] = size
                remember(hits.shared.setdefault(column, set()), np.unique(hashes[here])[:REMEMBERED].tolist())


def is_strong(values: pl.Series) -> npt.NDArray[np.bool_]:
    """Which values are too particular to turn up by chance, beside long numbers.

    E-mail addresses; eight characters and more that mix letters with digits; several words of which one is not
    everyday language. One word and short numbers are not.
    """
    v = pl.col("v")
    digits = v.str.contains(r"\d")
    letters = v.str.contains(r"\p{L}")
    several = v.str.contains(r"[\p{L}\p{N}][^\p{L}\p{N}]+[\p{L}\p{N}]")
    long_enough = v.str.len_chars() >= _STRONG_CHARACTERS
    frame = values.alias("v").str.strip_chars().to_frame()
    frame = frame.select(
        v,
        sure=v.str.contains(r"^\S+@\S+\.\S+$") | (long_enough & letters & digits),
        words=letters & several & ~digits,
    )
    strong = frame.get_column("sure").to_numpy().copy()
    words = frame.get_column("words")
    if words.any():
        strong[words.to_numpy()] |= telling(frame.filter(words).get_column("v")).to_numpy()
    return strong


def _tags_of(hashes: Hashes) -> npt.NDArray[np.int64]:
    """What the lowest bits of hashes say they were made of."""
    return (hashes & np.uint64(TAGS - 1)).astype(np.int64)


def _is_phrase(values: pl.Series) -> npt.NDArray[np.bool_]:
    """Which values are a few plain words, as anybody may write."""
    few = values.str.len_chars() < _PROSE_CHARACTERS
    return (few & ~values.str.contains(r"[\d@]")).to_numpy()
