"""Snapshots and golden images as the control database knows them."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from psycopg.types.json import Jsonb

from testdata_assets.errors import RefusedError
from testdata_assets.postgres.control import ControlConnection
from testdata_assets.postgres.sql_files import load_queries

T = TypeVar("T")


STEPS_WITHIN = ("decode", "mask", "encode")  # of mask_and_load, all threads together


@dataclass(frozen=True)
class SnapshotRecord:
    """One snapshot. `location` is a folder or a URL; `bytes` are those stored; `seconds` its extraction took."""

    snapshot_id: str
    status: str
    location: str
    source_fingerprint: str | None
    tables: int | None
    row_count: int | None
    bytes: int | None
    seconds: float | None
    dagster_run_id: str | None
    created_at: datetime


@dataclass(frozen=True)
class GoldenImage:
    """One image.

    Attributes:
        status: building, candidate, published, rejected or retired.
        seconds: Stage to seconds: mask_and_load, constraints, analyze, validate.
        masked_columns: `{"table", "column", "transformer", "pii", "domain", "key_id"}` of each masked column.
        row_counts: Table to rows.
        checks: Result of each check, once validated.
        attestation: Signed DSSE envelope, once published.
        plan: What became of every column, kept ones included (see `plan_record.py`).
        verification: What the last look at every row found (see `verify.py`).
    """

    golden_id: str
    database_name: str
    owner_role: str
    snapshot_id: str
    status: str
    reason: str | None
    system_identifier: str | None
    database_oid: int | None
    rules_digest: str
    key_id: str
    table_count: int | None
    row_count: int | None
    bytes: int | None
    seconds: dict[str, float]
    masked_columns: list[dict[str, Any]]
    row_counts: dict[str, int]
    checks: list[dict[str, Any]] | None
    profile: dict[str, Any] | None
    attestation: dict[str, Any] | None
    dagster_run_id: str | None
    created_at: datetime
    published_at: datetime | None
    retired_at: datetime | None
    plan: dict[str, Any] | None = None
    verification: dict[str, Any] | None = None

    @property
    def building_seconds(self) -> float:
        """How long building took; what ran side by side within a step is not counted again."""
        return sum(spent for step, spent in self.seconds.items() if step not in STEPS_WITHIN)

    def as_json(self) -> dict[str, Any]:
        """What `testdata golden list --json` shows."""
        return {
            "golden_id": self.golden_id,
            "status": self.status,
            "created_at": self.created_at.isoformat(),
            "published_at": self.published_at.isoformat() if self.published_at else None,
            "rows": self.row_count or 0,
            "tables": self.table_count or 0,
            "bytes": self.bytes or 0,
            "rules_digest": self.rules_digest,
            "key_id": self.key_id,
            "snapshot_id": self.snapshot_id,
            "reason": self.reason,
        }


class GoldenRegistry:
    """Reads and writes the registry over one control connection."""

    def __init__(self, conn: ControlConnection) -> None:
        self.conn = conn
        self._queries = load_queries("testdata_assets.golden")

    def _rows(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        return self.conn.execute(self._queries[name], parameters).fetchall()

    def _run(self, name: str, **parameters: Any) -> int:
        return self.conn.execute(self._queries[name], parameters).rowcount

    # -- snapshots -----------------------------------------------------------------------------------------------

    def start_snapshot(self, snapshot_id: str, location: str, run_id: str | None) -> None:
        self._run("insert_snapshot", snapshot_id=snapshot_id, location=location, run_id=run_id)

    def complete_snapshot(self, snapshot_id: str, **facts: Any) -> SnapshotRecord:
        self._run("complete_snapshot", snapshot_id=snapshot_id, **facts)
        return self.snapshot(snapshot_id)

    def drop_snapshot(self, snapshot_id: str) -> None:
        self._run("drop_snapshot", snapshot_id=snapshot_id)

    def snapshot(self, snapshot_id: str) -> SnapshotRecord:
        return _one([_snapshot(row) for row in self._rows("snapshot_by_id", snapshot_id=snapshot_id)], snapshot_id)

    def snapshot_of_run(self, run_id: str) -> SnapshotRecord | None:
        return next((_snapshot(row) for row in self._rows("snapshot_of_run", run_id=run_id)), None)

    def latest_complete_snapshot(self) -> SnapshotRecord | None:
        return next((_snapshot(row) for row in self._rows("latest_complete_snapshot")), None)

    def undropped_snapshots(self) -> list[SnapshotRecord]:
        return [_snapshot(row) for row in self._rows("undropped_snapshots")]

    # -- images --------------------------------------------------------------------------------------------------

    def start_image(self, **facts: Any) -> GoldenImage:
        self._run("insert_image", **facts)
        return self.get(facts["golden_id"])

    def built(self, golden_id: str, **facts: Any) -> GoldenImage:
        wrapped = {name: Jsonb(value) if isinstance(value, dict | list) else value for name, value in facts.items()}
        self._run("image_built", golden_id=golden_id, **wrapped)
        return self.get(golden_id)

    def checked(
        self,
        golden_id: str,
        checks: list[dict[str, Any]],
        profile: Mapping[str, Any],
        seconds: Mapping[str, float],
    ) -> None:
        self._run(
            "image_checked",
            golden_id=golden_id,
            checks=Jsonb(checks),
            profile=Jsonb(dict(profile)),
            seconds=Jsonb(dict(seconds)),
        )

    def publish(
        self, golden_id: str, attestation: Mapping[str, Any], seconds: Mapping[str, float] | None = None
    ) -> GoldenImage:
        facts = {"attestation": Jsonb(dict(attestation)), "seconds": Jsonb(dict(seconds or {}))}
        if self._run("image_published", golden_id=golden_id, **facts) != 1:
            raise RefusedError(
                f"Image {golden_id} is no candidate any more",
                where=golden_id,
                remedy="Only a candidate can be published; run testdata refresh.",
            )
        return self.get(golden_id)

    def verified(self, golden_id: str, found: Mapping[str, Any]) -> None:
        """Keeps what a verification of every row found."""
        self._run("image_verified", golden_id=golden_id, verification=Jsonb(dict(found)))

    def reject(self, golden_id: str, reason: str) -> None:
        self._run("image_rejected", golden_id=golden_id, reason=reason)

    def retire(self, golden_id: str) -> bool:
        """Retires a published image unless a live branch was made of it. Returns whether it did.

        The row is locked first: whoever makes a branch takes a share lock on it, so that none slips in between.
        """
        with self.conn.transaction():
            self._run("lock_image", golden_id=golden_id)
            return self._run("image_retired", golden_id=golden_id) == 1

    def published(self) -> GoldenImage | None:
        """The newest published image: the one that branches are made of."""
        return next((_image(row) for row in self._rows("published_image")), None)

    def get(self, golden_id: str) -> GoldenImage:
        return _one([_image(row) for row in self._rows("image_by_id", golden_id=golden_id)], golden_id)

    def image_of_run(self, run_id: str) -> GoldenImage | None:
        return next((_image(row) for row in self._rows("image_of_run", run_id=run_id)), None)

    def list(self) -> builtins.list[GoldenImage]:
        return [_image(row) for row in self._rows("all_images")]

    def recent(self, most: int) -> builtins.list[GoldenImage]:
        """The last images that were published, newest first; also retired ones."""
        return [_image(row) for row in self._rows("recent_images", most=most)]

    def unfinished(self) -> builtins.list[GoldenImage]:
        return [_image(row) for row in self._rows("unfinished_images")]

    def retirable(self) -> builtins.list[GoldenImage]:
        return [_image(row) for row in self._rows("retirable_images")]


def _image(row: dict[str, Any]) -> GoldenImage:
    return GoldenImage(**{field.name: row[field.name] for field in fields(GoldenImage)})


def _snapshot(row: dict[str, Any]) -> SnapshotRecord:
    return SnapshotRecord(**{field.name: row[field.name] for field in fields(SnapshotRecord)})


def _one(found: list[T], name: str) -> T:
    if not found:
        raise RefusedError(
            f"There is no {name} in the registry",
            where=name,
            remedy="See testdata golden list.",
            code="unknown-id",
        )
    return found[0]
