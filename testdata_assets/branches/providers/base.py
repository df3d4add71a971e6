"""What a provider of branches must do. It knows databases and roles; names and journal stay with lifecycle.

Every operation may be repeated after a crash at any point: `create` begins on clean ground because `delete`
of the same branch always precedes it there, and `delete` of what is half there or gone succeeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg
from pydantic import SecretStr

from testdata_assets.branches.copy_on_write import Evidence
from testdata_assets.postgres.dsn import Dsn

StepRecorder = Callable[[str, dict[str, Any]], None]
"""Called with a step's name and details after the step is done. Details hold no secrets and no raw values."""


@dataclass(frozen=True)
class CloneRequest:
    """One branch to make.

    Attributes:
        image_database: The golden image's database, the template.
        image_owner: The role that owns the image's objects, or None where there is none of that name.
        database: The branch's database.
        role: The branch's login role.
        password: The role's password.
        inspect: Looks at the fresh copy in an administrator's session, before anything in it is changed and before
            its role may connect; raises if it must not become a branch.
    """

    image_database: str
    image_owner: str | None
    database: str
    role: str
    password: SecretStr
    inspect: Callable[[psycopg.Connection[Any]], None] | None = None


@dataclass(frozen=True)
class CloneResult:
    """What was made.

    Attributes:
        bytes: Size of the database as the server counts it, shared or not.
        copy_on_write: Whether its files were seen to share blocks with the image.
        evidence: How that was found out.
        details: For the journal.
    """

    bytes: int
    copy_on_write: bool
    evidence: Evidence
    details: dict[str, Any] = field(default_factory=dict)


class BranchProvider(Protocol):
    """Makes and removes branches on one kind of server."""

    name: str

    def create(self, request: CloneRequest, step: StepRecorder) -> CloneResult:
        """Makes role and database, isolated and owned. Raises RefusedError or EnvironmentLack."""
        ...

    def delete(self, database: str, role: str, step: StepRecorder) -> None:
        """Removes database and role, whatever of them is there, if they are this installation's."""
        ...

    def exists(self, database: str) -> bool:
        """Whether the branch's database is there and whole."""
        ...

    def dsn(self, database: str, role: str, password: SecretStr) -> Dsn:
        """How the branch's user connects."""
        ...

    def leftovers(self, known: frozenset[str]) -> list[str]:
        """Names of branch databases or roles of this installation that are not among the known."""
        ...

    def remove_orphaned_files(self) -> list[dict[str, Any]]:
        """Removes files of databases the server does not list: `{"oid", "bytes", "removed"}` of each."""
        ...
