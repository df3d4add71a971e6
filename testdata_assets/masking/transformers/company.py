"""company: an invented company name with the same legal form."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.text_arrays import TextArray, is_any
from testdata_assets.masking.transformers._word_transformer import WordTransformer
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.word_rules import Form, WordRule
from testdata_assets.masking.words import KEEP, Vocabulary, WordList, pool_or_redraw, vocabulary

_FORMS = (
    "inc llc llp lp ltd limited gmbh mbh ag kg kgaa ohg ug co corp corporation company cie plc pty sa sarl sas srl "
    "spa snc bv nv ab oy oyj as asa aps kft zrt sro doo eood ood ooo oao zao pao ооо оао зао пао ао ип ltda eirl "
    "group holding holdings sons brothers partners associates and und et y e of the der die das de la le "
    "株式会社 有限会社 有限公司 公司 주식회사 "
    "合同会社 合資会社 合名会社 股份有限公司 有限责任公司 有限責任公司 유한회사"
)
# Forms that are no one word, as regular expressions: letters parted by dots and slashes.
_ABBREVIATED = (
    r"s\.\s?[aàá]\.?\s?r\.\s?l|s\.\s?à\s?r\.\s?l|s\.\s?a\.\s?[sbcu]|s\.\s?a|s\.\s?l\.\s?u|s\.\s?l|s\.\s?r\.\s?[lo]|s\.\s?p\.\s?a"
    r"|s\.\s?n\.\s?c|s\.\s?c\.\s?[sa]|s\.\s?p\.\s?r\.\s?l|s\.\s?g\.\s?p\.\s?s|c\.\s?v|r\.\s?l|b\.\s?v|n\.\s?v|v\.\s?o\.\s?[fs]"
    r"|sp\.?\s?z\.?\s?o\.?\s?o|sp\.\s?[kj]|a/s|k/s|i/s|p/s|a\.\s?[sşdg]|k\.\s?[sd]|d\.\s?o\.\s?o|d\.\s?d|e\.\s?o\.\s?o\.\s?d|g\.\s?m\.\s?b\.\s?h"
    r"|l\.\s?l\.\s?[cp]|l\.\s?t\.\s?d|p\.\s?l\.\s?c|e\.\s?[vkg]|k\.\s?k|g\.\s?k"
)
_ALONE = "|".join(_FORMS.split())
# The end of a name from such a form on, other forms and connecting words behind it; what stands before must be parted.
_TAIL = rf"(?i)(?:^|[\s,;(])((?:{_ABBREVIATED})(?:\.?[\s,;(]+(?:{_ABBREVIATED}|{_ALONE}))*\.?[\s)]*)$"
# Forms that are written without a gap before or after the name.
_FIRST_GLUED = 0x2E80
_GLUED = tuple(form for form in _FORMS.split() if ord(form[0]) >= _FIRST_GLUED)


@cache
def _kept_words() -> Vocabulary:
    return vocabulary(_FORMS.split())


@register
class Company(WordTransformer):
    """Invents every word but legal forms (`GmbH`, `S.A.`, `Sp. z o.o.`, `A/S`, `株式会社`) and connecting words.

    Keeps the number of words, script, capitalisation, punctuation and about the length, up to names of
    hundreds of characters.
    """

    name = "company"
    summary = "Replaces company names by invented ones, keeping legal form, script, case and about the length."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.DISJOINT, preserves_format=True)
    distribution = NOTHING

    def words(self, text: TextArray) -> WordList:
        found = WordList.of(text)
        if not (text.codes >= _FIRST_GLUED).any():
            return found
        begun = found.split(found.joints(_GLUED, at_end=False))
        return begun.split(begun.joints(_GLUED, at_end=True))

    def odd(self, values: pl.Series) -> pl.Series:
        marked = values.str.contains_any([".", "/"])
        return marked & values.str.contains(_TAIL) if marked.any() else marked

    def choice(self, words: WordList) -> NDArray[np.int64]:
        kept = words.among(_kept_words()) & (words.length > 1)
        if is_any(words.text.codes, "./").any():
            tail = words.text.to_series().str.extract(_TAIL).str.len_chars().fill_null(0).to_numpy().astype(np.int64)
            kept |= words.start >= (words.text.offsets[1:] - tail)[words.owner]
        kept &= words.any_in_text(~kept)
        return np.where(kept, KEEP, pool_or_redraw(words, "family"))

    def rule(self) -> WordRule:
        return WordRule(Form.LISTED, _kept_words(), _kept_words(), "family", kept_from=2)
