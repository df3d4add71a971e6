"""Databases of our own: made once, closed to PUBLIC, whoever comes first."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg import sql

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import ensure_database


def test_commands_that_start_at_once_make_a_database_once(server: EmbeddedServer) -> None:
    name = f"ensured_{secrets.token_hex(4)}"
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: ensure_database(server.dsn(), name), range(6)))
    assert sorted(made) == [False] * 5 + [True]
    with connect(server.dsn()) as conn:
        identifier = sql.Identifier(name)
        row = conn.execute(
            "SELECT datallowconn, has_database_privilege('pg_monitor', oid, 'CONNECT')"
            " FROM pg_database WHERE datname = %s",
            (name,),
        ).fetchone()
        assert row == (True, False), "open to its owner, closed to others"

        # What a crash between creating and opening leaves is brought to its end.
        conn.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(identifier))
        assert ensure_database(server.dsn(), name)
        with psycopg.connect(server.dsn(name).conninfo()) as own:
            assert own.execute("SELECT 1").fetchone() == (1,)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))
