"""What stops a refresh before a row is read: problems of rules with a catalog, and the refusal naming all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from testdata_assets.errors import RefusedError, reason_line
from testdata_assets.masking.rule_errors import Mark

ProblemKind = Literal[
    "rules_file",
    "unclassified",
    "stale",
    "unknown_transformer",
    "bad_params",
    "transformer_type",
    "uniqueness",
    "null_in_not_null",
    "foreign_key",
    "partition_key",
    "generated_column",
    "row_security",
    "foreign_table",
    "objects",
    "condition",
    "row_transformer",
    "unsupported",
    "domain",
]
_SHOWN = 10


@dataclass(frozen=True)
class Problem:
    """One reason to refuse.

    Attributes:
        kind: Stable word for machines.
        table: The table as rules write it, or None for what is outside tables.
        column: Raw column name, if one column is the point.
        type: The column's type as Postgres prints it, if the column exists.
        message: One sentence, no raw values.
        remedy: What to write instead, and where.
        mark: Place in the rules file, if a rule is the point.
    """

    kind: ProblemKind
    table: str | None
    column: str | None
    type: str | None
    message: str
    remedy: str
    mark: Mark | None = None

    @property
    def line(self) -> int | None:
        return self.mark.line if self.mark else None

    @property
    def subject(self) -> str:
        """What the problem is about: `public.users.email (text)`, or the table, or the rules."""
        name = ".".join(part for part in (self.table, self.column) if part) or "rules"
        return f"{name} ({self.type})" if self.type else name

    def __str__(self) -> str:
        return reason_line(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """The problem with its place spelled out; what does not apply is None."""
        document = asdict(self)
        mark = document.pop("mark") or {"file": None, "line": None, "column": None}
        return {**document, "file": mark["file"], "line": mark["line"], "position": mark["column"]}


class PlanRefused(RefusedError):
    """The rules do not cover or do not fit the database; nothing was read."""

    code = "plan-refused"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        if not self.problems:
            raise ValueError("a refusal needs at least one problem")
        count = len(self.problems)
        subjects = list(dict.fromkeys(problem.subject for problem in self.problems))
        more = f" and {len(subjects) - _SHOWN} more" if len(subjects) > _SHOWN else ""
        if count == 1:
            only = self.problems[0]
            what, remedy = f"1 problem stops this refresh; no row was read: {only.message}", only.remedy
        else:
            what = f"{count} problems stop this refresh; no row was read"
            remedies = list(dict.fromkeys(problem.remedy for problem in self.problems))
            remedy = remedies[0] if len(remedies) == 1 else "Each is listed with its remedy."
        super().__init__(
            what,
            where=", ".join(subjects[:_SHOWN]) + more,
            remedy=remedy,
            reasons=(problem.as_json() for problem in self.problems),
        )

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return super().__str__()
        return "\n".join([f"{self.what}:", *(f"  {line}" for line in self.details)])


def sort_key(problem: Problem) -> tuple[str, str, str, str]:
    """Problems read table by table, column by column."""
    return (problem.table or "", problem.column or "", problem.kind, problem.message)
