"""Drift: how far an image's distributions moved from its source's, from their profiles alone.

Every measure is an effect size. A measure alarms above the larger of two numbers: the configured limit, and what
sampling noise alone passes so rarely that all measures of an image together do so once in five hundred images
(`noise.py`). Fixed limits alone would fire on small samples; p-values would fire on every large one.

Measures of kept columns: share of NULLs, distinct values, Kolmogorov-Smirnov distance D of numbers, times and text
lengths, lost tails, scale of numbers, total variation distance (TVD) of categories, dropped categories, kinds of
characters, hours and weekdays, rows for each value of a foreign key, change of associations between two columns.
Of masked columns: share of NULLs; distinct values, how often they repeat, their associations and lengths where
the transformer promises to keep them; and of what it promises of their distribution (`Distribution`), that it does:
all measures of kept columns where it keeps the distribution exactly, the distance beyond what it may move values
where it does so roughly, the distance from the rule's own weights where it draws by them (`drawn.py`). Where masks
are the column's own values, dealt out anew, no effect is small enough to be let pass: only chance is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import exp, sqrt
from typing import Any

import numpy as np

from testdata_assets.masking.transformers.base import NOTHING, Distribution, Kept
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.associations import MIN_STORED, Association, pair_rows
from testdata_assets.production.figures import class_step
from testdata_assets.production.profile import ColumnProfile, Held, TableProfile
from testdata_assets.validation import distances, drawn, noise
from testdata_assets.validation.judges import ROUNDED, Judge, Measures, against, difference, less, tails
from testdata_assets.validation.rules import DriftLimits

FALSE_ALARMS = 0.002  # images of which any measure passes its noise by chance
_STORED_ASSOCIATION = 0.15  # weaker ones are not held to account
_HELD_DEPENDENCY = 0.95  # near 1, where the size of the sample does not matter
_LEAST_TAIL = 0.001


@dataclass(frozen=True)
class ColumnPromise:
    """What may be expected of one column of the image.

    Attributes:
        masked: Values were replaced; only what follows is compared.
        nulls: NULLs stay NULL.
        distinct: Different values stay different and equal ones equal.
        lengths: Text lengths stay.
        characters: Kinds of characters stay.
        distribution: What stays of how masked values are distributed.
        free: Share of the values of which that is not said: those that another rule of the column masks.
    """

    masked: bool = False
    nulls: bool = True
    distinct: bool = True
    lengths: bool = True
    characters: bool = False
    distribution: Distribution = NOTHING
    free: float = 0.0

    @property
    def same_groups(self) -> bool:
        """Whether rows that were equal, or NULL, still are, and no others."""
        return not self.masked or (self.nulls and self.distinct) or self.distribution.rows


KEPT = ColumnPromise(characters=True)


@dataclass(frozen=True)
class Comparison:
    """What two profiles have in common beside their columns' promises.

    Attributes:
        promises: Of each column; one not named counts as kept.
        keys: Columns that are foreign keys: rows for each of their values are compared.
        same_rows: Both profiles are samples of the same rows (an image and its snapshot), not of two states of
            production.
        moving: Columns whose values only tell when a row came: ids and the like. Between two states of
            production their values are not compared.
        whole: Profiles are of one table each, not put together from those of partitions, which is less exact.
    """

    promises: Mapping[str, ColumnPromise] = field(default_factory=dict)
    keys: Collection[str] = ()
    same_rows: bool = True
    moving: Collection[str] = ()
    whole: bool = True


@dataclass(frozen=True)
class Drift:
    """One measure of one column (or of a pair, `a ~ b`) with its limit.

    Attributes:
        exact: Whether anything but chance counts, since masks are dealt out or drawn at rates of the rule.
    """

    table: TableName
    column: str
    measure: str
    value: float
    limit: float
    exact: bool = False

    @property
    def exceeded(self) -> bool:
        return self.value > self.limit

    @property
    def severity(self) -> float:
        """Value over limit; above 1 is drift."""
        return self.value / self.limit

    def as_row(self) -> dict[str, Any]:
        return {
            "table": str(self.table),
            "column": self.column,
            "measure": self.measure,
            "value": round(self.value, 4),
            "limit": round(self.limit, 4),
            "drifted": self.exceeded,
            "exact": self.exact,
        }


@dataclass(frozen=True)
class Candidate:
    """A measure whose limit waits until it is known how many measures the image has.

    Attributes:
        judge: From the probability allowed to this measure to (value, what noise explains).
        least: The configured effect size; smaller ones never count. None where anything but chance does.
    """

    table: TableName
    column: str
    measure: str
    least: float | None
    judge: Judge


def compare(
    table: TableName,
    source: TableProfile,
    image: TableProfile,
    promises: Mapping[str, ColumnPromise],
    limits: DriftLimits,
    *,
    keys: Collection[str] = (),
    same_rows: bool = True,
) -> list[Drift]:
    """All measures of one table, as if the image had no other.

    Args:
        table: Its name, for the rows.
        source: Profile of the snapshot.
        image: Profile of the image.
        promises: What to expect of each column; a column not named counts as kept.
        limits: The configured effect sizes.
        keys: Columns that are foreign keys.
        same_rows: See `Comparison`.
    """
    comparison = Comparison(promises, keys, same_rows)
    return judged(candidates(table, source, image, comparison, limits))


def judged(found: Iterable[Candidate], false_alarms: float = FALSE_ALARMS) -> list[Drift]:
    """Measures with limits under which all of them together alarm by chance with the given probability at most."""
    measures = list(found)
    alpha = false_alarms / max(len(measures), 1)
    drifts = []
    for each in measures:
        value, explained = each.judge(alpha)
        exact = each.least is None
        limit = max(ROUNDED if each.least is None else each.least, explained)
        drifts.append(Drift(each.table, each.column, each.measure, value, limit, exact))
    return drifts


def candidates(
    table: TableName, before: TableProfile, after: TableProfile, comparison: Comparison, limits: DriftLimits
) -> Iterator[Candidate]:
    """Everything of a table that can be compared."""
    pair = _Pair(before, after, comparison, limits)
    for first in before.columns:
        second = after.column(first.name)
        if second is None:
            continue  # schema_matches tells
        for measure, least, judge in pair.column(first, second):
            yield Candidate(table, first.name, measure, least, judge)
    for name, measure, least, judge in pair.associations():
        yield Candidate(table, name, measure, least, judge)


_Shown = ColumnProfile | Held


def _come_to_be_read(first: Held, second: Held) -> float:
    """Share of the masks that are read as numbers though their values were not, as dates after year 9999."""
    return max(0.0, 1 - (1 - first.unread) / max(1 - second.unread, 1e-9))


class _Pair:
    """Two profiles of a table under comparison."""

    def __init__(self, before: TableProfile, after: TableProfile, comparison: Comparison, limits: DriftLimits) -> None:
        self._before, self._after = before, after
        self._comparison, self._limits = comparison, limits
        self._noise = noise.Noise(before, after, same_rows=comparison.same_rows)

    def column(self, first: ColumnProfile, second: ColumnProfile) -> Measures:
        """Measures of one column."""
        promise = self._promise(first.name)
        dealt = promise.distribution.dealt and self._comparison.whole and not promise.free
        if promise.nulls and self._before.rows and self._after.rows:
            measure, own_limit, judge = self._nulls(first, second)
            yield measure, None if dealt else own_limit, judge
        counts = (self._before.sample_rows - first.sample_nulls, self._after.sample_rows - second.sample_nulls)
        if min(counts) <= 0:
            return
        variance = self._noise.variance(counts)
        # A few rows at the ends, or one category of few rows, never count as if there were no chance.
        fresh = noise.Noise.uncorrected(counts)
        yield from self._texts(first, second, promise)
        if promise.masked:
            held = self._held_to(promise.distribution, first, second, counts, variance, fresh)
            free = promise.free + self._emptied(first, second)
            for measure, least, judge in chain(self._texts(first, second, promise, dealt=True), held):
                if free and measure == "scale":
                    continue
                # Each row that became NULL, or anything, may have been a value's only one, and a key's only row.
                rows = counts[0] / max(first.distinct, 1) if measure in ("distinct", "fan-out") else 1.0
                yield measure, None if dealt and not free else least, less(judge, free * rows)
            return
        if not self._moves(first):
            yield from self._values(first, second, variance, fresh)
            yield from self._categories(first, second, counts, variance, fresh)
        yield from self._clocks(first, second, variance)

    def _texts(
        self, first: ColumnProfile, second: ColumnProfile, promise: ColumnPromise, *, dealt: bool = False
    ) -> Measures:
        """Measures of what profiles hold of masked columns, too: repetition, lengths, kinds of characters.

        Args:
            first: Of the source.
            second: Of the image.
            promise: What to expect.
            dealt: Those that are not promised, but follow where masks are the column's own values.
        """
        if dealt and not promise.distribution.dealt:
            return
        counts = (self._before.sample_rows - first.sample_nulls, self._after.sample_rows - second.sample_nulls)
        variance, fresh = self._noise.variance(counts), noise.Noise.uncorrected(counts)
        if promise.distinct != dealt:
            yield from self._repetition(first, second, counts, variance, promise)
        if promise.lengths != dealt and first.lengths and second.lengths:
            value = distances.ks_distance(first.lengths, second.lengths)
            yield "lengths", self._limits.lengths, against(value, lambda alpha: noise.of_distance(variance, alpha))
            yield "length cut", _LEAST_TAIL, tails(first.lengths, second.lengths, fresh)
        if promise.characters != dealt and first.classes and second.classes:
            yield self._characters(first, second, counts)

    def _held_to(
        self,
        distribution: Distribution,
        first: ColumnProfile,
        second: ColumnProfile,
        counts: tuple[int, int],
        variance: float,
        fresh: float,
    ) -> Measures:
        """Measures of a masked column's distribution, as far as it is promised."""
        one, other = first.held, second.held
        if one is None or other is None or not distribution.compared:
            return
        if distribution.kept is Kept.DRAWN:
            if self._comparison.whole:
                yield from drawn.measures(distribution, self._before, self._after, second)
            return
        if distribution.kept is Kept.ROUGHLY:
            if one.values and other.values:
                value = distances.distance_beyond(one.values, other.values, distribution)
                judge = against(value, lambda alpha: noise.of_distance(variance, alpha))
                free = self._unheld(distribution, one) + _come_to_be_read(one, other)
                yield "values", self._limits.values, less(judge, free)
            return
        yield from self._values(one, other, variance, fresh)
        yield from self._categories(one, other, counts, variance, fresh)
        yield from self._clocks(one, other, variance)

    def _emptied(self, first: ColumnProfile, second: ColumnProfile) -> float:
        """Share of the values that became NULL: whatever distribution those had, the others' may be off by so much."""
        if self._promise(first.name).nulls:
            return 0.0
        exact = first.nulls is not None and second.nulls is not None
        before, after = (
            1 - (column.nulls or 0) / max(table.rows, 1) if exact else 1 - column.sample_nulls / table.sample_rows
            for column, table in ((first, self._before), (second, self._after))
        )
        return max(0.0, 1 - after / before)

    def _unheld(self, distribution: Distribution, own: Held) -> float:
        """Share of the rows whose masks may lie anywhere, at most."""
        total = 0.0
        for each in distribution.unheld:
            column = None if each.column is None else self._before.column(each.column)
            shown = own if each.column is None else column and (column.held or column)
            if shown and shown.values:
                total += distances.share_within(shown.values, each.edges)
        return total

    def _promise(self, name: str) -> ColumnPromise:
        return self._comparison.promises.get(name, KEPT)

    def _moves(self, column: ColumnProfile) -> bool:
        """Whether values only tell when a row came, and rows of another time are compared."""
        return not self._comparison.same_rows and (column.kind == "time" or column.name in self._comparison.moving)

    def _nulls(self, first: ColumnProfile, second: ColumnProfile) -> tuple[str, float, Judge]:
        shares = []
        exact = True
        for column, table in ((first, self._before), (second, self._after)):
            if column.nulls is not None and table.rows:
                shares.append(column.nulls / table.rows)
            else:
                shares.append(column.sample_nulls / max(table.sample_rows, 1))
                exact = False
        variance = self._noise.whole_variance() if exact else self._noise.variance()
        middle = sum(shares) / 2
        judge = against(abs(shares[0] - shares[1]), lambda alpha: noise.of_share(middle, variance, alpha))
        return "nulls", self._limits.nulls, judge

    def _repetition(
        self,
        first: ColumnProfile,
        second: ColumnProfile,
        counts: tuple[int, int],
        variance: float,
        promise: ColumnPromise,
    ) -> Measures:
        """Distinct values, how their frequencies are spread, and rows for each value of a foreign key."""
        if not first.multiplicities or not second.multiplicities:
            return  # a profile of the first version
        least = min(counts)
        found = [
            distances.distinct_at(column.multiplicities, least / count)
            for column, count in zip((first, second), counts, strict=True)
        ]
        change = abs(found[0] - found[1]) / max(*found, 1.0)
        # Values met once may have been missed as well as met: their number bounds the variance of a distinct count
        # (Good and Toulmin 1956).
        exact = variance == 0 and counts[0] == counts[1]
        once = 0.0 if exact else sum(dict(column.multiplicities).get(1, 0) for column in (first, second))
        relative = sqrt(once) / max(*found, 1.0)
        yield (
            "distinct",
            self._limits.distinct,
            against(change, lambda alpha: noise.normal_quantile(alpha) * relative),
        )
        if promise.masked:
            distance, shares = distances.spectrum_distance(first.multiplicities, second.multiplicities)
            explained = against(distance, lambda alpha: noise.of_shares(shares, variance, alpha))
            yield "frequencies", self._limits.categories, explained
        if first.name in self._comparison.keys:
            yield self._fan_out(first, second)

    def _fan_out(self, first: ColumnProfile, second: ColumnProfile) -> tuple[str, float, Judge]:
        """D of rows for each value, in samples thinned to the same share of their tables."""
        shares = [table.sample_rows / max(table.rows, 1) for table in (self._before, self._after)]
        least = min(shares)
        value = float(
            np.abs(
                distances.group_sizes(first.multiplicities, least / shares[0])
                - distances.group_sizes(second.multiplicities, least / shares[1])
            ).max()
        )
        exact = self._comparison.same_rows and least >= 1
        groups = [max(column.distinct, 1) for column in (first, second)]
        variance = 0.0 if exact else sum(1 / count for count in groups)
        judge = against(value, lambda alpha: noise.of_distance(variance, alpha))
        return "fan-out", self._limits.fan_out, judge

    def _characters(
        self, first: ColumnProfile, second: ColumnProfile, counts: tuple[int, int]
    ) -> tuple[str, float, Judge]:
        one, other = first.classes or {}, second.classes or {}
        gaps = {name: abs(one[name] - other[name]) for name in one.keys() & other.keys()}
        worst = max(gaps, key=lambda name: (gaps[name], name))
        looked_at = tuple(-(-count // class_step(count)) for count in counts)
        variance = self._noise.variance(counts, at_most=min(looked_at))
        middle = (one[worst] + other[worst]) / 2
        judge = against(gaps[worst], lambda alpha: noise.of_share(middle, variance, alpha / len(gaps)))
        return "characters", self._limits.characters, judge

    def _values(self, first: _Shown, second: _Shown, variance: float, fresh: float) -> Measures:
        if first.values and second.values:
            value = distances.ks_distance(first.values, second.values)
            yield "values", self._limits.values, against(value, lambda alpha: noise.of_distance(variance, alpha))
            yield "cut", _LEAST_TAIL, tails(first.values, second.values, fresh)
        if first.magnitude and second.magnitude:
            (count_a, mean_a, spread_a), (count_b, mean_b, spread_b) = first.magnitude, second.magnitude
            error = sqrt(self._noise.variance((count_a, count_b))) * max(spread_a, spread_b)
            # The factor's difference from 1, as a share: 0.2 for a column multiplied by 1.2.
            factor = exp(min(abs(mean_a - mean_b), 50.0)) - 1
            explained = against(factor, lambda alpha: exp(min(noise.normal_quantile(alpha) * error, 50.0)) - 1)
            yield "scale", self._limits.scale, explained

    def _categories(
        self, first: _Shown, second: _Shown, counts: tuple[int, int], variance: float, fresh: float
    ) -> Measures:
        if not first.categories and not second.categories:
            return
        one, other = first.categories or {}, second.categories or {}
        shares = list((one or other).values())
        value = distances.tvd(one, other, counts)
        explained = against(value, lambda alpha: noise.of_shares(shares, variance, alpha))
        yield "categories", self._limits.categories, explained
        yield (
            "dropped category",
            _LEAST_TAIL,
            lambda alpha: distances.dropped(one, other, counts[1], noise.of_root_share(fresh, alpha)),
        )

    def _clocks(self, first: _Shown, second: _Shown, variance: float) -> Measures:
        for measure, a, b in (("hours", first.hours, second.hours), ("weekdays", first.weekdays, second.weekdays)):
            if a and b:
                yield self._clock(measure, a, b, variance)

    def _clock(
        self, measure: str, first: Sequence[float], second: Sequence[float], variance: float
    ) -> tuple[str, float, Judge]:
        value = sum(abs(a - b) for a, b in zip(first, second, strict=True)) / 2
        explained = against(value, lambda alpha: noise.of_shares(first, variance, alpha))
        return measure, self._limits.categories, explained

    def associations(self) -> Iterator[tuple[str, str, float, Judge]]:
        """Change of each pair that went along in the first profile."""
        rows = [pair_rows(table.sample_rows) for table in (self._before, self._after)]
        unseen = tuple(
            1 - looked_at / max(table.rows, looked_at, 1) if self._comparison.same_rows else 1.0
            for looked_at, table in zip(rows, (self._before, self._after), strict=True)
        )
        for measure, least, before, after in (
            ("association", _STORED_ASSOCIATION, self._before.associations, self._after.associations),
            ("rank correlation", _STORED_ASSOCIATION, self._before.correlations, self._after.correlations),
            ("dependency", _HELD_DEPENDENCY, self._before.dependencies, self._after.dependencies),
        ):
            known = {(pair[0], pair[1]): pair for pair in after}
            for pair in before:
                a, b, strength, error, width = pair
                if abs(strength) < least or not self._held(a, b, measure == "association"):
                    continue
                if measure == "dependency" and (a, b) not in known:
                    continue  # too few values repeat in one of the samples
                other = known.get((a, b), _unlisted(pair))
                if measure == "association":
                    value = distances.association_gap((strength, width), (other[2], other[4]))
                else:
                    value = abs(strength - other[2])
                errors = (error, other[3] or error)
                explained = against(value, difference(errors, (unseen[0], unseen[1])))
                yield f"{a} ~ {b}", measure, self._limits.association, explained

    def _held(self, a: str, b: str, coded: bool) -> bool:
        """Whether a pair is to go along in the image as it did in the source, and both profiles looked at it alike."""
        for name in (a, b):
            first, second = self._before.column(name), self._after.column(name)
            if first is None or second is None or not self._promise(name).same_groups:
                return False
            if coded and first.coded_by != second.coded_by:
                return False
        return True


def _unlisted(pair: Association) -> Association:
    """The strongest that a pair of the other profile may be without being listed."""
    return (pair[0], pair[1], MIN_STORED if pair[2] > 0 else -MIN_STORED, pair[3], pair[4])
