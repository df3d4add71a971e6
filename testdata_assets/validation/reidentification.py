"""Whether rows of an image could still be told apart by what masking leaves: measured on the image, in SQL.

Three measures. k-anonymity of the sets of columns that rules/validation.yaml names: how many rows share their
combination with fewer than k - 1 others. Uniqueness of kept combinations: of the columns kept beside masked ones,
how many rows have a combination of values of their own. Frequency exposure: a deterministic mask keeps how often each
value occurs, so who knows the true frequencies knows the values whose frequency is no other's.

Sums only leave the database: never a value, not even a masked one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import sql

from testdata_assets.masking.plan import ColumnPlan, MaskingPlan
from testdata_assets.masking.transformers.base import Coincidence
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.sql_files import load_queries
from testdata_assets.production.catalog import Catalog, Column, Table
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.report import Finding
from testdata_assets.validation.rules import OnFailure, QuasiIdentifiers, ReidentificationRules, ValidationRules
from testdata_assets.validation.suites import Measured, Row

# Types without equality, or whose equality is not that of their text.
_BY_TEXT = frozenset({"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "tsvector"})
# Categories of pg_type whose equality is that of what they are made of, if that has any: arrays, composites, ours.
_OF_OTHERS = frozenset({"A", "C", "U"})
# Kept columns of these types name no person: they are left out of the combinations looked at unasked.
_SAYS_NOTHING = frozenset({"bytea", "json", "jsonb", "xml", "tsvector", "timestamp", "timestamptz", "uuid"})
_NOBODYS = frozenset({Coincidence.DISJOINT, Coincidence.CONSTANT})
_LINKABLE = frozenset({Coincidence.DISJOINT, Coincidence.MAY_COINCIDE})
_WORK_MEMORY = "64MB"  # of one query, so that groups of some hundred thousand rows need no file
_FEWEST_ROWS = 20  # a smaller table is told apart by anything


@dataclass(frozen=True)
class Outcome:
    """One measure of one table, figures only.

    Attributes:
        measure: `k_anonymity`, `uniqueness` or `frequency`.
        table: As rules name it.
        columns: What was looked at.
        figures: By name.
        failure: Kind and count of what is beyond its limit; None where nothing is.
        on_failure: What the rule says of that.
    """

    measure: str
    table: str
    columns: tuple[str, ...]
    figures: Mapping[str, int | float | str]
    failure: tuple[str, int] | None = None
    on_failure: OnFailure = "warn"

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"table": self.table, "columns": list(self.columns), **self.figures}
        if self.failure is not None:
            found["failure"], found["on_failure"] = self.failure[0], self.on_failure
        return found

    @property
    def finding(self) -> Finding | None:
        """What is beyond its limit."""
        if self.failure is None:
            return None
        return Finding(self.table, ", ".join(self.columns), *self.failure)


@dataclass(frozen=True)
class Reidentification:
    """All measures of one image."""

    outcomes: tuple[Outcome, ...] = ()
    seconds: float = 0.0
    smallest_k: int | None = field(init=False)

    def __post_init__(self) -> None:
        sizes = [int(each.figures["smallest_k"]) for each in self.outcomes if each.figures.get("smallest_k")]
        object.__setattr__(self, "smallest_k", min(sizes, default=None))

    def joined_to(self, measured: Measured) -> Measured:
        """A check's measurements with these: blocking ones as its findings, all figures in its details."""
        details: dict[str, Any] = {"smallest_k": self.smallest_k}
        details["rows_below_k"] = sum(int(each.figures.get("rows_below_k", 0)) for each in self.outcomes)
        for measure in ("k_anonymity", "uniqueness", "frequency"):
            details[measure] = [each.as_json() for each in self.outcomes if each.measure == measure]
        warned = [each.finding for each in self.outcomes if each.on_failure == "warn" and each.finding is not None]
        details["warnings"] = [finding.as_json() for finding in warned]
        rows = [_row(each) for each in self.outcomes if each.measure == "k_anonymity" or _blocks(each)]
        told = f"; {len(warned)} warnings of re-identification: {warned[0]}" if warned else ""
        return replace(
            measured,
            rows=[*measured.rows, *rows],
            summary=measured.summary + told,
            seconds=measured.seconds + self.seconds,
            details={**measured.details, "reidentification": details},
        )


