"""The errors a user may see, and the exit status of each.

Every expected failure is a `TestdataError`: one sentence of what happened, where, and what to do.
Nothing in these texts may hold a raw production value, a password or a key. Errors special to one room
live in that room and derive from the classes here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar


class TestdataError(Exception):
    """An expected failure that names what happened, where, and the remedy.

    Args:
        what: One sentence, no raw values.
        where: The thing it happened at: a file with line, a table, a column, a setting, a command.
        remedy: What the reader can do about it.
        code: Stable kebab-case name for machines; the class's own by default.
        reasons: The problems behind it where there are several, as plain data: `message` and, where known, `file`,
            `line`, `position` (column in the file), `table`, `column` and `type` of it, `remedy`.
    """

    __test__ = False  # pytest would collect the name otherwise
    code: ClassVar[str] = "failed"
    exit_status: ClassVar[int] = 1

    def __init__(
        self,
        what: str,
        *,
        where: str,
        remedy: str,
        code: str | None = None,
        reasons: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.error_code = code or type(self).code
        self.reasons = tuple(dict(reason) for reason in reasons)

    def __str__(self) -> str:
        return f"{self.what} ({self.where}). {self.remedy}"

    @property
    def details(self) -> list[str]:
        """One line for each reason, as compilers print them: `file:line:column: message`."""
        return [reason_line(reason) for reason in self.reasons]

    def as_json(self) -> dict[str, dict[str, Any]]:
        """The document `--json` prints: `{"error": {"code", "message", "where", "remedy"}}`, and `problems` if any."""
        return {
            "error": {
                "code": self.error_code,
                "message": self.what,
                "where": self.where,
                "remedy": self.remedy,
                **({"problems": [dict(reason) for reason in self.reasons]} if self.reasons else {}),
            }
        }


class RefusedError(TestdataError):
    """The request was understood and refused, or a check failed. Exit status 1."""

    code = "refused"
    exit_status = 1


class UsageFault(TestdataError):
    """The caller's words or files are off: a bad name, a rules file that does not parse. Exit status 2."""

    code = "usage"
    exit_status = 2


class EnvironmentLack(TestdataError):
    """The environment lacks something: a key, a binary, a reachable server, disk space. Exit status 3."""

    code = "environment"
    exit_status = 3


def reason_line(reason: Mapping[str, Any]) -> str:
    """One problem on one line: its place in a file, its table and column, what is wrong, and the remedy."""
    parts = (reason.get(part) for part in ("file", "line", "position"))
    place = ":".join(str(part) for part in parts if part is not None)
    name = ".".join(str(reason[part]) for part in ("table", "column") if reason.get(part))
    subject = f"{name} ({reason['type']})" if name and reason.get("type") else name
    line = ": ".join(part for part in (place, subject, str(reason.get("message", ""))) if part)
    return f"{line}. {reason['remedy']}" if reason.get("remedy") else line
