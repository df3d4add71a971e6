"""Building a candidate image from a snapshot: database, schema, masked rows, sequences, constraints, statistics."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.errors import EnvironmentLack, RefusedError
from testdata_assets.golden.database import ImageDatabase
from testdata_assets.golden.large_objects import create_large_objects
from testdata_assets.golden.load import LoadResult, load_masked
from testdata_assets.golden.schema import SchemaArchive
from testdata_assets.golden.sequences import set_sequences
from testdata_assets.masking import kernels
from testdata_assets.masking.keyring import KeyRing
from testdata_assets.masking.plan import MaskingPlan
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.extensions import unusable
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.catalog import Catalog
from testdata_assets.production.chunk_store import ChunkStore
from testdata_assets.production.collations import Collation
from testdata_assets.production.snapshot import Manifest, schema_dump
from testdata_assets.progress import current_progress
from testdata_assets.synthesis.fabricate import fabricate


@dataclass
class BuiltImage:
    """A complete image, not yet validated; `seconds` by stage."""

    database: ImageDatabase
    loaded: LoadResult
    left_out: list[str]
    seconds: dict[str, float] = field(default_factory=dict)


def preflight(catalog: Catalog, server: Dsn, source: Dsn, tools: PgTools) -> None:
    """Names everything the images' server or the client programs lack for this source, before a row is read.

    Raises:
        EnvironmentLack: All that is missing, in one error.
    """
    lacking: list[str] = []
    remedies = [
        "Install them on the images' server, or point TESTDATA_SERVER_DSN or TESTDATA_PG_BIN at one that has them."
    ]
    with connect(server, role="server") as conn:
        available = {row[0] for row in conn.execute("SELECT name FROM pg_available_extensions")}
        collations = {row[0] for row in conn.execute("SELECT collname FROM pg_collation")}
        if any(column.base_type in ("xml", "_xml") for table in catalog.tables for column in table.columns):
            lacking += _without_xml(conn)
        lacking += _without_collations(conn, catalog)
        broken = unusable(conn, (name for name, _ in catalog.extensions if name in available))
    lacking += [f"extension {name}" for name, _ in catalog.extensions if name not in available]
    lacking += map(str, broken)
    remedies += [f"On Debian and Ubuntu: {each.remedy}." for each in broken if each.remedy]
    lacking += [f"collation {name}" for name in catalog.collations if name not in collations]
    if catalog.encoding not in ("UTF8", "SQL_ASCII"):
        # Client encoding is UTF8 throughout, so other encodings arrive converted; only these may hold mixed bytes.
        pass
    if catalog.encoding == "SQL_ASCII":
        lacking.append("a known encoding (the source is SQL_ASCII)")
    if tools.version() < catalog.server_version // 10_000:
        lacking.append(f"client programs of Postgres {catalog.server_version // 10_000} (these are {tools.version()})")
    if lacking:
        raise EnvironmentLack(
            f"The images' server lacks {', '.join(lacking)}",
            where=server.redacted(),
            remedy=" ".join([*remedies, "No row was read."]),
            code="preflight-failed",
        )
    # The programs reach the source by their own libpq: a server that demands TLS shows here.
    tools.run("psql", source, ["-X", "-q", "-c", "SELECT 1"])


def _without_xml(conn: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """The type xml parses nothing on servers built without libxml."""
    try:
        conn.execute("SELECT '<a/>'::xml")
    except psycopg.errors.FeatureNotSupported:
        return ["libxml (the source has xml columns)"]
    return []


def _without_collations(conn: psycopg.Connection[Any], catalog: Catalog) -> list[str]:
    """Collations of the source's own making that this server cannot make, and text ranges that it would sort apart."""
    lacking: list[str] = []
    for collation in catalog.made_collations:
        try:
            with conn.transaction(force_rollback=True):
                conn.execute(collation.creation(sql.SQL("pg_temp.testdata_probe")))
        except psycopg.errors.InsufficientPrivilege:
            continue  # no verdict
        except psycopg.DatabaseError:
            lacking.append(f"collation {collation}")
    row = conn.execute("SELECT to_jsonb(d) FROM pg_database d WHERE datname = 'template0'").fetchone()
    ours = Collation.default_of(row[0]) if row is not None else None
    theirs = catalog.default_collation
    if catalog.text_ranges and ours is not None and theirs is not None and not ours.sorts_like(theirs):
        tables = ", ".join(map(str, catalog.text_ranges))
        lacking.append(f"the source's order of texts {theirs} by which {tables} is partitioned (its own is {ours})")
    return lacking


