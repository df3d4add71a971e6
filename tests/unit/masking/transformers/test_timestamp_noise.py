"""timestamp_noise: near the moment, in its form and at its resolution."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Uniqueness
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]
RUNS = settings(max_examples=60, deadline=None)
MOMENTS = st.datetimes(dt.datetime(1, 2, 1), dt.datetime(9999, 11, 30))


def shape(text: str) -> str:
    return re.sub(r"\d", "9", text)


def printed(moment: dt.datetime) -> str:
    """As Postgres prints it: no trailing zeros in the fraction."""
    text = moment.strftime("%H:%M:%S")
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment.date().isoformat()} {text}{fraction}"


@RUNS
@given(st.lists(MOMENTS, min_size=1, max_size=30), st.sampled_from(["", "+00", "-03:30"]))
def test_timestamps(mask: Mask, moments: list[dt.datetime], zone: str):
    batch = [printed(moment) + zone for moment in moments]
    masked = mask("timestamp_noise", batch, params={"within": "2 hours"}, base_type="timestamptz")
    for value, other in zip(batch, masked, strict=True):
        assert shape(other) == shape(value)
        assert other.endswith(zone)
        delta = dt.datetime.fromisoformat(other) - dt.datetime.fromisoformat(value)
        assert dt.timedelta() < abs(delta) <= dt.timedelta(hours=2)


@RUNS
@given(st.lists(MOMENTS, min_size=1, max_size=20))
def test_a_mask_depends_on_the_value_alone(mask: Mask, moments: list[dt.datetime]):
    batch = [printed(moment) for moment in moments]
    together = mask("timestamp_noise", batch, base_type="timestamp")
    assert together[::-1] == mask("timestamp_noise", batch[::-1], base_type="timestamp")
    assert together == [mask("timestamp_noise", [one], base_type="timestamp")[0] for one in batch]
    assert together == mask("timestamp_noise", batch, base_type="text")


@RUNS
@given(st.lists(st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)), min_size=1, max_size=30))
def test_dates(mask: Mask, dates: list[dt.date]):
    masked = mask("timestamp_noise", list(map(str, dates)), base_type="date")
    for date, other in zip(dates, masked, strict=True):
        assert 1 <= abs((dt.date.fromisoformat(other) - date).days) <= 3


def test_all_days_within_reach_are_drawn(mask: Mask):
    dates = [dt.date(2000, 1, 1) + dt.timedelta(days=number) for number in range(3000)]
    masked = mask("timestamp_noise", list(map(str, dates)), base_type="date")
    counts = dict.fromkeys((-3, -2, -1, 1, 2, 3), 0)
    for date, other in zip(dates, masked, strict=True):
        counts[(dt.date.fromisoformat(other) - date).days] += 1
    assert min(counts.values()) > 400


def test_midnights_and_whole_minutes_stay_so(mask: Mask):
    days = [f"2024-05-{day:02d} 00:00:00" for day in range(1, 29)]
    assert all(one.endswith(" 00:00:00") for one in mask("timestamp_noise", days, base_type="timestamp"))
    assert mask("timestamp_noise", ["2024-05-03"], base_type="date")[0] == mask(
        "timestamp_noise", ["2024-05-03 00:00:00"], base_type="timestamp"
    )[0].removesuffix(" 00:00:00")
    hours = {"within": "2 hours"}
    assert not any(
        one.endswith(" 00:00:00") for one in mask("timestamp_noise", days, params=hours, base_type="timestamp")
    )
    minutes = [f"2024-05-{day:02d} 10:15:00" for day in range(1, 29)]
    assert all(one.endswith(":00") for one in mask("timestamp_noise", minutes, params=hours, base_type="timestamp"))
    seconds = [f"2024-05-03 10:15:{second:02d}" for second in range(1, 60)]
    masked = mask("timestamp_noise", seconds, params={"within": "30 seconds"}, base_type="timestamp")
    assert all(one != two for one, two in zip(seconds, masked, strict=True))


def test_odd_moments(mask: Mask):
    batch = ["infinity", "-infinity", ""]
    assert mask("timestamp_noise", batch, base_type="timestamp") == batch
    bc, first, last, late = mask(
        "timestamp_noise",
        ["0044-03-15 10:00:00+00 BC", "0001-01-01 00:00:00+00", "9999-12-31 23:59:59+00", "294276-12-31 23:59:59+00"],
        base_type="timestamptz",
    )
    assert re.fullmatch(r"0044-03-\d\d \d\d:\d\d:\d\d\+00 BC", bc)
    assert re.fullmatch(r"0001-01-0[2-4] 00:00:00\+00", first)
    assert last.startswith("9999-12-")
    assert last < "9999-12-31 23:59:59"
    assert late.startswith("294276-12-")


@RUNS
@given(st.lists(st.times(), min_size=1, max_size=30), st.sampled_from(["", "+02", "-03:30"]))
def test_times_of_day_stay_on_their_day(mask: Mask, times: list[dt.time], zone: str):
    batch = [printed(dt.datetime.combine(dt.date(2000, 1, 1), time)).split(" ")[1] + zone for time in times]
    masked = mask("timestamp_noise", batch, params={"within": "45 minutes"}, base_type="timetz")
    for value, other in zip(batch, masked, strict=True):
        assert shape(other) == shape(value)
        one, two = (dt.datetime.combine(dt.date(2000, 1, 1), dt.time.fromisoformat(each)) for each in (value, other))
        assert dt.timedelta() < abs(one.replace(tzinfo=None) - two.replace(tzinfo=None)) <= dt.timedelta(minutes=45)


def test_the_last_moment_of_a_day_comes_down(mask: Mask):
    (masked,) = mask("timestamp_noise", ["24:00:00"], params={"within": "1 hour"}, base_type="time")
    assert "23:00:00" <= masked < "24:00:00"


@pytest.mark.parametrize(
    "value", ["2024-01-05T10:11:12Z", "2024-01-05T10:11", "2024-01-05 10:11:12.123456+0530", "10:11"]
)
def test_iso_texts(mask: Mask, value: str):
    (masked,) = mask("timestamp_noise", [value])
    assert masked != value
    assert shape(masked) == shape(value)


@pytest.mark.parametrize("value", ["03/15/1980", "May 1980", "2024-13-01", "2023-02-29", "2024-01-05T25:00:00Z"])
def test_other_texts_are_permuted(mask: Mask, value: str):
    (masked,) = mask("timestamp_noise", [value])
    assert masked != value
    assert len(masked) == len(value)


def test_keys_and_domains_are_unrelated(mask: Mask):
    batch = [f"2024-01-01 10:{minute:02d}:{second:02d}" for minute in range(10) for second in range(60)]
    plain = mask("timestamp_noise", batch, base_type="timestamp")
    for other in (
        mask("timestamp_noise", batch, base_type="timestamp", key=b"k" * 32),
        mask("timestamp_noise", batch, base_type="timestamp", domain="other"),
    ):
        assert sum(one == two for one, two in zip(plain, other, strict=True)) < 10


@pytest.mark.parametrize(
    "within", ["", "3", "three days", "-1 day", "0 days", "1 month", "3 days ago", "999999999 weeks"]
)
def test_bad_spans(within: str):
    with pytest.raises(ValidationError):
        registry.build("timestamp_noise", {"within": within})


@pytest.mark.parametrize(
    "within", ["3 days", "1 day 12 hours", "2 hours, 30 minutes", "1 week and 1 day", "90 seconds"]
)
def test_good_spans(within: str):
    registry.build("timestamp_noise", {"within": within})


def test_columns():
    built = registry.build("timestamp_noise", {"within": "2 hours"})
    assert built.problems(Column("c", "date", "date", "D"))
    assert not built.problems(Column("c", "timestamp without time zone", "timestamp", "D"))
    assert not built.problems(Column("c", "time without time zone", "time", "D"))
    assert built.problems(Column("c", "integer", "int4", "N"))
    assert built.guarantees.uniqueness is Uniqueness.LOSSY
