"""array: masks the elements of arrays one by one; bounds, dimensions and NULL elements stay as they are.

An element masks as it would in a column of its own of the element's type, in the same domain. Whatever the
transformer of `items` does to a value of such a column (keep '', cut at the limit) it does to an element.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from testdata_assets.errors import RefusedError
from testdata_assets.masking.nested_parts import PartRule, combined
from testdata_assets.masking.nested_rules import NestedRule
from testdata_assets.masking.part_pieces import in_slices
from testdata_assets.masking.part_texts import array_element, array_parts
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

_DELIMITERS = {"_box": ";"}  # the one type that does not part its elements by commas


class ArrayParams(Params):
    """Parameters of `array`."""

    items: NestedRule = Field(description="What becomes of every element that is not NULL.")


@register
class Array(Transformer[ArrayParams]):
    """Keeps the number of elements, their order, dimensions and bounds; the rule of `items` says the rest."""

    name = "array"
    summary = "Masks the elements of arrays, each as a value of its own."
    params_model = ArrayParams
    guarantees = Guarantees(uniqueness=Uniqueness.INJECTIVE, coincidence=Coincidence.BY_PART)
    distribution = NOTHING

    def __init__(self, params: ArrayParams) -> None:
        super().__init__(params)
        self._items = PartRule("items", params.items)

    @classmethod
    def accepts(cls, base_type: str) -> bool:
        """Arrays: Postgres names their types with an underscore before the element's."""
        return base_type.startswith("_")

    def problems(self, column: Column) -> tuple[str, ...]:
        if column.category != "A" or not column.parts:
            return (f"array takes arrays, not {column.type}",)
        return self._items.problems(column.parts[0])

    def guarantees_for(self, column: Column) -> Guarantees:
        if not column.parts:
            return combined([Guarantees(Uniqueness.LOSSY, Coincidence.BY_PART)])
        return combined([self._items.transformer.guarantees_for(column.parts[0])])

    def distinct_at(self, limit: int, column: Column) -> bool:
        return bool(column.parts) and self._items.distinct_at(limit, column.parts[0])

    def distinguishes_case(self) -> bool:
        return self._items.distinguishes_case

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        if not len(values) or self._items.keeps:
            return values
        if not context.column.parts:
            raise RefusedError(
                "The catalog does not say what the elements of this array are",
                where="",
                remedy="Take a new snapshot: this one is of an older version of testdata-assets.",
                code="parts-unknown",
            )
        delimiter = _DELIMITERS.get(context.column.base_type, ",")
        return in_slices(values, delimiter, lambda run: self._masked(run, delimiter, context))

    def _masked(self, values: pl.Series, delimiter: str, context: MaskContext) -> pl.Series:
        parts = array_parts(values, delimiter)
        if not len(parts.starts):
            return values
        masked = self._items.masked(parts.texts(), context, context.column.parts[0])
        return parts.replaced(array_element(masked, delimiter))
