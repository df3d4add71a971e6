"""What may be said about an exception nobody expected: its type and place, never its message.

A driver's message can quote a row (`DETAIL: Failing row contains (...)`), so neither the terminal, nor a log,
nor Dagster's event log gets to see one. The class, the SQLSTATE, the names of the objects involved and the
line of our own code are enough to find the cause.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

import psycopg

from testdata_assets.errors import TestdataError

_PACKAGE = Path(__file__).resolve().parent

# Classes of SQLSTATE (first two characters) and single states after which the same statement may well succeed.
_TRANSIENT_CLASSES = {"08", "40", "53"}
_TRANSIENT_STATES = {"55P03", "57P01", "57P02", "57P03"}
_OUT_OF_DISK = "53100"


class UnexpectedError(TestdataError):
    """A defect of testdata-assets, or a server's answer nobody foresaw, without its message. Exit status 1."""

    code = "unexpected"

    def __init__(self, what: str, *, where: str, transient: bool) -> None:
        remedy = (
            "Try again; if it stays, look at the server's own log at that time."
            if transient
            else "Look at the named line and at the server's own log; if it is a defect, report it with this text."
        )
        super().__init__(what, where=where, remedy=remedy)
        self.transient = transient


def without_message(error: BaseException) -> UnexpectedError:
    """Turns an exception into an error that holds its type, SQLSTATE and object names, but no text of it."""
    what = f"Unexpected {type(error).__module__}.{type(error).__qualname__}".replace("builtins.", "")
    if isinstance(error, psycopg.Error):
        what += _of_server(error)
    elif isinstance(error, OSError) and error.strerror:
        what += f" ({error.strerror})"
    return UnexpectedError(what, where=_location(error.__traceback__), transient=is_transient(error))


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed when tried again: a lost connection, a deadlock, a lock time-out."""
    if isinstance(error, UnexpectedError):
        return error.transient
    if isinstance(error, TestdataError):
        return error.error_code == "connection-failed"
    if not isinstance(error, psycopg.Error):
        return isinstance(error, ConnectionError)
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)
    if error.sqlstate == _OUT_OF_DISK:
        return False
    return error.sqlstate[:2] in _TRANSIENT_CLASSES or error.sqlstate in _TRANSIENT_STATES


def _of_server(error: psycopg.Error) -> str:
    parts = [f"SQLSTATE {error.sqlstate}"] if error.sqlstate else []
    for label, name in (
        ("constraint", error.diag.constraint_name),
        ("schema", error.diag.schema_name),
        ("table", error.diag.table_name),
        ("column", error.diag.column_name),
        ("type", error.diag.datatype_name),
    ):
        if name:
            parts.append(f"{label} {name}")
    return f" ({', '.join(parts)})" if parts else ""


def _location(trace: TracebackType | None) -> str:
    """File and line of the innermost frame that is ours, else of the innermost one."""
    frames = traceback.extract_tb(trace)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    if not frames:
        return "unknown place"
    frame = (ours or list(frames))[-1]
    path = Path(frame.filename)
    name = path.relative_to(_PACKAGE.parent) if path.is_relative_to(_PACKAGE.parent) else Path(path.name)
    return f"{name}:{frame.lineno}, in {frame.name}"
