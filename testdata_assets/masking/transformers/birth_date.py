"""birth_date: another day of the same year."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, model_validator

from testdata_assets.masking.hashing import Words
from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.permutation import cycle_pairs
from testdata_assets.masking.text_arrays import Positions, TextArray, merge_rows, running
from testdata_assets.masking.transformers.base import (
    Coincidence,
    Distribution,
    Guarantees,
    Kept,
    MaskContext,
    Params,
    Unheld,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer, scrambled
from testdata_assets.production.catalog import Column

_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_BEFORE = np.concatenate(([0], np.cumsum(_DAYS)))
# The first day to draw, and two factors of how many: common and leap years, and the oldest from 24 November on.
_SPANS = np.array([(0, 5, 73), (0, 6, 61), (327, 2, 19)], np.int64)
_LEAP_STEPS = (4, -4, 8, -8)
_AT_ONCE = 8192  # dates that kernels work on: arrays stay in the processor's cache
_ISO_DATE = 10  # characters
_FIRST_YEAR = -4713  # 4714 BC, in which the days that Postgres knows begin
_YEARS = np.arange("0001", "10001", dtype="datetime64[Y]")
_FEBRUARIES = _YEARS.astype("datetime64[M]") + 1
_LEAP_DAYS = _FEBRUARIES.astype("datetime64[D]") + 28
_LEAP_DAYS = _LEAP_DAYS[_LEAP_DAYS.astype("datetime64[M]") == _FEBRUARIES]


def _seconds(days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Seconds since 1970."""
    return days.astype("datetime64[s]").astype(np.float64)


_NEW_YEARS = tuple(_seconds(_YEARS).tolist())
# Begin and end of each, a little early: profiles round moments of long ago by some minutes.
_ON_LEAP_DAYS = tuple((_seconds(np.stack([_LEAP_DAYS, _LEAP_DAYS + 1], axis=1)).ravel() - 1000).tolist())
_HYPHEN, _COLON = 0x2D, 0x3A
_BC = np.array([[ord(symbol) for symbol in written] for written in (" BC", " bc")])


