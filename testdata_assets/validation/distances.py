"""Distances between two profiles of a column: lower bounds, so that a profile's coarseness never looks like drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from testdata_assets.masking.transformers.base import Distribution
from testdata_assets.production.figures import MAX_CATEGORIES, MIN_GROUP, Steps

_TAIL_KEPT = 1 / 3  # a tail is cut where at most so much of it is left
_ROUNDED = 1e-5  # more than what `profile.py` rounds numbers to
_EXACT_TIMES = 200  # above, a binomial is as good as normal
_GRID = np.unique(np.geomspace(1, 50_000, 120).astype(np.int64))

Floats = npt.NDArray[np.float64]
Multiplicities = Sequence[tuple[int, int]]


def ks_distance(first: Steps, second: Steps) -> float:
    """A lower bound of the Kolmogorov-Smirnov distance of two distributions known at some points.

    At each known point both cumulative shares lie in intervals; the gap between the intervals counts.
    """
    points = np.union1d(first.at, second.at)
    gaps = []
    for bounds in (upto, below):  # also from the left of every point, where steps of discrete values differ
        low_a, high_a = bounds(first, points)
        low_b, high_b = bounds(second, points)
        gaps.append(max(float((low_a - high_b).max()), float((low_b - high_a).max())))
    return max(*gaps, 0.0)


def distance_beyond(first: Steps, second: Steps, distribution: Distribution) -> float:
    """How far the distribution of masks lies beyond all that masks so near their values may have.

    Masks between low(x) and high(x) of their values x, both ascending, have P(mask <= y) between P(high(x) <= y) and
    P(low(x) <= y).

    Args:
        first: Of the values.
        second: Of the masks.
        distribution: Between what numbers the masks lie.
    """
    at = np.asarray(first.at)
    # Points of both profiles are rounded.
    low_at = distribution.span(at - _ROUNDED * np.abs(at))[0]
    high_at = distribution.span(at + _ROUNDED * np.abs(at))[1]
    low_at, high_at = low_at - _ROUNDED * np.abs(low_at), high_at + _ROUNDED * np.abs(high_at)
    less, most = np.asarray(first.below), np.asarray(first.upto)
    points = np.unique(np.concatenate([low_at, high_at, second.at]))
    gaps = []
    sides: tuple[tuple[Any, Literal["left", "right"]], ...] = ((upto, "right"), (below, "left"))
    for bounds, side in sides:
        passed = np.searchsorted(high_at, points, side=side)
        fewest = np.where(passed > 0, most[np.maximum(passed - 1, 0)], 0.0)
        ahead = np.searchsorted(low_at, points, side=side)
        largest = np.where(ahead < len(at), less[np.minimum(ahead, len(at) - 1)], 1.0)
        low, high = bounds(second, points)
        gaps += [float((fewest - high).max()), float((low - largest).max())]
    return max(*gaps, 0.0)


def share_within(steps: Steps, edges: Sequence[float]) -> float:
    """The share of rows between the first edge and the second, the third and the fourth, and so on.

    What lies between two known points counts as well, where either of them does.

    Args:
        steps: Known at n points.
        edges: Ascending; each interval is closed below and open above.
    """
    inside = np.searchsorted(edges, steps.at, side="right") % 2 == 1
    less, most = np.asarray(steps.below), np.asarray(steps.upto)
    between = np.append(less, 1.0) - np.append(0.0, most)
    beside = np.append(inside, False) | np.append(False, inside)
    return float((most - less)[inside].sum() + between[beside].sum())


def upto(steps: Steps, points: Floats) -> tuple[Floats, Floats]:
    """Bounds of P(X <= point): exact at a known value, else between its neighbours."""
    at, less, most = (np.asarray(part) for part in (steps.at, steps.below, steps.upto))
    index = np.searchsorted(at, points, side="right")  # how many known values are <= point
    low = np.where(index > 0, most[np.maximum(index - 1, 0)], 0.0)
    high = np.where(index < len(at), less[np.minimum(index, len(at) - 1)], 1.0)
    known = (index > 0) & (at[np.maximum(index - 1, 0)] == points)
    return low, np.where(known, low, high)


def below(steps: Steps, points: Floats) -> tuple[Floats, Floats]:
    """Bounds of P(X < point)."""
    at, less, most = (np.asarray(part) for part in (steps.at, steps.below, steps.upto))
    index = np.searchsorted(at, points, side="left")  # how many known values are < point
    low = np.where(index > 0, most[np.maximum(index - 1, 0)], 0.0)
    high = np.where(index < len(at), less[np.minimum(index, len(at) - 1)], 1.0)
    known = (index < len(at)) & (at[np.minimum(index, len(at) - 1)] == points)
    return np.where(known, high, low), high


def cut_tail(first: Steps, second: Steps, noise: float) -> tuple[float, float]:
    """The share of rows beyond a point, of one distribution, that the other has lost, and what chance explains.

    The point is the one where the loss is largest beside its noise; a tail counts as lost where at most a third of
    it is left. Both tails and both directions.

    Args:
        first: The one distribution.
        second: The other.
        noise: Of the difference of the roots of two small shares.

    Returns:
        (value, limit); (0, limit) where no tail is lost.
    """
    points = np.union1d(first.at, second.at)
    best = (0.0, noise * noise)
    for one, other in ((first, second), (second, first)):
        for low_a, high_b in (
            (1 - upto(one, points)[1], 1 - upto(other, points)[0]),
            (below(one, points)[0], below(other, points)[1]),
        ):
            low, high = np.clip(low_a, 0, 1), np.clip(high_b, 0, 1)
            lost = high <= low * _TAIL_KEPT
            if not lost.any():
                continue
            margin = np.where(lost, np.sqrt(low) - np.sqrt(high), -1.0)
            place = int(margin.argmax())
            value = float(low[place] - high[place])
            limit = (sqrt(float(high[place])) + noise) ** 2 - float(high[place])
            if value / max(limit, 1e-9) > best[0] / max(best[1], 1e-9):
                best = (value, limit)
    return best


def tvd(first: Mapping[str, float], second: Mapping[str, float], counts: tuple[int, int]) -> float:
    """A lower bound of the total variation distance of two sets of category shares.

    A category that one side does not list may just have missed the listing; it then counts as large as an
    unlisted one can be.

    Args:
        first: Category to share of the non-null rows.
        second: The same of the other sample.
        counts: Non-null rows of both samples.
    """
    hidden = [largest_hidden(shares, count) for shares, count in zip((first, second), counts, strict=True)]
    distance = 0.0
    for name in first.keys() | second.keys():
        a, b = first.get(name), second.get(name)
        a = min(b or 0.0, hidden[0]) if a is None else a
        b = min(a, hidden[1]) if b is None else b
        distance += abs(a - b)
    return distance / 2


def largest_hidden(shares: Mapping[str, float], count: int) -> float:
    """The largest share a category can have without being listed: too few rows, or behind a full listing."""
    threshold = MIN_GROUP / max(count, 1)
    if len(shares) >= MAX_CATEGORIES:
        threshold = max(threshold, min(shares.values()))
    return min(threshold, max(0.0, 1 - sum(shares.values())))


def dropped(first: Mapping[str, float], second: Mapping[str, float], count: int, noise: float) -> tuple[float, float]:
    """Share of the most frequent category that ought to be in the second sample and is not; else 0.

    Args:
        first: Category to share.
        second: The same of the other sample.
        count: Non-null rows of the other sample.
        noise: Of the difference of the roots of two small shares.

    Returns:
        (value, limit): a category may be missing by chance, or for want of rows, up to the limit.
    """
    limit = (sqrt(largest_hidden(second, count)) + noise) ** 2
    return max((share for name, share in first.items() if name not in second), default=0.0), limit


def spectrum_distance(first: Multiplicities, second: Multiplicities) -> tuple[float, list[float]]:
    """Total variation distance of two sets of shares, whatever the categories are called; and the first's shares.

    The largest are compared with the largest, which is the closest of all ways to pair them: a lower bound for
    values that a mask renamed. Only values of at least `MIN_GROUP` rows take part.
    """
    sides = []
    for pairs in (first, second):
        total = sum(times * values for times, values in pairs)
        repeated = [(times, values) for times, values in reversed(pairs) if times >= MIN_GROUP]
        listed = np.repeat([times for times, _ in repeated], [values for _, values in repeated])[:MAX_CATEGORIES]
        shares = np.zeros(MAX_CATEGORIES)
        shares[: len(listed)] = listed / max(total, 1)
        # What is not listed may have just missed the listing.
        unlisted = min(MIN_GROUP / max(total, 1), max(0.0, 1 - float(shares.sum())))
        sides.append((shares, unlisted, len(listed)))
    (a, hidden_a, count_a), (b, hidden_b, count_b) = sides
    both = min(count_a, count_b)
    distance = float(np.abs(a[:both] - b[:both]).sum())
    distance += float(np.maximum(a[both:count_a] - hidden_b, 0).sum() + np.maximum(b[both:count_b] - hidden_a, 0).sum())
    return distance / 2, a[:count_a].tolist()


def distinct_at(pairs: Multiplicities, kept: float) -> float:
    """Expected distinct values among a random part of a sample (rarefaction: Hurlbert 1971).

    Args:
        pairs: (times, values) of the sample.
        kept: Share of its rows in the part.
    """
    return sum(values * (1 - (1 - kept) ** times) for times, values in pairs)


def sizes_shown() -> Floats:
    """The sizes at which `group_sizes` answers."""
    return _GRID.astype(np.float64)


def group_sizes(pairs: Multiplicities, kept: float) -> Floats:
    """Share of groups of at most `_GRID` rows, among the groups met in a random part of a sample.

    Args:
        pairs: (times, values) of the sample: so many groups of so many rows.
        kept: Share of its rows in the part.
    """
    at_most, total = np.zeros(len(_GRID)), 0.0
    for times, values in pairs:
        if kept >= 1:
            total += values
            at_most += values * (times <= _GRID)
            continue
        missed = (1 - kept) ** times
        total += values * (1 - missed)
        at_most += values * (_binomial_upto(times, kept) - missed)
    return at_most / total if total else at_most


def _binomial_upto(times: int, kept: float) -> Floats:
    """P(a binomial of so many draws is at most k) for the k of `_GRID`."""
    spread = sqrt(times * kept * (1 - kept))
    if times > _EXACT_TIMES and spread > 3:
        z = np.clip((_GRID + 0.5 - times * kept) / spread, -6, 6)
        normal: Floats = 1 / (1 + np.exp(-1.5976 * z - 0.07056 * z**3))  # to 1.4e-4 (Page 1977)
        return normal
    draws = np.arange(times + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, times + 1)))])
    chances = logs[times] - logs[draws] - logs[times - draws] + draws * np.log(kept) + (times - draws) * np.log1p(-kept)
    cumulated: Any = np.minimum(np.cumsum(np.exp(chances)), 1.0)
    return np.asarray(cumulated[np.minimum(_GRID, times)], dtype=np.float64)


def association_gap(before: tuple[float, int], after: tuple[float, int]) -> float:
    """A lower bound of the change of Cramer's V between (V, dimensions) of two samples.

    A category near the smallest size that counts may be one dimension more in one sample; V averages over the
    dimensions, and what the one more adds to the sum lies between 0 and 1.
    """
    (fewer, width), (more, wider) = sorted((before, after), key=lambda each: each[1])
    total = more * more * wider
    low = sqrt(max(0.0, total - (wider - width)) / max(width, 1))
    high = sqrt(total / max(width, 1))
    return max(0.0, low - fewer, fewer - high)
