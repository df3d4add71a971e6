"""A handful of rows of one table, spread over it, as COPY lines: for looking at, not for statistics.

Read under the source's guards, in its open transaction; what is read stays in memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import psycopg
from psycopg import sql

from testdata_assets.errors import EnvironmentLack
from testdata_assets.production.catalog import Table
from testdata_assets.production.source import OpenSource

_SMALL_PAGES = 64  # tables up to this size (512 kB) are read whole by the server
_SECONDS = 30
_MOST_BYTES = 8 << 20
# Statistics and vacuuming change plans between two looks; rows in the order they lie in are the same ones.
_SAME_ROWS = (
    "SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off;"
    "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL synchronize_seqscans = off"
)
_TID_RANGE_SCANS = 140_000  # from this version on a range of ctids is read without reading the rest


def few_rows(source: OpenSource, table: Table, rows: int) -> bytes:
    """Reads a few rows as COPY writes them, generated columns left out.

    Args:
        source: Held open.
        table: A table that stores rows and has at least one stored column.
        rows: How many are wanted; fewer where the table has fewer, or large gaps.

    Raises:
        EnvironmentLack: The table may not be read, is locked, or did not answer in time.
    """
    if table.pages <= _SMALL_PAGES:
        return _copy(source, table, _spread_over_rows(table, rows))
    if source.catalog.server_version >= _TID_RANGE_SCANS:
        block = _copy(source, table, _spread_over_pages(table, rows))
        if block.count(b"\n") * 2 > rows:
            return block
    return _copy(source, table, _first(table, rows))


def _copy(source: OpenSource, table: Table, query: sql.Composable) -> bytes:
    try:
        with source.conn.transaction(), source.conn.cursor() as cursor:
            cursor.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(f"{_SECONDS}s")))
            cursor.execute(_SAME_ROWS)
            with cursor.copy(sql.SQL("COPY ({}) TO STDOUT").format(query)) as copy:
                return _bounded(bytes(part) for part in copy)
    except psycopg.Error as error:
        if source.conn.closed:
            raise
        reason = error.diag.message_primary if error.sqlstate in _TELLING else type(error).__name__
        raise EnvironmentLack(
            f"Rows of {table.name} cannot be read: {reason}",
            where=str(table.name),
            remedy="Give the source's role the right to read it (BYPASSRLS where it has row-level security), or try "
            "again later; name other tables to go on without it.",
            code="source-unreadable",
        ) from None


def _bounded(lines: Iterator[bytes]) -> bytes:
    """The lines up to a bound in memory, at least one; the others are read and dropped."""
    kept: list[bytes] = []
    size = 0
    for line in lines:
        if not kept or size + len(line) <= _MOST_BYTES:
            kept.append(line)
            size += len(line)
    return b"".join(kept)


# Insufficient privilege, lock not available, query canceled: messages without values.
_TELLING = frozenset({"42501", "55P03", "57014"})


def _names(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in table.stored_columns)


def _from(table: Table) -> sql.Composed:
    return sql.SQL("ONLY {}").format(sql.Identifier(table.name.schema, table.name.name))


def _first(table: Table, rows: int) -> sql.Composed:
    return sql.SQL("SELECT {} FROM {} LIMIT {}").format(_names(table), _from(table), sql.Literal(rows))


def _spread_over_rows(table: Table, rows: int) -> sql.Composed:
    """Of n rows, numbered from 1, those where floor(number * rows / n) grows: evenly apart."""
    number, count = "testdata number", "testdata count"
    taken = {column.name for column in table.columns}
    while number in taken or count in taken:
        number, count = f"{number}_", f"{count}_"
    return sql.SQL(
        "SELECT {names} FROM (SELECT {names}, row_number() OVER () AS {number}, count(*) OVER () AS {count}"
        " FROM {table}) AS numbered WHERE {number} * {rows} / {count} > ({number} - 1) * {rows} / {count}"
    ).format(
        names=_names(table),
        table=_from(table),
        number=sql.Identifier(number),
        count=sql.Identifier(count),
        rows=sql.Literal(rows),
    )


def _spread_over_pages(table: Table, rows: int) -> sql.Composed:
    """The first row of each of as many ranges of pages."""
    bounds = [part * table.pages // rows for part in range(rows + 1)]
    return sql.SQL(" UNION ALL ").join(
        sql.SQL("(SELECT {} FROM {} WHERE ctid >= {}::tid AND ctid < {}::tid LIMIT 1)").format(
            _names(table), _from(table), sql.Literal(f"({first},0)"), sql.Literal(f"({last},0)")
        )
        for first, last in itertools.pairwise(bounds)
        if last > first
    )
