"""Whether every masked column was masked at all: rows changed while masking, and constants are what they should be.

The search for production's values sees most of what masking left out, but not all: masks may coincide with real
values, short values are no evidence, and a document whose masking was skipped gave no parts to search for. So each
masked column must have been counted, row by row, and have changed as often as its transformers promise: nearly always
where a mask is never the value, by the rule's `change_rate`; where masks are drawn whatever the values are, as often as
chance has it, within what a binomial of so many rows passes once in a million columns. Rows that conditions tell apart
are judged apart, each by its own rule.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import log
from typing import Any

import polars as pl
from psycopg import sql

from testdata_assets.masking import copy_text
from testdata_assets.masking.change_counts import TELLING, ChangeCount, Changes
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import ColumnPlan, MaskingPlan, TablePlan
from testdata_assets.masking.plan_transformers import KEEP
from testdata_assets.masking.transformers.base import Agreement, Coincidence, RowTransformer, Transformer
from testdata_assets.masking.transformers.tsvector import TsVector
from testdata_assets.postgres.identifiers import TableName, quote_identifier
from testdata_assets.production.catalog import Catalog, Table
from testdata_assets.production.profile import TableProfile
from testdata_assets.validation.image_reader import Counts, ImageReader
from testdata_assets.validation.report import Finding
from testdata_assets.validation.rules import ValidationRules

NOT_COUNTED = "changes not counted"
UNCHANGED = "unchanged values"
_FEW_ROWS = 50  # under so many rows a change rate only has to be above zero
_PROBED_ROWS = 20_000
_ENDLESS = ["infinity", "-infinity"]
_CHANCE = 1e-6  # that more rows stay than these limits admit
_RATED = frozenset({Coincidence.DISJOINT, Coincidence.MAY_COINCIDE})

Profiles = Mapping[TableName, TableProfile]


@dataclass(frozen=True)
class _Way:
    """One way of a column, and what was counted of it."""

    plan: ColumnPlan
    counts: Changes

    @property
    def stayed(self) -> int:
        return self.counts.rows - self.counts.changed


@dataclass(frozen=True)
class _Counted:
    """One masked column, partitions between which rows may move taken together.

    Attributes:
        tables: The storing tables it stands in.
        present: Its values in the image, NULLs left out.
        ways: Of those that mask, what was counted while masking; empty where nobody counted.
        values: How many values were counted in all ways, with those that are kept.
    """

    column: ColumnPlan
    tables: tuple[TableName, ...]
    present: int
    ways: tuple[_Way, ...]
    values: int

    @property
    def place(self) -> tuple[str, str]:
        return str(self.tables[0]), self.column.column.name

    @property
    def uncounted(self) -> int:
        """Values of the image that nobody counted, or counted and not there; where NULLs may come, nobody can tell."""
        if not self.ways:
            return self.present
        several = self.column.otherwise is not None and self.column.guarantees.nulls_stay_null
        return abs(self.present - self.values) if several else 0


def unchanged_columns(
    reader: ImageReader,
    plan: MaskingPlan,
    change_counts: Iterable[ChangeCount],
    counts: Mapping[TableName, Counts],
    rules: ValidationRules,
    source: Profiles,
) -> list[Finding]:
    """Masked columns of which too few values changed or nobody counted them.

    Args:
        reader: Of the image.
        plan: What was to become of each column.
        change_counts: What was counted while masking.
        counts: Rows and NULLs of the image's tables.
        rules: With the share of values that must change where nearly every one does.
        source: Profiles of the snapshot's tables: how many rows draw together.
    """
    found = []
    for each in _counted(plan, change_counts, counts):
        table, name = each.place
        if each.uncounted:
            found.append(Finding(table, name, NOT_COUNTED, each.uncounted))
        stayed = _too_many_stayed(reader, each, rules, source)
        if stayed:
            found.append(Finding(table, name, UNCHANGED, stayed))
    return found


def _too_many_stayed(reader: ImageReader, counted: _Counted, rules: ValidationRules, source: Profiles) -> int:
    """Values that stayed as they were, where those are more than may have; else 0."""
    expected = [_expected_changes(way) for way in counted.ways]
    rows = sum(way.counts.rows for way in counted.ways)
    silent = not any(way.counts.changed for way in counted.ways)
    if rows and silent and None in expected and _should_have_changed(reader, counted, rows):
        return rows
    stayed = 0
    for way, share in zip(counted.ways, expected, strict=True):
        if share is None or not way.stayed:
            continue
        if share == 1.0:
            few = way.counts.rows < _FEW_ROWS and not silent  # the other rows changed
            stayed += 0 if few else _stayed_of_all(reader, counted, way, rules)
        elif _exceeds(way, min(share, rules.own_change_rate or 1.0), source.get(counted.tables[0])):
            stayed += way.stayed
    return stayed


def _stayed_of_all(reader: ImageReader, counted: _Counted, way: _Way, rules: ValidationRules) -> int:
    """The same of a way whose masks hardly ever are the value."""
    rows, changed = way.counts.rows, way.counts.changed
    required = rules.change_rate if rows >= _FEW_ROWS else 0.0
    if changed == 0 or changed / rows < required:
        rows -= _fixed(reader, counted)  # zero under noise, infinity among dates: they stay by design
    return rows - changed if rows > changed and (changed == 0 or changed / rows < required) else 0


def _exceeds(way: _Way, least: float, table: TableProfile | None) -> bool:
    """Whether more stayed than chance explains where at least such a share is expected to change."""
    rows = way.counts.rows
    return excessive(way.stayed, rows / _alike(way.plan, table), rows, 1.0 - least)


def _counted(
    plan: MaskingPlan, change_counts: Iterable[ChangeCount], counts: Mapping[TableName, Counts]
) -> Iterator[_Counted]:
    known = by_column(change_counts)
    groups: dict[TableName, list[TablePlan]] = {}
    for table in masking_tables(plan):
        # Rows that go through the root may end in a partition that had none.
        owner = table.table.rule_table if table.load_through_root else table.table.name
        groups.setdefault(owner, []).append(table)
    for tables in groups.values():
        names = tuple(table.table.name for table in tables)
        for column in tables[0].masked:
            if _is_constant(column):
                continue
            name = column.column.name
            ways = total(known, names, name)
            here = [counts.get(table, Counts(0, {})) for table in names]
            yield _Counted(
                column,
                names,
                sum(each.rows - each.nulls.get(name, 0) for each in here),
                tuple(
                    _Way(way, ways[place])
                    for place, way in enumerate(column.ways)
                    if place in ways and way.transformer.name != KEEP
                ),
                sum(each.values for each in ways.values()),
            )


Known = Mapping[tuple[str, str], Mapping[int, Changes]]


def by_column(change_counts: Iterable[ChangeCount]) -> Known:
    """What was counted, by table and column, and by way."""
    found: dict[tuple[str, str], dict[int, Changes]] = {}
    for each in change_counts:
        ways = found.setdefault((each.table, each.column), {})
        ways[each.way] = ways.get(each.way, Changes()) + each.changes
    return found


def total(known: Known, tables: Iterable[TableName], column: str) -> dict[int, Changes]:
    """The same of a column of several tables together."""
    found: dict[int, Changes] = {}
    for table in tables:
        for way, changes in known.get((str(table), column), {}).items():
            found[way] = found.get(way, Changes()) + changes
    return found


def free_share(column: ColumnPlan, ways: Mapping[int, Changes]) -> float:
    """Share of a column's values that were masked in a way of which no distribution is promised."""
    if not column.free_ways:
        return 0.0
    values = sum(each.values for each in ways.values())
    free = sum(each.values for way, each in ways.items() if way in column.free_ways)
    return free / values if values else 1.0


