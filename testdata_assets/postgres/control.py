"""The control database: connecting to it with all numbered migrations applied."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any, LiteralString, cast

import psycopg
from psycopg.rows import dict_row

from testdata_assets.errors import EnvironmentLack
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn

ControlConnection = psycopg.Connection[dict[str, Any]]

_MIGRATION_LOCK = 7_263_511_001  # arbitrary, ours alone
_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql\Z")


def migrations() -> list[tuple[int, str, LiteralString]]:
    """All migrations as (number, name, SQL), in order. Numbers are unique and start at 1 without gaps."""
    found = []
    for entry in (files("testdata_assets.postgres") / "migrations").iterdir():
        match = _FILE.match(entry.name)
        if match:
            sql: LiteralString = entry.read_text(encoding="utf-8")
            found.append((int(match.group(1)), match.group(2), sql))
    return sorted(found)


def connect_control(dsn: Dsn) -> ControlConnection:
    """Opens the control database (autocommit, rows as dicts) and applies what migrations are missing."""
    conn = cast(ControlConnection, connect(dsn, role="control database", row_factory=dict_row))
    try:
        _migrate(conn)
    except BaseException:
        conn.close()
        raise
    return conn


def _migrate(conn: ControlConnection) -> None:
    known = migrations()
    if _applied(conn) == {number for number, _, _ in known}:
        return
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        conn.execute("CREATE SCHEMA IF NOT EXISTS testdata")
        conn.execute(
            "CREATE TABLE IF NOT EXISTS testdata.migrations (number integer PRIMARY KEY, name text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
        applied = _applied(conn)
        unknown = applied - {number for number, _, _ in known}
        if unknown:
            raise EnvironmentLack(
                f"The control database has migration {max(unknown)}, which this version does not know",
                where="testdata.migrations",
                remedy="Run the newer version of testdata-assets that made it.",
                code="control-newer",
            )
        for number, name, sql in known:
            if number not in applied:
                conn.execute(sql)
                conn.execute("INSERT INTO testdata.migrations (number, name) VALUES (%s, %s)", (number, name))


def _applied(conn: ControlConnection) -> set[int]:
    row = conn.execute("SELECT to_regclass('testdata.migrations') IS NOT NULL AS present").fetchone()
    if row is None or not row["present"]:
        return set()
    return {row["number"] for row in conn.execute("SELECT number FROM testdata.migrations")}
