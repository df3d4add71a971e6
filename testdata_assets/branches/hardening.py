"""Closing a server's databases to everybody who was not let in by name.

Postgres grants CONNECT on every new database to PUBLIC. Before a branch role exists, that grant is taken
off all databases of the server, so that the role reaches its own database and no other.
"""

from __future__ import annotations

from typing import Any

import psycopg
import structlog
from psycopg import sql
from psycopg.rows import dict_row

from testdata_assets.errors import RefusedError
from testdata_assets.postgres.sql_files import load_queries

_QUERIES = load_queries("testdata_assets.branches")
_log = structlog.get_logger(__name__)

CLOSED_BY_THEIR_SERVICE = frozenset({"rdsadmin", "cloudsqladmin", "azure_maintenance", "azure_sys"})
"""Databases of managed services that nobody but the service gets into, whatever their grants say."""


def harden_cluster(conn: psycopg.Connection[Any]) -> list[str]:
    """Revokes PUBLIC's rights on every database of the server; does nothing where that is done already.

    Databases of the administrator, and `postgres` and `template1` for a superuser, are closed here. One of
    another owner is not ours to change.

    Args:
        conn: An administrator's connection, in autocommit mode.

    Returns:
        The databases that were closed now.

    Raises:
        RefusedError: `server-not-isolated`, another owner's database is open to everybody, so a branch's user
            would be able to connect to it.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        open_databases = cursor.execute(_QUERIES["server_open_databases"]).fetchall()
        closed = []
        for database in open_databases:
            if database["ours"]:
                cursor.execute(
                    sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database["name"]))
                )
                closed.append(database["name"])
    foreign = [
        row["name"]
        for row in open_databases
        if row["reachable"] and not row["ours"] and row["name"] not in CLOSED_BY_THEIR_SERVICE
    ]
    if foreign:
        statements = " ".join(
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC;").format(sql.Identifier(name)).as_string(conn)
            for name in foreign
        )
        raise RefusedError(
            f"Every role may connect to {', '.join(foreign)}, so a branch would not be isolated",
            where="TESTDATA_SERVER_DSN",
            remedy=f"Have the owner run: {statements} Or give images and branches a server of their own.",
            code="server-not-isolated",
        )
    if closed:
        _log.info("branches.server_hardened", databases=closed)
    return closed
