"""scramble: other characters of the same classes, at the same length."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.hashing import KeyedHash, read_only
from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.permutation import PairBatch, permute_text
from testdata_assets.masking.text_arrays import TextArray
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, MaskContext, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer, scrambled


@register
class Scramble(TextTransformer[Params]):
    """Permutes letters within their alphabet and digits among themselves; everything else stays.

    A keyed bijection: codes that were unique stay unique, and no value maps to itself. Capitals keep their
    places, so values that differ only in case or punctuation mask alike. A long value is mixed as a whole;
    a short one has few alternatives, so outputs may be other rows' real values.
    """

    name = "scramble"
    summary = "Replaces letters by letters of the same alphabet and digits by digits, keeping the form."
    base_types = frozenset({"text", "numeric"})
    redraws = False
    hashes_values = False
    kernel = "permute"
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.MAY_COINCIDE,
        preserves_length=True,
        preserves_format=True,
    )
    distribution = NOTHING
    tells_case = True

    def draw(self, draw: Draw) -> pl.Series:
        return scrambled(draw)

    def by_kernel(self, loaded: ModuleType, data: Bytes, offsets: Places, context: MaskContext) -> Masks | None:
        keyed = context.hash.for_purpose("scramble")
        numeric = context.column.base_type == "numeric"
        table = read_only(loaded.NUMBER if numeric else loaded.TEXT)
        longest = min(loaded.LONGEST, context.max_length or loaded.LONGEST)
        prf, following = keyed.prf("feistel"), _following(keyed)
        data, offsets = read_only(data), read_only(offsets)
        total = len(offsets) - 1
        batch = PairBatch(total)
        sizes, firsts = np.empty(batch.size, np.int64), np.empty(batch.size, np.uint64)
        masked = np.empty(len(data), np.uint8)
        masked_offsets, done = np.zeros(total + 1, np.int64), np.empty(total, np.bool_)
        for start in range(0, total, batch.size):
            part = (data, offsets, start, min(start + batch.size, total))
            count = loaded.read_texts(*part, numeric, longest, table, sizes, firsts, batch.values, batch.moduli)
            batch.cycle(loaded, prf, count)
            loaded.write_texts(*part, table, sizes, firsts, batch.values, following, masked, masked_offsets, done)
        return Masks(masked[: masked_offsets[-1]], masked_offsets, done)


def _following(keyed: KeyedHash) -> NDArray[np.uint8]:
    """What replaces the only letter or digit of a text, by its byte."""
    codes = np.arange(128, dtype=np.int32)
    text = TextArray(codes, np.arange(129, dtype=np.int64))
    return np.resize(permute_text(text, keyed).codes.astype(np.uint8), 256)
