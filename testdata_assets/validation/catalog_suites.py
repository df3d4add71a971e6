"""Suites built from the source's catalog, which Great Expectations runs over SQL on the image itself.

Each is one query over the whole image, with a row for each table, column or unique key: a suite for each table would
cost a quarter of a second and a page of Data Docs. Only counting takes several where there are many tables, as a
statement locks all that it reads. The rows hold names and counts. Every table is read once more, by another reader
than ours; where an expectation is not met, a few times, to tell which rows. What the server proves by a constraint
that is in force is not counted, but that the constraint is. Queries are made here, `expectations.py` runs them, and
each expectation counts into the check that looks at the same thing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from psycopg import sql

from testdata_assets.masking.plan import MaskingPlan
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.sql_files import load_queries
from testdata_assets.production.catalog import Catalog, Column, Table, UniqueIndex
from testdata_assets.production.leaves import batches
from testdata_assets.validation.expectations import Outcome, SqlExpected, SqlSuite, SuiteResult
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.measures import count_finding
from testdata_assets.validation.report import Finding
from testdata_assets.validation.row_counts import WantedRows, wanted_rows
from testdata_assets.validation.rules import CheckName
from testdata_assets.validation.suites import Measured, Row

ROWS, COLUMNS, KEYS = "catalog_rows", "catalog_columns", "catalog_keys"
EVERYTHING = "everything looked at"
CATALOG = "catalog suites"  # the finding's table where no table is to blame
NULLS = "NULLs where production has none"
DUPLICATES = "duplicate keys"

MOST_LEAVES = 300
"""Tables counted in one statement. It locks them with all their indexes; a stock server has room for 8,700 locks."""

_Cells = Mapping[str, Any]
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)  # Great Expectations wants SELECT to be the first word


@dataclass(frozen=True)
class _Held:
    """One expectation of a suite of ours: the check it counts into, and what a row that is not as expected means."""

    check: CheckName
    expected: SqlExpected
    finding: Callable[[_Cells], Finding]


def _zero(id_: str, column: str, notes: str) -> SqlExpected:
    return SqlExpected(id_, "expect_column_values_to_be_in_set", {"column": column, "value_set": [0]}, notes)


def _empty(id_: str, column: str, notes: str) -> SqlExpected:
    return SqlExpected(id_, "expect_column_values_to_be_in_set", {"column": column, "value_set": [""]}, notes)


def _of_schema(row: _Cells, name: str, kind: str) -> Finding:
    """As the comparison of both schemas calls it, so that what both find is told and accepted once."""
    return Finding("schema", f"{row['table_name']}.{row[name]}", kind, 1)


_HELD: dict[str, tuple[_Held, ...]] = {
    ROWS: (
        _Held(
            "row_counts",
            _zero("rows", "difference", "Every table has as many rows as the snapshot; emptied tables none."),
            lambda row: count_finding(row["table_name"], int(row["expected_rows"]), int(row["counted_rows"])),
        ),
        _Held(
            "schema_matches",
            _zero("not null", "nulls", "No column is NULL in any row if the source has it NOT NULL."),
            lambda row: Finding(row["table_name"], row["null_columns"], NULLS, int(row["nulls"])),
        ),
    ),
    COLUMNS: (
        _Held(
            "schema_matches",
            _empty("columns", "difference", "Every column is there, in its place, and of the source's type."),
            lambda row: _of_schema(row, "column_name", f"columns: {row['difference']}"),
        ),
        _Held(
            "schema_matches",
            _zero("enum labels", "other_labels", "Columns of enumerations have the source's labels in their order."),
            lambda row: _of_schema(row, "column_name", "enum labels: different"),
        ),
    ),
    KEYS: (
        _Held(
            "schema_matches",
            _empty("keys in force", "difference", "Every primary key, unique and exclusion constraint is in force."),
            lambda row: _of_schema(row, "key_name", f"unique indexes: {row['difference']}"),
        ),
        _Held(
            "referential_integrity",
            _zero("no duplicates", "duplicates", "No key that should be unique is there twice."),
            lambda row: Finding(row["table_name"], row["key_name"], DUPLICATES, int(row["duplicates"])),
        ),
    ),
}  # fmt: skip
_SHOWN = {
    ROWS: ("table_name", "expected_rows", "counted_rows", "nulls", "null_columns"),
    COLUMNS: ("table_name", "column_name", "difference"),
    KEYS: ("table_name", "key_name", "difference", "duplicates"),
}
_PART = re.compile(r"_\d+\Z")
_WHOLE: dict[str, CheckName] = {ROWS: "row_counts", COLUMNS: "schema_matches", KEYS: "schema_matches"}


def catalog_suites(
    reader: ImageReader,
    catalog: Catalog,
    image: Catalog,
    plan: MaskingPlan,
    source_counts: Mapping[TableName, int],
    image_counts: Mapping[TableName, int],
) -> list[SqlSuite]:
    """The suites of one image; a source without tables or keys has fewer.

    Args:
        reader: Of the image.
        catalog: The source's catalog, of the snapshot.
        image: The image's, which tells what can be counted.
        plan: What was to become of each table.
        source_counts: Rows of each storing table in the snapshot.
        image_counts: Rows of each storing table of the image, as `row_counts` counted them. Partitions between which
            rows move are held to these where they are too many for one statement; `row_counts` has their sum.
    """
    with reader.connect() as conn:
        unproven = {
            (TableName(schema, table), column)
            for schema, table, column in conn.execute(load_queries("testdata_assets.validation")["unproven_not_null"])
        }
    wanted = wanted_rows(plan, source_counts, (table.name for table in image.storing_tables))
    owned = Counter(each.owner for each in wanted.values())
    before, here = ({table.name: table for table in each.tables} for each in (catalog, image))
    leaves: dict[TableName, list[sql.Composed]] = {}
    for name, each in wanted.items():
        if owned[each.owner] > MOST_LEAVES:  # too many for one statement: each must be as it was counted before
            each = replace(each, rows=image_counts.get(name))
        leaves.setdefault(each.owner, []).append(_counted(name, each, before.get(name), here.get(name), unproven))
    tables = [table for table in catalog.tables if table.kind != "f"]
    columns = sum(len(table.columns) for table in tables)
    keys = [each for each in catalog.unique_indexes if each.table in before and before[each.table].kind != "f"]
    suites = []
    for number, part in enumerate(_parts(list(leaves.values())), 1):
        query = _query(ROWS, leaves=sql.SQL(" UNION ALL ").join(leaf for owned in part for leaf in owned))
        suites.append(_suite(ROWS if number == 1 else f"{ROWS}_{number}", len(part), query))
    if columns:
        query = _query(COLUMNS, expected=_json([_columns(table) for table in tables]))
        suites.append(_suite(COLUMNS, columns, query))
    if keys:
        suites.append(_suite(KEYS, len(keys), _keys_query(keys, image)))
    return suites


def _parts(owners: Iterable[list[sql.Composed]]) -> Iterator[list[list[sql.Composed]]]:
    """Owners' leaves for one statement each. Those of one owner stay together where only their sum is known."""
    part: list[list[sql.Composed]] = []
    for owned in chain.from_iterable(batches(each, MOST_LEAVES) for each in owners):
        if part and sum(map(len, part)) + len(owned) > MOST_LEAVES:
            yield part
            part = []
        part.append(owned)
    if part:
        yield part


