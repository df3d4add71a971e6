"""One pass over an image's texts for both searches: production's own values, and patterns of personal data.

Every stored relation is read once, in slices, by a few threads; so are the texts of the catalog.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import polars as pl

from testdata_assets.masking import copy_text
from testdata_assets.masking.fingerprints import ANYWHERE, Fingerprints
from testdata_assets.masking.plan import MaskingPlan
from testdata_assets.masking.sensitive import (
    column_of,
    drawn_parts_of,
    holds_shared,
    may_coincide,
    name_pairs,
    pair_name,
)
from testdata_assets.masking.transformers.json import Json
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column
from testdata_assets.validation import long_values, patterns
from testdata_assets.validation.column_hits import ColumnHits, Role
from testdata_assets.validation.image_reader import ImageReader, Slice, slices
from testdata_assets.validation.json_parts import JsonParts
from testdata_assets.validation.leaks import LeakDetector
from testdata_assets.validation.locate import locate
from testdata_assets.validation.patterns import PatternHits
from testdata_assets.validation.report import SHOWN_KEYS, Finding
from testdata_assets.validation.scan_catalog import Stopwatch, scan_catalog, scan_large_objects, scan_names
from testdata_assets.validation.scan_columns import ColumnScan, column_scan, is_prose, related_origins


@dataclass(frozen=True)
class ScanResult:
    """Everything both searches found.

    Attributes:
        columns: One entry a searched column.
        leaks: Findings of production's own values.
        patterns: Findings of patterns.
        texts: Texts of the catalog looked at.
        leak_seconds: Time of the first search with the reading, wall clock shared out by work.
        pattern_seconds: Time of the second.
        hidden: Names of objects that are findings themselves, with the places by which these tell them.
    """

    columns: tuple[ColumnScan, ...]
    leaks: list[Finding]
    patterns: list[Finding]
    texts: int
    leak_seconds: float
    pattern_seconds: float
    hidden: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def scan(
    reader: ImageReader,
    image: Catalog,
    plan: MaskingPlan,
    fingerprints: Fingerprints,
    *,
    workers: int,
    keys: int = SHOWN_KEYS,
) -> ScanResult:
    """Searches every text of an image.

    Args:
        reader: Of the image.
        image: The image's own catalog, so that what was added to it is searched, too.
        plan: What became of each column.
        fingerprints: Of the snapshot's sensitive values.
        workers: Threads.
        keys: For how many rows of a finding their primary keys are looked up.
    """
    started = time.monotonic()
    watch = Stopwatch()
    plans = {(str(table.table.name), each.column.name): each for table in plan.tables for each in table.columns}
    related = related_origins(plans)
    parts_of = {
        place: JsonParts(column.transformer, column.column)
        for place, column in plans.items()
        if isinstance(column.transformer, Json)
    }
    pairs = {f"{table.table.name}.{pair_name(*pair)}" for table in plan.tables for pair in name_pairs(table)}
    detector = LeakDetector(
        fingerprints,
        prose={
            f"{table}.{name}"
            for (table, name), column in plans.items()
            if is_prose(column) or ((table, name) in parts_of and parts_of[table, name].holds_prose)
        },
        coinciding={f"{table}.{name}" for (table, name), column in plans.items() if may_coincide(column)}
        | {drawn_parts_of(f"{table}.{name}") for table, name in plans}
        | pairs,
        shared={
            f"{table.table.name}.{column.column.name}": f"{table.table.rule_table}.{column.column.name}"
            for table in plan.tables
            for column in table.columns
            if holds_shared(column)
        },
    )
    origins = {column_of(origin) for origin in fingerprints.columns}
    origin_types = frozenset(
        column.column.base_type for (table, name), column in plans.items() if f"{table}.{name}" in origins
    )
    pages = reader.pages()
    tables = {table.table.name: table.table for table in plan.tables}
    scans: list[ColumnScan] = []
    parts: list[tuple[Slice, list[ColumnScan]]] = []
    for table, columns, derived in _stored(reader, image):
        chosen = []
        for column in columns:
            place = (str(table), column.name)
            entry = column_scan(table, column, plans.get(place), parts_of.get(place), origin_types, derived)
            if entry is not None:
                entry.related = related.get(place, frozenset())
                owner = tables[table].rule_table if table in tables else table
                # What a materialized view repeats is judged in the table it comes from.
                entry.allowed = ANYWHERE if derived else f"{owner}.{column.name}"
                chosen.append((column, entry))
        if chosen:
            entries = [entry for _, entry in chosen]
            columns_read = [column for column, _ in chosen]
            parts += [(part, entries) for part in slices(table, columns_read, pages.get(table, 0))]
            scans += entries
    with ThreadPoolExecutor(workers, thread_name_prefix="scan") as pool:
        for _ in pool.map(lambda part: _scan_slice(reader, part[0], part[1], detector, watch), parts):
            pass
    leaks, found_patterns = scan_catalog(image.texts, detector, watch)
    in_names, like_names, hidden = scan_names(reader, detector, watch)
    in_objects, like_objects = scan_large_objects(reader, detector, watch)
    leaks += in_names + in_objects
    found_patterns += like_names + like_objects
    clean = {(each.table, each.column) for each in scans if _sure(each)}
    for entry in scans:
        rows = locate(reader, image, entry, detector, keys, clean) if keys and entry.leak_findings() else None
        leaks += entry.leak_findings(rows)
        if entry.patterns is not None:
            found_patterns += entry.patterns.findings(entry.table, entry.column)
    elapsed = time.monotonic() - started
    share = watch.patterns / max(watch.leaks + watch.patterns, 1e-9)
    return ScanResult(
        tuple(scans), leaks, found_patterns, len(image.texts), elapsed * (1 - share), elapsed * share, hidden
    )


def _stored(reader: ImageReader, image: Catalog) -> Iterable[tuple[TableName, tuple[Column, ...], bool]]:
    """Relations with rows of their own, their columns, and whether these derive from others (a view's, generated)."""
    for table in image.storing_tables:
        yield table.name, table.stored_columns, False
        if table.derived_columns:
            yield table.name, table.derived_columns, True  # they may put together what is harmless apart
    with reader.connect() as conn:
        for name, columns in reader.materialized_views(conn):
            yield name, columns, True


def _scan_slice(
    reader: ImageReader, part: Slice, entries: list[ColumnScan], detector: LeakDetector, watch: Stopwatch
) -> None:
    for frame in reader.blocks(part):
        for entry in entries:
            values = frame.get_column(entry.column)
            if values.null_count():  # else it would be copied several times over
                values = values.drop_nulls()
            if values.len():
                _scan_values(values, entry, detector, watch)


def _scan_values(values: pl.Series, entry: ColumnScan, detector: LeakDetector, watch: Stopwatch) -> None:
    long: dict[int, memoryview] = {}
    if entry.parts is None:  # of documents masked by paths, only the whole one tells which part is which
        values, long = long_values.apart(values)
    for each in long.values():
        _scan_long(each, entry, detector, watch)
    started = time.monotonic()
    for role, hits, found, rows in entry.probe_parts(values, detector):
        with entry.lock:
            entry.leaks.setdefault(role, entry.fresh_hits(role)).merge(hits)
        between = time.monotonic()
        if entry.patterns is not None and (role == "kept" or entry.parts is None):
            patterns.look(found, rows, entry.patterns, emails_only=entry.emails_only)
        watch.add(between - started, time.monotonic() - between)
        started = time.monotonic()
    with entry.lock:
        entry.values += values.len()


def _scan_long(value: memoryview, entry: ColumnScan, detector: LeakDetector, watch: Stopwatch) -> None:
    """A value of many megabytes: found in several portions, it is one row all the same."""
    found: dict[Role, ColumnHits] = {}
    seen = None if entry.patterns is None else PatternHits(entry.patterns.column, chances=entry.patterns.chances)
    for portion in long_values.portions(value, entry.shape):
        started = time.monotonic()
        for role, hits, inside, rows in entry.probe_parts(portion, detector):
            found.setdefault(role, entry.fresh_hits(role)).merge(hits)
            between = time.monotonic()
            if seen is not None:
                patterns.look(inside, rows, seen, emails_only=entry.emails_only)
            watch.add(between - started, time.monotonic() - between)
            started = time.monotonic()
        if seen is not None and entry.shape not in ("plain", "number", "bytes"):
            # Elements that were cut in two turn what is between quotes round.
            patterns.look(copy_text.unescape(portion), None, seen, emails_only=entry.emails_only)
    with entry.lock:
        for role, hits in found.items():
            hits.count_once()
            entry.leaks.setdefault(role, entry.fresh_hits(role)).merge(hits)
        entry.values += 1
    if seen is not None and entry.patterns is not None:
        once = Counter(dict.fromkeys(seen.counts, 1))
        entry.patterns.add(once, seen.phones, seen.phones_checked, min(seen.versions, 1))


def _sure(entry: ColumnScan) -> bool:
    """Whether a column's values may be shown as keys: searched, nothing found, and a leak would have been found."""
    if entry.role == "masked" or entry.leak_findings():
        return False
    return entry.patterns is None or not entry.patterns.findings(entry.table, entry.column)
