"""What each check looks at, as rows with findings; whether that passes is decided in `suites.py`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from psycopg import sql

from testdata_assets.masking.fingerprints import ChangeCount
from testdata_assets.masking.plan import MaskingPlan, TablePlan
from testdata_assets.masking.transformers.base import Coincidence, Uniqueness
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog
from testdata_assets.production.profile import TableProfile
from testdata_assets.validation import drift, integrity
from testdata_assets.validation.image_reader import Counts, ImageReader
from testdata_assets.validation.report import Finding
from testdata_assets.validation.rules import ValidationRules
from testdata_assets.validation.scan import ScanResult
from testdata_assets.validation.suites import Measured, Row

_FEW_ROWS = 50  # under so many rows a change rate only has to be above zero
_SHOWN = 200
T = TypeVar("T")


def measure_leaks(
    reader: ImageReader,
    image: Catalog,
    plan: MaskingPlan,
    scanned: ScanResult,
    change_counts: list[ChangeCount],
    counts: Mapping[TableName, Counts],
    rules: ValidationRules,
) -> Measured:
    """What the search for production's own values found, with the columns that can only be counted."""
    started = time.monotonic()
    rows = _rows_by_column(scanned, scanned.leaks)
    others = _change_rates(plan, change_counts, counts, rules) + _constants(reader, image, plan, counts)
    rows += [
        Row({"table": finding.table, "column": finding.column_or_object, "values": finding.count}, [finding])
        for finding in others
    ]
    values = sum(column.values for column in scanned.columns)
    return Measured(
        "no_production_values",
        rows,
        f"none of production's sensitive values in {values:,} values of {len(scanned.columns)} columns "
        f"and {scanned.texts} texts of the catalog",
        scanned.leak_seconds + time.monotonic() - started,
        {"columns": len(scanned.columns), "values": values, "catalog_texts": scanned.texts},
    )


def measure_patterns(scanned: ScanResult) -> Measured:
    """What looks like personal data in what is kept."""
    kept = [column for column in scanned.columns if column.patterns is not None]
    return Measured(
        "no_pii_patterns",
        _rows_by_column(scanned, scanned.patterns),
        f"no e-mail, phone or card pattern in {len(kept)} kept columns and {scanned.texts} texts of the catalog",
        scanned.pattern_seconds,
        {"columns": len(kept), "catalog_texts": scanned.texts},
    )


def _rows_by_column(scanned: ScanResult, findings: list[Finding]) -> list[Row]:
    """One row a searched column, one for all texts of the catalog, one more for each catalog object found."""
    by_place: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        by_place.setdefault((finding.table, finding.column_or_object), []).append(finding)
    rows = [
        Row(
            {"table": column.table, "column": column.column, "values": column.values},
            by_place.pop((column.table, column.column), ()),
        )
        for column in scanned.columns
    ]
    rows.append(Row({"table": "catalog", "column": "texts", "values": scanned.texts}))
    rows += [
        Row({"table": place[0], "column": place[1], "values": 1}, found) for place, found in sorted(by_place.items())
    ]
    return rows


def _change_rates(
    plan: MaskingPlan, change_counts: list[ChangeCount], counts: Mapping[TableName, Counts], rules: ValidationRules
) -> list[Finding]:
    """Columns whose masks may equal real values, where too few rows changed or nobody counted."""
    known: dict[tuple[str, str], tuple[int, int]] = {}
    for change in change_counts:
        rows, changed = known.get((change.table, change.column), (0, 0))
        known[change.table, change.column] = (rows + change.rows, changed + change.changed)
    found = []
    for table in _masking(plan):
        for column in table.masked:
            if column.guarantees.coincidence is not Coincidence.MAY_COINCIDE:
                continue
            name = str(table.table.name)
            present = counts.get(table.table.name, Counts(0, {}))
            values = present.rows - present.nulls.get(column.column.name, 0)
            if (name, column.column.name) not in known:
                if values:
                    found.append(Finding(name, column.column.name, "changes not counted", values))
                continue
            rows, changed = known[name, column.column.name]
            required = rules.change_rate if rows >= _FEW_ROWS else 0.0
            if rows and (changed == 0 or changed / rows < required):
                found.append(Finding(name, column.column.name, "unchanged values", rows - changed))
    return found


def _constants(
    reader: ImageReader, image: Catalog, plan: MaskingPlan, counts: Mapping[TableName, Counts]
) -> list[Finding]:
    """Columns that were to become NULL or one constant and hold something else."""
    found = []
    tables = {table.name: table for table in image.storing_tables}
    with reader.connect() as conn:
        for table in _masking(plan):
            here = tables.get(table.table.name)
            for column in table.masked:
                if column.guarantees.coincidence is not Coincidence.CONSTANT or here is None:
                    continue
                if here.column(column.column.name) is None:
                    continue  # schema_matches tells
                name = sql.Identifier(column.column.name)
                if column.transformer.name == "null":
                    held = counts[here.name]
                    others = held.rows - held.nulls.get(column.column.name, 0)
                else:
                    query = sql.SQL("SELECT count(DISTINCT {}::text) FROM ONLY {}")
                    row = conn.execute(query.format(name, sql.Identifier(here.name.schema, here.name.name))).fetchone()
                    others = max(int(row[0]) - 1, 0) if row else 0
                if others:
                    kind = f"values that {column.transformer.name} does not write"
                    found.append(Finding(str(here.name), column.column.name, kind, others))
    return found


def _masking(plan: MaskingPlan) -> list[TablePlan]:
    return [table for table in plan.tables if table.reads_rows]


