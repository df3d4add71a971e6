"""Drift: how far an image's distributions moved from its source's, from their profiles alone.

Every measure is an effect size between 0 and 1. A measure alarms above the larger of two numbers: the
configured limit, and what sampling noise alone reaches once in about ten thousand comparisons. Fixed limits
alone would fire on small samples; p-values would fire on every large one.

Measures of kept columns: share of NULLs, Kolmogorov-Smirnov distance D of numbers, times and text lengths,
total variation distance (TVD) of categories, dropped categories, change of association between two columns.
Of masked columns: share of NULLs; distinct values and lengths where the transformer promises to keep them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.profile import MAX_CATEGORIES, MIN_GROUP, ColumnProfile, Steps, TableProfile
from testdata_assets.validation.rules import DriftLimits

# Smirnov's asymptotic quantile c(a) = sqrt(-ln(a / 2) / 2) at a = 1e-4, and the two-sided normal quantile.
_KS_QUANTILE = 2.225
_NORMAL_QUANTILE = 3.9
_DROPPED_EXPECTED = 80  # a category expected this often and seen under MIN_GROUP times is gone (over 6 sigma)
_STORED_ASSOCIATION = 0.15  # weaker ones are not held to account


@dataclass(frozen=True)
class ColumnPromise:
    """What may be expected of one column of the image.

    Attributes:
        masked: Values were replaced; only what follows is compared.
        nulls: NULLs stay NULL.
        distinct: Different values stay different and equal ones equal.
        lengths: Text lengths stay.
    """

    masked: bool = False
    nulls: bool = True
    distinct: bool = True
    lengths: bool = True


KEPT = ColumnPromise()


@dataclass(frozen=True)
class Drift:
    """One measure of one column (or of a pair, `a ~ b`) with its limit."""

    table: TableName
    column: str
    measure: str
    value: float
    limit: float

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
        }


def compare(
    table: TableName,
    source: TableProfile,
    image: TableProfile,
    promises: Mapping[str, ColumnPromise],
    limits: DriftLimits,
) -> list[Drift]:
    """All measures of one table.

    Args:
        table: Its name, for the rows.
        source: Profile of the snapshot.
        image: Profile of the image.
        promises: What to expect of each column; a column not named counts as kept.
        limits: The configured effect sizes.
    """
    found: list[Drift] = []
    noise = _Noise(source, image)
    for before in source.columns:
        after = image.column(before.name)
        if after is None:
            continue  # schema_matches tells
        promise = promises.get(before.name, KEPT)
        found += [
            Drift(table, before.name, measure, value, limit)
            for measure, value, limit in _column_measures(before, after, source, image, promise, noise, limits)
        ]
    found += [
        Drift(table, f"{a} ~ {b}", "association", value, max(limits.association, noise.association()))
        for a, b, value in _association_changes(source, image)
    ]
    return found


class _Noise:
    """Quantiles of sampling noise for a pair of samples, with the finite-population correction.

    The correction makes the noise vanish where both samples are the whole table: there is none then.
    """

    def __init__(self, source: TableProfile, image: TableProfile) -> None:
        self._variance = sum(self._share(profile) for profile in (source, image))
        self._smaller = min(source.sample_rows, image.sample_rows)
        self._whole = self._variance == 0

    @staticmethod
    def _share(profile: TableProfile) -> float:
        if profile.sample_rows == 0:
            return 0.0
        unseen = 1 - profile.sample_rows / max(profile.rows, profile.sample_rows)
        return unseen / profile.sample_rows

    def ks(self, present: float) -> float:
        """D of two samples of which the share `present` is not null."""
        return _KS_QUANTILE * sqrt(self._variance / max(present, 1e-6))

    def proportion(self, share: float) -> float:
        """Difference of two shares near `share`."""
        share = min(max(share, 1e-4), 1 - 1e-4)
        return _NORMAL_QUANTILE * sqrt(share * (1 - share) * self._variance)

    def tvd(self, shares: list[float], present: float) -> float:
        """Expected TVD of categories with these shares, plus the quantile of its own spread.

        The TVD is half the sum of |differences|; E|N(0, s)| = s * sqrt(2 / pi), and changing one row moves it
        by at most 1/n, hence the bounded-difference tail.
        """
        variance = self._variance / max(present, 1e-6)
        expected = 0.5 * sum(sqrt(2 / np.pi * share * (1 - share) * variance) for share in shares)
        return float(expected + _KS_QUANTILE * sqrt(variance))

    def association(self) -> float:
        """Change of Cramer's V; its spread is about 1/sqrt(n) at worst, 0 when both saw the whole table."""
        return 0.0 if self._whole else 4 / sqrt(max(min(self._smaller, 20_000), 1))


