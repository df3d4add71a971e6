"""tsvector: full-text vectors, which hold production's own words: emptied, or made anew from masked columns.

Either way the masker writes an empty vector wherever there was one; NULL stays NULL. Under `recompute` the images'
server then fills the empty ones while the rows are loaded (`golden/recompute.py`), from what stands in the row.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

import polars as pl
from pydantic import ConfigDict, Field, field_validator, model_validator

from testdata_assets.masking.transformers.base import (
    NOTHING,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Rows,
    RowTransformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.production.catalog import Column

_CONFIG = re.compile(r"(?:(?P<schema>[A-Za-z_]\w*)\.)?(?P<name>[A-Za-z_]\w*)\Z")


class TsVectorParams(Params):
    """Parameters of `tsvector`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    mode: Literal["empty", "recompute"] = Field("empty", description="Leave empty vectors, or compute them anew.")
    from_: tuple[str, ...] = Field(
        (), alias="from", description="Columns whose masked text makes the vector, in order; for recompute."
    )
    config: str = Field(
        "english", description="Text search configuration, of pg_catalog or as schema.name; for recompute."
    )

    @field_validator("config")
    @classmethod
    def _is_a_name(cls, config: str) -> str:
        if _CONFIG.match(config) is None:
            raise ValueError("a text search configuration is written as name or schema.name")
        return config

    @model_validator(mode="after")
    def _has_sources(self) -> TsVectorParams:
        if self.mode == "recompute" and not self.from_:
            raise ValueError("mode recompute needs `from`: the columns whose text makes the vector")
        if self.mode == "empty" and self.from_:
            raise ValueError("`from` is for mode recompute; write `mode: recompute`")
        if len(set(self.from_)) < len(self.from_):
            raise ValueError("`from` names a column twice")
        return self

    @property
    def qualified_config(self) -> tuple[str, str]:
        """Schema and name of the configuration."""
        match = _CONFIG.match(self.config)
        if match is None:
            raise AssertionError("validated above")
        return match["schema"] or "pg_catalog", match["name"]


@register
class TsVector(RowTransformer[TsVectorParams]):
    """Nothing of the original vector remains; a recomputed one holds the lexemes of the named columns as masked."""

    name = "tsvector"
    summary = "Empties full-text vectors, or has the server compute them from masked columns."
    params_model = TsVectorParams
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.CONSTANT)
    distribution = NOTHING
    base_types = frozenset({"tsvector"})

    @property
    def recomputes(self) -> bool:
        """Whether the server fills the vectors."""
        return self.params.mode == "recompute"

    def guarantees_for(self, column: Column) -> Guarantees:
        """A recomputed vector says what the masked columns say."""
        return replace(self.guarantees, coincidence=Coincidence.BY_PART) if self.recomputes else self.guarantees

    def reads_masked(self) -> tuple[str, ...]:
        return self.params.from_

    def problems(self, column: Column) -> tuple[str, ...]:
        if column.name in self.params.from_:
            return (*super().problems(column), "tsvector cannot be made from the vector itself")
        return super().problems(column)

    def apply_rows(self, values: pl.Series, rows: Rows, context: MaskContext) -> pl.Series:
        empty = pl.when(pl.col("v").is_not_null()).then(pl.lit("")).otherwise(None)
        return values.to_frame("v").select(empty.cast(pl.String).alias(values.name)).to_series()