def measure_reidentification(
    reader: ImageReader, image: Catalog, plan: MaskingPlan, rules: ValidationRules, *, workers: int
) -> Reidentification:
    """Takes all measures.

    Args:
        reader: Of the image.
        image: Its catalog.
        plan: What became of each column.
        rules: Sets of columns and limits, under `reidentification`.
        workers: Queries at once.
    """
    started = time.monotonic()
    asked = rules.reidentification
    plans = _plans_by_rule_table(plan)
    tables = {str(table.name): table for table in image.tables}
    with reader.connect() as conn:
        query = load_queries("testdata_assets.validation")["distinct_estimates"]
        estimates = {(TableName(row[0], row[1]), row[2]): float(row[3]) for row in conn.execute(query)}
    work: list[Callable[[], Outcome | None]] = []
    for chosen in asked.quasi_identifiers:
        work.append(_bound(_k_anonymity, reader, chosen, tables.get(chosen.table), plans))
    for name, columns in plans.items():
        table = image.table(name)
        if table is None:
            continue
        work.append(_bound(_uniqueness, reader, table, _kept_beside_masked(image, table, columns), asked))
        for column in columns.values():
            if _keeps_frequencies(column) and _few_values(image, table, column.column.name, estimates, asked):
                work.append(_bound(_frequency, reader, table, column, asked))
    with ThreadPoolExecutor(workers, thread_name_prefix="reidentify") as pool:
        found = list(pool.map(lambda each: each(), work))
    return Reidentification(tuple(each for each in found if each is not None), time.monotonic() - started)


def _bound(function: Callable[..., Outcome | None], *arguments: Any) -> Callable[[], Outcome | None]:
    return lambda: function(*arguments)


def _plans_by_rule_table(plan: MaskingPlan) -> dict[TableName, dict[str, ColumnPlan]]:
    """Columns of each table that a rule covers, partitions under their root."""
    found: dict[TableName, dict[str, ColumnPlan]] = {}
    for table in plan.tables:
        columns = found.setdefault(table.table.rule_table, {})
        for column in table.columns:
            columns.setdefault(column.column.name, column)
    return found


def _k_anonymity(
    reader: ImageReader,
    asked: QuasiIdentifiers,
    table: Table | None,
    plans: Mapping[TableName, Mapping[str, ColumnPlan]],
) -> Outcome:
    found = [] if table is None else [table.column(name) for name in asked.columns]
    columns = [column for column in found if column is not None]
    if table is None or len(columns) < len(asked.columns):
        # Nobody may believe that something is watched which is not.
        figures = {"k": asked.k}
        missing = ("quasi-identifier not in the image", 1)
        return Outcome("k_anonymity", asked.table, asked.columns, figures, missing, asked.on_failure)
    planned = plans.get(table.rule_table, {})
    telling = [column for column in columns if not _is_nobodys(planned.get(column.name))]
    fields: dict[str, int | float | str] = {"k": asked.k}
    if left_out := [column.name for column in columns if column not in telling]:
        fields["masked"] = ", ".join(left_out)
    if not telling:
        return Outcome("k_anonymity", asked.table, asked.columns, {**fields, "rows": 0, "rows_below_k": 0})
    query = sql.SQL(
        "SELECT coalesce(sum(n), 0), count(*), coalesce(min(n), 0), coalesce(sum(n) FILTER (WHERE n < {k}), 0),"
        " coalesce(sum(n) FILTER (WHERE n = 1), 0) FROM (SELECT count(*) AS n FROM {table} GROUP BY {columns}) AS g"
    ).format(k=sql.Literal(asked.k), table=_name(table), columns=_grouped(telling))
    rows, groups, smallest, below, alone = _one(reader, query)
    fields |= {"rows": rows, "groups": groups, "smallest_k": smallest, "rows_below_k": below, "unique_rows": alone}
    beyond = below > asked.tolerated * rows
    failure = (f"rows in groups below k={asked.k}", below) if beyond else None
    return Outcome("k_anonymity", asked.table, asked.columns, fields, failure, asked.on_failure)


def _uniqueness(
    reader: ImageReader, table: Table, columns: Sequence[Column], asked: ReidentificationRules
) -> Outcome | None:
    limits = asked.uniqueness
    if len(columns) < 2:
        return None
    names = tuple(column.name for column in columns)
    if not _within(reader, table, limits.most_rows):
        return Outcome("uniqueness", str(table.name), names, {"left_out": f"more than {limits.most_rows} rows"})
    query = sql.SQL(
        "SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (WHERE n = 1), 0)"
        " FROM (SELECT count(*) AS n FROM {table} GROUP BY {columns}) AS g"
    ).format(table=_name(table), columns=_grouped(columns))
    rows, alone = _one(reader, query)
    if rows < _FEWEST_ROWS:
        return None
    share = alone / rows
    failure = ("rows with a kept combination of their own", alone) if _above(share, limits.share) else None
    figures = {"rows": rows, "unique_rows": alone, "share": round(share, 4)}
    return Outcome("uniqueness", str(table.name), names, figures, failure, limits.on_failure)


