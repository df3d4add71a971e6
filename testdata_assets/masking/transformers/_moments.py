"""Dates, timestamps and times of day as numbers: read from Postgres' ISO form, moved, written back in the same form.

A moment is a day (from 1 January 1970, by the Gregorian calendar both ways) and microseconds of that day, as
its text shows them: the time-zone suffix stays as it is. Texts that are no such form stay out. A moved moment
keeps era and width of its year: where it would cross 1 BC, the year 9999 or the type's bounds, it moves the
other way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.text_arrays import Positions

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
_TIME = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?"
_ZONE = r"((?: ?[+-][0-9]{2}(?::?[0-9]{2}){0,2}| ?Z)?)"
_MOMENT = rf"^([0-9]{{4,7}})-([0-9]{{2}})-([0-9]{{2}})(?:([ T]){_TIME})?{_ZONE}( BC)?$"
_CLOCK = rf"^{_TIME}{_ZONE}$"
_ENDLESS = r"^\s*-?infinity\s*$"
_UNITS = {"second": SECOND, "minute": MINUTE, "hour": 60 * MINUTE, "day": DAY, "week": 7 * DAY}
_SPAN = re.compile(r"\s*(\d{1,9})\s*(second|minute|hour|day|week)s?\s*(?:,|and\b)?")
# First and last day of the types: 24 November 4714 BC, 31 December 5874897, 31 December 294276, 31 December 9999.
_FIRST_DAY, _LAST_DATE, _LAST_TIMESTAMP, _LAST_PLAIN = -2440588, 2145042905, 106762939, 2932896
_FIRST_AD = -719162  # 1 January of the year 1


def parse_span(text: str) -> int:
    """Microseconds of `3 days`, `2 hours` or `1 day 12 hours`.

    Raises:
        ValueError: Not of that form, or nothing.
    """
    place, total = 0, 0
    while place < len(text):
        match = _SPAN.match(text, place)
        if match is None:
            raise ValueError("write a time span as in '3 days', '2 hours' or '1 day 12 hours'")
        total += int(match[1]) * _UNITS[match[2]]
        place = match.end()
    if total < SECOND:
        raise ValueError("a time span is a second at least")
    if total > 400_000 * DAY:
        raise ValueError("a time span is 400000 days at most")
    return total


def endless(values: pl.Series) -> NDArray[np.bool_]:
    """Which values are infinity or -infinity."""
    found: NDArray[np.bool_] = values.str.contains(_ENDLESS).to_numpy()
    return found


@dataclass(frozen=True)
class Moments:
    """n dates or timestamps.

    Attributes:
        rows: Which of the values they are.
        day: Days from 1 January 1970.
        micro: Microseconds of the day; 0 where there is no time.
        timed: Whether a time is written.
        seconds: Whether seconds are written.
        decimals: Digits of the fraction of a second.
        between: Blank or T between day and time.
        zone, era: What follows the time, as written.
        last: The last day the type holds.
    """

    rows: Positions
    day: Positions
    micro: Positions
    timed: NDArray[np.bool_]
    seconds: NDArray[np.bool_]
    decimals: Positions
    between: pl.Series
    zone: pl.Series
    era: pl.Series
    last: int

    @property
    def canonical(self) -> pl.Series:
        """One text for equal moments: midnight and the bare day agree."""
        return pl.Series(self.day).cast(pl.String) + " " + pl.Series(self.micro).cast(pl.String) + self.zone

    @property
    def unit(self) -> Positions:
        """Microseconds that the last digit of each stands for."""
        found: Positions = np.where(self.timed, 10 ** (6 - self.decimals), DAY)
        return np.where(self.timed & ~self.seconds, MINUTE, found)

    def moved(self, days: Positions, micros: Positions) -> pl.Series:
        """The texts of moments that many days and microseconds later, or earlier where that would cross a bound."""
        day, micro = self._sum(days, micros)
        crossed = self._crosses(day)
        if crossed.any():
            other = self._sum(-days, -micros)
            back = crossed & ~self._crosses(other[0])
            day, micro = np.where(back, other[0], day), np.where(back, other[1], micro)
            # Within a span of both bounds there is no other way than to stand at one.
            low, high = self._bounds()
            day = np.clip(day, low, high)
        return self._written(day, micro)

    def _sum(self, days: Positions, micros: Positions) -> tuple[Positions, Positions]:
        carry, micro = np.divmod(self.micro + micros, DAY)
        return self.day + days + carry, micro

    def _bounds(self) -> tuple[Positions, Positions]:
        bc = self.day < _FIRST_AD
        low = np.where(bc, _FIRST_DAY, _FIRST_AD)
        high = np.where(bc, _FIRST_AD - 1, np.where(self.day <= _LAST_PLAIN, _LAST_PLAIN, self.last))
        return low, high

    def _crosses(self, day: Positions) -> NDArray[np.bool_]:
        low, high = self._bounds()
        crosses: NDArray[np.bool_] = (day < low) | (day > high)
        return crosses

    def _written(self, day: Positions, micro: Positions) -> pl.Series:
        year, month, of_month = civil(day)
        frame = pl.DataFrame(
            {
                "year": np.where(year <= 0, 1 - year, year),
                "month": month,
                "day": of_month,
                "between": self.between,
                "zone": self.zone,
                "era": self.era,
            }
        )
        date = pl.concat_str(_padded("year", 4), pl.lit("-"), _padded("month", 2), pl.lit("-"), _padded("day", 2))
        if not self.timed.any():
            return frame.select(pl.concat_str(date, "zone", "era")).to_series()
        frame = frame.with_columns(clock=clock_text(micro, self.seconds, self.decimals), timed=pl.Series(self.timed))
        clock = pl.when("timed").then(pl.concat_str("between", "clock")).otherwise(pl.lit(""))
        return frame.select(pl.concat_str(date, clock, "zone", "era")).to_series()


def read_moments(values: pl.Series, base_type: str) -> Moments:
    """Reads what is a date or timestamp in Postgres' ISO form, with a blank or a T before the time."""
    parts = values.str.extract_groups(_MOMENT).struct.unnest()
    columns = [parts.to_series(place) for place in range(parts.width)]
    rows = np.flatnonzero(columns[0].is_not_null().to_numpy())
    year, month, day = (_number(columns[place], rows) for place in range(3))
    hour, minute, second = (_number(columns[place], rows) for place in range(4, 7))
    bc = columns[9].gather(pl.Series(rows)).is_not_null().to_numpy()
    signed = np.where(bc, 1 - year, year)
    number = days(signed, month, day)
    sound = np.stack(civil(number)) == np.stack([signed, month, day])
    last = _LAST_DATE if base_type == "date" else _LAST_TIMESTAMP
    good = np.flatnonzero(sound.all(axis=0) & (number >= _FIRST_DAY) & (number <= last) & (hour < 24) & (minute < 60))
    rows = rows[good]
    where = pl.Series(rows)
    fraction = columns[7].gather(where).fill_null("")
    micro = (hour[good] * 60 + minute[good]) * MINUTE + second[good] * SECOND + _micros(fraction)
    return Moments(
        rows=rows,
        day=number[good],
        micro=micro,
        timed=columns[4].gather(where).is_not_null().to_numpy(),
        seconds=columns[6].gather(where).is_not_null().to_numpy(),
        decimals=fraction.str.len_bytes().to_numpy().astype(np.int64),
        between=columns[3].gather(where).fill_null(""),
        zone=columns[8].gather(where).fill_null(""),
        era=columns[9].gather(where).fill_null(""),
        last=last,
    )


