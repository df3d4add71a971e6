"""The shop's calendar: when it opened, when the sample was taken, and numbers as dates and moments.

The sample's "now" is fixed, or the same seed would give other data tomorrow.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from testdata_assets.synthesis.sample_shop.draw import Ints

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_EPOCH = dt.date(1970, 1, 1)


def day(year: int, month: int = 1, day_of_month: int = 1) -> int:
    """Days since 1970-01-01."""
    return (dt.date(year, month, day_of_month) - _EPOCH).days


START = day(2022) * DAY  # the shop opens; microseconds since 1970, UTC
END = day(2025, 12, 30) * DAY  # nothing happens later


def dates(days: Ints) -> pl.Series:
    """Days since 1970 as dates."""
    return pl.Series(days.astype(np.int32)).cast(pl.Date)


def moments(microseconds: Ints) -> pl.Series:
    """Microseconds since 1970 as UTC datetimes."""
    return pl.Series(microseconds).cast(pl.Datetime("us"))


def years(days: Ints) -> Ints:
    """The calendar year of days since 1970."""
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def wall_clock(microseconds: Ints, zones: pl.Series) -> pl.Series:
    """What a clock on the wall shows in each row's IANA time zone."""
    at = moments(microseconds).dt.replace_time_zone("UTC")
    rows, clocks = [], []
    for zone in zones.unique().sort().to_list():
        inside = np.flatnonzero((zones == zone).to_numpy())
        rows.append(inside)
        clocks.append(at.gather(inside).dt.convert_time_zone(zone).dt.replace_time_zone(None))
    return pl.concat(clocks).gather(np.argsort(np.concatenate(rows), kind="stable"))
