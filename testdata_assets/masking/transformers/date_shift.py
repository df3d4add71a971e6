"""date_shift: all dates of one person moved by the same number of days."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from pydantic import Field, field_validator

from testdata_assets.errors import RefusedError
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.text_arrays import Positions, merge_rows
from testdata_assets.masking.transformers._moments import DAY, endless, parse_span, read_moments
from testdata_assets.masking.transformers.base import (
    Coincidence,
    Distribution,
    Guarantees,
    Kept,
    MaskContext,
    Params,
    Rows,
    RowTransformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.production.catalog import Column

_SECONDS = DAY // 10**6


class DateShiftParams(Params):
    """Parameters of `date_shift`."""

    entity: str = Field(
        min_length=1, description="Column of the same table that says whose dates these are, e.g. patient_id."
    )
    within: str = Field("90 days", description="Greatest shift either way, in days or weeks.")
    keep_time: bool = Field(True, description="Whether times of day stay; else they move too, alike for one entity.")

    @field_validator("within")
    @classmethod
    def _whole_days(cls, within: str) -> str:
        if parse_span(within) % DAY:
            raise ValueError("the shift is a number of days: write '30 days' or '2 weeks'")
        return within

    @property
    def days(self) -> int:
        return parse_span(self.within) // DAY


@register
class DateShift(RowTransformer[DateShiftParams]):
    """Moves dates and timestamps by days that hang on the entity alone, so that its intervals stay.

    Columns in which intervals shall agree need the same domain and the same `within` (and `keep_time`); in
    other tables too, if their entity columns hold the same values. The shift is never 0. Times of day and
    time-zone suffixes stay (times of day move by a constant too, under `keep_time: false`), and so do
    infinity and the era. Within `within` of year 1, year 9999 and the type's ends, dates move the other way,
    which no interval survives. Where the entity is NULL, a date moves by a shift of its own.
    """

    name = "date_shift"
    summary = "Moves all dates of one entity by the same number of days, keeping intervals."
    params_model = DateShiftParams
    base_types = frozenset({"date", "timestamp", "timestamptz"})
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)
    distribution = Distribution(Kept.ROUGHLY)

    def distribution_on(self, column: Column) -> Distribution:
        return replace(self.distribution, amount=float(self.params.days * _SECONDS))

    def reads(self) -> tuple[str, ...]:
        return (self.params.entity,)

    def apply_rows(self, values: pl.Series, rows: Rows, context: MaskContext) -> pl.Series:
        present = values.is_not_null()
        where = present.arg_true()
        known = values.gather(where)
        moments = read_moments(known, context.column.base_type)
        odd = ~endless(known) & (known.str.strip_chars() != "").to_numpy()
        odd[moments.rows] = False
        if odd.any():
            raise RefusedError(
                "date_shift met a date that is not in ISO form",
                where=context.column.name,
                remedy="Use birth_date, hash or null for it.",
                code="not-a-date",
            )
        if not len(moments.rows):
            return values
        rows_of = where.to_numpy().astype(np.int64)[moments.rows]
        entity = rows.original(self.params.entity).gather(pl.Series(rows_of))
        days, micros = self._shifts(
            context.hash.for_purpose(self.name), entity.str.strip_chars_end(" "), moments.canonical
        )
        timed = moments.timed
        moved = moments.moved(np.where(timed & (micros != 0), 0, days), np.where(timed, micros, 0))
        return merge_rows(values, rows_of, moved)

    def _shifts(self, keyed: KeyedHash, entity: pl.Series, own: pl.Series) -> tuple[Positions, Positions]:
        """Days for dates, and microseconds for timestamps where their times of day move too."""
        frame = pl.DataFrame({"entity": entity, "own": own})
        source = frame.select(
            pl.when(pl.col("entity").is_null())
            .then("no entity " + pl.col("own"))
            .otherwise("entity " + pl.col("entity"))
        ).to_series()
        first, second = keyed.draws(source)
        most = self.params.days
        step = (first % np.uint64(2 * most)).astype(np.int64)
        days = np.where(step < most, step - most, step - most + 1)
        if self.params.keep_time:
            return days, np.zeros(len(days), np.int64)
        less = (second % np.uint64(_SECONDS - 1)).astype(np.int64) + 1
        return days, np.sign(days) * (np.abs(days) * _SECONDS - less) * 10**6
