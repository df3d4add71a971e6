"""Closing a validated image for good: bring its files to rest, read what it holds, shut it, take its seal."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from testdata_assets.golden import seal
from testdata_assets.golden.content_digest import digest_contents
from testdata_assets.golden.database import ImageDatabase
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.tools import PgTools


def close_image(database: ImageDatabase, tools: PgTools, *, workers: int) -> dict[str, Any]:
    """Freezes an image and says what an attestation has to say of its database.

    May be repeated on an image that is shut already but was not published.

    Args:
        database: A validated candidate.
        tools: psql.
        workers: Tables read at a time.

    Returns:
        `{"seal": ..., "content": ...}`, see `seal.py` and `content_digest.py`.
    """
    database.reopen()
    database.end_sessions()
    opened = seal.quiet(database.dsn, database.server)
    seal.settle(opened)
    content = digest_contents(opened, tools, workers=workers)
    with connect(opened, role="image database") as conn:
        catalogs = seal.read_catalogs(conn)
        moving = seal.moving_files(conn)
    database.freeze()
    _wait_for_another_second(database)
    # Times of files are those after the checkpoint that freezing ends with.
    found = seal.read_database(database.server, database.name, database.owner, moving)
    if found is None:
        raise RuntimeError(f"database {database.name} is gone")
    del found["admits_connections"]
    return {"seal": {**found, "catalogs": catalogs}, "content": content}


def _wait_for_another_second(database: ImageDatabase) -> None:
    """The server tells times of files in whole seconds: whatever is written from now on gets another one."""
    with connect(database.server, role="server") as conn:
        conn.execute("SELECT pg_sleep(1.01 - extract(microseconds FROM clock_timestamp())::bigint % 1000000 / 1e6)")


def folder_digest(folder: Path) -> str | None:
    """SHA-256 over the names and contents of all files below a folder; None if there is no such folder."""
    if not folder.is_dir():
        return None
    digest = hashlib.sha256()
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        with file.open("rb") as opened:
            content = hashlib.file_digest(opened, "sha256").hexdigest()
        digest.update(f"{content}  {file.relative_to(folder).as_posix()}\n".encode())
    return digest.hexdigest()
