"""postcode: another code of the same form."""

from __future__ import annotations

import polars as pl

from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer, scrambled


@register
class Postcode(TextTransformer[Params]):
    """Permutes letters and digits of a postal code: `SW1A 1AA` stays two letters, digit, letter, ...

    Equal codes mask equally, so their frequencies survive. Only the form is kept: the code need not exist.
    """

    name = "postcode"
    summary = "Replaces a postal code by another of the same form (digits, letters, blanks and hyphens)."
    redraws = False
    hashes_values = False
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.MAY_COINCIDE,
        preserves_length=True,
        preserves_format=True,
    )
    distribution = NOTHING
    tells_case = True

    def draw(self, draw: Draw) -> pl.Series:
        return scrambled(draw)
