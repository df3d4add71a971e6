"""Words that belong to no one person's name: particles, titles and suffixes stay where they are."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.word_rules import Form, WordRule
from testdata_assets.masking.words import KEEP, Vocabulary, WordList, pool_or_redraw, vocabulary

PARTICLES = (
    "van von der den de het ten ter te zu zum zur vom of af av "
    "del della dello degli dei di da das dos do du la las le les los el y e i "
    "al bin ibn bint ben abu umm bar mac mc st"
)
TITLES = "mr mrs ms miss mx dr prof sir dame lord lady herr frau mme mlle sr sra srta don doña dona hon rev"
SUFFIXES = "jr jnr snr ii iii iv vi vii phd md esq cpa dds obe mbe ba ma msc bsc mba"


@cache
def _particles() -> Vocabulary:
    return vocabulary(PARTICLES.split())


@cache
def _honorifics() -> Vocabulary:
    return vocabulary(f"{SUFFIXES} {TITLES}".split())


def kept_in_names(words: WordList) -> NDArray[np.bool_]:
    """Particles, titles, suffixes and the O of O'Brien, unless a text holds nothing else."""
    elision = (words.length == 1) & words.before("'’ʼ`´")
    particle = words.among(_particles()) | elision
    honorific = words.among(_honorifics())
    # A particle leads to a name: the last word of `Anh Le` is none.
    last_name = np.full(len(words.text), -1, np.int64)
    plain = np.flatnonzero(~particle & ~honorific)
    last_name[words.owner[plain]] = words.number[plain]
    kept: NDArray[np.bool_] = (particle & (words.number < last_name[words.owner])) | honorific
    kept &= words.any_in_text(~kept)
    return kept


def name_choice(words: WordList, role: str) -> NDArray[np.int64]:
    """Every word of a single name from one pool."""
    return np.where(kept_in_names(words), KEEP, pool_or_redraw(words, role))


def full_name_choice(words: WordList) -> NDArray[np.int64]:
    """First names from their pool; the family name (last part, or the part before a comma) invented."""
    kept = kept_in_names(words)
    last = words.last_part(~kept)
    family = words.part == last
    comma_first = words.any_in_text((words.part == 0) & words.before(",，") & (last > 0))
    family = np.where(comma_first, words.part == 0, family)
    choice = np.where(family, pool_or_redraw(words, "family"), pool_or_redraw(words, "first"))
    return np.where(kept, KEEP, choice)


@cache
def name_rule(role: str) -> WordRule:
    """What `name_choice` does."""
    return WordRule(Form.NAME, _particles(), _honorifics(), role)


@cache
def full_name_rule() -> WordRule:
    """What `full_name_choice` does."""
    return WordRule(Form.FULL_NAME, _particles(), _honorifics(), "family")
