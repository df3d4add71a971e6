"""Extracting a snapshot: parallel COPY under one exported snapshot into the encrypted chunk store, and its manifest.

Tables are cut into ctid ranges; each range is one stream of the store, made of blocks of whole COPY lines. psql moves
the bytes; Python only cuts blocks.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import IO

import numpy as np
import psycopg
from pydantic import TypeAdapter

from testdata_assets.errors import RefusedError
from testdata_assets.postgres.identifiers import TableName, quote_identifier
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.catalog import Catalog, Table
from testdata_assets.production.chunk_store import ChunkStore
from testdata_assets.production.relationships import PartnerCount, Relationship, counted
from testdata_assets.production.source import OpenSource, guard_options
from testdata_assets.progress import current_progress

BLOCK_BYTES = 16 << 20
_SMALLEST_BLOCK_BYTES = 4 << 20
_BLOCKS_BYTES = 8 << 20  # of raw rows that all streams together work on; masking takes a dozen times that
_READ_BYTES = 1 << 20
_NEWLINE = 0x0A
_CHUNK_PAGES = 32_768  # 256 MB of heap a chunk
_LARGE_ROW = threading.Lock()  # rows beyond a block are held in memory by one stream at a time
_TID_RANGE_SCANS = 140_000  # from Postgres 14 on a ctid range reads only its pages


@dataclass(frozen=True)
class ChunkRange:
    """One stream to extract: pages [first, last) of a table; last None means to its end."""

    stream: str
    table: Table
    first: int
    last: int | None


@dataclass(frozen=True)
class ChunkRecord:
    """One stream as extracted."""

    stream: str
    table: TableName
    rows: int
    raw_bytes: int
    stored_bytes: int


@dataclass(frozen=True)
class Manifest:
    """What a snapshot holds. Kept encrypted and authenticated as the stream `manifest`.

    `definitions` are (kind, object, text) of everything the schema consists of, for comparing the image with; so are
    `partners`, the rows of the rules' relationships that have none.
    """

    snapshot_id: str
    taken_at: datetime
    catalog: Catalog
    chunks: tuple[ChunkRecord, ...]
    definitions: tuple[tuple[str, str, str], ...] = ()
    schema_stream: str = "schema"
    partners: tuple[PartnerCount, ...] = ()

    def rows_of(self, table: TableName) -> int:
        return sum(chunk.rows for chunk in self.chunks if chunk.table == table)

    def streams_of(self, table: TableName) -> list[str]:
        return [chunk.stream for chunk in self.chunks if chunk.table == table]

    @property
    def rows(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)

    @property
    def raw_bytes(self) -> int:
        return sum(chunk.raw_bytes for chunk in self.chunks)

    @property
    def stored_bytes(self) -> int:
        return sum(chunk.stored_bytes for chunk in self.chunks)


_MANIFEST = TypeAdapter(Manifest)


def write_manifest(store: ChunkStore, manifest: Manifest) -> None:
    store.write("manifest", [_MANIFEST.dump_json(manifest)])


def read_manifest(store: ChunkStore) -> Manifest:
    return _MANIFEST.validate_json(b"".join(store.read("manifest")))


def worker_count(configured: int) -> int:
    """Parallel streams: as configured, else one for each core, at most eight connections to production."""
    return configured or min(8, max(1, os.cpu_count() or 1))


def block_bytes(workers: int) -> int:
    """Size of blocks, so that memory does not grow with the number of parallel streams."""
    return max(_SMALLEST_BLOCK_BYTES, min(BLOCK_BYTES, _BLOCKS_BYTES // workers))


def extract(
    source: OpenSource,
    tables: Sequence[Table],
    store: ChunkStore,
    tools: PgTools,
    *,
    snapshot_id: str,
    taken_at: datetime,
    workers: int,
    executor: Executor | None = None,
    relationships: Sequence[Relationship] = (),
) -> Manifest:
    """Reads schema and rows of `tables` into the store.

    Args:
        source: Held open until this returns.
        tables: Storing tables whose rows are wanted (truncated ones are left out by the caller).
        store: Where to.
        tools: psql and pg_dump, at least as new as the source.
        snapshot_id: Id of the snapshot.
        taken_at: Its time.
        workers: Parallel COPY streams.
        executor: Runs the streams; threads by default.
        relationships: Of the rules: rows without a partner are counted meanwhile, on the source's own connection.

    Raises:
        ToolFailed: pg_dump or psql failed.
        EnvironmentLack: The store's disk is full.
    """
    ranges = sorted(_cut(tables, source.catalog.server_version), key=lambda r: -_pages(r))
    total = sum(table.pages for table in tables) * 8192
    records: list[ChunkRecord] = []
    pool = executor or ThreadPoolExecutor(workers, thread_name_prefix="extract")
    beside = ThreadPoolExecutor(1, thread_name_prefix="partners")
    try:
        partners = beside.submit(counted, source.conn, source.catalog, relationships)
        with current_progress().task("Reading production", total or None, "bytes") as advance:
            schema = pool.submit(_dump_schema, source, store, tools)
            futures = [pool.submit(_extract_range, source, item, store, tools, block_bytes(workers)) for item in ranges]
            try:
                for future in as_completed(futures):
                    record = future.result()
                    records.append(record)
                    advance(_pages_bytes(ranges, record.stream))
                schema.result()
                counts = partners.result()
            except BaseException:
                for future in futures:
                    future.cancel()
                with suppress(psycopg.Error):  # what went wrong before is what is told
                    source.conn.cancel_safe()
                raise
    finally:
        beside.shutdown(wait=True)
        if executor is None:
            pool.shutdown(wait=True, cancel_futures=True)
    records.sort(key=lambda record: record.stream)
    definitions = tuple((kind, name, text) for (kind, name), text in source.definitions.items())
    manifest = Manifest(snapshot_id, taken_at, source.catalog, tuple(records), definitions, partners=counts)
    write_manifest(store, manifest)
    return manifest


def _cut(tables: Sequence[Table], server_version: int) -> Iterator[ChunkRange]:
    for number, table in enumerate(tables):
        if server_version < _TID_RANGE_SCANS or table.pages <= 2 * _CHUNK_PAGES:
            yield ChunkRange(f"{number:05d}-00000", table, 0, None)
            continue
        starts = list(range(0, table.pages, _CHUNK_PAGES))
        for part, (first, last) in enumerate(zip(starts, [*starts[1:], None], strict=True)):
            yield ChunkRange(f"{number:05d}-{part:05d}", table, first, last)


def _pages(item: ChunkRange) -> int:
    return (item.last if item.last is not None else item.table.pages) - item.first


def _pages_bytes(ranges: Sequence[ChunkRange], stream: str) -> int:
    return next(_pages(item) for item in ranges if item.stream == stream) * 8192


def copy_statement(item: ChunkRange) -> str:
    """The COPY of one range, generated columns left out. `COPY table` never reads children; a SELECT says ONLY."""
    columns = ", ".join(quote_identifier(column.name) for column in item.table.stored_columns)
    name = item.table.name.sql
    if item.first == 0 and item.last is None and columns:
        return f"COPY {name} ({columns}) TO STDOUT"
    conditions = [f"ctid >= '({item.first},0)'::tid"] if item.first else []
    if item.last is not None:
        conditions.append(f"ctid < '({item.last},0)'::tid")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"COPY (SELECT {columns} FROM ONLY {name}{where}) TO STDOUT"  # noqa: S608  (identifiers are quoted)


def _extract_range(
    source: OpenSource, item: ChunkRange, store: ChunkStore, tools: PgTools, block_size: int
) -> ChunkRecord:
    rows = 0

    def blocks(pipe: IO[bytes]) -> Iterator[bytes]:
        nonlocal rows
        for block in whole_lines(pipe, block_size):
            rows += int(
                np.count_nonzero(np.frombuffer(block, np.uint8) == _NEWLINE)
            )  # bytes.count takes five times that
            yield block
            del block  # else it stayed in memory until the next one is whole

    dsn = source.dsn.with_options(guard_options())
    arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1"]
    for statement in (
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        f"SET TRANSACTION SNAPSHOT '{source.exported_snapshot}'",
        copy_statement(item),
        "COMMIT",
    ):
        arguments += ["-c", statement]
    with tools.stream("psql", dsn, arguments) as pipe:
        size = store.write(item.stream, blocks(pipe))
    return ChunkRecord(item.stream, item.table.name, rows, size.raw_bytes, size.stored_bytes)


def whole_lines(pipe: IO[bytes], block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Cuts a pipe into blocks of about `block_bytes` that end with a newline (one row may be longer).

    A stream that meets a row longer than a block waits until no other stream of this process holds such a row; the
    pipe and with it production's cursor wait meanwhile. Nothing read is held on to once its block is handed out and
    done with.
    """
    parts: list[bytes] = []
    size = 0
    large = False
    try:
        while data := pipe.read(_READ_BYTES):
            parts.append(data)
            size += len(data)
            if size < block_bytes:
                continue
            end = data.rfind(b"\n")
            if end < 0:
                if not large:
                    large = _LARGE_ROW.acquire()
                continue
            parts[-1] = data[: end + 1]
            block = b"".join(parts)
            rest = data[end + 1 :]
            parts, size = ([rest], len(rest)) if rest else ([], 0)
            yield block
            del block
            if large:
                _LARGE_ROW.release()
                large = False
        if size:
            block = b"".join(parts)
            parts.clear()
            yield block
            del block
    finally:
        if large:
            _LARGE_ROW.release()


def _dump_schema(source: OpenSource, store: ChunkStore, tools: PgTools) -> None:
    arguments = [
        "--format=custom",
        "--schema-only",
        f"--snapshot={source.exported_snapshot}",
        "--no-owner",
        "--no-privileges",
        "--no-publications",
        "--no-subscriptions",
        "--no-security-labels",
        "--no-tablespaces",
        "--lock-wait-timeout=10s",
    ]
    with tools.stream("pg_dump", source.dsn, arguments) as pipe:
        store.write("schema", iter(lambda: pipe.read(_READ_BYTES), b""))


def schema_dump(store: ChunkStore, manifest: Manifest) -> bytes:
    """The custom-format schema dump of a snapshot. Raw: keep it in memory."""
    dump = b"".join(store.read(manifest.schema_stream))
    if not dump.startswith(b"PGDMP"):
        raise RefusedError(
            "The schema of the snapshot is no pg_dump archive",
            where=manifest.snapshot_id,
            remedy="Take a new snapshot: testdata refresh.",
        )
    return dump
