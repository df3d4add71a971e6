"""Where everything lives: source, server of images and branches, control database; the embedded server by default."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from psycopg import sql

from testdata_assets.errors import EnvironmentLack
from testdata_assets.postgres.binaries import find_binaries
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.tools import PgTools
from testdata_assets.settings import Settings

CONTROL_DATABASE = "testdata_control"
SAMPLE_DATABASE = "sample_production"
_CREATION_LOCK = 7_263_511_003  # advisory, in the maintenance database


class Places:
    """The three places of a deployment. Starts the embedded server on the first use that needs it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @property
    def uses_embedded(self) -> bool:
        chosen = (self.settings.source_dsn, self.settings.server_dsn, self.settings.control_dsn)
        return any(dsn is None for dsn in chosen)

    @cached_property
    def embedded(self) -> EmbeddedServer | None:
        """The running embedded server, or None where all three places are elsewhere."""
        if not self.uses_embedded:
            return None
        server = EmbeddedServer(self.settings.state_dir, self.settings.pg_bin)
        server.ensure_running()
        return server

    def _embedded(self) -> EmbeddedServer:
        if self.embedded is None:
            raise EnvironmentLack("No embedded server is in use", where="Places", remedy="Unset a DSN variable.")
        return self.embedded

    @property
    def source_is_sample(self) -> bool:
        return self.settings.source_dsn is None

    @cached_property
    def source(self) -> Dsn:
        """The production database to read (the sample's name where none is set; it may not exist yet)."""
        if self.settings.source_dsn is not None:
            return Dsn.from_string(self.settings.source_dsn.get_secret_value(), where="TESTDATA_SOURCE_DSN")
        return self._embedded().dsn(SAMPLE_DATABASE)

    @cached_property
    def server(self) -> Dsn:
        """Administrator's DSN on the maintenance database of the server that holds images and branches."""
        if self.settings.server_dsn is not None:
            return Dsn.from_string(self.settings.server_dsn.get_secret_value(), where="TESTDATA_SERVER_DSN")
        return self._embedded().dsn("postgres")

    @cached_property
    def control(self) -> Dsn:
        """The control database: registry and Dagster storage. Made on the embedded server if missing."""
        if self.settings.control_dsn is not None:
            return Dsn.from_string(self.settings.control_dsn.get_secret_value(), where="TESTDATA_CONTROL_DSN")
        server = self._embedded()
        ensure_database(server.dsn(), CONTROL_DATABASE)
        return server.dsn(CONTROL_DATABASE)

    @cached_property
    def tools(self) -> PgTools:
        binaries = (
            self.embedded.binaries
            if self.embedded is not None
            else find_binaries(self.settings.state_dir, self.settings.pg_bin)
        )
        return PgTools(binaries.bin_dir, binaries.environment)

    @property
    def data_dir(self) -> Path | None:
        """The images server's data folder where it is local and readable, for measuring copy-on-write."""
        if self.settings.server_dsn is None and self.embedded is not None:
            folder: Path | None = self.embedded.data_dir
        else:
            with connect(self.server, role="server") as conn:
                row = conn.execute(
                    "SELECT CASE WHEN pg_has_role('pg_read_all_settings', 'MEMBER')"
                    " THEN current_setting('data_directory') END"
                ).fetchone()
            folder = Path(row[0]) if row and row[0] and self._is_local(self.server) else None
        return folder if folder is not None and os.access(folder, os.R_OK | os.X_OK) else None

    @staticmethod
    def _is_local(dsn: Dsn) -> bool:
        return dsn.host.startswith("/") or dsn.host in {"localhost", "127.0.0.1", "::1"}


def ensure_database(server: Dsn, name: str) -> bool:
    """Creates a database nobody but its owner may connect to, unless it exists. Returns whether it was made."""
    with connect(server) as conn:
        # Two commands may start at once; the lock goes with the connection.
        conn.execute("SELECT pg_advisory_lock(%s)", (_CREATION_LOCK,))
        row = conn.execute("SELECT datallowconn FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if row is not None and row[0]:
            return False
        # A new database admits PUBLIC: it stays closed until that is revoked (also if a crash comes between).
        if row is None:
            create = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ALLOW_CONNECTIONS false")
            conn.execute(create.format(sql.Identifier(name)))
        conn.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        conn.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(sql.Identifier(name)))
        return True


def open_places(settings: Settings) -> Places:
    """The places of these settings; DSNs that do not parse fail here, connections are opened later."""
    places = Places(settings)
    for name in ("source", "server", "control"):
        if getattr(settings, f"{name}_dsn") is not None:
            getattr(places, name)
    return places
