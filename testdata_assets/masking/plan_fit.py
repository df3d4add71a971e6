"""Fit: each transformer suits its column's type, NOT NULL and length, and partition keys stay in place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from testdata_assets.errors import UsageFault
from testdata_assets.masking.plan_draft import Draft
from testdata_assets.masking.plan_problems import ProblemKind
from testdata_assets.masking.plan_transformers import KEEP, NULL, transformers_for
from testdata_assets.masking.rule_models import ColumnRef
from testdata_assets.masking.transformers.base import Transformer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table

_Places = Literal["all", "all but NULL", "some"]
# As pg_get_expr writes the bound of a range of one column. A text that holds this very delimiter makes no chain.
_RANGE_OF_ONE = re.compile(r"FOR VALUES FROM \((?P<start>.+)\) TO \((?P<end>.+)\)", re.DOTALL)


def check_fit(draft: Draft) -> None:
    """Reports transformers that cannot write to their column: type, NOT NULL, unsuitable parameters."""
    seen: set[tuple[ColumnRef, str]] = set()
    tables = sorted(draft.catalog.tables, key=lambda table: len(draft.lineage.ancestry(table.name)))
    for table in tables:
        if table.kind not in ("r", "p") or draft.untouched(table.name):
            continue
        for column in table.stored_columns:
            for kind, message, remedy, inside in _misfits(draft, table, column):
                owner = draft.lineage.owner(table.name, column.name)
                if (owner, message) in seen:
                    continue  # a partition repeats its root
                seen.add((owner, message))
                effective = draft.lineage.effective(owner)
                origin = effective.origin if effective else owner
                draft.report(
                    kind,
                    table.name,
                    str(message) if origin == owner else f"{message} (the rule of {origin})",
                    remedy,
                    column=column.name,
                    mark=draft.rule_mark(origin, *inside),
                )


def _misfits(draft: Draft, table: Table, column: Column) -> Iterator[tuple[ProblemKind, str, str, tuple[str, ...]]]:
    """Kind, message and remedy of each, and where within the column's rule the misfit stands."""
    for depth, (_, transformer, domain) in enumerate(draft.ways(table.name, column.name)):
        for kind, message, remedy in _misfits_of(column, transformer, draft.seen_as(column, transformer, domain)):
            nested = getattr(message, "inside", None)
            yield kind, message, remedy, (*("else",) * depth, *(("params", *nested) if nested else ("transform",)))


def _misfits_of(
    column: Column, transformer: Transformer[Any], seen_as: Column
) -> Iterator[tuple[ProblemKind, str, str]]:
    for message in transformer.problems(seen_as):
        if not transformer.accepts(column.base_type):
            yield "transformer_type", message, f"For type {column.type} there are {transformers_for(column)}."
        elif transformer.name == NULL:
            yield (
                "null_in_not_null",
                message,
                f"Use {transformers_for(column)}, or empty the table with {{mode: truncate}}.",
            )
        else:
            yield "bad_params", message, f"Change its parameters, or use {transformers_for(column)}."


def check_partition_keys(draft: Draft) -> frozenset[TableName]:
    """Looks at masked partition keys.

    Returns:
        The partitioned tables whose rows must be routed anew, because masking changes what their key says.

    Hash partitions, those with a default beside them and ranges without a gap take any value. A masked value may fit
    none of other lists or ranges, so those are refused.
    """
    routed: set[TableName] = set()
    places = _places(draft)
    for table in draft.catalog.tables:
        if table.kind != "p" or draft.untouched(table.name):
            continue
        if None in table.partition_columns and any(_changing(draft, table)):
            # The expression's columns are not known here; loading through the root is right in any case.
            routed.add(table.name)
            draft.warn(
                draft.lineage.ancestry(table.name)[-1],
                None,
                "partitioned by an expression: if masked columns are in it, rows may fit no partition",
                draft.table_mark(table.name),
            )
        for name in filter(None, table.partition_columns):
            transformer = draft.transformer(table.name, name)
            if transformer is None or transformer.name == KEEP or table.name not in places:
                continue
            column = table.column(name)
            never_null = column is not None and column.not_null
            if places[table.name] == "all" or (places[table.name] == "all but NULL" and never_null):
                routed.add(table.name)
                continue
            effective = draft.effective(table.name, name)
            draft.report(
                "partition_key",
                table.name,
                f"the table is partitioned by it; what {transformer.name} makes may fit no partition",
                "Keep the column, or mask the columns beside it that make it personal.",
                column=name,
                mark=draft.rule_mark(effective.origin, "transform") if effective else None,
            )
    return frozenset(routed)


def _changing(draft: Draft, table: Table) -> Iterator[str]:
    for column in table.stored_columns:
        transformer = draft.transformer(table.name, column.name)
        if transformer is not None and transformer.name != KEEP:
            yield column.name


def _places(draft: Draft) -> dict[TableName, _Places]:
    """For each table with partitions, which values of its key have a place in one of them."""
    bounds: dict[TableName, str] = {}
    for text in draft.catalog.texts:
        if text.kind == "partition_bound":
            try:
                bounds[TableName.parse(text.object)] = text.text
            except UsageFault:
                continue  # not schema-qualified: its bound stays unknown, as that of a foreign partition does
    partitions: dict[TableName, list[str]] = {}
    for table in draft.catalog.tables:
        if table.is_partition and table.parent is not None:
            partitions.setdefault(table.parent, []).append(bounds.get(table.name, ""))
    return {parent: _place_for(known) for parent, known in partitions.items()}


def _place_for(bounds: Sequence[str]) -> _Places:
    if "" in bounds:
        return "some"  # rows must not go where nothing is known of the partition: a foreign one has to stay empty
    if "DEFAULT" in bounds or all("(modulus " in bound for bound in bounds):
        return "all"
    ranges = [_RANGE_OF_ONE.fullmatch(bound) for bound in bounds]
    starts, ends = ({each and each[side] for each in ranges} for side in ("start", "end"))
    end_to_end = starts - {"MINVALUE"} == ends - {"MAXVALUE"}
    return "all but NULL" if end_to_end and "MINVALUE" in starts and "MAXVALUE" in ends else "some"
