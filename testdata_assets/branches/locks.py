"""One worker per branch: an advisory lock in the control database, and one inside the process.

The database lock is held by the session, so it falls with the process that held it; that is how a crashed
operation is told from one still running. Session locks are re-entrant, so threads that share a connection
need the lock in the process as well.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import DictRow

from testdata_assets.errors import RefusedError
from testdata_assets.postgres.sql_files import load_queries

_QUERIES = load_queries("testdata_assets.branches")
_POLL_SECONDS = 0.1
_held: set[tuple[Any, ...]] = set()
_held_guard = threading.Lock()


@contextmanager
def branch_lock(control: psycopg.Connection[DictRow], name: str, *, wait_seconds: float) -> Iterator[None]:
    """Holds the lock of one branch.

    Raises:
        RefusedError: `branch-busy`, somebody else still holds it after `wait_seconds`.
    """
    place = (control.info.host, control.info.port, control.info.dbname, name)
    deadline = time.monotonic() + wait_seconds
    while not _try_lock(control, place, name):
        if time.monotonic() >= deadline:
            raise RefusedError(
                f"Branch {name} is being worked on by another process",
                where=f"branch {name}",
                remedy="Try again when that is done.",
                code="branch-busy",
            )
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        _unlock(control, place, name)


def _try_lock(control: psycopg.Connection[DictRow], place: tuple[Any, ...], name: str) -> bool:
    with _held_guard:
        if place in _held:
            return False
        _held.add(place)
    taken = False
    try:
        row = control.execute(_QUERIES["try_lock"], {"name": name}).fetchone()
        taken = bool(row and row["taken"])
    finally:
        if not taken:
            _forget(place)
    return taken


def _unlock(control: psycopg.Connection[DictRow], place: tuple[Any, ...], name: str) -> None:
    try:
        if not control.closed:
            control.execute(_QUERIES["unlock"], {"name": name})
    finally:
        _forget(place)


def _forget(place: tuple[Any, ...]) -> None:
    with _held_guard:
        _held.discard(place)
