"""The stages of a refresh as functions of settings and places: take a snapshot, build, publish or reject, clean up.

Each stage finds its input in the registry by id, so stages may run in different processes. The caller holds
`refresh_lock` from the first stage to the last.
"""

from __future__ import annotations

import importlib.metadata
import json
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import sql
from pydantic import TypeAdapter

from testdata_assets.errors import RefusedError, TestdataError, UsageFault
from testdata_assets.golden import attest, build
from testdata_assets.golden.closing import close_image, folder_digest
from testdata_assets.golden.database import ImageDatabase
from testdata_assets.golden.executors import check_workers
from testdata_assets.golden.plan_record import plan_record
from testdata_assets.golden.registry import GoldenImage, GoldenRegistry, SnapshotRecord
from testdata_assets.keys import load_key
from testdata_assets.masking.change_counts import ChangeCount
from testdata_assets.masking.echoes import Echo
from testdata_assets.masking.fingerprints import Fingerprints
from testdata_assets.masking.keyring import KeyRing
from testdata_assets.masking.plan import MaskingPlan, compile_plan
from testdata_assets.masking.rules import MaskingRules, RulesError, load_rules, own_code
from testdata_assets.masking.rules_check import whole_refusal
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import ControlConnection, connect_control
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.places import Places
from testdata_assets.production.catalog import Catalog
from testdata_assets.production.chunk_places import absolute_location
from testdata_assets.production.chunk_store import ChunkStore, drop_store
from testdata_assets.production.large_objects import extract_large_objects
from testdata_assets.production.profile import TableProfile
from testdata_assets.production.relationships import Relationship
from testdata_assets.production.snapshot import Manifest, extract, read_manifest, worker_count
from testdata_assets.production.source import ensure_sample, open_source
from testdata_assets.settings import Settings
from testdata_assets.unexpected import is_transient

_SHOWN_TABLES = 5
_REFRESH_LOCK = 7_263_511_002  # advisory, in the control database
_CHANGES = TypeAdapter(list[ChangeCount])
_ECHOES = TypeAdapter(list[Echo])
_PROFILES = TypeAdapter(dict[str, TableProfile])


@contextmanager
def refresh_lock(conn: ControlConnection) -> Iterator[None]:
    """Lets one refresh run at a time, whoever started it.

    Raises:
        RefusedError: Another one runs (code `refresh-running`).
    """
    row = conn.execute("SELECT pg_try_advisory_lock(%s) AS got", (_REFRESH_LOCK,)).fetchone()
    if row is None or not row["got"]:
        raise RefusedError(
            "Another refresh is running",
            where="refresh_golden_image",
            remedy="Wait for it to end; see the Runs page of the Dagster UI.",
            code="refresh-running",
        )
    try:
        yield
    finally:
        if not conn.closed:
            conn.execute("SELECT pg_advisory_unlock(%s)", (_REFRESH_LOCK,))


def refresh_is_running(conn: ControlConnection) -> bool:
    """Whether somebody holds the refresh lock, without touching it."""
    row = conn.execute(
        "SELECT 1 AS held FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND (classid::bigint << 32) | objid::bigint = %s",
        (_REFRESH_LOCK,),
    ).fetchone()
    return row is not None


def compile_current_plan(settings: Settings, catalog: Catalog, masking_key: bytes) -> MaskingPlan:
    """The plan of the rules folder for a catalog; fails closed."""
    return compile_plan(load_rules(settings.rules_dir / "masking.yaml"), catalog, masking_key)


