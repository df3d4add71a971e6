"""street_address: an invented street with another house number."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.text_arrays import TextArray
from testdata_assets.masking.transformers._word_transformer import WordTransformer
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.word_rules import Form, WordRule
from testdata_assets.masking.words import KEEP, Vocabulary, WordList, pool_or_redraw, vocabulary

_KINDS = (
    "street st avenue ave av road rd drive dr lane ln boulevard blvd way court ct place pl square sq terrace ter "
    "parkway pkwy highway hwy circle cir trail crescent close row walk alley plaza mews loop "
    "apt apartment suite ste unit floor fl room building bldg block flat po box p o no nr "
    "n s e w ne nw se sw "
    "strasse straße str weg platz allee gasse ring ufer rue chemin impasse quai cours bis "
    "calle avenida avda paseo camino carrera plaza rua travessa praça estrada via viale piazza corso vicolo largo "
    "straat laan plein gracht ulica ul aleja vej gade vägen gatan gata katu tie "
    "улица ул проспект пр переулок пер шоссе площадь пл дом д кв корп бульвар набережная "
    "οδός λεωφόρος שדרות רחוב شارع طريق ถนน ซอย मार्ग रोड "
    "de del della la le les el los du des d der den die das da do dos of the and van in am im an zum zur"
)


# Kinds of streets that end the word of their name; `Hauptstraße`, `Kerkstraat`.
_ENDINGS = (
    "straße", "strasse", "str", "weg", "platz", "gasse", "allee", "straat", "laan", "plein", "gracht", "gatan", "vägen",
)  # fmt: skip
_LEAST_STEM = 3
_ENDED = rf"(?i)[a-z]{{{_LEAST_STEM}}}(?:{'|'.join(_ENDINGS)})(?:[^a-z]|$)"


@cache
def _kept_words() -> Vocabulary:
    return vocabulary(_KINDS.split())


@register
class StreetAddress(WordTransformer):
    """Invents the street's name and draws its numbers.

    Keeps the script, the form (`Street`, `rue`, `Apt`, compass letters, the end of `Hauptstraße`), punctuation,
    line breaks and the length and first non-zero digit of numbers, so `12B Main Street` becomes something like
    `47Q Yethevow Street`.
    """

    name = "street_address"
    summary = "Replaces street names by invented ones and draws other numbers, keeping the form."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.DISJOINT, preserves_format=True)
    distribution = NOTHING

    def words(self, text: TextArray) -> WordList:
        found = WordList.of(text)
        return found.split(found.joints(_ENDINGS, at_end=True, least=_LEAST_STEM))

    def odd(self, values: pl.Series) -> pl.Series:
        marked = values.str.contains_any(list(_ENDINGS), ascii_case_insensitive=True)
        return marked & values.str.contains(_ENDED) if marked.any() else marked

    def choice(self, words: WordList) -> NDArray[np.int64]:
        kept = words.among(_kept_words())
        # A name of nothing but such words ("The Square") would remain: then all of them change.
        name = ~kept & (words.length > 1)
        kept &= words.any_in_text(name)
        return np.where(kept, KEEP, pool_or_redraw(words, "family"))

    def rule(self) -> WordRule:
        return WordRule(Form.LISTED, _kept_words(), _kept_words(), "family", name_from=2)
