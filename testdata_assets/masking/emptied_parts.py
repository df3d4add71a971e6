"""What nested rules empty without saying of whom it tells, and what of that is vocabulary.

States and categories stand in JSON leaves and fields as they do in columns. A part that many rows of the sample hold
says nothing of anybody and is left out of the search, as such values of whole columns are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import polars as pl

from testdata_assets.errors import TestdataError
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.nested_parts import UNKNOWN
from testdata_assets.masking.nested_rules import NestedRule
from testdata_assets.masking.plan_models import ColumnPlan
from testdata_assets.masking.sensitive import branches

_EMPTYING = ("null", "constant")
_MOST_PARTS = 256  # each is looked for in all sampled values
_NO_KEY = partial(KeyedHash.derive, bytes(32))  # for masks that nobody keeps


def empties_parts(column: ColumnPlan) -> bool:
    """Whether rules nested in a column's empty parts without saying of whom these tell."""
    return any(_empties(each) for each in branches(column))


def frequent_parts(column: ColumnPlan, values: pl.Series, least: float) -> pl.Series:
    """The parts so emptied that at least so many of some values hold, raw.

    Args:
        column: The column.
        values: Of it, without nulls, COPY escapes undone.
        least: How many. Of parts that values write with escapes it is not told: those are searched for.
    """
    found: list[pl.Series] = []
    for each in branches(column):
        if _empties(each):
            # A condition may have left values to another branch that this one would refuse.
            with suppress(TestdataError, pl.exceptions.PolarsError, ValueError, OverflowError):
                each.transformer.apply(values, replace(each.context(_NO_KEY), count_emptied=found.append))
    if not found:
        return pl.Series([], dtype=pl.String)
    counted = pl.concat([part.rename("v") for part in found]).value_counts(sort=True, name="n")
    often = counted.filter(pl.col("n") >= least).get_column("v").head(_MOST_PARTS)
    # One document may repeat a name many times: values are counted, not places in them.
    held = [values.str.contains(part, literal=True).sum() >= least for part in often]
    return often.filter(pl.Series(held, dtype=pl.Boolean))


def _empties(column: ColumnPlan) -> bool:
    return any(rule.transform in _EMPTYING and rule.pii in UNKNOWN for rule in _nested(column.transformer.params))


def _nested(params: Any) -> Iterable[NestedRule]:
    """All rules nested in parameters, and in those of nested ones."""
    for each in params.values() if isinstance(params, Mapping) else vars(params).values():
        if isinstance(each, NestedRule):
            yield each
            yield from _nested(each.build().params)
        elif isinstance(each, Mapping):
            yield from _nested(each)
