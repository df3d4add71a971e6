"""last_name: an invented family name of the same script."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.transformers._names import name_choice, name_rule
from testdata_assets.masking.transformers._word_transformer import WordTransformer
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.word_rules import WordRule
from testdata_assets.masking.words import WordList


@register
class LastName(WordTransformer):
    """Invents a family name of the same script and about the same length from a pool of tens of thousands.

    Keeps capitalisation, hyphens, apostrophes (O'Brien), particles (van, de, al-) and the number of words.
    Hardly any output is somebody's name, but among millions of rows one may be.
    """

    name = "last_name"
    summary = "Replaces family names by invented ones, keeping script, case, particles, hyphens and apostrophes."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)
    distribution = NOTHING

    def choice(self, words: WordList) -> NDArray[np.int64]:
        return name_choice(words, "family")

    def rule(self) -> WordRule:
        return name_rule("family")
