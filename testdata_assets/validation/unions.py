"""One profile for all partitions of a table, where masked partition keys move rows from one to another.

Profiles of partitions are put together without any row: shares weigh as much as their partition has rows. What cannot
be told from the parts is left out: how many values are different, how they go along with others, and tails; of small
partitions also distributions of numbers and lengths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from testdata_assets.masking.plan import MaskingPlan, TablePlan
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.figures import Steps
from testdata_assets.production.profile import ColumnProfile, Held, TableProfile
from testdata_assets.validation import distances

Floats = npt.NDArray[np.float64]
Profiles = Mapping[TableName, TableProfile]
Shown = ColumnProfile | Held
MEASURES = frozenset({"nulls", "values", "lengths", "categories", "characters", "hours", "weekdays", "scale"})
_UNKNOWN = 0.01  # share of rows in partitions too small to have a distribution
# Of fewer values the ends of a distribution are not known well enough: `MIN_GROUP` rows lie beyond the outermost point.
_LEAST_VALUES = 2_000
_MOST_POINTS = 2_000


def routed(plan: MaskingPlan) -> dict[TableName, list[TablePlan]]:
    """Partitions whose rows may stand in another one of the image, by their root."""
    found: dict[TableName, list[TablePlan]] = {}
    for table in plan.tables:
        if table.load_through_root and table.reads_rows and table.table.stored_columns:
            found.setdefault(table.table.rule_table, []).append(table)
    return found


def with_unions(plan: MaskingPlan, profiles: Profiles) -> dict[TableName, TableProfile]:
    """Profiles with one more for each root whose partitions all have one."""
    found = dict(profiles)
    for root, tables in routed(plan).items():
        known = [profiles[each.table.name] for each in tables if each.table.name in profiles]
        if any(each.rows for each in known):
            found[root] = union(known)
    return found


def comparable(before: TableProfile, after: TableProfile) -> tuple[TableProfile, TableProfile]:
    """Two unions with the categories that all partitions of both list: of others a part is not known."""

    def only(profile: TableProfile, other: TableProfile) -> TableProfile:
        columns = []
        for column in profile.columns:
            theirs = other.column(column.name)
            held = column.held
            if held is not None:
                held = replace(held, categories=_common(held, theirs.held if theirs else None))
            columns.append(replace(column, categories=_common(column, theirs), held=held))
        return replace(profile, columns=tuple(columns))

    return only(before, after), only(after, before)


def _common(shown: Shown, other: Shown | None) -> dict[str, float] | None:
    theirs = (None if other is None else other.categories) or {}
    return {name: share for name, share in (shown.categories or {}).items() if name in theirs} or None


def union(parts: Sequence[TableProfile]) -> TableProfile:
    """The profile of several partitions together; its sample counts as many rows as it is worth.

    n = (sum R)^2 / sum(R^2 / n) for partitions of R rows of which n were seen (Kish 1965, on unequal weights).
    """
    parts = [part for part in parts if part.rows and part.sample_rows]
    rows = sum(part.rows for part in parts)
    worth = rows * rows / sum(part.rows * part.rows / part.sample_rows for part in parts)
    sampled = max(1, min(rows, round(worth)))
    columns = []
    for first in parts[0].columns:
        same = [(part, column) for part in parts if (column := part.column(first.name)) is not None]
        if len(same) == len(parts):
            columns.append(_column(first, same, sampled))
    return TableProfile(rows=rows, sample_rows=sampled, columns=tuple(columns), version=parts[0].version)


def _column(first: ColumnProfile, parts: Sequence[tuple[TableProfile, ColumnProfile]], sampled: int) -> ColumnProfile:
    rows = np.array([part.rows for part, _ in parts], float)
    absent = np.array([column.sample_nulls / part.sample_rows for part, column in parts])
    present = rows * (1 - absent)
    exact = [column.nulls for _, column in parts]
    nulls = round(sampled * float((rows * absent).sum() / rows.sum()))
    columns = [column for _, column in parts]
    many = [part.sample_rows - column.sample_nulls >= _LEAST_VALUES for part, column in parts]
    weights = present / present.sum() if present.sum() else present
    tables = [part for part, _ in parts]
    held = [column.held for column in columns if column.held is not None]
    shown = _shown(tables, columns, many, weights)
    return ColumnProfile(
        name=first.name,
        kind=first.kind,
        masked=first.masked,
        sample_nulls=nulls,
        distinct=max(column.distinct for column in columns),
        nulls=None if None in exact else sum(each for each in exact if each is not None),
        values=shown.values,
        lengths=_steps([each.lengths if enough else None for each, enough in zip(columns, many, strict=True)], weights),
        categories=shown.categories,
        classes=_classes([column.classes for column in columns], weights),
        hours=shown.hours,
        weekdays=shown.weekdays,
        magnitude=shown.magnitude,
        held=_shown(tables, held, many, weights) if len(held) == len(parts) else None,
    )


def _shown(tables: Sequence[TableProfile], parts: Sequence[Shown], many: Sequence[bool], weights: Floats) -> Held:
    """How values are distributed in all parts together; of parts with too few the quantiles do not count."""
    return Held(
        values=_steps([each.values if enough else None for each, enough in zip(parts, many, strict=True)], weights),
        categories=_categories([each.categories for each in parts], weights),
        hours=_shares([each.hours for each in parts], weights),
        weekdays=_shares([each.weekdays for each in parts], weights),
        magnitude=_magnitude(zip(tables, parts, strict=True)),
    )


def _known(parts: Sequence[object | None], weights: Floats) -> tuple[list[int], Floats] | None:
    """Places of the parts that are known, with weights that sum to 1; None if too much is not."""
    places = [place for place, (part, weight) in enumerate(zip(parts, weights, strict=True)) if part and weight]
    known = float(weights[places].sum())
    return (places, weights[places] / known) if places and known >= 1 - _UNKNOWN else None


def _steps(parts: Sequence[Steps | None], weights: Floats) -> Steps | None:
    """The distribution of a mixture: between two known points of a part, the middle of what is possible there."""
    found = _known(parts, weights)
    if found is None:
        return None
    several = [(part, weight) for place, weight in zip(*found, strict=True) if (part := parts[place]) is not None]
    points = np.unique(np.concatenate([part.at for part, _ in several]))
    if len(points) > _MOST_POINTS:
        points = points[np.linspace(0, len(points) - 1, _MOST_POINTS).astype(np.int64)]
    below, upto = np.zeros(len(points)), np.zeros(len(points))
    for part, weight in several:
        below += weight * np.mean(distances.below(part, points), axis=0)
        upto += weight * np.mean(distances.upto(part, points), axis=0)
    upto = np.maximum(below, upto)
    return Steps(tuple(points.tolist()), tuple(np.round(below, 6).tolist()), tuple(np.round(upto, 6).tolist()))


def _categories(parts: Sequence[Mapping[str, float] | None], weights: Floats) -> dict[str, float] | None:
    """Shares of the categories that every part with rows lists."""
    several = [(part or {}, weight) for part, weight in zip(parts, weights, strict=True) if weight]
    if not several:
        return None
    names = set.intersection(*(set(part) for part, _ in several))
    return {name: round(float(sum(part[name] * weight for part, weight in several)), 6) for name in names} or None


def _classes(parts: Sequence[Mapping[str, float] | None], weights: Floats) -> dict[str, float] | None:
    found = _known(parts, weights)
    if found is None:
        return None
    several = [(part, weight) for place, weight in zip(*found, strict=True) if (part := parts[place]) is not None]
    return {name: float(sum(part[name] * weight for part, weight in several)) for name in several[0][0]}


def _shares(parts: Sequence[Sequence[float] | None], weights: Floats) -> tuple[float, ...] | None:
    found = _known(parts, weights)
    if found is None:
        return None
    several = [np.multiply(part, weight) for place, weight in zip(*found, strict=True) if (part := parts[place])]
    return tuple(np.sum(several, axis=0).tolist())


def _magnitude(parts: Iterable[tuple[TableProfile, Shown]]) -> tuple[int, float, float] | None:
    """Mean and spread of a mixture: the mean of the variances and the variance of the means."""
    told = [(part.rows / part.sample_rows, column.magnitude) for part, column in parts]
    known = [(factor * each[0], *each) for factor, each in told if each is not None]
    if not known or len(known) < len(told):
        return None
    weights, counts, means, spreads = (np.array(each, float) for each in zip(*known, strict=True))
    weights = weights / weights.sum()
    mean = float((weights * means).sum())
    variance = float((weights * (spreads**2 + (means - mean) ** 2)).sum())
    return int(counts.sum()), mean, float(np.sqrt(variance))
