"""free_text: running text of invented words in place of the original."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.characters import LETTER, PICTURE, SPACE, characters
from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.pools import ALL_SCRIPTS, SCRIPTS, Corpora, corpora, pools
from testdata_assets.masking.text_arrays import (
    Positions,
    TextArray,
    bytes_to_series,
    merge_rows,
    running,
    take_slices,
)
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, MaskContext, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer

_FULL_STOP = 0x2E
_LATIN = (ALL_SCRIPTS.index("latin"),)
_AT_ONCE = 4096  # texts that kernels work on: arrays stay in the processor's cache


@register
class FreeText(TextTransformer[Params]):
    """Slices a fixed corpus of invented words: nothing of the original remains but its outline.

    Keeps the number of characters, line breaks and tabs, emoji and other pictures in their places, and the
    script that most letters are of. Texts longer than the corpus repeat draws.
    """

    name = "free_text"
    summary = "Replaces text by invented words of the same script, keeping length, line breaks and emoji."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.DISJOINT, preserves_length=True)
    distribution = NOTHING
    kernel = "prose"

    def draw(self, draw: Draw) -> pl.Series:
        data, offsets = draw.bytes
        wide = np.flatnonzero(data >= 0x80)
        if not len(wide):
            return _draw_plain(data, offsets, draw.hash, draw.seeds)
        other = np.zeros(len(draw.values), np.bool_)
        other[np.searchsorted(offsets, wide, side="right") - 1] = True
        result = _draw_any(draw.narrowed(np.flatnonzero(other)))
        rows = np.flatnonzero(~other)
        if not len(rows):
            return result
        plain = draw.narrowed(rows)
        masked = _draw_plain(*plain.bytes, plain.hash, plain.seeds)
        return merge_rows(merge_rows(draw.values, np.flatnonzero(other), result), rows, masked)

    def by_kernel(self, loaded: ModuleType, data: Bytes, offsets: Places, context: MaskContext) -> Masks | None:
        limit = len(data) if context.max_length is None else context.max_length
        keyed = context.hash.for_purpose(self.name)
        prf = keyed.prf("corpus")
        latin = corpora(_LATIN)
        count = len(offsets) - 1
        size = min(count, _AT_ONCE)
        starts, lengths = np.empty(size, np.int64), np.empty(size, np.int64)
        done = np.empty(count, np.bool_)
        target = np.empty(len(data), np.uint8)
        ends = np.zeros(count + 1, np.int64)
        end = 0
        for first in range(0, count, size):
            last = min(first + size, count)
            block = data, offsets[first : last + 1]
            plain = data[offsets[first] : offsets[last]]
            lower = np.empty(len(plain) if context.fold_case else 0, np.uint8)
            found = loaded.read(*block, limit, done[first:last], starts, lengths, lower)
            seeds = keyed.draws_of(lower if context.fold_case else plain, starts[:found], lengths[:found])
            slices = np.empty((2, found + len(plain) // latin.margin), np.uint64)
            needed = loaded.blocks(seeds, lengths[:found], latin.margin, *slices)
            draws = prf.blocks(slices[0, :needed], slices[1, :needed])
            end = loaded.write(
                *block, done[first:last], draws, _plain_corpus(), latin.starts, latin.margin,
                target, ends[first + 1 : last + 1], end,
            )  # fmt: skip
        return Masks(target[:end], ends, done)


def _starts(
    corpus: Corpora, slices: Positions, keyed: KeyedHash, seeds: tuple[Words, Words], script: NDArray[np.int64] | int
) -> tuple[NDArray[np.int64], Positions]:
    """Where in a corpus the slices of n texts begin, and the number of each within its text.

    Args:
        corpus: All scripts needed.
        slices: How many each text takes.
        keyed, seeds: Of the draw.
        script: Of each text (place in ALL_SCRIPTS), or of all.
    """
    ends = np.cumsum(slices)
    if len(slices) and ends[-1] == len(slices) and (slices == 1).all():
        number, first, second = np.zeros(len(slices), np.int64), seeds[0], seeds[1] << np.uint64(32)
        chosen = script
    else:
        owner = np.repeat(np.arange(len(slices)), slices)
        number = np.arange(len(owner)) - np.repeat(ends - slices, slices)
        first, second = seeds[0][owner], (seeds[1][owner] << np.uint64(32)) | number.astype(np.uint64)
        chosen = script if isinstance(script, int) else script[owner]
    draws = keyed.prf("corpus").blocks(first, second)[:, 0]
    return corpus.starts[(corpus.first[chosen] + draws % corpus.count[chosen]).astype(np.int64)], number


@cache
def _plain_corpus() -> NDArray[np.uint8]:
    """The Latin corpus as bytes: it is ASCII."""
    return corpora(_LATIN).codes.astype(np.uint8)


def _draw_plain(data: NDArray[np.uint8], offsets: Positions, keyed: KeyedHash, seeds: tuple[Words, Words]) -> pl.Series:
    """The same for ASCII texts, which are Latin."""
    corpus = corpora(_LATIN)
    step, lengths = corpus.margin, np.diff(offsets)
    slices = (lengths + (step - 1)) // step
    start, number = _starts(corpus, slices, keyed, seeds, _LATIN[0])
    whole = len(number) == len(lengths)
    pieces = lengths if whole else np.minimum(np.repeat(lengths, slices) - number * step, step)
    codes = take_slices(_plain_corpus(), start, pieces)
    # ASCII's white space, and what counts as a picture.
    stay = (data - np.uint8(0x09)) < 5  # line breaks and tabs; ASCII has no pictures
    codes = np.where(stay, data, codes)
    for edge in (offsets[:-1], offsets[1:] - 1):
        blank = edge[(codes[edge] == 0x20) & ~stay[edge]]
        codes[blank] = _FULL_STOP
    return bytes_to_series(codes, offsets)


def _draw_any(draw: Draw) -> pl.Series:
    text, table = draw.text, characters()
    kind = table.kind.take(text.codes)
    script = _main_script(text, kind == LETTER)
    corpus = corpora(tuple(np.unique(script).tolist()))
    slices = -(-text.lengths // corpus.margin)
    start, number = _starts(corpus, slices, draw.hash, draw.seeds, script)
    length = np.minimum(np.repeat(text.lengths, slices) - number * corpus.margin, corpus.margin)
    codes = take_slices(corpus.codes, start, length)
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
