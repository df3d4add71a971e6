"""What of a masked column is searched for in the image, and what its values prove there.

Values of most masked columns are: masks that are nobody's real value leave no excuse for one, and what is masked into
something that may be real (a phone, a card) must at least not stay in what is kept. Left out are values that say
nothing of anybody by themselves: places, dates, amounts, job titles.
"""

from __future__ import annotations

from typing import Any

from testdata_assets.masking.plan_models import ColumnPlan, TablePlan
from testdata_assets.masking.transformers.base import TEXT_TYPES, Coincidence, Transformer
from testdata_assets.production.catalog import Column

# Transformers of anything at all: what a column under them holds is known only by the rule's category.
_OF_ANYTHING = frozenset({"null", "constant", "redact", "scramble", "hash", "substitute", "template"})
_UNKNOWN = frozenset({None, "unknown"})


def is_searched(column: ColumnPlan) -> bool:
    """Whether the values that a column's transformer masks are fingerprinted, parts of them apart."""
    promise = column.transformer.guarantees_for(column.seen_as)
    if promise.coincidence is Coincidence.BY_PART:
        return False
    if promise.coincidence is Coincidence.CONSTANT:
        return column.column.base_type in TEXT_TYPES
    if promise.coincidence is Coincidence.DISJOINT or promise.searchable or is_shared(column.transformer):
        return True
    return column.transformer.name == "scramble" and column.pii is not None and column.column.base_type in TEXT_TYPES


def may_be_vocabulary(column: ColumnPlan) -> bool:
    """Whether frequent values of a column are left out: it may hold states or categories, which many rows share."""
    return column.transformer.name in _OF_ANYTHING and column.pii in _UNKNOWN


def is_shared(transformer: Transformer[Any]) -> bool:
    """Whether a value is many people's, so that only a copy of the whole column tells anything."""
    return part_of_name(transformer) in ("first_name", "last_name")


def name_pairs(plan: TablePlan) -> tuple[tuple[str, str], ...]:
    """Columns of first names, each with the column of last names that goes with it.

    Apart they are anybody's, together they name a person: rows' pairs are searched for like full names.
    """
    columns = [each for each in plan.columns if each.condition is None]
    firsts = [each.column for each in columns if part_of_name(each.transformer) == "first_name"]
    pairs = []
    for last in (each.column for each in columns if part_of_name(each.transformer) == "last_name"):
        if firsts:
            pairs.append((max(firsts, key=lambda first: _alike(first, last)).name, last.name))
    return tuple(pairs)


def pair_name(first: str, last: str) -> str:
    """What the pairs of two columns are called in findings."""
    return f"{first}+{last}"


def part_of_name(transformer: Transformer[Any]) -> str | None:
    """Which part of a person's name a transformer masks: first_name, last_name, full_name, or None."""
    part = getattr(transformer.params, "part", None) if transformer.name == "identity" else transformer.name
    part = "full_name" if part == "person_name" else part
    return part if part in ("first_name", "last_name", "full_name") else None


def _alike(first: Column, last: Column) -> int:
    """Characters that two names begin with alike: billing_first belongs to billing_last."""
    count = 0
    for one, other in zip(first.name, last.name, strict=False):
        if one != other:
            break
        count += 1
    return count
