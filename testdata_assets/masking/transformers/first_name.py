"""first_name: another first name of the same script."""

from __future__ import annotations

import polars as pl

from testdata_assets.masking.transformers._names import name_choice
from testdata_assets.masking.transformers.base import Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer
from testdata_assets.masking.words import WordList, replace_words


@register
class FirstName(TextTransformer[Params]):
    """Draws a first name of the same script and about the same length.

    Keeps capitalisation, hyphens, apostrophes and the number of words. Names come from fixed pools of names
    that occur in the world, so an output may be another row's real name.
    """

    name = "first_name"
    summary = "Replaces first names by others of the same script, case and about length."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)

    def draw(self, draw: Draw) -> pl.Series:
        words = WordList.of(draw.text)
        choice = name_choice(words, "first")
        return replace_words(words, choice, draw.hash, draw.seeds, draw.limit).to_series()
