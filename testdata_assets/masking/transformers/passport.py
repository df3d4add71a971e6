"""passport: another document number of the same form."""

from __future__ import annotations

import numpy as np
import polars as pl
from pydantic import Field

from testdata_assets.masking.characters import FIXED
from testdata_assets.masking.permutation import default_classes
from testdata_assets.masking.transformers._kept_starts import permute_rest
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer


class PassportParams(Params):
    """Parameters of `passport`."""

    keep_start: int = Field(
        0, ge=0, le=3, description="Leading characters that stay, where more follow: a series or kind of document."
    )


@register
class Passport(TextTransformer[PassportParams]):
    """Permutes letters and digits of a passport or identity card number; length and punctuation stay.

    Every country's form stays: `C01X00T47` becomes letter, two digits, letter, two digits, ... The number as a
    whole chooses its mask, so distinct ones stay distinct, and letter case and punctuation do not count.
    Check digits that some countries print behind the number are digits like others.
    """

    name = "passport"
    summary = "Replaces passport and identity card numbers by others of the same letters-and-digits form."
    params_model = PassportParams
    redraws = False
    hashes_values = False
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.MAY_COINCIDE,
        searchable=True,
        preserves_length=True,
        preserves_format=True,
    )
    distribution = NOTHING
    tells_case = True

    def draw(self, draw: Draw) -> pl.Series:
        text = draw.text
        classes = default_classes(text.codes)
        changing = classes != FIXED
        keep = self.params.keep_start
        # Kept are letters and digits that follow each other, where as many changing ones remain.
        first = text.first(changing)
        unbroken = text.first(~changing & (np.arange(len(text.codes)) > np.repeat(first, text.lengths))) - first
        kept = np.where((unbroken >= keep) & (text.count(changing) > keep), keep, 0)
        return permute_rest(text, classes, first, kept, draw.hash).to_series()
