"""bytes: binary values (bytea): noise of the same length, nothing, fixed bytes, or text masked as text."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from testdata_assets.masking.nested_parts import PartRule, combined, text_part
from testdata_assets.masking.nested_rules import NestedRule
from testdata_assets.masking.text_arrays import merge_rows, running
from testdata_assets.masking.transformers._noise import PREFIX, check_hexadecimal, noise
from testdata_assets.masking.transformers.base import (
    NOTHING,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.production.catalog import Column

_NOISE = Guarantees(
    uniqueness=Uniqueness.HASHED, coincidence=Coincidence.MAY_COINCIDE, preserves_length=True, searchable=True
)
_NOTHING = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.CONSTANT)


class BytesParams(Params):
    """Parameters of `bytes`."""

    mode: Literal["random", "empty", "fixed", "text"] = Field(
        "random", description="Noise of the same length; no bytes; the bytes of `value`; UTF-8 text under `content`."
    )
    value: str = Field("", description="Hexadecimal digits of the bytes that mode fixed writes, e.g. 00ff.")
    content: NestedRule | None = Field(None, description="Rule for the text in mode text; what is no text gets noise.")

    @field_validator("value")
    @classmethod
    def _is_hexadecimal(cls, value: str) -> str:
        digits = value.removeprefix(PREFIX).lower()
        if len(digits) % 2 or not set(digits) <= set("0123456789abcdef"):
            raise ValueError("bytes are written as pairs of hexadecimal digits")
        return digits

    @model_validator(mode="after")
    def _fits_the_mode(self) -> BytesParams:
        if bool(self.value) != (self.mode == "fixed"):
            raise ValueError("`value` is for mode fixed, which needs it")
        if (self.content is not None) != (self.mode == "text"):
            raise ValueError("`content` is for mode text, which needs it")
        return self


@register
class Bytes(Transformer[BytesParams]):
    """No bytes stay none. Noise keeps the length and says nothing else of the value; text that is valid UTF-8 is
    masked as a value of a text column would be, in its own domain."""

    name = "bytes"
    summary = "Replaces binary values by noise, nothing, fixed bytes, or masked text."
    params_model = BytesParams
    guarantees = _NOISE
    distribution = NOTHING
    base_types = frozenset({"bytea"})

    def __init__(self, params: BytesParams) -> None:
        super().__init__(params)
        self._content = PartRule("content", params.content) if params.content is not None else None

    def problems(self, column: Column) -> tuple[str, ...]:
        nested = () if self._content is None else self._content.problems(text_part(column))
        return (*super().problems(column), *nested)

    def guarantees_for(self, column: Column) -> Guarantees:
        if self._content is not None:
            return combined([self._content.transformer.guarantees_for(text_part(column)), _NOISE])
        return _NOISE if self.params.mode == "random" else _NOTHING

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        check_hexadecimal(values)
        keyed = context.hash.for_purpose(self.name)
        if self._content is not None:
            return self._masked_text(values, self._content, context)
        if self.params.mode == "random":
            return noise(values, keyed)
        return pl.Series(values.name, [PREFIX + self.params.value], dtype=pl.String).new_from_index(0, len(values))

    def _masked_text(self, values: pl.Series, content: PartRule, context: MaskContext) -> pl.Series:
        raw = values.str.slice(len(PREFIX)).str.decode("hex")
        is_text = _is_text(raw)
        rows, others = np.flatnonzero(is_text), np.flatnonzero(~is_text)
        result = values
        if len(rows):
            masked = content.masked(raw.gather(pl.Series(rows)).cast(pl.String), context)
            result = merge_rows(result, rows, PREFIX + masked.cast(pl.Binary).bin.encode("hex"))
        if len(others):
            odd = values.gather(pl.Series(others))
            if context.collect is not None:
                context.collect(odd.unique())
            result = merge_rows(result, others, noise(odd, context.hash.for_purpose(self.name)))
        return result.rename(values.name)


def _is_text(raw: pl.Series) -> NDArray[np.bool_]:
    """Which binary values are UTF-8 text that Postgres could hold, which has no NUL."""
    is_text = ~raw.bin.contains(b"\0").to_numpy()
    candidates = np.flatnonzero(is_text)
    # One value behind the other, a NUL between: what cannot be read shows as a lone surrogate within its value.
    joined = b"\0".join(raw.gather(pl.Series(candidates)).to_list())
    codes = np.frombuffer(joined.decode(errors="surrogateescape").encode("utf-32-le", "surrogatepass"), np.uint32)
    owners = running(codes == 0)[:-1]
    is_text[candidates[owners[codes >> 11 == 0x1B]]] = False
    return is_text
