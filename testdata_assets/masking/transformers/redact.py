"""redact: a fixed character or label in place of the value."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import numpy as np
import polars as pl
from pydantic import Field, field_validator, model_validator

from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.text_arrays import TextArray
from testdata_assets.masking.transformers._present import on_present
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

_SHARE = 3  # at most one in so many characters stays


class RedactParams(Params):
    """Parameters of `redact`."""

    char: str = Field("*", min_length=1, max_length=1, description="Character written over every other one.")
    keep_first: int = Field(0, ge=0, le=64, description="Characters that stay at the beginning.")
    keep_last: int = Field(
        0, ge=0, le=64, description="Characters that stay at the end; with `keep_first` a third of the value at most."
    )
    label: str | None = Field(None, min_length=1, max_length=200, description="Text in place of the whole value.")

    @field_validator("char", "label")
    @classmethod
    def _says_nothing(cls, text: str | None) -> str | None:
        if text is not None and ("\0" in text or not text.strip()):
            raise ValueError("write something that can be seen")
        return text

    @field_validator("char")
    @classmethod
    def _one_sign(cls, char: str) -> str:
        if unicodedata.combining(char) or characters().klass[ord(char)] != FIXED:
            raise ValueError("take a sign such as * or #: letters and digits would look like real ones")
        return char

    @model_validator(mode="after")
    def _one_way(self) -> RedactParams:
        if self.label is not None and (self.keep_first or self.keep_last):
            raise ValueError("a label leaves nothing of the value: give label, or keep_first and keep_last")
        return self


@register
class Redact(Transformer[RedactParams]):
    """Writes one character over every character of a text, or puts a label in its place.

    Length and (with `keep_first` and `keep_last`) the ends of a value stay, of these never more than a third of
    it: the beginning gives way first. Blank values stay. Values of one length look alike.
    """

    name = "redact"
    summary = "Blackens a text, or puts a label in its place; a few characters at the ends may stay."
    params_model = RedactParams
    base_types = frozenset({"text"})
    guarantees = Guarantees(
        uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_length=True, searchable=True
    )
    distribution = NOTHING

    def guarantees_for(self, column: Column) -> Guarantees:
        return self.guarantees if self.params.label is None else replace(self.guarantees, preserves_length=False)

    def problems(self, column: Column) -> tuple[str, ...]:
        found = super().problems(column)
        limit = 63 if column.base_type == "name" else column.max_length
        label = self.params.label
        if not found and label is not None and limit is not None and len(label) > limit:
            return (f"the label has {len(label)} characters, {column.type} or a narrower column admits {limit}",)
        return found

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        label = self.params.label
        if label is not None:
            return on_present(
                values, context, lambda present: pl.Series([label], dtype=pl.String).new_from_index(0, len(present))
            )
        return on_present(values, context, self._blackened)

    def _blackened(self, values: pl.Series) -> pl.Series:
        text = TextArray.from_series(values)
        most = text.lengths // _SHARE
        last = np.minimum(self.params.keep_last, most)
        first = np.minimum(self.params.keep_first, most - last)
        if not last.any() and not first.any():
            return text.with_codes(np.full(len(text.codes), ord(self.params.char))).to_series()
        places = text.places()
        kept = (places < np.repeat(first, text.lengths)) | (places >= np.repeat(text.lengths - last, text.lengths))
        return text.with_codes(np.where(kept, text.codes, ord(self.params.char))).to_series()
