"""city: another place name of the same script."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from testdata_assets.masking.transformers.base import Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer
from testdata_assets.masking.words import KEEP, Vocabulary, WordList, pool_or_redraw, replace_words, vocabulary

_CONNECTING = (
    "new old north south east west upper lower great little port fort mount lake saint st ste san santa são "
    "los las la le les el al de del della der den die des du do da dos di am an der upon on in im bei sur bad "
    "sankt city town ville village nova novo nueva nuevo новый нижний верхний великий на"
)


@cache
def _kept_words() -> Vocabulary:
    return vocabulary(_CONNECTING.split())


@register
class City(TextTransformer[Params]):
    """Draws a place of the same script and about the same length from a fixed pool.

    Keeps capitalisation, hyphens, the number of words and connecting words (`New`, `San`, `am`), so equal
    cities stay equal and the shape of the column survives. Outputs are real places.
    """

    name = "city"
    summary = "Replaces city names by others of the same script, case and about length."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)

    def draw(self, draw: Draw) -> pl.Series:
        words = WordList.of(draw.text)
        kept = words.among(_kept_words())
        kept &= words.any_in_text(~kept)
        choice = np.where(kept, KEEP, pool_or_redraw(words, "city"))
        return replace_words(words, choice, draw.hash, draw.seeds, draw.limit).to_series()
