"""The life of a branch: created, reset, deleted, collected, and brought to an end after a crash.

Every operation writes its intent first, works under the branch's lock, and leaves a state from which
`reconcile` reaches the same end: an interrupted create is undone, an interrupted reset or delete is
finished.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import structlog
from psycopg.rows import DictRow
from pydantic import SecretStr

from testdata_assets.branches import names
from testdata_assets.branches.locks import branch_lock
from testdata_assets.branches.providers import open_provider
from testdata_assets.branches.providers.base import CloneRequest
from testdata_assets.branches.refusals import no_image, reason_of, unknown
from testdata_assets.branches.registry import Branch, BranchRegistry, NewBranch, Operation
from testdata_assets.branches.sealing import seal, unseal
from testdata_assets.errors import RefusedError, TestdataError, UsageFault
from testdata_assets.golden import attest
from testdata_assets.golden.registry import GoldenImage, GoldenRegistry
from testdata_assets.keys import load_key
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.places import Places
from testdata_assets.settings import Settings

_log = structlog.get_logger(__name__)

LOCK_SECONDS = 120.0

Branches = list[Branch]
Records = list[dict[str, Any]]
Names = list[str]

_PASSWORD_BYTES = 32
_LONGEST_TTL_HOURS = 24 * 366


class BranchService:
    """All operations on branches. Not to be shared by threads that work at the same time.

    Args:
        places: Where server and control database are.
        settings: Provider, keys, time to live, folder of the trusted keys.
        control_conn: Control database, autocommit, rows as dicts. Must be a session of its own (no
            transaction-pooling proxy), as locks are held by the session.
    """

    def __init__(self, places: Places, settings: Settings, control_conn: psycopg.Connection[DictRow]) -> None:
        self._places = places
        self._settings = settings
        self._conn = control_conn
        self._registry = BranchRegistry(control_conn)
        self._images = GoldenRegistry(control_conn)
        self._provider = open_provider(settings, places, self._registry.installation())

    # -- creating --------------------------------------------------------------------------------------------

    def create(
        self,
        name: str,
        *,
        golden_id: str | None = None,
        repository: str | None = None,
        pr_number: int | None = None,
        head_sha: str | None = None,
        ttl_hours: int | None = None,
    ) -> Branch:
        """Makes a branch, or returns the ready one of that name with its time to live renewed.

        Args:
            name: See `names.validate_branch_name`.
            golden_id: The image; the published one by default.
            repository: Of the pull request it is for.
            pr_number: Likewise.
            head_sha: Likewise.
            ttl_hours: Hours to live; the setting by default.

        Returns:
            The branch, ready. `created` tells whether this call made it.

        Raises:
            UsageFault: A name or a time to live that cannot be.
            RefusedError: No published image, an attestation that does not verify, a taken name, a busy one.
            EnvironmentLack: No key, no server.
        """
        names.validate_branch_name(name)
        hours = self._hours(ttl_hours)
        facts = {"repository": repository, "pr_number": pr_number, "head_sha": head_sha}
        with branch_lock(self._conn, name, wait_seconds=LOCK_SECONDS):
            existing = self._registry.latest(name)
            if existing is not None and existing.is_live:
                existing = self._settle(existing)
                if existing.status == "ready":
                    self._refuse_other_image(existing, golden_id)
                    return self._registry.touch(existing, hours, **facts)
            image = self._published(golden_id)
            password = SecretStr(secrets.token_urlsafe(_PASSWORD_BYTES))
            database = names.database_name(name)
            branch = self._registry.insert(
                NewBranch(
                    name=name,
                    golden_id=image.golden_id,
                    provider=self._provider.name,
                    database=database,
                    role=database,
                    password_sealed=seal(password, name, self._store_key()),
                    ttl_hours=hours,
                    repository=repository,
                    pr_number=pr_number,
                    head_sha=head_sha,
                )
            )
            if branch is None:
                raise no_image(golden_id)
            return replace(self._build(branch, image, password, "create"), created=True)

    def _build(self, branch: Branch, image: GoldenImage, password: SecretStr, operation: Operation) -> Branch:
        """From a row that says creating to a ready branch; undone and marked failed if that cannot be."""
        started = time.monotonic()
        try:
            # The image itself is asked, whatever any other record says of it.
            attested = attest.verify_for_branching(image, self._places.server, attest.trusted_by(self._settings))
            self._step(branch, operation, "attestation_verified", {"golden_id": image.golden_id})
            self._delete_from_server(branch, operation)
            result = self._provider.create(
                CloneRequest(
                    image.database_name,
                    image.owner_role,
                    branch.database_name,
                    branch.role_name,
                    password,
                    inspect=lambda copy: attest.verify_copy(attested, copy),
                ),
                lambda step, details: self._step(branch, operation, step, details),
            )
            seconds = time.monotonic() - started
            ready = self._registry.set_ready(branch, result, seconds)
            self._step(branch, operation, "ready", {"seconds": seconds})
        except (Exception, KeyboardInterrupt) as error:
            self._try_to_undo(branch, reason_of(error))
            raise
        _log.info(
            "branches.ready",
            branch=ready.name,
            golden_id=ready.golden_id,
            seconds=round(seconds, 3),
            copy_on_write=ready.copy_on_write,
        )
        return ready

    def _try_to_undo(self, branch: Branch, reason: str) -> None:
        """Undoes while another error is on its way up, which a second one must not hide."""
        try:
            self._undo(branch, reason)
        except (TestdataError, psycopg.Error) as error:
            # The row still says creating, so the next reconcile undoes it.
            _log.error("branches.undo_failed", branch=branch.name, error=reason_of(error))

    def _undo(self, branch: Branch, reason: str) -> Branch:
        """Takes away what an unfinished create has made."""
        self._step(branch, "undo", "begun", {"reason": reason})
        self._delete_from_server(branch, "undo")
        _log.warning("branches.undone", branch=branch.name, reason=reason)
        return self._registry.set_failed(branch, reason)

    # -- looking ---------------------------------------------------------------------------------------------

    def list(self, include_deleted: bool = False) -> Branches:
        """The newest state of every branch, oldest first; failed ones too, deleted ones only if asked for."""
        return self._registry.all(include_deleted=include_deleted)

    def get(self, name: str) -> Branch:
        """The branch of that name.

        Raises:
            RefusedError: `branch-unknown`, there is none or it was deleted.
        """
        branch = self._registry.latest(name)
        if branch is None or branch.status == "deleted":
            raise unknown(name)
        return branch

    def url(self, name: str) -> Dsn:
        """How to connect to a ready branch; `.secret()` of it holds the password.

        Raises:
            RefusedError: `branch-unknown` or `branch-not-ready`.
        """
        branch = self.get(name)
        if branch.status != "ready" or branch.password_sealed is None:
            raise RefusedError(
                f"Branch {name} is {branch.status}" + (f": {branch.reason}" if branch.reason else ""),
                where=f"branch {name}",
                remedy="Wait until it is ready, or create it again if it failed.",
                code="branch-not-ready",
            )
        password = unseal(branch.password_sealed, name, self._store_key())
        return self._provider.dsn(branch.database_name, branch.role_name, password)

    def journal(self, name: str) -> Records:
        """What was done to the newest branch of that name, oldest first."""
        branch = self._registry.latest(name)
        if branch is None:
            raise unknown(name)
        return self._registry.journal(branch)

    # -- deleting and resetting ------------------------------------------------------------------------------

    def delete(self, name: str, *, reason: str = "asked") -> Branch:
        """Removes a branch with its database and role; one that is deleted already is returned as it is.

        Raises:
            RefusedError: `branch-unknown`, there has never been one of that name.
        """
        with branch_lock(self._conn, name, wait_seconds=LOCK_SECONDS):
            branch = self._registry.latest(name)
            if branch is None:
                raise unknown(name)
            return self._delete(branch, reason)

    def _delete(self, branch: Branch, reason: str) -> Branch:
        if branch.status == "deleted":
            return branch
        deleting = self._registry.set_deleting(branch, reason)
        self._delete_from_server(deleting, "delete")
        deleted = self._registry.set_deleted(deleting)
        self._step(deleted, "delete", "deleted", {})
        _log.info("branches.deleted", branch=branch.name, reason=reason)
        return deleted

    def reset(self, name: str) -> Branch:
        """Makes a ready branch as new from its own image. Name, role, password and URL stay.

        Raises:
            RefusedError: `branch-unknown`, `branch-not-ready`, or its image is gone.
        """
        with branch_lock(self._conn, name, wait_seconds=LOCK_SECONDS):
            branch = self.get(name)
            if branch.is_live:
                branch = self._settle(branch)
            if branch.status != "ready":
                raise RefusedError(
                    f"Branch {name} is {branch.status} and cannot be reset",
                    where=f"branch {name}",
                    remedy="Create it again.",
                    code="branch-not-ready",
                )
            return self._rebuild(branch)

    def _rebuild(self, branch: Branch) -> Branch:
        image = self._image_of(branch)
        password = self._password_or_new(branch)
        branch = self._registry.set_creating(branch, seal(password, branch.name, self._store_key()))
        return self._build(branch, image, password, "reset")

    # -- collecting and reconciling --------------------------------------------------------------------------

    def gc(self) -> dict[str, Any]:
        """Deletes expired branches and removes what no live branch stands for.

        Returns:
            `{"expired": [names], "leftovers": [databases], "orphaned_files": [{"oid","bytes","removed"}]}`.
        """
        expired = [
            change["branch"]
            for change in self._each(self._registry.expired(), lambda branch: self._delete(branch, "expired"))
            if change["is"] == "deleted"
        ]
        return {
            "expired": expired,
            "leftovers": self._remove_leftovers(),
            "orphaned_files": self._provider.remove_orphaned_files(),
        }

    def reconcile(self) -> Records:
        """Brings interrupted operations to their end; leaves alone what another process is working on.

        Returns:
            One `{"branch", "was", "is"}` for each row that changed and each leftover removed; where one could
            not be settled, `is` is as before and `error` says why.
        """
        changes = self._each(self._registry.unfinished(), self._settle)
        return changes + [{"branch": name, "was": "leftover", "is": "removed"} for name in self._remove_leftovers()]

    def _each(self, rows: Branches, work: Callable[[Branch], Branch]) -> Records:
        """Works on every row nobody else is working on; one that fails does not keep the others waiting."""
        changes: Records = []
        for row in rows:
            try:
                with branch_lock(self._conn, row.name, wait_seconds=0):
                    current = self._registry.latest(row.name)
                    if current is None or current.branch_id != row.branch_id or current.status != row.status:
                        continue
                    after = work(current)
                    if after.status != row.status:
                        changes.append({"branch": row.name, "was": row.status, "is": after.status})
            except TestdataError as error:
                if error.error_code != "branch-busy":
                    _log.error("branches.not_settled", branch=row.name, error=reason_of(error))
                    changes.append({"branch": row.name, "was": row.status, "is": row.status, "error": reason_of(error)})
        return changes

    def _settle(self, branch: Branch) -> Branch:
        """For a live row, under its lock: ready stays, all else was interrupted and is finished or undone."""
        if branch.status == "ready":
            if self._provider.exists(branch.database_name):
                return branch
            return self._undo(branch, "its database is gone")
        if branch.status == "deleting":
            return self._delete(branch, branch.reason or "asked")
        if self._registry.last_operation(branch) == "reset":
            try:
                return self._rebuild(branch)
            except RefusedError as refusal:
                return self._undo(branch, reason_of(refusal))
        return self._undo(branch, "interrupted")

    def _remove_leftovers(self) -> Names:
        """Removes what bears our mark and has no live row, as after a registry was restored from a backup."""
        removed = []
        for database in self._provider.leftovers(self._registry.known_databases()):
            name = database.removeprefix(names.DATABASE_PREFIX)
            with branch_lock(self._conn, name, wait_seconds=LOCK_SECONDS):
                if database not in self._registry.known_databases():
                    self._provider.delete(database, database, lambda step, details: None)
                    removed.append(database)
        return removed

    # -- parts -----------------------------------------------------------------------------------------------

    def _delete_from_server(self, branch: Branch, operation: Operation) -> None:
        self._provider.delete(
            branch.database_name,
            branch.role_name,
            lambda step, details: self._step(branch, operation, step, details),
        )

    def _step(self, branch: Branch, operation: Operation, step: str, details: dict[str, Any]) -> None:
        """One step is done. Tests override this to die between a step and its entry, and after it."""
        self._registry.write(branch, operation, step, details)

    def _store_key(self) -> bytes:
        local = self._settings.control_dsn is None
        return load_key(self._settings, "store", create=local)

    def _password_or_new(self, branch: Branch) -> SecretStr:
        if branch.password_sealed is None:
            return SecretStr(secrets.token_urlsafe(_PASSWORD_BYTES))
        try:
            return unseal(branch.password_sealed, branch.name, self._store_key())
        except TestdataError as error:
            if error.error_code != "branch-password":
                raise
            _log.warning("branches.password_renewed", branch=branch.name, reason="sealed under another key")
            return SecretStr(secrets.token_urlsafe(_PASSWORD_BYTES))

    def _hours(self, ttl_hours: int | None) -> int:
        hours = self._settings.branch_ttl_hours if ttl_hours is None else ttl_hours
        if not 1 <= hours <= _LONGEST_TTL_HOURS:
            raise UsageFault(
                f"A branch cannot live {hours} hours",
                where="time to live",
                remedy=f"Give 1 to {_LONGEST_TTL_HOURS} hours.",
                code="branch-ttl",
            )
        return hours

    def _published(self, golden_id: str | None) -> GoldenImage:
        image = self._images.published() if golden_id is None else self._images.get(golden_id)
        if image is None or image.status != "published":
            raise no_image(golden_id)
        return image

    def _image_of(self, branch: Branch) -> GoldenImage:
        image = self._images.get(branch.golden_id)
        if image.status != "published":
            raise RefusedError(
                f"The image {branch.golden_id} of branch {branch.name} is not published any more",
                where=f"branch {branch.name}",
                remedy="Delete the branch and create it anew from the published image.",
                code="image-unpublished",
            )
        return image

    def _refuse_other_image(self, branch: Branch, golden_id: str | None) -> None:
        if golden_id is not None and golden_id != branch.golden_id:
            raise RefusedError(
                f"Branch {branch.name} exists and is of image {branch.golden_id}",
                where=f"branch {branch.name}",
                remedy=f"Delete it first, or choose another name for a branch of {golden_id}.",
                code="branch-exists",
            )
