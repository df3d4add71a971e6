"""What hangs on rows rather than values: conditions, row filters, and transformers that read other columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from testdata_assets.masking.conditions import Condition
from testdata_assets.masking.lineage import Effective
from testdata_assets.masking.plan_draft import Draft
from testdata_assets.masking.rule_errors import did_you_mean
from testdata_assets.masking.rule_models import ColumnRef
from testdata_assets.masking.transformers.base import RowTransformer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table


def check_rows(draft: Draft) -> None:
    """Reports conditions and row transformers that do not fit their table, or that a reference would inherit."""
    for table in draft.catalog.tables:
        if table.kind not in ("r", "p") or draft.untouched(table.name):
            continue
        columns = {column.name: column for column in table.columns}
        for column in table.stored_columns:
            owner = draft.lineage.owner(table.name, column.name)
            effective = draft.effective(table.name, column.name)
            if owner.table == table.name and effective is not None:
                _check_condition(draft, table, column, effective, columns)
                _check_reads(draft, table, column, effective)
        _check_circles(draft, table)
        _check_filter(draft, table, columns)


def row_filter(draft: Draft, table: TableName) -> Condition | None:
    """The rows of a table that the image has; None for all."""
    rule = draft.rules.tables.get(draft.lineage.ancestry(table)[-1])
    return Condition.parse(rule.where) if rule is not None and rule.where is not None else None


def _check_condition(
    draft: Draft, table: Table, column: Column, effective: Effective, columns: Mapping[str, Column]
) -> None:
    rule = effective.rule
    if rule.when is None:
        return
    if _shared(draft, table, column, effective):
        draft.report(
            "condition",
            table.name,
            f"its rule hangs on a condition over the row ({rule.when}), and a reference joins it to rows without it",
            f"Remove `when`, or the reference between {effective.origin} and the columns that follow its rule.",
            column=column.name,
            mark=draft.rule_mark(effective.origin, "when"),
        )
        return
    place: tuple[str, ...] = ()
    current = rule
    while current.when is not None:
        for message in Condition.parse(current.when).problems(columns):
            draft.report(
                "condition",
                table.name,
                f"`when`: {message}",
                "Compare a stored column of this table with a literal of its type.",
                column=column.name,
                mark=draft.rule_mark(effective.origin, *place, "when"),
            )
        if current.otherwise is None:
            draft.warn(
                table.name,
                column.name,
                "`when` without `else` keeps the rows where it is false",
                draft.rule_mark(effective.origin, *place, "when"),
            )
            return
        current, place = current.otherwise, (*place, "else")


def _shared(draft: Draft, table: Table, column: Column, effective: Effective) -> bool:
    """Whether a reference joins the column to another one, so that both must mask alike."""
    owner = draft.lineage.owner(table.name, column.name)
    if effective.origin != owner:
        return True
    return any(
        edge.target == owner or edge.source == owner
        for edges in draft.lineage.edges.values()
        for edge in edges
        if owner in (edge.source, edge.target) and not draft.harmless(edge)
    )


def _check_reads(draft: Draft, table: Table, column: Column, effective: Effective) -> None:
    """Row transformers need columns that exist, and the row they stand in."""
    for transformer in _row_transformers(draft, table, column):
        if _shared(draft, table, column, effective):
            draft.report(
                "row_transformer",
                table.name,
                f"{transformer.name} masks by other columns of the row, and a reference joins the column to other rows",
                "Choose a transformer that masks by the value alone, e.g. hash.",
                column=column.name,
                mark=draft.rule_mark(effective.origin, "transform"),
            )
        stored = [each.name for each in table.stored_columns]
        for name in dict.fromkeys((*transformer.reads(), *transformer.reads_masked())):
            if name not in stored:
                draft.report(
                    "row_transformer",
                    table.name,
                    f"{transformer.name} reads column {name!r}, which the table does not store"
                    f"{did_you_mean(name, stored)}",
                    "Name a stored column of the same table, raw as in the catalog.",
                    column=column.name,
                    mark=draft.rule_mark(effective.origin, "params"),
                )


def _row_transformers(draft: Draft, table: Table, column: Column) -> Iterator[RowTransformer]:  # type: ignore[type-arg]
    first = draft.transformer(table.name, column.name)
    for each in (first, *(other for _, other in draft.alternatives(table.name, column.name))):
        if isinstance(each, RowTransformer):
            yield each


def _check_circles(draft: Draft, table: Table) -> None:
    """A column that is made of masked columns cannot be one of those that they are made of."""
    needs = {
        column.name: {name for each in _row_transformers(draft, table, column) for name in each.reads_masked()}
        for column in table.stored_columns
    }
    for start in needs:
        seen: set[str] = set()
        waiting = list(needs[start])
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += needs.get(name, ())
        if start in seen and draft.lineage.owner(table.name, start).table == table.name:
            draft.report(
                "row_transformer",
                table.name,
                "it is made of masked columns that are made of it",
                "Break the circle: mask one of the columns by its value alone.",
                column=start,
                mark=draft.rule_mark(ColumnRef(table.name, start), "transform"),
            )


def _check_filter(draft: Draft, table: Table, columns: Mapping[str, Column]) -> None:
    """A filter must fit its table, and rows left out must not be referenced."""
    rule = draft.rules.tables.get(table.name)
    if rule is None or rule.where is None:
        return
    mark = draft.rules.mark("tables", str(table.name), "where")
    root = draft.lineage.ancestry(table.name)[-1]
    if root != table.name:
        draft.report(
            "condition",
            table.name,
            f"its `where` would leave rows out of {root} too, whose rows they are, and only that one's counts",
            f"Write `where` for {root}.",
            mark=mark,
        )
        return
    for message in Condition.parse(rule.where).problems(columns):
        draft.report("condition", table.name, f"`where`: {message}", "Compare stored columns with literals.", mark=mark)
    for key in draft.catalog.foreign_keys:
        root = draft.lineage.ancestry(key.table)[-1]
        if draft.lineage.ancestry(key.referenced_table)[-1] != table.name or draft.untouched(key.table):
            continue
        kept = draft.rules.tables.get(root)
        if any(draft.nulled(key.table, name) for name in key.columns):
            continue
        same = kept is not None and kept.where == rule.where and root == table.name
        draft.report(
            "foreign_key",
            root,
            f"foreign key {key.name} points to {table.name}, whose `where` leaves rows out",
            f"Empty {root}, write `{key.columns[0]}: null`, or keep all rows of {table.name}."
            + (" The table references itself." if same else ""),
            column=key.columns[0],
            mark=mark,
        )