def _column_measures(
    before: ColumnProfile,
    after: ColumnProfile,
    source: TableProfile,
    image: TableProfile,
    promise: ColumnPromise,
    noise: _Noise,
    limits: DriftLimits,
) -> Iterator[tuple[str, float, float]]:
    """(measure, value, limit) of one column."""
    share_before, exact_before = _null_share(before, source)
    share_after, exact_after = _null_share(after, image)
    if promise.nulls and source.rows and image.rows:
        spread = 0.0 if exact_before and exact_after else noise.proportion((share_before + share_after) / 2)
        yield "nulls", abs(share_before - share_after), max(limits.nulls, spread)
    present = 1 - max(share_before, share_after)
    if present <= 0:
        return
    if promise.distinct and (change := _distinct_change(before, after, source, image)) is not None:
        yield "distinct", change, limits.distinct
    if promise.lengths and before.lengths and after.lengths:
        yield "lengths", ks_distance(before.lengths, after.lengths), max(limits.lengths, noise.ks(present))
    if promise.masked:
        return
    if before.values and after.values:
        yield "values", ks_distance(before.values, after.values), max(limits.values, noise.ks(present))
    if before.categories or after.categories:
        first, second = before.categories or {}, after.categories or {}
        counts = (source.sample_rows - before.sample_nulls, image.sample_rows - after.sample_nulls)
        shares = list((first or second).values())
        yield "categories", tvd(first, second, counts), max(limits.categories, noise.tvd(shares, present))
        yield "dropped category", dropped(first, second, counts[1]), limits.categories / 1000


def _null_share(column: ColumnProfile, table: TableProfile) -> tuple[float, bool]:
    """Share of NULLs and whether it is exact."""
    if column.nulls is not None and table.rows:
        return column.nulls / table.rows, True
    exact = table.sample_rows >= table.rows
    return column.sample_nulls / max(table.sample_rows, 1), exact


def _distinct_change(
    before: ColumnProfile, after: ColumnProfile, source: TableProfile, image: TableProfile
) -> float | None:
    """Relative change of the distinct count; None unless both samples are the whole table.

    Distinct counts of samples of different sizes cannot be compared.
    """
    if source.sample_rows < source.rows or image.sample_rows < image.rows or source.rows != image.rows:
        return None
    largest = max(before.distinct, after.distinct)
    return abs(before.distinct - after.distinct) / largest if largest else 0.0


def ks_distance(first: Steps, second: Steps) -> float:
    """A lower bound of the Kolmogorov-Smirnov distance of two distributions known at some points.

    At each known point both cumulative shares lie in intervals; the gap between the intervals counts, so that
    the coarseness of the profiles never looks like drift.
    """
    points = np.union1d(first.at, second.at)
    low_a, high_a = _bounds(first, points)
    low_b, high_b = _bounds(second, points)
    gap = np.maximum(low_a - high_b, low_b - high_a)
    # Also from the left of every point, where steps of discrete values differ.
    left_low_a, left_high_a = _bounds_below(first, points)
    left_low_b, left_high_b = _bounds_below(second, points)
    left_gap = np.maximum(left_low_a - left_high_b, left_low_b - left_high_a)
    return float(max(gap.max(), left_gap.max(), 0.0))


def _bounds(steps: Steps, points: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Bounds of P(X <= point): exact at a known value, else between its neighbours."""
    at, below, upto = (np.asarray(part) for part in (steps.at, steps.below, steps.upto))
    index = np.searchsorted(at, points, side="right")  # how many known values are <= point
    low = np.where(index > 0, upto[np.maximum(index - 1, 0)], 0.0)
    high = np.where(index < len(at), below[np.minimum(index, len(at) - 1)], 1.0)
    known = (index > 0) & (at[np.maximum(index - 1, 0)] == points)
    return low, np.where(known, low, high)


def _bounds_below(steps: Steps, points: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Bounds of P(X < point)."""
    at, below, upto = (np.asarray(part) for part in (steps.at, steps.below, steps.upto))
    index = np.searchsorted(at, points, side="left")  # how many known values are < point
    low = np.where(index > 0, upto[np.maximum(index - 1, 0)], 0.0)
    high = np.where(index < len(at), below[np.minimum(index, len(at) - 1)], 1.0)
    known = (index < len(at)) & (at[np.minimum(index, len(at) - 1)] == points)
    return np.where(known, high, low), high


def tvd(first: Mapping[str, float], second: Mapping[str, float], counts: tuple[int, int]) -> float:
    """A lower bound of the total variation distance of two sets of category shares.

    A category that one side does not list may just have missed the listing; it then counts as large as an
    unlisted one can be.

    Args:
        first: Category to share of the non-null rows.
        second: The same of the other sample.
        counts: Non-null rows of both samples.
    """
    hidden = [_largest_hidden(shares, count) for shares, count in zip((first, second), counts, strict=True)]
    distance = 0.0
    for name in first.keys() | second.keys():
        a, b = first.get(name), second.get(name)
        a = min(b or 0.0, hidden[0]) if a is None else a
        b = min(a, hidden[1]) if b is None else b
        distance += abs(a - b)
    return distance / 2


def _largest_hidden(shares: Mapping[str, float], count: int) -> float:
    """The largest share a category can have without being listed: too few rows, or behind a full listing."""
    threshold = MIN_GROUP / max(count, 1)
    if len(shares) >= MAX_CATEGORIES:
        threshold = max(threshold, min(shares.values()))
    return min(threshold, max(0.0, 1 - sum(shares.values())))


def dropped(first: Mapping[str, float], second: Mapping[str, float], count: int) -> float:
    """Share of the most frequent category that ought to be in the second sample and is not; else 0."""
    hidden = _largest_hidden(second, count)
    return max(
        (
            share
            for name, share in first.items()
            if name not in second and share * count >= _DROPPED_EXPECTED and share > 2 * hidden
        ),
        default=0.0,
    )


def _association_changes(source: TableProfile, image: TableProfile) -> Iterator[tuple[str, str, float]]:
    after = {(a, b): v for a, b, v in image.associations}
    for a, b, strength in source.associations:
        if strength >= _STORED_ASSOCIATION:
            yield a, b, abs(strength - after.get((a, b), 0.0))
