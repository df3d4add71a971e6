"""Whether an image's rows point to rows that are there: declared foreign keys, and relationships of the rules.

Rows are counted by anti-joins, whatever the catalog claims. A partitioned table is counted some partitions at a
time, since a statement locks all that it reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.masking.plan import MaskingPlan, TablePlan
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.sql_files import load_queries
from testdata_assets.production.catalog import Catalog, ForeignKey
from testdata_assets.production.leaves import batches, rows_of, storing
from testdata_assets.production.relationships import PartnerCount, Relationship, count_orphans
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.report import Finding


@dataclass(frozen=True)
class ForeignKeyState:
    """One declared foreign key as the image has it.

    Attributes:
        orphans: Rows whose key points nowhere, counted by an anti-join whatever the catalog claims.
        state: `as in the source`, `not validated` (it is in the source) or `missing`.
        unproven: Whether production itself never validated the key, so that it may have orphans, too.
    """

    name: str
    table: TableName
    columns: tuple[str, ...]
    orphans: int
    state: str
    unproven: bool = False

    @property
    def wrong(self) -> int:
        """Orphans that production cannot have."""
        return 0 if self.unproven else self.orphans

    def findings(self) -> list[Finding]:
        found = []
        if self.wrong:
            found.append(Finding(str(self.table), self.name, "orphaned rows", self.wrong))
        if self.state != "as in the source":
            found.append(Finding(str(self.table), self.name, f"foreign key {self.state}", 1))
        return found


def check_foreign_keys(reader: ImageReader, source: Catalog, image: Catalog, *, workers: int) -> list[ForeignKeyState]:
    """Counts orphans of every foreign key of source or image, in parallel; a partitioned table's for all partitions."""
    present = {_key(key): key for key in image.foreign_keys}
    wanted = {_key(key): key for key in (*source.foreign_keys, *image.foreign_keys)}

    def state(key: ForeignKey) -> ForeignKeyState:
        here = present.get(_key(key))
        before = next((each for each in source.foreign_keys if _key(each) == _key(key)), None)
        if here is None:
            return ForeignKeyState(key.name, key.table, key.columns, 0, "missing")
        weakened = before is not None and before.validated and not here.validated
        return ForeignKeyState(
            key.name,
            key.table,
            key.columns,
            _orphans(reader, image, here),
            "not validated" if weakened else "as in the source",
            unproven=before is not None and not before.validated,
        )

    with ThreadPoolExecutor(workers, thread_name_prefix="keys") as pool:
        return list(pool.map(state, wanted.values()))


def _key(key: ForeignKey) -> tuple[str, TableName, tuple[str, ...]]:
    return (key.name, key.table, key.columns)


def _orphans(reader: ImageReader, image: Catalog, key: ForeignKey) -> int:
    """Rows with a whole key that no referenced row has (MATCH SIMPLE)."""
    children = batches(_constrained(image, key.table))
    referenced = _constrained(image, key.referenced_table)
    parents = batches(referenced)
    pairs = list(zip(key.columns, key.referenced_columns, strict=True))
    total = 0
    with reader.connect() as conn:
        # Operators such as citext's live in the extension's schema, which an empty search path would miss.
        conn.execute(sql.SQL("SELECT set_config('search_path', {}, false)").format(sql.Literal(_schemas(conn))))
        for child in children:
            if key.period and referenced:  # rows of several partitions may cover a period together
                total += _count(conn, _uncovered(child, referenced, pairs))
            elif len(parents) == 1:
                total += _count(conn, _orphaned(child, parents[0], pairs))
            else:
                # What a key points to is unique, so that no row has a partner in two batches.
                total += _count(conn, _whole(child, pairs))
                total -= sum(_count(conn, _partnered(child, parent, pairs)) for parent in parents)
    return total


def _constrained(image: Catalog, name: TableName) -> list[TableName]:
    """Where the rows are that a constraint of a table is about: not in tables that inherit from it."""
    table = image.table(name)
    return storing(image, name) if table is not None and table.kind == "p" else [name]


def _count(conn: psycopg.Connection[Any], query: sql.Composed) -> int:
    row = conn.execute(query).fetchone()
    return int(row[0]) if row else 0


_Pairs = list[tuple[str, str]]


def _whole(child: list[TableName], pairs: _Pairs) -> sql.Composed:
    """Counts rows no column of whose key is NULL."""
    return sql.SQL("SELECT count(*) FROM {} AS child WHERE {}").format(
        rows_of(child, [name for name, _ in pairs]), _present(pairs)
    )


