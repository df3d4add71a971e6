"""What must hold in any image: one owner, no way out, valid indexes, views that work, sequences ahead of their data."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.masking.plan import MaskingPlan
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.sql_files import load_queries
from testdata_assets.production.catalog import Catalog, Sequence
from testdata_assets.production.leaves import batches, rows_of, storing
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.report import Finding


def foreign_rights(reader: ImageReader) -> list[Finding]:
    """Objects that another role than most owns, and rights of others than the owner: an image has none of either."""
    queries = load_queries("testdata_assets.validation")
    with reader.connect() as conn:
        owned = conn.execute(queries["owners"]).fetchall()
        granted = conn.execute(queries["grants"]).fetchall()
    owners = Counter(owner for _, _, owner in owned)
    usual = owners.most_common(1)[0][0] if owners else ""
    found = [Finding("schema", f"{kind} {name}", "another owner", 1) for kind, name, owner in owned if owner != usual]
    return found + [
        Finding("schema", f"{kind} {name}", "rights of another role", rights) for kind, name, rights in granted
    ]


def reaching_out(reader: ImageReader) -> list[Finding]:
    """Foreign servers, user mappings, publications, subscriptions: they hold addresses and passwords."""
    with reader.connect() as conn:
        rows = conn.execute(load_queries("testdata_assets.validation")["reaching_out"]).fetchall()
    return [Finding("schema", str(name), kind, 1) for kind, name in rows]


def invalid_indexes(reader: ImageReader) -> list[Finding]:
    """Indexes that prove nothing."""
    with reader.connect() as conn:
        rows = conn.execute(load_queries("testdata_assets.validation")["invalid_indexes"]).fetchall()
    return [Finding("schema", str(TableName(schema, name)), "invalid index", 1) for schema, name in rows]


def unpopulated(reader: ImageReader) -> list[Finding]:
    """Materialized views without their rows."""
    with reader.connect() as conn:
        rows = conn.execute(load_queries("testdata_assets.validation")["unpopulated"]).fetchall()
    return [
        Finding("schema", str(TableName(schema, name)), "materialized view not populated", 1) for schema, name in rows
    ]


def broken_views(reader: ImageReader, image: Catalog) -> list[Finding]:
    """Plans a query on every view: what it is made of must exist and fit."""
    found = []
    with reader.connect() as conn:
        conn.execute("SET search_path = public")  # bodies of inlined functions may count on it
        for name in image.views:
            try:
                conn.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(name.schema, name.name)))
            except psycopg.Error as error:
                kind = f"view not selectable (SQLSTATE {error.sqlstate or 'unknown'})"
                found.append(Finding("schema", str(name), kind, 1))
    return found


def late_sequences(reader: ImageReader, source: Catalog, image: Catalog, plan: MaskingPlan) -> list[Finding]:
    """Sequences whose next value a column of theirs already holds, unless production has the very same state.

    A column is a sequence's if it owns it or takes its default from it.
    """
    before = {sequence.name: sequence for sequence in source.sequences}
    here = {sequence.name: sequence for sequence in image.sequences}
    masked = {(table.table.name, column.column.name) for table in plan.tables for column in table.masked}
    masked |= {(table.table.rule_table, column.column.name) for table in plan.tables for column in table.masked}
    late = []
    with reader.connect() as conn:
        for schema, name, table_schema, table_name, column in conn.execute(
            load_queries("testdata_assets.golden")["sequence_users"]
        ).fetchall():
            sequence, table = here.get(TableName(schema, name)), TableName(table_schema, table_name)
            if sequence is None:
                continue  # an extension's
            known = before.get(sequence.name)
            as_in_source = (
                known is not None
                and (known.last_value, known.is_called) == (sequence.last_value, sequence.is_called)
                and (table, column) not in masked
            )
            if not as_in_source and _is_late(conn, image, sequence, table, column):
                late.append(sequence.name)
    return [Finding("schema", str(name), "sequence behind its column", 1) for name in dict.fromkeys(late)]


def _is_late(conn: psycopg.Connection[Any], image: Catalog, sequence: Sequence, table: TableName, column: str) -> bool:
    most, furthest = (sql.SQL("max"), max) if sequence.increment > 0 else (sql.SQL("min"), min)
    held: list[int] = []
    for leaves in batches(storing(image, table)):
        query = sql.SQL("SELECT {}({}) FROM {} AS held").format(most, sql.Identifier(column), rows_of(leaves, [column]))
        row = conn.execute(query).fetchone()
        held += [row[0]] if row is not None and row[0] is not None else []
    if not held:
        return False
    following = sequence.last_value + (sequence.increment if sequence.is_called else 0)
    return bool(following <= furthest(held)) if sequence.increment > 0 else bool(following >= furthest(held))
