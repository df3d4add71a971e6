"""The registry of branches and its journal: rows of `testdata.branches` and `testdata.branch_journal`.

Nothing here touches the server of the images; `lifecycle` decides what happens in which order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from testdata_assets.branches.providers.base import CloneResult
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.sql_files import load_queries

_QUERIES = load_queries("testdata_assets.branches")

Status = Literal["creating", "ready", "deleting", "deleted", "failed"]
Operation = Literal["create", "delete", "reset", "undo"]


@dataclass(frozen=True)
class Branch:
    """One row of the registry.

    Attributes:
        created: Whether the call that returned this made the branch; False where it existed already.
        password_sealed: Sealed under `STORE_KEY`; None once the branch is gone.
        failures: In a listing, how often in a row creating it has failed.
        reason: Why it failed, or why it was deleted (`expired`, `asked`).
        size: Bytes as the server counts them, shared with the image or not.
        copy_on_write_evidence: `fiemap` where the extent map was read, `unmeasured` where it could not be.
    """

    branch_id: int
    name: str
    golden_id: str
    provider: str
    database_name: str
    role_name: str
    status: Status
    created_at: datetime
    expires_at: datetime | None = None
    deleted_at: datetime | None = None
    reason: str | None = None
    copy_on_write: bool | None = None
    copy_on_write_evidence: str | None = None
    seconds: float | None = None
    size: int | None = None
    repository: str | None = None
    pr_number: int | None = None
    head_sha: str | None = None
    password_sealed: bytes | None = None
    failures: int = 0
    created: bool = False

    def __repr__(self) -> str:
        return f"Branch(name={self.name!r}, status={self.status!r}, golden_id={self.golden_id!r})"

    @property
    def is_live(self) -> bool:
        """Whether a database may stand behind it."""
        return self.status in {"creating", "ready", "deleting"}

    def as_json(self, url: Dsn | None = None) -> dict[str, Any]:
        """The document of the command line. Holds the URL with its password only where one is given."""
        document: dict[str, Any] = {
            "name": self.name,
            "status": self.status,
            "golden_id": self.golden_id,
            "provider": self.provider,
            "database": self.database_name,
            "role": self.role_name,
            "created": self.created,
            "created_at": _iso(self.created_at),
            "expires_at": _iso(self.expires_at),
            "deleted_at": _iso(self.deleted_at),
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "bytes": self.size,
            "copy_on_write": bool(self.copy_on_write),
            "copy_on_write_evidence": self.copy_on_write_evidence or "unmeasured",
            "repository": self.repository,
            "pr_number": self.pr_number,
            "head_sha": self.head_sha,
            "reason": self.reason,
        }
        if url is not None:
            document["url"] = url.secret()
        return document


@dataclass(frozen=True)
class NewBranch:
    """What a row needs before anything is made."""

    name: str
    golden_id: str
    provider: str
    database: str
    role: str
    password_sealed: bytes
    ttl_hours: int
    repository: str | None = None
    pr_number: int | None = None
    head_sha: str | None = None


class BranchRegistry:
    """Reads and writes the registry through one control connection (autocommit, rows as dicts)."""

    def __init__(self, conn: psycopg.Connection[DictRow]) -> None:
        self._conn = conn

    # -- reading ---------------------------------------------------------------------------------------------

    def installation(self) -> str:
        """Identifies this control database, also among copies of it on other servers."""
        row = self._conn.execute(_QUERIES["installation"]).fetchone()
        if row is None:
            raise LookupError("the control database is not in pg_database")
        return str(row["id"])

    def latest(self, name: str) -> Branch | None:
        """The newest row of a name, whatever its status."""
        return _branch(self._conn.execute(_QUERIES["latest_by_name"], {"name": name}).fetchone())

    def all(self, *, include_deleted: bool) -> list[Branch]:
        """The newest row of every name, oldest first."""
        return self._all("list_latest", include_deleted=include_deleted)

    def expired(self) -> list[Branch]:
        """Ready and failed branches whose time is over."""
        return self._all("list_expired")

    def unfinished(self) -> list[Branch]:
        """Rows that say an operation runs, whether it does or its process died."""
        return self._all("list_unfinished")

    def known_databases(self) -> frozenset[str]:
        """Database names that some live row stands for."""
        rows = self._conn.execute(_QUERIES["list_known_databases"]).fetchall()
        return frozenset(row["database_name"] for row in rows)

    def last_operation(self, branch: Branch) -> str | None:
        """The operation of the newest journal entry."""
        row = self._conn.execute(_QUERIES["last_operation"], {"branch_id": branch.branch_id}).fetchone()
        return row["operation"] if row else None

    def journal(self, branch: Branch) -> list[dict[str, Any]]:
        """All entries of a branch, oldest first: operation, step, at, details."""
        return self._conn.execute(_QUERIES["journal"], {"branch_id": branch.branch_id}).fetchall()

    # -- writing ---------------------------------------------------------------------------------------------

    def insert(self, new: NewBranch) -> Branch | None:
        """Writes the row and the journal's first entry together. None if the image is not published."""
        with self._conn.transaction():
            branch = _branch(self._conn.execute(_QUERIES["insert_branch"], vars(new)).fetchone())
            if branch is not None:
                self.write(branch, "create", "begun", {"database": new.database, "role": new.role})
        return branch

    def write(self, branch: Branch, operation: Operation, step: str, details: dict[str, Any]) -> None:
        """Appends to the journal."""
        parameters = {"branch_id": branch.branch_id, "operation": operation, "step": step}
        self._conn.execute(_QUERIES["write_journal"], {**parameters, "details": Jsonb(details)})

    def set_ready(self, branch: Branch, result: CloneResult, seconds: float) -> Branch:
        """From creating to ready."""
        return self._change(
            "set_ready",
            branch,
            copy_on_write=result.copy_on_write,
            evidence=result.evidence,
            seconds=seconds,
            bytes=result.bytes,
        )

    def set_creating(self, branch: Branch, password_sealed: bytes) -> Branch:
        """From ready to creating, for a reset; journalled in the same transaction."""
        with self._conn.transaction():
            self.write(branch, "reset", "begun", {})
            return self._change("set_creating", branch, password_sealed=password_sealed)

    def set_deleting(self, branch: Branch, reason: str) -> Branch:
        """From anything but deleted to deleting; journalled in the same transaction."""
        with self._conn.transaction():
            self.write(branch, "delete", "begun", {"reason": reason})
            return self._change("set_deleting", branch, reason=reason)

    def set_deleted(self, branch: Branch) -> Branch:
        """The end; forgets the password."""
        return self._change("set_deleted", branch)

    def set_failed(self, branch: Branch, reason: str) -> Branch:
        """Nothing is left of it on the server; forgets the password."""
        return self._change("set_failed", branch, reason=reason)

    def touch(self, branch: Branch, ttl_hours: int, **facts: str | int | None) -> Branch:
        """Renews the life of a ready branch and what is known of its pull request."""
        return self._change("touch", branch, ttl_hours=ttl_hours, **facts)

    def _change(self, query: str, branch: Branch, **parameters: Any) -> Branch:
        row = self._conn.execute(_QUERIES[query], {"branch_id": branch.branch_id, **parameters}).fetchone()
        changed = _branch(row)
        if changed is None:
            raise RuntimeError(f"branch {branch.name} was changed by another process in spite of its lock")
        return changed

    def _all(self, query: str, **parameters: Any) -> list[Branch]:
        rows = self._conn.execute(_QUERIES[query], parameters).fetchall()
        return [branch for row in rows if (branch := _branch(row)) is not None]


def _branch(row: DictRow | None) -> Branch | None:
    if row is None:
        return None
    sealed = row["password_sealed"]
    facts = {name: value for name, value in row.items() if name not in {"bytes", "password_sealed"}}
    return Branch(**facts, size=row["bytes"], password_sealed=None if sealed is None else bytes(sealed))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
