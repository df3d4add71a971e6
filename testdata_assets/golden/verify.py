"""`testdata golden verify`: is an image still what its attestation says, to the last row?

The signature, the registry, the seal, then inside a passing copy every catalog and every row. Of a published image
the outcome stays in the registry: one whose database is not as attested is branched no more.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from testdata_assets.errors import RefusedError, TestdataError
from testdata_assets.golden import attest, seal
from testdata_assets.golden.closing import folder_digest
from testdata_assets.golden.content_digest import content_changes, digest_contents
from testdata_assets.golden.copies import copy_name, copy_of, drop_copy
from testdata_assets.golden.database import ImageDatabase
from testdata_assets.golden.registry import GoldenImage, GoldenRegistry
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import ControlConnection, connect_control
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.places import Places
from testdata_assets.postgres.tools import ToolFailed
from testdata_assets.production.snapshot import worker_count
from testdata_assets.settings import Settings
from testdata_assets.unexpected import is_transient, without_message

_VERIFY_LOCK = 7_263_511_004  # advisory, in the control database

# What the registry says of an image and what was signed about it must be the same.
_REGISTERED = (
    "snapshot_id",
    "rules_digest",
    "key_id",
    "row_counts",
    "checks",
    "plan",
)


@dataclass
class Verification:
    """What was found.

    Attributes:
        problems: Sentences that name objects and no value; none if all is as attested.
        tables: Tables, materialized views and sequences whose rows were read.
        signed_by: Id of the key that signed the attestation, if one that is trusted did.
        notes: What could not be looked at and is no reason to refuse.
        failure: Why it could not be checked; nothing is known then.
    """

    golden_id: str
    problems: list[str] = field(default_factory=list)
    tables: int = 0
    signed_by: str | None = None
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    verified_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    failure: TestdataError | None = None

    @property
    def passed(self) -> bool:
        return not self.problems and self.failure is None

    def as_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "golden_id": self.golden_id,
            "passed": self.passed,
            "problems": self.problems,
            "notes": self.notes,
            "tables": self.tables,
            "signed_by": self.signed_by,
            "seconds": round(self.seconds, 3),
            "verified_at": self.verified_at.isoformat(timespec="seconds"),
        }
        if not self.passed:
            document |= self.refusal().as_json()
        return document

    def refusal(self) -> TestdataError:
        """The first problems, or why it could not be checked, as an error."""
        if self.failure is not None:
            return self.failure
        shown = "; ".join(self.problems[:3]) + (f"; and {len(self.problems) - 3} more" if self.problems[3:] else "")
        return RefusedError(
            f"The image is not what was attested: {shown}",
            where=self.golden_id,
            remedy="Nobody should branch it. Find out who wrote to the server of the images; run testdata refresh.",
            code="verification-failed",
        )


def verify_image(settings: Settings, places: Places, golden_id: str) -> Verification:
    """Checks everything about one image.

    Raises:
        RefusedError: Unknown image, or another verification is running.
        EnvironmentLack: The server cannot be reached or has no room for a copy.
    """
    with connect_control(places.control) as control, verify_lock(control):
        registry = GoldenRegistry(control)
        _drop_leftovers(registry, places.server)
        return _verify(settings, places, registry, registry.get(golden_id))


def verify_published(settings: Settings, places: Places) -> list[Verification]:
    """Checks every published image: the newest, and those that branches still hang on.

    One that cannot be checked is among the results, `failure` says why, and the others are checked all the same.
    """
    with connect_control(places.control) as control, verify_lock(control):
        registry = GoldenRegistry(control)
        _drop_leftovers(registry, places.server)
        published = [image.golden_id for image in registry.list() if image.status == "published"]
        found = []
        for golden_id in published:
            image = registry.get(golden_id)
            if image.status == "published":  # else a refresh has retired it meanwhile
                try:
                    found.append(_verify(settings, places, registry, image))
                except (TestdataError, psycopg.Error) as error:
                    failure = error if isinstance(error, TestdataError) else without_message(error)
                    found.append(Verification(golden_id, failure=failure))
        return found


@contextmanager
def verify_lock(conn: ControlConnection) -> Iterator[None]:
    """Lets one verification run at a time.

    Raises:
        RefusedError: Another one runs (code `verification-running`).
    """
    row = conn.execute("SELECT pg_try_advisory_lock(%s) AS got", (_VERIFY_LOCK,)).fetchone()
    if row is None or not row["got"]:
        raise RefusedError(
            "Another verification is running",
            where="testdata golden verify",
            remedy="Wait for it to end.",
            code="verification-running",
        )
    try:
        yield
    finally:
        if not conn.closed:
            conn.execute("SELECT pg_advisory_unlock(%s)", (_VERIFY_LOCK,))


def _verify(settings: Settings, places: Places, registry: GoldenRegistry, image: GoldenImage) -> Verification:
    started = time.monotonic()
    found = Verification(image.golden_id)
    keys = attest.trusted_by(settings)
    try:
        predicate = attest.attested(image, keys)
    except attest.AttestationRefused as refusal:
        # Not kept in the registry: another machine may trust other keys, and branching looks for itself each time.
        found.problems.append(refusal.what.removeprefix("The image "))
        found.seconds = time.monotonic() - started
        return found
    found.signed_by = _signer(image, keys)
    found.problems += _against_registry(image, predicate)
    found.problems += _against_server(image, predicate, places, workers=worker_count(settings.workers))
    found.tables = len((predicate.get("content") or {}).get("relations") or {})
    _look_at_data_docs(settings, image, predicate, found)
    found.seconds = time.monotonic() - started
    registry.verified(image.golden_id, found.as_json())
    return found


def _against_registry(image: GoldenImage, predicate: Mapping[str, Any]) -> Iterator[str]:
    for name in _REGISTERED:
        if getattr(image, name) != predicate.get(name):
            yield f"the registry's {name} is not the attested one"


def _against_server(image: GoldenImage, predicate: Mapping[str, Any], places: Places, *, workers: int) -> Iterable[str]:
    attested_seal = predicate.get("seal") or {}
    found = seal.read_database(places.server, image.database_name, image.owner_role, seal.left_out(attested_seal))
    if attested_seal.get("database_name") != image.database_name:
        return ["it is registered with another database than the attested one"]
    problems = seal.database_changes(attested_seal, found)
    if found is None:
        return problems
    try:
        with copy_of(ImageDatabase(places.server, image.database_name, image.owner_role)) as copy:
            opened = seal.quiet(copy, places.server)
            with connect(opened, role="copy of the image") as conn:
                problems += seal.catalog_changes(attested_seal, seal.read_catalogs(conn))
            contents = digest_contents(opened, places.tools, workers=workers)
    except (TestdataError, psycopg.Error) as error:
        unreadable = isinstance(error, (ToolFailed, psycopg.Error)) and not is_transient(error)
        if not problems and not unreadable:
            raise
        # What was found already must not get lost, and rows that cannot be read are not those attested.
        return [*problems, f"its rows could not be read ({_reason(error)})"]
    return problems + content_changes(predicate.get("content"), contents)


def _reason(error: TestdataError | psycopg.Error) -> str:
    if isinstance(error, psycopg.Error):
        return f"SQLSTATE {error.sqlstate or 'unknown'}"
    return error.error_code


def _look_at_data_docs(
    settings: Settings, image: GoldenImage, predicate: Mapping[str, Any], found: Verification
) -> None:
    """Data Docs are pages beside the image: somebody may have removed them, but changed ones are a problem."""
    attested_digest = predicate.get("data_docs")
    digest = folder_digest(settings.state_dir / "data_docs" / image.golden_id)
    if digest is None and attested_digest is not None:
        found.notes.append("Its Data Docs are not on this machine, so they were not looked at.")
    elif digest != attested_digest and attested_digest is not None:
        found.problems.append("its Data Docs are not the attested ones")


def _signer(image: GoldenImage, keys: Iterable[Ed25519PublicKey]) -> str | None:
    for key in keys:
        try:
            attest.verify(image.attestation, [key], image.golden_id)
        except attest.AttestationRefused:
            continue
        return attest.public_key_id(key)
    return None


def _drop_leftovers(registry: GoldenRegistry, server: Dsn) -> None:
    """Copies that a crash left; under the lock nobody is using one."""
    with connect(server, role="server") as conn:
        present = {row[0] for row in conn.execute("SELECT datname FROM pg_database WHERE datname LIKE 'verify\\_%'")}
    for image in registry.list():
        if copy_name(image.database_name) in present:
            drop_copy(server, image.database_name)
