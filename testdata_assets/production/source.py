"""The production source: opening it read-only under one exported snapshot, and making the sample where none is set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.errors import EnvironmentLack
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.places import SAMPLE_DATABASE, Places, ensure_database
from testdata_assets.production.catalog import Catalog
from testdata_assets.production.catalog_reader import read_catalog, read_definitions
from testdata_assets.progress import current_progress

# Time-outs that keep us from hurting production: no waiting behind locks, no endless statements.
GUARDS = {
    "default_transaction_read_only": "on",
    "lock_timeout": "10s",
    "statement_timeout": "1h",
    "idle_in_transaction_session_timeout": "2h",
    "row_security": "off",
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "3",
    "xmloption": "content",
    "lc_monetary": "C",  # amounts of money are written as the images' server reads them
}


def guard_options() -> str:
    """The guards as libpq `options`."""
    return " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in GUARDS.items())


@dataclass(frozen=True)
class OpenSource:
    """A source held open: its transaction snapshot may be shared until the block ends."""

    dsn: Dsn
    conn: psycopg.Connection[Any]
    exported_snapshot: str
    catalog: Catalog
    definitions: dict[tuple[str, str], str]


@contextmanager
def open_source(dsn: Dsn) -> Iterator[OpenSource]:
    """Opens one read-only repeatable-read transaction, exports its snapshot and reads the catalog in it.

    Raises:
        EnvironmentLack: The source cannot be reached, is locked by somebody else, or a table may not be read.
    """
    with connect(dsn, autocommit=False, role="source", options=guard_options()) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        try:
            row = conn.execute("SELECT pg_export_snapshot()").fetchone()
            catalog, definitions = read_catalog(conn), read_definitions(conn)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
            raise EnvironmentLack(
                f"The source holds a lock that did not go away within {GUARDS['lock_timeout']}",
                where=dsn.redacted(),
                remedy="Wait until the migration or maintenance on the source has ended, then try again.",
                code="source-locked",
            ) from None
        if row is None:
            raise RuntimeError("pg_export_snapshot returned no row")
        yield OpenSource(dsn, conn, row[0], catalog, definitions)


def ensure_sample(places: Places) -> None:
    """Makes the sample production database on the embedded server unless it is there whole.

    A crash half-way leaves a database without its final comment; it is made anew.
    """
    if not places.source_is_sample or places.embedded is None:
        return
    from testdata_assets.synthesis.sample_shop import create_sample  # heavy: faker

    server = places.embedded.dsn()
    with connect(server) as conn:
        row = conn.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            (SAMPLE_DATABASE,),
        ).fetchone()
        if row is not None and row[0] == _COMPLETE:
            return
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(SAMPLE_DATABASE)))
    ensure_database(server, SAMPLE_DATABASE)
    with current_progress().task("Fabricating a sample production database", None, "rows") as advance:
        summary = create_sample(places.source)
        advance(summary.rows)
    with connect(server) as conn:
        conn.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(SAMPLE_DATABASE), sql.Literal(_COMPLETE))
        )


_COMPLETE = "sample production of testdata-assets, complete"
