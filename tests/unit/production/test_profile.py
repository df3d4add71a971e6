"""Profiles: bounded samples, JSON round trip, and nothing in them that points at a person."""

from __future__ import annotations

import json
import time

import numpy as np
import polars as pl
import pytest
from pydantic import TypeAdapter

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.associations import cramers_v
from testdata_assets.production.catalog import Column, Table
from testdata_assets.production.figures import MIN_GROUP
from testdata_assets.production.profile import (
    MAX_CHARACTERS,
    MAX_SAMPLE,
    MAX_SAMPLE_BYTES,
    TableProfile,
    TableProfiler,
    clipped,
    spread,
)

NAME = TableName("public", "t")
TYPES = {
    "id": ("int4", "N"),
    "amount": ("numeric", "N"),
    "state": ("text", "S"),
    "email": ("text", "S"),
    "at": ("timestamptz", "D"),
    "day": ("date", "D"),
    "flag": ("bool", "B"),
    "note": ("text", "S"),
}
TABLE = Table(NAME, 1, "r", tuple(Column(name, base, base, kind) for name, (base, kind) in TYPES.items()), NAME)


def frame(rows: int, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    amount = pl.Series(np.round(rng.lognormal(3, 1, rows), 2))
    stamp = pl.Series(rng.integers(1_600_000_000, 1_700_000_000, rows) * 1000).cast(pl.Datetime("ms"))
    return pl.DataFrame(
        {
            "id": pl.Series(range(rows)).cast(pl.String),
            "amount": amount.cast(pl.String).set(pl.Series(rng.random(rows) < 0.1), None),
            "state": rng.choice(["new", "paid", "void"], rows, p=[0.6, 0.39, 0.01]),
            "email": [f"person{i}@mail.net" for i in rng.integers(0, rows, rows)],
            "at": stamp.dt.strftime("%Y-%m-%d %H:%M:%S.123+00"),
            "day": stamp.dt.strftime("%Y-%m-%d"),
            "flag": rng.choice(["t", "f"], rows),
            "note": rng.choice(["left\\nhere", "one", "a longer note"], rows),
        }
    )


def profile(data: pl.DataFrame, masked: set[str] | None = None) -> TableProfile:
    profiler = TableProfiler(TABLE, masked if masked is not None else {"email"})
    profiler.add(data)
    return profiler.finish()


def test_the_profile_survives_json() -> None:
    found = profile(frame(5_000))
    assert TableProfile.from_json(json.loads(json.dumps(found.as_json()))) == found
    adapter = TypeAdapter(dict[str, TableProfile])
    assert adapter.validate_json(adapter.dump_json({"t": found})) == {"t": found}


def test_masked_columns_leave_no_value() -> None:
    data = frame(5_000).with_columns(email=pl.lit("only.one@mail.net"))
    found = profile(data, {"email", "amount", "at", "state"})
    for name in ("email", "amount", "at", "state"):
        column = found.column(name)
        assert column is not None
        assert (column.values, column.categories) == (None, None)
    assert "only.one" not in json.dumps(found.as_json())
    assert not any({"amount", "at", "state", "email"} & {a, b} for a, b, _ in found.associations)


def test_extremes_and_rare_categories_stay_out() -> None:
    data = frame(1_000).with_columns(
        state=pl.Series(["rare"] * (MIN_GROUP - 1) + ["common"] * (1_001 - MIN_GROUP)),
        amount=pl.Series(["-7777777", *["5"] * 998, "8888888"]),
    )
    found = profile(data)
    text = json.dumps(found.as_json())
    assert "rare" not in text
    assert "common" in text
    assert "7777777" not in text
    assert "8888888" not in text
    column = found.column("id")
    assert column is not None
    assert column.values is not None
    assert min(column.values.at) >= MIN_GROUP - 1
    assert max(column.values.at) <= 1_000 - MIN_GROUP


def test_distributions_are_described_truly() -> None:
    data = frame(20_000)
    found = profile(data)
    amount, note, state, at = (found.column(name) for name in ("amount", "note", "state", "at"))
    assert amount is not None
    assert amount.values is not None
    known = data.get_column("amount").drop_nulls().cast(pl.Float64).to_numpy()
    for x, below, upto in zip(amount.values.at, amount.values.below, amount.values.upto, strict=True):
        assert below == pytest.approx((known < x).mean(), abs=1e-6)
        assert upto == pytest.approx((known <= x).mean(), abs=1e-6)
    assert amount.sample_nulls == data.get_column("amount").null_count()
    assert note is not None
    assert note.lengths is not None
    assert note.lengths.at == (3.0, 9.0, 13.0)  # the escape of `left\nhere` is one character
    assert state is not None
    assert state.categories is not None
    assert state.categories["paid"] == pytest.approx((data.get_column("state") == "paid").mean(), abs=1e-6)
    assert at is not None
    assert at.values is not None
    assert 1.6e9 <= at.values.at[0] < at.values.at[-1] <= 1.7e9


def test_odd_values_are_no_numbers() -> None:
    odd = ["NaN", "Infinity", "-Infinity", "1e3"] * 30
    days = ["infinity", "0044-03-15 BC", "2024-01-01", "294276-12-31"] * 30
    data = frame(120).with_columns(amount=pl.Series(odd), day=pl.Series(days))
    found = profile(data)
    amount, day = found.column("amount"), found.column("day")
    assert amount is not None
    assert amount.values is None
    assert day is not None
    assert day.values is None
    assert amount.distinct == 4


def test_tiny_and_empty_tables_have_profiles() -> None:
    assert profile(frame(3)).sample_rows == 3
    empty = TableProfiler(TABLE, set()).finish()
    assert (empty.rows, empty.sample_rows, len(empty.columns)) == (0, 0, len(TYPES))


def test_the_sample_is_bounded_and_spread_over_everything() -> None:
    profiler = TableProfiler(TABLE, {"email"})
    whole = frame(200_000)
    for part in whole.iter_slices(17_000):
        profiler.add(part)
        profiler.add_counts(part.height, {name: part.get_column(name).null_count() for name in part.columns})
    found = profiler.finish()
    assert found.rows == 200_000
    assert MAX_SAMPLE // 3 < found.sample_rows <= MAX_SAMPLE
    amount, ids = found.column("amount"), found.column("id")
    assert amount is not None
    assert amount.nulls == whole.get_column("amount").null_count()
    assert ids is not None
    assert ids.values is not None
    middle = np.interp(0.5, ids.values.upto, ids.values.at)
    assert middle == pytest.approx(100_000, rel=0.02)


def test_spread_does_not_resonate_with_periods() -> None:
    rows = spread(100_000, 20, salt=3)
    assert len(rows) == pytest.approx(5_000, rel=0.1)
    assert np.bincount(rows % 20, minlength=20).min() > 150
    assert (spread(100_000, 20, salt=3) == rows).all()
    assert (spread(5, 1, salt=3) == np.arange(5)).all()


def test_associations_see_order_and_not_chance() -> None:
    rng = np.random.default_rng(1)
    a = rng.integers(1, 9, 5_000)
    assert cramers_v(a, a) == pytest.approx(1, abs=1e-3)
    assert cramers_v(a, rng.permutation(a)) < 0.03
    assert cramers_v(a, np.ones(5_000, dtype=np.int64)) == 0


def test_profiling_is_cheap() -> None:
    data = pl.concat(
        [frame(50000), frame(50000).select(pl.all().name.suffix("_2")).drop("note_2", "flag_2")], how="horizontal"
    )
    columns = tuple(
        Column(name, *TYPES[name.removesuffix("_2")][:1] * 2, TYPES[name.removesuffix("_2")][1])
        for name in data.columns
    )
    table = Table(NAME, 1, "r", columns, NAME)

    def seconds() -> float:
        started = time.process_time()
        profiler = TableProfiler(table, {"email"})
        profiler.add(data)
        profiler.finish()
        return time.process_time() - started

    assert min(seconds() for _ in range(3)) < 1.0  # of processor time over all threads; about 0.2 s on the clock


def test_wide_rows_are_thinned_to_a_bounded_sample() -> None:
    profiler = TableProfiler(TABLE, {"email"})
    wide = frame(2_000).with_columns(note=pl.lit("n" * 10_000))
    for _ in range(8):  # 160 MB
        profiler.add(wide)
        assert profiler._held_bytes <= MAX_SAMPLE_BYTES
    profiler.add_counts(16_000)
    found = profiler.finish()
    assert found.rows == 16_000
    assert 2_000 <= found.sample_rows <= 4_900
    state = found.column("state")
    assert state is not None
    assert state.categories is not None
    assert state.categories["new"] == pytest.approx(0.6, abs=0.05)  # the sample is still even


def test_long_values_are_looked_at_only_so_far() -> None:
    profiler = TableProfiler(TABLE, {"email"})
    data = frame(100).with_columns(note=pl.lit("n" * 1_000_000))
    assert clipped(frame(100)).equals(frame(100))
    profiler.add(data)
    lengths = profiler.finish().column("note")
    assert lengths is not None
    assert lengths.lengths is not None
    assert set(lengths.lengths.at) == {float(MAX_CHARACTERS)}
