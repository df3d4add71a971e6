"""keep: the column stays as it is."""

from __future__ import annotations

import polars as pl

from testdata_assets.masking.transformers.base import (
    DEALT,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register


@register
class Keep(Transformer[Params]):
    """Hands every value through."""

    name = "keep"
    summary = "Leaves the value as it is; for columns that hold nothing personal."
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.UNCHANGED,
        preserves_length=True,
        preserves_format=True,
    )
    distribution = DEALT

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return values
