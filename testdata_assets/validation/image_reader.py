"""Reading an image: slices of tables as COPY blocks, exact counts, evenly spread samples.

psql moves the bytes and polars reads whole blocks; no row is ever a Python object. What to look for in the
blocks is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from testdata_assets.masking import copy_text
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName, quote_identifier
from testdata_assets.postgres.sql_files import load_queries
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.catalog import Column, Table

BLOCK_BYTES = 8 << 20
READ_BYTES = 1 << 20
SLICE_PAGES = 2_048  # 16 MB of heap
SAMPLE_ROWS = 50_000


@dataclass(frozen=True)
class Slice:
    """A range of pages of a stored relation; `last_page` is None for all that follow.

    With `ctid` only the first column is searched, the others are for naming rows, and a last one, `CTID`, is where
    each row is.
    """

    table: TableName
    columns: tuple[Column, ...]
    first_page: int = 0
    last_page: int | None = None
    ctid: bool = False


# No column has this name: Postgres keeps it for itself.
CTID = "ctid"
# Numbers below are no phones and no cards: the server need not print them.
LEAST_NUMBER = 1_000_000
_EXACT_NUMBERS = frozenset({"int4", "int8"})
_DECIMAL_NUMBERS = frozenset({"numeric", "money"})
_FLOATS = frozenset({"float4", "float8"})
_WHOLE = 9.2e18  # floating point numbers below have an integer to be printed as, all digits of it


def _read_as(column: Column) -> str:
    """A column as it is read: of numbers only the long ones, whole ones without point or exponent."""
    name = quote_identifier(column.name)
    if column.base_type in _EXACT_NUMBERS:
        return f"CASE WHEN {name} NOT BETWEEN {1 - LEAST_NUMBER} AND {LEAST_NUMBER - 1} THEN {name} END"
    if column.base_type in _DECIMAL_NUMBERS:
        number = f"{name}::numeric"
        return f"CASE WHEN abs({number}) >= {LEAST_NUMBER} THEN trim_scale({number}) END"
    if column.base_type in _FLOATS:
        whole = f"abs({name}) < {_WHOLE} AND {name} = trunc({name})"
        shown = f"CASE WHEN {whole} THEN {name}::int8::text ELSE {name}::text END"
        return f"CASE WHEN abs({name}) >= {LEAST_NUMBER} THEN {shown} END"
    return name


def slices(table: TableName, columns: Sequence[Column], pages: int) -> list[Slice]:
    """Cuts a stored relation into ranges of `SLICE_PAGES` pages."""
    edges = list(range(0, max(pages, 1), SLICE_PAGES))
    return [
        Slice(table, tuple(columns), start, following)
        for start, following in zip(edges, [*edges[1:], None], strict=True)
    ]


@dataclass(frozen=True)
class Counts:
    """Exact counts of a table."""

    rows: int
    nulls: dict[str, int]


class ImageReader:
    """Reads one image database. Safe to share between threads: every call opens its own connection."""

    def __init__(self, dsn: Dsn, tools: PgTools) -> None:
        self._dsn = dsn
        self._tools = tools

    def connect(self) -> psycopg.Connection[Any]:
        """A connection that reads only, sees every row or fails, and finds nothing by search path."""
        return connect(
            self._dsn,
            role="image",
            options="-c default_transaction_read_only=on -c row_security=off -c search_path=",
        )

    def pages(self) -> dict[TableName, int]:
        """Pages of every stored relation."""
        with self.connect() as conn:
            rows = conn.execute(load_queries("testdata_assets.validation")["relation_pages"]).fetchall()
        return {TableName(schema, name): int(pages) for schema, name, pages in rows}

    def blocks(self, part: Slice) -> Iterator[pl.DataFrame]:
        """Yields the columns of a slice in frames of a few megabytes, as `copy_text.decode` gives them."""
        if part.ctid:
            names = ", ".join(
                [_read_as(part.columns[0]), *(quote_identifier(each.name) for each in part.columns[1:]), CTID]
            )
        else:
            names = ", ".join(_read_as(column) for column in part.columns)
        where = f" WHERE ctid >= '({part.first_page},0)'::tid" if part.first_page else ""
        if part.last_page is not None:
            where += f"{' AND' if where else ' WHERE'} ctid < '({part.last_page},0)'::tid"
        query = f"SELECT {names} FROM ONLY {part.table.sql}{where}"  # noqa: S608  (identifiers are quoted)
        yield from self._frames(query, [*(column.name for column in part.columns), *([CTID] if part.ctid else [])])

    def query(self, query: str, names: list[str]) -> Iterator[pl.DataFrame]:
        """Yields the rows of a query of our own, which holds no value, as `copy_text.decode` gives them."""
        yield from self._frames(query, names)

    def sample(self, table: Table, rows: int, target: int = SAMPLE_ROWS) -> Iterator[pl.DataFrame]:
        """Yields about `target` rows of all stored columns, each row drawn independently of its neighbours.

        Args:
            table: A storing table of the image.
            rows: How many rows it has.
            target: How many to draw; a smaller table is read whole.
        """
        columns = table.stored_columns
        if not columns or not rows:
            return
        share = 100.0 * target / rows
        method = f" TABLESAMPLE BERNOULLI ({share:.6f}) REPEATABLE (1)" if share < 100 else ""
        names = ", ".join(quote_identifier(column.name) for column in columns)
        query = f"SELECT {names} FROM ONLY {table.name.sql}{method}"  # noqa: S608  (identifiers are quoted)
        yield from self._frames(query, [column.name for column in columns])

    def counts(self, conn: psycopg.Connection[Any], table: Table) -> Counts:
        """Counts rows and NULLs exactly; columns that cannot hold NULL are not looked at."""
        nullable = [column.name for column in table.stored_columns if not column.not_null]
        fields = [sql.SQL("count({})").format(sql.Identifier(name)) for name in nullable]
        query = sql.SQL("SELECT {} FROM ONLY {}").format(
            sql.SQL(", ").join([sql.SQL("count(*)"), *fields]),
            sql.Identifier(table.name.schema, table.name.name),
        )
        row = conn.execute(query).fetchone() or (0,) * (len(nullable) + 1)
        nulls = {column.name: 0 for column in table.stored_columns}
        nulls.update({name: int(row[0]) - int(present) for name, present in zip(nullable, row[1:], strict=True)})
        return Counts(int(row[0]), nulls)

    def materialized_views(self, conn: psycopg.Connection[Any]) -> list[tuple[TableName, tuple[Column, ...]]]:
        """Materialized views with their columns: they store rows too."""
        found = conn.execute(load_queries("testdata_assets.validation")["materialized_views"]).fetchall()
        columns: dict[int, list[Column]] = {oid: [] for oid, _, _ in found}
        query = load_queries("testdata_assets.production")["columns"]
        with conn.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            for row in cursor.execute(query, {"oids": list(columns)}):
                columns[row.pop("table_oid")].append(Column(**row))
        return [(TableName(schema, name), tuple(columns[oid])) for oid, schema, name in found]

    def _frames(self, query: str, names: list[str]) -> Iterator[pl.DataFrame]:
        arguments = [
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--command=SET row_security = off",
            "--command=SET search_path = ''",
            f"--command=COPY ({query}) TO STDOUT",
        ]
        held = bytearray()
        with self._tools.stream("psql", self._dsn, arguments) as pipe:
            while chunk := pipe.read(READ_BYTES):
                held += chunk
                if len(held) >= BLOCK_BYTES:
                    end = held.rfind(b"\n") + 1
                    if end:
                        yield copy_text.decode(_taken(held, end), names)
        if held:
            yield copy_text.decode(_taken(held, len(held)), names)


def _taken(held: bytearray, end: int) -> bytes:
    """The first bytes, which are held no longer: a long row would else be in memory twice while it is looked at."""
    with memoryview(held) as view:
        taken = bytes(view[:end])
    del held[:end]
    return taken
