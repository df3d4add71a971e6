"""References: what a foreign key joins must mask alike, and what it points to must still be there."""

from __future__ import annotations

from typing import Any

from testdata_assets.masking.lineage import Edge, Effective
from testdata_assets.masking.plan_domains import type_family
from testdata_assets.masking.plan_draft import Draft, draws
from testdata_assets.masking.plan_transformers import KEEP, NULL, transformers_alike
from testdata_assets.masking.rule_errors import Mark
from testdata_assets.masking.rule_models import ColumnRef
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._number_types import numeric_limits
from testdata_assets.masking.transformers.base import Transformer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import ForeignKey


def check_references(draft: Draft) -> None:
    """Reports references whose two ends mask differently, or whose referenced rows are emptied."""
    for edges in draft.lineage.edges.values():
        for edge in edges:
            if not draft.untouched(edge.source.table) and not draft.untouched(edge.target.table):
                _check_edge(draft, edge)
    seen: set[tuple[TableName, tuple[str, ...], TableName]] = set()
    for key in draft.catalog.foreign_keys:
        root = draft.lineage.ancestry(key.table)[-1]
        identity = (root, key.columns, draft.lineage.ancestry(key.referenced_table)[-1])
        if identity not in seen:
            seen.add(identity)
            _check_emptied(draft, key, root)


def _check_edge(draft: Draft, edge: Edge) -> None:
    source, target = (draft.lineage.effective(end) for end in (edge.source, edge.target))
    ours = draft.transformer(edge.source.table, edge.source.column)
    theirs = draft.transformer(edge.target.table, edge.target.column)
    if source is None or target is None or ours is None or theirs is None:
        return  # uncovered or unbuildable: reported elsewhere
    if ours.name == NULL or (ours.name == KEEP and theirs.name == KEEP):
        return
    difference, families = _difference(source, target, ours, theirs), _families(draft, edge)
    if difference is None and draws(ours) and not ours.same_numbers and _scales_differ(draft, edge):
        difference = _types(draft, edge)
        draft.report(
            "foreign_key",
            edge.source.table,
            f"{_via(edge)} points to {edge.target}, which masks differently: {difference}, and {ours.name} masks 7 and "
            "7.00 apart",
            f"What masks equal numbers equally: {_same_numbers()}.",
            column=edge.source.column,
            mark=_place(draft, edge, source.origin),
        )
        return
    apart = difference is None and not families <= ours.alike
    if apart:
        difference = _types(draft, edge)
    if difference is None:
        return
    inherited = source.origin != edge.source
    draft.report(
        "foreign_key",
        edge.source.table,
        f"{_via(edge)} points to {edge.target}, which masks differently: {difference}",
        f"What masks equal values of both kinds of type equally: {transformers_alike(families)}."
        if apart
        else f"Give {source.origin} and {target.origin} the same transformer, parameters, domain and kind of type."
        if inherited
        else f"Remove this rule, so that the one of {edge.target} applies, or make both the same.",
        column=edge.source.column,
        mark=_place(draft, edge, source.origin),
    )


def _via(edge: Edge) -> str:
    return f"foreign key {edge.name}" if edge.constraint is not None else "a relationship of the rules"


def _same_numbers() -> str:
    return " or ".join([*(name for name, each in registry.all().items() if each.same_numbers), KEEP])


def _scales_differ(draft: Draft, edge: Edge) -> bool:
    """Whether equal numbers of both ends are written with different decimals."""
    ends = [draft.tables[end.table].column(end.column) for end in (edge.source, edge.target)]
    scales = set()
    for column in ends:
        if column is None or type_family(column) != "integer":
            return False
        limits = numeric_limits(column.type)
        scales.add(0 if column.base_type != "numeric" else None if limits is None else max(limits[1], 0))
    return len(scales) > 1


def _place(draft: Draft, edge: Edge, origin: ColumnRef) -> Mark | None:
    """The referencing column's own rule, or else the relationship, or its table."""
    if origin == edge.source:
        return draft.rule_mark(origin)
    if edge.index is not None:
        return draft.rules.mark("relationships", edge.index)
    return draft.table_mark(edge.source.table)


def _difference(source: Effective, target: Effective, ours: Transformer[Any], theirs: Transformer[Any]) -> str | None:
    if ours.name != theirs.name:
        return f"{theirs.name} there, {ours.name} here"
    if ours.params != theirs.params:
        return f"other parameters of {ours.name}"
    if source.domain != target.domain:
        return f"domain {target.domain} there, {source.domain} here"
    return None


def _families(draft: Draft, edge: Edge) -> frozenset[str]:
    """The kinds of type of both ends where they differ; nothing where equal values mask equally anyhow."""
    ends = (draft.tables[end.table].column(end.column) for end in (edge.source, edge.target))
    families = frozenset(type_family(column) for column in ends if column is not None)
    return families if len(families) > 1 else frozenset()


def _types(draft: Draft, edge: Edge) -> str | None:
    ours, theirs = (draft.tables[end.table].column(end.column) for end in (edge.source, edge.target))
    return None if ours is None or theirs is None else f"type {theirs.type} there, {ours.type} here"


def _check_emptied(draft: Draft, key: ForeignKey, root: TableName) -> None:
    """Rows that reference an emptied table would break the key when it is added."""
    fabricated = draft.lineage.fabricated(key.referenced_table)
    if not (fabricated or draft.lineage.truncated(key.referenced_table)) or draft.untouched(key.table):
        return
    if any(draft.nulled(key.table, column) for column in key.columns):
        return
    fate = "fabricated" if fabricated else "emptied"
    draft.report(
        "foreign_key",
        root,
        f"foreign key {key.name} points to {key.referenced_table}, which is {fate}",
        f"Write mode {'synthesize' if fabricated else 'truncate'} for {root} too, or `{key.columns[0]}: null`, "
        f"or mode mask for {key.referenced_table}.",
        column=key.columns[0],
        mark=draft.rule_mark(ColumnRef(root, key.columns[0])),
    )
