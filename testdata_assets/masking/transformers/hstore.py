"""hstore: masks values by key; keys stay, as do NULL values. `*` stands for all keys that are not named."""

from __future__ import annotations

import numpy as np
import polars as pl
from pydantic import Field

from testdata_assets.errors import RefusedError
from testdata_assets.masking.json_paths import shown_key
from testdata_assets.masking.nested_parts import PartRule, combined, text_part
from testdata_assets.masking.nested_rules import NestedRule
from testdata_assets.masking.part_pieces import in_slices
from testdata_assets.masking.part_texts import PartTexts, hstore_parts, hstore_value
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

_ANY = "*"
_LOOKED_AT = 2000
_SHOWN = 5


class HstoreParams(Params):
    """Parameters of `hstore`."""

    keys: dict[str, NestedRule] = Field(
        min_length=1, description="Rules by key; `*` covers those not named, else they refuse the column."
    )


@register
class Hstore(Transformer[HstoreParams]):
    """A value masks like one of a text column without a limit, in the domain of its key's rule."""

    name = "hstore"
    summary = "Masks the values of hstore by key and keeps the keys."
    params_model = HstoreParams
    guarantees = Guarantees(uniqueness=Uniqueness.INJECTIVE, coincidence=Coincidence.BY_PART)
    distribution = NOTHING
    base_types = frozenset({"hstore"})

    def __init__(self, params: HstoreParams) -> None:
        super().__init__(params)
        self._rules = [PartRule(f"keys.{key}", rule) for key, rule in params.keys.items()]
        self._numbers = {key: number for number, key in enumerate(params.keys)}
        self._default = self._numbers.pop(_ANY, -1)

    def problems(self, column: Column) -> tuple[str, ...]:
        found = list(super().problems(column))
        for rule in self._rules:
            found += rule.problems(text_part(column))
        return tuple(found)

    def guarantees_for(self, column: Column) -> Guarantees:
        return combined([rule.transformer.guarantees_for(text_part(column)) for rule in self._rules])

    def distinct_at(self, limit: int, column: Column) -> bool:
        return all(rule.distinct_at(limit, text_part(column)) for rule in self._rules)

    def distinguishes_case(self) -> bool:
        return all(rule.distinguishes_case for rule in self._rules)

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        if not len(values):
            return values
        return in_slices(values, ",", lambda run: self._masked(run, context))

    def _masked(self, values: pl.Series, context: MaskContext) -> pl.Series:
        parts = hstore_parts(values)
        if not len(parts.starts):
            return values
        winners = parts.key_texts().replace_strict(
            list(self._numbers), list(self._numbers.values()), default=self._default, return_dtype=pl.Int32
        )
        unlisted = np.flatnonzero((winners < 0).to_numpy())
        if len(unlisted):
            raise _refusal(parts.chosen(unlisted[:_LOOKED_AT]))
        replaced, written = [], []
        for number, rule in enumerate(self._rules):
            rows = np.flatnonzero((winners == number).to_numpy())
            if not rule.keeps and len(rows):
                replaced.append(rows)
                written.append(hstore_value(rule.masked(parts.chosen(rows).texts(), context)))
        if not replaced:
            return values
        return parts.chosen(np.concatenate(replaced)).replaced(pl.concat(written))


def _refusal(parts: PartTexts) -> RefusedError:
    """The refusal of keys that no rule covers; what may be data itself is not named."""
    steps = [shown_key(key) for key in parts.key_texts().unique(maintain_order=True)]
    names = [step[1:] for step in steps if step.startswith(".")]
    odd = len(names) < len(steps)
    shown = ", ".join([*names[:_SHOWN], *(["a key that is no plain name"] if odd else [])])
    return RefusedError(
        f"No rule covers these hstore keys: {shown}" + (" and others" if len(names) > _SHOWN else ""),
        where=f"keys.{names[0]}" if names else "keys",
        remedy="Name them under the column's `keys`, or cover all others by '*'.",
        code="hstore-key-unlisted",
    )