def promises(table: TablePlan) -> dict[str, drift.ColumnPromise]:
    """What the drift check may expect of each column: kept ones of everything, masked ones of what is promised."""
    found = {}
    for column in table.columns:
        guarantees = column.guarantees
        constant = guarantees.coincidence is Coincidence.CONSTANT
        if not column.masked:
            found[column.column.name] = drift.KEPT
            continue
        found[column.column.name] = drift.ColumnPromise(
            masked=True,
            nulls=guarantees.nulls_stay_null and not constant,
            distinct=guarantees.uniqueness is not Uniqueness.LOSSY and not constant and not column.fold_case,
            lengths=guarantees.preserves_length and not constant,
        )
    return found


def compare_profiles(
    plan: MaskingPlan,
    source_counts: Mapping[TableName, int],
    source_profiles: Mapping[TableName, TableProfile],
    image_profiles: Mapping[TableName, TableProfile],
    rules: ValidationRules,
) -> list[drift.Drift]:
    """All measures of all tables whose rows stay in their table."""
    found: list[drift.Drift] = []
    for table in _compared(plan, source_counts):
        before, after = source_profiles.get(table.table.name), image_profiles.get(table.table.name)
        if before is not None and after is not None:
            found += drift.compare(table.table.name, before, after, promises(table), rules.drift)
    return found


def _compared(plan: MaskingPlan, source_counts: Mapping[TableName, int]) -> list[TablePlan]:
    return [
        table
        for table in _masking(plan)
        if source_counts.get(table.table.name, 0)
        and table.reads_rows
        and not table.load_through_root
        and table.table.stored_columns
    ]


def measure_drift(
    drifts: list[drift.Drift],
    plan: MaskingPlan,
    source_counts: Mapping[TableName, int],
    source_profiles: Mapping[TableName, TableProfile],
    image_profiles: Mapping[TableName, TableProfile],
    seconds: float,
) -> Measured:
    """Every measure as a row; tables that could not be compared are findings."""
    rows = [
        Row(
            each.as_row() | {"value": each.value, "limit": each.limit},
            [Finding(str(each.table), each.column, f"drift of {each.measure}", 1)] if each.exceeded else (),
        )
        for each in drifts
    ]
    for table in _compared(plan, source_counts):
        name = table.table.name
        missing = [
            side for side, known in (("source", source_profiles), ("image", image_profiles)) if name not in known
        ]
        rows += [
            Row(
                {"table": str(name), "column": "*", "measure": "profile", "value": 1.0, "limit": 0.5},
                [Finding(str(name), "*", f"no profile of the {side}", 1)],
            )
            for side in missing
        ]
    worst = max(drifts, key=lambda each: each.severity, default=None)
    told = f"; the largest is {worst.severity:.0%} of its limit" if worst else ""
    return Measured(
        "distribution_drift",
        rows,
        f"{len(drifts)} measures of {len({each.table for each in drifts})} tables within limits{told}",
        seconds,
        {
            "measures": len(drifts),
            "drifted": sum(1 for each in drifts if each.exceeded),
            "worst": [each.as_row() for each in sorted(drifts, key=lambda each: -each.severity)[:_SHOWN]],
        },
    )


def measure_keys(reader: ImageReader, source: Catalog, image: Catalog, workers: int) -> Measured:
    states, seconds = timed(lambda: integrity.check_foreign_keys(reader, source, image, workers=workers))
    rows = [
        Row(
            {"table": str(each.table), "constraint": each.name, "orphans": each.orphans, "state": each.state},
            each.findings(),
        )
        for each in states
    ]
    return Measured(
        "referential_integrity",
        rows,
        f"{len(states)} foreign keys hold, counted by anti-join",
        seconds,
        {"foreign_keys": len(states)},
    )


def measure_rows(
    plan: MaskingPlan,
    source_counts: Mapping[TableName, int],
    image_counts: Mapping[TableName, int],
    seconds: float,
) -> Measured:
    """Counted rows of every table against the snapshot's."""
    counted = integrity.count_rows(plan, source_counts, image_counts)
    rows = [
        Row(
            row,
            ()
            if row["source_rows"] == row["image_rows"]
            else [_count_finding(row["table"], row["source_rows"], row["image_rows"])],
        )
        for row in counted
    ]
    total = sum(row["image_rows"] for row in counted)
    return Measured(
        "row_counts",
        rows,
        f"{total:,} rows in {len(counted)} tables, as in the snapshot",
        seconds,
        {"tables": len(counted), "rows": total, "counts": counted[:_SHOWN]},
    )


def _count_finding(table: str, source: int, image: int) -> Finding:
    if source < 0:
        return Finding(table, "*", "table that the snapshot does not know", max(image, 1))
    if image < 0:
        return Finding(table, "*", "missing table", max(source, 1))
    return Finding(table, "*", "missing rows" if image < source else "rows too many", abs(image - source))


def measure_schema(
    reader: ImageReader,
    source: Catalog,
    image: Catalog,
    plan: MaskingPlan,
    before: Mapping[tuple[str, str], str] | None,
    after: Mapping[tuple[str, str], str] | None,
) -> Measured:
    aspects, seconds = timed(lambda: integrity.compare_schemas(reader, source, image, plan, before, after))
    return Measured(
        "schema_matches",
        [Row({"aspect": each.name, "source": each.source, "image": each.image}, each.findings) for each in aspects],
        f"tables, columns, constraints, views and sequences are the source's, in {len(aspects)} aspects",
        seconds,
        {"aspects": {each.name: len(each.findings) for each in aspects}},
    )


def timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.monotonic()
    result = work()
    return result, time.monotonic() - started
