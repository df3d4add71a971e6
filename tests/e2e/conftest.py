"""A whole deployment in a temporary state folder, driven through the command line only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]

SOURCE = """
CREATE TABLE users (id bigint PRIMARY KEY, secret text NOT NULL, country text NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, amount numeric NOT NULL);
INSERT INTO users SELECT i, 'secret value ' || md5(i::text), CASE WHEN i % 5 = 0 THEN 'DE' ELSE 'US' END
    FROM generate_series(1, 500) AS i;
INSERT INTO orders SELECT i, 1 + i % 500, i * 0.5 FROM generate_series(1, 2000) AS i;
"""

RULES = """
version: 1
tables:
  public.users:
    id: keep
    secret: {pii: secret, transform: hash}
    country: keep
  public.orders:
    id: keep
    amount: keep
"""


@dataclass
class Deployment:
    """One state folder with its environment."""

    environment: dict[str, str]
    folder: Path
    source: Dsn
    cwd: Path = ROOT
    python: Sequence[str] = (sys.executable,)

    def run(self, *words: str, timeout: float = 240) -> tuple[int, Any, str]:
        """Runs `testdata WORDS --json`: exit status, document, stderr."""
        done = subprocess.run(
            [*self.python, "-m", "testdata_assets.cli.main", *words, "--json"],
            env=self.environment, cwd=self.cwd, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        return done.returncode, json.loads(done.stdout), done.stderr

    def ok(self, *words: str) -> Any:
        """Like `run`, for commands that must succeed."""
        status, document, error = self.run(*words)
        assert status == 0, error
        return document

    @contextmanager
    def up(self, **environment: str) -> Iterator[dict[str, Any]]:
        """All services; ended by SIGTERM to the one process, with whatever it answered yielded."""
        log = self.folder / "up.log"
        words = ["up", "--port", "0", "--webhook-port", "0", "--json"]
        with log.open("wb") as stream:
            child = subprocess.Popen(
                [*self.python, "-m", "testdata_assets.cli.main", *words],
                env={**self.environment, **environment}, cwd=self.cwd, stdout=subprocess.PIPE, stderr=stream,
            )  # fmt: skip
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            assert line, log.read_text()
            yield json.loads(line)
            assert child.poll() is None, log.read_text()
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(60)
            assert child.stdout is not None
            child.stdout.close()
        assert child.returncode == 0, log.read_text()


@pytest.fixture
def wait_for() -> Callable[[Callable[[], T | None], float, str], T]:
    """Looks every half second until there is something to see."""
    return _wait_for


def _wait_for(look: Callable[[], T | None], seconds: float, what: str) -> T:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what} did not come about within {seconds} s")


@pytest.fixture
def deployment(server: EmbeddedServer, database: Dsn, tmp_path: Path) -> Iterator[Deployment]:
    """A small source on the session's server; everything else in an embedded server of its own."""
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "masking.yaml").write_text(RULES)
    with connect(database) as conn:
        conn.execute(SOURCE)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TESTDATA_", "DAGSTER_"))}
    environment = {
        **clean,
        "TESTDATA_HOME": str(tmp_path / "state"),
        "TESTDATA_SOURCE_DSN": database.secret(),
        "TESTDATA_RULES_DIR": str(rules),
        "TESTDATA_PG_BIN": str(server.bin_dir),
        "TESTDATA_MASKING_KEY": "11" * 32,
        "TESTDATA_GITHUB_WEBHOOK_SECRET": "a secret for tests",
    }
    made = Deployment(environment, tmp_path, database)
    yield made
    made.run("down")