@dataclass(frozen=True)
class Clocks:
    """n times of day: see `Moments`."""

    rows: Positions
    micro: Positions
    seconds: NDArray[np.bool_]
    decimals: Positions
    zone: pl.Series

    @property
    def canonical(self) -> pl.Series:
        return pl.Series(self.micro).cast(pl.String) + self.zone

    @property
    def unit(self) -> Positions:
        found: Positions = np.where(self.seconds, 10 ** (6 - self.decimals), MINUTE)
        return found

    def written(self, micro: Positions) -> pl.Series:
        """The texts of other times of day."""
        return clock_text(micro, self.seconds, self.decimals) + self.zone


def read_clocks(values: pl.Series) -> Clocks:
    """Reads what is a time of day, with or without a time zone; 24:00 counts as one."""
    parts = values.str.extract_groups(_CLOCK).struct.unnest()
    columns = [parts.to_series(place) for place in range(parts.width)]
    rows = np.flatnonzero(columns[0].is_not_null().to_numpy())
    hour, minute, second = (_number(columns[place], rows) for place in range(3))
    fraction = columns[3].gather(pl.Series(rows)).fill_null("")
    micro = (hour * 60 + minute) * MINUTE + second * SECOND + _micros(fraction)
    good = np.flatnonzero((micro <= DAY) & (minute < 60))
    where = pl.Series(rows[good])
    return Clocks(
        rows=rows[good],
        micro=micro[good],
        seconds=columns[2].gather(where).is_not_null().to_numpy(),
        decimals=columns[3].gather(where).fill_null("").str.len_bytes().to_numpy().astype(np.int64),
        zone=columns[4].gather(where).fill_null(""),
    )


