"""constant: one value for every row."""

from __future__ import annotations

import re
import uuid

import polars as pl
from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from testdata_assets.masking.transformers.base import (
    NOTHING,
    TEXT_TYPES,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.production.catalog import Column

_INTEGER_BITS = {"int2": 16, "int4": 32, "int8": 64}
_DATE = re.compile(r"\d{4,7}-\d\d-\d\d( BC)?\Z|-?infinity\Z")
_TIMESTAMP = re.compile(
    r"\d{4,7}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([+-]\d\d(:?\d\d)?|Z)?( BC)?\Z|-?infinity\Z"
)


class ConstantParams(Params):
    """Parameters of `constant`."""

    value: StrictBool | StrictInt | StrictFloat | StrictStr = Field(
        description="The value every row gets, as the column's type takes it."
    )


@register
class Constant(Transformer[ConstantParams]):
    """Writes one value everywhere; NULLs stay NULL."""

    name = "constant"
    summary = "Replaces every value by one given in the rule."
    params_model = ConstantParams
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.CONSTANT)
    distribution = NOTHING

    @property
    def text(self) -> str:
        """The value in Postgres' text form."""
        value = self.params.value
        return ("t" if value else "f") if isinstance(value, bool) else str(value)

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return pl.Series(values.name, [self.text], dtype=pl.String).new_from_index(0, len(values))

    def problems(self, column: Column) -> tuple[str, ...]:
        if "\0" in self.text:
            return ("constant cannot be written: Postgres text holds no NUL character",)
        limit = 63 if column.base_type == "name" else column.max_length
        if column.base_type in TEXT_TYPES:
            if limit is not None and len(self.text) > limit:
                return (f"constant has {len(self.text)} characters, {column.type} admits {limit}",)
            return ()
        return () if _fits(self.text, column.base_type) else (f"constant is no value of type {column.type}",)


def _fits(text: str, base_type: str) -> bool:
    """Whether a type takes a text, for the types that can be told without a server; True for others."""
    if base_type in _INTEGER_BITS:
        half = 1 << (_INTEGER_BITS[base_type] - 1)
        return re.fullmatch(r"[+-]?\d+", text) is not None and -half <= int(text) < half
    if base_type in ("numeric", "float4", "float8"):
        return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|NaN|-?Infinity", text) is not None
    if base_type == "bool":
        return text.lower() in ("t", "f", "true", "false", "yes", "no", "on", "off", "1", "0")
    if base_type == "uuid":
        try:
            uuid.UUID(text)
        except ValueError:
            return False
        return True
    if base_type == "date":
        return _DATE.match(text) is not None
    if base_type in ("timestamp", "timestamptz"):
        return _TIMESTAMP.match(text) is not None or _DATE.match(text) is not None
    return True
