"""region: another state or province of the same country."""

from __future__ import annotations

import numpy as np
import polars as pl
from pydantic import Field, field_validator

from testdata_assets.masking.text_arrays import merge_rows
from testdata_assets.masking.transformers._peers import cased_like, peers, read_lists
from testdata_assets.masking.transformers._present import on_present
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
from testdata_assets.masking.transformers.text import Draw, scrambled

_FILE = "regions.txt"


class RegionParams(Params):
    """Parameters of `region`."""

    country: str | None = Field(
        None,
        description="ISO code of the country that all regions lie in, for abbreviations that several countries use.",
    )

    @field_validator("country")
    @classmethod
    def _known(cls, country: str | None) -> str | None:
        known = sorted({name.partition(" ")[0] for name in read_lists(_FILE)})
        if country is not None and country not in known:
            raise ValueError(f"regions are known of {', '.join(known)}")
        return country


@register
class Region(Transformer[RegionParams]):
    """Replaces states, provinces and the like by others of the same country, abbreviations by abbreviations.

    Distinct known regions stay distinct (where the column is wide enough for all), and case stays. What several
    countries have in common counts as the first one's, the United States before others, unless `country` says
    which. Unknown texts are permuted within their character classes.
    """

    name = "region"
    summary = "Replaces states and provinces by others of the same country; abbreviations stay such."
    params_model = RegionParams
    base_types = frozenset({"text"})
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)
    distribution = NOTHING

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return on_present(values, context, lambda present: self._moved(present, context))

    def _moved(self, values: pl.Series, context: MaskContext) -> pl.Series:
        country = self.params.country
        chosen = tuple(name for name in read_lists(_FILE) if country is None or name.startswith(f"{country} "))
        known = peers(_FILE, chosen, context.max_length)
        keyed = context.hash.for_purpose(self.name)
        lists, places = known.recognised(values)
        rows, rest = np.flatnonzero(lists >= 0), np.flatnonzero(lists < 0)
        result = values
        if len(rows):
            moved = known.moved(lists[rows], places[rows], keyed)
            result = merge_rows(
                result, rows, cased_like(values.gather(pl.Series(rows)), moved, known.listed(lists[rows], places[rows]))
            )
        if len(rest):
            result = merge_rows(result, rest, scrambled(Draw(values, keyed, context), rest))
        return result
