"""What transformers share whose masks are the value's words replaced by words of pools."""

from __future__ import annotations

from abc import abstractmethod
from types import ModuleType
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.transformers.base import MaskContext, Params
from testdata_assets.masking.transformers.text import Draw, TextTransformer
from testdata_assets.masking.word_rules import WordRule
from testdata_assets.masking.words import WordList, replace_words


class WordTransformer(TextTransformer[Params]):
    """Replaces words: implement `choice`, and say the same as a rule for kernels."""

    kernel: ClassVar[str | None] = "words"

    @abstractmethod
    def choice(self, words: WordList) -> NDArray[np.int64]:
        """What becomes of each word: KEEP, REDRAW or a pool."""

    @abstractmethod
    def rule(self) -> WordRule:
        """What `choice` does to words of ASCII letters."""

    def draw(self, draw: Draw) -> pl.Series:
        words = WordList.of(draw.text)
        return replace_words(words, self.choice(words), draw.hash, draw.seeds, draw.limit).to_series()

    def by_kernel(self, loaded: ModuleType, data: Bytes, offsets: Places, context: MaskContext) -> Masks | None:
        keyed = context.hash.for_purpose(self.name)
        masks: Masks | None = loaded.masked(data, offsets, keyed, self.rule(), context.max_length, context.fold_case)
        return masks
