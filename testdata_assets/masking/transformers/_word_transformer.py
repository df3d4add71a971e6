"""What transformers share whose masks are the value's words replaced by words of pools."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from types import ModuleType
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.text_arrays import TextArray, bytes_to_series
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

    def words(self, text: TextArray) -> WordList:
        """The words of texts."""
        return WordList.of(text)

    def odd(self, values: pl.Series) -> pl.Series:
        """Flags of values of which `rule` does not say all; kernels leave them alone."""
        return pl.repeat(False, len(values), eager=True)

    @abstractmethod
    def rule(self) -> WordRule:
        """What `choice` does to words of ASCII letters."""

    def draw(self, draw: Draw) -> pl.Series:
        words = self.words(draw.text)
        return replace_words(words, self.choice(words), draw.hash, draw.seeds, draw.limit).to_series()

    def by_kernel(self, loaded: ModuleType, data: Bytes, offsets: Places, context: MaskContext) -> Masks | None:
        keyed = context.hash.for_purpose(self.name)
        masks: Masks | None = loaded.masked(data, offsets, keyed, self.rule(), context.max_length, context.fold_case)
        if masks is not None and type(self).odd is not WordTransformer.odd:
            masks = replace(masks, done=masks.done & ~self.odd(bytes_to_series(data, offsets)).to_numpy())
        return masks
