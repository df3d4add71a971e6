"""composite: masks the fields of composite values, each by a rule of its own; NULL fields stay NULL."""

from __future__ import annotations

import numpy as np
import polars as pl
from pydantic import Field

from testdata_assets.errors import RefusedError
from testdata_assets.masking.nested_parts import PartRule, combined
from testdata_assets.masking.nested_rules import NestedRule
from testdata_assets.masking.part_texts import row_field, row_parts, slices
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


class CompositeParams(Params):
    """Parameters of `composite`."""

    fields: dict[str, NestedRule] = Field(
        min_length=1, description="Rules by attribute of the composite type; every attribute must be named."
    )


@register
class Composite(Transformer[CompositeParams]):
    """A field masks as it would in a column of its own of the attribute's type, in the same domain."""

    name = "composite"
    summary = "Masks the fields of composite values, each by a rule of its own."
    params_model = CompositeParams
    guarantees = Guarantees(uniqueness=Uniqueness.INJECTIVE, coincidence=Coincidence.BY_PART)
    distribution = NOTHING

    def __init__(self, params: CompositeParams) -> None:
        super().__init__(params)
        self._fields = {name: PartRule(f"fields.{name}", rule) for name, rule in params.fields.items()}

    def problems(self, column: Column) -> tuple[str, ...]:
        if column.category != "C" or not column.parts:
            return (f"composite takes composite types, not {column.type}",)
        attributes = {part.name: part for part in column.parts}
        unlisted = [name for name in attributes if name not in self._fields]
        unknown = [name for name in self._fields if name not in attributes]
        found = []
        if unlisted:
            found.append(f"no rule covers the field{'s' * (len(unlisted) > 1)} {', '.join(unlisted)} of {column.type}")
        if unknown:
            found.append(f"{column.type} has no field{'s' * (len(unknown) > 1)} {', '.join(unknown)}")
        for name, rule in self._fields.items():
            if name in attributes:
                found += rule.problems(attributes[name])
        return tuple(found)

    def guarantees_for(self, column: Column) -> Guarantees:
        return combined(
            [
                self._fields[part.name].transformer.guarantees_for(part)
                for part in column.parts
                if part.name in self._fields
            ]
        )

    def distinct_at(self, limit: int, column: Column) -> bool:
        return all(self._fields[part.name].distinct_at(limit, part) for part in column.parts)

    def distinguishes_case(self) -> bool:
        return all(rule.distinguishes_case for rule in self._fields.values())

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        if not len(values) or all(rule.keeps for rule in self._fields.values()):
            return values
        missing = [part for part in context.column.parts if part.name not in self._fields]
        if missing or not context.column.parts:
            raise RefusedError(
                "The rule does not cover the fields of this composite type",
                where="",
                remedy="Name every attribute under `fields`, and take a new snapshot.",
                code="parts-unknown",
            )
        return pl.concat([self._slice(part, context) for part in slices(values)]).rename(values.name)

    def _slice(self, values: pl.Series, context: MaskContext) -> pl.Series:
        attributes = context.column.parts
        parts = row_parts(values, len(attributes))
        replaced, written = [], []
        for number, attribute in enumerate(attributes):
            rule, rows = self._fields[attribute.name], np.flatnonzero(parts.numbers == number)
            if not rule.keeps and len(rows):
                replaced.append(rows)
                written.append(row_field(rule.masked(parts.chosen(rows).texts(), context, attribute)))
        if not replaced:
            return values
        return parts.chosen(np.concatenate(replaced)).replaced(pl.concat(written))
