"""One pass over an image's texts for both searches: production's own values, and patterns of personal data.

Every stored relation is read once, in slices, by a few threads; so are the texts of the catalog.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from testdata_assets.masking import copy_text
from testdata_assets.masking.fingerprints import Fingerprints, Hashes
from testdata_assets.masking.nested_rules import NestedRule, part_column
from testdata_assets.masking.plan import ColumnPlan, MaskingPlan
from testdata_assets.masking.plan_transformers import KEEP
from testdata_assets.masking.sensitive import is_shared, name_pairs, pair_name
from testdata_assets.masking.transformers.base import Coincidence
from testdata_assets.masking.transformers.json import Json
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production import bulky
from testdata_assets.production.catalog import Catalog, CatalogText, Column
from testdata_assets.validation import long_values, patterns
from testdata_assets.validation.catalog_texts import large_objects, object_names
from testdata_assets.validation.image_reader import ImageReader, Slice, slices
from testdata_assets.validation.json_parts import PROSE, JsonParts
from testdata_assets.validation.leaks import ColumnHits, LeakDetector, Role, kind_of
from testdata_assets.validation.locate import locate
from testdata_assets.validation.patterns import PatternHits
from testdata_assets.validation.redaction import places_of
from testdata_assets.validation.report import SHOWN_KEYS, Finding
from testdata_assets.validation.text_values import Shape, shape_of, texts, whole_texts

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_DOLLAR = re.compile(r"\$([A-Za-z_]*)\$(.*?)\$\1\$", re.DOTALL)
_DISTINCT_PROBE = 1_000
# What a constant replaces is nothing that masks avoid: other columns' masks may well be equal to it.
_COINCIDING = (Coincidence.MAY_COINCIDE, Coincidence.CONSTANT)


@dataclass
class ColumnScan:
    """One column of one stored relation and what was found in it.

    Attributes:
        shape: How to find texts in its values.
        role: What the plan says of the whole column.
        kept_in_part: Whether something inside its values may be kept, or nothing there is a name (invented prose), so
            that names are looked for inside.
        related: Origins that share a masking domain with it.
        parts: Parts JSON documents by their paths' roles.
        allowed: Fingerprints of values that a condition keeps in it.
        leaks: Hits by role; several only where `parts` is there.
        patterns: None where nothing is kept.
        emails_only: Masked parts cannot be told from kept ones: phones and cards may be of our own making.
    """

    table: str
    column: str
    shape: Shape
    role: Role
    kept_in_part: bool
    related: frozenset[str]
    parts: JsonParts | None
    patterns: PatternHits | None
    emails_only: bool = False
    allowed: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    leaks: dict[Role, ColumnHits] = field(default_factory=dict)
    values: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def leak_findings(self, keys: Mapping[str, tuple[str, ...]] | None = None) -> list[Finding]:
        """Of all roles, counts of one kind added up, with the keys of rows by kind."""
        counts: Counter[str] = Counter()
        for hits in self.leaks.values():
            counts.update({found.kind: found.count for found in hits.findings(self.table, self.column)})
        return [
            Finding(self.table, self.column, kind, count, (keys or {}).get(kind, ()))
            for kind, count in sorted(counts.items())
        ]

    def fresh_hits(self, role: Role) -> ColumnHits:
        """Hits of one role without anything in them."""
        return ColumnHits(role, self.related, self.allowed, self.shape == "number")

    def probe(self, values: pl.Series, detector: LeakDetector, *, located: bool = False) -> dict[Role, ColumnHits]:
        """Looks for production's values.

        Args:
            values: As COPY gives them, without nulls.
            detector: Of the snapshot.
            located: Whether to tell which of the values hold something; where they are parted, not all tell.
        """
        found: dict[Role, ColumnHits] = {}
        for role, hits, _, _ in self.probe_parts(values, detector, located=located):
            if role in found:
                found[role].merge(hits)
            else:
                found[role] = hits
        return found

    def probe_parts(
        self, values: pl.Series, detector: LeakDetector, *, located: bool = False
    ) -> Iterator[tuple[Role, ColumnHits, pl.Series, pl.Series | None]]:
        """The same with the texts of each role and how often each is there."""
        whole = located or bulky.is_bulky(values)  # long ones are in memory once
        distinct, counts = (values.alias("v"), None) if whole else _compact(values)
        distinct = copy_text.unescape(distinct)
        if self.parts is not None:
            for role, found in self.parts.portions(distinct):
                single, rows = _compact(found)
                hits = self.fresh_hits(role)
                detector.probe(single, rows, hits, embedded=role == "kept")
                yield role, hits, single, rows
            return
        hits = self.fresh_hits(self.role)
        hits.located = {} if located else None
        if self.shape == "bytes":
            distinct = whole_texts(distinct, self.shape)
        if self.shape in ("plain", "number", "bytes"):
            known = detector.probe_whole(distinct, counts, hits)
            if self.shape != "number":
                detector.probe_inside(distinct, counts, hits, embedded=self.looks_inside, known=known)
            yield self.role, hits, distinct, counts
            return
        detector.probe_inside(whole_texts(distinct, self.shape), counts, hits, embedded=self.looks_inside)
        found = texts(distinct, self.shape)
        single, rows = _compact(found)
        if hits.located is None:
            detector.probe_whole(single, rows, hits)
        else:
            apart = self.fresh_hits(self.role)  # which value a part is of is not known
            detector.probe_whole(single, rows, apart)
            hits.merge(apart)
        yield self.role, hits, single, rows

    @property
    def looks_inside(self) -> bool:
        """Whether names and addresses are looked for inside its values."""
        return self.role == "kept" or self.kept_in_part


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


class _Stopwatch:
    """Sums the seconds threads spend on each search."""

    def __init__(self) -> None:
        self.leaks = 0.0
        self.patterns = 0.0
        self._lock = threading.Lock()

    def add(self, leaks: float, patterns_: float) -> None:
        with self._lock:
            self.leaks += leaks
            self.patterns += patterns_


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
    watch = _Stopwatch()
    plans = {(str(table.table.name), each.column.name): each for table in plan.tables for each in table.columns}
    related = _related(plans)
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
            if _is_prose(column) or ((table, name) in parts_of and parts_of[table, name].holds_prose)
        },
        coinciding={f"{table}.{name}" for (table, name), column in plans.items() if may_coincide(column)} | pairs,
        shared={f"{table}.{name}" for (table, name), column in plans.items() if is_shared(column.transformer)},
    )
    origins = set(fingerprints.columns)
    origin_types = frozenset(
        column.column.base_type for (table, name), column in plans.items() if f"{table}.{name}" in origins
    )
    pages = reader.pages()
    tables = {table.table.name: table.table for table in plan.tables}
    nothing: Hashes = np.empty(0, np.uint64)
    # What a materialized view repeats is judged in the table it comes from.
    anywhere = np.unique(np.concatenate([nothing, *fingerprints.allowed.values()]))
    scans: list[ColumnScan] = []
    parts: list[tuple[Slice, list[ColumnScan]]] = []
    for table, columns, derived in _stored(reader, image):
        chosen = []
        for column in columns:
            place = (str(table), column.name)
            entry = _column_scan(table, column, plans.get(place), parts_of.get(place), origin_types, derived)
            if entry is not None:
                entry.related = related.get(place, frozenset())
                owner = tables[table].rule_table if table in tables else table
                entry.allowed = anywhere if derived else fingerprints.allowed.get(f"{owner}.{column.name}", nothing)
                chosen.append((column, entry))
        if chosen:
            entries = [entry for _, entry in chosen]
            columns_read = [column for column, _ in chosen]
            parts += [(part, entries) for part in slices(table, columns_read, pages.get(table, 0))]
            scans += entries
    with ThreadPoolExecutor(workers, thread_name_prefix="scan") as pool:
        for _ in pool.map(lambda part: _scan_slice(reader, part[0], part[1], detector, watch), parts):
            pass
    leaks, found_patterns = _scan_catalog(image.texts, detector, watch)
    in_names, like_names, hidden = _scan_names(reader, detector, watch)
    in_objects, like_objects = _scan_large_objects(reader, detector, watch)
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


def _column_scan(
    table: TableName,
    column: Column,
    plan: ColumnPlan | None,
    parts: JsonParts | None,
    also: frozenset[str],
    derived: bool,
) -> ColumnScan | None:
    shape: Shape | None = "json" if parts is not None else shape_of(column, also)
    if shape is None:
        return None
    role: Role = "masked" if derived else _role(plan)
    by_part = plan is not None and plan.guarantees.coincidence is Coincidence.BY_PART
    made_up = plan is not None and plan.transformer.name == "free_text" and role == "disjoint"
    return ColumnScan(
        table=str(table),
        column=column.name,
        shape=shape,
        role=role,
        kept_in_part=derived or by_part or made_up or role == "kept",
        related=frozenset(),
        parts=parts,
        patterns=PatternHits(column) if not derived and (role == "kept" or (by_part and _keeps(plan))) else None,
        emails_only=by_part and parts is None,
    )


def _is_prose(column: ColumnPlan) -> bool:
    """Whether a few words out of a column prove nothing: prose, or anything, where the rule does not say of whom."""
    name = column.transformer.name
    return name == "free_text" or (name in PROSE and column.pii in (None, "unknown", "free_text"))


def _keeps(plan: ColumnPlan | None) -> bool:
    """Whether something of a column masked in part may be as it was; where every part is masked, nothing is."""
    if plan is None or plan.otherwise is not None or isinstance(plan.transformer, Json):
        return True
    nested = list(_nested(vars(plan.transformer.params).values()))
    return not nested or any(rule.build().name == KEEP for rule in nested)


def _related(plans: Mapping[tuple[str, str], ColumnPlan]) -> dict[tuple[str, str], frozenset[str]]:
    """For each planned column the columns that share a masking domain with it, itself among them."""
    domains = {
        place: {column.domain, *JsonParts.domains(column.transformer)}
        for place, column in plans.items()
        if column.masked
    }
    members: dict[str, set[str]] = {}
    for (table, name), names in domains.items():
        for domain in names:
            members.setdefault(domain, set()).add(f"{table}.{name}")
    return {
        place: frozenset({f"{place[0]}.{place[1]}"}.union(*(members[domain] for domain in names)))
        for place, names in domains.items()
    }


def _role(plan: ColumnPlan | None) -> Role:
    if plan is None:
        return "kept"  # a column that nobody planned
    coincidence = plan.guarantees.coincidence
    if coincidence is Coincidence.UNCHANGED:
        return "kept"
    return "disjoint" if coincidence is Coincidence.DISJOINT else "masked"


def _scan_slice(
    reader: ImageReader, part: Slice, entries: list[ColumnScan], detector: LeakDetector, watch: _Stopwatch
) -> None:
    for frame in reader.blocks(part):
        for entry in entries:
            values = frame.get_column(entry.column).drop_nulls()
            if values.len():
                _scan_values(values, entry, detector, watch)


def _scan_values(values: pl.Series, entry: ColumnScan, detector: LeakDetector, watch: _Stopwatch) -> None:
    long: list[memoryview] = []
    if entry.parts is None:  # of documents masked by paths, only the whole one tells which part is which
        values, long = long_values.apart(values)
    for each in long:
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


def _scan_long(value: memoryview, entry: ColumnScan, detector: LeakDetector, watch: _Stopwatch) -> None:
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


def _compact(values: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Distinct values with their counts where values repeat a lot; else the values as they are."""
    values = values.alias("v")
    if values.len() > _DISTINCT_PROBE:
        probe = values.gather_every(values.len() // _DISTINCT_PROBE)
        if probe.n_unique() > probe.len() // 2:
            return values, None
    counted = values.value_counts(name="n")
    return counted.get_column("v"), counted.get_column("n").cast(pl.Int64)


def _scan_catalog(
    found: Sequence[CatalogText], detector: LeakDetector, watch: _Stopwatch
) -> tuple[list[Finding], list[Finding]]:
    """Looks at all texts together first, and at each apart only if there is anything to attribute."""
    started = time.monotonic()
    pieces = [[text.text, *_literals(text.text)] for text in found]
    together = ColumnHits("kept")
    detector.probe(_series(piece for several in pieces for piece in several), None, together, embedded=True)
    leaks: list[Finding] = []
    if together.places:
        for text, several in zip(found, pieces, strict=True):
            hits = ColumnHits("kept")
            detector.probe(_series(several), None, hits, embedded=True)
            leaks += hits.findings(text.kind, text.object)
    between = time.monotonic()
    others = [
        Finding(found[row].kind, found[row].object, kind, count)
        for row, kinds in _look_at_each(_series(text.text for text in found))
        for kind, count in kinds
    ]
    watch.add(between - started, time.monotonic() - between)
    return leaks, others


def _scan_names(
    reader: ImageReader, detector: LeakDetector, watch: _Stopwatch
) -> tuple[list[Finding], list[Finding], tuple[tuple[str, str], ...]]:
    """Names of objects: whoever names a column after a customer tells of him.

    Returns:
        Findings of both searches, which tell objects by their places, and of what is found the names and places.
    """
    started = time.monotonic()
    named = object_names(reader)
    names = _series(each.name for each in named)
    found: dict[int, set[str]] = {}
    hits = ColumnHits("kept", located={})
    detector.probe(names, None, hits, embedded=True)
    counted = hits.counted()
    for place, parts in (hits.located or {}).items():
        if place in counted:
            for row in np.unique(np.concatenate(parts)):
                found.setdefault(int(row), set()).add(kind_of(*place))
    between = time.monotonic()
    looked_like = {row: {kind for kind, _ in kinds} for row, kinds in _look_at_each(names)}
    told = places_of({row: named[row] for row in {*found, *looked_like}})
    watch.add(between - started, time.monotonic() - between)

    def findings(of: Mapping[int, set[str]]) -> list[Finding]:
        return [
            Finding(f"{named[row].kind.replace(' ', '_')}_name", told[row], kind, 1)
            for row in sorted(of)
            for kind in sorted(of[row])
        ]

    hidden = tuple((named[row].name, place) for row, place in sorted(told.items()))
    return findings(found), findings(looked_like), hidden


def _look_at_each(values: pl.Series) -> Iterator[tuple[int, list[tuple[str, int]]]]:
    """Row by row the kinds and counts of patterns, in texts none of which says anything of the others."""
    for row in patterns.may_hold(values).arg_true().to_list():
        hits = PatternHits()
        patterns.look(values.slice(row, 1), None, hits)
        if kinds := [(each.kind, each.count) for each in hits.findings("", "")]:
            yield row, kinds


def _sure(entry: ColumnScan) -> bool:
    """Whether a column's values may be shown as keys: searched, nothing found, and a leak would have been found."""
    if entry.role == "masked" or entry.leak_findings():
        return False
    return entry.patterns is None or not entry.patterns.findings(entry.table, entry.column)


def _scan_large_objects(
    reader: ImageReader, detector: LeakDetector, watch: _Stopwatch
) -> tuple[list[Finding], list[Finding]]:
    """Findings of both searches; bare numbers tell nothing there, one object holding too few of them."""
    found: Counter[tuple[str, str]] = Counter()
    looked_like: Counter[tuple[str, str]] = Counter()
    for numbers, contents in large_objects(reader):
        started = time.monotonic()
        hits = ColumnHits("kept", located={})
        detector.probe(contents, None, hits, embedded=True)
        counted = hits.counted()
        for place, parts in (hits.located or {}).items():
            if place in counted:
                found.update((numbers[int(row)], kind_of(*place)) for row in np.unique(np.concatenate(parts)))
        between = time.monotonic()
        for row, kinds in _look_at_each(contents):
            looked_like.update((numbers[row], kind) for kind, _ in kinds)
        watch.add(between - started, time.monotonic() - between)
    return (
        [Finding("large_object", number, kind, count) for (number, kind), count in sorted(found.items())],
        [Finding("large_object", number, kind, count) for (number, kind), count in sorted(looked_like.items())],
    )


def _literals(text: str) -> list[str]:
    """What stands between quotes or dollar quotes."""
    quoted = [match.replace("''", "'") for match in _LITERAL.findall(text)]
    return quoted + [body for _, body in _DOLLAR.findall(text)]


def _series(values: Iterable[str]) -> pl.Series:
    return pl.Series("v", list(values), dtype=pl.String)


def may_coincide(column: ColumnPlan) -> bool:
    """Whether values are searched for that masks of theirs may equal by chance, in some rows or parts of the column."""
    each: ColumnPlan | None = column
    while each is not None:
        promised = [each.transformer.guarantees_for(each.seen_as)]
        if not isinstance(each.transformer, Json):  # of its leaves only those are searched for that cannot
            part = part_column(each.column)
            promised += [rule.build().guarantees_for(part) for rule in _nested(vars(each.transformer.params).values())]
        if any(promise.coincidence in _COINCIDING for promise in promised):
            return True
        each = each.otherwise
    return False


def _nested(params: Iterable[Any]) -> Iterator[NestedRule]:
    for each in params:
        if isinstance(each, NestedRule):
            yield each
            inner = each.build()
            if not isinstance(inner, Json):
                yield from _nested(vars(inner.params).values())
        elif isinstance(each, Mapping):
            yield from _nested(each.values())
