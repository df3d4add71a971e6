"""Domains: which masked columns hold the same values, so that they must mask alike.

Sketches of the columns' values (see `production/sampling.py`) decide. Where there are none, because tables are
empty or too slow, columns of one category and one name are taken to belong together: one domain too many joins
nothing, one too few would tear a join apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from testdata_assets.masking.discovery.names import words
from testdata_assets.masking.rule_models import ColumnRef
from testdata_assets.production.sampling import Sketch

_SHARED = 3  # values
_SHARE = 0.1
_NARROW = 20  # characters; a column that admits fewer would cut the masks of all others
# Values of these say who; sharing any of them is no chance.
_IDENTIFYING = frozenset(
    [
        "email",
        "phone",
        "username",
        "national_id",
        "tax_id",
        "passport",
        "driving_licence",
        "licence_plate",
        "iban",
        "account_number",
        "credit_card",
        "customer_id",
        "device_id",
        "ip",
        "mac",
        "secret",
    ]
)


@dataclass(frozen=True)
class Candidate:
    """A masked column that may share its domain.

    Attributes:
        reference: The column.
        category: Of personal data.
        family: Kind of type: equal values of other families mask differently.
        rows: Of its table, for choosing the domain's name.
        unique: Whether it is unique there.
        limit: Characters it admits.
        sketch: Of its values.
    """

    reference: ColumnRef
    category: str
    family: str
    rows: int
    unique: bool = False
    limit: int | None = None
    sketch: Sketch | None = field(default=None, repr=False)


def group(candidates: Sequence[Candidate], joined: Iterable[tuple[ColumnRef, ColumnRef]] = ()) -> dict[ColumnRef, str]:
    """Domain of every candidate, named after the column that its values come from.

    Args:
        candidates: Masked columns.
        joined: Pairs that belong together in any case.
    """
    parents = {each.reference: each.reference for each in candidates}

    def root(reference: ColumnRef) -> ColumnRef:
        while parents[reference] != reference:
            parents[reference] = parents[parents[reference]]
            reference = parents[reference]
        return reference

    for one, two in joined:
        if one in parents and two in parents:
            parents[root(one)] = root(two)
    ordered = sorted(candidates, key=lambda each: (each.category, each.family, each.reference))
    for _, same in itertools.groupby(ordered, key=lambda each: (each.category, each.family)):
        for one_column, other in itertools.combinations(list(same), 2):
            if root(one_column.reference) != root(other.reference) and _alike(one_column, other):
                parents[root(one_column.reference)] = root(other.reference)
    groups: dict[ColumnRef, list[Candidate]] = {}
    for each in ordered:
        groups.setdefault(root(each.reference), []).append(each)
    names: dict[ColumnRef, str] = {}
    taken: set[str] = set()
    for members in groups.values():
        name = _name(members, taken)
        taken.add(name)
        names.update({member.reference: name for member in members})
    return names


def _alike(one: Candidate, other: Candidate) -> bool:
    if min(one.limit or _NARROW, other.limit or _NARROW) < _NARROW and one.limit != other.limit:
        return False
    if one.sketch is None or other.sketch is None:
        return words(one.reference.column) == words(other.reference.column)
    shared, share = one.sketch.shared(other.sketch)
    if one.category in _IDENTIFYING and shared >= 1 and share >= 0.02:
        return True
    return share >= _SHARE and (shared >= _SHARED or share >= 0.5)


def _name(members: Sequence[Candidate], taken: set[str]) -> str:
    """The unique column's name, or that of the smallest table: values come from where they stand once."""
    origin = min(members, key=lambda each: (not each.unique, each.rows, each.reference))
    reference = origin.reference
    prefix = "" if reference.table.schema == "public" else f"{reference.table.schema}."
    name = f"{prefix}{reference.table.name}.{reference.column}"
    return name if name not in taken else str(reference)


def nearest(values: Iterable[str], known: Mapping[str, frozenset[str]], fallback: str | None) -> str | None:
    """The domain whose sampled values share most with some others, for parts that have no sketch.

    Args:
        values: Of the part.
        known: Sampled values, folded, by domain; of the part's category only.
        fallback: Domain to take where none shares anything.
    """
    mine = {value.strip().casefold() for value in values}
    best = max(known, key=lambda name: len(known[name] & mine), default=None)
    if best is not None and known[best] & mine:
        return best
    return fallback
