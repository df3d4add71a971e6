"""What each check looks at, as rows with findings; whether that passes is decided in `suites.py`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from testdata_assets.masking.change_counts import ChangeCount
from testdata_assets.masking.echoes import Echo
from testdata_assets.masking.plan import MaskingPlan, TablePlan
from testdata_assets.masking.transformers.base import Coincidence, Uniqueness
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog
from testdata_assets.production.profile import TableProfile
from testdata_assets.production.relationships import PartnerCount
from testdata_assets.validation import changes, drift, foreign_keys, history, row_counts, schema_match, unions
from testdata_assets.validation.image_reader import Counts, ImageReader
from testdata_assets.validation.report import Finding
from testdata_assets.validation.rules import ValidationRules
from testdata_assets.validation.scan import ScanResult
from testdata_assets.validation.suites import Measured, Row

_SHOWN = 200
T = TypeVar("T")


def measure_leaks(
    reader: ImageReader,
    image: Catalog,
    plan: MaskingPlan,
    scanned: ScanResult,
    change_counts: list[ChangeCount],
    echoes: Sequence[Echo],
    counts: Mapping[TableName, Counts],
    rules: ValidationRules,
    source_profiles: Mapping[TableName, TableProfile],
) -> Measured:
    """What the search for production's own values found, with the columns that can only be counted."""
    started = time.monotonic()
    rows = _rows_by_column(scanned, scanned.leaks)
    others = changes.unchanged_columns(reader, plan, change_counts, counts, rules, source_profiles)
    others += changes.unsettled_columns(reader, image, plan)
    others += changes.wrong_constants(reader, image, plan, counts)
    others += [Finding(each.table, each.column, f"{each.of} of its own row", each.rows) for each in echoes]
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
        {
            "columns": len(scanned.columns),
            "values": values,
            "catalog_texts": scanned.texts,
            "limits": {"change_rate": rules.change_rate},
        },
    )


def measure_patterns(scanned: ScanResult) -> Measured:
    """What looks like personal data in what is kept."""
    kept = [column for column in scanned.columns if column.patterns is not None]
    return Measured(
        "no_pii_patterns",
        _rows_by_column(scanned, scanned.patterns),
        f"no pattern of personal data or keys in {len(kept)} kept columns and {scanned.texts} texts of the catalog",
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


def promises(
    table: TablePlan, known: changes.Known, tables: Iterable[TableName] = ()
) -> dict[str, drift.ColumnPromise]:
    """What the drift check may expect of each column: kept ones of everything, masked ones of what is promised.

    Args:
        table: The table's plan.
        known: What was counted while masking.
        tables: Those that are looked at together; the plan's own if not given.
    """
    names = tuple(tables) or (table.table.name,)
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
            distribution=column.distribution,
            free=changes.free_share(column, changes.total(known, names, column.column.name)),
        )
    return found


def compare_profiles(
    plan: MaskingPlan,
    source_counts: Mapping[TableName, int],
    source_profiles: Mapping[TableName, TableProfile],
    image_profiles: Mapping[TableName, TableProfile],
    rules: ValidationRules,
    catalog: Catalog | None = None,
    change_counts: Iterable[ChangeCount] = (),
) -> list[drift.Drift]:
    """All measures of all tables; the catalog tells which columns are foreign keys.

    Partitions between which rows move are compared together; `with_unions` has their profiles.
    """
    found: list[drift.Candidate] = []
    keys = history.key_columns(catalog) if catalog is not None else {}
    known = changes.by_column(change_counts)
    for table in _compared(plan, source_counts):
        name = table.table.name
        before, after = source_profiles.get(name), image_profiles.get(name)
        if before is not None and after is not None:
            comparison = drift.Comparison(promises(table, known), keys.get(name, frozenset()))
            found += drift.candidates(name, before, after, comparison, rules.drift)
    for root, tables in unions.routed(plan).items():
        before, after = source_profiles.get(root), image_profiles.get(root)
        if before is not None and after is not None:
            one, other = unions.comparable(before, after)
            comparison = drift.Comparison(promises(tables[0], known, [each.table.name for each in tables]), whole=False)
            measures = drift.candidates(root, one, other, comparison, rules.drift)
            found += [each for each in measures if each.measure in unions.MEASURES]
    return drift.judged(found)


