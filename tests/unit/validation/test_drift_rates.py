"""How often the drift check alarms: hardly ever on other draws of the same data, nearly always on changed data.

The quick tests draw a few times, the slow ones (`make test-slow`) two hundred times and hold the rates promised:
at most 1 % of images alarm falsely, at least 99 % of the changes are found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from testdata_assets.production.profile import TableProfile
from tests.unit.validation.drift_world import CHANGES, alarms, found, masked, profile, world

ROWS = 10_000
TABLE_ROWS = 120_000
QUICK, FULL, CHANGED = 6, 200, 100
# A bootstrap holds some rows twice and others not at all: that much of it is no chance.
_REPEATED = ("distinct", "fan-out", "frequencies")

Pair = tuple[TableProfile, TableProfile]


def of_one_table(images: int) -> Iterator[Pair]:
    """Snapshot and masked image, each seen through a sample of its own."""
    table = world(TABLE_ROWS, 99)
    source = profile(table.sample(ROWS, seed=100_000), rows=TABLE_ROWS)
    for seed in range(images):
        yield source, profile(masked(table.sample(ROWS, seed=seed)), rows=TABLE_ROWS)


def of_fresh_rows(images: int) -> Iterator[Pair]:
    """One published image after the other, of rows drawn anew from the same laws."""
    before = profile(masked(world(ROWS, 0)))
    for seed in range(1, images + 1):
        after = profile(masked(world(ROWS + 37 * (seed % 9), seed)))
        yield before, after
        before = after


def of_bootstraps(images: int) -> Iterator[Pair]:
    """Rows drawn with replacement."""
    data = world(ROWS, 7)
    before = profile(data)
    for seed in range(images):
        yield before, profile(masked(data.sample(fraction=1, with_replacement=True, seed=seed)))


RESAMPLES: dict[str, tuple[Callable[[int], Iterator[Pair]], bool, tuple[str, ...]]] = {
    "samples of one table": (of_one_table, True, ()),
    "fresh rows": (of_fresh_rows, False, ()),
    "bootstraps": (of_bootstraps, False, _REPEATED),
    "bootstraps taken for the same rows": (of_bootstraps, True, _REPEATED),
}


def false_alarms(kind: str, images: int) -> tuple[int, Counter[tuple[str, str]]]:
    """How many images alarm, and in what."""
    draw, same_rows, skipped = RESAMPLES[kind]
    count, told = 0, Counter[tuple[str, str]]()
    for before, after in draw(images):
        wrong = [each for each in alarms(before, after, same_rows=same_rows) if each.measure not in skipped]
        count += bool(wrong)
        told.update((each.column, each.measure) for each in wrong)
    return count, told


@cache
def missed(images: int) -> dict[str, Counter[str]]:
    """Of each change the images that do not alarm where they should, by what they were compared with.

    All changes together: each image they change is drawn and profiled once.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in CHANGES}
    for seed in range(images):
        data, later = world(ROWS, 500 + seed), world(ROWS, 900_000 + seed)
        source, last = profile(data), profile(masked(data))
        for name, (alter, column) in CHANGES.items():
            against_snapshot = alarms(source, profile(masked(alter(data, seed))), same_rows=True)
            against_last = alarms(last, profile(masked(alter(later, seed))), same_rows=False)
            counts[name]["snapshot"] += not found(against_snapshot, column)
            counts[name]["image before"] += not found(against_last, column)
    return counts


@pytest.mark.parametrize("kind", RESAMPLES)
def test_other_draws_do_not_alarm(kind: str) -> None:
    count, told = false_alarms(kind, QUICK)
    assert count == 0, told


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_found(change: str) -> None:
    assert missed(1)[change]["snapshot"] == 0


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kind", RESAMPLES)
def test_at_most_one_image_in_a_hundred_alarms_falsely(kind: str) -> None:
    count, told = false_alarms(kind, FULL)
    assert count <= FULL // 100, told


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("change", CHANGES)
def test_at_least_99_changes_in_a_hundred_are_found(change: str) -> None:
    count = missed(CHANGED)[change]
    assert max(count.values()) <= CHANGED // 100, count
