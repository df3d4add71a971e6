"""Folders of databases that a crash of the server left behind and pg_database does not list.

They are found while a SHARE lock on pg_database keeps CREATE and DROP DATABASE out, so that a database in
the making is never mistaken for one.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import psycopg

from testdata_assets.branches.copy_on_write import cluster_identifier

_OID = re.compile(r"[1-9]\d*\Z")
_FIRST_NORMAL_OID = 16384
_LOCK_SECONDS = 10


def remove_orphaned_database_files(conn: psycopg.Connection[Any], data_dir: Path | None) -> list[dict[str, Any]]:
    """Removes `base/<oid>` folders the server knows nothing of, where its data directory is at hand.

    Args:
        conn: A superuser's connection in autocommit mode; others cannot lock the catalog, so nothing is done.
        data_dir: The server's data directory, or None.

    Returns:
        One `{"oid", "bytes", "removed"}` for each; `removed` is False where the files could not be deleted.
    """
    if data_dir is None or not _is_superuser(conn):
        return []
    found = []
    with conn.transaction():
        conn.execute("SELECT set_config('lock_timeout', %s, true)", (f"{_LOCK_SECONDS}s",))
        conn.execute("LOCK TABLE pg_catalog.pg_database IN SHARE MODE")
        row = conn.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
        if row is None or cluster_identifier(data_dir) != row[0]:
            return []
        listed = {int(oid) for (oid,) in conn.execute("SELECT oid FROM pg_catalog.pg_database")}
        for folder in sorted((data_dir / "base").iterdir()):
            if _OID.match(folder.name) and folder.is_dir() and not folder.is_symlink():
                oid = int(folder.name)
                if oid >= _FIRST_NORMAL_OID and oid not in listed:
                    size = sum(entry.stat().st_size for entry in folder.iterdir() if entry.is_file())
                    found.append({"oid": oid, "bytes": size, "removed": _remove(folder)})
    return found


def _is_superuser(conn: psycopg.Connection[Any]) -> bool:
    return conn.info.parameter_status("is_superuser") == "on"


def _remove(folder: Path) -> bool:
    try:
        shutil.rmtree(folder)
    except PermissionError:
        return False
    return True
