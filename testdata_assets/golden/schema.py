"""Restoring the schema of a snapshot: which entries of the dump go into an image, and the two sections."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testdata_assets.errors import RefusedError
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
_ENTRY = re.compile(r"^\d+; \d+ \d+ (.+)$")


class SchemaRestoreFailed(RefusedError):
    """The image's server cannot take the source's schema, or masked data break a constraint."""

    code = "schema-restore-failed"


class SchemaArchive:
    """A custom-format dump held in memory: raw comments and defaults never touch the disk."""

    def __init__(self, tools: PgTools, dump: bytes, *, comments: bool) -> None:
        self._tools = tools
        self._dump = dump
        self._comments = comments

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
        return [line for line in self._list() if not self._wanted(line)]

    def restore(self, section: str, target: Dsn, owner: str, *, jobs: int) -> None:
        """Restores `pre-data` or `post-data`, everything owned by `owner`.

        Raises:
            SchemaRestoreFailed: Names the statement's error without values.
        """
        with self._file() as (path, descriptor), tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder) / "list"
            # The list holds names of objects only, no definitions.
            wanted.write_text("".join(line + "\n" for line in self._list() if self._wanted(line)), encoding="utf-8")
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

    def _list(self) -> list[str]:
        with self._file() as (path, descriptor):
            done = subprocess.run(
                [self._tools.path("pg_restore"), "--list", path],
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
        return [line for line in done.stdout.decode().splitlines() if line and not line.startswith(";")]

    def _wanted(self, line: str) -> bool:
        match = _ENTRY.match(line)
        if match is None:
            return True
        entry = match.group(1)
        if entry.startswith("COMMENT ") and not self._comments:
            return False
        return not any(entry.startswith(kind + " ") for kind in _LEFT_OUT)
