"""Foreign keys that the schema does not declare: rows without a partner, counted in the source as in an image.

Production itself may have some, as nothing keeps them from coming. So they are counted under the snapshot's own
transaction; an image must not have more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.errors import RefusedError
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.sql_files import load_queries
from testdata_assets.production.catalog import Catalog, Column
from testdata_assets.production.leaves import batches, storing

# Types without an operator for equality.
_COMPARED_AS_TEXT = frozenset({"json", "xml", "point", "polygon", "box", "circle", "line", "path", "lseg"})


@dataclass(frozen=True)
class Relationship:
    """Rows of one column that point to another, as the rules say."""

    table: TableName
    column: str
    referenced_table: TableName
    referenced_column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} -> {self.referenced_table}.{self.referenced_column}"


@dataclass(frozen=True)
class PartnerCount:
    """How many rows of a relationship, not counting NULLs, have no partner."""

    relationship: Relationship
    orphans: int


def count_orphans(conn: psycopg.Connection[Any], catalog: Catalog, relationship: Relationship) -> int | None:
    """Counts rows without a partner by an anti-join; None where a side of it is not there.

    Values of one type are equal as their type says, others if their texts are. Partitions and children count with their
    table, foreign ones aside.
    """
    ours = _column(catalog, relationship.table, relationship.column)
    theirs = _column(catalog, relationship.referenced_table, relationship.referenced_column)
    if ours is None or theirs is None:
        return None
    alike = ours.base_type == theirs.base_type and ours.base_type not in _COMPARED_AS_TEXT
    theirs_everywhere = storing(catalog, relationship.referenced_table)
    schemas = conn.execute(load_queries("testdata_assets.production")["extension_schemas"]).fetchone()
    # Operators such as citext's live in the extension's schema, which an empty search path would miss.
    conn.execute("SELECT set_config('search_path', %s, false)", ((schemas[0] if schemas else None) or "",))
    total = 0
    for part in batches(storing(catalog, relationship.table)):
        query = sql.SQL(
            "SELECT count(*) FROM ({ours}) AS ours WHERE v IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM ({theirs}) AS theirs WHERE theirs.v = ours.v)"
        ).format(
            ours=_values(catalog, part, relationship.column, alike=alike),
            theirs=_values(catalog, theirs_everywhere, relationship.referenced_column, alike=alike),
        )
        row = conn.execute(query).fetchone()
        total += int(row[0]) if row else 0
    return total


def _column(catalog: Catalog, name: TableName, column: str) -> Column | None:
    table = catalog.table(name)
    return None if table is None else table.column(column)


def _values(catalog: Catalog, leaves: Iterable[TableName], column: str, *, alike: bool) -> sql.Composable:
    """A column's values in some tables, those that have it."""
    parts = [
        sql.SQL("SELECT {column}{cast} AS v FROM ONLY {table}").format(
            column=sql.Identifier(column),
            cast=sql.SQL("" if alike else "::text"),
            table=sql.Identifier(leaf.schema, leaf.name),
        )
        for leaf in leaves
        if _column(catalog, leaf, column) is not None
    ]
    return sql.SQL(" UNION ALL ").join(parts) if parts else sql.SQL("SELECT NULL::text AS v WHERE false")


def counted(
    conn: psycopg.Connection[Any], catalog: Catalog, relationships: Iterable[Relationship]
) -> tuple[PartnerCount, ...]:
    """The counts of all relationships that there are.

    Raises:
        RefusedError: One cannot be counted; names it.
    """
    found = []
    for each in relationships:
        try:
            orphans = count_orphans(conn, catalog, each)
        except psycopg.Error as error:
            raise RefusedError(
                f"Rows without a partner cannot be counted in the source (SQLSTATE {error.sqlstate or 'unknown'})",
                where=f"relationships: {each}",
                remedy="Remove the relationship from masking.yaml; if it took too long, index the column it points to.",
                code="relationship-not-counted",
            ) from None
        if orphans is not None:
            found.append(PartnerCount(each, orphans))
    return tuple(found)
