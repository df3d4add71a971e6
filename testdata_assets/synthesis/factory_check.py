"""Whether factories hold: their rows are inserted into the real schema, in a transaction that is always rolled back.

Only sequences keep what the rows drew from them, as always in Postgres; use a database that may be thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
import structlog
from psycopg import sql

from testdata_assets.errors import UsageFault
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.synthesis.factories import (
    DEFAULT_SEED,
    Factory,
    Reference,
    Row,
    derive_factories,
)
from testdata_assets.synthesis.factory_schema import CatalogLike, read_facts
from testdata_assets.unexpected import is_transient

_log = structlog.get_logger(__name__)

_PARAMETERS = 60_000  # of one statement; the protocol admits 65,535
_SETTINGS: tuple[LiteralString, ...] = (
    "SET LOCAL lock_timeout = '10s'",
    "SET LOCAL statement_timeout = '60s'",
    "SET CONSTRAINTS ALL IMMEDIATE",
)

Made = dict[TableName, list[dict[str, str | None]]]


@dataclass(frozen=True)
class FactoryResult:
    """What became of one table's factory.

    Attributes:
        table: Its table.
        rows: How many the table took; 0 if it refused.
        verified: Whether it took all of them.
        reason: Why not: SQLSTATE and names, never a value.
    """

    table: TableName
    rows: int
    verified: bool
    reason: str | None = None


def verify_factories(
    dsn: Dsn, catalog: CatalogLike, rows_per_table: int = 5, *, seed: int = DEFAULT_SEED
) -> list[FactoryResult]:
    """Inserts fabricated rows into every table, parents first, and takes everything back.

    Args:
        dsn: The database, as a role that may insert into all its tables.
        catalog: Of that database.
        rows_per_table: How many; fewer where a unique index admits no more, as on an enum.
        seed: Of the values.

    Returns:
        One result for each factory, in the order of insertion.

    Raises:
        UsageFault: Less than one row asked for.
        EnvironmentLack: The database cannot be opened.
        psycopg.Error: The connection was lost or a lock could not be had; such an end says nothing of the factories.
    """
    if rows_per_table < 1:
        raise UsageFault(
            f"{rows_per_table} rows for each table say nothing", where="rows_per_table", remedy="Ask for one or more."
        )
    with connect(dsn, autocommit=True, application_name="testdata factories") as conn:
        factories = derive_factories(catalog, read_facts(conn), seed=seed)
        with conn.transaction(force_rollback=True):
            for setting in _SETTINGS:
                conn.execute(setting)
            results = _insert_all(conn, factories, rows_per_table)
    refused = sum(1 for result in results if not result.verified)
    _log.info("synthesis.factories_verified", verified=len(results) - refused, not_verified=refused)
    return results


def _insert_all(conn: psycopg.Connection[Any], factories: Sequence[Factory], rows: int) -> list[FactoryResult]:
    needed: dict[TableName, set[str]] = {factory.table: set() for factory in factories}
    for factory in factories:
        for link in factory.links:
            needed[link.table] |= set(link.referenced)
    made: Made = {}
    results = []
    for factory in factories:
        result = insert_rows(conn, factory, rows, made, sorted(needed[factory.table]))
        results.append(result)
    return results


def insert_rows(
    conn: psycopg.Connection[Any], factory: Factory, rows: int, made: Made, returned: Sequence[str]
) -> FactoryResult:
    """Inserts rows of one factory in a transaction of their own, and adds them to what others may refer to.

    Args:
        conn: Open connection.
        factory: Of the table.
        rows: How many; fewer where its capacity ends.
        made: Rows of the tables before, by the columns that are referenced; gets this table's.
        returned: Columns of this table that are referenced.
    """
    reason = factory.problem or _missing_parent(factory, made)
    if reason is not None:
        return FactoryResult(factory.table, 0, False, reason)
    built = [_resolved(factory, row, made) for row in factory.build(rows)]
    try:
        with conn.transaction():
            kept, taken = _run(conn, factory.table, built, returned)
    except psycopg.Error as error:
        if conn.broken or error.sqlstate is None or is_transient(error):
            raise
        return FactoryResult(factory.table, 0, False, _refusal(error, factory.table))
    if taken != len(built):
        made[factory.table] = []
        return FactoryResult(factory.table, taken, False, f"{len(built) - taken} rows vanished in a trigger or rule")
    made[factory.table] = kept
    return FactoryResult(factory.table, taken, True)


def _missing_parent(factory: Factory, made: Mapping[TableName, object]) -> str | None:
    for link in factory.links:
        if not made.get(link.table) and not link.nullable:
            return f"foreign key {link.name} needs rows of {link.table}, which was not verified"
    return None


def _resolved(factory: Factory, row: Row, made: Made) -> dict[str, str | None]:
    """The row with references replaced; a link that may be NULL is, where its parent has no rows."""
    without = {name for link in factory.links if not made.get(link.table) for name in link.nullable}
    values: dict[str, str | None] = {}
    for name, value in row.items():
        if name in without:
            values[name] = None
        elif isinstance(value, Reference):
            parents = made.get(value.table)
            # A column that may not be NULL, of a key whose other columns are: any value will do, but none is known.
            values[name] = parents[value.row % len(parents)][value.column] if parents else None
        else:
            values[name] = value
    return values


def _run(
    conn: psycopg.Connection[Any], table: TableName, rows: Sequence[dict[str, str | None]], returned: Sequence[str]
) -> tuple[list[dict[str, str | None]], int]:
    """Inserts rows of equal columns; returns the columns others refer to, as text, and the count."""
    columns = list(rows[0]) if rows else []
    size = max(1, _PARAMETERS // max(len(columns), 1)) if columns else 1
    kept: list[dict[str, str | None]] = []
    taken = 0
    for start in range(0, len(rows), size):
        block = rows[start : start + size]
        cursor = conn.execute(
            _statement(table, columns, len(block), returned), [row[name] for row in block for name in columns]
        )
        if cursor.description is not None:
            found = cursor.fetchall()
            kept += [dict(zip(returned, values, strict=True)) for values in found]
            taken += len(found)
        else:
            taken += cursor.rowcount
    # Whoever only has to know that there are rows finds them here too.
    return kept or [{} for _ in range(taken)], taken


def _statement(table: TableName, columns: Sequence[str], rows: int, returned: Sequence[str]) -> sql.Composed:
    into = sql.SQL("INSERT INTO {}").format(sql.Identifier(table.schema, table.name))
    if columns:
        one = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(columns)))
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        into += sql.SQL(" ({}) VALUES {}").format(names, sql.SQL(", ").join([one] * rows))
    else:
        into += sql.SQL(" DEFAULT VALUES")
    if returned:
        texts = [sql.SQL("{}::text").format(sql.Identifier(name)) for name in returned]
        into += sql.SQL(" RETURNING {}").format(sql.SQL(", ").join(texts))
    return into


def _refusal(error: psycopg.Error, table: TableName) -> str:
    """SQLSTATE and the names of what refused. The message itself may quote the row."""
    diag = error.diag
    parts = [f"SQLSTATE {error.sqlstate}"]
    other = TableName(diag.schema_name, diag.table_name) if diag.schema_name and diag.table_name else table
    if other != table:
        parts.append(f"table {other}")
    for label, name in (
        ("constraint", diag.constraint_name),
        ("column", diag.column_name),
        ("type", diag.datatype_name),
    ):
        if name:
            parts.append(f"{label} {name}")
    return ", ".join(parts)