class BirthDateParams(Params):
    """Parameters of `birth_date`."""

    not_after: dt.date | None = Field(
        None, description="Dates up to this one are never moved beyond it: for CHECKs against the future."
    )
    distinct: bool = Field(
        False,
        description="Permute the days of each year, so different dates stay so: for unique indexes; not with "
        "`not_after`. Times of day stay, and 29 February is a day like others.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.distinct and self.not_after is not None:
            raise ValueError("`distinct` permutes whole years, so that it takes no `not_after`")
        return self


@register
class BirthDate(TextTransformer[BirthDateParams]):
    """Draws another day of the same year, so ages change by less than a year and their bands stay.

    29 February stays one, in a leap year four or eight years off. A time of day other than midnight is drawn
    too; time zones, BC and infinity stay. In text columns ISO dates and day/month/year in either order are
    understood (what could be read both ways stays so); other texts are permuted, days that never were among them.
    """

    name = "birth_date"
    summary = "Replaces dates by another day of the same year; 29 February stays a leap day."
    params_model = BirthDateParams
    base_types = frozenset({"text", "date", "timestamp", "timestamptz"})
    kernel = "dates"
    distribution = Distribution(Kept.ROUGHLY, edges=_NEW_YEARS, unheld=(Unheld(_ON_LEAP_DAYS),))
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True
    )

    def guarantees_for(self, column: Column) -> Guarantees:
        """Days are drawn, unless they are permuted; of texts, and of moments in zones, some may meet even then."""
        if self.params.distinct and column.base_type in ("date", "timestamp"):
            return self.guarantees
        return replace(self.guarantees, uniqueness=Uniqueness.LOSSY)

    def distribution_on(self, column: Column) -> Distribution:
        """In the same year; leap days go to other years unless days are permuted."""
        limit = self.params.not_after
        if self.params.distinct:
            return replace(self.distribution, unheld=())
        if limit is None or _passed(limit) > 1:
            return self.distribution
        # That very day goes to the year before.
        new_year = float(_seconds(np.array(limit, "datetime64[D]")))
        return replace(self.distribution, edges=tuple(edge for edge in _NEW_YEARS if edge != new_year))

    def unique_with(self) -> str:
        return "" if self.params.distinct else "`distinct: true`, on dates and timestamps without time zone,"

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        masked = super().apply(values, context)
        endless = values.str.contains(rf"^\s*(?{'i' if context.fold_case else ''}:-?infinity)\s*$")
        if not endless.any():
            return masked
        return pl.select(pl.when(endless).then(values).otherwise(masked)).to_series().rename(values.name)

    def draw(self, draw: Draw) -> pl.Series:
        text = draw.text
        iso = _read_iso(text, draw.context.fold_case)
        draws = draw.hash.prf("day").blocks(draw.seeds[0], draw.seeds[1])
        codes = text.codes.copy()
        rows = iso.rows
        year, month, day = self._permuted(iso, draw) if self.params.distinct else self._redrawn(iso, draws[rows])
        _write_number(codes, iso.start, iso.year_width, year)
        _write_number(codes, iso.month_at, np.full(len(rows), 2), month)
        _write_number(codes, iso.month_at + 3, np.full(len(rows), 2), day)
        if not self.params.distinct:
            _redraw_times(text, codes, rows, draws[rows, 1])
        result = TextArray(codes, text.offsets).to_series()
        other = np.ones(len(text), np.bool_)
        other[rows] = False
        rest = np.flatnonzero(other)
        return result if not len(rest) else merge_rows(result, rest, _draw_other(draw, rest, draws[rest]))

    def by_kernel(self, loaded: ModuleType, data: Bytes, offsets: Places, context: MaskContext) -> Masks | None:
        if self.params.distinct or (context.max_length is not None and context.max_length < _ISO_DATE):
            return None
        limit = self.params.not_after
        last_day = (0, 0) if limit is None else (limit.year, _passed(limit))
        keyed = context.hash.for_purpose(self.name)
        prf = keyed.prf("day")
        count = len(offsets) - 1
        size = min(count, _AT_ONCE)
        starts, ordinals, spans = (np.empty(size, np.int64) for _ in range(3))
        lengths = np.full(size, _ISO_DATE)
        done = np.empty(count, np.bool_)
        target = np.empty(len(data), np.uint8)
        ends = np.zeros(count + 1, np.int64)
        end = 0
        for first in range(0, count, size):
            last = min(first + size, count)
            block, flags = (data, offsets[first : last + 1]), done[first:last]
            found = loaded.read_births(*block, *last_day, flags, starts, ordinals, spans)
            seeds = keyed.draws_of(data[offsets[first] : offsets[last]], starts[:found], lengths[:found])
            end = loaded.move_births(
                *block, flags, ordinals, spans, prf.blocks(*seeds), target, ends[first + 1 : last + 1], end
            )
        return Masks(target[:end], ends, done)

    def _permuted(self, iso: _IsoDates, draw: Draw) -> tuple[Positions, Positions, Positions]:
        """The days of each year in another order, none in its place."""
        leap = _is_leap(iso.signed_year)
        kind = np.where(iso.signed_year == _FIRST_YEAR, 2, leap.astype(np.int64))
        before = _BEFORE + leap[:, None] * (np.arange(13) > 1)  # (n, 13)
        first, rows, width = _SPANS[kind].T
        number = before[np.arange(len(leap)), iso.month - 1] + iso.day - 1 - first
        moduli = rows.astype(np.uint64), width.astype(np.uint64)
        high, low = (number // width).astype(np.uint64), (number % width).astype(np.uint64)
        year = (iso.signed_year - _FIRST_YEAR).astype(np.uint64)
        high, low = cycle_pairs(draw.hash.prf("distinct"), high, low, moduli, year)
        other = first + high.astype(np.int64) * width + low.astype(np.int64)
        month = (before[:, :12] <= other[:, None]).sum(axis=1)
        return iso.year, month, other - before[np.arange(len(leap)), month - 1] + 1

    def _redrawn(self, iso: _IsoDates, draws: Words) -> tuple[Positions, Positions, Positions]:
        leap_day = (iso.month == 2) & (iso.day == 29)
        day_of_year = _BEFORE[iso.month - 1] + np.minimum(iso.day, _DAYS[iso.month - 1]) - 1
        # One of the other 364 days of a common year, or fewer in the year of the limit.
        span = np.full(len(iso.rows), 365, np.int64)
        limit = self.params.not_after
        if limit is not None:
            passed = _passed(limit)
            last_year = (iso.signed_year == limit.year) & (day_of_year < passed)
            span = np.where(last_year, passed, span)
        other = (draws[:, 0] % np.maximum(span - 1, 1).astype(np.uint64)).astype(np.int64)
        other = other + (other >= day_of_year)
        stuck = span == 1  # 1 January of the limit's year: any day of the year before
        other = np.where(stuck, (draws[:, 1] % np.uint64(365)).astype(np.int64), other)
        oldest = iso.signed_year == _FIRST_YEAR  # begins in November: any day of the year after
        month = np.searchsorted(_BEFORE, other, side="right")
        day = other - _BEFORE[month - 1] + 1
        return (
            np.where(leap_day, _another_leap_year(iso, draws, limit), iso.year - ((stuck | oldest) & ~leap_day)),
            np.where(leap_day, 2, month),
            np.where(leap_day, 29, day),
        )


@dataclass(frozen=True)
class _IsoDates:
    """Dates that begin texts as [Y...]YYYY-MM-DD.

    Attributes:
        rows: Which texts.
        start, year_width, month_at: Where year and month lie in the codes; the day follows the month.
        year, month, day: Numbers as written.
        signed_year: The year, 0 for 1 BC, -1 for 2 BC.
    """

    rows: Positions
    start: Positions
    year_width: Positions
    month_at: Positions
    year: Positions
    month: Positions
    day: Positions
    signed_year: Positions


def _digits_at(codes: NDArray[np.int32], at: Positions, width: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Numbers of fixed width at positions, and whether all of it are digits."""
    padded = np.append(codes, np.zeros(width, np.int32))
    found = padded[at[:, None] + np.arange(width)].astype(np.int64) - 0x30
    good = ((found >= 0) & (found <= 9)).all(axis=1)
    return found @ (10 ** np.arange(width - 1, -1, -1)), good


def _read_iso(text: TextArray, any_case: bool) -> _IsoDates:
    codes, begins, ends = text.codes, text.offsets[:-1], text.offsets[1:]
    hyphen = text.first(codes == _HYPHEN)
    width = hyphen - begins
    digits = running((codes >= 0x30) & (codes <= 0x39))
    good = (width >= 4) & (width <= 7) & (digits[hyphen] - digits[begins] == width) & (hyphen + 6 <= ends)
    rows = np.flatnonzero(good)
    month, month_good = _digits_at(codes, hyphen[rows] + 1, 2)
    day, day_good = _digits_at(codes, hyphen[rows] + 4, 2)
    padded = np.append(codes, 0)
    after = padded[hyphen[rows] + 6]
    good = month_good & day_good & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    good &= padded[hyphen[rows] + 3] == _HYPHEN
    good &= (hyphen[rows] + 6 == ends[rows]) | (after == 0x20) | (after == 0x54) | ((after == 0x74) & any_case)
    rows, month, day = rows[good], month[good], day[good]
    start, width, hyphen = begins[rows], width[rows], hyphen[rows]
    year = np.zeros(len(rows), np.int64)
    for place in range(7):
        inside = place < width
        year = np.where(inside, year * 10 + padded[np.minimum(start + place, len(codes))] - 0x30, year)
    tail = padded[np.minimum(np.maximum(ends[rows] - 3, 0)[:, None] + np.arange(3), len(codes))]
    bc = ((tail == _BC[0]) | ((tail == _BC[1]) & any_case)).all(axis=1)
    signed = np.where(bc, 1 - year, year)
    last_day = _DAYS[month - 1] + ((month == 2) & _is_leap(signed))
    real = day <= last_day
    found = (rows, start, width, hyphen + 1, year, month, day, signed)
    return _IsoDates(*(each[real] for each in found))


def _passed(limit: dt.date) -> int:
    """Days of a common year up to a date."""
    return int(_BEFORE[limit.month - 1] + min(limit.day, _DAYS[limit.month - 1]))


def _is_leap(year: Positions) -> NDArray[np.bool_]:
    leap: NDArray[np.bool_] = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    return leap


def _another_leap_year(iso: _IsoDates, draws: Words, limit: dt.date | None) -> Positions:
    """The written year of a leap year near: four years on or back, or eight; written with as many digits."""
    bc = iso.signed_year <= 0
    chosen = iso.year.copy()
    open_rows = np.ones(len(chosen), np.bool_)
    turn = (draws[:, 0] % np.uint64(2)).astype(np.int64)
    low = np.where(bc, 1, 10 ** (iso.year_width - 1))
    high = 10**iso.year_width
    for place in range(len(_LEAP_STEPS)):
        step = np.array(_LEAP_STEPS)[place ^ turn]
        written = iso.year + np.where(bc, -step, step)
        signed = np.where(bc, 1 - written, written)
        fits = open_rows & _is_leap(signed) & (written >= np.minimum(low, iso.year)) & (written >= 1) & (written < high)
        fits &= (signed <= 0) == bc
        if limit is not None:
            latest = limit.year if (limit.month, limit.day) >= (2, 29) else limit.year - 1
            fits &= (signed <= latest) | (iso.signed_year > latest)
        chosen = np.where(fits, written, chosen)
        open_rows &= ~fits
    return chosen


def _write_number(codes: NDArray[np.int32], at: Positions, width: Positions, number: Positions) -> None:
    """Writes numbers with leading zeros over `width` characters."""
    rest = number.copy()
    for place in range(int(width.max(initial=0))):
        rows = place < width
        codes[(at + width - 1 - place)[rows]] = (rest[rows] % 10) + 0x30
        rest = rest // 10


def _redraw_times(text: TextArray, codes: NDArray[np.int32], rows: Positions, draws: Words) -> None:
    """Draws hours, minutes, seconds and fractions after the date, unless all of them are zero."""
    if not (text.codes == _COLON).any():
        return
    first_colon = text.first(text.codes == _COLON)[rows]
    timed = first_colon + 3 <= text.offsets[rows + 1]
    rows, at, draws = rows[timed], first_colon[timed] - 2, draws[timed]
    if not len(rows):
        return
    digits = (text.codes >= 0x30) & (text.codes <= 0x39)
    nonzero = running(digits & (text.codes != 0x30))
    clock = digits | (text.codes == _COLON) | (text.codes == 0x2E)
    stops = np.append(np.flatnonzero(~clock), len(text.codes))
    end = np.minimum(stops[np.searchsorted(stops, at)], text.offsets[rows + 1])
    sound = (end - at >= 5) & (nonzero[end] > nonzero[np.minimum(at, end)])
    at, end, draws = at[sound], end[sound], draws[sound]
    two = np.full(len(at), 2)
    _write_number(codes, at, two, (draws % np.uint64(24)).astype(np.int64))
    _write_number(codes, at + 3, two, (draws // np.uint64(24) % np.uint64(60)).astype(np.int64))
    seconds = end - at >= 8
    later = draws // np.uint64(1440)
    _write_number(codes, (at + 6)[seconds], two[seconds], (later % np.uint64(60)).astype(np.int64)[seconds])
    fraction = end - at >= 10
    micro = (later // np.uint64(60) % np.uint64(10**6)).astype(np.int64)
    width = (end - at - 9)[fraction]
    # Postgres prints no trailing zero: the last digit stays other than 0.
    micro = micro[fraction] % 10 ** np.minimum(width, 6)
    _write_number(codes, (at + 9)[fraction], np.minimum(width, 6), np.where(micro % 10 == 0, micro + 1, micro))


def _draw_other(draw: Draw, rows: Positions, draws: Words) -> pl.Series:
    """Day, month and year in another order; scrambled if it is no date at all."""
    part = draw.narrowed(rows)
    pattern = r"^(\d{1,2})([./-])(\d{1,2})([./-])(\d{4})$"
    compact = r"^(19|20)(\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"
    frame = pl.DataFrame(
        {
            "value": part.values,
            "scrambled": scrambled(part),
            "low": pl.Series((draws[:, 0] % np.uint64(12)).astype(np.int64) + 1),
            "high": pl.Series((draws[:, 1] % np.uint64(15)).astype(np.int64) + 13),
            "second": pl.Series((draws[:, 0] // np.uint64(12) % np.uint64(12)).astype(np.int64) + 1),
        }
    )
    value = pl.col("value")
    groups = value.str.extract_groups(pattern)
    first, other = groups.struct[0], groups.struct[2]
    one, two = first.cast(pl.Int64, strict=False), other.cast(pl.Int64, strict=False)
    new_one = pl.when(one > 12).then(pl.col("high")).otherwise(pl.col("low"))
    new_two = pl.when(two > 12).then(pl.col("high")).otherwise(pl.col("second"))
    padded = (first.str.len_chars() == 2) & (other.str.len_chars() == 2)

    def written(number: pl.Expr) -> pl.Expr:
        plain = number.cast(pl.String)
        return pl.when(padded).then(plain.str.zfill(2)).otherwise(plain)

    parts = [written(new_one), groups.struct[1], written(new_two), groups.struct[3], groups.struct[4]]
    packed = pl.concat_str(
        value.str.slice(0, 4),
        pl.col("second").cast(pl.String).str.zfill(2),
        pl.col("high").cast(pl.String),
    )
    return frame.select(
        pl.when(value.str.contains(pattern) & (one <= 31) & (two <= 31))
        .then(pl.concat_str(parts))
        .when(value.str.contains(compact))
        .then(packed)
        .otherwise(pl.col("scrambled"))
    ).to_series()
