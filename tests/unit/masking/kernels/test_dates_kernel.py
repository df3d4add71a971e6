"""birth_date and timestamp_noise by kernels give the masks of the general way, and take what is usual."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testdata_assets.masking import kernels
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.text_arrays import string_bytes
from testdata_assets.masking.transformers import birth_date, registry, timestamp_noise
from testdata_assets.masking.transformers.base import MaskContext, Transformer
from testdata_assets.production.catalog import Column

BothWays = Callable[[Transformer[Any], list[str], MaskContext], tuple[list[str], list[str]]]
RUNS = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SPANS = ("1 second", "90 seconds", "2 hours", "1 day", "3 days", "1 day 12 hours", "400000 days")
DAYS = ("1990-05-06", "1990-01-01", "1990-01-02", "2000-02-29")
LIMITS: tuple[dict[str, str], ...] = ({}, *({"not_after": day} for day in DAYS))

years = st.one_of(st.integers(0, 9999), st.sampled_from([0, 1, 4, 1582, 1900, 1990, 2000, 9999, 12345]))
ending = st.sampled_from(["", "", " BC", " ", "-", "é"])
day = st.builds("{:04}-{:02}-{:02}{}".format, years, st.integers(0, 13), st.integers(0, 32), ending)
sound_day = st.dates().map(str)
edge = st.sampled_from(
    ["0001-01-01", "9999-12-31", "1970-01-01", "2000-02-29", "1990-01-01", "1969-12-31", "1900-02-29"]
)
hours = st.builds("{:02}:{:02}".format, st.integers(0, 25), st.integers(0, 61))
seconds = st.sampled_from([":00", ":00", ":07", ":59", ":61", ""])
fractions = st.sampled_from(["", "", ".5", ".000001", ".123456", ".", ".1234567", ".000"])
zones = st.sampled_from(["", "+00", "-03", "+05:30", "+05:30:10", "+0530", " +01", "Z", "+1", "+05-30"])
clock = st.builds("{}{}{}{}{}".format, st.sampled_from([" ", " ", "T", ""]), hours, seconds, fractions, zones)
moment = st.builds(
    "{}{}".format, st.one_of(sound_day, sound_day, edge, day), st.one_of(st.just(""), clock, st.just(" 00:00:00"))
)
odd = st.one_of(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=40),
    st.sampled_from(["", " ", "infinity", "-infinity", "INFINITY", "12:30", "24.12.1970", "19701224"]),
)


def context(base_type: str, limit: int | None = None, fold: bool = False) -> MaskContext:
    return MaskContext(KeyedHash.derive(b"k" * 32, "d"), Column("v", base_type, base_type, "D", limit), fold)


@RUNS
@given(
    values=st.lists(st.one_of(moment, moment, odd), min_size=1, max_size=20),
    within=st.sampled_from(SPANS),
    base_type=st.sampled_from(["date", "timestamp", "timestamptz", "time", "text", "bpchar"]),
    fold=st.booleans(),
)
def test_noise_on_any_moment(both_ways: BothWays, values: list[str], within: str, base_type: str, fold: bool):
    fast, general = both_ways(
        registry.build("timestamp_noise", {"within": within}), values, context(base_type, fold=fold)
    )
    assert fast == general


@RUNS
@given(
    values=st.lists(st.one_of(day, sound_day, edge, moment, odd), min_size=1, max_size=20),
    chosen=st.sampled_from(LIMITS),
    base_type=st.sampled_from(["date", "timestamp", "text", "bpchar"]),
    limit=st.sampled_from([None, None, 10, 9]),
)
def test_any_birth_date(
    both_ways: BothWays, values: list[str], chosen: dict[str, Any], base_type: str, limit: int | None
):
    cut = [value[:limit] for value in values]
    fast, general = both_ways(registry.build("birth_date", chosen), cut, context(base_type, limit))
    assert fast == general


@pytest.mark.parametrize("chosen", LIMITS)
def test_all_days_of_some_years_as_birth_dates(
    both_ways: BothWays, monkeypatch: pytest.MonkeyPatch, chosen: dict[str, Any]
):
    values = [(dt.date(1987, 1, 1) + dt.timedelta(days=number)).isoformat() for number in range(5000)]
    monkeypatch.setattr(birth_date, "_AT_ONCE", 600)
    transformer = registry.build("birth_date", chosen)
    fast, general = both_ways(transformer, values, context("date"))
    assert fast == general
    loaded = kernels.load("dates", 1 << 61)
    assert loaded is not None
    assert isinstance(transformer, birth_date.BirthDate)
    found = transformer.by_kernel(loaded, *string_bytes(pl.Series(values)), context("date"))
    assert found is not None
    assert found.done.mean() > 0.99


@pytest.mark.parametrize("within", SPANS)
def test_usual_moments_are_taken_in_several_blocks(both_ways: BothWays, monkeypatch: pytest.MonkeyPatch, within: str):
    draw = random.Random(4)
    starts = [dt.datetime(1, 1, 1) + dt.timedelta(seconds=draw.randrange(315_537_897_599)) for _ in range(1500)]
    values = [f"{start.isoformat(' ')}{draw.choice(['', '+00', '-09:30'])}" for start in starts]
    values += [f"{start.isoformat(' ')}.{draw.randrange(1, 10**6):06}".rstrip("0") for start in starts]
    values += [start.date().isoformat() for start in starts]
    monkeypatch.setattr(timestamp_noise, "_AT_ONCE", 600)
    transformer = registry.build("timestamp_noise", {"within": within})
    fast, general = both_ways(transformer, values, context("timestamptz"))
    assert fast == general
    loaded = kernels.load("dates", 1 << 61)
    assert loaded is not None
    assert isinstance(transformer, timestamp_noise.TimestampNoise)
    found = transformer._by_kernel(loaded, pl.Series(values), context("timestamptz"))
    assert found.done.mean() > 0.9
