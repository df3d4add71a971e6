"""The masking plan: what will become of every stored column, decided before a row is read. Holds no key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import Any, Literal

from testdata_assets.masking.conditions import Condition
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan_transformers import KEEP
from testdata_assets.masking.rule_errors import Mark
from testdata_assets.masking.rule_models import ColumnRef, ObjectsRule
from testdata_assets.masking.transformers.base import (
    EXACTLY,
    NOTHING,
    Agreement,
    Coincidence,
    Distribution,
    Guarantees,
    Kept,
    MaskContext,
    Transformer,
    Uniqueness,
)
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table
from testdata_assets.production.profile import kind_of


@dataclass(frozen=True)
class DomainPlan:
    """What is decided once for all columns (and nested rules) that share a domain.

    Attributes:
        name: The domain.
        fold_case: True where its canonical form ignores case, because one member is citext or unique under
            lower() or upper().
        length_limit: Characters that the narrowest member column admits; None where none is limited.
        integer_type: The narrowest of its integer types, where all members are integers; else None.
        number_type: The same as Postgres prints it, with precision and scale.
        members: The masked columns in it, as `schema.table.column`, nested ones with their path.
    """

    name: str
    fold_case: bool
    length_limit: int | None
    integer_type: str | None
    members: tuple[str, ...]
    number_type: str | None = None

    def narrowed(self, column: Column, transformer: Transformer[Any]) -> Column:
        """A member as its transformer shall see it: whatever masks hang on is the same for all members.

        Where masks are as long as their values, they do not hang on the limit: whoever holds a value holds its mask.
        """
        limit = column.max_length if transformer.own_limit_suffices(column) else self.length_limit
        kind = None if column.parts or transformer.own_type else self.integer_type  # an array of integers stays one
        if kind is None or self.number_type is None:
            return replace(column, max_length=limit)
        return replace(column, max_length=limit, base_type=kind, type=self.number_type)


@dataclass(frozen=True)
class ColumnPlan:
    """What becomes of one stored column.

    Attributes:
        column: The column as the catalog has it.
        transformer: The transformer with its parameters.
        domain: The domain it masks in.
        pii: Category of personal data, as the rule says.
        reason: Why the choice is right though it looks weak, as the rule says.
        fold_case: Canonical form of the domain.
        inherited_from: The column whose rule this is (`schema.table.column`), if it is not its own.
        narrowed: The column with the narrowest limits of its domain, if those differ from its own.
        folded: Domains of nested rules (JSON paths and the like) whose canonical form ignores case.
        limits: Length limits of those domains, where they have one.
        integer_types: Narrowest integer types of those domains and of its own, where all members are integers.
        condition: Which rows the transformer applies to; None for all.
        otherwise: What becomes of the column in the other rows.
        shares: Whether other columns mask in the same domain.
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
    integer_types: Mapping[str, str] = field(default_factory=dict, hash=False)
    condition: Condition | None = None
    otherwise: ColumnPlan | None = None
    shares: bool = False
    reason: str | None = None

    @property
    def masked(self) -> bool:
        return self.transformer.name != KEEP or (self.otherwise is not None and self.otherwise.masked)

    @property
    def ways(self) -> tuple[ColumnPlan, ...]:
        """What becomes of the column's rows: this, and where its condition is false what else, and so on."""
        return (self, *(self.otherwise.ways if self.otherwise is not None else ()))

    @property
    def seen_as(self) -> Column:
        """The column as the transformer sees it, so that equal values mask equally all over the domain."""
        return self.narrowed or self.column

    @property
    def guarantees(self) -> Guarantees:
        """The transformer's guarantees on this column; under a condition, what holds for both kinds of rows."""
        found = guarantees_in(self.transformer, self.column, self.seen_as)
        if self.otherwise is None:
            return found
        other = self.otherwise.guarantees
        return Guarantees(
            uniqueness=Uniqueness.LOSSY if mixes(found, other) else found.uniqueness,
            coincidence=Coincidence.BY_PART,
            deterministic=found.deterministic and other.deterministic,
            preserves_length=found.preserves_length and other.preserves_length,
            preserves_format=found.preserves_format and other.preserves_format,
            nulls_stay_null=found.nulls_stay_null and other.nulls_stay_null,
        )

    @property
    def distribution(self) -> Distribution:
        """What masks keep of the distribution; under a condition, what holds for all kinds of rows but `free_ways`.

        A transformer that does not say, and whose masks may be real values, is held to everything where there is
        something to measure: of numbers, times, booleans and enums. It may be a user's own, and nobody would see it
        bend them.
        """
        if self.otherwise is None:
            return self._own_distribution
        free = self.free_ways
        kept = [way._own_distribution for place, way in enumerate(self.ways) if place not in free]
        if not kept:
            return NOTHING
        both = reduce(Distribution.weaker, kept)
        return replace(both, rows=False) if free else both

    @property
    def free_ways(self) -> frozenset[int]:
        """Of several ways those whose masks may be distributed anyhow: so many rows may differ, and no more."""
        if self.otherwise is None:
            return frozenset()
        kept = [way._own_distribution.kept in (Kept.ROUGHLY, Kept.EXACTLY) for way in self.ways]
        return frozenset(place for place, keeps in enumerate(kept) if not keeps)

    @property
    def _own_distribution(self) -> Distribution:
        """What masks of this way keep of the distribution of its rows."""
        found = self.transformer.distribution_on(self.seen_as)
        if found.kept is not Kept.UNDECLARED:
            return found
        drawn = self.transformer.guarantees_for(self.seen_as).coincidence is Coincidence.MAY_COINCIDE
        measured = kind_of(self.column) in ("number", "time", "category")
        return replace(EXACTLY, rows=True) if drawn and measured else NOTHING

    @property
    def compared(self) -> bool:
        """Whether the distribution of the image's values is held against something."""
        return self.masked and self.distribution.compared

    @property
    def stays_by_chance(self) -> bool:
        """Whether some masks equal their values by chance, as often as values and masks agree."""
        if self.transformer.guarantees_for(self.seen_as).coincidence is Coincidence.CONSTANT:
            return True
        expected = self.transformer.expected_changes
        return expected(self.seen_as, Agreement(0.0, 0.0)) != expected(self.seen_as, Agreement(1.0, 1.0))

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
            integer_type=self.integer_types.get(self.domain),
            integer_type_of=self.integer_types.get,
        )


