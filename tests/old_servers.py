"""Postgres servers of older versions as sources for tests: made in a folder of the test's own, loopback only."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.unprivileged import server_account

ADMIN = "source_admin"
DEBIAN = Path("/usr/lib/postgresql")
FURTHER = "TESTDATA_TEST_SOURCE_BINS"
SECONDS = 60


def source_bins() -> list[Path]:
    """Folders with server programs: Debian's, and those that TESTDATA_TEST_SOURCE_BINS names (folder:folder)."""
    named = [Path(text) for text in os.environ.get(FURTHER, "").split(":") if text]
    installed = sorted(DEBIAN.glob("*/bin"))
    return [folder for folder in (*installed, *named) if (folder / "initdb").exists()]


def version_of(bin_dir: Path) -> str:
    """What `postgres --version` says, e.g. 15.10."""
    done = subprocess.run(
        [bin_dir / "postgres", "--version"], capture_output=True, text=True, env=_environment(bin_dir), check=True
    )
    found = re.search(r"\d+(?:\.\d+)?", done.stdout)
    assert found is not None, done.stdout
    return found.group(0)


@contextlib.contextmanager
def old_server(bin_dir: Path, folder: Path) -> Iterator[Dsn]:
    """A running server of that version, with a superuser that needs a password; stopped afterwards."""
    account = server_account()
    folder.mkdir(parents=True, exist_ok=True)
    account.own(folder)
    data, sockets, password = folder / "data", Path(tempfile.mkdtemp(prefix="old-source-")), secrets.token_urlsafe(16)
    account.own(sockets)
    secret = folder / "password"
    secret.write_text(password + "\n", encoding="ascii")
    account.own(secret)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    _run(bin_dir, folder, "initdb", f"--pgdata={data}", f"--username={ADMIN}", f"--pwfile={secret}", *words)
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='{sockets}' -c fsync=off"
    control = ["pg_ctl", f"--pgdata={data}", "-w", "-t", str(SECONDS)]
    _run(bin_dir, folder, *control, "-s", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield Dsn.of(host="127.0.0.1", port=port, user=ADMIN, password=password, dbname="postgres")
    finally:
        _run(bin_dir, folder, *control, "-s", "-m", "immediate", "stop")  # it signals the pid of its own data folder
        with contextlib.suppress(OSError):
            sockets.rmdir()


def _environment(bin_dir: Path) -> dict[str, str]:
    """Relocatable builds keep their libraries beside bin/."""
    return {**os.environ, "LC_ALL": "C", "LD_LIBRARY_PATH": str(bin_dir.parent / "lib")}


def _run(bin_dir: Path, folder: Path, program: str, *words: str) -> None:
    with tempfile.TemporaryFile() as output:  # a pipe would stay open as long as the server runs
        done = subprocess.run(
            server_account().command([str(bin_dir / program), *words], folder / "data"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(bin_dir),
            cwd=folder,
            check=False,
            start_new_session=True,
        )
        output.seek(0)
        said = output.read().decode(errors="replace")
    assert done.returncode == 0, f"{program}: {said}"
