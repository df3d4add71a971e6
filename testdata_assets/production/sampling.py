"""Small samples of a source's columns for discovery: read-only, bounded in rows, bytes and time, in memory only.

Each table is read once, by `TABLESAMPLE SYSTEM` where it is large and from its first pages where it is small;
columns found empty or nearly so there are asked for once more by themselves. Some rows are kept whole for as long as
columns are held against each other. Statements run in savepoints under a time-out
of their own, so that a slow table costs its sample and nothing else. Where values of two columns are the same
is told by sketches: the smallest seeded hashes of each column's values, computed by the source.

The raw values never leave the objects made here: their `repr` shows counts only.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table
from testdata_assets.production.source import OpenSource

DISTINCT = 400  # distinct values wanted of a column
_ROWS_EACH = 5  # rows read for one wanted value, so that repeats can be told
_SMALL_PAGES = 512  # tables up to this size (4 MB) are read from their first pages
_LEAVES = 6  # partitions looked at
_CHARACTERS = 2000  # of one value
_DOCUMENT = 32_000  # characters of a JSON document, which cannot be cut
_WIDTH = 200  # columns of one statement
_STATEMENT_SECONDS = 8.0
_SPARSE = 4  # a column is asked for again where the sample found fewer than a quarter of the values wanted
_ASKED_AGAIN_SECONDS = 2.0
_MOST_FAILURES = 3
_KEPT_ROWS = 400  # of a table (and of each column asked for again) that are kept whole
_KEPT_CHARACTERS = 400
_SKETCH_ROWS = 200_000
_SKETCH = 512
_WHOLE = frozenset({"json", "jsonb", "hstore", "xml"})
_PARTED = frozenset("AC")  # arrays and composites cannot be cut either
_SHORT = frozenset({"bytea", "tsvector"})
_SHORT_CHARACTERS = 64

ColumnKey = tuple[TableName, str]


@dataclass(frozen=True)
class ColumnSample:
    """What was seen of one column.

    Attributes:
        values: Distinct values as text, in the order seen; long ones cut. Never printed.
        rows: Rows looked at.
        nulls: NULLs among them.
        longest: Characters of the longest value seen (as cut).
    """

    values: tuple[str, ...] = field(default=(), repr=False)
    rows: int = 0
    nulls: int = 0

    @property
    def filled(self) -> int:
        """Rows with a value."""
        return self.rows - self.nulls

    @property
    def longest(self) -> int:
        return max(map(len, self.values), default=0)


@dataclass(frozen=True)
class RowSample:
    """Whole rows of one table, as text.

    Attributes:
        columns: Their columns.
        rows: As they stood, longer values cut.
        with_value: More rows for columns that hold few values: rows that hold one.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str | None, ...]] = field(default_factory=list, repr=False)
    with_value: dict[str, list[tuple[str | None, ...]]] = field(default_factory=dict, repr=False)

    def pairs(self, one: str, other: str) -> list[tuple[str, str]]:
        """The values of two columns where a row has both."""
        first, second = self.columns.index(one), self.columns.index(other)
        rows = self.with_value.get(one, self.rows)
        return [(mine, theirs) for row in rows if (mine := row[first]) and (theirs := row[second])]


@dataclass(frozen=True)
class Sketch:
    """The smallest hashes of a column's distinct values; `whole` where these are all of them."""

    hashes: frozenset[int] = field(repr=False)
    whole: bool

    @property
    def bound(self) -> int:
        """Hashes up to here are known completely."""
        return (1 << 63) - 1 if self.whole else max(self.hashes)

    def shared(self, other: Sketch) -> tuple[int, float]:
        """How many values both hold as far as both are known, and their share in the smaller one."""
        bound = min(self.bound, other.bound)
        mine = {each for each in self.hashes if each <= bound}
        theirs = {each for each in other.hashes if each <= bound}
        smaller = min(len(mine), len(theirs))
        both = len(mine & theirs)
        return both, both / smaller if smaller else 0.0


