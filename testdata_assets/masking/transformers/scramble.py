"""scramble: other characters of the same classes, at the same length."""

from __future__ import annotations

import polars as pl

from testdata_assets.masking.transformers.base import Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer, scrambled


@register
class Scramble(TextTransformer[Params]):
    """Permutes letters within their alphabet and digits among themselves; everything else stays.

    A keyed bijection: codes that were unique stay unique, and no value maps to itself. Capitals keep their
    places, so values that differ only in case or punctuation mask alike. A long value is mixed as a whole;
    a short one has few alternatives, so outputs may be other rows' real values.
    """

    name = "scramble"
    summary = "Replaces letters by letters of the same alphabet and digits by digits, keeping the form."
    base_types = frozenset({"text", "numeric"})
    redraws = False
    hashes_values = False
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.MAY_COINCIDE,
        preserves_length=True,
        preserves_format=True,
    )

    def draw(self, draw: Draw) -> pl.Series:
        return scrambled(draw)
