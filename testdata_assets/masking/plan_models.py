"""The masking plan: what will become of every stored column, decided before a row is read. Holds no key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan_transformers import KEEP
from testdata_assets.masking.rule_errors import Mark
from testdata_assets.masking.rule_models import ColumnRef, ObjectsRule
from testdata_assets.masking.transformers.base import Guarantees, MaskContext, Transformer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table


@dataclass(frozen=True)
class DomainPlan:
    """What is decided once for all columns (and nested rules) that share a domain.

    Attributes:
        name: The domain.
        fold_case: True where its canonical form ignores case, because one member is citext or unique under
            lower() or upper().
        length_limit: Characters that the narrowest member column admits; None where none is limited.
        integer_type: The narrowest of its integer types, where all members are integers; else None.
        members: The masked columns in it, as `schema.table.column`, nested ones with their path.
    """

    name: str
    fold_case: bool
    length_limit: int | None
    integer_type: str | None
    members: tuple[str, ...]

    def narrowed(self, column: Column) -> Column:
        """A member as its transformer shall see it: whatever hangs on the column is the same for all members."""
        return replace(column, max_length=self.length_limit, base_type=self.integer_type or column.base_type)


@dataclass(frozen=True)
class ColumnPlan:
    """What becomes of one stored column.

    Attributes:
        column: The column as the catalog has it.
        transformer: The transformer with its parameters.
        domain: The domain it masks in.
        pii: Category of personal data, as the rule says.
        fold_case: Canonical form of the domain.
        inherited_from: The column whose rule this is (`schema.table.column`), if it is not its own.
        narrowed: The column with the narrowest limits of its domain, if those differ from its own.
        folded: Domains of nested rules (JSON paths and the like) whose canonical form ignores case.
        limits: Length limits of those domains, where they have one.
    """

    column: Column
    transformer: Transformer[Any]
    domain: str
    pii: str | None
    fold_case: bool
    inherited_from: str | None
    narrowed: Column | None = None
    folded: frozenset[str] = frozenset()
    limits: Mapping[str, int] = field(default_factory=dict, hash=False)

    @property
    def masked(self) -> bool:
        return self.transformer.name != KEEP

    @property
    def seen_as(self) -> Column:
        """The column as the transformer sees it, so that equal values mask equally all over the domain."""
        return self.narrowed or self.column

    @property
    def guarantees(self) -> Guarantees:
        """The transformer's guarantees on this column."""
        return self.transformer.guarantees_for(self.seen_as)

    def context(self, hash_for: Callable[[str], KeyedHash]) -> MaskContext:
        """What the transformer gets beside the values.

        Args:
            hash_for: Keyed hash of a domain, e.g. `partial(KeyedHash.derive, masking_key)`.
        """
        return MaskContext(
            hash=hash_for(self.domain),
            column=self.seen_as,
            fold_case=self.fold_case,
            hash_for=hash_for,
            folds=self.folded.__contains__,
            limit_of=self.limits.get,
        )


@dataclass(frozen=True)
class TablePlan:
    """What becomes of one table that stores rows.

    Attributes:
        table: The table.
        mode: mask, keep (nothing to mask by decision), or truncate (no rows).
        columns: One plan for each stored column, in stored order; empty for truncate.
        load_through_root: True where a masked partition key sends rows to other partitions: load into
            `table.rule_table` instead of the leaf.
    """

    table: Table
    mode: Literal["mask", "keep", "truncate"]
    columns: tuple[ColumnPlan, ...]
    load_through_root: bool = False

    @cached_property
    def masked(self) -> tuple[ColumnPlan, ...]:
        """The columns that change."""
        return tuple(column for column in self.columns if column.masked)

    def column(self, name: str) -> ColumnPlan | None:
        return next((each for each in self.columns if each.column.name == name), None)


@dataclass(frozen=True)
class PlanWarning:
    """A rule that is allowed and yet looks weak."""

    table: str
    column: str | None
    message: str
    mark: Mark | None = None

    def __str__(self) -> str:
        place = f"{self.mark}: " if self.mark else ""
        return f"{place}{'.'.join(part for part in (self.table, self.column) if part)}: {self.message}"


@dataclass(frozen=True)
class MaskingPlan:
    """The whole plan of a refresh.

    Attributes:
        tables: One plan for each storing table, in the catalog's order.
        rules_digest: sha256 of what the rules say (and of the value pools' version).
        key_id: Names the masking key without revealing it.
        objects: What becomes of comments and large objects.
        domains: By name.
        warnings: Allowed, but worth a look.
    """

    tables: tuple[TablePlan, ...]
    rules_digest: str
    key_id: str
    objects: ObjectsRule
    domains: Mapping[str, DomainPlan] = field(default_factory=dict)
    warnings: tuple[PlanWarning, ...] = ()

    @cached_property
    def _by_name(self) -> dict[TableName, TablePlan]:
        return {plan.table.name: plan for plan in self.tables}

    def table(self, name: TableName) -> TablePlan:
        """The plan of a storing table.

        Raises:
            KeyError: No such storing table.
        """
        return self._by_name[name]

    def covering(self, reference: ColumnRef) -> tuple[TablePlan, ColumnPlan] | None:
        """The plan of a column by the name rules use; a partitioned table answers with a partition of its."""
        for plan in self.tables:
            if reference.table in (plan.table.name, plan.table.rule_table):
                column = plan.column(reference.column)
                if column is not None:
                    return plan, column
        return None
