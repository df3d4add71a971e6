"""scramble: other characters of the same classes, at the same length."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from testdata_assets.masking.characters import FIXED
from testdata_assets.masking.hashing import KeyedHash, read_only
from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.permutation import PairBatch, default_classes, permute_text
from testdata_assets.masking.text_arrays import Positions, TextArray, ragged_indices
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, MaskContext, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer, scrambled
from testdata_assets.production.catalog import Column

_LONGEST_START = 32  # characters


class ScrambleParams(Params):
    """Parameters of `scramble`."""

    keep_start: int = Field(
        0,
        ge=0,
        le=_LONGEST_START,
        description="Characters at the beginning that stay: of codes such as MRN-00012345 whose first letters say "
        "what they are. Values with no letter or digit behind them are permuted whole.",
    )


@register
class Scramble(TextTransformer[ScrambleParams]):
    """Permutes letters within their alphabet and digits among themselves; everything else stays.

    A keyed bijection: codes that were unique stay unique, and no value maps to itself. Capitals keep their
    places, so values that differ only in case or punctuation mask alike. A long value is mixed as a whole;
    a short one has few alternatives, so outputs may be other rows' real values.
    """

    name = "scramble"
    summary = "Replaces letters by letters of the same alphabet and digits by digits, keeping the form."
    params_model = ScrambleParams
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

    def problems(self, column: Column) -> tuple[str, ...]:
        if self.params.keep_start and column.base_type == "numeric":
            return ("keep_start is for texts",)
        return super().problems(column)

    def draw(self, draw: Draw) -> pl.Series:
        if not self.params.keep_start:
            return scrambled(draw)
        # Whether a text is permuted whole hangs on its length and on where it has letters and digits, which stay:
        # so no text of one kind takes the mask of one of the other.
        classes = default_classes(draw.text.codes)
        starts = np.minimum(draw.text.lengths, self.params.keep_start)
        where = ragged_indices(draw.text.offsets[:-1], starts)
        behind = classes != FIXED
        behind[where] = False
        kept: Positions = np.where(draw.text.count(behind) > 0, starts, 0)
        classes[ragged_indices(draw.text.offsets[:-1], kept)] = FIXED
        return permute_text(draw.text, draw.hash, classes).to_series()

    def _apply_long(self, values: pl.Series, sizes: NDArray[np.int64], context: MaskContext) -> pl.Series:
        # Each piece would keep its start.
        return self._apply(values, context) if self.params.keep_start else super()._apply_long(values, sizes, context)

    def by_kernel(self, loaded: ModuleType, data: Bytes, offsets: Places, context: MaskContext) -> Masks | None:
        if self.params.keep_start:
            return None
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
