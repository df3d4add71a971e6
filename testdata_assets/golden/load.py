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
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
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


@dataclass(frozen=True)
class TableFindings:
    """What a table's sample of raw rows says.

    Attributes:
        profile: Of the raw data.
        echoes: Kept columns that repeat names of their own rows.
    """

    profile: TableProfile
    echoes: list[Echo]


@dataclass
class LoadResult:
    """What loading found out.

    Attributes:
        rows: Rows loaded by table (leaf partitions apart).
        changes: Of masked columns, those that become NULL or one constant apart.
        expected: Rows by table that the snapshot and the rules make the image have.
        seconds: What decoding, masking and encoding took, all threads together.
    """

    rows: dict[TableName, int]
    changes: list[ChangeCount]
    expected: dict[TableName, int]
    seconds: dict[str, float]
    _fingerprints: FingerprintCollector
    _findings: dict[TableName, Future[TableFindings]]

    def findings(self) -> dict[TableName, TableFindings]:
        """What the samples say, by table; waits until all have been read."""
        return {name: finding.result() for name, finding in self._findings.items()}

    def save_fingerprints(self, store: ChunkStore) -> None:
        """Writes fingerprints of sensitive values; what samples say is nobody's has to be known before."""
        self.findings()
        self._fingerprints.save(store)


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

    def findings(self, collector: FingerprintCollector) -> TableFindings:
        """What the sample says; it is let go, so that only tables under way hold one."""
        profiler, self.profiler = self.profiler, None
        assert profiler is not None  # noqa: S101  asked for once
        frequent = profiler.frequent(self.vocabulary | self.defaults.keys())
        for column, values in frequent.items():
            plain, vocabulary = copy_text.unescape(values), column in self.vocabulary
            if not vocabulary:  # what many rows have by default is nobody's
                plain = plain.filter(plain == self.defaults[column])
            collector.leave_out(f"{self.plan.table.name}.{column}", plain, vocabulary=vocabulary)
        for emptying in filter(empties_parts, self.plan.masked):
            name = f"{self.plan.table.name}.{drawn_parts_of(emptying.column.name)}"
            collector.leave_out(name, _vocabulary_of_parts(emptying, profiler), vocabulary=True)
        kept, names = columns_looked_at(self.plan)
        echoes = find_echoes(self.plan, profiler.sampled([*kept, *names])) if kept and names else []
        return TableFindings(profiler.finish(), echoes)


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
    ready: Callable[[], object],
    beside: Executor,
    executor: str = "local",
) -> LoadResult:
    """Fills every table of a fresh image.

    Args:
        image: Where to.
        manifest, store: The snapshot.
        plan, keys: What becomes of it.
        workers: Tables loaded at a time, and blocks masked.
        ready: Returns once the image has its tables; the first blocks are masked meanwhile.
        beside: Reads the samples of loaded tables, while others are loaded and after this has returned.
        executor: What masks, see `open_masking`.

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
        findings: dict[TableName, Future[TableFindings]] = {}
        samples = threading.Semaphore(workers)  # of loaded tables that are held

        def read(table: _Table) -> TableFindings:
            try:
                return table.findings(collector)
            finally:
                samples.release()

        def load(table: _Table) -> None:
            _load_table(image, table, manifest, store, collector, masking, advance, notes, ready)
            samples.acquire()
            findings[table.plan.table.name] = beside.submit(read, table)

        futures = [loaders.submit(load, table) for table in tables]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            masking.stop()  # tables under way end soon
            raise
    ready()
    rows = {table_plan.table.name: 0 for table_plan in plan.tables}
    rows.update({table.plan.table.name: table.rows for table in tables})
    changes = [
        count
        for table in tables
        for column, ways in table.changes.items()
        for count in ChangeCount.of(table.plan.table.name, column, ways)
    ]
    in_order = {table.plan.table.name: findings[table.plan.table.name] for table in tables}
    return LoadResult(rows, changes, _expected(plan, manifest, tables), _seconds(tables), collector, in_order)


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
    ready: Callable[[], object],
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
    with closing(masking.answers(table.plan, every, blocks())) as answers:
        first = next(answers, None)
        ready()
        try:
            with (
                connect(image, autocommit=True, role="image database") as conn,
                conn.transaction(),
                conn.cursor() as cursor,
            ):
                if not routed:
                    cursor.execute(f"TRUNCATE ONLY {into.sql}".encode())
                recompute.before_load(conn, table.plan)
                with cursor.copy(f"COPY {target} FROM STDIN{'' if routed else ' (FREEZE)'}".encode()) as copy:
                    while first is not None:
                        answer, raw_bytes = first
                        del first  # else it stayed in memory while the next one is waited for
                        copy.write(answer.data)
                        _account(table, answer, collector)
                        del answer
                        advance(raw_bytes)
                        first = next(answers, None)
                recompute.after_load(conn, table.plan)
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