def _kind(suite: str) -> str:
    """`catalog_rows` of `catalog_rows_2`."""
    return _PART.sub("", suite)


def _suite(name: str, least: int, query: str) -> SqlSuite:
    everything = SqlExpected(
        EVERYTHING,
        "expect_table_row_count_to_be_between",
        {"min_value": least},
        "Nothing that the source's catalog has is left out.",
    )
    kind = _kind(name)
    return SqlSuite(name, (everything, *(each.expected for each in _HELD[kind])), query=query, shown=_SHOWN[kind])


def _query(name: str, **parts: sql.Composable) -> str:
    block = load_queries("testdata_assets.validation")[name]
    return sql.SQL(_COMMENT.sub("", block)).format(**parts).as_string()


def _json(things: Sequence[Any]) -> sql.SQL:
    return _literal(json.dumps(things, ensure_ascii=False, separators=(",", ":")))


def _literal(text: str) -> sql.SQL:
    return _quoted(text, "'")


def _identifier(*names: str) -> sql.Composed:
    return sql.SQL(".").join(_quoted(name, '"') for name in names)


def _quoted(text: str, quote: str) -> sql.SQL:
    """Without what SQLAlchemy would take for a parameter, or double, also inside quotes: colons and per cent signs."""
    inside = text.replace("\\", "\\\\").replace(":", "\\003A").replace("%", "\\0025").replace(quote, quote * 2)
    return sql.SQL(f"U&{quote}{inside}{quote}")


def _counted(
    name: TableName,
    wanted: WantedRows,
    source: Table | None,
    here: Table | None,
    unproven: set[tuple[TableName, str]],
) -> sql.Composed:
    """One storing table: what it should have, and an array of its rows and of the NULLs in columns that take none.

    The server does not even look for NULLs where the image's column takes none.
    """
    figures: list[sql.Composable] = [sql.SQL("count(*)")]
    checked: list[str] = []
    if source is not None and here is not None:
        there = {column.name for column in here.columns}
        checked = [
            column.name
            for column in source.columns
            if column.not_null and column.name in there and (name, column.name) not in unproven
        ]
        figures += [sql.SQL("count(*) FILTER (WHERE {} IS NULL)").format(_identifier(column)) for column in checked]
    counting: sql.Composable = sql.SQL("ARRAY[CAST(-1 AS bigint)]")
    if here is not None:
        counting = sql.SQL("(SELECT ARRAY[{}] FROM ONLY {})").format(
            sql.SQL(", ").join(figures), _identifier(name.schema, name.name)
        )
    # With an offset the planner counts once, however often the figures are used, and not at all where they are not.
    return sql.SQL(
        "(SELECT {} AS table_name, CAST({} AS bigint) AS expected, {} AS figures,"
        " CAST(ARRAY[{}] AS text[]) AS names OFFSET 0)"
    ).format(
        _literal(str(wanted.owner)),
        sql.Literal(-1 if wanted.rows is None else wanted.rows),
        counting,
        sql.SQL(", ").join(_literal(column) for column in checked),
    )


