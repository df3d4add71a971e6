"""person_name: another full name of the same script and shape."""

from __future__ import annotations

import polars as pl

from testdata_assets.masking.transformers._names import full_name_choice
from testdata_assets.masking.transformers.base import Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer
from testdata_assets.masking.words import WordList, replace_words


@register
class PersonName(TextTransformer[Params]):
    """Draws first names and invents the family name, so that no output is a real full name.

    Keeps the number of words, script, capitalisation, hyphens, apostrophes, particles, titles, suffixes,
    initials' dots, commas (`Family, First`) and emoji. In Han and Hangul names each character is drawn.
    """

    name = "person_name"
    summary = "Replaces full names, keeping script, case, particles, titles, punctuation and about the length."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.DISJOINT, preserves_format=True)

    def draw(self, draw: Draw) -> pl.Series:
        words = WordList.of(draw.text)
        choice = full_name_choice(words)
        return replace_words(words, choice, draw.hash, draw.seeds, draw.limit).to_series()
