"""Whose rule covers a column: partitions and children look to their root, references to what they reference.

A column's *owner* is the topmost table that has it: the partition root or the inheritance parent. Owners
are joined by edges from referencing to referenced column, from declared foreign keys and from
`relationships`. A column without a rule of its own takes the nearest rule along those edges; a rule without
a domain takes the nearest domain, and where there is none, the root column's name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from testdata_assets.masking.rule_models import ColumnRef, ColumnRule, MaskingRules, TableRule
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, ForeignKey, Table

_KEEP = ColumnRule(transform="keep")


@dataclass(frozen=True)
class Edge:
    """A referencing column points to a referenced one (both as owners).

    Attributes:
        name: The constraint's name, or `relationships`.
        constraint: The declared foreign key, or None.
        index: Position of the relationship in the rules, or None.
    """

    source: ColumnRef
    target: ColumnRef
    name: str
    constraint: ForeignKey | None = None
    index: int | None = None


@dataclass(frozen=True)
class Effective:
    """The rule that covers a column.

    Attributes:
        rule: The rule.
        origin: The column it is written for.
        domain: The domain it masks in.
    """

    rule: ColumnRule
    origin: ColumnRef
    domain: str


class Lineage:
    """Owners, edges and effective rules of one catalog under one set of rules.

    Of a table that inherits from several the first declared parent is the one that `ancestry` follows.
    """

    def __init__(self, rules: MaskingRules, catalog: Catalog) -> None:
        self.rules = rules
        self.tables: dict[TableName, Table] = {table.name: table for table in catalog.tables}
        self._foreign_keys = catalog.foreign_keys
        self._ancestries: dict[TableName, tuple[TableName, ...]] = {}
        self._effective: dict[ColumnRef, Effective | None] = {}

    def ancestry(self, name: TableName) -> tuple[TableName, ...]:
        """The table, its parent, and so on up to the root, as far as the catalog knows them."""
        if name in self._ancestries:
            return self._ancestries[name]
        names = [name]
        table = self.tables.get(name)
        while table is not None:
            above = table.parent or (table.rule_table if table.rule_table != table.name else None)
            if above is None or above in names or above not in self.tables:
                break
            names.append(above)
            table = self.tables[above]
        return self._ancestries.setdefault(name, tuple(names))

    def owner(self, table: TableName, column: str) -> ColumnRef:
        """The topmost ancestor that has the column (the table itself where none has).

        Of several parents that have it, the one declared first counts.
        """
        for name in reversed(self.ancestry(table)):
            ancestor = self.tables.get(name)
            if ancestor is not None and ancestor.column(column) is not None and (name != table):
                return self._beside(name, column)
        return self._beside(table, column)

    def _beside(self, table: TableName, column: str) -> ColumnRef:
        """The same where no first parent has the column: another parent may."""
        found = self.tables.get(table)
        for name in found.further_parents if found is not None else ():
            parent = self.tables.get(name)
            if parent is not None and parent.column(column) is not None:
                return self.owner(name, column)
        return ColumnRef(table, column)

    def ancestors(self, table: TableName) -> frozenset[TableName]:
        """The table and all above it, by any parent: whose rows its rows are too."""
        found, waiting = {table}, [table]
        while waiting:
            known = self.tables.get(waiting.pop())
            above = {*known.parents, *self.ancestry(known.name)} if known is not None else set()
            waiting += above - found
            found |= above
        return frozenset(found)

    def truncated(self, table: TableName) -> bool:
        """Whether the table or one of its ancestors is emptied."""
        rules = map(self.rules.tables.get, self.ancestors(table))
        return any(rule is not None and rule.mode == "truncate" for rule in rules)

    def fabricated(self, table: TableName) -> bool:
        """Whether the table's rows are made up: its root's mode is synthesize."""
        rule = self.rules.tables.get(self.ancestry(table)[-1])
        return rule is not None and rule.mode == "synthesize"

    def own_rule(self, column: ColumnRef) -> ColumnRule | None:
        """The rule written for an owner column itself: by name, or by its table's `mode: keep`."""
        table: TableRule | None = self.rules.tables.get(column.table)
        if table is None:
            return None
        if table.mode == "keep" and not table.columns:
            return _KEEP
        return table.columns.get(column.column)

    @cached_property
    def edges(self) -> dict[ColumnRef, tuple[Edge, ...]]:
        """Edges by referencing owner column, declared keys first, each in the order of their names."""
        found: dict[ColumnRef, dict[tuple[ColumnRef, bool], Edge]] = {}
        for edge in self._all_edges():
            if edge.source != edge.target:
                # A key on a partitioned table is repeated on every leaf: one edge is enough.
                found.setdefault(edge.source, {}).setdefault((edge.target, edge.constraint is None), edge)
        return {source: tuple(edges.values()) for source, edges in found.items()}

    def _all_edges(self) -> Iterator[Edge]:
        keys = sorted(self._foreign_keys, key=lambda key: (len(self.ancestry(key.table)), key.table, key.name))
        for key in keys:
            for source, target in zip(key.columns, key.referenced_columns, strict=True):
                yield Edge(self.owner(key.table, source), self.owner(key.referenced_table, target), key.name, key)
        for index, each in enumerate(self.rules.relationships):
            if each.inside is not None:
                continue  # a rule nested in the column's own; see nested_references.py
            yield Edge(
                self.owner(each.from_.table, each.from_.column),
                self.owner(each.to.table, each.to.column),
                "relationships",
                index=index,
            )

    def upstream(self, column: ColumnRef) -> Iterator[ColumnRef]:
        """The column and all it references, nearest first; every column once, also in cycles."""
        seen = {column}
        queue = deque([column])
        while queue:
            current = queue.popleft()
            yield current
            for edge in self.edges.get(current, ()):
                if edge.target not in seen:
                    seen.add(edge.target)
                    queue.append(edge.target)

    def effective(self, column: ColumnRef) -> Effective | None:
        """The rule that covers an owner column, or None where nothing does."""
        if column not in self._effective:
            self._effective[column] = self._find_effective(column)
        return self._effective[column]

    def _find_effective(self, column: ColumnRef) -> Effective | None:
        for above in self.upstream(column):
            rule = self.own_rule(above)
            if rule is not None:
                return Effective(rule, above, self._domain(column))
        return None

    def _domain(self, column: ColumnRef) -> str:
        for above in self.upstream(column):
            rule = self.own_rule(above)
            if rule is not None and rule.domain is not None:
                return rule.domain
        return str(self._roots[column]) if column in self._roots else str(column)

    @cached_property
    def _roots(self) -> dict[ColumnRef, ColumnRef]:
        """The root column of every column that takes part in a reference.

        Columns joined by references mask alike, so that all of them share one root: the one that references
        nothing. Of several such (a column with two foreign keys), or of a cycle where there is none, the
        first by name.
        """
        neighbours: dict[ColumnRef, set[ColumnRef]] = {}
        for edges in self.edges.values():
            for edge in edges:
                neighbours.setdefault(edge.source, set()).add(edge.target)
                neighbours.setdefault(edge.target, set()).add(edge.source)
        roots: dict[ColumnRef, ColumnRef] = {}
        for start in neighbours:
            if start in roots:
                continue
            group, stack = {start}, [start]
            while stack:
                for other in neighbours[stack.pop()] - group:
                    group.add(other)
                    stack.append(other)
            sinks = [column for column in group if column not in self.edges]
            root = min(sinks or [column for column in group if self._in_cycle(column)])
            roots.update(dict.fromkeys(group, root))
        return roots

    def _in_cycle(self, column: ColumnRef) -> bool:
        return any(column in self.upstream(edge.target) for edge in self.edges.get(column, ()))
