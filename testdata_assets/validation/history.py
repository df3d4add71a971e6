"""Images over time: what the registry keeps of each one's distributions, and how a new one differs from the last.

Only profiles are kept, so that this works without any raw row. An image that differs from the one published before
it, but not from its snapshot, tells that production itself changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog
from testdata_assets.production.profile import TableProfile
from testdata_assets.validation.drift import ColumnPromise, Comparison, Drift, candidates, judged
from testdata_assets.validation.rules import DriftLimits

Profiles = Mapping[TableName, TableProfile]
SHOWN_IMAGES = 12
TRACKED = 5


@dataclass(frozen=True)
class PastImage:
    """An image published before.

    Attributes:
        golden_id: Its id.
        published_at: When.
        profiles: Of its tables.
        masked_alike: Its masks are those of the new image: same rules, same key.
        severity: Its worst measure against its snapshot, over the limit.
        severity_since: Its worst measure against the image before it; None for the first.
    """

    golden_id: str
    published_at: datetime
    profiles: Profiles = field(default_factory=dict)
    masked_alike: bool = True
    severity: float | None = None
    severity_since: float | None = None


def stored(profiles: Profiles, drifts: Sequence[Drift], since: Sequence[Drift] | None) -> dict[str, Any]:
    """What the registry keeps of an image; `past_image` reads it back."""
    return {
        "image": {str(table): profile.as_json() for table, profile in profiles.items()},
        "drift": {
            "measures": len(drifts),
            "drifted": sum(1 for each in drifts if each.exceeded),
            "severity": _severity(drifts),
            "severity_since": None if since is None else _severity(since),
        },
    }


def past_image(
    golden_id: str, published_at: datetime, profile: Mapping[str, Any] | None, *, masked_alike: bool
) -> PastImage:
    """An image from what the registry keeps of it, also in the form of earlier versions."""
    document = profile or {}
    summary = document.get("drift") or {}
    return PastImage(
        golden_id,
        published_at,
        {TableName.parse(name): TableProfile.from_json(entry) for name, entry in (document.get("image") or {}).items()},
        masked_alike,
        summary.get("severity"),
        summary.get("severity_since"),
    )


def changes_since(previous: PastImage, image: Profiles, catalog: Catalog, limits: DriftLimits) -> list[Drift]:
    """All measures of the image against the one published before it.

    Rows are other rows now, so noise is that of independent samples; ids and times move on by themselves.
    """
    keys, moving = key_columns(catalog), _moving(catalog)
    found = []
    for table, after in image.items():
        before = previous.profiles.get(table)
        if before is None or not before.rows or not after.rows:
            continue
        comparison = Comparison(
            _promises(before, after, previous.masked_alike),
            keys.get(table, frozenset()),
            same_rows=False,
            moving=moving.get(table, frozenset()),
        )
        found += list(candidates(table, before, after, comparison, limits))
    return judged(found)


def key_columns(catalog: Catalog) -> dict[TableName, frozenset[str]]:
    """Columns that alone are a foreign key, by table; partitions take their root's."""
    known: dict[TableName, set[str]] = {}
    for key in catalog.foreign_keys:
        if len(key.columns) == 1:
            known.setdefault(key.table, set()).add(key.columns[0])
    return {
        table.name: frozenset(known.get(table.name, set()) | known.get(table.rule_table, set()))
        for table in catalog.storing_tables
    }


def _moving(catalog: Catalog) -> dict[TableName, frozenset[str]]:
    """Columns whose values grow with the table: keys, and what points to them."""
    known: dict[TableName, set[str]] = {}
    for key in catalog.foreign_keys:
        known.setdefault(key.table, set()).update(key.columns)
    for index in catalog.unique_indexes:
        known.setdefault(index.table, set()).update(index.columns)
    return {
        table.name: frozenset(known.get(table.name, set()) | known.get(table.rule_table, set()))
        for table in catalog.storing_tables
    }


def _promises(before: TableProfile, after: TableProfile, masked_alike: bool) -> dict[str, ColumnPromise]:
    """Columns kept both times are compared in everything, columns masked both times in what profiles hold of them.

    Where the rules changed, a masked column says nothing of production.
    """
    found = {}
    for first in before.columns:
        second = after.column(first.name)
        if second is None or not (first.masked or second.masked):
            continue
        alike = masked_alike and first.masked and second.masked
        found[first.name] = ColumnPromise(masked=True, nulls=alike, distinct=alike, lengths=alike, characters=alike)
    return found


@dataclass(frozen=True)
class Track:
    """How far one measure of each past image lies from the newest one: (image, value over limit), oldest first."""

    table: TableName
    column: str
    measure: str
    distances: tuple[tuple[str, float], ...]


def tracks(
    past: Sequence[PastImage],
    image: Profiles,
    worst: Iterable[Drift],
    limits: DriftLimits,
) -> list[Track]:
    """The distances of past images to the newest, for the measures that moved most.

    Args:
        past: Images published before, oldest first.
        image: Profiles of the newest.
        worst: Measures, worst first.
        limits: Configured effect sizes.
    """
    found = []
    seen: set[tuple[TableName, str]] = set()
    for drift in worst:
        if (drift.table, drift.column) in seen:
            continue
        seen.add((drift.table, drift.column))
        distances = [
            (each.golden_id, distance)
            for each in past
            if (distance := _distance(each, image, drift, limits)) is not None
        ]
        if distances:
            found.append(Track(drift.table, drift.column, drift.measure, tuple(distances)))
        if len(found) == TRACKED:
            break
    return found


def _distance(past: PastImage, image: Profiles, drift: Drift, limits: DriftLimits) -> float | None:
    before, after = past.profiles.get(drift.table), image.get(drift.table)
    if before is None or after is None:
        return None
    comparison = Comparison(
        _promises(before, after, past.masked_alike), keys=frozenset({drift.column}), same_rows=False
    )
    for each in candidates(drift.table, before, after, comparison, limits):
        if (each.column, each.measure) == (drift.column, drift.measure):
            return judged([each])[0].severity
    return None


def _severity(drifts: Sequence[Drift]) -> float:
    return round(max((each.severity for each in drifts), default=0.0), 4)
