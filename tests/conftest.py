"""Fixtures for all tests: one embedded server a session, fresh databases and settings on it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from psycopg import sql

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import Places, open_places
from testdata_assets.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

# Machines that run tests do other work too, and kernels are compiled when first used: how long an example takes says
# nothing.
hypothesis_settings.register_profile("testdata", deadline=None)
hypothesis_settings.load_profile("testdata")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker more than processors: tests wait for servers, for a daemon and for the minute of a schedule."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests never see the developer's TESTDATA_ variables or .env."""
    for name in list(os.environ):
        if name.startswith("TESTDATA_"):
            monkeypatch.delenv(name)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A running embedded server in a state folder of its own."""
    embedded = EmbeddedServer(tmp_path_factory.mktemp("state"))
    embedded.ensure_running()
    yield embedded
    embedded.stop()


@pytest.fixture
def database(server: EmbeddedServer) -> Iterator[Dsn]:
    """A fresh, empty database; dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield server.dsn(name)
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def settings(server: EmbeddedServer, database: Dsn, tmp_path: Path) -> Settings:
    """Settings on the session's server: images there, a control database and a state folder of this test's own."""
    return Settings.model_validate(
        {
            "home": tmp_path / "state",
            "server_dsn": server.dsn().secret(),
            "control_dsn": database.secret(),
            "source_dsn": server.dsn("template1").secret(),
            "masking_key": "11" * 32,
            "store_key": "22" * 32,
            "signing_key": "33" * 32,
            "pg_bin": server.bin_dir,
            "rules_dir": ROOT / "rules",
        }
    )


@pytest.fixture
def places(settings: Settings) -> Places:
    return open_places(settings)
