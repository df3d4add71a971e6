"""The picture of the worst drift: drawn for every measure, from profiles alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from testdata_assets.masking.transformers.base import EXACTLY
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table
from testdata_assets.production.profile import TableProfile, TableProfiler
from testdata_assets.validation.drift import ColumnPromise, compare
from testdata_assets.validation.picture import draw_worst
from testdata_assets.validation.rules import DriftLimits

NAME = TableName("public", "t$able")
TABLE = Table(
    NAME,
    1,
    "r",
    (
        Column("amount", "int", "int4", "N"),
        Column("state", "text", "text", "S"),
        Column("note", "text", "text", "S"),
    ),
    NAME,
)


def profile(data: pl.DataFrame) -> TableProfile:
    profiler = TableProfiler(TABLE, set())
    profiler.add(data)
    return profiler.finish()


def data(**changes: pl.Expr) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    amount = rng.integers(0, 1_000, 1_000)
    return pl.DataFrame(
        {
            "amount": pl.Series(amount).cast(pl.String),
            "state": np.where(amount > 400, "$new$ 東京", "_old^"),
            "note": ["n" * (1 + each % 40) for each in amount],
        }
    ).with_columns(**changes)


CHANGES = {
    "values": {"amount": (pl.col("amount").cast(pl.Int64) * 2).cast(pl.String)},
    "categories": {"state": pl.lit("other")},
    "lengths": {"note": pl.lit("long" * 50)},
    "nulls": {"note": pl.lit(None, dtype=pl.String)},
    "association": {"state": pl.col("state").sample(fraction=1, shuffle=True, seed=2)},
    "nothing": {},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_picture_is_drawn(change: dict[str, pl.Expr]) -> None:
    before, after = profile(data()), profile(data(**change))
    drifts = compare(NAME, before, after, {}, DriftLimits())
    picture = draw_worst(drifts, {NAME: before}, {NAME: after})
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 5_000


def test_no_measures_no_picture() -> None:
    assert draw_worst([], {}, {}) is None


def test_of_masked_columns_only_the_distance_is_drawn() -> None:
    """Whatever of the distribution was compared: another one that moved as far is the same picture."""

    def drawn(factor: int) -> bytes | None:
        sides = []
        for scale in (factor, 3 * factor):
            profiler = TableProfiler(TABLE, {"amount"}, {"amount"})
            profiler.add(
                data(amount=(pl.col("amount").cast(pl.Int64) * scale).cast(pl.String)).select("amount", "state", "note")
            )
            sides.append(profiler.finish())
        kept = {"amount": ColumnPromise(masked=True, distinct=False, lengths=False, distribution=EXACTLY)}
        drifts = [each for each in compare(NAME, *sides, kept, DriftLimits()) if each.column == "amount"]
        assert {each.measure for each in drifts if each.exceeded} >= {"values", "scale"}
        return draw_worst([each for each in drifts if each.measure == "values"], {NAME: sides[0]}, {NAME: sides[1]})

    first, second = drawn(1), drawn(7)
    assert first is not None
    assert first == second
