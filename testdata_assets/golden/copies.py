"""A passing copy of an image, to look inside: nobody connects to the image itself, and a copy is what branches get."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors, sql

from testdata_assets.errors import EnvironmentLack
from testdata_assets.golden.database import ImageDatabase
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn

_PREFIX = "verify_"
_CAN_CLONE = "SELECT 1 FROM pg_settings WHERE name = 'file_copy_method' AND 'clone' = ANY (enumvals)"


def copy_name(image_database: str) -> str:
    """The name of an image's copy; an image has one at a time."""
    return f"{_PREFIX}{image_database}"


@contextmanager
def copy_of(image: ImageDatabase) -> Iterator[Dsn]:
    """Makes a copy the way branches are made, yields it, drops it. One that a crash left is dropped first.

    Raises:
        EnvironmentLack: The server has no room for it, or the image's database is gone or in use.
    """
    drop_copy(image.server, image.name)
    try:
        _copy(image)
        yield image.server.with_database(copy_name(image.name))
    finally:
        drop_copy(image.server, image.name)


def _copy(image: ImageDatabase) -> None:
    name, original = sql.Identifier(copy_name(image.name)), sql.Identifier(image.name)
    with connect(image.server, role="server") as conn:
        if conn.execute(_CAN_CLONE).fetchone():
            conn.execute("SET file_copy_method = 'clone'")
        try:
            # A new database admits PUBLIC: it is closed until that is revoked.
            conn.execute(
                sql.SQL(
                    "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY ALLOW_CONNECTIONS false IS_TEMPLATE false"
                ).format(name, original)
            )
        except (errors.DiskFull, errors.InvalidCatalogName, errors.ObjectInUse, errors.IoError) as error:
            raise EnvironmentLack(
                f"The image's database cannot be copied to look inside ({type(error).__name__})",
                where=f"database {image.name}",
                remedy="See that the database is there, that nobody is connected to it, and that the server's disk "
                "has room for one more copy of it.",
                code="image-not-copied",
            ) from None
        conn.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        conn.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


def drop_copy(server: Dsn, image_database: str) -> None:
    """Drops an image's copy, if there is one."""
    with connect(server, role="server") as conn:
        name = sql.Identifier(copy_name(image_database))
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
