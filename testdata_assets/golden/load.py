"""Masking and loading the rows of a snapshot into an image, table by table, several tables at once.

Each table is loaded by one COPY ... FREEZE in the transaction that truncates it, fed with masked blocks; the next
blocks are decrypted and masked while the server takes the present one, here or on a cluster (`executors.py`).
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, field

import polars as pl
import psycopg

from testdata_assets.golden import recompute
from testdata_assets.golden.executors import Block, Masking, open_masking
from testdata_assets.golden.load_errors import load_failure
from testdata_assets.masking import copy_text
from testdata_assets.masking.change_counts import ChangeCount, Ways, added
from testdata_assets.masking.echoes import Echo, columns_looked_at, find_echoes
from testdata_assets.masking.emptied_parts import empties_parts, frequent_parts
from testdata_assets.masking.fingerprint_collector import FingerprintCollector, Rank
from testdata_assets.masking.keyring import KeyRing
from testdata_assets.masking.plan import ColumnPlan, MaskingPlan, TablePlan
from testdata_assets.masking.sensitive import column_of, drawn_parts_of, holds_shared, may_be_vocabulary, may_coincide
from testdata_assets.masking.tasks import BlockAnswer
from testdata_assets.masking.transformers.base import Coincidence
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName, quote_identifier
from testdata_assets.production.chunk_store import ChunkStore
from testdata_assets.production.profile import MAX_CHARACTERS, TableProfile, TableProfiler
from testdata_assets.production.snapshot import Manifest
from testdata_assets.progress import current_progress

_LITERAL = re.compile(r"^'((?:[^']|'')*)'(?:::[\w .\"()]+)?$", re.DOTALL)  # as Postgres prints a default
SAMPLE_ROWS = 30_000  # raw rows profiled a table, spread over its blocks
NOTE_SECONDS = 10.0


@dataclass
class LoadResult:
    """What loading found out.

    Attributes:
        rows: Rows loaded by table (leaf partitions apart).
        fingerprints: Of sensitive values, not yet saved.
        changes: Of masked columns, those that become NULL or one constant apart.
        profiles: Of raw data, by table.
        expected: Rows by table that the snapshot and the rules make the image have.
        seconds: What decoding, masking and encoding took, all threads together.
        echoes: Kept columns that repeat names of their own rows.
    """

    rows: dict[TableName, int]
    fingerprints: FingerprintCollector
    changes: list[ChangeCount]
    profiles: dict[TableName, TableProfile]
    expected: dict[TableName, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    echoes: list[Echo] = field(default_factory=list)


@dataclass
class _Table:
    """Running totals of one table."""

    plan: TablePlan
    profiler: TableProfiler | None
    rows: int = 0
    left_out: int = 0
    ranks: Mapping[str, Rank] = field(default_factory=dict)
    vocabulary: frozenset[str] = frozenset()
    defaults: Mapping[str, str] = field(default_factory=dict)
    changes: dict[str, Ways] = field(default_factory=dict)
    seconds: Counter[str] = field(default_factory=Counter)
    profile: TableProfile | None = None
    echoes: list[Echo] = field(default_factory=list)

    def finish(self, collector: FingerprintCollector) -> None:
        """Profiles the sample as soon as the table is loaded, so that only tables under way hold one."""
        if self.profiler is not None:
            frequent = self.profiler.frequent(self.vocabulary | self.defaults.keys())
            for column, values in frequent.items():
                plain, vocabulary = copy_text.unescape(values), column in self.vocabulary
                if not vocabulary:  # what many rows have by default is nobody's
                    plain = plain.filter(plain == self.defaults[column])
                collector.leave_out(f"{self.plan.table.name}.{column}", plain, vocabulary=vocabulary)
            for emptying in filter(empties_parts, self.plan.masked):
                name = f"{self.plan.table.name}.{drawn_parts_of(emptying.column.name)}"
                collector.leave_out(name, _vocabulary_of_parts(emptying, self.profiler), vocabulary=True)
            kept, names = columns_looked_at(self.plan)
            if kept and names:
                self.echoes = find_echoes(self.plan, self.profiler.sampled([*kept, *names]))
            self.profile, self.profiler = self.profiler.finish(), None


def _vocabulary_of_parts(column: ColumnPlan, profiler: TableProfiler) -> pl.Series:
    """What of a column's parts so many sampled rows hold that it is nobody's."""
    values = profiler.sampled([column.column.name]).to_series().drop_nulls()
    whole = values.filter(values.str.len_chars() < MAX_CHARACTERS)  # those that were cut are no documents
    return frequent_parts(column, copy_text.unescape(whole), profiler.many)


class ChunkNotes:
    """Tells now and then which table and chunk loading has come to.

    Args:
        total: Tables to load.
        every_seconds: At most one note in so many seconds.
    """

    def __init__(self, total: int, every_seconds: float = NOTE_SECONDS) -> None:
        self._total = total
        self._every = every_seconds
        self._last = time.monotonic()
        self._started = 0
        self._lock = threading.Lock()

    def start(self) -> int:
        """The number of one more table, from 1."""
        with self._lock:
            self._started += 1
            return self._started

    def chunk(self, table: TableName, number: int, chunk: int, chunks: int) -> None:
        """Chunk `chunk` of `chunks` of table `number` is about to be loaded."""
        with self._lock:
            now = time.monotonic()
            if now - self._last < self._every:
                return
            self._last = now
        current_progress().note(f"Table {number} of {self._total} ({table}): chunk {chunk} of {chunks}")


def load_masked(
    image: Dsn,
    manifest: Manifest,
    store: ChunkStore,
    plan: MaskingPlan,
    keys: KeyRing,
    *,
    workers: int,
    executor: str = "local",
) -> LoadResult:
    """Fills every table of a fresh image.

    Raises:
        RefusedError: A masked value does not fit its column or a check; names table, column and constraint only.
        ChunkStoreDamaged: The snapshot was changed.
        EnvironmentLack: The cluster that masks is gone, or its workers lack a key or the store.
    """
    defaults = {text.object: text.text for text in manifest.catalog.texts if text.kind == "default"}
    tables = [
        _Table(
            table_plan,
            TableProfiler(table_plan.table, {column.column.name for column in table_plan.masked}, table_plan.compared),
            ranks={column.column.name: _rank(column) for column in table_plan.masked},
            defaults=_literal_defaults(table_plan, defaults),
            vocabulary=frozenset(column.column.name for column in table_plan.masked if may_be_vocabulary(column)),
        )
        for table_plan in plan.tables
        if table_plan.mode != "truncate" and manifest.streams_of(table_plan.table.name)
    ]
    sizes = {table.plan.table.name: 0 for table in tables}
    for chunk in manifest.chunks:
        sizes[chunk.table] = sizes.get(chunk.table, 0) + chunk.raw_bytes
    tables.sort(key=lambda table: -sizes[table.plan.table.name])
    notes = ChunkNotes(len(tables))
    with (
        current_progress().task("Masking and loading", sum(sizes.values()) or None, "bytes") as advance,
        open_masking(executor, store, keys, workers=workers) as masking,
        ThreadPoolExecutor(workers, thread_name_prefix="load") as loaders,
    ):
        collector = FingerprintCollector(masking.seed, store)
        futures = [
            loaders.submit(_load_table, image, table, manifest, store, collector, masking, advance, notes)
            for table in tables
        ]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            masking.stop()  # tables under way end soon
            raise
    rows = {table_plan.table.name: 0 for table_plan in plan.tables}
    rows.update({table.plan.table.name: table.rows for table in tables})
    changes = [
        count
        for table in tables
        for column, ways in table.changes.items()
        for count in ChangeCount.of(table.plan.table.name, column, ways)
    ]
    echoes = [echo for table in tables for echo in table.echoes]
    profiles = {table.plan.table.name: table.profile for table in tables if table.profile is not None}
    return LoadResult(rows, collector, changes, profiles, _expected(plan, manifest, tables), _seconds(tables), echoes)


def _seconds(tables: list[_Table]) -> dict[str, float]:
    total: Counter[str] = Counter()
    for table in tables:
        total.update(table.seconds)
    return {stage: round(seconds, 3) for stage, seconds in total.items()}


def _expected(plan: MaskingPlan, manifest: Manifest, tables: list[_Table]) -> dict[TableName, int]:
    """Rows by table; those of a partitioned table that is fabricated stand at its first partition."""
    left_out = {table.plan.table.name: table.left_out for table in tables}
    expected: dict[TableName, int] = {}
    fabricated: set[TableName] = set()
    for each in plan.tables:
        name, root = each.table.name, each.table.rule_table
        expected[name] = manifest.rows_of(name) - left_out.get(name, 0) if each.reads_rows else 0
        if each.mode == "synthesize" and root not in fabricated:
            fabricated.add(root)
            expected[name] = each.rows
    return expected


def _literal_defaults(plan: TablePlan, texts: Mapping[str, str]) -> dict[str, str]:
    """The defaults of masked columns that are literals, by column."""
    found = {}
    for column in plan.masked:
        match = _LITERAL.match(texts.get(f"{plan.table.name}.{column.column.name}", ""))
        if match:
            found[column.column.name] = match.group(1).replace("''", "'")
    return found


def _rank(column: ColumnPlan) -> Rank:
    of_parts = column.transformer.name == "free_text" or column.guarantees.coincidence is Coincidence.BY_PART
    if of_parts or may_be_vocabulary(column):
        return Rank.PARTS
    if holds_shared(column):
        return Rank.SHARED
    return Rank.COINCIDING if may_coincide(column) else Rank.CERTAIN


def _load_table(
    image: Dsn,
    table: _Table,
    manifest: Manifest,
    store: ChunkStore,
    collector: FingerprintCollector,
    masking: Masking,
    advance: Callable[[float], None],
    notes: ChunkNotes,
) -> None:
    name = table.plan.table.name
    streams = manifest.streams_of(name)
    place = notes.start()

    def blocks() -> Iterator[Block]:
        for chunk, stream in enumerate(streams, 1):
            for record in store.index(stream):
                notes.chunk(name, place, chunk, len(streams))
                yield stream, record

    every = -(-manifest.rows_of(name) // SAMPLE_ROWS)
    # Rows whose masked partition key belongs elsewhere go through the root, which FREEZE does not allow.
    routed = table.plan.load_through_root
    into = table.plan.table.rule_table if routed else name
    columns = ", ".join(quote_identifier(column.name) for column in table.plan.table.stored_columns)
    target = f"{into.sql} ({columns})" if columns else into.sql
    try:
        with (
            connect(image, autocommit=True, role="image database") as conn,
            conn.transaction(),
            conn.cursor() as cursor,
        ):
            if not routed:
                cursor.execute(f"TRUNCATE ONLY {into.sql}".encode())
            recompute.before_load(conn, table.plan)
            with (
                cursor.copy(f"COPY {target} FROM STDIN{'' if routed else ' (FREEZE)'}".encode()) as copy,
                closing(masking.answers(table.plan, every, blocks())) as answers,
            ):
                for answer, raw_bytes in answers:
                    copy.write(answer.data)
                    _account(table, answer, collector)
                    advance(raw_bytes)
                    del answer  # else it stayed in memory while the next one is waited for
            recompute.after_load(conn, table.plan)
        table.finish(collector)
    except psycopg.Error as error:
        raise load_failure(error, table.plan, image) from None


def _account(table: _Table, answer: BlockAnswer, collector: FingerprintCollector) -> None:
    table.rows += answer.rows
    table.left_out += answer.left_out
    if table.profiler is not None:
        if answer.sample is not None and answer.sample.height:
            table.profiler.add(answer.sample)
        table.profiler.add_counts(answer.rows, answer.null_counts)
    for column, hashes in answer.sensitive.items():
        # Pairs of names have no column of their own: full names elsewhere prove more.
        rank = table.ranks.get(column, Rank.COINCIDING if column_of(column) == column else Rank.PARTS)
        collector.add_hashes(f"{table.plan.table.name}.{column}", hashes, rank)
    for column, hashes in answer.kept.items():
        collector.allow_hashes(f"{table.plan.table.rule_table}.{column}", hashes)
    table.seconds.update(answer.seconds)
    for column, ways in answer.changes.items():
        table.changes[column] = added(table.changes.get(column, ()), ways)
