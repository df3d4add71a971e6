"""The database of an image: making it empty, freezing it as a template, dropping it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn

_END_MILLISECONDS = 10_000  # a session's time to end


@dataclass(frozen=True)
class ImageDatabase:
    """Names of one image's database and of the NOLOGIN role that owns its objects, on a server."""

    server: Dsn
    name: str
    owner: str

    @property
    def dsn(self) -> Dsn:
        # money as the source's sessions write it, whatever the server's currency is
        return self.server.with_database(self.name).with_options("-c lc_monetary=C")

    def create(self) -> None:
        """Makes role and database; nobody but the administrator may connect.

        While the image is built its owner is a superuser where we are one, since extensions need that.
        """
        with connect(self.server, role="server") as conn:
            privileged = _is_superuser(conn.execute("SELECT current_setting('is_superuser')").fetchone())
            conn.execute(
                sql.SQL("CREATE ROLE {} NOLOGIN {}").format(
                    sql.Identifier(self.owner), sql.SQL("SUPERUSER" if privileged else "")
                )
            )
            if not privileged:
                conn.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(self.owner)))
            # A new database admits PUBLIC: it is closed until that is revoked.
            conn.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' ALLOW_CONNECTIONS false").format(
                    self._identifier
                )
            )
            conn.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(self._identifier))
            conn.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(self._identifier))
            conn.execute(
                sql.SQL("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO {}").format(
                    self._identifier, sql.Identifier(self.owner)
                )
            )
        with connect(self.dsn) as conn:
            conn.execute(sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(sql.Identifier(self.owner)))

    def surrender_privileges(self) -> None:
        """Takes superuser from the owner once everything is built."""
        with connect(self.server) as conn:
            if _is_superuser(conn.execute("SELECT current_setting('is_superuser')").fetchone()):
                conn.execute(sql.SQL("ALTER ROLE {} NOSUPERUSER").format(sql.Identifier(self.owner)))

    def freeze(self) -> None:
        """Admits no connection any more and makes the database a template; flushes it, so that branching is quick."""
        with connect(self.server) as conn:
            conn.execute(
                sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true").format(self._identifier)
            )
            # Autovacuum, too: what it was about to write would come after the image's files were looked at.
            self._end_sessions(conn)
            if _is_superuser(conn.execute("SELECT current_setting('is_superuser')").fetchone()):
                conn.execute("CHECKPOINT")

    def end_sessions(self) -> None:
        """Ends whatever is still connected, and waits until it is gone: a session counts its changes when it ends."""
        with connect(self.server) as conn:
            self._end_sessions(conn)

    def _end_sessions(self, conn: psycopg.Connection[Any]) -> None:
        # Only a superuser may end autovacuum; on managed servers it is let alone, rather than that a refresh fails.
        conn.execute(
            "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
            " AND (backend_type <> 'autovacuum worker' OR current_setting('is_superuser') = 'on')",
            (_END_MILLISECONDS, self.name),
        )

    def reopen(self) -> None:
        """Admits the administrator again, after a `freeze` whose image was not published."""
        with connect(self.server) as conn:
            conn.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(self._identifier))

    def drop(self) -> None:
        """Drops database and role; missing ones are no error."""
        with connect(self.server, role="server") as conn:
            if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (self.name,)).fetchone():
                conn.execute(sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE false").format(self._identifier))
                conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(self._identifier))
            conn.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(self.owner)))

    def identity(self) -> tuple[str, int, int]:
        """(system identifier of the server, oid, bytes) of the database."""
        with connect(self.server, role="server") as conn:
            row = conn.execute(
                "SELECT (SELECT system_identifier::text FROM pg_control_system()), oid::bigint, pg_database_size(oid)"
                " FROM pg_database WHERE datname = %s",
                (self.name,),
            ).fetchone()
        if row is None:
            raise RuntimeError(f"database {self.name} is gone")
        return row[0], row[1], row[2]

    @property
    def _identifier(self) -> sql.Identifier:
        return sql.Identifier(self.name)


def _is_superuser(row: tuple[str, ...] | None) -> bool:
    return row is not None and row[0] == "on"