def days(year: Positions, month: Positions, day: Positions) -> Positions:
    """Days from 1 January 1970 of Gregorian dates; the year 0 is 1 BC.

    Years are counted from March, so that the leap day is their last: then month m (0 for March) begins
    (153 m + 2) // 5 days into the year.
    """
    later = month <= 2
    from_march = year - later
    of_year = (153 * (month + np.where(later, 9, -3)) + 2) // 5 + day - 1
    found: Positions = from_march * 365 + from_march // 4 - from_march // 100 + from_march // 400 + of_year - 719468
    return found


def civil(number: Positions) -> tuple[Positions, Positions, Positions]:
    """Year (0 is 1 BC), month and day of days from 1 January 1970."""
    era, of_era = np.divmod(number + 719468, 146097)
    of_era_year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * of_era_year + of_era_year // 4 - of_era_year // 100)
    from_march = (5 * of_year + 2) // 153
    day = of_year - (153 * from_march + 2) // 5 + 1
    month = np.where(from_march < 10, from_march + 3, from_march - 9)
    return era * 400 + of_era_year + (month <= 2), month, day


def clock_text(micro: Positions, seconds: NDArray[np.bool_], decimals: Positions) -> pl.Series:
    """`HH:MM`, `HH:MM:SS` or `HH:MM:SS.f`, with as many decimals as wanted."""
    frame = pl.DataFrame(
        {
            "hour": micro // (60 * MINUTE),
            "minute": micro // MINUTE % 60,
            "second": micro // SECOND % 60,
            "micro": micro % SECOND,
            "seconds": seconds,
            "decimals": decimals,
        }
    )
    fraction = (
        pl.when(pl.col("decimals") > 0)
        .then(pl.lit(".") + _padded("micro", 6).str.slice(0, pl.col("decimals")))
        .otherwise(pl.lit(""))
    )
    second = pl.when("seconds").then(pl.concat_str(pl.lit(":"), _padded("second", 2), fraction)).otherwise(pl.lit(""))
    return frame.select(pl.concat_str(_padded("hour", 2), pl.lit(":"), _padded("minute", 2), second)).to_series()


def _padded(name: str, width: int) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.zfill(width)


def _number(column: pl.Series, rows: Positions) -> Positions:
    found: Positions = column.gather(pl.Series(rows)).cast(pl.Int64).fill_null(0).to_numpy()
    return found


def _micros(fraction: pl.Series) -> Positions:
    found: Positions = fraction.str.pad_end(6, "0").cast(pl.Int64).to_numpy()
    return found
