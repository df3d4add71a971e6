"""The plan while it is being made: effective rules, built transformers, and the problems found so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from testdata_assets.errors import UsageFault
from testdata_assets.masking.lineage import Edge, Effective, Lineage
from testdata_assets.masking.nested_references import with_nested_references
from testdata_assets.masking.parameter_errors import parameter_problems
from testdata_assets.masking.plan_models import DomainPlan, PlanWarning
from testdata_assets.masking.plan_problems import Problem, ProblemKind
from testdata_assets.masking.plan_transformers import KEEP, NULL
from testdata_assets.masking.rule_errors import Mark
from testdata_assets.masking.rule_models import ColumnRef, ColumnRule, MaskingRules
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, Transformer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table


class Draft:
    """Everything the checks need, and where they leave what they find.

    Attributes:
        rules: The rules, relationships out of documents and arrays written out as nested rules.
        catalog: The database.
        lineage: Owners, references and effective rules.
        problems: Reasons to refuse.
        warnings: Allowed, but weak.
        domains: What is decided per domain; set once transformers are known to build.
    """

    def __init__(self, rules: MaskingRules, catalog: Catalog) -> None:
        self.rules, contradictions = with_nested_references(rules, catalog)
        self.catalog = catalog
        self.lineage = Lineage(self.rules, catalog)
        self.problems: list[Problem] = []
        self.warnings: list[PlanWarning] = []
        self.domains: Mapping[str, DomainPlan] = {}
        self._built: dict[tuple[ColumnRef, int], Transformer[Any] | None] = {}
        self.foreign_tables = frozenset(catalog.foreign_tables) | {
            table.name for table in catalog.tables if table.kind == "f"
        }
        for each in contradictions:
            self.report(
                "foreign_key",
                each.column.table,
                each.message,
                each.remedy,
                column=each.column.column,
                mark=self.rules.mark("relationships", each.index),
            )

    @property
    def tables(self) -> Mapping[TableName, Table]:
        return self.lineage.tables

    def untouched(self, name: TableName) -> bool:
        """Whether no row of the table is read: emptied, foreign or fabricated."""
        return name in self.foreign_tables or self.lineage.truncated(name) or self.lineage.fabricated(name)

    def effective(self, table: TableName, column: str) -> Effective | None:
        return self.lineage.effective(self.lineage.owner(table, column))

    def transformer(self, table: TableName, column: str) -> Transformer[Any] | None:
        """The built transformer of a column; None where it has none, or a problem names why."""
        owner = self.lineage.owner(table, column)
        effective = self.lineage.effective(owner)
        if effective is None:
            return None
        return self._once(effective.origin, effective.rule, 0)

    def alternatives(self, table: TableName, column: str) -> list[tuple[ColumnRule, Transformer[Any]]]:
        """What applies where the rule's condition does not hold: `else`, its own `else`, and at last keep."""
        effective = self.effective(table, column)
        found: list[tuple[ColumnRule, Transformer[Any]]] = []
        rule = effective.rule if effective else None
        while effective is not None and rule is not None and rule.when is not None:
            rule = rule.otherwise or ColumnRule(transform=KEEP)
            transformer = self._once(effective.origin, rule, len(found) + 1)
            if transformer is None:
                break
            found.append((rule, transformer))
        return found

    def ways(self, table: TableName, column: str) -> list[tuple[ColumnRule, Transformer[Any], str]]:
        """All that may become of a column's rows, in order: each rule, its transformer, and the domain it masks in."""
        effective, first = self.effective(table, column), self.transformer(table, column)
        if effective is None or first is None:
            return []
        found = [(effective.rule, first, effective.domain)]
        return found + [
            (rule, each, rule.domain or effective.domain) for rule, each in self.alternatives(table, column)
        ]

    def nulled(self, table: TableName, column: str) -> bool:
        """Whether all rows of a column become NULL."""
        ways = self.ways(table, column)
        return bool(ways) and all(each.name == NULL for _, each, _ in ways)

    def harmless(self, edge: Edge) -> bool:
        """Whether a reference holds row by row whatever its condition says: each way is NULL, or keeps a kept key."""
        source, target = edge.source, edge.target
        kept = all(each.name == KEEP for _, each, _ in self.ways(target.table, target.column))
        whole = not self.untouched(target.table) and not self._filtered(target.table)
        return all(
            each.name == NULL or (each.name == KEEP and kept and whole)
            for _, each, _ in self.ways(source.table, source.column)
        )

    def _filtered(self, table: TableName) -> bool:
        rule = self.rules.tables.get(self.lineage.ancestry(table)[-1])
        return rule is not None and rule.where is not None

    def _once(self, origin: ColumnRef, rule: ColumnRule, depth: int) -> Transformer[Any] | None:
        if (origin, depth) not in self._built:
            self._built[origin, depth] = self._build(origin, rule, ("else",) * depth)
        return self._built[origin, depth]

    def masked(self, table: TableName, column: str) -> Transformer[Any] | None:
        """The transformer of a column whose values change into other values: neither kept nor nulled."""
        transformer = self.transformer(table, column)
        return None if transformer is None or transformer.name in (KEEP, NULL) else transformer

    def draws(self, table: TableName, column: str) -> bool:
        """Whether masked values are drawn from a domain, rather than kept or constant."""
        transformer = self.transformer(table, column)
        return transformer is not None and draws(transformer)

    def limited(self, table: TableName, column: Column) -> Column:
        """The column with the length limit of its domain, as its transformer will see it."""
        effective = self.effective(table, column.name)
        domain = self.domains.get(effective.domain) if effective else None
        transformer = self.transformer(table, column.name)
        return domain.narrowed(column, transformer) if domain and transformer and draws(transformer) else column

    def seen_as(self, column: Column, transformer: Transformer[Any], domain: str) -> Column:
        """The column with the limits of a domain, as a transformer that masks in it will see it."""
        found = self.domains.get(domain)
        return found.narrowed(column, transformer) if found and draws(transformer) else column

    def rule_mark(self, origin: ColumnRef, *inside: str | int) -> Mark | None:
        return self.rules.mark("tables", str(origin.table), "columns", origin.column, *inside)

    def table_mark(self, name: TableName) -> Mark | None:
        return self.rules.mark("tables", str(name))

    def report(
        self,
        kind: ProblemKind,
        table: TableName | None,
        message: str,
        remedy: str,
        *,
        column: str | None = None,
        mark: Mark | None = None,
    ) -> None:
        """Adds a problem; the column's type is looked up."""
        found = self.tables[table].column(column) if table in self.tables and table and column else None
        self.problems.append(
            Problem(
                kind,
                str(table) if table else None,
                column,
                found.type if found else None,
                message,
                remedy,
                mark,
            )
        )

    def warn(
        self, table: TableName, column: str | None, message: str, mark: Mark | None, *, weak: bool = False
    ) -> None:
        self.warnings.append(PlanWarning(str(table), column, message, mark, weak))

    def _build(self, origin: ColumnRef, rule: ColumnRule, inside: tuple[str, ...]) -> Transformer[Any] | None:
        """Builds the transformer a rule names; every bad parameter becomes a problem of its own."""
        try:
            return registry.build(rule.transform, rule.params)
        except UsageFault as fault:
            self.report(
                "unknown_transformer",
                origin.table,
                fault.what[:1].lower() + fault.what[1:],
                f"{fault.remedy} `testdata rules list-transformers` describes them.",
                column=origin.column,
                mark=self.rule_mark(origin, *inside, "transform"),
            )
        except ValidationError as error:
            known = ", ".join(registry.get(rule.transform).params_model.model_fields) or "none"
            for found in parameter_problems(rule.transform, error):
                self.report(
                    "bad_params",
                    origin.table,
                    found.message,
                    f"Parameters of {rule.transform}: {known}.",
                    column=origin.column,
                    mark=self.rule_mark(origin, *inside, "params", *found.location),
                )
        return None


def draws(transformer: Transformer[Any]) -> bool:
    """Whether a transformer draws masks from a domain, rather than keep values or write a constant."""
    return transformer.guarantees.coincidence not in (Coincidence.UNCHANGED, Coincidence.CONSTANT)
