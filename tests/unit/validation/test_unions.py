"""Partitions taken together are compared as the table they are, however their rows are spread over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
import pytest

from testdata_assets.masking.transformers.base import EXACTLY, Distribution, Kept
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.profile import TableProfile, TableProfiler
from testdata_assets.validation import unions
from testdata_assets.validation.drift import ColumnPromise, Comparison, Drift, candidates, judged
from testdata_assets.validation.rules import DriftLimits
from tests.unit.validation.drift_world import MASKED, PROMISES, TABLE, world

ROOT = TableName("public", "orders")


def parted(data: pl.DataFrame, seed: int, shares: list[float], compared: frozenset[str] = frozenset()) -> TableProfile:
    """The union of the profiles of partitions that rows fall into at random; columns to compare are masked ones."""
    place = np.random.default_rng(seed).choice(len(shares), data.height, p=shares)
    parts = []
    for number in range(len(shares)):
        rows = data.filter(pl.Series(place == number))
        profiler = TableProfiler(TABLE, MASKED | compared, compared)
        profiler.add(rows)
        profiler.add_counts(rows.height, {name: rows.get_column(name).null_count() for name in rows.columns})
        parts.append(profiler.finish())
    return unions.union(parts)


def drifted(one: TableProfile, other: TableProfile, promised: Mapping[str, ColumnPromise] = PROMISES) -> list[Drift]:
    measures = candidates(ROOT, *unions.comparable(one, other), Comparison(promised), DriftLimits())
    return [each for each in judged(each for each in measures if each.measure in unions.MEASURES) if each.exceeded]


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.9, 0.07, 0.03], [0.2] * 5])
@pytest.mark.parametrize("rows", [300, 3_000, pytest.param(40_000, marks=pytest.mark.slow)])
def test_rows_that_move_are_no_drift(rows: int, shares: list[float]) -> None:
    for seed in range(4):
        data = world(rows, seed)
        assert drifted(parted(data, seed, shares), parted(data, seed + 100, shares)) == []


CHANGES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "nulls": lambda data: data.with_columns(
        pl.when(pl.int_range(pl.len()) % 10 == 0).then(None).otherwise(pl.col("note")).alias("note")
    ),
    "scale": lambda data: data.with_columns((pl.col("amount").cast(pl.Float64) * 1.3).cast(pl.String).alias("amount")),
    "lengths": lambda data: data.with_columns(pl.col("note").str.head(20)),
    "categories": lambda data: data.with_columns(pl.col("country").str.replace("FR", "DE")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_changes_are_found_in_the_union(change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    data = world(20_000, 5)
    assert drifted(parted(data, 1, [0.6, 0.4]), parted(change(data), 2, [0.6, 0.4]))


@pytest.mark.parametrize("distribution", [EXACTLY, Distribution(Kept.ROUGHLY, ratio=0.05)])
def test_masked_columns_are_held_to_their_distribution_in_the_union(distribution: Distribution) -> None:
    data, shares = world(20_000, 5), [0.6, 0.4]
    compared = frozenset({"amount", "country"})
    promise = ColumnPromise(masked=True, distinct=False, lengths=False, distribution=distribution)
    promised = {**PROMISES, **dict.fromkeys(compared, promise)}
    before = parted(data, 1, shares, compared)
    assert drifted(before, parted(data, 2, shares, compared), promised) == []
    moved = data.with_columns((pl.col("amount").cast(pl.Float64) * 1.3).cast(pl.String).alias("amount"))
    found = drifted(before, parted(moved, 2, shares, compared), promised)
    assert {each.column for each in found} == {"amount"}
    fewer = drifted(before, parted(CHANGES["categories"](data), 2, shares, compared), promised)
    assert {each.column for each in fewer} == ({"country"} if distribution is EXACTLY else set())


def test_the_union_is_what_one_table_would_be() -> None:
    data = world(20_000, 5)
    profiler = TableProfiler(TABLE, MASKED)
    profiler.add(data)
    profiler.add_counts(data.height, {name: data.get_column(name).null_count() for name in data.columns})
    whole, together = profiler.finish(), parted(data, 3, [0.7, 0.3])
    assert (together.rows, together.sample_rows) == (whole.rows, whole.sample_rows)
    for column in whole.columns:
        same = together.column(column.name)
        assert same is not None
        assert (same.nulls, same.sample_nulls) == (column.nulls, column.sample_nulls)
        if column.magnitude:
            assert same.magnitude == pytest.approx(column.magnitude, rel=1e-4)
        if column.hours:
            assert same.hours == pytest.approx(column.hours, abs=1e-5)
