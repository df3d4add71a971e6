"""Restoring the schema of a snapshot: which entries of the dump go into an image, and the two sections.

A foreign table leads out of the image, but views, functions and other tables may be made of it. So an empty ordinary
table stands in its place: after what it is made of, before what is made of it. A policy for roles of production, which
an image does not have, is made for everybody.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg import sql

from testdata_assets.errors import RefusedError
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.tools import PgTools, without_values

# Entries that never reach an image: they lead out of it, or belong to the server it came from.
_LEFT_OUT = (
    "ACL",
    "DEFAULT ACL",
    "EVENT TRIGGER",
    "FOREIGN DATA WRAPPER",
    "FOREIGN TABLE",
    "PUBLICATION",
    "PUBLICATION TABLE",
    "PUBLICATION TABLES IN SCHEMA",
    "SECURITY LABEL",
    "SERVER",
    "SUBSCRIPTION",
    "SUBSCRIPTION TABLE",
    "USER MAPPING",
)
# Of what is left out, and written as for a foreign table, these go, too; whatever else is made of it stays.
_GO_WITH_IT = ("CHECK CONSTRAINT", "COMMENT", "DEFAULT", "TABLE ATTACH", "TRIGGER")
_FOREIGN_TABLE = "FOREIGN TABLE"
_ENTRY = re.compile(r"^(\d+); \d+ \d+ (.+)$")
_DEPENDS = re.compile(r"^;\s+depends on:([\d ]+)$")
STAND_IN, STAND_IN_DEFAULT, POLICY_FOR_ROLES = "stand_in", "stand_in_default", "policy_for_roles"


class SchemaRestoreFailed(RefusedError):
    """The image's server cannot take the source's schema, or masked data break a constraint."""

    code = "schema-restore-failed"


@dataclass(frozen=True)
class _Entry:
    """One entry of a dump: its line in the list, its number, what it is, and the numbers of what it is made of."""

    line: str
    number: int
    what: str
    made_of: frozenset[int]

    def is_a(self, kinds: Iterable[str]) -> bool:
        return any(self.what.startswith(f"{kind} ") for kind in kinds)


class SchemaArchive:
    """A custom-format dump held in memory: raw comments and defaults never touch the disk.

    Args:
        tools: pg_restore.
        dump: The dump.
        comments: Whether comments are restored.
        definitions: (kind, object) to text, as `read_definitions` gives them, for what stands in for foreign tables
            and for policies of some roles.
    """

    def __init__(
        self,
        tools: PgTools,
        dump: bytes,
        *,
        comments: bool,
        definitions: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self._tools = tools
        self._dump = dump
        self._comments = comments
        known = definitions or {}
        self._stand_ins = {name: text for (kind, name), text in known.items() if kind == STAND_IN}
        self._policies = {name: text for (kind, name), text in known.items() if kind == POLICY_FOR_ROLES}
        self._defaults = {name: text for (kind, name), text in known.items() if kind == STAND_IN_DEFAULT}

    @contextmanager
    def _file(self) -> Iterator[tuple[str, int]]:
        descriptor = os.memfd_create("schema", 0)
        try:
            view = memoryview(self._dump)
            while view:
                view = view[os.write(descriptor, view) :]
            yield f"/proc/self/fd/{descriptor}", descriptor
        finally:
            os.close(descriptor)

    def left_out(self) -> list[str]:
        """Kinds and names of entries that are not restored, for the report."""
        wanted = set(self._wanted)
        return [entry.line for entry in self._entries if entry not in wanted]

    def restore(self, section: str, target: Dsn, owner: str, *, jobs: int) -> None:
        """Restores `pre-data` or `post-data`, everything owned by `owner`.

        Raises:
            SchemaRestoreFailed: Names the statement's error without values.
        """
        if section == "pre-data" and self._stand_ins:
            before, after = self._around_stand_ins()
            self._restore(section, before, target, owner, jobs)
            _create(self._stand_ins, target, owner)
            self._restore(section, after, target, owner, jobs)
            _create(self._defaults, target, owner)
        else:
            if section == "post-data":
                _create(self._policies, target, owner)
            self._restore(section, self._wanted, target, owner, jobs)

    def _around_stand_ins(self) -> tuple[list[_Entry], list[_Entry]]:
        """What comes before foreign tables in the dump or what they are made of, and all else."""
        by_number = {entry.number: entry for entry in self._entries}
        foreign = [entry for entry in self._entries if entry.is_a([_FOREIGN_TABLE])]
        first = next((place for place, entry in enumerate(self._entries) if entry in foreign), 0)
        early = {entry.number for entry in self._entries[:first]}
        waiting = [number for entry in foreign for number in entry.made_of]
        while waiting:
            entry = by_number.get(waiting.pop())
            if entry is not None and entry.number not in early:
                early.add(entry.number)
                waiting += entry.made_of
        wanted = self._wanted
        return [each for each in wanted if each.number in early], [each for each in wanted if each.number not in early]

    def _restore(self, section: str, entries: Sequence[_Entry], target: Dsn, owner: str, jobs: int) -> None:
        with self._file() as (path, descriptor), tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder) / "list"
            # The list holds names of objects only, no definitions.
            wanted.write_text("".join(entry.line + "\n" for entry in entries), encoding="utf-8")
            arguments = [
                f"--section={section}",
                "--no-owner",
                "--no-privileges",
                "--no-publications",
                "--no-subscriptions",
                "--no-security-labels",
                "--no-tablespaces",
                f"--role={owner}",
                f"--use-list={wanted}",
                "--exit-on-error",
            ]
            arguments += ["--single-transaction"] if section == "pre-data" else [f"--jobs={jobs}"]
            done = subprocess.run(
                [
                    self._tools.path("pg_restore"),
                    f"--dbname={target.conninfo_without_password()}",
                    *arguments,
                    path,
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=self._tools.environment(target),
                pass_fds=(descriptor,),
                check=False,
            )
        if done.returncode != 0:
            raise SchemaRestoreFailed(
                f"The {section} part of the schema does not restore: "
                + without_values(done.stderr.decode(errors="replace")),
                where=target.database,
                remedy="If a constraint is named: choose a transformer for its column that keeps it "
                "(testdata rules explain). If an object is missing: install it on the images' server.",
            )

    @cached_property
    def _entries(self) -> list[_Entry]:
        """All entries, in the order in which they can be restored."""
        with self._file() as (path, descriptor):
            done = subprocess.run(
                [self._tools.path("pg_restore"), "--list", "--verbose", path],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                pass_fds=(descriptor,),
                check=False,
                env=self._tools.environment(Dsn.of()),
            )
        if done.returncode != 0:
            raise SchemaRestoreFailed(
                "The schema of the snapshot cannot be listed",
                where="pg_restore --list",
                remedy="Use client programs at least as new as the source (TESTDATA_PG_BIN).",
            )
        found: list[_Entry] = []
        for line in done.stdout.decode().splitlines():
            if entry := _ENTRY.match(line):
                found.append(_Entry(line, int(entry[1]), entry[2], frozenset()))
            elif found and (depends := _DEPENDS.match(line)):
                found[-1] = _Entry(
                    found[-1].line, found[-1].number, found[-1].what, frozenset(map(int, depends[1].split()))
                )
        return found

    @cached_property
    def _wanted(self) -> list[_Entry]:
        """The entries that are restored."""
        gone = {entry.number for entry in self._entries if entry.is_a(_LEFT_OUT)}
        made_apart = {
            entry.number
            for entry in self._entries
            for name in self._policies
            # What follows the name is the owner, one word: a policy `a b` is not the policy `a`.
            if entry.is_a([f"POLICY {name}"]) and " " not in entry.what.removeprefix(f"POLICY {name} ")
        }
        while True:
            more = {
                entry.number
                for entry in self._entries
                if entry.number not in gone and entry.is_a(_GO_WITH_IT) and entry.made_of & gone
            }
            if not more:
                break
            gone |= more
        return [
            entry
            for entry in self._entries
            if entry.number not in gone | made_apart and (self._comments or not entry.is_a(["COMMENT"]))
        ]


def _create(statements: Mapping[str, str], target: Dsn, owner: str) -> None:
    """Runs one statement for each object, those that need others of them after these.

    Raises:
        SchemaRestoreFailed: One cannot be run; names its object.
    """
    waiting = dict(statements)
    with connect(target, role="image database") as conn:
        conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(owner)))
        conn.execute("SET search_path = ''")
        while waiting:
            failed: dict[str, str] = {}
            for name, statement in waiting.items():
                try:
                    conn.execute(statement.encode())
                except psycopg.Error as error:
                    failed[name] = error.sqlstate or "unknown"
            if len(failed) == len(waiting):
                name, state = next(iter(failed.items()))
                raise SchemaRestoreFailed(
                    f"What stands for {name} cannot be made (SQLSTATE {state})",
                    where=target.database,
                    remedy="An empty table stands in for a foreign one, a policy for everybody for one of some roles: "
                    "install what it needs on the images' server, or drop it in the source.",
                )
            waiting = {name: waiting[name] for name in failed}
