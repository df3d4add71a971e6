"""Reading a `Catalog` from a connection, inside whatever transaction the caller holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import psycopg
from psycopg.rows import dict_row

from testdata_assets.errors import EnvironmentLack
from testdata_assets.postgres.identifiers import TableName, quote_identifier
from testdata_assets.postgres.sql_files import load_queries
from testdata_assets.production.catalog import (
    Catalog,
    CatalogText,
    Column,
    ForeignKey,
    Sequence,
    Table,
    UniqueIndex,
)
from testdata_assets.production.collations import Collation

_LIMITED = ("varchar", "bpchar")
_SHOWN = 10
_LENGTH_HEADER = 4  # a varchar's modifier is its length and four
_LOWERING = re.compile(r"\b(?:lower|upper)\s*\(")


def read_catalog(conn: psycopg.Connection[Any]) -> Catalog:
    """Reads the whole catalog of user objects.

    Raises:
        EnvironmentLack: A table or sequence may not be read by this role; all are named.
    """
    queries = load_queries("testdata_assets.production")
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SET LOCAL search_path = ''" if not conn.autocommit else "SET search_path = ''")

        def rows(name: str, **parameters: Any) -> list[dict[str, Any]]:
            return cursor.execute(queries[name], parameters or None).fetchall()

        identity = rows("identity")[0]
        table_rows, sequence_rows = rows("tables"), rows("sequences")
        _refuse_unreadable(table_rows, sequence_rows)
        oids = [row["oid"] for row in table_rows]
        columns: dict[int, list[Column]] = {oid: [] for oid in oids}
        types = {(row["table_oid"], row["position"]): row for row in rows("column_types", oids=oids)}
        parts: dict[int, list[dict[str, Any]]] = {}
        for row in rows("type_parts", types=sorted({row["base_oid"] for row in types.values()})):
            parts.setdefault(row["whole"], []).append(row)
        for row in rows("columns", oids=oids):
            column = Column(**{name: value for name, value in row.items() if name not in ("table_oid", "labels")})
            column = replace(column, labels=tuple(row["labels"]))
            kind = types.get((row["table_oid"], column.position))
            if kind is not None:
                column = replace(column, parts=_parts(parts, kind["base_oid"], kind["typmod"]))
            columns[row["table_oid"]].append(column)
        tables = tuple(_table(row, tuple(columns[row["oid"]])) for row in table_rows)
        names = {table.oid: table.name for table in tables}
        views = rows("views")
        return Catalog(
            server_version=identity["server_version"],
            system_identifier=identity["system_identifier"],
            database=identity["database"],
            encoding=identity["encoding"],
            large_objects=identity["large_objects"],
            tables=tables,
            foreign_keys=tuple(
                ForeignKey(
                    row["name"],
                    names[row["table_oid"]],
                    tuple(row["columns"]),
                    names[row["referenced_oid"]],
                    tuple(row["referenced_columns"]),
                    row["validated"],
                    row["period"],
                )
                for row in rows("foreign_keys", oids=oids)
            ),
            unique_indexes=tuple(_unique_index(row, names) for row in rows("unique_indexes", oids=oids)),
            sequences=tuple(_sequence(row) for row in sequence_rows),
            extensions=tuple((row["name"], row["version"]) for row in rows("extensions")),
            views=tuple(_name(row) for row in views if row["kind"] == "v"),
            materialized_views=tuple(_name(row) for row in views if row["kind"] == "m"),
            collations=tuple(row["name"] for row in rows("collations")),
            made_collations=tuple(Collation.made(_name(row), row["facts"]) for row in rows("made_collations")),
            default_collation=Collation.default_of(identity["default_collation"]),
            text_ranges=tuple(_name(row) for row in rows("text_ranges")),
            texts=tuple(CatalogText(row["kind"], row["object"], row["text"]) for row in rows("texts")),
            foreign_tables=tuple(table.name for table in tables if table.kind == "f"),
        )


def read_definitions(conn: psycopg.Connection[Any]) -> dict[tuple[str, str], str]:
    """All definitions of a schema as (kind, object) to text, for comparing two databases."""
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SET search_path = ''")
        query = load_queries("testdata_assets.production")["definitions"]
        return {(row["kind"], row["object"]): row["definition"] for row in cursor.execute(query)}


def _refuse_unreadable(tables: Iterable[dict[str, Any]], sequences: Iterable[dict[str, Any]]) -> None:
    """A sequence that cannot be read counts as one: its numbers would begin anew, and meet those in use."""
    unread = {
        "table": [str(_name(row)) for row in tables if row["kind"] == "r" and not row["readable"]],
        "sequence": [str(_name(row)) for row in sequences if not row["readable"]],
    }
    lists = [f"{len(names)} {kind}(s): {_some(names)}" for kind, names in unread.items() if names]
    if lists:
        raise EnvironmentLack(
            f"The source role may not read {' and '.join(lists)}",
            where=next(name for names in unread.values() for name in names),
            remedy="GRANT USAGE on the schemas, SELECT ON ALL TABLES and SELECT ON ALL SEQUENCES in them, or the role "
            "pg_read_all_data.",
            code="source-privileges",
        )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _name(row: dict[str, Any], prefix: str = "") -> TableName:
    return TableName(row[f"{prefix}schema"], row[f"{prefix}name"])


def _table(row: dict[str, Any], columns: tuple[Column, ...]) -> Table:
    parents = [TableName(schema, name) for schema, name in row["parents"]]
    return Table(
        name=_name(row),
        oid=row["oid"],
        kind=row["kind"],
        columns=columns,
        rule_table=_name(row, "root_"),
        parent=parents[0] if parents else None,
        further_parents=tuple(parents[1:]),
        is_partition=row["is_partition"],
        partition_columns=tuple(row["partition_columns"]),
        pages=row["pages"],
        estimated_rows=row["estimated_rows"],
        row_security=row["row_security"],
    )


def _parts(rows: dict[int, list[dict[str, Any]]], type_oid: int, typmod: int | None) -> tuple[Column, ...]:
    """The parts of a type as columns, with their own parts; an array's modifier is its elements'."""
    found = []
    for row in rows.get(type_oid, ()):
        modifier = row["typmod"] if row["typmod"] is not None or not row["is_element"] else typmod
        admitted = (modifier or 0) - _LENGTH_HEADER if row["base_type"] in _LIMITED else 0
        found.append(
            Column(
                name=row["name"],
                type=row["type"],
                base_type=row["base_type"],
                category=row["category"],
                max_length=admitted if admitted > 0 else None,
                not_null=row["not_null"],
                position=row["position"],
                parts=_parts(rows, row["base_oid"], modifier),
            )
        )
    return tuple(found)


def _unique_index(row: dict[str, Any], names: dict[int, TableName]) -> UniqueIndex:
    lowering = [text for text in row["expressions"] if _LOWERING.search(text)]
    lowered = tuple(
        column
        for column in row["used_columns"]
        if any(
            re.search(rf"(?<!\w)(?:{re.escape(column)}|{re.escape(quote_identifier(column))})(?!\w)", text)
            for text in lowering
        )
    )
    return UniqueIndex(
        name=row["name"],
        table=names[row["table_oid"]],
        columns=tuple(row["columns"]),
        expressions=tuple(row["expressions"]),
        lowered=lowered,
        predicate=row["predicate"],
        primary=row["primary"],
        exclusion=row["exclusion"],
        expression_columns=tuple(name for name in row["used_columns"] if name not in row["columns"]),
        nulls_collide=row["nulls_collide"],
    )


def _sequence(row: dict[str, Any]) -> Sequence:
    owner = TableName(row["owner_schema"], row["owner_table"]) if row["owner_table"] else None
    return Sequence(_name(row), row["last_value"], row["is_called"], row["increment"], owner, row["owner_column"])
