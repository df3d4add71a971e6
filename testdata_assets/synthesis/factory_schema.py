"""What a factory has to know of a database: the parts of a catalog it uses, and facts that no catalog object holds.

The protocols describe `production.catalog` without importing it, since that room lies above this one. `read_facts`
asks the server for what else matters to whoever fabricates a row: enum labels, defaults, the values a CHECK lists, and
a value each partitioned table has a partition for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg
from psycopg.rows import dict_row

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.sql_files import load_queries

_LISTED = re.compile(r"= ANY \(+ARRAY\[(.*?)\]", re.DOTALL)
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(?<![\w.'])(-?\d+(?:\.\d+)?)(?![\w.'])")
_BOUND_IN = re.compile(r"FOR VALUES IN \((.*)\)\Z", re.DOTALL)
_BOUND_FROM = re.compile(r"FOR VALUES FROM \((.*?)\) TO \(", re.DOTALL)


class ColumnLike(Protocol):
    """See `production.catalog.Column`."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def base_type(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def max_length(self) -> int | None: ...
    @property
    def not_null(self) -> bool: ...
    @property
    def generated(self) -> bool: ...
    @property
    def identity(self) -> str: ...
    @property
    def position(self) -> int: ...


class TableLike(Protocol):
    """See `production.catalog.Table`."""

    @property
    def name(self) -> TableName: ...
    @property
    def kind(self) -> str: ...
    @property
    def columns(self) -> tuple[ColumnLike, ...]: ...
    @property
    def rule_table(self) -> TableName: ...
    @property
    def is_partition(self) -> bool: ...


class ForeignKeyLike(Protocol):
    """See `production.catalog.ForeignKey`."""

    @property
    def name(self) -> str: ...
    @property
    def table(self) -> TableName: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def referenced_table(self) -> TableName: ...
    @property
    def referenced_columns(self) -> tuple[str, ...]: ...


class UniqueIndexLike(Protocol):
    """See `production.catalog.UniqueIndex`."""

    @property
    def table(self) -> TableName: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def lowered(self) -> tuple[str, ...]: ...
    @property
    def expressions(self) -> tuple[str, ...]: ...
    @property
    def expression_columns(self) -> tuple[str, ...]: ...
    @property
    def exclusion(self) -> bool: ...


class CatalogLike(Protocol):
    """See `production.catalog.Catalog`."""

    @property
    def tables(self) -> tuple[TableLike, ...]: ...
    @property
    def foreign_keys(self) -> tuple[ForeignKeyLike, ...]: ...
    @property
    def unique_indexes(self) -> tuple[UniqueIndexLike, ...]: ...


@dataclass(frozen=True)
class ColumnFacts:
    """What the catalog does not say of a column.

    Attributes:
        formatted: The type below domains, with its modifier, e.g. `numeric(10,2)`; '' for the column's own.
        labels: Of an enum, or of the enum an array holds.
        fields: How many fields a composite type has.
        default: The default's expression, if any.
        listed: The values that a CHECK of this column alone, or of its domain, lists.
    """

    formatted: str = ""
    labels: tuple[str, ...] = ()
    fields: int = 0
    default: str | None = None
    listed: tuple[str, ...] = ()


@dataclass(frozen=True)
class SchemaFacts:
    """All facts of one database.

    Attributes:
        columns: By table and column.
        partition_values: For partitioned tables, values of key columns that some partition takes.
    """

    columns: Mapping[tuple[TableName, str], ColumnFacts] = field(default_factory=dict)
    partition_values: Mapping[TableName, Mapping[str, str]] = field(default_factory=dict)

    def of(self, table: TableName, column: str) -> ColumnFacts:
        return self.columns.get((table, column), ColumnFacts())


def read_facts(conn: psycopg.Connection[Any]) -> SchemaFacts:
    """Reads the facts; changes no setting of the session."""
    queries = load_queries("testdata_assets.synthesis")
    with conn.cursor(row_factory=dict_row) as cursor:
        columns = {
            (TableName(row["schema"], row["table"]), str(row["column"])): ColumnFacts(
                formatted=row["formatted"],
                labels=tuple(row["labels"]),
                fields=row["fields"],
                default=row["default"],
                listed=listed_values(row["checks"]),
            )
            for row in cursor.execute(queries["factory_columns"])
        }
        partitions = cursor.execute(queries["factory_partitions"]).fetchall()
    return SchemaFacts(columns, _partition_values(partitions))


def listed_values(checks: list[str]) -> tuple[str, ...]:
    """The values of the first `x IN (...)` among constraint definitions, as the server prints it."""
    for check in checks:
        found = _LISTED.search(check)
        if found is not None:
            return _literals(found.group(1))
    return ()


def _literals(text: str) -> tuple[str, ...]:
    return tuple(
        match.group(2) if match.group(2) is not None else match.group(1).replace("''", "'")
        for match in _LITERAL.finditer(text)
    )


def _partition_values(rows: list[dict[str, Any]]) -> dict[TableName, dict[str, str]]:
    """For each root, key values on one way down to a leaf; a range's lower bound belongs to its partition."""
    children: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        children.setdefault(row["parent_oid"], []).append(row)
    partitions = {row["oid"] for row in rows}
    found: dict[TableName, dict[str, str]] = {}
    for row in rows:
        if row["parent_oid"] not in partitions:
            name = TableName(row["parent_schema"], row["parent_table"])
            found[name] = _way_down(row["parent_oid"], children)
    return found


def _way_down(oid: int, children: dict[int, list[dict[str, Any]]]) -> dict[str, str]:
    below = children.get(oid, [])
    if any(child["bound"] == "DEFAULT" or "WITH (modulus" in child["bound"] for child in below):
        return {}
    for child in below:
        listed = _BOUND_IN.match(child["bound"])
        lower = _BOUND_FROM.match(child["bound"])
        literals = _literals((listed or lower).group(1)) if listed or lower else ()  # type: ignore[union-attr]
        keys = child["keys"]
        values = dict(zip(keys, literals, strict=False))
        if len(values) == len(keys) and None not in keys:
            return {**_way_down(child["oid"], children), **values}
    return {}
