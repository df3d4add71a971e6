"""Masking and loading the rows of a snapshot into an image, table by table, several tables at once.

Each table is loaded by one COPY ... FREEZE in the transaction that truncates it, fed with masked blocks; the next
block is decrypted and masked while the server takes the present one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

import psycopg

from testdata_assets.errors import RefusedError
from testdata_assets.masking.engine import MaskedBlock, TableMasker
from testdata_assets.masking.fingerprints import ChangeCount, FingerprintCollector, Fingerprints
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.memo import Memos
from testdata_assets.masking.plan import ColumnPlan, MaskingPlan, TablePlan
from testdata_assets.masking.transformers.base import Coincidence
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName, quote_identifier
from testdata_assets.production.chunk_store import ChunkStore
from testdata_assets.production.profile import TableProfile, TableProfiler
from testdata_assets.production.snapshot import Manifest
from testdata_assets.progress import current_progress

SAMPLE_ROWS = 50_000  # raw rows profiled a table, spread over its blocks


@dataclass
class LoadResult:
    """What loading found out.

    Attributes:
        rows: Rows loaded by table (leaf partitions apart).
        fingerprints: Of sensitive values.
        changes: Of columns that may coincide with real values.
        profiles: Of raw data, by table.
    """

    rows: dict[TableName, int]
    fingerprints: Fingerprints
    changes: list[ChangeCount]
    profiles: dict[TableName, TableProfile]


@dataclass
class _Table:
    """Running totals of one table."""

    plan: TablePlan
    masker: TableMasker
    profiler: TableProfiler
    rows: int = 0
    prose: frozenset[str] = frozenset()
    changes: dict[str, tuple[int, int]] = field(default_factory=dict)


def load_masked(
    image: Dsn, manifest: Manifest, store: ChunkStore, plan: MaskingPlan, masking_key: bytes, *, workers: int
) -> LoadResult:
    """Fills every table of a fresh image.

    Raises:
        RefusedError: A masked value does not fit its column or a check; names table, column and constraint only.
        ChunkStoreDamaged: The snapshot was changed.
    """
    hashes: dict[str, KeyedHash] = {}
    lock = threading.Lock()

    def hash_for(domain: str) -> KeyedHash:
        with lock:
            if domain not in hashes:
                hashes[domain] = KeyedHash.derive(masking_key, domain)
            return hashes[domain]

    collector = FingerprintCollector()
    memos = Memos()
    tables = [
        _Table(
            table_plan,
            TableMasker(table_plan, hash_for, memos),
            TableProfiler(table_plan.table, {column.column.name for column in table_plan.masked}),
            prose=frozenset(column.column.name for column in table_plan.masked if _is_prose(column)),
        )
        for table_plan in plan.tables
        if table_plan.mode != "truncate" and manifest.streams_of(table_plan.table.name)
    ]
    sizes = {table.plan.table.name: 0 for table in tables}
    for chunk in manifest.chunks:
        sizes[chunk.table] = sizes.get(chunk.table, 0) + chunk.raw_bytes
    tables.sort(key=lambda table: -sizes[table.plan.table.name])
    with (
        current_progress().task("Masking and loading", sum(sizes.values()) or None, "bytes") as advance,
        ThreadPoolExecutor(workers, thread_name_prefix="load") as loaders,
        ThreadPoolExecutor(workers, thread_name_prefix="mask") as maskers,
    ):
        futures = [
            loaders.submit(_load_table, image, table, manifest, store, collector, maskers, advance) for table in tables
        ]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    rows = {table_plan.table.name: 0 for table_plan in plan.tables}
    rows.update({table.plan.table.name: table.rows for table in tables})
    changes = [
        ChangeCount(str(table.plan.table.name), column, rows_, changed)
        for table in tables
        for column, (rows_, changed) in table.changes.items()
    ]
    profiles = {table.plan.table.name: table.profiler.finish() for table in tables}
    return LoadResult(rows, collector.finish(), changes, profiles)


def _is_prose(column: ColumnPlan) -> bool:
    return column.transformer.name == "free_text" or column.guarantees.coincidence is Coincidence.BY_PART


def _load_table(
    image: Dsn,
    table: _Table,
    manifest: Manifest,
    store: ChunkStore,
    collector: FingerprintCollector,
    maskers: ThreadPoolExecutor,
    advance: Callable[[float], None],
) -> None:
    name = table.plan.table.name
    blocks = (block for stream in manifest.streams_of(name) for block in store.read(stream))

    every = -(-manifest.rows_of(name) // SAMPLE_ROWS)

    def mask(number: int, block: bytes) -> tuple[MaskedBlock, int]:
        return table.masker.mask(block, every, number), len(block)

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
            with cursor.copy(f"COPY {target} FROM STDIN{'' if routed else ' (FREEZE)'}".encode()) as copy:
                for masked, raw_bytes in _ahead(maskers, mask, blocks):
                    copy.write(masked.data)
                    _account(table, masked, collector)
                    advance(raw_bytes)
    except psycopg.Error as error:
        raise load_failure(error, name) from None


def _ahead(
    pool: ThreadPoolExecutor,
    work: Callable[[int, bytes], tuple[MaskedBlock, int]],
    blocks: Iterator[bytes],
) -> Iterator[tuple[MaskedBlock, int]]:
    """Results in order, with one block being worked on while the caller uses the one before."""
    waiting: Future[tuple[MaskedBlock, int]] | None = None
    for number, block in enumerate(blocks):
        following = pool.submit(work, number, block)
        if waiting is not None:
            yield waiting.result()
        waiting = following
    if waiting is not None:
        yield waiting.result()


def _account(table: _Table, masked: MaskedBlock, collector: FingerprintCollector) -> None:
    table.rows += masked.rows
    if masked.sample is not None and masked.sample.height:
        table.profiler.add(masked.sample)
    table.profiler.add_counts(masked.rows, masked.null_counts)
    for column, values in masked.sensitive.items():
        collector.add(f"{table.plan.table.name}.{column}", values, prose=column in table.prose)
    for column, (rows, changed) in masked.changes.items():
        before = table.changes.get(column, (0, 0))
        table.changes[column] = (before[0] + rows, before[1] + changed)


def load_failure(error: psycopg.Error, table: TableName) -> RefusedError:
    """A server error as ours: its condition and the objects it names, never its message, which quotes values."""
    diag = error.diag
    named = [
        f"{kind} {value}"
        for kind, value in (
            ("column", diag.column_name),
            ("constraint", diag.constraint_name),
            ("type", diag.datatype_name),
        )
        if value
    ]
    what = ", ".join(named) or "see the SQLSTATE"
    return RefusedError(
        f"Masked rows do not load ({type(error).__name__}, SQLSTATE {diag.sqlstate or 'unknown'}: {what})",
        where=str(table),
        remedy="Choose a transformer that keeps this column's type and constraints; testdata rules explain tells more.",
        code="load-failed",
    )