class Sampler:
    """Samples one open source, until its time is up."""

    def __init__(self, source: OpenSource, *, distinct: int = DISTINCT, seconds: float = 300.0) -> None:
        self._source = source
        self._distinct = distinct
        self._deadline = time.monotonic() + seconds
        self._seed = secrets.randbits(62)
        self.skipped: list[TableName] = []
        self.rows: dict[TableName, list[RowSample]] = {}
        self._ready()

    @property
    def seconds_left(self) -> float:
        return self._deadline - time.monotonic()

    def sample(self, tables: Iterable[Table]) -> dict[ColumnKey, ColumnSample]:
        """Samples all stored columns of tables that hold rows by themselves or in partitions.

        Some of their rows are in `rows` afterwards, by groups of columns where a table is very wide.

        Args:
            tables: Roots: partitioned tables are sampled through some of their partitions.

        Returns:
            Samples by table and column; tables that could not be read in time are in `skipped` and have none.
        """
        found: dict[ColumnKey, ColumnSample] = {}
        for table in tables:
            columns = table.stored_columns
            leaves = self._leaves(table)
            if not columns or not leaves:
                continue
            if self.seconds_left <= 0:
                self.skipped.append(table.name)
                continue
            for start in range(0, len(columns), _WIDTH):
                part = columns[start : start + _WIDTH]
                kept = RowSample(tuple(column.name for column in part))
                samples = self._sample_table(leaves, part, kept)
                if samples is None:
                    self.skipped.append(table.name)
                    break
                self.rows.setdefault(table.name, []).append(kept)
                found.update({(table.name, column.name): sample for column, sample in zip(part, samples, strict=True)})
        return found

    def more(self, table: Table, column: Column, most: int) -> list[str]:
        """Up to so many distinct values of a column, whatever the sample's size; few where its time ran out."""
        found: dict[str, None] = {}
        for leaf in self._leaves(table):
            if self.seconds_left > 0 and len(found) < most:
                with self._guarded() as cursor:
                    cursor.execute(_distinct_query(leaf, column, most))
                    found.update(dict.fromkeys(row[0] for row in cursor.fetchall()))
        return list(found)

    def sketches(self, wanted: Mapping[TableName, tuple[Table, Sequence[Column]]]) -> dict[ColumnKey, Sketch]:
        """Sketches of columns, for telling which hold the same values; case, blanks and hyphens do not count.

        Columns whose table takes too long have none.
        """
        found: dict[ColumnKey, Sketch] = {}
        for name, (table, columns) in wanted.items():
            # A parent that others inherit from often has no rows of its own.
            largest = max(self._leaves(table), key=lambda leaf: leaf.pages, default=None)
            for column in columns:
                if self.seconds_left <= 0 or largest is None:
                    break
                with self._guarded() as cursor:
                    cursor.execute(_sketch_query(largest, column), (self._seed,))
                    hashes = [row[0] for row in cursor.fetchall()]
                    if hashes:
                        whole = len(hashes) < _SKETCH and largest.estimated_rows <= _SKETCH_ROWS
                        found[name, column.name] = Sketch(frozenset(hashes), whole)
        return found

    def _leaves(self, table: Table) -> list[Table]:
        """The tables whose rows are read: a table itself, or a spread of its partitions or children."""
        if table.rule_table != table.name or table.kind not in ("r", "p"):
            return [table] if table.kind == "r" else []
        every = self._source.catalog.leaves_of(table.name)
        leaves = [leaf for leaf in every if leaf.pages] or list(every[:1])
        step = max(len(leaves) // _LEAVES, 1)
        return leaves[::step][:_LEAVES]

    def _sample_table(
        self, leaves: Sequence[Table], columns: Sequence[Column], kept: RowSample
    ) -> list[ColumnSample] | None:
        wanted = max(self._distinct * _ROWS_EACH // len(leaves), 1)
        counts = [[0, 0] for _ in columns]  # rows, nulls
        values: list[dict[str, None]] = [{} for _ in columns]
        read = False
        for leaf in leaves:
            for sampled in (True, False) if leaf.pages > _SMALL_PAGES else (False,):
                rows: list[tuple[str | None, ...]] = []
                done = False
                with self._guarded() as cursor:
                    cursor.execute(_sample_query(leaf, columns, wanted, sampled=sampled))
                    rows, done = cursor.fetchall(), True
                read = read or done
                if rows or not sampled:
                    break
            whole = not sampled and len(rows) < wanted
            for row in rows:
                for place, value in enumerate(row):
                    counts[place][0] += 1
                    if value is None:
                        counts[place][1] += 1
                    elif len(values[place]) < self._distinct:
                        values[place][value] = None
            kept.rows.extend(_cut(row) for row in rows[: _KEPT_ROWS // len(leaves) or 1])
            if rows and not whole:
                self._fill(leaf, columns, values, counts, kept)
        if not read:
            return None
        return [ColumnSample(tuple(seen), rows, nulls) for seen, (rows, nulls) in zip(values, counts, strict=True)]

    def _fill(
        self,
        leaf: Table,
        columns: Sequence[Column],
        values: list[dict[str, None]],
        counts: list[list[int]],
        kept: RowSample,
    ) -> None:
        """Asks once more for columns that looked empty or nearly so, where the sample did not see every row.

        A few dozen values say little: whether they repeat, and what they quote, shows in some hundreds.
        """
        if leaf.pages <= 1:
            return
        failed = 0
        for place, column in enumerate(columns):
            rows, nulls = counts[place]
            sparse = 2 * nulls > rows and len(values[place]) * _SPARSE < self._distinct
            if not sparse or column.not_null or self.seconds_left <= 0:
                continue
            if failed >= _MOST_FAILURES:
                return  # a large table: each further column would cost its time-out, and other tables their sample
            failed += 1
            with self._guarded(_ASKED_AGAIN_SECONDS) as cursor:
                cursor.execute(_filled_query(leaf, columns, column, self._distinct * 2))
                found = [row for row in cursor.fetchall() if row[place] is not None]
                failed -= 1
                if len(found) <= rows - nulls:
                    continue
                counts[place][0] = nulls + len(found)
                for row in found:
                    if len(values[place]) < self._distinct:
                        values[place][row[place]] = None
                kept.with_value.setdefault(column.name, []).extend(_cut(row) for row in found[:_KEPT_ROWS])

    def _ready(self) -> None:
        with self._source.conn.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            row = cursor.fetchone()
        self._timeout = row[0] if row else "0"

    @property
    def lost(self) -> bool:
        """Whether the connection is gone."""
        return self._source.conn.closed

    @contextmanager
    def limited(self, seconds: float) -> Iterator[psycopg.Cursor[Any]]:
        """A statement within a savepoint that may take so long; whatever it raises leaves the transaction usable."""
        with self._source.conn.transaction(), self._source.conn.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)",
                (f"{int(seconds * 1000)}ms", "2s"),
            )
            yield cursor
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", (self._timeout,))

    @contextmanager
    def _guarded(self, seconds: float = _STATEMENT_SECONDS) -> Iterator[psycopg.Cursor[Any]]:
        """A statement that may fail by itself: for its time-out, a lock, or a type without a text form."""
        try:
            with self.limited(max(min(seconds, self.seconds_left), 0.1)) as cursor:
                yield cursor
        except psycopg.errors.OperationalError as error:
            # Cancelled by its time-out or a lock: the table stays unsampled. A lost connection is not ours to hide.
            if self.lost or not isinstance(error, (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)):
                raise
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.DataError, psycopg.errors.InternalError):
            # Row security, an encoding or an output function of a type: names must do for this table.
            return


def _text_of(column: Column) -> sql.Composable:
    identifier = sql.Identifier(column.name)
    if column.base_type in _WHOLE or column.category in _PARTED:
        return sql.SQL("CASE WHEN length({0}::text) <= {1} THEN {0}::text END").format(
            identifier, sql.Literal(_DOCUMENT)
        )
    length = _SHORT_CHARACTERS if column.base_type in _SHORT else _CHARACTERS
    if column.base_type == "bytea":
        return sql.SQL("substring({} from 1 for {})::text").format(identifier, sql.Literal(length))
    return sql.SQL("left({}::text, {})").format(identifier, sql.Literal(length))


def _from(table: Table) -> sql.Composable:
    return sql.SQL("ONLY {}").format(sql.Identifier(table.name.schema, table.name.name))


def _sample_query(table: Table, columns: Sequence[Column], wanted: int, *, sampled: bool) -> sql.Composed:
    clause: sql.Composable = sql.SQL("")
    if sampled:
        # Pages enough for the rows wanted, spread over the table; twice as many, since the estimate may be stale.
        per_page = max(table.estimated_rows / table.pages, 1.0)
        percent = min(max(200.0 * wanted / per_page / table.pages, 0.0001), 100.0)
        clause = sql.SQL("TABLESAMPLE SYSTEM ({})").format(sql.Literal(percent))
    return sql.SQL("SELECT {} FROM {} {} LIMIT {}").format(
        sql.SQL(", ").join(_text_of(column) for column in columns),
        _from(table),
        clause,
        sql.Literal(wanted),
    )


def _filled_query(table: Table, columns: Sequence[Column], column: Column, wanted: int) -> sql.Composed:
    return sql.SQL("SELECT {} FROM {} WHERE {} IS NOT NULL LIMIT {}").format(
        sql.SQL(", ").join(_text_of(each) for each in columns),
        _from(table),
        sql.Identifier(column.name),
        sql.Literal(wanted),
    )


def _distinct_query(table: Table, column: Column, most: int) -> sql.Composed:
    return sql.SQL("SELECT DISTINCT {0} FROM {1} WHERE {2} IS NOT NULL LIMIT {3}").format(
        _text_of(column), _from(table), sql.Identifier(column.name), sql.Literal(most)
    )


def _cut(row: tuple[str | None, ...]) -> tuple[str | None, ...]:
    return tuple(value if value is None else value[:_KEPT_CHARACTERS] for value in row)


def _sketch_query(table: Table, column: Column) -> sql.Composed:
    return sql.SQL(
        "SELECT DISTINCT hashtextextended(lower(translate(v, ' -', '')), %s) AS h FROM"
        " (SELECT {}::text AS v FROM {} WHERE {} IS NOT NULL LIMIT {}) AS seen ORDER BY h LIMIT {}"
    ).format(
        sql.Identifier(column.name),
        _from(table),
        sql.Identifier(column.name),
        sql.Literal(_SKETCH_ROWS),
        sql.Literal(_SKETCH),
    )
