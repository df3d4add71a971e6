"""birth_date: year and leap days stay, everything odd survives."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Mask = Callable[..., list[str]]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dates(dt.date(1000, 1, 1), dt.date(9990, 1, 1)), min_size=1, max_size=50))
def test_another_day_of_the_same_year(mask: Mask, days: list[dt.date]):
    for day, masked in zip(days, mask("birth_date", list(map(str, days)), base_type="date"), strict=True):
        other = dt.date.fromisoformat(masked)
        assert other != day
        if (day.month, day.day) == (2, 29):
            assert (other.month, other.day) == (2, 29)
            assert abs(other.year - day.year) in (4, 8)
        else:
            assert other.year == day.year
            assert (other.month, other.day) != (2, 29)


def test_days_spread_over_the_year(mask: Mask):
    days = [str(dt.date(1900, 6, 15) + dt.timedelta(days=365 * n + n // 4)) for n in range(99)] * 1
    months = {masked[5:7] for masked in mask("birth_date", days, base_type="date")}
    assert len(months) == 12


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.dates(dt.date(2015, 1, 1), dt.date(2025, 12, 31)), min_size=1, max_size=50),
    st.dates(dt.date(2016, 1, 1), dt.date(2025, 12, 31)),
)
def test_no_date_passes_the_limit(mask: Mask, days: list[dt.date], limit: dt.date):
    values = list(map(str, days))
    for day, masked in zip(
        values, mask("birth_date", values, params={"not_after": limit}, base_type="date"), strict=True
    ):
        other = dt.date.fromisoformat(masked)
        assert masked != day
        assert other <= limit or dt.date.fromisoformat(day) > limit


def test_odd_dates(mask: Mask):
    endless = ["infinity", "-infinity"]
    assert mask("birth_date", endless, base_type="date") == endless
    bc, leap, late, long = mask(
        "birth_date", ["0044-03-15 BC", "0005-02-29 BC", "10000-01-01", "123456-12-31"], base_type="date"
    )
    assert re.fullmatch(r"0044-\d\d-\d\d BC", bc)
    assert re.fullmatch(r"(0001|0009|0013)-02-29 BC", leap)
    assert late.startswith("10000-")
    assert long.startswith("123456-")


def test_where_case_does_not_count_letters_of_dates_mean_the_same(mask: Mask):
    endless = ["Infinity", "-INFINITY", " infinity "]
    assert mask("birth_date", endless, fold=True) == endless
    bc, leap, timed = mask("birth_date", ["0044-03-15 bc", "0005-02-29 Bc", "1980-05-03t14:23:11z"], fold=True)
    assert re.fullmatch(r"0044-\d\d-\d\d bc", bc)
    assert re.fullmatch(r"(0001|0009|0013)-02-29 Bc", leap)
    assert re.fullmatch(r"1980-\d\d-\d\dt\d\d:\d\d:\d\dz", timed)


@pytest.mark.parametrize("value", ["1900-02-29", "2023-02-29", "2023-02-30", "1999-04-31"])
def test_days_that_never_were_are_no_dates(mask: Mask, value: str):
    (masked,) = mask("birth_date", [value])
    assert re.sub(r"\d", "0", masked) == re.sub(r"\d", "0", value)
    assert masked[:4] != value[:4]  # its year is no year of birth that would have to stay
    assert mask("birth_date", [value, "1980-05-03"]) == [masked, *mask("birth_date", ["1980-05-03"])]


def test_times_change_unless_midnight_and_zones_stay(mask: Mask):
    midnight, timed, zoned = mask(
        "birth_date",
        ["1980-05-03 00:00:00", "1980-05-03 14:23:11", "1980-05-03 14:23:11.25+05:30"],
        base_type="timestamptz",
    )
    assert midnight.endswith(" 00:00:00")
    assert dt.datetime.fromisoformat(timed).time() != dt.time(14, 23, 11)
    assert zoned.endswith("+05:30")
    assert re.search(r":\d\d\.\d[1-9]\+", zoned)
    assert dt.datetime.fromisoformat(zoned.replace("+05:30", "0000+05:30"))


@pytest.mark.parametrize(
    ("value", "form"),
    [("03/15/1980", "%m/%d/%Y"), ("15/03/1980", "%d/%m/%Y"), ("31.12.1999", "%d.%m.%Y"), ("19800503", "%Y%m%d")],
)
def test_other_spellings_in_text_columns(mask: Mask, value: str, form: str):
    (masked,) = mask("birth_date", [value])
    assert masked != value
    assert dt.datetime.strptime(masked, form).year == dt.datetime.strptime(value, form).year


def test_ambiguous_spellings_can_still_be_read_both_ways(mask: Mask):
    values = [f"{day}/{month}/1980" for day in range(1, 13) for month in range(1, 13)]
    for masked in mask("birth_date", values):
        one, two, year = masked.split("/")
        assert 1 <= int(one) <= 12
        assert 1 <= int(two) <= 12
        assert year == "1980"


def test_texts_that_are_no_dates_are_permuted(mask: Mask):
    (masked,) = mask("birth_date", ["born in May 1980"])
    assert "May" not in masked
    assert "1980" not in masked


def test_distinct_days_stay_distinct_in_their_year(mask: Mask):
    for year in (1900, 1980, 1999, 2000):
        first = dt.date(year, 1, 1)
        days = [str(first + dt.timedelta(days=day)) for day in range((dt.date(year + 1, 1, 1) - first).days)]
        masked = mask("birth_date", days, params={"distinct": True}, base_type="date")
        assert sorted(masked) == days
        assert all(one != other for one, other in zip(days, masked, strict=True))
        assert masked != sorted(masked)
        assert mask("birth_date", days[:40], params={"distinct": True}, base_type="date") == masked[:40]
    oldest = [f"4714-11-{day} BC" for day in range(24, 31)] + [f"4714-12-{day:02} BC" for day in range(1, 32)]
    assert sorted(mask("birth_date", oldest, params={"distinct": True}, base_type="date")) == oldest
    timed = mask("birth_date", ["1980-05-03 10:20:30", "-infinity"], params={"distinct": True}, base_type="timestamp")
    assert re.fullmatch(r"1980-\d\d-\d\d 10:20:30", timed[0])
    assert timed[1] == "-infinity"


def test_distinct_takes_no_limit(mask: Mask):
    with pytest.raises(ValueError, match="not_after"):
        mask("birth_date", ["1980-05-03"], params={"distinct": True, "not_after": dt.date(2020, 1, 1)})
