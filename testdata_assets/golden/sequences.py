"""Setting an image's sequences: as in the source, or beyond what masking put into the columns that they number.

A sequence numbers the column that owns it and every column whose default names it (`DEFAULT nextval('s')` without
OWNED BY). Only columns that masking changed or that were fabricated are looked at: for kept ones the source's state
is right by definition, and reading every key of every table would take time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.masking.plan import MaskingPlan
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.sql_files import load_queries
from testdata_assets.production.catalog import Catalog

_User = tuple[TableName, str]


def set_sequences(image: Dsn, catalog: Catalog, plan: MaskingPlan) -> None:
    """Sets every sequence so that its next value collides with no masked one.

    A sequence whose bounds do not reach that far stops at them.
    """
    if not catalog.sequences:
        return
    changed = set(_changed(plan))
    with connect(image) as conn:
        users = _users(conn)
        for sequence in catalog.sequences:
            value, called = sequence.last_value, sequence.is_called
            rising = sequence.increment > 0
            for user in users.get(sequence.name, ()):
                furthest = _furthest(conn, user, rising) if user in changed else None
                if furthest is None:
                    continue
                if furthest > value if rising else furthest < value:
                    value, called = furthest, True
                elif furthest == value:
                    called = True
            conn.execute(
                load_queries("testdata_assets.golden")["set_sequence"],
                {"name": sequence.name.sql, "value": value, "called": called},
            )


def _changed(plan: MaskingPlan) -> Iterator[_User]:
    """Columns whose values are not the source's, by partition and by the table whose rule it is."""
    for table in plan.tables:
        names = [column.name for column in table.table.columns] if table.mode == "synthesize" else []
        names += [column.column.name for column in table.masked]
        for name in names:
            yield table.table.name, name
            yield table.table.rule_table, name


def _users(conn: psycopg.Connection[Any]) -> dict[TableName, list[_User]]:
    """The columns of whole numbers that a sequence numbers, by sequence."""
    found: dict[TableName, list[_User]] = {}
    for schema, name, table_schema, table, column in conn.execute(
        load_queries("testdata_assets.golden")["sequence_users"]
    ):
        found.setdefault(TableName(schema, name), []).append((TableName(table_schema, table), column))
    return found


def _furthest(conn: psycopg.Connection[Any], user: _User, rising: bool) -> int | None:
    """The largest (or, of a falling sequence, the least) number of a column; NaN and infinity are none."""
    table, column = user
    query = sql.SQL(
        "SELECT {aggregate}(trunc({column}::numeric)) FROM {table}"
        " WHERE {column}::numeric > '-Infinity' AND {column}::numeric < 'Infinity'"
    ).format(
        aggregate=sql.SQL("max" if rising else "min"),
        column=sql.Identifier(column),
        table=sql.Identifier(table.schema, table.name),
    )
    row = conn.execute(query).fetchone()
    return None if row is None or row[0] is None else int(row[0])