def take_snapshot(settings: Settings, places: Places, run_id: str | None = None) -> SnapshotRecord:
    """Compiles the plan, then extracts the source into a new encrypted snapshot.

    Everything that can be refused is refused before a row is read.

    Raises:
        TestdataError: A missing key, bad rules, an uncovered column, an unreachable source, a full disk.
    """
    rules = _readable_rules(settings, places)
    keys = KeyRing.load(settings, frozenset(rules.rotation.hold))
    store_key = load_key(settings, "store", create=places.uses_embedded)
    load_key(settings, "signing", create=places.uses_embedded)
    check_workers(settings.executor, keys, store_key, _usable_code(rules))
    started = time.monotonic()
    with connect_control(places.control) as control:
        registry = GoldenRegistry(control)
        clean_up(registry, places)
        ensure_sample(places)
        started = time.monotonic()
        with open_source(places.source) as source:
            with ThreadPoolExecutor(1, thread_name_prefix="preflight") as beside:
                fits = beside.submit(build.preflight, source.catalog, places.server, places.source, places.tools)
                plan = compile_plan(rules, source.catalog, keys.current)
                fits.result()
            wanted = [table.table for table in plan.tables if table.reads_rows]
            snapshot_id = _new_id("s")
            location = f"{absolute_location(settings.chunk_store, settings.state_dir / 'snapshots')}/{snapshot_id}"
            registry.start_snapshot(snapshot_id, location, run_id)
            try:
                store = ChunkStore.create(location, snapshot_id, store_key)
            except BaseException:
                # No row is there yet; a place that cannot be reached must not stand in the way of the next refresh.
                with suppress(TestdataError):
                    drop_store(location)
                registry.drop_snapshot(snapshot_id)
                raise
            try:
                manifest = extract(
                    source,
                    wanted,
                    store,
                    places.tools,
                    snapshot_id=snapshot_id,
                    taken_at=datetime.now(UTC),
                    workers=worker_count(settings.workers),
                    relationships=_relationships(rules),
                )
                if plan.objects.large_objects == "keep" and source.catalog.large_objects:
                    extract_large_objects(source, store, places.tools)
            except BaseException:
                _drop_snapshot(registry, registry.snapshot(snapshot_id))
                raise
        return registry.complete_snapshot(
            snapshot_id,
            source_fingerprint=f"{manifest.catalog.system_identifier}/{manifest.catalog.database}",
            tables=len(manifest.catalog.storing_tables),
            row_count=manifest.rows,
            bytes=manifest.stored_bytes,
            seconds=round(time.monotonic() - started, 3),
        )


def _usable_code(rules: MaskingRules) -> dict[str, str]:
    """Digests of users' transformers; none where one cannot be used, which the plan reports with all else."""
    try:
        return own_code(rules)
    except UsageFault:
        return {}


def _readable_rules(settings: Settings, places: Places) -> MaskingRules:
    """The rules.

    Raises:
        RulesError: The file has mistakes; what else would stop the refresh is named with them, if the source can be
            asked.
    """
    try:
        return load_rules(settings.rules_dir / "masking.yaml")
    except RulesError as error:
        mistaken = error
    if mistaken.rest is not None:
        with suppress(TestdataError):
            ensure_sample(places)
            with open_source(places.source) as source:
                mistaken = whole_refusal(mistaken, source.catalog)
    raise mistaken


def build_image(settings: Settings, places: Places, snapshot_id: str, run_id: str | None = None) -> GoldenImage:
    """Builds a candidate image of a snapshot; on failure nothing of it is left.

    The snapshot is dropped, too, unless trying again may succeed.

    Raises:
        TestdataError: Schema, masked rows or constraints do not fit.
    """
    masking_key = load_key(settings, "masking")
    with connect_control(places.control) as control:
        registry = GoldenRegistry(control)
        snapshot = registry.snapshot(snapshot_id)
        store = _open_store(settings, snapshot)
        manifest = read_manifest(store)
        try:
            plan = compile_current_plan(settings, manifest.catalog, masking_key)
            keys = KeyRing.load(settings, plan.held)
            _check_same_tables(plan, manifest)
            _check_same_relationships(settings, manifest)
        except RefusedError:
            _drop_snapshot(registry, snapshot)  # the rules changed meanwhile; nobody can build from it any more
            raise
        golden_id = _new_id("g")
        name = f"golden_{golden_id[2:].replace('-', '_')}"
        database = ImageDatabase(places.server, name, name)
        registry.start_image(
            golden_id=golden_id,
            database_name=database.name,
            owner_role=database.owner,
            snapshot_id=snapshot_id,
            rules_digest=plan.rules_digest,
            key_id=plan.key_id,
            run_id=run_id,
        )
        try:
            built = build.build(
                database,
                manifest,
                store,
                plan,
                keys,
                places.tools,
                workers=worker_count(settings.workers),
                executor=settings.executor,
            )
            _write_evidence(store, built)
            system_identifier, oid, size = database.identity()
        except BaseException as error:
            reason = error.what if isinstance(error, RefusedError) else f"building ended with {type(error).__name__}"
            registry.reject(golden_id, reason)
            database.drop()
            if not is_transient(error):  # else whoever tries again builds from the same snapshot
                _drop_snapshot(registry, snapshot)
            raise
        return registry.built(
            golden_id,
            system_identifier=system_identifier,
            database_oid=oid,
            table_count=len(built.loaded.rows),
            row_count=sum(built.loaded.rows.values()),
            bytes=size,
            seconds=built.seconds,
            masked_columns=build.masked_columns(plan, keys),
            row_counts=build.row_counts_json(built.loaded.rows),
            plan=plan_record(plan, keys),
        )


