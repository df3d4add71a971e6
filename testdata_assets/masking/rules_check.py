"""What `testdata rules check` and `testdata rules explain` say: a report on all rules, a page on one column."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from testdata_assets.errors import UsageFault
from testdata_assets.masking.plan import MaskingPlan, PlanWarning, Problem, examine
from testdata_assets.masking.rule_models import ColumnRef, MaskingRules
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog


@dataclass(frozen=True)
class RulesCheck:
    """Rules held against a catalog.

    Attributes:
        unclassified: Tables and columns no rule covers; of a new table, one for each column.
        stale: Rules for what the database does not have.
        errors: Every other reason a refresh would refuse.
        warnings: Allowed, but weak.
    """

    unclassified: tuple[Problem, ...]
    stale: tuple[Problem, ...]
    errors: tuple[Problem, ...]
    warnings: tuple[PlanWarning, ...]

    @property
    def ok(self) -> bool:
        return not (self.unclassified or self.stale or self.errors)

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
            "warnings": [
                {
                    "table": warning.table,
                    "column": warning.column,
                    "message": warning.message,
                    "file": warning.mark.file if warning.mark else None,
                    "line": warning.mark.line if warning.mark else None,
                    "position": warning.mark.column if warning.mark else None,
                }
                for warning in self.warnings
            ],
        }


def check_rules(rules: MaskingRules, catalog: Catalog) -> RulesCheck:
    """Holds rules against a catalog as a refresh would; needs no key and raises nothing."""
    found = examine(rules, catalog)
    unclassified = [problem for problem in found.problems if problem.kind == "unclassified"]
    return RulesCheck(
        unclassified=tuple(each for problem in unclassified for each in _by_column(problem, catalog)),
        stale=tuple(problem for problem in found.problems if problem.kind == "stale"),
        errors=tuple(problem for problem in found.problems if problem.kind not in ("unclassified", "stale")),
        warnings=found.warnings,
    )


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


@dataclass(frozen=True)
class Explanation:
    """Everything decided about one column.

    Attributes:
        column: `schema.table.column`.
        type: As Postgres prints it.
        mode: Of its table.
        transformer: Name and summary, parameters as JSON data.
        domain: The domain it masks in, and who else does.
        inherited_from: The column whose rule it is, if not its own.
        place: Where that rule stands in the rules file.
        guarantees: What the transformer promises on this column.
    """

    column: str
    type: str
    mode: str
    transformer: str | None
    summary: str | None
    params: dict[str, Any]
    pii: str | None
    domain: str | None
    shared_with: tuple[str, ...]
    fold_case: bool
    length_limit: int | None
    inherited_from: str | None
    place: str | None
    guarantees: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "shared_with": list(self.shared_with)}


def explain(plan: MaskingPlan, column: str, rules: MaskingRules | None = None) -> Explanation:
    """Explains one column of a plan.

    Args:
        plan: The plan.
        column: `schema.table.column`, quoted as in SQL where it must be.
        rules: The rules the plan was made from, for the place in the file.

    Raises:
        UsageFault: No such column, or a generated one.
    """
    reference = ColumnRef.parse(column)
    found = plan.covering(reference)
    if found is None:
        return _explain_rest(plan, reference)
    table, each = found
    origin = ColumnRef.parse(each.inherited_from) if each.inherited_from else reference
    mark = rules.mark("tables", str(origin.table), "columns", origin.column) if rules else None
    domain = plan.domains.get(each.domain) if each.masked else None
    guarantees = each.guarantees
    return Explanation(
        column=str(reference),
        type=each.column.type,
        mode=table.mode,
        transformer=each.transformer.name,
        summary=each.transformer.summary,
        params=each.transformer.params.model_dump(mode="json"),
        pii=each.pii,
        domain=each.domain if each.masked else None,
        shared_with=tuple(member for member in domain.members if member != str(reference)) if domain else (),
        fold_case=each.fold_case,
        length_limit=each.seen_as.max_length,
        inherited_from=each.inherited_from,
        place=str(mark) if mark else None,
        guarantees={
            "uniqueness": str(guarantees.uniqueness),
            "coincidence": str(guarantees.coincidence),
            "deterministic": guarantees.deterministic,
            "preserves_length": guarantees.preserves_length,
            "preserves_format": guarantees.preserves_format,
            "nulls_stay_null": guarantees.nulls_stay_null,
        },
    )


def _explain_rest(plan: MaskingPlan, reference: ColumnRef) -> Explanation:
    """A column without a plan of its own: in an emptied table, generated, or not there at all."""
    for table in plan.tables:
        column = table.table.column(reference.column)
        if reference.table not in (table.table.name, table.table.rule_table) or column is None:
            continue
        if table.mode == "truncate":
            return Explanation(
                column=str(reference),
                type=column.type,
                mode="truncate",
                transformer=None,
                summary="The table is emptied.",
                params={},
                pii=None,
                domain=None,
                shared_with=(),
                fold_case=False,
                length_limit=None,
                inherited_from=None,
                place=None,
                guarantees={},
            )
        raise UsageFault(
            f"{reference} is a generated column: it is computed anew from masked columns",
            where=str(reference),
            remedy="Ask for the columns it is computed from.",
        )
    known = [str(ColumnRef(each.table.name, one.name)) for each in plan.tables for one in each.table.columns]
    near = difflib.get_close_matches(str(reference), known, n=3)
    raise UsageFault(
        f"The database has no column {reference}",
        where=str(reference),
        remedy=f"Did you mean {' or '.join(near)}?" if near else "Write schema.table.column.",
    )
