"""city: another place name of the same script."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.transformers._word_transformer import WordTransformer
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.word_rules import Form, WordRule
from testdata_assets.masking.words import KEEP, Vocabulary, WordList, pool_or_redraw, vocabulary

_CONNECTING = (
    "new old north south east west upper lower great little port fort mount lake saint st ste san santa são "
    "los las la le les el al de del della der den die des du do da dos di am an der upon on in im bei sur bad "
    "sankt city town ville village nova novo nueva nuevo новый нижний верхний великий на"
)


@cache
def _kept_words() -> Vocabulary:
    return vocabulary(_CONNECTING.split())


@register
class City(WordTransformer):
    """Draws a place of the same script and about the same length from a fixed pool.

    Keeps capitalisation, hyphens, the number of words and connecting words (`New`, `San`, `am`), so equal
    cities stay equal and the shape of the column survives. Outputs are real places.
    """

    name = "city"
    summary = "Replaces city names by others of the same script, case and about length."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)
    distribution = NOTHING

    def choice(self, words: WordList) -> NDArray[np.int64]:
        kept = words.among(_kept_words())
        kept &= words.any_in_text(~kept)
        return np.where(kept, KEEP, pool_or_redraw(words, "city"))

    def rule(self) -> WordRule:
        return WordRule(Form.LISTED, _kept_words(), _kept_words(), "city")
