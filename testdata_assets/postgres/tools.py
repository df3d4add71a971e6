"""psql, pg_dump and pg_restore as child processes: passwords by environment, errors without raw values."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from testdata_assets.errors import EnvironmentLack, RefusedError
from testdata_assets.postgres.dsn import Dsn

# What may follow `ERROR:` and quote row data; the first line of a message up to a quoted literal is kept.
_DETAIL = re.compile(r"^(DETAIL|CONTEXT|STATEMENT|HINT|LINE \d+|QUERY):", re.MULTILINE)
_LITERAL = re.compile(
    r"(?P<named>\b(?:index|constraint|relation|table|column|schema|type|function|extension|role|database|collation"
    r'|language|library|tablespace|program|host|server at) )?(?P<quoted>"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'|\(.*\))'
)


class ToolFailed(RefusedError):
    """A Postgres client program ended with an error."""

    code = "postgres-tool-failed"


def without_values(message: str) -> str:
    """The first error line of a Postgres message, quoted texts blanked unless they name an object."""
    line = next((line for line in message.splitlines() if re.search(r"error|fatal|panic", line, re.IGNORECASE)), "")
    line = line or (message.strip().splitlines() or ["no message"])[0]
    return _LITERAL.sub(lambda match: match.group(0) if match.group("named") else "…", line).strip()


class PgTools:
    """The client programs of one Postgres installation."""

    def __init__(self, bin_dir: Path, environment: Mapping[str, str] | None = None) -> None:
        self.bin_dir = bin_dir
        self._environment = dict(environment or {})

    def path(self, name: str) -> str:
        program = self.bin_dir / name
        if not program.exists():
            raise EnvironmentLack(
                f"{name} is missing",
                where=str(self.bin_dir),
                remedy="Install the Postgres 18 client programs there, or point TESTDATA_PG_BIN at a folder with them.",
                code="tool-missing",
            )
        return str(program)

    def version(self) -> int:
        """Major version of psql."""
        text = subprocess.run(
            [self.path("psql"), "--version"],
            capture_output=True,
            text=True,
            env={**os.environ, **self._environment},
            check=True,
        ).stdout
        match = re.search(r"(\d+)[.a-z]", text)
        if match is None:
            raise EnvironmentLack(
                "psql does not tell its version",
                where=str(self.bin_dir),
                remedy="Point TESTDATA_PG_BIN at Postgres 18 or newer.",
            )
        return int(match.group(1))

    def environment(self, dsn: Dsn) -> dict[str, str]:
        """This process's environment without PG* leftovers, with the password of `dsn`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        kept.update(self._environment)
        kept.update(PGCLIENTENCODING="UTF8", PGCONNECT_TIMEOUT="10", PGTZ="UTC", LC_MESSAGES="C")
        if dsn.password is not None:
            kept["PGPASSWORD"] = dsn.password
        return kept

    def run(self, name: str, dsn: Dsn, arguments: Sequence[str], *, stdin: bytes | None = None) -> bytes:
        """Runs a program to its end.

        Returns:
            Its standard output.

        Raises:
            ToolFailed: A non-zero exit status.
        """
        done = subprocess.run(
            [self.path(name), f"--dbname={dsn.conninfo_without_password()}", *arguments],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            env=self.environment(dsn),
            check=False,
        )
        if done.returncode != 0:
            raise self.failure(name, dsn, done.stderr.decode(errors="replace"))
        return done.stdout

    @contextmanager
    def stream(self, name: str, dsn: Dsn, arguments: Sequence[str]) -> Iterator[IO[bytes]]:
        """Runs a program and yields its standard output as a pipe; fails at the end on a non-zero status."""
        with subprocess.Popen(
            [self.path(name), f"--dbname={dsn.conninfo_without_password()}", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(dsn),
            bufsize=0,
        ) as process:
            if process.stdout is None or process.stderr is None:
                raise RuntimeError("pipes were asked for")
            try:
                yield process.stdout
            except BaseException:
                process.kill()
                raise
            process.stdout.close()
            message = process.stderr.read().decode(errors="replace")
            if process.wait() != 0:
                raise self.failure(name, dsn, message)

    def failure(self, name: str, dsn: Dsn, message: str, **context: Any) -> ToolFailed:
        return ToolFailed(
            f"{name} failed: {without_values(message)}",
            where=dsn.redacted(),
            remedy="See the server's own log for details; they are left out here as they may hold row values.",
        )
