"""Where the rows of a table are: in itself, its partitions and the tables that inherit from it.

A statement locks every table that it reads, with all its indexes, and a server has room for so many locks only. So
tables of many partitions are read some partitions a statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from psycopg import sql

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog

MOST_LEAVES = 100
T = TypeVar("T")


def storing(catalog: Catalog, name: TableName) -> list[TableName]:
    """The tables that store a table's rows, in the catalog's order."""
    below = {name}
    found = len(below)
    while True:  # a level more each time
        below |= {table.name for table in catalog.tables if not below.isdisjoint(table.parents)}
        if len(below) == found:
            return [table.name for table in catalog.storing_tables if table.name in below]
        found = len(below)


def batches(leaves: Sequence[T], most: int | None = None) -> list[list[T]]:
    """So many tables a statement at most; `MOST_LEAVES` if not said."""
    size = most or MOST_LEAVES
    return [list(leaves[start : start + size]) for start in range(0, len(leaves), size)]


def rows_of(leaves: Sequence[TableName], columns: Sequence[str]) -> sql.Composable:
    """The rows of some tables as one, for a FROM clause: one table at least, and the columns that are asked for."""
    names = [sql.SQL("ONLY {}").format(sql.Identifier(leaf.schema, leaf.name)) for leaf in leaves]
    if len(names) == 1:
        return names[0]
    listed = sql.SQL(", ").join(sql.Identifier(column) for column in dict.fromkeys(columns))
    return sql.SQL("({})").format(
        sql.SQL(" UNION ALL ").join(sql.SQL("SELECT {} FROM {}").format(listed, name) for name in names)
    )
