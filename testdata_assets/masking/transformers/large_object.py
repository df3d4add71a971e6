"""large_object: references to large objects (oid, lo): none, or to empty ones of the same number.

The contents of large objects are not the column's: `objects: {large_objects: ...}` decides about them. Under mode
`blank` the image gets an empty object for every number that the column holds (`golden/large_objects.py`), unless the
rules keep large objects, in which case the kept one stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import polars as pl
from pydantic import Field

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


class LargeObjectParams(Params):
    """Parameters of `large_object`."""

    mode: Literal["null", "blank"] = Field(
        "null", description="NULL, or the same number with an empty large object behind it."
    )


@register
class LargeObject(Transformer[LargeObjectParams]):
    """A number says nothing of anybody; what it points to does, and never comes along."""

    name = "large_object"
    summary = "Drops references to large objects, or points them to empty ones."
    params_model = LargeObjectParams
    guarantees = Guarantees(uniqueness=Uniqueness.INJECTIVE, coincidence=Coincidence.CONSTANT, nulls_stay_null=False)
    distribution = NOTHING
    base_types = frozenset({"oid"})

    @property
    def blanks(self) -> bool:
        """Whether the image needs empty objects behind the column."""
        return self.params.mode == "blank"

    def problems(self, column: Column) -> tuple[str, ...]:
        if column.not_null and not self.blanks:
            return (*super().problems(column), "large_object cannot empty a column that is NOT NULL: use mode blank")
        return super().problems(column)

    def guarantees_for(self, column: Column) -> Guarantees:
        if self.blanks:
            return replace(self.guarantees, coincidence=Coincidence.UNCHANGED, nulls_stay_null=True)
        return replace(self.guarantees, uniqueness=Uniqueness.LOSSY)

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        if self.blanks:
            return values
        return pl.Series(values.name, [None], dtype=pl.String).new_from_index(0, len(values))
