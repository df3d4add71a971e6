"""Creates the sample in an empty database: schema, rows by COPY on several connections, keys, statistics."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.resources import files
from typing import LiteralString

import psycopg
import structlog
from psycopg import sql

from testdata_assets.errors import RefusedError
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.progress import Advance, current_progress
from testdata_assets.synthesis.sample_shop.copy_text import copy_blocks
from testdata_assets.synthesis.sample_shop.shop import (
    DEFAULT_SCALE,
    DEFAULT_SEED,
    TableSource,
    build_shop,
)

_log = structlog.get_logger(__name__)
_CONNECTIONS = 2  # one generates while the server digests what the other sent
_BLOCK = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)
_SETTINGS: tuple[LiteralString, ...] = (
    "SET synchronous_commit = off",
    "SET maintenance_work_mem = '256MB'",
    "SET TimeZone = 'UTC'",
    "SET search_path = public",
)


@dataclass(frozen=True)
class SampleSummary:
    """What was created.

    Attributes:
        tables: Rows of each table, a partitioned one counted as a whole.
        rows: Their sum.
        seconds: Wall-clock time of everything.
    """

    tables: dict[str, int]
    rows: int
    seconds: float


def create_sample(dsn: Dsn, *, scale: float = DEFAULT_SCALE, seed: int = DEFAULT_SEED) -> SampleSummary:
    """Fills an existing, empty database with the sample shop.

    Args:
        dsn: The database; its user may create the extension citext.
        scale: 1.0 is about 20,000 users and 100,000 orders.
        seed: Same scale and seed: same rows, byte for byte.

    Raises:
        RefusedError: The database is not empty. Nothing was changed.
        UsageFault: Scale or seed is out of range.
        EnvironmentLack: The server cannot be reached.
    """
    began = time.perf_counter()
    progress = current_progress()
    statements = _blocks()
    with _connect(dsn) as connection:
        _refuse_unless_empty(connection, dsn)
        with progress.task("sample: invent people and orders", None):
            sources = build_shop(scale, seed)
        connection.execute(_read("schema.sql"))
        rows = sum(source.rows for source in sources)
        with progress.task("sample: load tables", rows, "rows") as advance:
            tables = _load_all(dsn, sources, statements, advance)
        for name in ("keys_payments", "foreign_keys", "views", "triggers"):
            with progress.task(f"sample: {name.replace('_', ' ')}", None):
                connection.execute(statements[name])
        with progress.task("sample: sequences and statistics", None):
            _advance_sequences(connection)
            connection.execute("ANALYZE payments, customer_lifetime_value")
    summary = SampleSummary(tables, sum(tables.values()), time.perf_counter() - began)
    _log.info("sample_created", database=dsn.database, rows=summary.rows, seconds=round(summary.seconds, 2))
    return summary


def _connect(dsn: Dsn) -> psycopg.Connection[tuple[object, ...]]:
    connection = connect(dsn, application_name="testdata sample", role="sample database")
    for setting in _SETTINGS:
        connection.execute(setting)
    return connection


def _read(name: str) -> LiteralString:
    """One of this package's SQL files: the project's own text, hence a LiteralString."""
    return (files(__package__ or "") / name).read_text(encoding="utf-8")


def _blocks() -> dict[str, LiteralString]:
    """The named blocks of constraints.sql."""
    return {match[1]: match[2].strip() for match in _BLOCK.finditer(_read("constraints.sql"))}


def _refuse_unless_empty(connection: psycopg.Connection[tuple[object, ...]], dsn: Dsn) -> None:
    found = connection.execute(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
    ).fetchone()
    if found != (0,):
        raise RefusedError(
            "The database for the sample is not empty",
            where=dsn.redacted(),
            remedy="Name a newly created database; the sample never overwrites one.",
            code="sample-not-empty",
        )


def _load_all(
    dsn: Dsn, sources: tuple[TableSource, ...], statements: Mapping[str, LiteralString], advance: Advance
) -> dict[str, int]:
    """Loads every table with its own keys, on a few connections side by side."""
    counts: Counter[str] = Counter({source.root: 0 for source in reversed(sources)})
    with ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="sample") as pool:
        futures: dict[Future[int], TableSource] = {
            pool.submit(_load, dsn, source, statements.get(f"keys_{source.name}"), advance): source
            for source in sources
        }
        try:
            for future in as_completed(futures):
                counts[futures[future].root] += future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    return dict(counts)


def _load(dsn: Dsn, source: TableSource, keys: LiteralString | None, advance: Advance) -> int:
    """Copies one table, makes its keys and analyses it, in one transaction; returns its rows."""
    loaded = 0
    with _connect(dsn) as connection, connection.transaction(), connection.cursor() as cursor:
        # FREEZE wants the table truncated by the same transaction; it spares the first readers hint bits.
        cursor.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(source.name)))
        for frame in source.frames():
            command = sql.SQL("COPY {} ({}) FROM STDIN (FREEZE)").format(
                sql.Identifier(source.name), sql.SQL(", ").join(map(sql.Identifier, frame.columns))
            )
            with cursor.copy(command) as copy:
                for block in copy_blocks(frame):
                    copy.write(block)
            loaded += frame.height
            advance(frame.height)
        if keys:
            cursor.execute(keys)
        if source.name == source.root:  # partitions are analysed together, when all are loaded
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(source.name)))
    return loaded


def _advance_sequences(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Sets every identity sequence behind the highest key."""
    identities = connection.execute(
        "SELECT c.relname, a.attname, pg_get_serial_sequence(quote_ident(c.relname), a.attname)"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE a.attidentity <> '' AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace"
    ).fetchall()
    for table, column, sequence in identities:
        connection.execute(
            sql.SQL("SELECT setval(%s, greatest((SELECT max({}) FROM {}), 1))").format(
                sql.Identifier(str(column)), sql.Identifier(str(table))
            ),
            [sequence],
        )
