"""Progress of long work, told to whoever listens: a bar on a terminal, plain lines elsewhere, or nobody.

Rooms call `current_progress()`; only the command line and the runner choose a listener.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichBars

Advance = Callable[[float], None]


class Progress(Protocol):
    """A listener. `task` yields a function that advances by an amount in `unit`."""

    def task(self, name: str, total: float | None, unit: str = "") -> AbstractContextManager[Advance]: ...

    def note(self, text: str) -> None: ...


class SilentProgress:
    """Nobody listens."""

    @contextmanager
    def task(self, name: str, total: float | None, unit: str = "") -> Iterator[Advance]:
        yield lambda amount: None

    def note(self, text: str) -> None:
        return None


class PlainProgress:
    """Lines on a stream that is no terminal: one when a task starts, at most one every ten seconds, one at its end."""

    def __init__(self, stream: TextIO | None = None, every_seconds: float = 10.0) -> None:
        self._stream = stream or sys.stderr
        self._every = every_seconds

    def note(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    @contextmanager
    def task(self, name: str, total: float | None, unit: str = "") -> Iterator[Advance]:
        started = last = time.monotonic()
        done = 0.0
        lock = threading.Lock()
        self.note(f"{name} ...")

        def advance(amount: float) -> None:
            nonlocal done, last
            with lock:
                done += amount
                now = time.monotonic()
                if now - last < self._every:
                    return
                last = now
            share = f" ({100 * done / total:.0f} %)" if total else ""
            self.note(f"{name}: {done:,.0f} {unit}{share}")

        yield advance
        amount = f", {done:,.0f} {unit}" if unit and done else ""
        self.note(f"{name}: done in {time.monotonic() - started:.1f} s{amount}")


class TerminalProgress:
    """Rich bars on a terminal; use as a context manager around the whole work."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._bars = RichBars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[amount]}"),
            TimeElapsedColumn(),
            console=self._console,
        )

    def __enter__(self) -> TerminalProgress:
        self._bars.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bars.stop()

    def note(self, text: str) -> None:
        self._bars.console.print(text, highlight=False)

    @contextmanager
    def task(self, name: str, total: float | None, unit: str = "") -> Iterator[Advance]:
        bar = self._bars.add_task(name, total=total, amount="")
        done = 0.0
        lock = threading.Lock()

        def advance(amount: float) -> None:
            nonlocal done
            with lock:
                done += amount
                self._bars.update(bar, completed=done, amount=f"{done:,.0f} {unit}" if unit else "")

        yield advance
        self._bars.update(bar, total=done or 1, completed=done or 1)


_current: Progress = SilentProgress()


def current_progress() -> Progress:
    """The listener in force for this process."""
    return _current


@contextmanager
def use_progress(progress: Progress) -> Iterator[None]:
    """Makes `progress` the listener of this process while the block runs."""
    global _current
    before, _current = _current, progress
    try:
        yield
    finally:
        _current = before


@contextmanager
def standard_progress() -> Iterator[Progress]:
    """Bars where stderr is a terminal, plain lines elsewhere; in force while the block runs."""
    if sys.stderr.isatty():
        with TerminalProgress() as bars, use_progress(bars):
            yield bars
    else:
        plain = PlainProgress()
        with use_progress(plain):
            yield plain
