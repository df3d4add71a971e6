"""Branches by Postgres 18 itself: CREATE DATABASE ... STRATEGY FILE_COPY with file_copy_method = clone.

The administrator owns the database, so the branch's role cannot grant it on; the role owns everything
inside. Role first, database second, and the reverse when deleting: a database without its marked role is
never ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg import errors, sql
from psycopg.rows import DictRow, dict_row
from pydantic import SecretStr
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from testdata_assets.branches.copy_on_write import measure_shared_blocks
from testdata_assets.branches.hardening import harden_cluster
from testdata_assets.branches.names import DATABASE_PREFIX
from testdata_assets.branches.orphaned_files import remove_orphaned_database_files
from testdata_assets.branches.providers.base import CloneRequest, CloneResult, StepRecorder
from testdata_assets.branches.providers.ownership import copy_database_settings, hand_over_objects
from testdata_assets.errors import RefusedError
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.places import Places
from testdata_assets.postgres.sql_files import load_queries

_QUERIES = load_queries("testdata_assets.branches")
_log = structlog.get_logger(__name__)

CONNECTION_LIMIT = 50
"""Connections a branch's role may hold: a test suite's workers with their pools, not the whole server."""

_CLONE_ATTEMPTS = 4  # each waits five seconds itself for the template's sessions to end
_MARK = "testdata-assets branch of installation "


class PostgresProvider:
    """Branches on the server of the images."""

    name = "postgres"

    def __init__(self, places: Places, installation: str) -> None:
        self._places = places
        self._mark = _MARK + installation

    # -- creating --------------------------------------------------------------------------------------------

    def create(self, request: CloneRequest, step: StepRecorder) -> CloneResult:
        """Makes the role, clones the image, closes the clone to all but the role and hands it over."""
        with self._server() as conn:
            closed = harden_cluster(conn)
            step("server_hardened", {"closed": closed})
            self._create_role(conn, request)
            step("role_created", {"role": request.role})
            self._clone(conn, request)
            step("database_created", {"database": request.database})
            facts = _one(conn, "server_facts", database=request.database)
            # Before anything in the clone is written, so that no block has been unshared yet.
            shared = measure_shared_blocks(self._data_dir(), facts["oid"], facts["system_identifier"])
            step("copy_on_write_measured", {**asdict(shared), "copy_on_write": shared.copy_on_write})
            self._isolate(conn, request)
            step("database_isolated", {})
            settings = copy_database_settings(conn, request.image_database, request.database)
            step("settings_copied", {"settings": settings})
            owner = request.image_owner
            if owner is not None:
                self._refuse_owner_of_databases(conn, owner)
            with self._inside(request.database) as inside:
                if request.inspect is not None:
                    request.inspect(inside)
                    step("copy_inspected", {})
                handed = hand_over_objects(inside, request.role, owner)
            step("objects_handed_over", handed)
            # Whoever knows the URL from before a reset waits until here.
            conn.execute(sql.SQL("ALTER ROLE {} LOGIN").format(sql.Identifier(request.role)))
            step("login_allowed", {})
            facts = _one(conn, "server_facts", database=request.database)
            return CloneResult(facts["bytes"], shared.copy_on_write, shared.evidence, asdict(shared))

    def _create_role(self, conn: psycopg.Connection[DictRow], request: CloneRequest) -> None:
        # Undoing drops the database of a role we made, so the role must not come to stand beside another's.
        if conn.execute(_QUERIES["server_database"], {"database": request.database}).fetchone():
            raise _taken("database", request.database)
        # The verifier is computed here, so that the password itself reaches no log of the server.
        verifier = conn.pgconn.encrypt_password(
            request.password.get_secret_value().encode(), request.role.encode(), b"scram-sha-256"
        ).decode()
        role = sql.Identifier(request.role)
        try:
            with conn.transaction():
                conn.execute(
                    sql.SQL(
                        "CREATE ROLE {} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
                        " CONNECTION LIMIT {} PASSWORD {}"
                    ).format(role, sql.Literal(CONNECTION_LIMIT), sql.Literal(verifier))
                )
                conn.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(role, sql.Literal(self._mark)))
                if not _is_superuser(conn):
                    # An administrator who only has CREATEROLE needs this to hand objects over.
                    conn.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH SET TRUE, INHERIT TRUE").format(role))
        except errors.DuplicateObject:
            raise _taken("role", request.role) from None

    def _clone(self, conn: psycopg.Connection[DictRow], request: CloneRequest) -> None:
        method = conn.execute(_QUERIES["server_clone_method"]).fetchone()
        if method and method["available"]:
            conn.execute("SET file_copy_method = 'clone'")
        statement = sql.SQL(
            "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY ALLOW_CONNECTIONS false IS_TEMPLATE false"
        ).format(sql.Identifier(request.database), sql.Identifier(request.image_database))
        try:
            for attempt in Retrying(
                stop=stop_after_attempt(_CLONE_ATTEMPTS),
                wait=wait_random_exponential(multiplier=0.2, max=3),
                retry=retry_if_exception_type(errors.ObjectInUse),
                reraise=True,
            ):
                with attempt:
                    conn.execute(statement)
        except errors.ObjectInUse:
            raise RefusedError(
                f"The image {request.image_database} is in use by another session and cannot be cloned",
                where=f"database {request.image_database}",
                remedy="End the sessions on the image; nobody but its builder should connect to it.",
                code="image-in-use",
            ) from None
        except errors.DuplicateDatabase:
            conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(request.role)))
            raise _taken("database", request.database) from None
        except errors.InvalidCatalogName:
            raise RefusedError(
                f"The image's database {request.image_database} does not exist",
                where=f"database {request.image_database}",
                remedy="Build a new image with `testdata refresh`.",
                code="image-missing",
            ) from None

    def _isolate(self, conn: psycopg.Connection[DictRow], request: CloneRequest) -> None:
        """Takes away what every clone grants PUBLIC again, before the first session may begin."""
        database, role = sql.Identifier(request.database), sql.Identifier(request.role)
        with conn.transaction():
            conn.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
            conn.execute(sql.SQL("GRANT CONNECT, TEMPORARY, CREATE ON DATABASE {} TO {}").format(database, role))
            conn.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(database))

    def _refuse_owner_of_databases(self, conn: psycopg.Connection[DictRow], owner: str) -> None:
        """REASSIGN OWNED hands over databases as well, wherever it is run."""
        owned = [row["datname"] for row in conn.execute(_QUERIES["server_databases_owned_by"], {"role": owner})]
        if owned:
            raise RefusedError(
                f"The owner of the image's objects, {owner}, also owns the database {', '.join(owned)}",
                where=f"role {owner}",
                remedy="Give those databases to the administrator: ALTER DATABASE ... OWNER TO ...",
                code="image-owner-owns-databases",
            )

    # -- deleting --------------------------------------------------------------------------------------------

    def delete(self, database: str, role: str, step: StepRecorder) -> None:
        """Removes database and role. What carries another installation's mark, or none, is left alone."""
        with self._server() as conn:
            found = conn.execute(_QUERIES["server_role"], {"role": role}).fetchone()
            if found is None or found["mark"] != self._mark:
                step("nothing_of_ours", {})
                return
            conn.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(role)))
            conn.execute(_QUERIES["server_terminate_sessions"], {"database": database, "role": role})
            step("sessions_ended", {})
            self._drop_database(conn, database, step)
            self._drop_role(conn, role)
            step("role_dropped", {"role": role})

    def _drop_database(self, conn: psycopg.Connection[DictRow], database: str, step: StepRecorder) -> None:
        state = conn.execute(_QUERIES["server_database"], {"database": database}).fetchone()
        if state is None:
            return
        name = sql.Identifier(database)
        if not state["half_dropped"]:
            self._roll_back_prepared(conn, database, allowed=state["datallowconn"], step=step)
            conn.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
            for slot in conn.execute(_QUERIES["server_replication_slots"], {"database": database}).fetchall():
                if slot["active_pid"] is not None:
                    conn.execute("SELECT pg_terminate_backend(%s, 5000)", (slot["active_pid"],))
                conn.execute("SELECT pg_drop_replication_slot(%s)", (slot["slot_name"],))
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        step("database_dropped", {"database": database})

    def _roll_back_prepared(
        self, conn: psycopg.Connection[DictRow], database: str, *, allowed: bool, step: StepRecorder
    ) -> None:
        """DROP DATABASE fails on prepared transactions even with FORCE; they end only from inside."""
        prepared = conn.execute(_QUERIES["server_prepared_transactions"], {"database": database}).fetchall()
        if not prepared:
            return
        if not allowed:
            conn.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(database)))
        with self._inside(database) as inside:
            for transaction in prepared:
                if not _is_superuser(inside):  # then only who prepared it may end it
                    inside.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(transaction["owner"])))
                inside.execute(sql.SQL("ROLLBACK PREPARED {}").format(sql.Literal(transaction["gid"])))
                inside.execute("RESET ROLE")
        step("prepared_transactions_rolled_back", {"count": len(prepared)})

    def _drop_role(self, conn: psycopg.Connection[DictRow], role: str) -> None:
        name = sql.Identifier(role)
        try:
            with conn.transaction():
                conn.execute(sql.SQL("DROP OWNED BY {}").format(name))  # grants it may hold outside its database
                conn.execute(sql.SQL("DROP ROLE {}").format(name))
        except errors.DependentObjectsStillExist:
            raise RefusedError(
                f"The role {role} was given something in another database, so it cannot be dropped",
                where=f"role {role}",
                remedy=f'Run DROP OWNED BY "{role}" in that database, then delete the branch again.',
                code="branch-role-in-use",
            ) from None

    # -- looking ---------------------------------------------------------------------------------------------

    def exists(self, database: str) -> bool:
        """Whether the database is there, open and not half dropped."""
        with self._server() as conn:
            state = conn.execute(_QUERIES["server_database"], {"database": database}).fetchone()
        return state is not None and state["datallowconn"] and not state["half_dropped"]

    def dsn(self, database: str, role: str, password: SecretStr) -> Dsn:
        """The server's address with the branch's database, role and password."""
        return self._places.server.with_database(database).with_user(role, password.get_secret_value())

    def leftovers(self, known: frozenset[str]) -> list[str]:
        """Marked roles whose branch is not known. No database is without its role, so roles tell all."""
        with self._server() as conn:
            rows = conn.execute(
                _QUERIES["server_marked_roles"], {"prefix": DATABASE_PREFIX, "mark": self._mark}
            ).fetchall()
        return [row["rolname"] for row in rows if row["rolname"] not in known]

    def remove_orphaned_files(self) -> list[dict[str, Any]]:
        """Removes folders of databases that a crash of the server left and it does not list."""
        with connect(self._places.server, role="server of the images") as conn:
            return remove_orphaned_database_files(conn, self._data_dir())

    def _data_dir(self) -> Path | None:
        try:
            return self._places.data_dir
        except errors.InsufficientPrivilege:  # an administrator who may not even ask where it is
            return None

    # -- connections -----------------------------------------------------------------------------------------

    @contextmanager
    def _server(self) -> Iterator[psycopg.Connection[DictRow]]:
        with connect(self._places.server, role="server of the images", row_factory=dict_row) as conn:
            yield conn  # type: ignore[misc]  # the row factory makes rows dicts

    @contextmanager
    def _inside(self, database: str) -> Iterator[psycopg.Connection[DictRow]]:
        """An administrator's session in a branch: nothing there may run code with the administrator's rights.

        The branch's role may have planted functions, so names resolve to pg_catalog alone, and a superuser
        switches event triggers off before the session starts.
        """
        with self._server() as conn:
            options = "-c search_path=pg_catalog" + (" -c event_triggers=off" if _is_superuser(conn) else "")
        dsn = self._places.server.with_database(database)
        with connect(dsn, role="branch", row_factory=dict_row, options=options) as conn:
            yield conn  # type: ignore[misc]  # the row factory makes rows dicts


def _one(conn: psycopg.Connection[DictRow], query: str, **parameters: Any) -> DictRow:
    row = conn.execute(_QUERIES[query], parameters).fetchone()
    if row is None:
        raise LookupError(f"{query} found nothing for {parameters}")
    return row


def _is_superuser(conn: psycopg.Connection[DictRow]) -> bool:
    return conn.info.parameter_status("is_superuser") == "on"


def _taken(kind: str, name: str) -> RefusedError:
    return RefusedError(
        f"The {kind} {name} exists already and is not this installation's",
        where=f"{kind} {name}",
        remedy=f"Choose another branch name, or have whoever made that {kind} remove it.",
        code="branch-name-taken",
    )
