"""Filling single tables with fabricated rows, for good: tables of mode `synthesize`, whose production rows stay away.

The rows come from the factories; rows of tables that are not fabricated serve them as parents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.errors import RefusedError
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.synthesis.factories import DEFAULT_SEED, Factory, derive_factories
from testdata_assets.synthesis.factory_check import Made, insert_rows
from testdata_assets.synthesis.factory_schema import CatalogLike, read_facts


def fabricate(dsn: Dsn, catalog: CatalogLike, wanted: Mapping[TableName, int], *, seed: int = DEFAULT_SEED) -> None:
    """Inserts fabricated rows into some tables, parents first, in one transaction.

    Args:
        dsn: The database, as a role that may insert; constraints and triggers may or may not be there yet.
        catalog: Of that database.
        wanted: Rows by table; a partitioned table by its root.
        seed: Of the values.

    Raises:
        RefusedError: A table does not take as many; names what refused, never a value.
    """
    with connect(dsn, autocommit=True, application_name="testdata factories") as conn:
        factories = [
            factory for factory in derive_factories(catalog, read_facts(conn), seed=seed) if factory.table in wanted
        ]
        needed = _needed(factories)
        made: Made = {
            table: _existing(conn, table, sorted(columns), max(wanted.values(), default=0))
            for table, columns in needed.items()
            if table not in wanted
        }
        with conn.transaction():
            for factory in factories:
                rows = wanted[factory.table]
                result = insert_rows(conn, factory, rows, made, sorted(needed.get(factory.table, ())))
                if not result.verified or result.rows < rows:
                    raise RefusedError(
                        f"Only {result.rows} of {rows} rows could be fabricated"
                        f" ({result.reason or 'its unique indexes admit no more'})",
                        where=str(factory.table),
                        remedy="Ask for fewer with `rows:`, or use mode mask or truncate for this table.",
                        code="synthesize-failed",
                    )


def _needed(factories: list[Factory]) -> dict[TableName, set[str]]:
    """The columns that references of these factories read, by table."""
    needed: dict[TableName, set[str]] = {}
    for factory in factories:
        for link in factory.links:
            needed.setdefault(link.table, set()).update(link.referenced)
    return needed


def _existing(
    conn: psycopg.Connection[Any], table: TableName, columns: list[str], rows: int
) -> list[dict[str, str | None]]:
    """The first rows of a table by the columns that are referenced, so that every run finds the same."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns)
    query = sql.SQL("SELECT {} FROM {} ORDER BY {} LIMIT {}").format(
        texts, sql.Identifier(table.schema, table.name), names, sql.Literal(rows)
    )
    return [dict(zip(columns, row, strict=True)) for row in conn.execute(query)]