def guarantees_in(transformer: Transformer[Any], column: Column, seen_as: Column) -> Guarantees:
    """What a transformer promises of a column that its domain makes it see as a narrower one.

    Distinct values that only this column holds may become equal by the cut.
    """
    found = transformer.guarantees_for(seen_as)
    limit = seen_as.max_length
    if limit is None or not narrows(column, limit) or transformer.distinct_at(limit, column):
        return found
    return replace(found, uniqueness=Uniqueness.LOSSY)


def narrows(column: Column, limit: int) -> bool:
    """Whether a limit is less than a column, or any part of its values, admits."""
    own = [part.max_length for part in column.parts] or [column.max_length]
    return any(each is None or each > limit for each in own)


def mixes(found: Guarantees, other: Guarantees) -> bool:
    """Whether distinct values may become equal where some rows mask one way and some the other.

    Only a transformer whose outputs are nobody's real value leaves the kept rows of the column alone.
    """
    return (
        found.uniqueness is Uniqueness.LOSSY
        or found.coincidence is not Coincidence.DISJOINT
        or other.coincidence is not Coincidence.UNCHANGED
    )


@dataclass(frozen=True)
class TablePlan:
    """What becomes of one table that stores rows.

    Attributes:
        table: The table.
        mode: mask, keep (nothing to mask by decision), truncate (no rows), or synthesize (fabricated rows).
        columns: One plan for each stored column, in stored order; empty for truncate and synthesize.
        load_through_root: True where a masked partition key sends rows to other partitions: load into
            `table.rule_table` instead of the leaf.
        where: Which rows the image has; None for all.
        rows: How many rows to fabricate, in all partitions together.
        own_code: Digests of the code of users' transformers, by name: whoever masks must have the same.
    """

    table: Table
    mode: Literal["mask", "keep", "truncate", "synthesize"]
    columns: tuple[ColumnPlan, ...]
    load_through_root: bool = False
    where: Condition | None = None
    rows: int = 0
    own_code: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def reads_rows(self) -> bool:
        """Whether the image's rows are production's."""
        return self.mode in ("mask", "keep")

    @cached_property
    def masked(self) -> tuple[ColumnPlan, ...]:
        """The columns that change."""
        return tuple(column for column in self.columns if column.masked)

    @cached_property
    def compared(self) -> frozenset[str]:
        """Masked columns whose values are held against production's."""
        return frozenset(column.column.name for column in self.masked if column.compared)

    def column(self, name: str) -> ColumnPlan | None:
        return next((each for each in self.columns if each.column.name == name), None)


@dataclass(frozen=True)
class PlanWarning:
    """A rule that is allowed and yet looks weak.

    Attributes:
        weak: Whether `rules check` fails for it: it may be right, but then the rule should say why.
    """

    table: str
    column: str | None
    message: str
    mark: Mark | None = None
    weak: bool = False

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
        held: Domains that mask under the previous key.
        warnings: Allowed, but worth a look.
    """

    tables: tuple[TablePlan, ...]
    rules_digest: str
    key_id: str
    objects: ObjectsRule
    domains: Mapping[str, DomainPlan] = field(default_factory=dict)
    warnings: tuple[PlanWarning, ...] = ()
    held: frozenset[str] = frozenset()

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