def masking_tables(plan: MaskingPlan) -> list[TablePlan]:
    """Tables whose rows come from the source."""
    return [table for table in plan.tables if table.reads_rows]


def _is_constant(column: ColumnPlan) -> bool:
    return column.otherwise is None and column.guarantees.coincidence is Coincidence.CONSTANT


def _coincidence(way: ColumnPlan) -> Coincidence:
    return way.transformer.guarantees_for(way.seen_as).coincidence


def _expected_changes(way: _Way) -> float | None:
    """Share of values that is expected to change, 1 where one that stays is a rare exception; None for no telling."""
    plan, counts = way.plan, way.counts
    if isinstance(plan.transformer, TsVector):
        return 1.0  # a vector of words is always emptied first
    rows = max(counts.rows, 1)
    agreement = Agreement(min(counts.anywhere / rows, 1.0), min(counts.nearby / rows, 1.0))
    if _coincidence(plan) is Coincidence.CONSTANT:
        return 1.0 - agreement.anywhere  # of some rows only: else `wrong_constants` looks at every value
    expected = plan.transformer.expected_changes(plan.seen_as, agreement)
    known = plan.stays_by_chance or _coincidence(plan) in _RATED
    return None if expected == 1.0 and not known else expected


def _alike(way: ColumnPlan, table: TableProfile | None) -> float:
    """Rows that share what a mask is drawn by, on average over rows: so many say no more than one.

    Of groups of t rows in a sample of a share f, t - 1 others were met for (t - 1) / f in the table.
    """
    known = [] if table is None else [column for name in _reads(way) if (column := table.column(name)) is not None]
    if table is None or not known:
        return 1.0
    seen = table.sample_rows / max(table.rows, table.sample_rows, 1)
    means = []
    for column in known:
        rows = sum(times * values for times, values in column.multiplicities)
        others = sum(times * values * (times - 1) for times, values in column.multiplicities)
        means.append(1 + others / max(rows, 1) / max(seen, 1e-9))
    return min(means)