def _check_same_tables(plan: MaskingPlan, manifest: Manifest) -> None:
    """Rules that changed since the snapshot may want rows that it does not hold; an empty table would pass unseen."""
    missing = [
        str(each.table.name) for each in plan.tables if each.reads_rows and not manifest.streams_of(each.table.name)
    ]
    if missing:
        shown = ", ".join(missing[:_SHOWN_TABLES])
        raise RefusedError(
            f"The rules changed while the refresh ran: the snapshot has no rows of {shown}",
            where="masking.yaml",
            remedy="Run testdata refresh again.",
            code="rules-changed",
        )


def _relationships(rules: MaskingRules) -> list[Relationship]:
    """Those between whole columns: partners of what stands inside values are not counted."""
    return [
        Relationship(each.from_.table, each.from_.column, each.to.table, each.to.column)
        for each in rules.relationships
        if each.inside is None
    ]


def _check_same_relationships(settings: Settings, manifest: Manifest) -> None:
    """Relationships that the rules have only since the snapshot were not counted in the source."""
    counted = {each.relationship for each in manifest.partners}
    missing = [each for each in _relationships(load_rules(settings.rules_dir / "masking.yaml")) if each not in counted]
    if missing:
        raise RefusedError(
            f"The rules changed while the refresh ran: the snapshot did not count the partners of {missing[0]}",
            where="masking.yaml",
            remedy="Run testdata refresh again.",
            code="rules-changed",
        )


@dataclass(frozen=True)
class Evidence:
    """All that validation needs of a candidate's making."""

    image: GoldenImage
    image_dsn: Any
    manifest: Manifest
    plan: MaskingPlan
    fingerprints: Fingerprints
    changes: list[ChangeCount]
    echoes: list[Echo]
    profiles: dict[TableName, TableProfile]
    source_counts: dict[TableName, int]  # rows that the rules let into the image


def read_evidence(settings: Settings, places: Places, registry: GoldenRegistry, golden_id: str) -> Evidence:
    """Opens the snapshot of a candidate and reads what was collected while masking."""
    image = registry.get(golden_id)
    store = _open_store(settings, registry.snapshot(image.snapshot_id))
    manifest = read_manifest(store)
    plan = compile_current_plan(settings, manifest.catalog, load_key(settings, "masking"))
    profiles = _PROFILES.validate_json(b"".join(store.read("profiles")))
    counts = json.loads(b"".join(store.read("counts")))
    return Evidence(
        image=image,
        image_dsn=places.server.with_database(image.database_name),
        manifest=manifest,
        plan=plan,
        fingerprints=Fingerprints.load(store),
        changes=_CHANGES.validate_json(b"".join(store.read("changes"))),
        echoes=_ECHOES.validate_json(b"".join(store.read("echoes"))),
        profiles={TableName.parse(name): profile for name, profile in profiles.items()},
        source_counts={TableName.parse(name): rows for name, rows in counts.items()},
    )


def publish_image(settings: Settings, places: Places, golden_id: str) -> GoldenImage:
    """Freezes, attests and publishes a validated candidate; drops its snapshot; retires images nobody needs.

    Raises:
        RefusedError: Not every check passed.
    """
    key = attest.signing_key(load_key(settings, "signing", create=places.uses_embedded))
    with connect_control(places.control) as control:
        registry = GoldenRegistry(control)
        image = registry.get(golden_id)
        failed = attest.failed_checks(image.checks or [])
        if not image.checks or failed:
            raise RefusedError(
                f"Image {golden_id} has {'failed checks: ' + ', '.join(failed) if failed else 'not been validated'}",
                where=golden_id,
                remedy="Correct the rules or the data that the checks name, then run testdata refresh.",
                code="checks-failed",
            )
        database = ImageDatabase(places.server, image.database_name, image.owner_role)
        started = time.monotonic()
        closed = close_image(database, places.tools, workers=worker_count(settings.workers))
        snapshot = registry.snapshot(image.snapshot_id)
        facts = {
            "snapshot_taken_at": snapshot.created_at.isoformat(),
            "source_fingerprint": snapshot.source_fingerprint,
            "code_version": importlib.metadata.version("testdata-assets"),
            "keys": _keys_in_force(image, registry.published()),
            "judged_by": attest.judged_by(image.checks),
            "data_docs": folder_digest(settings.state_dir / "data_docs" / golden_id),
            **closed,
            "attested_at": datetime.now(UTC).isoformat(),
        }
        attestation = attest.sign(attest.statement(image, facts), key)
        published = registry.publish(golden_id, attestation, {"attest": round(time.monotonic() - started, 3)})
        _drop_snapshot(registry, snapshot)
        retire_unreferenced(registry, places)
        return published


