"""company: an invented company name with the same legal form."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.transformers._word_transformer import WordTransformer
from testdata_assets.masking.transformers.base import Coincidence, Guarantees, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.word_rules import Form, WordRule
from testdata_assets.masking.words import KEEP, Vocabulary, WordList, pool_or_redraw, vocabulary

_FORMS = (
    "inc llc llp lp ltd limited gmbh mbh ag kg kgaa ohg ug co corp corporation company cie plc pty sa sarl sas srl "
    "spa snc bv nv ab oy oyj as asa aps kft zrt sro doo eood ood ooo oao zao pao ооо оао зао пао ао ип ltda eirl "
    "group holding holdings sons brothers partners associates and und et y e of the der die das de la le "
    "株式会社 有限会社 有限公司 公司 주식회사"
)


@cache
def _kept_words() -> Vocabulary:
    return vocabulary(_FORMS.split())


@register
class Company(WordTransformer):
    """Invents every word but legal forms and connecting words.

    Keeps the number of words, script, capitalisation, punctuation and about the length, up to names of
    hundreds of characters.
    """

    name = "company"
    summary = "Replaces company names by invented ones, keeping legal form, script, case and about the length."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.DISJOINT, preserves_format=True)

    def choice(self, words: WordList) -> NDArray[np.int64]:
        kept = words.among(_kept_words()) & (words.length > 1)
        kept &= words.any_in_text(~kept)
        return np.where(kept, KEEP, pool_or_redraw(words, "family"))

    def rule(self) -> WordRule:
        return WordRule(Form.LISTED, _kept_words(), _kept_words(), "family", kept_from=2)