def _reads(way: ColumnPlan) -> tuple[str, ...]:
    """Columns that masks are drawn by."""
    return way.transformer.reads() if isinstance(way.transformer, RowTransformer) else ()


def excessive(stayed: int, independent: float, rows: int, share: float) -> bool:
    """Whether more rows stayed than a binomial admits: n KL(observed | expected) bounds its tail (Hoeffding 1963).

    Args:
        stayed: Rows whose value is as it was.
        independent: As how many independent rows they count.
        rows: Of how many.
        share: Of rows expected to stay, at most.
    """
    observed = stayed / rows
    if observed <= share:
        return False
    if share <= 0:
        return True
    distance = observed * log(observed / share)
    if observed < 1:
        distance += (1 - observed) * log((1 - observed) / (1 - share))
    return independent * distance > -log(_CHANCE)


def _should_have_changed(reader: ImageReader, counted: _Counted, rows: int) -> bool:
    """Whether values none of which changed hold something that the rule would have changed.

    What did not change is in the image as it was, so the declared transformer is tried on it under another key.
    Masks that hang on the row cannot be tried: of enough different values some must have moved.
    """
    ways = [way.plan for way in counted.ways]
    if any(isinstance(way.transformer, RowTransformer) or _coincidence(way) is Coincidence.CONSTANT for way in ways):
        return rows >= _FEW_ROWS and any(_differ(reader, table, counted.column) for table in counted.tables)
    return any(_would_change(reader, table, way) for table in counted.tables for way in ways)


def _fixed(reader: ImageReader, counted: _Counted) -> int:
    """Rows whose values the declared transformers leave alone whatever the key; those that say nothing do not count.

    Such a value is in the image as it was. A value that masking left out is not among them: under other keys its
    transformer would change it. Nor are values that masks of others are; where a condition chooses, nobody can tell.
    """
    if counted.column.condition is not None:
        return 0
    ways = [way.plan for way in counted.ways]
    name = quote_identifier(counted.column.column.name)
    total = 0
    for table in counted.tables:
        query = f"SELECT {name} FROM ONLY {table.sql} WHERE {name} IS NOT NULL"  # noqa: S608  quoted
        for frame in reader.query(query, [counted.column.column.name]):
            values = copy_text.unescape(frame.to_series()).alias("v").value_counts(name="n")
            values = values.filter(pl.col("v").str.contains(TELLING))
            stays = pl.Series([True]).new_from_index(0, values.height)
            for way in ways:
                stays &= _stays(values.get_column("v"), way)
            total += int(values.get_column("n").filter(stays).sum())
    return total


def _stays(values: pl.Series, way: ColumnPlan) -> pl.Series:
    """Which values a transformer leaves alone under two keys; one that reads the row is not tried."""
    if isinstance(way.transformer, RowTransformer):
        return values.is_in(_ENDLESS)
    stays = pl.Series([True]).new_from_index(0, len(values))
    written = pl.Series([], dtype=pl.String)
    for _ in range(2):
        context = way.context(partial(KeyedHash.derive, secrets.token_bytes(32)))
        try:
            masked = way.transformer.apply(values, context)
        except (pl.exceptions.PolarsError, ValueError, OverflowError):
            return pl.Series([False]).new_from_index(0, len(values))  # the message may quote a value
        same = (masked == values).fill_null(False)
        written = pl.concat([written, masked.filter(~same).rename("")])
        stays &= same
    return stays & ~values.is_in(written.unique().to_list())


def _differ(reader: ImageReader, table: TableName, column: ColumnPlan) -> bool:
    query = sql.SQL("SELECT count(*) FROM (SELECT DISTINCT {}::text FROM ONLY {} LIMIT 2) AS few").format(
        sql.Identifier(column.column.name), sql.Identifier(table.schema, table.name)
    )
    with reader.connect() as conn:
        row = conn.execute(query).fetchone()
    return row is not None and int(row[0]) > 1


