"""What can be wrong with a rules file before a database is looked at: problems with places, one error."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from testdata_assets.errors import UsageFault

if TYPE_CHECKING:
    from testdata_assets.masking.rule_models import MaskingRules


@dataclass(frozen=True, order=True)
class Mark:
    """A place in a rules file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, order=True)
class RuleProblem:
    """One mistake in a rules file.

    Attributes:
        column: Of the line, counted from 1.
        table: The table whose rules it is in, if any.
        name: Raw name of the column whose rule it is in, if any.
    """

    file: str
    line: int
    column: int
    message: str
    table: str | None = field(default=None, compare=False)
    name: str | None = field(default=None, compare=False)

    @classmethod
    def at(cls, mark: Mark, message: str, table: str | None = None, name: str | None = None) -> RuleProblem:
        return cls(mark.file, mark.line, mark.column, message, table, name)

    @property
    def mark(self) -> Mark:
        return Mark(self.file, self.line, self.column)

    def as_json(self) -> dict[str, Any]:
        """The problem as plain data, in the shape of all problems: `column` is the table's, `position` the line's."""
        return {
            "table": self.table,
            "column": self.name,
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "position": self.column,
        }

    def __str__(self) -> str:
        return f"{self.mark}: {self.message}"


class RulesError(UsageFault):
    """The rules file does not say what a rules file may say; every mistake is listed with line and column.

    Attributes:
        problems: The mistakes.
        rest: What the file says apart from them; None where nothing could be read.
    """

    code = "rules-invalid"

    def __init__(
        self,
        problems: Iterable[RuleProblem],
        rest: MaskingRules | None = None,
        more: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Lists mistakes.

        Args:
            problems: Mistakes of the file; one at least.
            rest: Its readable rest.
            more: Reasons why that does not fit the database, as plain data.
        """
        self.problems = sorted(set(problems))
        self.rest = rest
        if not self.problems:
            raise ValueError("a RulesError needs at least one problem")
        first, count = self.problems[0], len(self.problems) + len(more)
        others = "" if count == 1 else f" and {count - 1} more"
        super().__init__(
            f"{first.file} has {count} problem{'s' if count > 1 else ''}: {first.message}{others}",
            where=f"{first.file}:{first.line}:{first.column}",
            remedy="Correct the file; `testdata rules check` says what is left.",
            reasons=[*(problem.as_json() for problem in self.problems), *more],
        )

    def __str__(self) -> str:
        if len(self.reasons) == 1:
            return super().__str__()
        return "\n".join([super().__str__(), *(f"  {line}" for line in self.details)])


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean ...?)`, or nothing where no known word is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def one_of(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