def build(
    database: ImageDatabase,
    manifest: Manifest,
    store: ChunkStore,
    plan: MaskingPlan,
    keys: KeyRing,
    tools: PgTools,
    *,
    workers: int,
    executor: str = "local",
) -> BuiltImage:
    """Fills a fresh database; the caller drops it if this fails.

    Raises:
        RefusedError: Schema, rows or constraints do not fit; see `schema` and `load`.
    """
    seconds: dict[str, float] = {}
    with ThreadPoolExecutor(workers, thread_name_prefix="beside") as beside:
        kernels.expect(sum(manifest.rows_of(table.table.name) * len(table.masked) for table in plan.tables))
        if manifest.rows >= kernels.WORTHWHILE:
            # While the server makes the database; what fails here fails again where it is wanted.
            beside.submit(kernels.preload)
        with _timed(seconds, "mask_and_load"):
            archive, loaded = _fill(database, manifest, store, plan, keys, tools, workers, executor, beside)
        saved = beside.submit(loaded.save_fingerprints, store)
        with _timed(seconds, "constraints"), current_progress().task("Indexes and constraints", None):
            set_sequences(database.dsn, manifest.catalog, plan)
            archive.restore("post-data", database.dsn, database.owner, jobs=workers)
        with _timed(seconds, "analyze"), current_progress().task("Statistics and materialized views", None):
            refresh_materialized_views(database.dsn, manifest.catalog.materialized_views, database.owner)
            analyze(tools, database.dsn, workers)
            database.surrender_privileges()
        saved.result()
    seconds |= loaded.seconds  # of threads side by side within mask_and_load
    return BuiltImage(database, loaded, archive.left_out(), seconds)


def _fill(
    database: ImageDatabase,
    manifest: Manifest,
    store: ChunkStore,
    plan: MaskingPlan,
    keys: KeyRing,
    tools: PgTools,
    workers: int,
    executor: str,
    beside: Executor,
) -> tuple[SchemaArchive, LoadResult]:
    """Tables and their rows, without indexes and constraints."""
    archive = SchemaArchive(
        tools,
        schema_dump(store, manifest),
        comments=plan.objects.comments == "keep",
        definitions={(kind, name): text for kind, name, text in manifest.definitions},
    )

    def make_tables() -> None:
        database.create()
        archive.restore("pre-data", database.dsn, database.owner, jobs=workers)

    with ThreadPoolExecutor(1, thread_name_prefix="tables") as making:
        made = making.submit(make_tables)
        loaded = load_masked(
            database.dsn,
            manifest,
            store,
            plan,
            keys,
            workers=workers,
            ready=made.result,
            beside=beside,
            executor=executor,
        )
    _fabricate(database.dsn, manifest.catalog, plan, loaded)
    create_large_objects(database.dsn, manifest.catalog, store, plan, database.owner)
    return archive, loaded


def _fabricate(image: Dsn, catalog: Catalog, plan: MaskingPlan, loaded: LoadResult) -> None:
    """Fills the tables of mode synthesize, before triggers and indexes exist, and counts their rows."""
    wanted = {each.table.rule_table: each.rows for each in plan.tables if each.mode == "synthesize"}
    if not wanted:
        return
    fabricate(image, catalog, wanted)
    with connect(image) as conn:
        for each in plan.tables:
            if each.mode == "synthesize":
                query = sql.SQL("SELECT count(*) FROM ONLY {}")
                name = sql.Identifier(each.table.name.schema, each.table.name.name)
                row = conn.execute(query.format(name)).fetchone()
                loaded.rows[each.table.name] = int(str(row[0])) if row else 0


def refresh_materialized_views(image: Dsn, views: Sequence[TableName], owner: str) -> None:
    """Fills materialized views from masked rows, those that read others after them.

    Raises:
        RefusedError: One cannot be filled.
    """
    waiting = list(views)
    with connect(image) as conn:
        conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(owner)))
        while waiting:
            failed: list[tuple[TableName, str]] = []
            for view in waiting:
                try:
                    conn.execute(sql.SQL("REFRESH MATERIALIZED VIEW {}").format(sql.Identifier(view.schema, view.name)))
                except psycopg.errors.ObjectNotInPrerequisiteState as error:
                    failed.append((view, error.sqlstate or ""))
                except psycopg.Error as error:
                    raise RefusedError(
                        f"The materialized view cannot be filled from masked rows (SQLSTATE {error.sqlstate})",
                        where=str(view),
                        remedy="Its query fails on masked values; see which columns it casts or divides by.",
                        code="materialized-view-failed",
                    ) from None
            if len(failed) == len(waiting):
                raise RefusedError(
                    f"{len(failed)} materialized view(s) wait for each other",
                    where=str(failed[0][0]),
                    remedy="Refresh them in the source, then run testdata refresh again.",
                    code="materialized-view-failed",
                )
            waiting = [view for view, _ in failed]


def analyze(tools: PgTools, image: Dsn, workers: int) -> None:
    """Statistics of every table, several at once."""
    done = subprocess.run(
        [
            tools.path("vacuumdb"),
            f"--dbname={image.conninfo_without_password()}",
            "--analyze-only",
            "--quiet",
            f"--jobs={workers}",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=tools.environment(image),
        check=False,
    )
    if done.returncode != 0:
        raise tools.failure("vacuumdb", image, done.stderr.decode(errors="replace"))


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[stage] = round(time.monotonic() - started, 3)


def masked_columns(plan: MaskingPlan, keys: KeyRing) -> list[dict[str, str | None]]:
    """What the registry and the UI show of each masked column."""
    return [
        {
            "table": str(table.table.name),
            "column": column.column.name,
            "type": column.column.type,
            "transformer": column.transformer.name,
            "pii": column.pii,
            "domain": column.domain,
            "key_id": keys.key_id(column.domain),
        }
        for table in plan.tables
        for column in table.masked
    ]


def row_counts_json(rows: dict[TableName, int]) -> dict[str, int]:
    return {str(table): count for table, count in sorted(rows.items())}


def to_json_bytes(value: object) -> bytes:
    return json.dumps(value).encode()