def _would_change(reader: ImageReader, table: TableName, way: ColumnPlan) -> bool:
    name = quote_identifier(way.column.name)
    query = f"SELECT {name} FROM ONLY {table.sql} WHERE {name} IS NOT NULL LIMIT {_PROBED_ROWS}"  # noqa: S608  quoted
    context = way.context(partial(KeyedHash.derive, secrets.token_bytes(32)))
    for frame in reader.query(query, [way.column.name]):
        values = copy_text.unescape(frame.to_series().drop_nulls()).unique(maintain_order=True)
        try:
            masked = way.transformer.apply(values, context)
        except (pl.exceptions.PolarsError, ValueError, OverflowError):
            return True  # the message may quote a value; what cannot be masked was not
        if bool((masked != values).fill_null(True).any()):
            return True
    return False


def unsettled_columns(reader: ImageReader, image: Catalog, plan: MaskingPlan) -> list[Finding]:
    """Columns with other values than their transformers write, of those whose every mask is its own mask."""
    found = []
    tables = {table.name: table for table in image.storing_tables}
    for table in masking_tables(plan):
        here = tables.get(table.table.name)
        for column in table.masked:
            if here is None or column.otherwise is not None or not column.transformer.settles:
                continue
            if here.column(column.column.name) is None:
                continue  # schema_matches tells
            others = _unsettled(reader, here.name, column)
            if others:
                found.append(Finding(str(here.name), column.column.name, UNCHANGED, others))
    return found


def _unsettled(reader: ImageReader, table: TableName, column: ColumnPlan) -> int:
    """Rows whose value the transformer would change again."""
    name = quote_identifier(column.column.name)
    query = f"SELECT {name}, count(*) FROM ONLY {table.sql} WHERE {name} IS NOT NULL GROUP BY 1"  # noqa: S608  quoted
    context = column.context(partial(KeyedHash.derive, secrets.token_bytes(32)))
    total = 0
    for frame in reader.query(query, ["v", "n"]):
        values = copy_text.unescape(frame.get_column("v"))
        try:
            masked = column.transformer.apply(values, context)
        except (pl.exceptions.PolarsError, ValueError, OverflowError):
            return int(frame.get_column("n").cast(pl.Int64).sum())  # the message may quote a value
        # 10 and 10.00 are one number.
        same = (masked == values) | (masked.cast(pl.Float64, strict=False) == values.cast(pl.Float64, strict=False))
        total += int(frame.get_column("n").cast(pl.Int64).filter(~same.fill_null(False)).sum())
    return total


def wrong_constants(
    reader: ImageReader, image: Catalog, plan: MaskingPlan, counts: Mapping[TableName, Counts]
) -> list[Finding]:
    """Columns that were to become NULL or one constant and hold something else."""
    found = []
    tables = {table.name: table for table in image.storing_tables}
    for table in masking_tables(plan):
        here = tables.get(table.table.name)
        if here is None:
            continue  # schema_matches tells
        for column in table.masked:
            if not _is_constant(column) or here.column(column.column.name) is None:
                continue
            others = _others(reader, here, column, counts[here.name])
            if others:
                kind = f"values that {column.transformer.name} does not write"
                found.append(Finding(str(here.name), column.column.name, kind, others))
    return found


def _others(reader: ImageReader, table: Table, column: ColumnPlan, counts: Counts) -> int:
    """Values of a column that are not what its transformer writes."""
    name = sql.Identifier(column.column.name)
    place = sql.Identifier(table.name.schema, table.name.name)
    present = counts.rows - counts.nulls.get(column.column.name, 0)
    if not present:
        return 0
    with reader.connect() as conn:
        if isinstance(column.transformer, RowTransformer) and not isinstance(column.transformer, TsVector):
            distinct = sql.SQL("SELECT count(DISTINCT {}::text) - 1 FROM ONLY {}").format(name, place)
            row = conn.execute(distinct).fetchone()
            return int(row[0]) if row else present
        some = conn.execute(
            sql.SQL("SELECT {}::text FROM ONLY {} WHERE {} IS NOT NULL LIMIT 1").format(name, place, name)
        ).fetchone()
        written = _written(column.transformer, column, str(some[0]) if some else "")
        if written is None:
            return present
        # Through the column's own type as Postgres prints it, which writes a constant in its own way; as text, since
        # not every type has an =.
        query = sql.SQL("SELECT count(*) FROM ONLY {} WHERE {}::text <> {}::{}::text").format(
            place,
            name,
            sql.Literal(written),
            sql.SQL(column.column.type),
        )
        row = conn.execute(query).fetchone()
    return int(row[0]) if row else present


def _written(transformer: Transformer[Any], column: ColumnPlan, some: str) -> str | None:
    """What a constant transformer makes of any value."""
    if isinstance(transformer, TsVector):
        return ""
    context = column.context(partial(KeyedHash.derive, secrets.token_bytes(32)))
    written = transformer.apply(pl.Series(column.column.name, [some], dtype=pl.String), context)[0]
    return None if written is None else str(written)
