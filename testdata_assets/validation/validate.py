"""Validating one image: measure everything, then let the suites judge. The room's entry point."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path

import structlog

from testdata_assets.masking.change_counts import ChangeCount
from testdata_assets.masking.echoes import Echo
from testdata_assets.masking.fingerprints import Fingerprints
from testdata_assets.masking.plan import MaskingPlan
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.catalog import Catalog, Table
from testdata_assets.production.catalog_reader import read_catalog, read_definitions
from testdata_assets.production.profile import TableProfile, TableProfiler
from testdata_assets.production.relationships import PartnerCount
from testdata_assets.progress import current_progress
from testdata_assets.validation import catalog_suites
from testdata_assets.validation.expectations import import_early, session
from testdata_assets.validation.history import PastImage, changes_since, stored, tracks
from testdata_assets.validation.image_reader import Counts, ImageReader
from testdata_assets.validation.measures import (
    compare_profiles,
    measure_drift,
    measure_keys,
    measure_leaks,
    measure_patterns,
    measure_rows,
    measure_schema,
    timed,
)
from testdata_assets.validation.picture import draw_map, draw_trend, draw_worst
from testdata_assets.validation.redaction import still_hidden, without_names
from testdata_assets.validation.reidentification import measure_reidentification
from testdata_assets.validation.report import ValidationReport
from testdata_assets.validation.rules import ValidationRules
from testdata_assets.validation.scan import scan
from testdata_assets.validation.suites import sift_findings, suite_of, verdict
from testdata_assets.validation.unions import with_unions
from testdata_assets.validation.user_suites import UserSuite, joined_to

_log = structlog.get_logger(__name__)


def validate_image(
    *,
    image_dsn: Dsn,
    catalog: Catalog,
    plan: MaskingPlan,
    source_counts: Mapping[TableName, int],
    source_profiles: Mapping[TableName, TableProfile],
    fingerprints: Fingerprints,
    change_counts: Iterable[ChangeCount],
    rules: ValidationRules,
    echoes: Sequence[Echo] = (),
    data_docs_dir: Path | None,
    tools: PgTools,
    source_definitions: Mapping[tuple[str, str], str] | None = None,
    workers: int | None = None,
    today: date | None = None,
    past: Sequence[PastImage] = (),
    own_suites: Sequence[UserSuite] = (),
    partners: Sequence[PartnerCount] = (),
) -> ValidationReport:
    """Runs the six checks on a candidate image. Nothing in the image is changed.

    Args:
        image_dsn: The image, as a role that may read everything in it.
        catalog: The source's catalog, of the snapshot.
        plan: What was to become of each column.
        source_counts: Rows of each storing table in the snapshot.
        source_profiles: Profiles of the raw tables; a table with rows and without a profile fails the drift check.
        fingerprints: Of the sensitive values met while masking.
        change_counts: Of the masked columns, those that become NULL or one constant apart.
        echoes: Kept columns that repeat names of their own rows.
        rules: Limits and accepted findings.
        data_docs_dir: Folder for the static site of all results; None for none.
        tools: psql.
        source_definitions: The source's `read_definitions`, if the snapshot kept them.
        workers: Threads; one a core by default.
        today: For expiry dates of accepted findings.
        past: Images published before, oldest first.
        own_suites: Expectations of the users' own; they count into `schema_matches`.
        partners: Rows without a partner in the source, for each relationship of the rules.

    Raises:
        EnvironmentLack: The image cannot be reached.
        ToolFailed: It cannot be read.
    """
    started = time.monotonic()
    import_early()
    workers = workers or os.cpu_count() or 1
    today = today or datetime.now(UTC).date()
    reader = ImageReader(image_dsn, tools)
    with reader.connect() as conn:
        image = read_catalog(conn)
        definitions = None if source_definitions is None else read_definitions(conn)
    with current_progress().task("Validating", 6, "checks") as advance:
        counts, counting = timed(lambda: _count(reader, image, workers))
        scanned, _ = timed(lambda: scan(reader, image, plan, fingerprints, workers=workers))
        profiles, profiling = timed(lambda: _profile(reader, image, plan, counts, workers))
        changes = list(change_counts)
        leaks = measure_leaks(reader, image, plan, scanned, changes, echoes, counts, rules, source_profiles)
        advance(1)
        told_apart = measure_reidentification(reader, image, plan, rules, workers=workers)
        patterns = told_apart.joined_to(measure_patterns(scanned))
        advance(1)
        before, after = with_unions(plan, source_profiles), with_unions(plan, profiles)
        drifts = compare_profiles(plan, source_counts, before, after, rules, catalog, changes)
        last = past[-1] if past and rules.drift.previous != "ignore" else None
        since = None if last is None else changes_since(last, profiles, image, rules.drift)
        moved = measure_drift(drifts, plan, source_counts, before, after, profiling, since, rules.drift.previous)
        moved = replace(moved, details={**moved.details, "limits": rules.drift.model_dump()})
        advance(1)
        keys = measure_keys(reader, catalog, image, plan, partners, workers)
        advance(1)
        # An empty table stands in for each foreign one.
        expected = {**dict.fromkeys(catalog.foreign_tables, 0), **source_counts}
        counted = {name: found.rows for name, found in counts.items()}
        rows = measure_rows(plan, expected, counted, counting)
        advance(1)
        schema = measure_schema(reader, catalog, image, plan, source_definitions, definitions)
        advance(1)
    with session() as expectations:
        schema = joined_to(schema, expectations.run_on_image([each.suite for each in own_suites], image_dsn))
        suites = catalog_suites.catalog_suites(reader, catalog, image, plan, expected, counted)
        of_catalog = expectations.run_on_image(suites, image_dsn, ours=True)
        keys, rows, schema = (catalog_suites.joined_to(each, of_catalog) for each in (keys, rows, schema))
        measured = [leaks, patterns, moved, keys, rows, schema]
        sifted = [sift_findings(each, rules, today) for each in measured]
        results = expectations.run([suite_of(each, parts, rules) for each, parts in zip(measured, sifted, strict=True)])
        page = None if data_docs_dir is None else expectations.write_data_docs(data_docs_dir)
    checks = tuple(verdict(each, parts, results[each.name]) for each, parts in zip(measured, sifted, strict=True))
    for check in checks:
        _log.info("check", name=check.name, passed=check.passed, seconds=round(check.seconds, 3))
    worst_first = sorted(drifts, key=lambda each: -each.severity)
    since_first = None if since is None else sorted(since, key=lambda each: -each.severity)
    kept_profile = stored(profiles, drifts, since)
    tracked = tracks(past, profiles, since_first or worst_first, rules.drift)
    report = ValidationReport(
        checks=checks,
        drift_table=[each.as_row() for each in worst_first],
        pictures={
            "drift_map": cache(partial(draw_map, worst_first, after)),
            "worst_drift": cache(partial(draw_worst, worst_first, before, after)),
            "drift_trend": cache(partial(draw_trend, past, kept_profile["drift"], tracked)),
        },
        drift_since=None if since_first is None else [each.as_row() for each in since_first],
        stored_profile=kept_profile,
        image_profiles={name: profile.without_held() for name, profile in profiles.items()},
        data_docs=page,
        seconds=time.monotonic() - started,
    )
    return without_names(report, still_hidden(scanned.hidden, (*checks[0].findings, *checks[1].findings)))


def _count(reader: ImageReader, image: Catalog, workers: int) -> dict[TableName, Counts]:
    def one(table: Table) -> tuple[TableName, Counts]:
        with reader.connect() as conn:
            return table.name, reader.counts(conn, table)

    with ThreadPoolExecutor(workers, thread_name_prefix="count") as pool:
        return dict(pool.map(one, image.storing_tables))


def _profile(
    reader: ImageReader,
    image: Catalog,
    plan: MaskingPlan,
    counts: Mapping[TableName, Counts],
    workers: int,
) -> dict[TableName, TableProfile]:
    """Profiles of the image's tables. A column that no plan knows counts as masked: none of it is remembered."""
    plans = {table.table.name: table for table in plan.tables}

    def one(table: Table) -> tuple[TableName, TableProfile]:
        known = plans.get(table.name)
        kept = {each.column.name for each in known.columns if not each.masked} if known else set()
        masked = {column.name for column in table.stored_columns} - kept
        profiler = TableProfiler(table, masked, known.compared if known else ())
        for frame in reader.sample(table, counts[table.name].rows):
            profiler.add(frame)
        profiler.add_counts(counts[table.name].rows, counts[table.name].nulls)
        return table.name, profiler.finish()

    with ThreadPoolExecutor(workers, thread_name_prefix="profile") as pool:
        return dict(pool.map(one, image.storing_tables))
