"""free_text: running text of invented words in place of the original."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.characters import LETTER, PICTURE, SPACE, characters
from testdata_assets.masking.pools import ALL_SCRIPTS, SCRIPTS, corpora, pools
from testdata_assets.masking.text_arrays import TextArray, ragged_indices, running
from testdata_assets.masking.transformers.base import Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer

_FULL_STOP = 0x2E


@register
class FreeText(TextTransformer[Params]):
    """Slices a fixed corpus of invented words: nothing of the original remains but its outline.

    Keeps the number of characters, line breaks and tabs, emoji and other pictures in their places, and the
    script that most letters are of. Texts longer than the corpus repeat draws.
    """

    name = "free_text"
    summary = "Replaces text by invented words of the same script, keeping length, line breaks and emoji."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.DISJOINT, preserves_length=True)

    def draw(self, draw: Draw) -> pl.Series:
        text, table, corpus = draw.text, characters(), corpora()
        kind = table.kind.take(text.codes)
        script = _main_script(text, kind == LETTER)
        step = corpus.margin
        slices = -(-text.lengths // step)
        owner = np.repeat(np.arange(len(text)), slices)
        number = np.arange(len(owner)) - np.repeat(np.cumsum(slices) - slices, slices)
        tweak = (draw.seeds[1][owner] << np.uint64(32)) | number.astype(np.uint64)
        draws = draw.hash.prf("corpus").blocks(draw.seeds[0][owner], tweak)[:, 0]
        chosen = script[owner]
        start = corpus.starts[(corpus.first[chosen] + draws % corpus.count[chosen]).astype(np.int64)]
        length = np.minimum(text.lengths[owner] - number * step, step)
        codes = corpus.codes[ragged_indices(start, length)]
        stay = (kind == PICTURE) | ((kind == SPACE) & (text.codes < 0x20))
        codes[stay] = text.codes[stay]
        return _trimmed(text.with_codes(codes), stay).to_series()


def _main_script(text: TextArray, letter: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The script (place in ALL_SCRIPTS) of most letters of each text; Latin where there is none."""
    scripts = pools().script_of[characters().script.take(text.codes)]
    latin, accented = ALL_SCRIPTS.index("latin"), SCRIPTS.index("accented")
    if not (text.codes >= 0x80).any():
        return np.full(len(text), latin)
    owner = text.owners()[letter & (scripts >= 0)]
    found = scripts[letter & (scripts >= 0)]
    counts = np.bincount(owner * len(ALL_SCRIPTS) + found, minlength=len(text) * len(ALL_SCRIPTS))
    main: NDArray[np.int64] = counts.reshape(len(text), -1).argmax(axis=1)
    foreign = running(letter & (text.codes >= 0x80))
    has_foreign = foreign[text.offsets[1:]] > foreign[text.offsets[:-1]]
    return np.where((main == latin) & has_foreign, accented, main)


def _trimmed(text: TextArray, stay: NDArray[np.bool_]) -> TextArray:
    """A text that would end in a blank or begin with one gets a full stop there: lengths survive trimming."""
    codes = text.codes
    filled = np.flatnonzero(text.lengths)
    for edge in (text.offsets[:-1][filled], text.offsets[1:][filled] - 1):
        blank = edge[(codes[edge] == 0x20) & ~stay[edge]]
        codes[blank] = _FULL_STOP
    return text
