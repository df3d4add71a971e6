"""Opening psycopg connections with a clear, redacted error."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import TupleRow

from testdata_assets.errors import EnvironmentLack
from testdata_assets.postgres.dsn import Dsn

CONNECT_SECONDS = 10


def connect(
    dsn: Dsn,
    *,
    autocommit: bool = True,
    application_name: str = "testdata",
    role: str = "database",
    **options: Any,
) -> psycopg.Connection[TupleRow]:
    """Opens a connection.

    Args:
        dsn: Where to.
        autocommit: As in psycopg.
        application_name: Shown in pg_stat_activity.
        role: What the server is to us, for the error: "source", "control database", ...
        options: Further psycopg or libpq parameters.

    Raises:
        EnvironmentLack: The server cannot be reached or refuses; names host, port and database, never the password.
    """
    options = {"connect_timeout": CONNECT_SECONDS, **options}
    try:
        return psycopg.connect(dsn.conninfo(), autocommit=autocommit, application_name=application_name, **options)
    except psycopg.OperationalError as error:
        raise EnvironmentLack(
            f"The {role} cannot be opened: {_reason(error, dsn)}",
            where=dsn.redacted(),
            remedy="Check host, port, database, user and password, and that the server runs and admits this host.",
            code="connection-failed",
        ) from None


def _reason(error: psycopg.OperationalError, dsn: Dsn) -> str:
    """The line of libpq's message that says why, without anything secret."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "failed:" in line or "FATAL:" in line]
    text = (telling or lines or [type(error).__name__])[-1]
    if dsn.password:
        text = text.replace(dsn.password, "***")
    return text.removeprefix("connection failed: ")
