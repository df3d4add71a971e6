"""Factories derived from a database's own catalog: for every table, one that fabricates rows its columns admit.

Parents come before their children. A foreign key points at the row of the same number of its parent, so keys that share
columns agree with each other; a reference to the own table, or one that closes a cycle, stays NULL where it may. What a
table fills by itself (defaults, identities, generated columns) is left to it unless a unique index needs more.

Whether the rows hold against the real schema is what `factory_check.py` finds out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.synthesis.factory_schema import (
    CatalogLike,
    ColumnLike,
    ForeignKeyLike,
    SchemaFacts,
    TableLike,
    UniqueIndexLike,
)
from testdata_assets.synthesis.factory_values import Maker, maker_for

DEFAULT_SEED = 20240229
_PLENTY = 1000  # a key with so many different values needs no help of another column


@dataclass(frozen=True)
class Reference:
    """Stands for the value that a row fabricated before has in a column."""

    table: TableName
    column: str
    row: int


Value = str | Reference | None
Row = dict[str, Value]


@dataclass(frozen=True)
class Link:
    """A foreign key as its factory follows it.

    Attributes:
        name: Of the constraint.
        columns: Of the referencing table.
        table: Referenced; the root where it is a partition.
        referenced: Its columns, in the order of `columns`.
        nullable: The columns that may be NULL; if any is, the link may be left out.
    """

    name: str
    columns: tuple[str, ...]
    table: TableName
    referenced: tuple[str, ...]
    nullable: tuple[str, ...]


@dataclass(frozen=True)
class Factory:
    """Fabricates rows of one table.

    Attributes:
        table: What it is for.
        makers: Of the columns it fills by itself.
        may_be_null: Those of them that are NULL in every third row.
        links: Foreign keys it follows; their tables' rows must exist.
        own_links: Those to the table itself that may not be NULL: each row refers to itself.
        nulls: Columns always NULL: of links that close a cycle.
        capacity: How many rows can differ as the unique indexes ask.
        problem: Why no row can be fabricated, else None.
    """

    table: TableName
    makers: Mapping[str, Maker]
    may_be_null: frozenset[str] = frozenset()
    links: tuple[Link, ...] = ()
    own_links: tuple[Link, ...] = ()
    nulls: frozenset[str] = frozenset()
    capacity: int = 10**9
    problem: str | None = None

    def build(self, rows: int) -> list[Row]:
        """Fabricates rows, all with the same columns; fewer than asked for where no more can be unique."""
        return [self._row(number) for number in range(min(rows, self.capacity))]

    def _row(self, number: int) -> Row:
        row: Row = {
            name: None if name in self.may_be_null and number % 3 == 2 else maker.make(number)
            for name, maker in self.makers.items()
        }
        for link in self.links:
            for column, referenced in zip(link.columns, link.referenced, strict=True):
                row[column] = Reference(link.table, referenced, number)
        for link in self.own_links:
            for column, referenced in zip(link.columns, link.referenced, strict=True):
                row[column] = row[referenced]
        return row | dict.fromkeys(self.nulls)


def derive_factories(
    catalog: CatalogLike, facts: SchemaFacts | None = None, *, seed: int = DEFAULT_SEED
) -> tuple[Factory, ...]:
    """One factory for each table that takes rows, parents first.

    Args:
        catalog: Of the database.
        facts: What `read_facts` found; without them enums and composites stay NULL.
        seed: Equal seeds make equal values.
    """
    known = facts if facts is not None else SchemaFacts()
    tables = {table.name: table for table in _tables(catalog)}
    links = _links(catalog, tables)
    order, cut = _parents_first(tables, links)
    factories: dict[TableName, Factory] = {}
    for name in order:
        indexes = [index for index in catalog.unique_indexes if index.table == name]
        draft = _Draft(tables[name], links[name], cut, indexes, known, f"{seed}/{name}")
        factories[name] = draft.factory(factories)
    return tuple(factories.values())


def _tables(catalog: CatalogLike) -> Iterable[TableLike]:
    roots = {table.rule_table for table in catalog.tables if table.is_partition and table.kind == "r"}
    for table in catalog.tables:
        if not table.is_partition and (table.kind == "r" or (table.kind == "p" and table.name in roots)):
            yield table


def _links(catalog: CatalogLike, tables: Mapping[TableName, TableLike]) -> dict[TableName, list[Link]]:
    """The foreign keys of each table. Those a partitioned table brings along for its partitions count once."""
    root_of = {table.name: table.rule_table for table in catalog.tables if table.is_partition}
    found: dict[TableName, list[Link]] = {name: [] for name in tables}
    for key in catalog.foreign_keys:
        target = root_of.get(key.referenced_table, key.referenced_table)
        if key.table not in tables or target not in tables:
            continue
        link = Link(key.name, key.columns, target, key.referenced_columns, _nullable(tables[key.table], key))
        same = (link.columns, link.table, link.referenced)
        if all((other.columns, other.table, other.referenced) != same for other in found[key.table]):
            found[key.table].append(link)
    return found


def _nullable(table: TableLike, key: ForeignKeyLike) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.name in key.columns and not column.not_null)


def _parents_first(
    tables: Mapping[TableName, TableLike], links: Mapping[TableName, list[Link]]
) -> tuple[list[TableName], frozenset[tuple[TableName, str]]]:
    """The order of fabrication, and the links (table, constraint) given up because they close a cycle."""
    waiting = {name: [link for link in links[name] if link.table != name] for name in tables}
    order: list[TableName] = []
    cut: set[tuple[TableName, str]] = set()
    while waiting:
        ready = [name for name, pending in waiting.items() if all(link.table not in waiting for link in pending)]
        if ready:
            order += ready
            for name in ready:
                del waiting[name]
            continue
        ahead = {name: _reachable(name, waiting) for name in waiting}
        closing = {
            name: [link for link in pending if name in ahead.get(link.table, ())] for name, pending in waiting.items()
        }
        circle = [name for name, closed in closing.items() if closed]
        required = {one: sum(not link.nullable for link in closing[one]) for one in circle}
        name = min(circle, key=required.__getitem__)
        cut |= {(name, link.name) for link in closing[name]}
        waiting[name] = [link for link in waiting[name] if (name, link.name) not in cut]
    return order, frozenset(cut)


def _reachable(start: TableName, waiting: Mapping[TableName, list[Link]]) -> set[TableName]:
    found: set[TableName] = set()
    ahead = [start]
    while ahead:
        for link in waiting.get(ahead.pop(), ()):
            if link.table not in found:
                found.add(link.table)
                ahead.append(link.table)
    return found


class _Draft:
    """Puts one factory together: what links fill, what the table fills, what is left for makers."""

    def __init__(
        self,
        table: TableLike,
        links: list[Link],
        cut: frozenset[tuple[TableName, str]],
        indexes: list[UniqueIndexLike],
        facts: SchemaFacts,
        seed: str,
    ) -> None:
        self._table = table
        self._facts = facts
        self._seed = seed
        self._indexes = indexes
        self._columns = {column.name: column for column in table.columns}
        self._fixed = facts.partition_values.get(table.name, {})
        own = [link for link in links if link.table == table.name]
        left_out = [link for link in links if (table.name, link.name) in cut] + [link for link in own if link.nullable]
        self._nulls = frozenset(column for link in left_out for column in link.nullable)
        self._stuck = [link for link in left_out if not link.nullable]
        self._own = [link for link in own if not link.nullable]
        self._links = [link for link in links if link not in left_out and link not in own]
        self._linked = {column for link in [*self._links, *self._own] for column in link.columns} | self._nulls

    def factory(self, parents: Mapping[TableName, Factory]) -> Factory:
        distinct, makers = set[str](), dict[str, Maker]()
        capacity = min((self._spread(index, distinct, parents) for index in self._indexes), default=10**9)
        keys = {name for index in self._indexes for name in _columns_of(index)} | set(self._fixed)
        wanted = {name for link in self._own for name in link.referenced}
        problem = f"foreign key {self._stuck[0].name} closes a cycle and may not be NULL" if self._stuck else None
        for column in self._table.columns:
            name = column.name
            if name in self._linked or not self._is_filled(column, name in distinct, name in wanted):
                continue
            maker = self._maker(column, name in distinct)
            if maker is not None:
                makers[name] = maker
            elif column.not_null:
                problem = problem or f"no value is known for column {name} of type {column.type}"
        for link in self._own:
            missing = [name for name in link.referenced if name not in makers]
            if missing:
                problem = problem or f"foreign key {link.name} refers to its own row, whose {missing[0]} is not known"
        optional = {name for name in makers if not self._columns[name].not_null and name not in keys}
        return Factory(
            self._table.name,
            makers,
            frozenset(optional),
            tuple(self._links),
            tuple(self._own),
            self._nulls,
            capacity,
            problem,
        )

    def _is_filled(self, column: ColumnLike, distinct: bool, wanted: bool) -> bool:
        if column.generated or column.identity == "a":
            return False
        default = self._facts.of(self._table.name, column.name).default
        if column.name in self._fixed or wanted:
            return True
        if column.identity == "d" or (default is not None and default.startswith("nextval(")):
            return False
        return distinct or default is None

    def _maker(self, column: ColumnLike, distinct: bool) -> Maker | None:
        if column.name in self._fixed:
            value = self._fixed[column.name]
            return Maker(lambda row: value, 1)
        facts = self._facts.of(self._table.name, column.name)
        return maker_for(column, facts, seed=self._seed, distinct=distinct)

    def _counts_itself(self, name: str) -> bool:
        column = self._columns[name]
        default = self._facts.of(self._table.name, name).default or ""
        return name not in self._fixed and (bool(column.identity) or default.startswith("nextval("))

    def _spread(self, index: UniqueIndexLike, distinct: set[str], parents: Mapping[TableName, Factory]) -> int:
        """Chooses the columns that make rows differ for one index; returns how many rows they can tell apart."""
        columns = [name for name in _columns_of(index) if name in self._columns]
        if any(self._counts_itself(name) for name in index.columns if name in self._columns):
            return 10**9
        by_key = max(
            (parents[link.table].capacity for link in self._links if set(link.columns) <= set(index.columns)), default=0
        )
        if by_key >= _PLENTY or any(name in self._nulls for name in index.columns):
            return by_key or 10**9
        makers = {
            name: maker
            for name in columns
            if name not in self._linked and not self._columns[name].generated
            if (maker := self._maker(self._columns[name], True)) is not None
        }
        if not makers:
            return by_key or 10**9
        best = max(makers, key=lambda name: makers[name].capacity)
        distinct |= set(makers) if index.expressions else {best}
        return max(makers[best].capacity, by_key)


def _columns_of(index: UniqueIndexLike) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*index.columns, *index.lowered, *index.expression_columns)))
