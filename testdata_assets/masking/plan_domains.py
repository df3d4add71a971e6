"""Domains: what is decided once for all columns in which equal values must mask equally."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from testdata_assets.masking.plan_draft import Draft
from testdata_assets.masking.plan_models import DomainPlan
from testdata_assets.masking.plan_transformers import nested_domains
from testdata_assets.masking.rule_models import ColumnRef
from testdata_assets.masking.transformers.base import TEXT_TYPES
from testdata_assets.production.catalog import Column

_INTEGERS = ("int2", "int4", "int8", "numeric")


@dataclass(frozen=True)
class Member:
    """A masked column, or a rule nested in one, that masks in a domain."""

    domain: str
    owner: ColumnRef
    column: Column
    path: str | None = None

    @property
    def label(self) -> str:
        return str(self.owner) if self.path is None else f"{self.owner}:{self.path}"


def members(draft: Draft) -> Iterator[Member]:
    """Every masked column of every table that stores rows, and the rules nested in its parameters."""
    for table in draft.catalog.storing_tables:
        if draft.untouched(table.name):
            continue
        for column in table.stored_columns:
            effective = draft.effective(table.name, column.name)
            if effective is None or not draft.draws(table.name, column.name):
                continue
            owner = draft.lineage.owner(table.name, column.name)
            yield Member(effective.domain, owner, column)
            for path, domain in nested_domains(effective.rule.params):
                yield Member(domain, owner, column, path)


def plan_domains(draft: Draft) -> dict[str, DomainPlan]:
    """Collects the domains with their members, canonical form and length limit."""
    folding = case_blind_columns(draft)
    found: dict[str, list[Member]] = {}
    for member in members(draft):
        found.setdefault(member.domain, []).append(member)
    plans: dict[str, DomainPlan] = {}
    for name, group in sorted(found.items()):
        plain = [member for member in group if member.path is None]
        limits = [member.column.max_length for member in plain if member.column.max_length is not None]
        plans[name] = DomainPlan(
            name=name,
            fold_case=any(member.owner in folding for member in plain),
            length_limit=min(limits, default=None),
            integer_type=_narrowest(plain),
            members=tuple(dict.fromkeys(member.label for member in group)),
        )
    return plans


def type_family(column: Column) -> str:
    """Types whose equal values mask equally under one transformer."""
    if column.base_type in TEXT_TYPES:
        return "text"
    return "integer" if column.base_type in _INTEGERS else column.base_type


def _narrowest(group: list[Member]) -> str | None:
    if not group or any(type_family(member.column) != "integer" for member in group):
        return None
    return min((member.column.base_type for member in group), key=_INTEGERS.index)


def case_blind_columns(draft: Draft) -> frozenset[ColumnRef]:
    """Owner columns whose equality ignores case: citext, or unique under lower() or upper()."""
    found = {
        draft.lineage.owner(table.name, column.name)
        for table in draft.catalog.tables
        for column in table.columns
        if column.base_type == "citext"
    }
    for index in draft.catalog.unique_indexes:
        found |= {draft.lineage.owner(index.table, name) for name in index.lowered}
    return frozenset(found)
