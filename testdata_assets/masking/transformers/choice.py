"""choice: one of a few categories, drawn row by row by weight."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import polars as pl
from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, field_validator

from testdata_assets.masking import copy_text
from testdata_assets.masking.text_arrays import merge_rows
from testdata_assets.masking.transformers.base import (
    NOTHING,
    Coincidence,
    Distribution,
    Guarantees,
    Kept,
    MaskContext,
    Params,
    Rows,
    RowTransformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.constant import Constant, ConstantParams
from testdata_assets.masking.transformers.registry import register
from testdata_assets.production import figures
from testdata_assets.production.catalog import Column
from testdata_assets.production.profile import kind_of

_BITS = 60
_TRUE = ("t", "true", "yes", "on", "1")
_SCALE = re.compile(r"numeric\(\d+(,(?P<digits>-?\d+))?\)$")
Value = StrictBool | StrictInt | StrictFloat | StrictStr


class ChoiceParams(Params):
    """Parameters of `choice`."""

    values: dict[str, float] | list[Value] = Field(
        min_length=1, description="Categories with their weights, or a list of equally frequent ones."
    )
    by: list[str] = Field(
        min_length=1, description="Columns that tell rows apart, usually the primary key: each row draws for itself."
    )

    @field_validator("by", mode="before")
    @classmethod
    def _one_or_more(cls, by: object) -> object:
        return [by] if isinstance(by, str) else by

    @field_validator("by")
    @classmethod
    def _names(cls, by: list[str]) -> list[str]:
        if not all(by) or len(set(by)) < len(by):
            raise ValueError("name each column once")
        return by

    @field_validator("values", mode="before")
    @classmethod
    def _written_out(cls, values: object) -> object:
        return {_text(key): weight for key, weight in values.items()} if isinstance(values, dict) else values

    @field_validator("values")
    @classmethod
    def _weighable(cls, values: dict[str, float] | list[Value]) -> dict[str, float] | list[Value]:
        if isinstance(values, dict):
            if any(not math.isfinite(weight) or weight < 0 for weight in values.values()):
                raise ValueError("weights are numbers from 0 on")
            if not sum(values.values()):
                raise ValueError("one weight at least must be more than 0")
        elif len({_text(value) for value in values}) < len(values):
            raise ValueError("a category occurs twice; give a mapping with weights")
        return values

    @property
    def categories(self) -> list[str]:
        """The categories in Postgres' text form."""
        return [_text(value) for value in self.values]

    @property
    def weights(self) -> list[float]:
        """How often each is drawn; not all are 0."""
        return list(self.values.values()) if isinstance(self.values, dict) else [1.0] * len(self.values)

    @property
    def bounds(self) -> list[int]:
        """Where each category's share of 2**60 ends."""
        ends = list(itertools.accumulate(self.weights))
        return [min(int(end / ends[-1] * (1 << _BITS)), 1 << _BITS) for end in ends]


@register
class Choice(RowTransformer[ChoiceParams]):
    """Draws categories by weight, so that their frequencies are those of the rule.

    The draw hangs on the row's columns in `by` (their original values) and not on the value: drawn by value,
    the few values of such a column would get one category each. NULL stays NULL. A row may draw what it had.
    """

    name = "choice"
    summary = "Draws one of a few categories by weight, row by row."
    params_model = ChoiceParams
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE)
    distribution = Distribution(Kept.DRAWN)

    def distribution_on(self, column: Column) -> Distribution:
        """The rule's weights, where it can be told how Postgres will print the categories."""
        labels = [printed(text, column) for text in self.params.categories]
        rates: dict[str, float] = {}
        for label, weight in zip(labels, self.params.weights, strict=True):
            if label is None:
                return NOTHING
            if weight:
                rates[label] = rates.get(label, 0.0) + weight / sum(self.params.weights)
        return replace(self.distribution, rates=tuple(rates.items()), by=self.reads())

    def draws_blindly(self, column: Column) -> bool:
        return True

    def reads(self) -> tuple[str, ...]:
        return tuple(self.params.by)

    def problems(self, column: Column) -> tuple[str, ...]:
        found = {
            problem.replace("constant", "a category", 1)
            for category in self.params.categories
            for problem in Constant(ConstantParams(value=category)).problems(column)
        }
        return (*super().problems(column), *sorted(found))

    def apply_rows(self, values: pl.Series, rows: Rows, context: MaskContext) -> pl.Series:
        where = values.is_not_null().arg_true()
        if not len(where):
            return values
        # Length and content of each part: no two rows read alike.
        parts = pl.DataFrame(
            {str(place): rows.original(name).gather(where) for place, name in enumerate(self.params.by)}
        )
        each = [
            pl.when(pl.col(name).is_null())
            .then(pl.lit("-"))
            .otherwise(pl.col(name).str.len_bytes().cast(pl.String) + ":" + pl.col(name))
            for name in parts.columns
        ]
        first, _ = context.hash.for_purpose(self.name).draws(parts.select(pl.concat_str(each)).to_series())
        bounds = np.array(self.params.bounds, np.uint64)
        chosen = np.minimum(np.searchsorted(bounds, first, side="right"), len(bounds) - 1)
        drawn = pl.Series(self.params.categories, dtype=pl.String).gather(pl.Series(chosen.astype(np.uint32)))
        return merge_rows(values, where.to_numpy().astype(np.int64), drawn)


def printed(text: str, column: Column) -> str | None:
    """A category as profiles of a column list it (`figures.label`); None where that hangs on the server."""
    kind = kind_of(column)
    if column.base_type == "bool":
        return "t" if text.lower() in _TRUE else "f"
    if kind == "number":
        scale = _SCALE.match(column.type)
        if scale is not None:
            text = _rounded(text, int(scale["digits"] or 0))
        elif column.base_type == "numeric" and column.type != "numeric":
            return None  # a domain's scale is not known here
    elif kind not in ("text", "category"):
        return None
    try:
        label = figures.label(kind, copy_text.escape(pl.Series([text]))[0])
    except ValueError:
        return None  # no number
    return label if len(label) <= figures.CATEGORY_WIDTH else None


def _rounded(text: str, digits: int) -> str:
    """A number as a column of so many decimals stores it: halves away from zero."""
    number = Decimal(text)
    return str(number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)) if number.is_finite() else text


def _text(value: object) -> str:
    return ("t" if value else "f") if isinstance(value, bool) else str(value)
