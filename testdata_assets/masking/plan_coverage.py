"""Coverage: every table and column has a rule, every rule has its column, nothing else is in the way."""

from __future__ import annotations

from testdata_assets.masking.plan_draft import Draft
from testdata_assets.masking.rule_errors import did_you_mean
from testdata_assets.masking.rule_models import ColumnRef, TableRule
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Table

_SHOWN = 5


def check_coverage(draft: Draft) -> None:
    """Reports uncovered tables and columns, stale rules, and what no rule can or does let through."""
    for table in draft.catalog.tables:
        if table.name not in draft.foreign_tables:
            _check_table(draft, table)
    for name in sorted(draft.foreign_tables):
        _check_foreign_table(draft, name)
    for name, rule in draft.rules.tables.items():
        _check_rule(draft, name, rule)
    _check_relationships(draft)
    _check_objects(draft)


def own_columns(draft: Draft, table: Table) -> list[str]:
    """The columns a table's own entry must name: neither generated nor from a parent."""
    return [
        column.name
        for column in table.stored_columns
        if draft.lineage.owner(table.name, column.name).table == table.name
    ]


def _check_table(draft: Draft, table: Table) -> None:
    if _unread(draft, table):
        return
    if table.row_security and not draft.untouched(table.name):
        draft.report(
            "row_security",
            table.name,
            "row security applies to the reading role, which would see a subset of the rows",
            "Read as a role with BYPASSRLS (or a superuser), or empty the table with {mode: truncate}.",
            mark=draft.table_mark(table.name),
        )
    rule = draft.rules.tables.get(table.name)
    is_root = len(draft.lineage.ancestry(table.name)) == 1
    if rule is None and is_root:
        columns = ", ".join(f"{column.name} ({column.type})" for column in table.stored_columns)
        draft.report(
            "unclassified",
            table.name,
            f"no rule covers this table; its columns are {columns}" if columns else "no rule covers this table",
            "Add it under `tables` with a rule for each column, or {mode: keep} or {mode: truncate}.",
            mark=draft.table_mark(table.name),
        )
        return
    if draft.untouched(table.name):
        return
    for name in own_columns(draft, table):
        if draft.effective(table.name, name) is None and not _rule_unread(draft, table, name):
            draft.report(
                "unclassified",
                table.name,
                "no rule covers this column",
                f"Add `{name}: keep` or a transformer under {table.name} in masking.yaml.",
                column=name,
                mark=draft.table_mark(table.name),
            )


def _unread(draft: Draft, table: Table) -> bool:
    """Whether the file has an entry for the table, or for one it is part of, that could not be read as rules."""
    return any(draft.rules.unread("tables", str(name)) for name in draft.lineage.ancestry(table.name)) or (
        # An entry without its schema is no table's, so that it may have been meant for this one.
        draft.rules.unread("tables", table.name.name)
    )


def _rule_unread(draft: Draft, table: Table, column: str) -> bool:
    """Whether the column, or one that it references, has a rule that could not be read."""
    return any(
        draft.rules.unread("tables", str(each.table), "columns", each.column)
        or draft.rules.unread("relationships", str(each))
        or (each.table in draft.tables and _unread(draft, draft.tables[each.table]))
        for each in draft.lineage.upstream(draft.lineage.owner(table.name, column))
    )


def _check_foreign_table(draft: Draft, name: TableName) -> None:
    if not draft.lineage.truncated(name) and not draft.rules.unread("tables", str(name)):
        draft.report(
            "foreign_table",
            name,
            "this is a foreign table: its rows are on another server, and foreign servers are never restored",
            "Write {mode: truncate} for it.",
            mark=draft.table_mark(name),
        )


