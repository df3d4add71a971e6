"""The source's catalog as plain values: what a plan, an extraction or a check needs to know of a database.

Nothing here holds row data. Reading it from a connection is `catalog_reader.py`'s job.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.collations import Collation


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: Raw identifier.
        type: As `format_type` prints it, e.g. `character varying(50)`, `public.citext`, `integer[]`.
        base_type: pg_type.typname below domains, e.g. `varchar`, `citext`, `int4`, `_text`, `jsonb`.
        category: pg_type.typcategory below domains (`S` string, `N` number, `D` date, `A` array, `E` enum,
            `C` composite, `U` user, `B` boolean, `I` network, `T` timespan, `V` bits, `R` range).
        max_length: Characters a varchar/char column admits, else None.
        not_null: Whether NULL is refused (also by its domain).
        generated: True for GENERATED ALWAYS AS (...) columns, which cannot be copied.
        virtual: True for those of them that are computed when read, and never stored.
        identity: '' or 'a' (ALWAYS) or 'd' (BY DEFAULT).
        position: attnum.
        parts: What its values consist of: of an array one column that describes its elements (named ''), of a
            composite its attributes in order; else nothing.
        labels: Of an enumeration, in their order.
        nondeterministic: Whether its collation calls some different texts equal, such as those that differ in case.
    """

    name: str
    type: str
    base_type: str
    category: str
    max_length: int | None = None
    not_null: bool = False
    generated: bool = False
    identity: str = ""
    position: int = 0
    parts: tuple[Column, ...] = ()
    virtual: bool = False
    nondeterministic: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table that stores rows, or a partitioned parent (`kind` 'p', which stores none).

    Attributes:
        kind: 'r' ordinary or leaf partition, 'p' partitioned, 'f' foreign.
        rule_table: The table whose rule covers this one: the partition root or inheritance parent, or itself.
        parent: Direct partition or inheritance parent, if any: the first of several.
        further_parents: The other tables it inherits from, in the order of their declaration.
        is_partition: True for a (sub)partition, False for plain inheritance.
        partition_columns: Column names in the partition key (kind 'p'); expressions appear as None.
        pages: Pages of the main fork as it is on disk, for cutting chunks.
        estimated_rows: reltuples, never negative.
        row_security: Whether row-level security would hide rows from the reading role.
    """

    name: TableName
    oid: int
    kind: str
    columns: tuple[Column, ...]
    rule_table: TableName
    parent: TableName | None = None
    is_partition: bool = False
    partition_columns: tuple[str | None, ...] = ()
    pages: int = 0
    estimated_rows: int = 0
    row_security: bool = False
    further_parents: tuple[TableName, ...] = ()

    @property
    def parents(self) -> tuple[TableName, ...]:
        """All tables whose rows this one's are too, directly; the first declared comes first."""
        return (*([self.parent] if self.parent is not None else []), *self.further_parents)

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        """The columns COPY carries, in order: all but generated ones."""
        return tuple(column for column in self.columns if not column.generated)

    @property
    def derived_columns(self) -> tuple[Column, ...]:
        """Generated columns whose values are stored."""
        return tuple(column for column in self.columns if column.generated and not column.virtual)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class ForeignKey:
    """A declared foreign key; columns pair up by position. With `period` the last pair need only be covered."""

    name: str
    table: TableName
    columns: tuple[str, ...]
    referenced_table: TableName
    referenced_columns: tuple[str, ...]
    validated: bool = True
    period: bool = False


@dataclass(frozen=True)
class UniqueIndex:
    """A primary key, unique constraint or unique index.

    `columns` are its plain key columns; `expressions` the texts of expression keys; `lowered` the columns
    that appear inside a lower()/upper() expression; `expression_columns` all columns that expressions or the
    predicate use; `predicate` the partial-index predicate, if any; `nulls_collide` says NULLS NOT DISTINCT.
    """

    name: str
    table: TableName
    columns: tuple[str, ...]
    expressions: tuple[str, ...] = ()
    lowered: tuple[str, ...] = ()
    predicate: str | None = None
    primary: bool = False
    exclusion: bool = False
    expression_columns: tuple[str, ...] = ()
    nulls_collide: bool = False


@dataclass(frozen=True)
class Sequence:
    """A sequence with its state in the source and the column that owns it, if any."""

    name: TableName
    last_value: int
    is_called: bool
    increment: int
    owner_table: TableName | None = None
    owner_column: str | None = None


@dataclass(frozen=True)
class CatalogText:
    """Text inside the catalog that may hold personal data.

    kind: comment, default, check, index, enum_label, view, matview, function, aggregate, partition_bound,
    partition_key, policy, trigger, rule, statistics, text_search_dictionary.
    """

    kind: str
    object: str
    text: str


@dataclass(frozen=True)
class Catalog:
    """One database's catalog under one transaction snapshot (user schemas only)."""

    server_version: int
    system_identifier: str
    database: str
    tables: tuple[Table, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    unique_indexes: tuple[UniqueIndex, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    extensions: tuple[tuple[str, str], ...] = ()
    materialized_views: tuple[TableName, ...] = ()
    views: tuple[TableName, ...] = ()
    large_objects: int = 0
    texts: tuple[CatalogText, ...] = ()
    encoding: str = "UTF8"
    collations: tuple[str, ...] = ()
    made_collations: tuple[Collation, ...] = ()
    default_collation: Collation | None = None
    text_ranges: tuple[TableName, ...] = ()
    foreign_tables: tuple[TableName, ...] = field(default=())

    def table(self, name: TableName) -> Table | None:
        return next((table for table in self.tables if table.name == name), None)

    @property
    def storing_tables(self) -> tuple[Table, ...]:
        """Tables with rows of their own: ordinary tables and leaf partitions."""
        return tuple(table for table in self.tables if table.kind == "r")

    def leaves_of(self, root: TableName) -> tuple[Table, ...]:
        """The storing tables whose rule is `root`'s: the table itself, its partitions or its children."""
        return tuple(table for table in self.storing_tables if table.rule_table == root)
