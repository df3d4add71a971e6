"""Source databases for integration tests: filling one from SQL, and rules that cover every column of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.catalog import Catalog
from testdata_assets.production.catalog_reader import read_catalog

Rule = str | Mapping[str, object] | None


def fill(tools: PgTools, dsn: Dsn, file: Path) -> None:
    """Runs an SQL file with psql."""
    tools.run("psql", dsn, ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", str(file)])


def catalog_of(dsn: Dsn) -> Catalog:
    with connect(dsn) as conn:
        return read_catalog(conn)


def rules_keeping_all(catalog: Catalog, changes: Mapping[tuple[str, str], Rule] | None = None) -> dict[str, object]:
    """A rules document that keeps every column but those in `changes`, keyed by (table, column)."""
    tables: dict[str, object] = {}
    for table in catalog.tables:
        parents = [parent for name in table.parents if (parent := catalog.table(name)) is not None]
        inherited = {column.name for parent in parents for column in parent.columns}
        own = [column for column in table.stored_columns if column.name not in inherited]
        if not parents or (own and not table.is_partition):
            tables[str(table.name)] = {
                "columns": {column.name: (changes or {}).get((str(table.name), column.name), "keep") for column in own}
            }
    return {"version": 1, "tables": tables, "objects": {"comments": "keep"}}


def contents(dsn: Dsn, tables: Catalog) -> dict[str, list[bytes]]:
    """Every storing table's rows as sorted COPY lines."""
    found = {}
    with connect(dsn) as conn, conn.cursor() as cursor:
        for table in tables.storing_tables:
            query = sql.SQL("COPY (SELECT * FROM ONLY {}) TO STDOUT").format(
                sql.Identifier(table.name.schema, table.name.name)
            )
            with cursor.copy(query) as copy:
                found[str(table.name)] = sorted(bytes(row) for row in copy)
    return found


def scalar(conn: psycopg.Connection[tuple[object, ...]], query: str) -> object:
    row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]