def _compared(plan: MaskingPlan, source_counts: Mapping[TableName, int]) -> list[TablePlan]:
    return [
        table
        for table in changes.masking_tables(plan)
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
    since: Sequence[drift.Drift] | None = None,
    previous: str = "warn",
) -> Measured:
    """Every measure as a row; tables that could not be compared are findings.

    Args:
        drifts: Against the snapshot.
        plan: What was to become of each column.
        source_counts: Rows of each table in the snapshot.
        source_profiles: Of the snapshot.
        image_profiles: Of the image.
        seconds: Spent measuring.
        since: Measures against the image published before, None where there is none.
        previous: What becomes of those that exceed their limits, as rules/validation.yaml says.
    """
    rows = [_drift_row(each, "drift of") for each in drifts]
    moved = [each for each in since or () if each.exceeded]
    if previous == "block":
        rows += [_drift_row(each, "since the image before, drift of") for each in since or ()]
    for table in _compared(plan, source_counts):
        name = table.table.name
        missing = [
            side for side, known in (("source", source_profiles), ("image", image_profiles)) if name not in known
        ]
        rows += [_no_profile(name, side) for side in missing]
    for root, tables in unions.routed(plan).items():
        if any(source_counts.get(each.table.name, 0) and each.table.name not in source_profiles for each in tables):
            rows.append(_no_profile(root, "source"))
        elif root in source_profiles and root not in image_profiles:
            rows.append(_no_profile(root, "image"))
    worst = max(drifts, key=lambda each: each.severity, default=None)
    told = f"; the largest is {worst.severity:.0%} of its limit" if worst else ""
    if moved and previous == "warn":
        told += f". Warning: production changed since the image before, in {len(moved)} measures"
    return Measured(
        "distribution_drift",
        rows,
        f"{len(drifts)} measures of {len({each.table for each in drifts})} tables within limits{told}",
        seconds,
        {
            "measures": len(drifts),
            "drifted": sum(1 for each in drifts if each.exceeded),
            "worst": [each.as_row() for each in sorted(drifts, key=lambda each: -each.severity)[:_SHOWN]],
            **({} if since is None else {"since_previous": _since(since, moved, previous)}),
        },
    )


def _no_profile(table: TableName, side: str) -> Row:
    return Row(
        {"table": str(table), "column": "*", "measure": "profile", "value": 1.0, "limit": 0.5, "exact": False},
        [Finding(str(table), "*", f"no profile of the {side}", 1)],
    )


def _drift_row(each: drift.Drift, kind: str) -> Row:
    return Row(
        each.as_row() | {"value": each.value, "limit": each.limit},
        [Finding(str(each.table), each.column, f"{kind} {each.measure}", 1)] if each.exceeded else (),
    )


def _since(since: Sequence[drift.Drift], moved: Sequence[drift.Drift], previous: str) -> dict[str, object]:
    worst = sorted(moved, key=lambda each: -each.severity)
    return {
        "treated_as": previous,
        "measures": len(since),
        "drifted": len(moved),
        "worst": [each.as_row() for each in worst[:_SHOWN]],
    }


def measure_keys(
    reader: ImageReader,
    source: Catalog,
    image: Catalog,
    plan: MaskingPlan,
    partners: Sequence[PartnerCount],
    workers: int,
) -> Measured:
    """Declared foreign keys, and the relationships of the rules with what was counted of them in the source."""
    started = time.monotonic()
    states = foreign_keys.check_foreign_keys(reader, source, image, workers=workers)
    related = foreign_keys.check_relationships(reader, image, plan, partners)
    rows = [
        Row(
            {"table": str(each.table), "constraint": each.name, "orphans": each.wrong, "state": each.state},
            each.findings(),
        )
        for each in states
    ]
    rows += [
        Row(
            {
                "table": str(each.relationship.table),
                "constraint": str(each.relationship),
                "orphans": each.wrong,
                "state": "as in the source" if each.image is not None else "missing",
            },
            each.findings(),
        )
        for each in related
    ]
    told = f"; {len(related)} relationships lack no partner that production has" if related else ""
    return Measured(
        "referential_integrity",
        rows,
        f"{len(states)} foreign keys hold, counted by anti-join{told}",
        time.monotonic() - started,
        {
            "foreign_keys": len(states),
            "orphans_under_keys_production_never_validated": {
                f"{each.table}.{each.name}": each.orphans for each in states if each.unproven and each.orphans
            },
            "relationships": [
                {
                    "relationship": str(each.relationship),
                    "without_partner_in_source": each.source,
                    "without_partner_in_image": each.image,
                    **({"not_compared": each.not_compared} if each.not_compared else {}),
                }
                for each in related
            ],
        },
    )


def measure_rows(
    plan: MaskingPlan,
    source_counts: Mapping[TableName, int],
    image_counts: Mapping[TableName, int],
    seconds: float,
) -> Measured:
    """Counted rows of every table against the snapshot's."""
    counted = row_counts.count_rows(plan, source_counts, image_counts)
    rows = [
        Row(
            row,
            ()
            if row["source_rows"] == row["image_rows"]
            else [count_finding(row["table"], row["source_rows"], row["image_rows"])],
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


def count_finding(table: str, source: int, image: int) -> Finding:
    """What is wrong with a table's count; -1 on a side that does not know the table."""
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
    aspects, seconds = timed(lambda: schema_match.compare_schemas(reader, source, image, plan, before, after))
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
