"""Integrity of an image: foreign keys hold, every row is there, the schema is the source's.

Each function looks at one thing and returns rows for a check: plain dictionaries of names and counts, never
values. What they mean is decided in `suites.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.masking.plan import MaskingPlan, TablePlan
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.sql_files import load_queries
from testdata_assets.production.catalog import Catalog, ForeignKey, Sequence
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


def _table_identifier(name: TableName) -> sql.Identifier:
    return sql.Identifier(name.schema, name.name)


def check_foreign_keys(reader: ImageReader, source: Catalog, image: Catalog, *, workers: int) -> list[ForeignKeyState]:
    """Counts orphans of every foreign key of source or image, in parallel; a partitioned table's for all partitions."""
    present = {_key(key): key for key in image.foreign_keys}
    wanted = {_key(key): key for key in (*source.foreign_keys, *image.foreign_keys)}
    parted = {table.name for table in image.tables if table.kind == "p"}

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
            _orphans(reader, here, parted),
            "not validated" if weakened else "as in the source",
            unproven=before is not None and not before.validated,
        )

    with ThreadPoolExecutor(workers, thread_name_prefix="keys") as pool:
        return list(pool.map(state, wanted.values()))


def _key(key: ForeignKey) -> tuple[str, TableName, tuple[str, ...]]:
    return (key.name, key.table, key.columns)


def _rows_of(name: TableName, parted: Collection[TableName]) -> sql.Composed:
    """The rows that a constraint of a table is about: not those of tables that inherit from it."""
    return sql.SQL("{}" if name in parted else "ONLY {}").format(_table_identifier(name))


def _orphans(reader: ImageReader, key: ForeignKey, parted: Collection[TableName]) -> int:
    """Rows with a whole key that no referenced row has (MATCH SIMPLE)."""
    pairs = list(zip(key.columns, key.referenced_columns, strict=True))
    if key.period:
        return _uncovered(reader, key, pairs, parted)
    query = sql.SQL("SELECT count(*) FROM {} AS child WHERE {} AND NOT EXISTS (SELECT 1 FROM {} AS parent WHERE {})")
    composed = query.format(
        _rows_of(key.table, parted),
        sql.SQL(" AND ").join(sql.SQL("child.{} IS NOT NULL").format(sql.Identifier(name)) for name, _ in pairs),
        _rows_of(key.referenced_table, parted),
        sql.SQL(" AND ").join(
            sql.SQL("parent.{} = child.{}").format(sql.Identifier(other), sql.Identifier(name)) for name, other in pairs
        ),
    )
    with reader.connect() as conn:
        # Operators such as citext's live in the extension's schema, which an empty search path would miss.
        conn.execute(sql.SQL("SELECT set_config('search_path', {}, false)").format(sql.Literal(_schemas(conn))))
        row = conn.execute(composed).fetchone()
    return int(row[0]) if row else 0


def _uncovered(
    reader: ImageReader, key: ForeignKey, pairs: list[tuple[str, str]], parted: Collection[TableName]
) -> int:
    """The same for a key over a PERIOD: rows whose period the referenced rows do not cover together."""
    *equal, (period, other_period) = pairs
    query = sql.SQL(
        "SELECT count(*) FROM {} AS child WHERE {} AND NOT coalesce(child.{} <@"
        " (SELECT range_agg(parent.{}) FROM {} AS parent WHERE {}), false)"
    ).format(
        _rows_of(key.table, parted),
        sql.SQL(" AND ").join(sql.SQL("child.{} IS NOT NULL").format(sql.Identifier(name)) for name, _ in pairs),
        sql.Identifier(period),
        sql.Identifier(other_period),
        _rows_of(key.referenced_table, parted),
        sql.SQL(" AND ").join(
            sql.SQL("parent.{} = child.{}").format(sql.Identifier(other), sql.Identifier(name)) for name, other in equal
        ),
    )
    with reader.connect() as conn:
        conn.execute(sql.SQL("SELECT set_config('search_path', {}, false)").format(sql.Literal(_schemas(conn))))
        row = conn.execute(query).fetchone()
    return int(row[0]) if row else 0


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


def _schemas(conn: psycopg.Connection[Any]) -> str:
    row = conn.execute(load_queries("testdata_assets.production")["extension_schemas"]).fetchone()
    return str(row[0]) if row and row[0] else ""


@dataclass(frozen=True)
class WantedRows:
    """How many rows a storing table of source or image should have.

    Attributes:
        owner: The table whose count it is part of: where masked partition keys move rows to other partitions, or rows
            are fabricated, only the sum over the root's partitions holds.
        rows: None where the snapshot does not know the table.
    """

    owner: TableName
    rows: int | None


def wanted_rows(
    plan: MaskingPlan, source_counts: Mapping[TableName, int], others: Iterable[TableName]
) -> dict[TableName, WantedRows]:
    """What is to be counted; tables of mode truncate should be empty.

    Args:
        plan: What was to become of each table.
        source_counts: Rows in the snapshot.
        others: Tables of the image.
    """
    truncated = {table.table.name for table in plan.tables if table.mode == "truncate"}
    routed = {
        table.table.name: table.table.rule_table
        for table in plan.tables
        if table.load_through_root or table.mode == "synthesize"
    }
    return {
        name: WantedRows(routed.get(name, name), 0 if name in truncated else source_counts.get(name))
        for name in sorted({*source_counts, *(table.table.name for table in plan.tables), *others})
    }


