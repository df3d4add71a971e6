"""person_name: another full name of the same script and shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.transformers._names import full_name_choice, full_name_rule
from testdata_assets.masking.transformers._word_transformer import WordTransformer
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.word_rules import WordRule
from testdata_assets.masking.words import WordList


@register
class PersonName(WordTransformer):
    """Draws first names and invents the family name, so that no output is a real full name.

    Keeps the number of words, script, capitalisation, hyphens, apostrophes, particles, titles, suffixes,
    initials' dots, commas (`Family, First`) and emoji. In Han and Hangul names each character is drawn.
    """

    name = "person_name"
    summary = "Replaces full names, keeping script, case, particles, titles, punctuation and about the length."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.DISJOINT, preserves_format=True)
    distribution = NOTHING

    def choice(self, words: WordList) -> NDArray[np.int64]:
        return full_name_choice(words)

    def rule(self) -> WordRule:
        return full_name_rule()
