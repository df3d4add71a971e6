"""hash: a keyed digest in place of the value."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from testdata_assets.masking.text_arrays import TextArray, offsets_of
from testdata_assets.masking.transformers._number_types import numeric_limits, without_trailing_zeros
from testdata_assets.masking.transformers.base import (
    NOTHING,
    TEXT_TYPES,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer
from testdata_assets.production.catalog import Column

_INTEGER_LIMITS = {"int2": 1 << 15, "int4": 1 << 31, "int8": 1 << 60}
_NUMBERS = frozenset({*_INTEGER_LIMITS, "numeric"})
_BASE32 = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", np.uint8).astype(np.int32)
_BITS = {"hex": 4, "base32": 5}
_ENOUGH_BITS = 60


class HashParams(Params):
    """Parameters of `hash`."""

    length: int = Field(16, ge=1, le=48, description="Characters in a text column (bytes x 2 in bytea).")
    encoding: Literal["hex", "base32"] = Field("hex", description="Alphabet in a text column.")


@register
class Hash(TextTransformer[HashParams]):
    """Text gets characters of the digest, numbers a whole one from 0 within the type, uuid a version 4 uuid.

    Equal numbers have equal masks however many decimals they are written with: 7 and 7.00.
    """

    name = "hash"
    summary = "Replaces a value by a keyed digest in the column's own type."
    params_model = HashParams
    by_pieces = False
    same_numbers = True
    hashes_values = False  # mostly the digest itself is wanted
    at_once = 1 << 17  # polars does it all, and a call of it costs as much as a thousand values
    guarantees = Guarantees(uniqueness=Uniqueness.HASHED, coincidence=Coincidence.DISJOINT)
    distribution = NOTHING
    base_types = frozenset({"text", "int2", "int4", "int8", "numeric", "uuid", "bytea"})

    def guarantees_for(self, column: Column) -> Guarantees:
        """Small integers and short texts may collide, and small integers meet real ones."""
        base_type = column.base_type
        if base_type in _NUMBERS and _limit(column) < 1 << _ENOUGH_BITS:
            return Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE)
        length = min(self.params.length, column.max_length or self.params.length)
        per_character = 4 if base_type == "bytea" else _BITS[self.params.encoding]
        if base_type in TEXT_TYPES | {"bytea"} and length * per_character < _ENOUGH_BITS:
            return Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE)
        return self.guarantees

    def distinct_at(self, limit: int, column: Column) -> bool:
        return True  # a digest is no longer for a longer value; `guarantees_for` knows how many bits fit

    def problems(self, column: Column) -> tuple[str, ...]:
        limits = numeric_limits(column.type)
        if limits is not None and limits[0] <= limits[1]:
            return (*super().problems(column), f"hash makes whole numbers, and {column.type} holds none but 0")
        return super().problems(column)

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        if context.column.base_type in _NUMBERS and values.str.contains(".", literal=True).any():
            return super().apply(without_trailing_zeros(values), context).rename(values.name)
        return super().apply(values, context)

    def draw(self, draw: Draw) -> pl.Series:
        base_type = draw.context.column.base_type
        if base_type in _NUMBERS:
            return pl.Series(draw.seeds[0] % np.uint64(_limit(draw.context.column))).cast(pl.String)
        digest = draw.hash.digests(draw.canonical)
        if base_type == "uuid":
            return _as_uuid(digest)
        length = self.params.length
        if base_type == "bytea":
            return pl.select(pl.lit("\\x") + digest.str.slice(0, length + length % 2)).to_series()
        length = min(length, draw.limit or length)
        if self.params.encoding == "hex":
            return digest.str.slice(0, length)
        return _base32(draw, length)


def _limit(column: Column) -> int:
    """Numbers in a column of this type are drawn from below it."""
    limits = numeric_limits(column.type)
    digits = _INTEGER_LIMITS.get(column.base_type, 1 << _ENOUGH_BITS)
    return digits if limits is None else min(digits, 10 ** (limits[0] - limits[1]))


def _as_uuid(digest: pl.Series) -> pl.Series:
    """A uuid of version 4, variant 1 from the digest's first 122 bits."""
    frame = digest.rename("d").to_frame()
    part = pl.col("d").str
    variant = part.slice(16, 1).replace_strict(list("0123456789abcdef"), list("89ab" * 4), return_dtype=pl.String)
    return frame.select(
        pl.concat_str(
            part.slice(0, 8),
            pl.lit("-"),
            part.slice(8, 4),
            pl.lit("-4"),
            part.slice(13, 3),
            pl.lit("-"),
            variant,
            part.slice(17, 3),
            pl.lit("-"),
            part.slice(20, 12),
        )
    ).to_series()


def _base32(draw: Draw, length: int) -> pl.Series:
    lengths = np.full(len(draw.values), length, np.int64)
    stream = draw.hash.prf("base32").stream(draw.seeds, lengths)
    return TextArray(_BASE32[stream & 31], offsets_of(lengths)).to_series()
