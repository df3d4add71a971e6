"""A few control connections for the webhook receiver: opened on demand, kept while sound."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg.rows import DictRow

from testdata_assets.errors import EnvironmentLack

Control = psycopg.Connection[DictRow]


class ControlPool:
    """Lends connections to threads.

    Args:
        open_connection: Opens one to the control database (autocommit, rows as dicts).
        size: How many may be open at a time.
        wait_seconds: How long a thread waits for one.
    """

    def __init__(self, open_connection: Callable[[], Control], *, size: int = 4, wait_seconds: float = 5) -> None:
        self._open = open_connection
        self._idle: list[Control] = []
        self._guard = threading.Lock()
        self._places = threading.BoundedSemaphore(size)
        self._wait_seconds = wait_seconds

    @contextmanager
    def lend(self) -> Iterator[Control]:
        """Yields a connection that answered just now. One that was used when an error came is closed.

        Raises:
            EnvironmentLack: None became free in time, or none can be opened.
        """
        if not self._places.acquire(timeout=self._wait_seconds):
            raise EnvironmentLack(
                "All connections to the control database are busy",
                where="webhook receiver",
                remedy="Try again; GitHub's redelivery does.",
                code="control-busy",
            )
        try:
            conn = self._take()
            try:
                yield conn
            except BaseException:
                conn.close()
                raise
            with self._guard:
                self._idle.append(conn)
        finally:
            self._places.release()

    def close(self) -> None:
        """Closes what is idle."""
        with self._guard:
            idle, self._idle = self._idle, []
        for conn in idle:
            conn.close()

    def _take(self) -> Control:
        """An idle connection that still answers, else a fresh one: the database may have restarted."""
        while True:
            with self._guard:
                conn = self._idle.pop() if self._idle else None
            if conn is None:
                return self._open()
            with suppress(psycopg.Error):
                conn.execute("SELECT 1")
                return conn
            conn.close()
