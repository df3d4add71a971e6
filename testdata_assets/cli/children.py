"""Child processes of one command: started together, ended together, in the command's own process group.

A Ctrl-C on the terminal reaches them all at once; a signal to the command alone is passed on. Whatever they
leave behind below them is ended as well.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

POLITE_SECONDS = 20.0
_POLL_SECONDS = 0.1


class Stopped(Exception):
    """SIGINT, SIGTERM or SIGHUP arrived."""


@contextlib.contextmanager
def stop_signals() -> Iterator[None]:
    """Turns the first stop signal into `Stopped`; further ones are ignored while the children are being ended."""
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            raise Stopped

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Children:
    """The children by name. Use as a context manager: leaving it ends them."""

    environment: Mapping[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], *, output: IO[bytes] | int | None = None) -> None:
        """Starts one; `output` gets its stdout and stderr (default: this process's stderr)."""
        stream: IO[bytes] | int = 2 if output is None else output
        self.running[name] = subprocess.Popen(
            list(command),
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT if output is not None else None,
        )

    def first_dead(self) -> tuple[str, int] | None:
        """The name and exit status of a child that has ended, or None while all run."""
        for name, child in self.running.items():
            status = child.poll()
            if status is not None:
                return name, status
        return None

    def stop(self) -> None:
        """Asks all to end, waits, and kills what is still there, descendants included."""
        descendants = {pid for child in self.running.values() for pid in _descendants(child.pid)}
        for child in self.running.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + POLITE_SECONDS
        while any(child.poll() is None for child in self.running.values()) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        for child in self.running.values():
            if child.poll() is None:
                descendants.update(_descendants(child.pid))
                child.kill()
                child.wait()
        _end_orphans(descendants, deadline)
        self.running.clear()


def _end_orphans(pids: set[tuple[int, int]], deadline: float) -> None:
    """Waits for grandchildren that are still ending, then kills them. Each is known by pid and start time."""
    left = {entry for entry in pids if _start_time(entry[0]) == entry[1]}
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        left = {entry for entry in left if _start_time(entry[0]) == entry[1]}
    for pid, _ in left:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> set[tuple[int, int]]:
    """(pid, start time) of all processes below one, read from /proc; empty where there is no /proc."""
    below: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(folder.name))
        if fields is not None:
            below.setdefault(int(fields[1]), []).append(int(folder.name))
    found: set[tuple[int, int]] = set()
    waiting = list(below.get(pid, []))
    while waiting:
        one = waiting.pop()
        started = _start_time(one)
        if started is not None:
            found.add((one, started))
        waiting.extend(below.get(one, []))
    return found


def _start_time(pid: int) -> int | None:
    """Clock ticks after boot at which a live (not zombie) process started."""
    fields = _stat(pid)
    return None if fields is None or fields[0] == "Z" else int(fields[19])


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the command name (state, parent, ...), or None if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
