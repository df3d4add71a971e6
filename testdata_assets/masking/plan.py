"""From rules and a catalog to a masking plan, or to one refusal that names every reason. No row is read here.

The checks live in the `plan_*` modules; this one runs them in order and assembles what they let through.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from testdata_assets.keys import key_id
from testdata_assets.masking.conditions import Condition
from testdata_assets.masking.plan_coverage import check_coverage
from testdata_assets.masking.plan_domains import check_held, plan_domains, warn_of_cuts
from testdata_assets.masking.plan_draft import Draft
from testdata_assets.masking.plan_fit import check_fit, check_partition_keys
from testdata_assets.masking.plan_models import (
    ColumnPlan,
    DomainPlan,
    MaskingPlan,
    PlanWarning,
    TablePlan,
)
from testdata_assets.masking.plan_problems import PlanRefused, Problem, sort_key
from testdata_assets.masking.plan_references import check_references
from testdata_assets.masking.plan_rows import check_rows, row_filter
from testdata_assets.masking.plan_transformers import nested_domains
from testdata_assets.masking.plan_uniqueness import check_uniqueness
from testdata_assets.masking.plan_weaknesses import find_weaknesses
from testdata_assets.masking.rule_models import ColumnRule, MaskingRules
from testdata_assets.masking.rules import own_code, rules_digest
from testdata_assets.masking.transformers.base import Transformer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table

__all__ = [
    "ColumnPlan",
    "DomainPlan",
    "MaskingPlan",
    "PlanRefused",
    "PlanWarning",
    "Problem",
    "TablePlan",
    "compile_plan",
    "examine",
]


DEFAULT_ROWS = 100  # fabricated where a rule of mode synthesize says nothing


@dataclass(frozen=True)
class Examination:
    """A draft after all checks.

    Attributes:
        draft: Rules, catalog and lineage.
        problems: Every reason to refuse, table by table.
        warnings: Allowed, but weak.
        routed: Partitioned tables whose rows must be routed anew.
    """

    draft: Draft
    problems: tuple[Problem, ...]
    warnings: tuple[PlanWarning, ...]
    routed: frozenset[TableName]


def compile_plan(rules: MaskingRules, catalog: Catalog, masking_key: bytes) -> MaskingPlan:
    """Decides what becomes of every stored column.

    Args:
        rules: The rules.
        catalog: The database as it is now.
        masking_key: Only its id enters the plan.

    Raises:
        PlanRefused: The rules do not cover or do not fit the database; all problems at once.
    """
    found = examine(rules, catalog)
    if found.problems:
        raise PlanRefused(found.problems)
    code = own_code(rules)
    return MaskingPlan(
        tables=tuple(replace(_table_plan(found, table), own_code=code) for table in catalog.storing_tables),
        rules_digest=rules_digest(rules, masking_data_version()),
        key_id=key_id(masking_key),
        objects=rules.objects,
        domains=found.draft.domains,
        warnings=found.warnings,
        held=frozenset(rules.rotation.hold),
    )


def examine(rules: MaskingRules, catalog: Catalog) -> Examination:
    """Runs every check and collects what it finds; needs no key."""
    draft = Draft(rules, catalog)
    check_coverage(draft)
    draft.domains = plan_domains(draft)
    check_held(draft)
    check_rows(draft)
    check_fit(draft)
    routed = check_partition_keys(draft)
    check_uniqueness(draft)
    check_references(draft)
    find_weaknesses(draft)
    warn_of_cuts(draft)
    return Examination(
        draft,
        tuple(sorted(dict.fromkeys(draft.problems), key=sort_key)),
        tuple(dict.fromkeys(draft.warnings)),
        routed,
    )


def _table_plan(found: Examination, table: Table) -> TablePlan:
    lineage = found.draft.lineage
    if lineage.truncated(table.name):
        return TablePlan(table, "truncate", ())
    if lineage.fabricated(table.name):
        root = found.draft.rules.tables[lineage.ancestry(table.name)[-1]]
        return TablePlan(table, "synthesize", (), rows=DEFAULT_ROWS if root.rows is None else root.rows)
    ancestry = lineage.ancestry(table.name)
    rule = found.draft.rules.tables.get(ancestry[-1])
    return TablePlan(
        table,
        "keep" if rule is not None and rule.mode == "keep" and len(ancestry) == 1 else "mask",
        tuple(_column_plan(found.draft, table, column) for column in table.stored_columns),
        load_through_root=any(name in found.routed for name in ancestry),
        where=row_filter(found.draft, table.name),
    )


def _column_plan(draft: Draft, table: Table, column: Column) -> ColumnPlan:
    owner = draft.lineage.owner(table.name, column.name)
    effective = draft.lineage.effective(owner)
    if effective is None:
        raise AssertionError(f"{owner} passed the checks without a rule")
    inherited = str(effective.origin) if effective.origin != owner else None

    def planned(rule: ColumnRule, transformer: Transformer[Any], name: str, otherwise: ColumnPlan | None) -> ColumnPlan:
        domain = draft.domains.get(name)
        seen_as = draft.seen_as(column, transformer, name)
        nested = [draft.domains[each] for _, each in nested_domains(rule.params) if each in draft.domains]
        return ColumnPlan(
            column=column,
            transformer=transformer,
            domain=name,
            pii=rule.pii or effective.rule.pii,
            reason=rule.reason or effective.rule.reason,
            fold_case=domain.fold_case if domain else False,
            inherited_from=inherited,
            narrowed=seen_as if seen_as != column else None,
            folded=frozenset(each.name for each in nested if each.fold_case),
            limits={each.name: each.length_limit for each in nested if each.length_limit is not None},
            integer_types={each.name: each.integer_type for each in (domain, *nested) if each and each.integer_type},
            condition=Condition.parse(rule.when) if rule.when else None,
            otherwise=otherwise,
            shares=domain is not None and len(domain.members) > 1,
        )

    plan: ColumnPlan | None = None
    for rule, each, domain in reversed(draft.ways(table.name, column.name)):
        plan = planned(rule, each, domain, plan)
    if plan is None:
        raise AssertionError(f"{owner} passed the checks without a rule")
    return plan


@cache
def masking_data_version() -> str:
    """A digest of the frozen data (value pools, character classes) that masks depend on beside rules and key."""
    digest = hashlib.sha256()
    folder = resources.files("testdata_assets.masking.data")
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.is_file() and not file.name.endswith((".py", ".pyc")):
            content = file.read_bytes()
            digest.update(f"{file.name} {len(content)}\n".encode() + content)
    return f"data {digest.hexdigest()}"
