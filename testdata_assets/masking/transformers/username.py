"""username: a word and a hash in the style of the original."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import polars as pl

from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.text_arrays import Pieces, merge_rows
from testdata_assets.masking.transformers._addresses import (
    SHORTEST_HASHED,
    AddressStyle,
    draw_addresses,
    read_at,
)
from testdata_assets.masking.transformers._compiled_handles import Handles
from testdata_assets.masking.transformers._handles import (
    HASH_CHARACTERS,
    WORD_CHARACTERS,
    base32,
    capitals,
    read_stems,
)
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, MaskContext, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer, scrambled
from testdata_assets.production.catalog import Column

_LONGEST = WORD_CHARACTERS + 1 + HASH_CHARACTERS


@register
class Username(TextTransformer[Params]):
    """Draws e.g. `marta_k3f9qz2a1b2c`: a word of the same script, the first separator, a 60-bit hash.

    A user name that is an e-mail address becomes the address that `email` would give it in the same domain.
    Names take at most 19 characters; columns that admit fewer get the hash alone, and below 12 characters a
    permutation of the name.
    """

    name = "username"
    summary = "Replaces user names by a word and a hash, keeping script, separator and capitals."
    guarantees = Guarantees(uniqueness=Uniqueness.HASHED, coincidence=Coincidence.DISJOINT)
    distribution = NOTHING
    tells_case = True
    kernel = "emails"

    def distinct_at(self, limit: int, column: Column) -> bool:
        return limit >= SHORTEST_HASHED  # it may be an address

    def draw(self, draw: Draw) -> pl.Series:
        if draw.limit is not None and draw.limit < HASH_CHARACTERS:
            return scrambled(draw)
        result = self._names(draw)
        rows = np.flatnonzero(read_at(draw.text)[0])
        if not len(rows):
            return result
        part = draw.narrowed(rows)
        return merge_rows(result, rows, draw_addresses(part, draw.context.hash.for_purpose("email"), AddressStyle()))

    def by_kernel(self, loaded: ModuleType, data: Bytes, offsets: Places, context: MaskContext) -> Masks | None:
        limit = context.max_length
        if limit is not None and limit < HASH_CHARACTERS:
            return None
        hashed = limit is None or limit >= SHORTEST_HASHED  # shorter addresses are permuted
        handles = Handles(
            addresses=context.hash.for_purpose("email") if hashed else None, names=context.hash.for_purpose(self.name)
        )
        return handles.masks(loaded, data, offsets, context)

    @staticmethod
    def _names(draw: Draw) -> pl.Series:
        text, seeds = draw.text, draw.seeds
        stem = read_stems(text, text.offsets[:-1], text.offsets[1:], seeds[1])
        worded = draw.limit is None or draw.limit >= _LONGEST
        pieces = Pieces(len(text))
        word = pieces.add_text(stem.words(worded))
        pieces.add(text.codes, stem.separator, stem.separated * worded)
        hashed = pieces.add_text(base32(seeds[0], HASH_CHARACTERS))
        masked, edges = pieces.join()
        capitals(draw, masked, (edges[:, hashed], edges[:, hashed + 1]), edges[:, word], stem)
        return masked.to_series()
