"""last_name: an invented family name of the same script."""

from __future__ import annotations

import polars as pl

from testdata_assets.masking.transformers._names import name_choice
from testdata_assets.masking.transformers.base import Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer
from testdata_assets.masking.words import WordList, replace_words


@register
class LastName(TextTransformer[Params]):
    """Invents a family name of the same script and about the same length from a pool of tens of thousands.

    Keeps capitalisation, hyphens, apostrophes (O'Brien), particles (van, de, al-) and the number of words.
    Hardly any output is somebody's name, but among millions of rows one may be.
    """

    name = "last_name"
    summary = "Replaces family names by invented ones, keeping script, case, particles, hyphens and apostrophes."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)

    def draw(self, draw: Draw) -> pl.Series:
        words = WordList.of(draw.text)
        choice = name_choice(words, "family")
        return replace_words(words, choice, draw.hash, draw.seeds, draw.limit).to_series()