def _keys_in_force(image: GoldenImage, before: GoldenImage | None) -> dict[str, Any]:
    """Which keys the image's domains mask under, and which domains mask differently than in the image before."""
    domains = _domain_keys(image)
    known = _domain_keys(before) if before is not None else {}
    changed = [name for name, key in domains.items() if name in known and known[name] not in (None, key)]
    return {
        "in_force": sorted({key for key in domains.values() if key} | {str(image.key_id)}),
        "held_domains": sorted(name for name, key in domains.items() if key not in (None, image.key_id)),
        "changed_domains": sorted(changed),
        "guessable": (image.plan or {}).get("guessable_keys", []),
    }


def _domain_keys(image: GoldenImage) -> dict[str, str | None]:
    """Of an image whose plan does not say so (older ones), the domains of columns are all that is known."""
    recorded = (image.plan or {}).get("domains")
    if recorded is not None:
        return {str(name): key for name, key in recorded.items()}
    return {str(each["domain"]): each.get("key_id") for each in image.masked_columns or []}


def reject_image(settings: Settings, places: Places, golden_id: str, reason: str) -> None:
    """Marks a candidate rejected and drops its database and snapshot; the published image stays as it was."""
    with connect_control(places.control) as control:
        registry = GoldenRegistry(control)
        image = registry.get(golden_id)
        registry.reject(golden_id, reason)
        ImageDatabase(places.server, image.database_name, image.owner_role).drop()
        _drop_snapshot(registry, registry.snapshot(image.snapshot_id))


def retire_unreferenced(registry: GoldenRegistry, places: Places) -> list[str]:
    """Drops published images that are not the newest and that no live branch was made of."""
    retired = []
    for image in registry.retirable():
        if not registry.retire(image.golden_id):
            continue
        ImageDatabase(places.server, image.database_name, image.owner_role).drop()
        retired.append(image.golden_id)
    return retired


def clean_up(registry: GoldenRegistry, places: Places) -> list[str]:
    """Removes what crashed refreshes left: unfinished images, snapshots. Call only under the refresh lock."""
    removed = []
    for image in registry.unfinished():
        registry.reject(image.golden_id, "the refresh that built it did not end")
        ImageDatabase(places.server, image.database_name, image.owner_role).drop()
        removed.append(image.golden_id)
    for snapshot in registry.undropped_snapshots():
        _drop_snapshot(registry, snapshot)
        removed.append(snapshot.snapshot_id)
    _drop_unlisted_databases(registry, places)
    return removed


def _drop_unlisted_databases(registry: GoldenRegistry, places: Places) -> None:
    """Drops databases of images that the registry calls rejected or retired but that a crash left behind."""
    gone = {image.database_name: image for image in registry.list() if image.status in ("rejected", "retired")}
    with connect(places.server, role="server") as conn:
        present = {row[0] for row in conn.execute("SELECT datname FROM pg_database WHERE datname LIKE 'golden\\_%'")}
        roles = {row[0] for row in conn.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'golden\\_%'")}
        for name in (roles - present) & gone.keys():
            conn.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))
    for name in present & gone.keys():
        ImageDatabase(places.server, name, gone[name].owner_role).drop()


def _open_store(settings: Settings, snapshot: SnapshotRecord) -> ChunkStore:
    return ChunkStore.open(snapshot.location, snapshot.snapshot_id, load_key(settings, "store"))


def _drop_snapshot(registry: GoldenRegistry, snapshot: SnapshotRecord) -> None:
    drop_store(snapshot.location)
    registry.drop_snapshot(snapshot.snapshot_id)


def _write_evidence(store: ChunkStore, built: build.BuiltImage) -> None:
    loaded = built.loaded
    store.write("counts", [json.dumps({str(name): rows for name, rows in loaded.expected.items()}).encode()])
    store.write("changes", [_CHANGES.dump_json(loaded.changes)])
    findings = loaded.findings()
    store.write("echoes", [_ECHOES.dump_json([echo for found in findings.values() for echo in found.echoes])])
    store.write("profiles", [_PROFILES.dump_json({str(name): found.profile for name, found in findings.items()})])


def _new_id(prefix: str) -> str:
    return f"{prefix}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
