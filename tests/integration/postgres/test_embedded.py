"""The embedded server: made once, quick to start, never trusting, recovering from what a crash leaves."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from testdata_assets.errors import EnvironmentLack
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.embedded import EmbeddedServer


@pytest.fixture
def own(server: EmbeddedServer, tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server of this test's own, with the session's binaries."""
    embedded = EmbeddedServer(tmp_path / "state", server.bin_dir)
    # A named folder carries no environment of its own; the wheel's libraries come from the session's server.
    embedded.__dict__["binaries"] = server.binaries
    yield embedded
    embedded.stop()


def test_settings_for_building_images(server: EmbeddedServer) -> None:
    with connect(server.dsn()) as conn:
        for name, value in (
            ("file_copy_method", "clone"),
            ("wal_level", "minimal"),
            ("password_encryption", "scram-sha-256"),
            ("listen_addresses", "127.0.0.1"),
            ("log_min_error_statement", "panic"),
        ):
            assert conn.execute(f"SHOW {name}".encode()).fetchone() == (value,)  # type: ignore[comparison-overlap]
        rules = conn.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
    assert rules == [("scram-sha-256",)]
    assert server.status().version.split(".")[0] >= "18"


def test_refuses_a_wrong_password_over_tcp_and_socket(server: EmbeddedServer) -> None:
    with pytest.raises(EnvironmentLack) as caught:
        connect(server.dsn().with_user("testdata_admin", "wrong"))
    assert "password" in caught.value.what
    assert server.dsn().password not in str(caught.value)
    with connect(server.dsn()) as conn:
        folder = conn.execute("SHOW unix_socket_directories").fetchone()
    assert folder is not None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(
            host=folder[0], port=server.dsn().port, user="testdata_admin", password="wrong", dbname="postgres"
        )


def test_secret_is_private_and_nothing_personal_is_logged(server: EmbeddedServer) -> None:
    secret = server.data_dir.parent / "admin.secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    with connect(server.dsn()) as conn, pytest.raises(psycopg.Error):
        conn.execute("SELECT 'jane.doe@example.com'::inet")
    assert "jane.doe" not in (server.data_dir.parent / "server.log").read_text()


def test_keeps_its_port_and_data_over_a_restart(own: EmbeddedServer) -> None:
    own.ensure_running()
    port = own.status().port
    with connect(own.dsn()) as conn:
        conn.execute("CREATE TABLE kept (a int)")
    assert own.stop()
    assert not own.status().running
    assert not own.stop()
    own.ensure_running()
    own.ensure_running()
    assert own.status().port == port
    with connect(own.dsn()) as conn:
        conn.execute("SELECT a FROM kept")


def test_recovers_after_a_crash_and_from_a_recycled_pid(own: EmbeddedServer) -> None:
    own.ensure_running()
    pid = own.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        pass
    file = own.data_dir / "postmaster.pid"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")  # a number that another program now has
    assert not own.status().running
    own.ensure_running()
    assert own.status().pid not in (None, pid, os.getpid())


def test_survives_the_process_that_started_it(own: EmbeddedServer) -> None:
    own.ensure_running()
    own.stop()
    code = textwrap.dedent(f"""
        from pathlib import Path
        from testdata_assets.postgres.binaries import Binaries
        from testdata_assets.postgres.embedded import EmbeddedServer
        server = EmbeddedServer(Path({str(own.data_dir.parent.parent)!r}))
        server.__dict__["binaries"] = Binaries(Path({str(own.bin_dir)!r}), "test", "18",
                                               {dict(own.binaries.environment)!r})
        server.ensure_running()
    """)
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    with connect(own.dsn()) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must drop privileges")
def test_runs_unprivileged_in_a_root_only_folder(own: EmbeddedServer, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    own.ensure_running()
    pid = own.status().pid
    status = Path(f"/proc/{pid}/status").read_text()
    assert "Uid:\t0" not in status
    with connect(own.dsn()) as conn:
        conn.execute("CREATE TABLE t (a int)")


def test_a_folder_without_postgres_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentLack) as caught:
        EmbeddedServer(tmp_path / "state", tmp_path).ensure_running()
    assert caught.value.where == "TESTDATA_PG_BIN"