def count_rows(
    plan: MaskingPlan, source_counts: Mapping[TableName, int], image_counts: Mapping[TableName, int]
) -> list[dict[str, Any]]:
    """One row a table: what the image should have and what it has; -1 where a side does not know the table."""
    wanted: Counter[TableName] = Counter()
    found: Counter[TableName] = Counter()
    for name, each in wanted_rows(plan, source_counts, image_counts).items():
        wanted[each.owner] += -1 if each.rows is None else each.rows
        found[each.owner] += image_counts.get(name, -1)
    return [{"table": str(name), "source_rows": wanted[name], "image_rows": found[name]} for name in sorted(wanted)]


@dataclass(frozen=True)
class Aspect:
    """One aspect of the schema: how many things each side has, and what differs."""

    name: str
    source: int
    image: int
    findings: list[Finding]


def compare_schemas(
    reader: ImageReader,
    source: Catalog,
    image: Catalog,
    plan: MaskingPlan,
    source_definitions: Mapping[tuple[str, str], str] | None,
    image_definitions: Mapping[tuple[str, str], str] | None,
) -> list[Aspect]:
    """Compares what both databases consist of.

    Args:
        reader: Of the image.
        source: The source's catalog.
        image: The image's.
        plan: For its objects rule.
        source_definitions: `read_definitions` of the source, if it was kept; makes the comparison exact.
        image_definitions: The same of the image.

    """
    same_major = source.server_version // 10_000 == image.server_version // 10_000
    image = without_stand_ins(source, image)
    stands_in = _StandsIn(source_definitions)
    aspects: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
        "tables": (_tables(source), _tables(image)),
        "columns": (_columns(source, same_major), _columns(image, same_major)),
        "foreign keys": (_foreign_keys(source), _foreign_keys(image)),
        "unique indexes": (_unique_indexes(source, same_major), _unique_indexes(image, same_major)),
        "sequences": (_sequences(source), _sequences(image)),
        "views": (_names(source.views), _names(image.views)),
        "materialized views": (_names(source.materialized_views), _names(image.materialized_views)),
        "extensions": (_names(name for name, _ in source.extensions), _names(name for name, _ in image.extensions)),
        "definitions": (_texts(source, plan, same_major), _texts(image, plan, same_major, stands_in)),
    }
    if source_definitions is not None and image_definitions is not None:
        aspects["all definitions"] = (
            _definitions(source_definitions, same_major, stands_in),
            _definitions(image_definitions, same_major, stands_in),
        )
    compared = [
        Aspect(name, len(before), len(after), _differences(name, before, after))
        for name, (before, after) in aspects.items()
    ]
    looks: dict[str, tuple[int, list[Finding]]] = {
        "owners and grants": (1, _foreign_rights(reader)),
        "nothing that reaches outside": (1, _reaching_out(reader)),
        "indexes valid": (len(image.unique_indexes), _invalid_indexes(reader)),
        "views selectable": (len(image.views), _broken_views(reader, image)),
        "materialized views populated": (len(image.materialized_views), _unpopulated(reader)),
        "sequences ahead of data": (len(image.sequences), _late_sequences(reader, source, image, plan)),
    }
    return compared + [Aspect(name, count, count, found) for name, (count, found) in looks.items()]


def _differences(aspect: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Finding]:
    found = [Finding("schema", name, f"{aspect}: missing", 1) for name in before if name not in after]
    found += [Finding("schema", name, f"{aspect}: not in the source", 1) for name in after if name not in before]
    found += [
        Finding("schema", name, f"{aspect}: different", 1)
        for name in before
        if name in after and before[name] != after[name]
    ]
    return found


def _names(names: Iterable[Any]) -> dict[str, bool]:
    return {str(name): True for name in names}


def _tables(catalog: Catalog) -> dict[str, Any]:
    return {
        str(table.name): (table.kind, table.parent, table.is_partition, table.partition_columns)
        for table in catalog.tables
        if table.kind != "f"  # foreign tables are never restored
    }


def _columns(catalog: Catalog, same_major: bool) -> dict[str, Any]:
    """By order, not by attnum: dropped columns leave gaps that no restore repeats.

    From Postgres 17 on partitions take over the identity of their root; in older sources they have none.
    """
    return {
        f"{table.name}.{column.name}": (
            order,
            column.type,
            column.not_null,
            column.generated,
            column.identity if same_major or not table.is_partition else "",
        )
        for table in catalog.tables
        if table.kind != "f"
        for order, column in enumerate(table.columns)
    }


def _foreign_keys(catalog: Catalog) -> dict[str, Any]:
    return {
        f"{key.table}.{key.name}": (key.columns, key.referenced_table, key.referenced_columns, key.validated)
        for key in catalog.foreign_keys
    }