def _columns(table: Table) -> list[Any]:
    """A table as `catalog_columns` takes it."""
    columns = [
        [column.name, column.type, int(column.not_null), int(column.generated), _digest(column)]
        for column in table.columns
    ]
    return [*_names(table.name), columns]


def _names(table: TableName) -> tuple[str, str, str]:
    return table.schema, table.name, str(table)


def _digest(column: Column) -> str | None:
    """Of an enumeration's labels: they may be anybody's, and a query is no place for them."""
    return hashlib.sha256("\x01".join(column.labels).encode()).hexdigest() if column.labels else None


def _keys_query(keys: Sequence[UniqueIndex], image: Catalog) -> str:
    expected = [[*_names(key.table), key.name, key.columns] for key in keys]
    in_force = {(key.table, key.name, key.columns) for key in image.unique_indexes}
    counted = [
        sql.SQL("WHEN {} THEN {}").format(sql.Literal(number), _duplicates(key, table))
        for number, key in enumerate(keys, 1)
        if (key.table, key.name, key.columns) not in in_force and (table := _countable(key, image)) is not None
    ]
    duplicates = sql.SQL("CASE e.number {} ELSE 0 END").format(sql.SQL(" ").join(counted)) if counted else sql.SQL("0")
    return _query(KEYS, expected=_json(expected), duplicates=duplicates)


def _countable(key: UniqueIndex, image: Catalog) -> Table | None:
    """The image's table, where rows that a key forbids can be counted by its columns."""
    table = image.table(key.table)
    plain = bool(key.columns) and not (key.expressions or key.predicate or key.exclusion)
    return table if plain and table is not None and all(table.column(name) for name in key.columns) else None


def _duplicates(key: UniqueIndex, table: Table) -> sql.Composed:
    """Rows beyond the first of each key; those with a NULL in it collide with none unless the key says so."""
    columns = [_identifier(name) for name in key.columns]
    present = sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(column) for column in columns)
    return sql.SQL(
        "(SELECT coalesce(sum(n - 1), 0) FROM"
        " (SELECT count(*) AS n FROM {} WHERE {} GROUP BY {} HAVING count(*) > 1) AS twice)"
    ).format(
        sql.SQL("{}" if table.kind == "p" else "ONLY {}").format(_identifier(key.table.schema, key.table.name)),
        sql.SQL("true") if key.nulls_collide else present,
        sql.SQL(", ").join(columns),
    )


def joined_to(measured: Measured, results: Mapping[str, SuiteResult]) -> Measured:
    """A check with the expectations that count into it: one further row each, and findings where they are not met.

    What the check found itself is the same finding: it is told, and accepted, once.
    """
    rows: list[Row] = []
    told: list[dict[str, Any]] = []
    for suite, check, id_, finding in _expectations(results):
        if check != measured.name:
            continue
        outcome = results[suite].outcomes[id_]
        rows.append(Row(_cells(measured.name, f"{suite}: {id_}", outcome), _findings(suite, outcome, finding)))
        told.append({"suite": suite, "id": id_, "success": outcome.success, "unexpected": outcome.unexpected})
    return replace(
        measured,
        rows=[*measured.rows, *rows],
        details={**measured.details, "catalog_suites": told},
    )


def _expectations(suites: Iterable[str]) -> Iterator[tuple[str, CheckName, str, Callable[[_Cells], Finding] | None]]:
    for suite in suites:
        yield suite, _WHOLE[_kind(suite)], EVERYTHING, None
        for each in _HELD[_kind(suite)]:
            yield suite, each.check, each.expected.id, each.finding


def _findings(suite: str, outcome: Outcome, finding: Callable[[_Cells], Finding] | None) -> list[Finding]:
    if outcome.success:
        return []
    found = [finding(row) for row in outcome.rows] if finding is not None else []
    if outcome.error or len(found) < max(outcome.unexpected, 1):
        kind = f"catalog suite: {outcome.error or 'not met'}"
        found.append(Finding(CATALOG, f"{suite}: {outcome.id}", kind, max(outcome.unexpected - len(found), 1)))
    return found


def _cells(check: CheckName, name: str, outcome: Outcome) -> dict[str, Any]:
    """An expectation as the check's frame wants it: as expected, or off by the rows that are not."""
    wrong = 0 if outcome.success else max(outcome.unexpected, 1)
    return {
        "row_counts": {"table": name, "source_rows": 0, "image_rows": wrong},
        "referential_integrity": {"table": name, "constraint": name, "orphans": wrong, "state": "as in the source"},
        "schema_matches": {"aspect": name, "source": 0, "image": wrong},
    }[check]
