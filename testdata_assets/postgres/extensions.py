"""Whether a server can make extensions, found out by making them in a transaction that is rolled back.

`pg_available_extensions` lists what lies in a folder. Whether the library behind it finds its own libraries, or
must be preloaded, shows at CREATE EXTENSION only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

_LIBRARY = re.compile(r": ([\w.+-]+\.so[\w.]*): cannot open shared object file")
# Packages of Debian and Ubuntu that hold libraries which the embedded server's extensions lean on.
_PACKAGES = {"libossp-uuid.so.16": "libossp-uuid16"}
# These say something of the database that was tried in, or of the moment, not of the extension.
_OF_THE_PLACE = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.DuplicateObject,
    psycopg.errors.DuplicateTable,
    psycopg.errors.DuplicateFunction,
    psycopg.errors.DuplicateSchema,
    psycopg.errors.QueryCanceled,
    psycopg.errors.LockNotAvailable,
)


@dataclass(frozen=True)
class Unusable:
    """An extension that is available and yet cannot be made.

    Attributes:
        library: The shared library it misses, where the server says so.
        reason: What the server says otherwise: its SQLSTATE.
    """

    name: str
    library: str | None = None
    reason: str = ""

    def __str__(self) -> str:
        return f"extension {self.name} ({f'{self.library} is missing' if self.library else self.reason})"

    @property
    def remedy(self) -> str | None:
        """A command for the server's machine, where one is known."""
        package = _PACKAGES.get(self.library or "")
        return f"apt-get install {package}" if package else None


def unusable(conn: psycopg.Connection[TupleRow], names: Iterable[str]) -> list[Unusable]:
    """Makes each extension in the connection's database and takes it back at once.

    Args:
        conn: In autocommit, by the role that makes images. Nothing stays behind.
        names: Available ones; those that the database has are only tried for their libraries.
    """
    found = []
    for name in dict.fromkeys(names):
        try:
            with conn.transaction(force_rollback=True):
                conn.execute(
                    "SELECT set_config('lock_timeout', '5s', true), set_config('statement_timeout', '60s', true)"
                )
                conn.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {} CASCADE").format(sql.Identifier(name)))
        except _OF_THE_PLACE:
            continue  # tells nothing; the restore will
        except psycopg.Error as error:
            if conn.closed:
                raise
            found.append(_read(name, error))
    return found


def _read(name: str, error: psycopg.Error) -> Unusable:
    """Of the server's message the missing library only, since the rest may quote anything."""
    library = _LIBRARY.search(error.diag.message_primary or str(error))
    return Unusable(name, library[1] if library else None, f"SQLSTATE {error.sqlstate}")
