"""first_name: another first name of the same script."""

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
class FirstName(WordTransformer):
    """Draws a first name of the same script and about the same length.

    Keeps capitalisation, hyphens, apostrophes and the number of words. Names come from fixed pools of names
    that occur in the world, so an output may be another row's real name.
    """

    name = "first_name"
    summary = "Replaces first names by others of the same script, case and about length."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)
    distribution = NOTHING

    def choice(self, words: WordList) -> NDArray[np.int64]:
        return name_choice(words, "first")

    def rule(self) -> WordRule:
        return name_rule("first")