def _unique_indexes(catalog: Catalog, with_texts: bool) -> dict[str, Any]:
    return {
        f"{index.table}.{index.name}": (
            index.columns,
            index.primary,
            index.exclusion,
            (index.expressions, index.predicate) if with_texts else len(index.expressions),
        )
        for index in catalog.unique_indexes
    }


def _sequences(catalog: Catalog) -> dict[str, Any]:
    return {
        str(sequence.name): (sequence.increment, sequence.owner_table, sequence.owner_column)
        for sequence in catalog.sequences
    }


@dataclass(frozen=True)
class _StandsIn:
    """Objects of the image that stand in for foreign tables, whose definitions the source has under another kind."""

    source_definitions: Mapping[tuple[str, str], str] | None

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(name for kind, name in self.source_definitions or () if kind == "stand_in")

    def for_(self, object_: str) -> bool:
        """Whether an object is such a table, or a column or constraint of one."""
        return object_ in self._names or any(object_.startswith(f"{name}.") for name in self._names)


def without_stand_ins(source: Catalog, image: Catalog) -> Catalog:
    """The image's catalog without the empty tables that stand in for foreign ones."""
    foreign = set(source.foreign_tables)
    return replace(image, tables=tuple(table for table in image.tables if table.name not in foreign))


def _texts(catalog: Catalog, plan: MaskingPlan, with_texts: bool, stands_in: _StandsIn | None = None) -> dict[str, Any]:
    """Catalog texts by kind and object; across major versions Postgres prints them differently."""
    found: dict[str, list[str]] = {}
    for text in catalog.texts:
        if text.kind == "comment_not_restored" or (stands_in is not None and stands_in.for_(text.object)):
            continue
        if text.kind != "comment":
            found.setdefault(f"{text.kind} {text.object}", []).append(text.text if with_texts else "")
        elif plan.objects.comments == "keep" and not text.object.startswith("database "):
            found.setdefault(f"comment on {text.object}", []).append(text.text)
    return {name: sorted(texts) for name, texts in found.items()}


def _definitions(definitions: Mapping[tuple[str, str], str], with_texts: bool, stands_in: _StandsIn) -> dict[str, str]:
    """Texts by object; across major versions, which print them differently, only whether it is proven, or valid."""
    endings = ("NOT VALID", " invalid")
    return {
        f"{kind} {name}": text if with_texts else next((each for each in endings if text.endswith(each)), "")
        for (kind, name), text in definitions.items()
        if kind != "policy_for_roles" and not stands_in.for_(name)
    }


def _foreign_rights(reader: ImageReader) -> list[Finding]:
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


def _reaching_out(reader: ImageReader) -> list[Finding]:
    """Foreign servers, user mappings, publications, subscriptions: they hold addresses and passwords."""
    with reader.connect() as conn:
        rows = conn.execute(load_queries("testdata_assets.validation")["reaching_out"]).fetchall()
    return [Finding("schema", str(name), kind, 1) for kind, name in rows]


def _invalid_indexes(reader: ImageReader) -> list[Finding]:
    with reader.connect() as conn:
        rows = conn.execute(load_queries("testdata_assets.validation")["invalid_indexes"]).fetchall()
    return [Finding("schema", str(TableName(schema, name)), "invalid index", 1) for schema, name in rows]


def _unpopulated(reader: ImageReader) -> list[Finding]:
    with reader.connect() as conn:
        rows = conn.execute(load_queries("testdata_assets.validation")["unpopulated"]).fetchall()
    return [
        Finding("schema", str(TableName(schema, name)), "materialized view not populated", 1) for schema, name in rows
    ]


def _broken_views(reader: ImageReader, image: Catalog) -> list[Finding]:
    """Plans a query on every view: what it is made of must exist and fit."""
    found = []
    with reader.connect() as conn:
        conn.execute("SET search_path = public")  # bodies of inlined functions may count on it
        for name in image.views:
            try:
                conn.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(_table_identifier(name)))
            except psycopg.Error as error:
                kind = f"view not selectable (SQLSTATE {error.sqlstate or 'unknown'})"
                found.append(Finding("schema", str(name), kind, 1))
    return found


def _late_sequences(reader: ImageReader, source: Catalog, image: Catalog, plan: MaskingPlan) -> list[Finding]:
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
            if not as_in_source and _is_late(conn, sequence, table, column):
                late.append(sequence.name)
    return [Finding("schema", str(name), "sequence behind its column", 1) for name in dict.fromkeys(late)]


def _is_late(conn: psycopg.Connection[Any], sequence: Sequence, table: TableName, column: str) -> bool:
    aggregate: Callable[[sql.Composable], sql.Composed] = (
        sql.SQL("max({})").format if sequence.increment > 0 else sql.SQL("min({})").format
    )
    query = sql.SQL("SELECT {} FROM {}").format(aggregate(sql.Identifier(column)), _table_identifier(table))
    row = conn.execute(query).fetchone()
    if row is None or row[0] is None:
        return False
    following = sequence.last_value + (sequence.increment if sequence.is_called else 0)
    return bool(following <= row[0]) if sequence.increment > 0 else bool(following >= row[0])