def _check_rule(draft: Draft, name: TableName, rule: TableRule) -> None:
    table = draft.tables.get(name)
    mark = draft.table_mark(name)
    if table is None:
        if name in draft.foreign_tables:
            return
        if name in draft.catalog.views or name in draft.catalog.materialized_views:
            message, remedy = "this is a view", "Remove the rule: views read masked tables."
        else:
            near = did_you_mean(str(name), [str(each) for each in draft.tables])
            message, remedy = f"the database has no such table{near}", "Remove the rule or correct its name."
        draft.report("stale", name, message, remedy, mark=mark)
        return
    root = draft.lineage.ancestry(name)[-1]
    if table.is_partition and root != name:
        draft.report(
            "stale",
            name,
            f"this is a partition of {root}, whose rule covers it",
            f"Remove the rule; write it under {root}.",
            mark=mark,
        )
        return
    if rule.mode == "synthesize" and root != name:
        draft.report(
            "unsupported",
            name,
            f"its rows are rows of {root} too and cannot be fabricated apart",
            f"Write mode synthesize for {root}, or use mask, keep or truncate.",
            mark=draft.rules.mark("tables", str(name), "mode"),
        )
    if rule.mode == "keep" and root != name and not own_columns(draft, table):
        draft.report(
            "stale",
            name,
            f"this table has no columns beyond those of {root}, whose rule covers it",
            "Remove the rule.",
            mark=mark,
        )
    if rule.mode == "keep" and not rule.columns and table.stored_columns:
        draft.warn(name, None, "mode keep without columns also keeps columns added later; name them instead", mark)
    for column in rule.columns:
        _check_column_rule(draft, table, column)


def _check_column_rule(draft: Draft, table: Table, name: str) -> None:
    column = table.column(name)
    owner = draft.lineage.owner(table.name, name)
    reference = ColumnRef(table.name, name)
    mark = draft.rule_mark(reference)
    if column is None:
        bare = name.strip('"')
        known = [each.name for each in table.columns]
        if bare != name and bare in known:
            hint = f" (columns are written raw: {bare})"
        else:
            hint = next((f" (did you mean {each!r}?)" for each in known if each.lower() == name.lower()), "")
            hint = hint or did_you_mean(name, known)
        draft.report(
            "stale",
            table.name,
            f"the table has no such column{hint}",
            "Remove the rule or correct its name.",
            column=name,
            mark=mark,
        )
    elif column.generated:
        draft.report(
            "generated_column",
            table.name,
            "a generated column is computed anew from masked columns and takes no rule",
            "Remove the rule.",
            column=name,
            mark=mark,
        )
    elif owner.table != table.name:
        draft.report(
            "stale",
            table.name,
            f"the column comes from {owner.table}, whose rule covers it",
            f"Remove the rule; write it under {owner.table}.",
            column=name,
            mark=mark,
        )


def _check_relationships(draft: Draft) -> None:
    for index, each in enumerate(draft.rules.relationships):
        mark = draft.rules.mark("relationships", index)
        for end in (each.from_, each.to):
            table = draft.tables.get(end.table)
            if table is None:
                near = did_you_mean(str(end.table), [str(name) for name in draft.tables])
                message = f"a relationship names a table that the database does not have{near}"
            elif table.column(end.column) is None:
                near = did_you_mean(end.column, [column.name for column in table.columns])
                message = f"a relationship names a column that the table does not have{near}"
            else:
                continue
            draft.report(
                "stale",
                end.table,
                message,
                "Remove or correct the relationship.",
                column=end.column,
                mark=mark,
            )


def _check_objects(draft: Draft) -> None:
    objects = draft.rules.objects
    if draft.rules.unread("objects"):
        return
    commented = [text.object for text in draft.catalog.texts if text.kind == "comment"]
    if commented and objects.comments == "block":
        more = f" and {len(commented) - _SHOWN} more" if len(commented) > _SHOWN else ""
        draft.report(
            "objects",
            None,
            f"the database has comments that no rule decides about: on {', '.join(commented[:_SHOWN])}{more}",
            "Write `objects: {comments: keep}` (they are searched for production's values) or `drop`.",
            mark=draft.rules.mark("objects", "comments"),
        )
    if draft.catalog.large_objects and objects.large_objects == "block":
        draft.report(
            "objects",
            None,
            f"the database has {draft.catalog.large_objects} large objects that no rule decides about",
            "Write `objects: {large_objects: drop}`, or `keep` if they hold nothing personal.",
            mark=draft.rules.mark("objects", "large_objects"),
        )
