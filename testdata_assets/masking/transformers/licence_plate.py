"""licence_plate: another number plate of the same form."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.permutation import default_classes
from testdata_assets.masking.text_arrays import TextArray
from testdata_assets.masking.transformers._forms import is_digit
from testdata_assets.masking.transformers._kept_starts import permute_rest
from testdata_assets.masking.transformers._secret_forms import runs
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer

_LONGEST_REGION = 3


class LicencePlateParams(Params):
    """Parameters of `licence_plate`."""

    keep_region: bool = Field(
        False,
        description="Keep the one to three letters a plate begins with (M-AB 123, LX12 ABC), where more follow.",
    )


@register
class LicencePlate(TextTransformer[LicencePlateParams]):
    """Permutes letters and digits of a plate; blanks, hyphens and dots stay.

    Letters stay letters of their alphabet and digits digits; a group of digits that does not begin with zero does not
    come to. The plate as a whole chooses its mask, so distinct plates stay distinct, and letter
    case and punctuation do not count. The region a mask begins with need not exist, unless it is kept.
    """

    name = "licence_plate"
    summary = "Replaces number plates by others of the same form, optionally of the same region."
    params_model = LicencePlateParams
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
        classes = _classes(text)
        kept = np.zeros(len(text), np.int64)
        if self.params.keep_region:
            letter = (default_classes(text.codes) != FIXED) & ~is_digit(text.codes)
            begins = text.offsets[:-1]
            region = text.first(~letter) - begins
            changing = text.count(classes != FIXED)
            kept = np.where((region <= _LONGEST_REGION) & (changing > region), region, 0)
        return permute_rest(text, classes, text.offsets[:-1], kept, draw.hash).to_series()


def _classes(text: TextArray) -> NDArray[np.int16]:
    """Every letter and digit in its class; the first digit of a longer group stays zero or other than zero."""
    codes = text.codes
    classes = default_classes(codes)
    first, last = runs(is_digit(codes), text)
    first = first[last > first]
    classes[first] = np.where(codes[first] == 0x30, FIXED, characters().special["digit_1_9"])
    return classes
