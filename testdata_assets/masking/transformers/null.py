"""null: every value becomes NULL."""

from __future__ import annotations

import polars as pl

from testdata_assets.masking.transformers.base import (
    NOTHING,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.production.catalog import Column


@register
class Null(Transformer[Params]):
    """Empties the column. Unique indexes admit any number of NULLs, but all values become alike."""

    name = "null"
    summary = "Replaces every value by NULL."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.CONSTANT, nulls_stay_null=False)
    distribution = NOTHING

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return pl.Series(values.name, [None], dtype=pl.String).new_from_index(0, len(values))

    def problems(self, column: Column) -> tuple[str, ...]:
        return ("null cannot fill a column that is NOT NULL",) if column.not_null else ()
