"""What `testdata rules check` says: a report on all rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from testdata_assets.masking.plan import PlanWarning, Problem, examine
from testdata_assets.masking.rule_errors import RuleProblem, RulesError
from testdata_assets.masking.rule_models import MaskingRules
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog


@dataclass(frozen=True)
class RulesCheck:
    """Rules held against a catalog.

    Attributes:
        unclassified: Tables and columns no rule covers; of a new table, one for each column.
        stale: Rules for what the database does not have.
        errors: Every other reason a refresh would refuse, mistakes of the rules file among them.
        weak: What a refresh allows and this check does not, unless the rule says why: kept free text, kept columns
            that look personal.
        warnings: Allowed, and worth a look.
    """

    unclassified: tuple[Problem, ...]
    stale: tuple[Problem, ...]
    errors: tuple[Problem, ...]
    weak: tuple[PlanWarning, ...]
    warnings: tuple[PlanWarning, ...]

    @property
    def ok(self) -> bool:
        return not (self.problems or self.weak)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*self.unclassified, *self.stale, *self.errors)

    def as_json(self) -> dict[str, Any]:
        """The document of `testdata rules check --json`."""
        return {
            "ok": self.ok,
            "unclassified": [problem.as_json() for problem in self.unclassified],
            "stale": [problem.as_json() for problem in self.stale],
            "errors": [problem.as_json() for problem in self.errors],
            "weak": [{**_warning(each), "remedy": _REMEDY} for each in self.weak],
            "warnings": [_warning(each) for each in self.warnings],
        }


_REMEDY = "Mask it, or say in its rule why it may stay: {transform: keep, reason: ...}."


def _warning(warning: PlanWarning) -> dict[str, Any]:
    return {
        "table": warning.table,
        "column": warning.column,
        "message": warning.message,
        "file": warning.mark.file if warning.mark else None,
        "line": warning.mark.line if warning.mark else None,
        "position": warning.mark.column if warning.mark else None,
    }


def check_rules(rules: MaskingRules, catalog: Catalog, mistakes: Iterable[RuleProblem] = ()) -> RulesCheck:
    """Holds rules against a catalog as a refresh would; needs no key and raises nothing.

    Args:
        rules: The rules, or the readable rest of a file with mistakes.
        catalog: The database.
        mistakes: Those of the file.
    """
    found = examine(rules, catalog)
    unclassified = [problem for problem in found.problems if problem.kind == "unclassified"]
    return RulesCheck(
        unclassified=tuple(each for problem in unclassified for each in _by_column(problem, catalog)),
        stale=tuple(problem for problem in found.problems if problem.kind == "stale"),
        errors=(
            *(_of_file(mistake) for mistake in mistakes),
            *(problem for problem in found.problems if problem.kind not in ("unclassified", "stale")),
        ),
        weak=tuple(warning for warning in found.warnings if warning.weak),
        warnings=tuple(warning for warning in found.warnings if not warning.weak),
    )


def whole_refusal(mistaken: RulesError, catalog: Catalog) -> RulesError:
    """The mistakes of a rules file, and what its readable rest lacks for this database: one error that names all."""
    if mistaken.rest is None:
        return mistaken
    found = examine(mistaken.rest, catalog)
    return RulesError(mistaken.problems, mistaken.rest, [problem.as_json() for problem in found.problems])


def _of_file(mistake: RuleProblem) -> Problem:
    remedy = "Correct it in the rules file."
    return Problem("rules_file", mistake.table, mistake.name, None, mistake.message, remedy, mistake.mark)


def _by_column(problem: Problem, catalog: Catalog) -> Iterator[Problem]:
    """An uncovered table as its columns, so that each is named with its type."""
    table = catalog.table(TableName.parse(problem.table)) if problem.table and not problem.column else None
    if table is None or not table.stored_columns:
        yield problem
        return
    for column in table.stored_columns:
        yield Problem(
            "unclassified",
            problem.table,
            column.name,
            column.type,
            "no rule covers this column, nor its table",
            problem.remedy,
            problem.mark,
        )
