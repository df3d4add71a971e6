"""Domains: what is decided once for all columns in which equal values must mask equally."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from testdata_assets.masking.nested_columns import part_rules
from testdata_assets.masking.plan_draft import Draft, draws
from testdata_assets.masking.plan_models import DomainPlan, narrows
from testdata_assets.masking.plan_transformers import nested_domains
from testdata_assets.masking.rule_errors import did_you_mean
from testdata_assets.masking.rule_models import ColumnRef
from testdata_assets.masking.transformers._number_types import numeric_limits
from testdata_assets.masking.transformers.base import TEXT_TYPES
from testdata_assets.production.catalog import Column

_INTEGERS = ("int2", "int4", "int8", "numeric")
_DIGITS = {"int2": 4, "int4": 9, "int8": 18, "numeric": 131_072}


@dataclass(frozen=True)
class Member:
    """A masked column, or a rule nested in one, that masks in a domain.

    Attributes:
        column: The column, or the part of its values (array element, field) that a nested rule masks.
        typed: Whether that is what is masked: False for leaves of documents, which have no type of their own.
    """

    domain: str
    owner: ColumnRef
    column: Column
    path: str | None = None
    typed: bool = True

    @property
    def label(self) -> str:
        return str(self.owner) if self.path is None else f"{self.owner}:{self.path}"


def members(draft: Draft) -> Iterator[Member]:
    """Every masked column of every table that stores rows, and the rules nested in its parameters."""
    for table in draft.catalog.storing_tables:
        if draft.untouched(table.name):
            continue
        for column in table.stored_columns:
            owner = draft.lineage.owner(table.name, column.name)
            for rule, transformer, domain in draft.ways(table.name, column.name):
                if draws(transformer):
                    yield from _rule_members(rule.params, domain, owner, column)


def _rule_members(params: Mapping[str, Any], domain: str, owner: ColumnRef, column: Column) -> Iterator[Member]:
    """What one rule masks: the column, or the parts of its values, and the leaves of documents."""
    parts = list(part_rules(params, column, domain))
    if not parts:
        yield Member(domain, owner, column)
    for path, own, part in parts:
        yield Member(own, owner, part, path)
    typed = {path for path, _, _ in parts}
    for path, own in nested_domains(params):
        if path not in typed:
            yield Member(own, owner, column, path, typed=False)


def plan_domains(draft: Draft) -> dict[str, DomainPlan]:
    """Collects the domains with their members, canonical form and length limit."""
    folding = case_blind_columns(draft)
    found: dict[str, list[Member]] = {}
    for member in members(draft):
        found.setdefault(member.domain, []).append(member)
    plans: dict[str, DomainPlan] = {}
    for name, group in sorted(found.items()):
        plain = [member for member in group if member.typed]
        limits = [member.column.max_length for member in plain if member.column.max_length is not None]
        number = _narrowest(plain)
        plans[name] = DomainPlan(
            name=name,
            fold_case=any(_ignores_case(member, folding) for member in plain),
            length_limit=min(limits, default=None),
            integer_type=number.base_type if number else None,
            members=tuple(dict.fromkeys(member.label for member in group)),
            number_type=number.type if number else None,
        )
    return plans


def warn_of_cuts(draft: Draft) -> None:
    """Points out columns whose masks are cut to what a narrower column of their domain admits."""
    narrowest: dict[str, Member] = {}
    for member in members(draft):
        if member.typed and member.column.max_length is not None:
            found = narrowest.setdefault(member.domain, member)
            if member.column.max_length < (found.column.max_length or 0):
                narrowest[member.domain] = member
    told: set[ColumnRef] = set()
    for table in draft.catalog.storing_tables:
        if draft.untouched(table.name):
            continue
        for column in table.stored_columns:
            owner = draft.lineage.owner(table.name, column.name)
            for _, transformer, domain in draft.ways(table.name, column.name):
                limit = draft.seen_as(column, transformer, domain).max_length
                if limit is None or owner in told or domain not in narrowest or not narrows(column, limit):
                    continue
                if transformer.distinct_at(limit, column):
                    continue
                told.add(owner)
                draft.warn(
                    owner.table,
                    owner.column,
                    f"{transformer.name} cuts masks to {limit} characters, as many as {narrowest[domain].label} of"
                    f" domain {domain} admits: give the narrower column a domain of its own where that is too few",
                    draft.rule_mark(owner, "transform"),
                )


def check_held(draft: Draft) -> None:
    """Reports domains that the rules hold under the previous key and that nothing masks in."""
    for place, name in enumerate(draft.rules.rotation.hold):
        if name not in draft.domains:
            draft.report(
                "stale",
                None,
                f"rotation holds domain {name!r}, which no column masks in{did_you_mean(name, list(draft.domains))}",
                "Remove it, or correct its name.",
                mark=draft.rules.mark("rotation", "hold", place),
            )

    held = frozenset(draft.rules.rotation.hold)
    for member in members(draft):
        transformer = draft.transformer(member.owner.table, member.owner.column)
        if member.domain in held and hasattr(transformer.params if transformer else None, "group"):
            draft.report(
                "unsupported",
                member.owner.table,
                f"{transformer.name if transformer else ''} masks by its group, which cannot be held back",
                f"Remove domain {member.domain} from `rotation`; groups change with the key.",
                column=member.owner.column,
                mark=draft.rule_mark(member.owner),
            )


def _ignores_case(member: Member, folding: frozenset[ColumnRef]) -> bool:
    blind = member.column.base_type == "citext" or member.column.nondeterministic
    return blind or (member.path is None and member.owner in folding)


def type_family(column: Column) -> str:
    """Types whose equal values mask equally under one transformer."""
    if column.base_type in TEXT_TYPES:
        return "text"
    return "integer" if column.base_type in _INTEGERS else column.base_type


def _narrowest(group: list[Member]) -> Column | None:
    """The member that admits the fewest digits, where all are whole or exact numbers."""
    if not group or any(type_family(member.column) != "integer" for member in group):
        return None
    return min((member.column for member in group), key=_capacity)


def _capacity(column: Column) -> tuple[int, int]:
    """Digits before the decimal point that any number of the type may have, and the type's place in the list."""
    limits = numeric_limits(column.type)
    digits = _DIGITS[column.base_type] if limits is None else limits[0] - limits[1]
    return digits, _INTEGERS.index(column.base_type)


def case_blind_columns(draft: Draft) -> frozenset[ColumnRef]:
    """Owner columns whose equality ignores case: citext, nondeterministic collations, or unique under lower()."""
    found = {
        draft.lineage.owner(table.name, column.name)
        for table in draft.catalog.tables
        for column in table.columns
        if column.base_type == "citext" or column.nondeterministic
    }
    for index in draft.catalog.unique_indexes:
        found |= {draft.lineage.owner(index.table, name) for name in index.lowered}
    return frozenset(found)
