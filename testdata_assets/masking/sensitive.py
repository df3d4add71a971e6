"""What of a masked column is searched for in the image, and what its values prove there.

Values of most masked columns are: masks that are nobody's real value leave no excuse for one, and what is masked into
something that may be real (a phone, a card) must at least not stay in what is kept. Left out are values that say
nothing of anybody by themselves: places, dates, amounts, job titles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from testdata_assets.masking.canonical import LONG_TAG, forms
from testdata_assets.masking.nested_parts import UNKNOWN
from testdata_assets.masking.plan_models import ColumnPlan, TablePlan
from testdata_assets.masking.plan_transformers import KEEP
from testdata_assets.masking.transformers.base import TEXT_TYPES, Coincidence, Transformer
from testdata_assets.masking.word_hashes import Hashes, finish, tagged
from testdata_assets.production.catalog import Column

# Transformers of anything at all: what a column under them holds is known only by the rule's category.
_OF_ANYTHING = frozenset({"null", "constant", "redact", "scramble", "hash", "substitute", "template"})
# What a constant replaces is nothing that masks avoid: other columns' masks may well be equal to it.
_COINCIDING = (Coincidence.MAY_COINCIDE, Coincidence.CONSTANT)
_MEMBERS = " (members)"
_DRAWN_PARTS = " (drawn parts)"


def branches(column: ColumnPlan) -> Iterator[ColumnPlan]:
    """What becomes of a column under each of its conditions, as far as it is masked there."""
    each: ColumnPlan | None = column
    while each is not None:
        if each.transformer.name != KEEP:
            yield each
        each = each.otherwise


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


def may_coincide(column: ColumnPlan) -> bool:
    """Whether values are searched for that masks of theirs may equal by chance, in some rows of the column.

    Parts of values like that are stored under a name of their own.
    """
    each: ColumnPlan | None = column
    while each is not None:
        if each.transformer.guarantees_for(each.seen_as).coincidence in _COINCIDING:
            return True
        each = each.otherwise
    return False


def may_be_vocabulary(column: ColumnPlan) -> bool:
    """Whether frequent values of a column are left out: it may hold states or categories, which many rows share."""
    masked = list(branches(column))
    return bool(masked) and all(each.transformer.name in _OF_ANYTHING and each.pii in UNKNOWN for each in masked)


def is_shared(transformer: Transformer[Any]) -> bool:
    """Whether a value is many people's, so that only a copy of the whole column tells anything."""
    return part_of_name(transformer) in ("first_name", "last_name")


def holds_shared(column: ColumnPlan) -> bool:
    """Whether all values of a column that are masked are many people's."""
    masked = list(branches(column))
    return bool(masked) and all(is_shared(each.transformer) for each in masked)


def members_of(column: str) -> str:
    """The name under which it is stored which values a column of shared ones has."""
    return f"{column}{_MEMBERS}"


def drawn_parts_of(column: str) -> str:
    """The name under which parts of a column's values are stored whose masks may be real by chance.

    Their masks may equal one of them anywhere, as a masked phone may be somebody's old one; what is written in place of
    emptied ones may be anything.
    """
    return f"{column}{_DRAWN_PARTS}"


def column_of(origin: str) -> str:
    """The column that values came from, whatever was stored of it."""
    return origin.removesuffix(_DRAWN_PARTS).removesuffix(_MEMBERS)


def member_hashes(values: pl.Series, seed: int, column: str) -> Hashes:
    """What tells that values are in one column, whichever other columns have them, too.

    A fingerprint is known of one of its columns. Of values that many people share all of them have to be told apart,
    since a copy of any one is a leak.

    Args:
        values: String series without nulls.
        seed: Of the fingerprints.
        column: `schema.table.column` of the table that rules name.
    """
    whole, _ = forms(values, seed)
    return members(np.unique(whole[whole != 0]), column)


def members(hashes: Hashes, column: str) -> Hashes:
    """The same, of fingerprints."""
    salt = int.from_bytes(hashlib.blake2b(column.encode(), digest_size=8).digest(), "little")
    return tagged(finish(hashes ^ np.uint64(salt)), np.full(len(hashes), LONG_TAG))


def name_pairs(plan: TablePlan) -> tuple[tuple[str, str], ...]:
    """Columns of first names, each with the column of last names that goes with it.

    Apart they are anybody's, together they name a person: rows' pairs are searched for like full names.
    """

    def of(part: str) -> list[Column]:
        return [
            each.column
            for each in plan.columns
            if any(part_of_name(branch.transformer) == part for branch in branches(each))
        ]

    firsts = of("first_name")
    if not firsts:
        return ()
    return tuple((max(firsts, key=lambda first: _alike(first, last)).name, last.name) for last in of("last_name"))


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
