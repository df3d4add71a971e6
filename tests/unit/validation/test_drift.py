"""Drift: the same data never alarms, resampled data hardly ever, and real changes always."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table
from testdata_assets.production.figures import Steps
from testdata_assets.production.profile import TableProfile, TableProfiler
from testdata_assets.validation.distances import dropped, ks_distance, tvd
from testdata_assets.validation.drift import KEPT, ColumnPromise, Drift, compare
from testdata_assets.validation.rules import DriftLimits

NAME = TableName("public", "orders")
TYPES = {
    "id": ("int8", "N"),
    "amount": ("numeric", "N"),
    "rank": ("int4", "N"),
    "country": ("text", "S"),
    "city": ("text", "S"),
    "note": ("text", "S"),
    "at": ("timestamp", "D"),
    "paid": ("bool", "B"),
    "zone": ("text", "S"),
}
TABLE = Table(NAME, 1, "r", tuple(Column(name, base, base, kind) for name, (base, kind) in TYPES.items()), NAME)


def world(rows: int, seed: int) -> pl.DataFrame:
    """Skewed, tied, periodic and correlated columns, as text."""
    rng = np.random.default_rng(seed)
    amount = np.round(rng.lognormal(3, 1.2, rows), 2)
    country = rng.choice(["DE", "FR", "US", "JP", "BR"], rows, p=[0.8, 0.1, 0.05, 0.03, 0.02])
    stamp = pl.Series((1_600_000_000 + np.arange(rows) * 300) * 1000).cast(pl.Datetime("ms"))
    return pl.DataFrame(
        {
            "id": pl.Series(range(rows)).cast(pl.String),
            "amount": pl.Series(amount).cast(pl.String).set(pl.Series(rng.random(rows) < 0.2), None),
            "rank": pl.Series(np.searchsorted([5, 20, 60], amount)).cast(pl.String),
            "country": country,
            "city": [f"city{number}" for number in rng.zipf(1.5, rows) % 200],
            "note": ["x" * length for length in rng.integers(1, 60, rows)],
            "at": stamp.dt.strftime("%Y-%m-%d %H:%M:%S"),
            "paid": np.where(amount > 20, "t", "f"),
            # Many categories of nearly equal size, tied to another column: their ranking is chance.
            "zone": [f"{name}{number}" for name, number in zip(country, rng.integers(0, 12, rows), strict=True)],
        }
    )


def profile(data: pl.DataFrame, *, masked: frozenset[str] = frozenset(), exact: bool = True) -> TableProfile:
    profiler = TableProfiler(TABLE, masked)
    profiler.add(data)
    if exact:
        profiler.add_counts(data.height, {name: data.get_column(name).null_count() for name in data.columns})
    return profiler.finish()


def moved(before: TableProfile, after: TableProfile, **promises: ColumnPromise) -> list[Drift]:
    return [each for each in compare(NAME, before, after, promises, DriftLimits()) if each.exceeded]


@pytest.mark.parametrize("rows", [0, 1, 19, 45, 300, 5_000, 80_000])
def test_identical_data_never_alarms(rows: int) -> None:
    data = world(rows, 1)
    shuffled = data.sample(fraction=1, shuffle=True, seed=3)
    assert moved(profile(data), profile(data)) == []
    assert moved(profile(data), profile(shuffled, exact=False)) == []


def test_resampled_data_hardly_ever_alarms() -> None:
    """Forty images of new rows from the same world: at most one may alarm (`test_drift_rates.py` takes 200)."""
    data = world(12_000, 2)
    source = profile(data)
    alarms = 0
    for seed in range(40):
        again = data.sample(fraction=1, with_replacement=True, seed=seed)
        alarms += bool(
            [each for each in moved(source, profile(again)) if each.measure != "distinct"]  # a bootstrap repeats rows
        )
    assert alarms <= 1


def test_samples_of_one_large_table_do_not_alarm() -> None:
    data = world(150_000, 3)
    for seed in range(10):
        assert moved(profile(data), profile(data.sample(fraction=1, shuffle=True, seed=seed))) == []


CHANGES: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "scaled by 1.2": (
        lambda data: data.with_columns((pl.col("amount").cast(pl.Float64) * 1.2).cast(pl.String)),
        "amount",
    ),
    "five points more nulls": (
        lambda data: data.with_columns(
            note=pl.when(pl.int_range(pl.len()) % 20 == 7).then(None).otherwise(pl.col("note"))
        ),
        "note",
    ),
    "nulls filled": (lambda data: data.with_columns(pl.col("amount").fill_null("0")), "amount"),
    "shuffled": (
        lambda data: data.with_columns(pl.col("rank").sample(fraction=1, shuffle=True, seed=9)),
        "amount ~ rank",
    ),
    "a category dropped": (
        lambda data: data.with_columns(pl.col("country").replace("BR", "JP")),
        "country",
    ),
    "cut at a limit": (lambda data: data.with_columns(pl.col("note").str.slice(0, 50)), "note"),
    "a constant": (lambda data: data.with_columns(city=pl.lit("city1")), "city"),
    "a shift in time": (
        lambda data: data.with_columns(pl.col("at").str.replace("2020", "2021", literal=True)),
        "at",
    ),
}


@pytest.mark.parametrize("rows", [10_000, 150_000])
@pytest.mark.parametrize(("change", "column"), CHANGES.values(), ids=CHANGES.keys())
def test_real_changes_are_found(rows: int, change: Callable[[pl.DataFrame], pl.DataFrame], column: str) -> None:
    data = world(rows, 4)
    found = moved(profile(data), profile(change(data)))
    assert column in {each.column for each in found}


def test_masked_columns_answer_only_for_what_is_promised() -> None:
    data = world(2_000, 5)
    other = data.with_columns(note=pl.lit("masked"), city=pl.lit("masked"))
    masked = frozenset({"note", "city"})
    lossy = ColumnPromise(masked=True, nulls=True, distinct=False, lengths=False)
    strict = ColumnPromise(masked=True, nulls=True, distinct=True, lengths=True)
    before, after = profile(data, masked=masked), profile(other, masked=masked)
    assert moved(before, after, note=lossy, city=lossy) == []
    found = {(each.column, each.measure) for each in moved(before, after, note=strict, city=lossy)}
    assert found == {
        ("note", "distinct"),
        ("note", "frequencies"),
        ("note", "lengths"),
        ("note", "length cut"),
    }
    emptied = profile(other.with_columns(note=pl.lit(None, dtype=pl.String)), masked=masked)
    assert {each.measure for each in moved(before, emptied, note=lossy, city=lossy)} == {"nulls"}
    free = ColumnPromise(masked=True, nulls=False, distinct=False, lengths=False)
    assert moved(before, emptied, note=free, city=lossy) == []
    assert KEPT.masked is False


def test_ks_is_a_lower_bound_and_close() -> None:
    rng = np.random.default_rng(7)
    a, b = np.sort(rng.normal(0, 1, 4_000)), np.sort(rng.normal(0.3, 1, 4_000))
    grid = np.union1d(a, b)
    exact = np.abs(np.searchsorted(a, grid, "right") - np.searchsorted(b, grid, "right")).max() / 4_000

    def steps(values: np.ndarray) -> Steps:
        at = np.unique(values[::20])
        return Steps(
            tuple(at),
            tuple(np.searchsorted(values, at, "left") / len(values)),
            tuple(np.searchsorted(values, at, "right") / len(values)),
        )

    found = ks_distance(steps(a), steps(b))
    assert exact - 0.011 <= found <= exact
    assert ks_distance(steps(a), steps(a)) == 0


def test_ks_of_values_apart_is_one() -> None:
    low, high = Steps((1.0, 2.0), (0.0, 0.5), (0.5, 1.0)), Steps((8.0, 9.0), (0.0, 0.5), (0.5, 1.0))
    assert ks_distance(low, high) == pytest.approx(1)


def test_unlisted_categories_count_as_large_as_they_may_be() -> None:
    assert tvd({"a": 0.5, "b": 0.5}, {"a": 0.5, "b": 0.5}, (1_000, 1_000)) == 0
    assert tvd({"a": 0.9, "b": 0.021}, {"a": 0.9}, (1_000, 1_000)) == pytest.approx(0.0005)
    assert tvd({"a": 0.5, "b": 0.5}, {"a": 1.0}, (1_000, 1_000)) == pytest.approx(0.5)
    assert dropped({"a": 0.5, "b": 0.4}, {"a": 0.9, "c": 0.1}, 1_000, 0.1) == pytest.approx((0.4, 0.01))
    value, limit = dropped({"a": 0.97, "b": 0.03}, {"a": 1.0}, 1_000, 0.2)
    assert value < limit  # thirty expected: may be hidden, not gone
