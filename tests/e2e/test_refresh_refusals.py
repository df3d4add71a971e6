"""A refresh that cannot go on: one clear error, its exit status, no traceback, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import CONTROL_DATABASE


def _refused(deployment: Any, code: str, status: int) -> dict[str, Any]:
    got, document, error = deployment.run("refresh")
    assert (got, document["error"]["code"]) == (status, code), error
    assert "Traceback" not in error
    assert error.count("error:") == 1
    found: dict[str, Any] = document["error"]
    return found


def test_what_is_missing_is_named(deployment: Any) -> None:
    environment = dict(deployment.environment)
    deployment.environment["TESTDATA_SOURCE_DSN"] = "postgresql://nobody:hush-hush@127.0.0.1:1/nowhere"
    assert "hush-hush" not in json.dumps(_refused(deployment, "connection-failed", 3))
    deployment.environment.clear()
    deployment.environment.update(environment)
    del deployment.environment["TESTDATA_MASKING_KEY"]
    assert _refused(deployment, "masking-key-missing", 3)["where"] == "TESTDATA_MASKING_KEY"
    deployment.environment.update(environment)
    rules = Path(environment["TESTDATA_RULES_DIR"]) / "masking.yaml"
    text = rules.read_text()
    rules.unlink()
    assert str(rules) in _refused(deployment, "rules-missing", 2)["where"]
    rules.write_text(text + "  public.orders: [\n")
    status, document, _ = deployment.run("refresh")
    assert status == 2
    assert "masking.yaml" in document["error"]["where"]


def test_every_problem_is_named_with_its_place_those_of_the_file_and_those_of_the_database(deployment: Any) -> None:
    rules = Path(deployment.environment["TESTDATA_RULES_DIR"]) / "masking.yaml"
    with connect(deployment.source) as conn:
        for number in range(12):
            conn.execute(f"ALTER TABLE users ADD COLUMN extra_{number} int4range")
    problems = _refused(deployment, "plan-refused", 1)["problems"]
    new = {f"extra_{number}" for number in range(12)}
    assert {each["column"] for each in problems} == new
    assert {(each["file"], each["line"], each["position"]) for each in problems} == {(str(rules), 4, 3)}
    rules.write_text(rules.read_text().replace("country: keep", "country: {transform: hash, when: 'id ='}"))
    problems = _refused(deployment, "rules-invalid", 2)["problems"]
    assert {each["column"] for each in problems} == {"country", *new}
    _, _, error = deployment.run("refresh")
    places = [line.split(": ")[0] for line in error.splitlines() if line.startswith(f"{rules}:")]
    assert places == [f"{rules}:7:38", *[f"{rules}:4:3"] * 12]


def test_ctrl_c_cancels_the_run_and_leaves_nothing(
    deployment: Any, wait_for: Callable[..., Any], server: EmbeddedServer
) -> None:
    deployment.ok("golden", "list")
    state = Path(deployment.environment["TESTDATA_HOME"])
    with connect(deployment.source, autocommit=False) as conn:
        conn.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")  # the extraction waits here
        child = subprocess.Popen(
            [sys.executable, "-m", "testdata_assets.cli.main", "refresh", "--json"],
            env=deployment.environment, cwd=Path(__file__).resolve().parents[2], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        with connect(deployment.source) as watcher:
            waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            wait_for(lambda: watcher.execute(waiting).fetchone(), 60, "the extraction")
        os.killpg(child.pid, signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert child.returncode == 1, err
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert "Traceback" not in err
    assert err.count("error:") == 1
    snapshots = state / "snapshots"
    assert not snapshots.exists() or not list(snapshots.iterdir())
    own = EmbeddedServer(state, server.bin_dir)
    with connect_control(own.dsn(CONTROL_DATABASE)) as control:
        runs = control.execute("SELECT status FROM dagster.runs").fetchall()
    assert [run["status"] for run in runs] == ["CANCELED"]
    assert deployment.ok("refresh")["status"] == "published"


LEAK = "raw-4711@posteo.de"


def test_the_published_image_stays_when_a_leak_rejects_the_next_and_when_a_new_column_stops_it(deployment: Any) -> None:
    first = deployment.ok("refresh")

    def published() -> list[str]:
        images = deployment.ok("golden", "list")
        return [image["golden_id"] for image in images if image["status"] == "published"]

    with connect(deployment.source) as conn:
        conn.execute("UPDATE users SET country = %s WHERE id = 7", (LEAK,))
    status, document, error = deployment.run("refresh")
    assert status == 1
    assert document["status"] == "rejected"
    assert [check["name"] for check in document["checks"] if not check["passed"]] == ["no_pii_patterns"]
    assert LEAK not in json.dumps(document) + error
    assert published() == [first["golden_id"]]
    own = Path(deployment.environment["TESTDATA_HOME"])
    with connect_control(EmbeddedServer(own).dsn(CONTROL_DATABASE)) as control:
        stored = control.execute("SELECT count(*) AS n FROM dagster.event_logs WHERE event LIKE %s", (f"%{LEAK}%",))
        assert stored.fetchone() == {"n": 0}

    with connect(deployment.source) as conn:
        conn.execute("ALTER TABLE users ADD COLUMN shoe_size int4range")
    status, document, error = deployment.run("refresh")
    assert status != 0
    assert "shoe_size" in json.dumps(document)
    assert "Traceback" not in error
    assert published() == [first["golden_id"]]
