"""What can be wrong with a rules file before a database is looked at: problems with places, one error."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from testdata_assets.errors import UsageFault


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
    """One mistake in a rules file."""

    file: str
    line: int
    column: int
    message: str

    @classmethod
    def at(cls, mark: Mark, message: str) -> RuleProblem:
        return cls(mark.file, mark.line, mark.column, message)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class RulesError(UsageFault):
    """The rules file does not say what a rules file may say; every mistake is listed with line and column."""

    code = "rules-invalid"

    def __init__(self, problems: Iterable[RuleProblem]) -> None:
        self.problems = sorted(set(problems))
        if not self.problems:
            raise ValueError("a RulesError needs at least one problem")
        first, count = self.problems[0], len(self.problems)
        more = "" if count == 1 else f" and {count - 1} more"
        super().__init__(
            f"{first.file} has {count} problem{'s' if count > 1 else ''}: {first.message}{more}",
            where=f"{first.file}:{first.line}:{first.column}",
            remedy="Correct the file; `testdata rules check` says what is left.",
        )

    @property
    def details(self) -> list[str]:
        """One line for each problem, as compilers print them."""
        return [str(problem) for problem in self.problems]

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return super().__str__()
        return "\n".join([super().__str__(), *(f"  {line}" for line in self.details)])

    def as_json(self) -> dict[str, dict[str, Any]]:
        document: dict[str, dict[str, Any]] = {"error": dict(super().as_json()["error"])}
        document["error"]["problems"] = [asdict(problem) for problem in self.problems]
        return document


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean ...?)`, or nothing where no known word is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def one_of(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