def _present(pairs: _Pairs) -> sql.Composed:
    return sql.SQL(" AND ").join(sql.SQL("child.{} IS NOT NULL").format(sql.Identifier(name)) for name, _ in pairs)


def _equal(pairs: _Pairs) -> sql.Composed:
    if not pairs:
        return sql.Composed([sql.SQL("true")])
    return sql.SQL(" AND ").join(
        sql.SQL("parent.{} = child.{}").format(sql.Identifier(other), sql.Identifier(name)) for name, other in pairs
    )


def _orphaned(child: list[TableName], parent: list[TableName], pairs: _Pairs) -> sql.Composed:
    """Counts those of them whose key no referenced row has."""
    return sql.SQL(
        "SELECT count(*) FROM {} AS child WHERE {} AND NOT EXISTS (SELECT 1 FROM {} AS parent WHERE {})"
    ).format(
        rows_of(child, [name for name, _ in pairs]),
        _present(pairs),
        rows_of(parent, [other for _, other in pairs]),
        _equal(pairs),
    )


def _partnered(child: list[TableName], parent: list[TableName], pairs: _Pairs) -> sql.Composed:
    """Counts rows whose key a referenced row has."""
    return sql.SQL("SELECT count(*) FROM {} AS child WHERE EXISTS (SELECT 1 FROM {} AS parent WHERE {})").format(
        rows_of(child, [name for name, _ in pairs]), rows_of(parent, [other for _, other in pairs]), _equal(pairs)
    )


def _uncovered(child: list[TableName], parent: list[TableName], pairs: _Pairs) -> sql.Composed:
    """Counts rows of a key over a PERIOD whose period the referenced rows do not cover together."""
    *equal, (period, other_period) = pairs
    return sql.SQL(
        "SELECT count(*) FROM {} AS child WHERE {} AND NOT coalesce(child.{} <@"
        " (SELECT range_agg(parent.{}) FROM {} AS parent WHERE {}), false)"
    ).format(
        rows_of(child, [name for name, _ in pairs]),
        _present(pairs),
        sql.Identifier(period),
        sql.Identifier(other_period),
        rows_of(parent, [other for _, other in pairs]),
        _equal(equal),
    )


def _schemas(conn: psycopg.Connection[Any]) -> str:
    row = conn.execute(load_queries("testdata_assets.production")["extension_schemas"]).fetchone()
    return str(row[0]) if row and row[0] else ""


@dataclass(frozen=True)
class RelationshipState:
    """One relationship of the rules.

    Attributes:
        source: Rows without a partner in the source.
        image: The same in the image; None where it lacks a side.
        not_compared: Why the image may have more of them, "" if it may not.
    """

    relationship: Relationship
    source: int
    image: int | None
    not_compared: str = ""

    @property
    def wrong(self) -> int:
        """Rows too many without a partner."""
        return 0 if self.not_compared else max((self.image or 0) - self.source, 0)

    def findings(self) -> list[Finding]:
        place = str(self.relationship.table), self.relationship.column
        partner = f"{self.relationship.referenced_table}.{self.relationship.referenced_column}"
        if self.image is None:
            return [Finding(*place, f"relationship to {partner} missing", 1)]
        return [Finding(*place, f"rows without a partner in {partner}", self.wrong)] if self.wrong else []


def check_relationships(
    reader: ImageReader, image: Catalog, plan: MaskingPlan, partners: Iterable[PartnerCount]
) -> list[RelationshipState]:
    """Counts rows of undeclared foreign keys without a partner: there may be as many as production has."""
    by_root: dict[TableName, list[TablePlan]] = {}
    for table in plan.tables:
        for name in {table.table.name, table.table.rule_table}:
            by_root.setdefault(name, []).append(table)
    found = []
    with reader.connect() as conn:
        for each in partners:
            reasons = []
            if any(
                not table.reads_rows or table.where for table in by_root.get(each.relationship.referenced_table, ())
            ):
                reasons.append("not all rows that are pointed to come along")
            if any(table.mode == "synthesize" for table in by_root.get(each.relationship.table, ())):
                reasons.append("its rows are fabricated")
            orphans = count_orphans(conn, image, each.relationship)
            found.append(RelationshipState(each.relationship, each.orphans, orphans, "; ".join(reasons)))
    return found