def _frequency(reader: ImageReader, table: Table, column: ColumnPlan, asked: ReidentificationRules) -> Outcome | None:
    limits = asked.frequency
    query = sql.SQL(
        "SELECT coalesce(sum(n * alike), 0), coalesce(sum(alike), 0), coalesce(sum(n) FILTER (WHERE alike = 1), 0),"
        " count(*) FILTER (WHERE alike = 1) FROM (SELECT n, count(*) AS alike FROM (SELECT count(*) AS n FROM {table}"
        " WHERE {column} IS NOT NULL GROUP BY {column}) AS v GROUP BY n) AS f"
    ).format(table=_name(table), column=_grouped([column.column]))
    rows, values, exposed, exposed_values = _one(reader, query)
    if rows < _FEWEST_ROWS or not 2 <= values <= limits.most_values:
        return None
    share = exposed / rows
    failure = ("rows linkable by frequency", exposed) if _above(share, limits.share) else None
    figures: dict[str, int | float | str] = {"domain": column.domain, "rows": rows, "values": values}
    figures |= {"exposed_rows": exposed, "exposed_values": exposed_values, "share": round(share, 4)}
    return Outcome("frequency", str(table.name), (column.column.name,), figures, failure, limits.on_failure)


def _kept_beside_masked(image: Catalog, table: Table, columns: Mapping[str, ColumnPlan]) -> list[Column]:
    """Kept columns of a table that masks some: without keys and what points to others, which nobody outside knows."""
    if not any(column.masked for column in columns.values()):
        return []
    family = {table.name, *(leaf.name for leaf in image.leaves_of(table.name))}
    keys = {name for index in image.unique_indexes if index.table in family for name in index.columns}
    keys |= {name for key in image.foreign_keys if key.table in family for name in key.columns}
    return [
        plan.column
        for name, plan in columns.items()
        if not plan.masked
        and name not in keys
        and plan.column.base_type not in _SAYS_NOTHING
        and table.column(name) is not None
    ]


def _keeps_frequencies(column: ColumnPlan) -> bool:
    """Whether each value has one mask wherever it occurs, so that the mask occurs as often."""
    return column.masked and column.guarantees.deterministic and column.guarantees.coincidence in _LINKABLE


def _few_values(
    image: Catalog,
    table: Table,
    column: str,
    estimates: Mapping[tuple[TableName, str], float],
    asked: ReidentificationRules,
) -> bool:
    """Whether a column may have few enough values, by the planner's estimates; without one it is counted."""
    if table.column(column) is None:
        return False
    for leaf in (table, *image.leaves_of(table.name)):
        found = estimates.get((leaf.name, column), 0.0)
        # Below zero it is a share of the rows. An estimate may be wrong by a factor of some.
        values = -found * leaf.estimated_rows if found < 0 else found
        if values > 4 * asked.frequency.most_values:
            return False
    return True


def _is_nobodys(plan: ColumnPlan | None) -> bool:
    return plan is not None and plan.masked and plan.guarantees.coincidence in _NOBODYS


def _within(reader: ImageReader, table: Table, most: int) -> bool:
    """Whether a table has no more rows than that; counts no further."""
    query = sql.SQL("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {}) AS first_rows").format(
        _name(table), sql.Literal(most + 1)
    )
    return _one(reader, query)[0] <= most


def _above(share: float, limit: float | None) -> bool:
    return limit is not None and share > limit


def _blocks(outcome: Outcome) -> bool:
    return outcome.failure is not None and outcome.on_failure == "block"


def _row(outcome: Outcome) -> Row:
    finding = outcome.finding if outcome.on_failure == "block" else None
    cells = {
        "table": outcome.table,
        "column": ", ".join(outcome.columns),
        "values": int(outcome.figures.get("rows", 0)),
    }
    return Row(cells, () if finding is None else (finding,))


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(table.name.schema, table.name.name)


def _grouped(columns: Sequence[Column]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{}::pg_catalog.text").format(sql.Identifier(column.name))
        if column.base_type in _BY_TEXT or column.category in _OF_OTHERS
        else sql.Identifier(column.name)
        for column in columns
    )


def _one(reader: ImageReader, query: sql.Composed) -> tuple[int, ...]:
    with reader.connect() as conn:
        conn.execute(f"SET work_mem = '{_WORK_MEMORY}'")
        row = conn.execute(query).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return tuple(int(figure) for figure in row)
