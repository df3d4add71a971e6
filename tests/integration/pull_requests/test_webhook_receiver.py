"""The receiver with a real control database, in process and as the served program."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from testdata_assets.errors import EnvironmentLack
from testdata_assets.postgres.control import ControlConnection, connect_control
from testdata_assets.postgres.places import Places
from testdata_assets.pull_requests import inbox
from testdata_assets.pull_requests.policy import Open
from testdata_assets.pull_requests.webhook import create_app, serve
from testdata_assets.settings import Settings

SECRET = "It's a Secret to Everybody"
GITHUBS = Path(__file__).resolve().parents[4] / "shared" / "webhooks"
SHA = "ec26c3e57ca3a959ca5aad62de7213c562f8c821"


def body_of(action: str = "opened", number: object = 7) -> bytes:
    repository = {"full_name": "acme/Shop"}
    return json.dumps(
        {
            "action": action,
            "number": number,
            "pull_request": {
                "number": number,
                "title": "a title with \u0000 and \ud83d\ude00",
                "updated_at": "2026-03-01T10:00:00Z",
                "head": {"sha": SHA, "repo": repository},
                "base": {"repo": repository},
            },
            "repository": repository,
        }
    ).encode()


def signed(body: bytes, delivery: str = "d-1", event: str = "pull_request") -> dict[str, Any]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {
        "content": body,
        "headers": {
            "X-Hub-Signature-256": f"sha256={digest}",
            "X-GitHub-Delivery": delivery,
            "X-GitHub-Event": event,
            "Content-Type": "application/json",
        },
    }


@pytest.fixture
def control(places: Places) -> Iterator[ControlConnection]:
    with connect_control(places.control) as conn:
        yield conn


@pytest.fixture
def app(places: Places, control: ControlConnection) -> Iterator[Starlette]:
    app = create_app(lambda: connect_control(places.control), SecretStr(SECRET))
    yield app

    async def end() -> None:
        async with app.router.lifespan_context(app):
            pass

    asyncio.run(end())


Call = Callable[..., httpx.Response]


def test_a_delivery_is_filed_once(call: Call, app: Starlette, control: ControlConnection) -> None:
    first = call(app, "POST", "/webhooks/github", **signed(body_of()))
    again = call(app, "POST", "/webhooks/github", **signed(body_of()))
    assert (first.status_code, first.json()["status"]) == (202, "queued")
    assert (again.status_code, again.json()["status"]) == (202, "duplicate")
    (event,) = inbox.pending(control)
    assert event.decision == Open("acme--shop--pr-7", "acme/Shop", 7, SHA)
    row = control.execute("SELECT * FROM testdata.pull_request_events").fetchone()
    assert row is not None
    assert (row["source"], row["action"], row["repository"], row["pr_number"]) == ("github", "opened", "acme/Shop", 7)
    assert "title" not in json.dumps(row["payload"])


def test_a_malformed_delivery_is_filed_as_rejected_and_blocks_nobody(
    call: Call, app: Starlette, control: ControlConnection
) -> None:
    answer = call(app, "POST", "/webhooks/github", **signed(b"{not json", "bad-1"))
    assert (answer.status_code, answer.json()["status"]) == (202, "rejected")
    assert call(app, "POST", "/webhooks/github", **signed(b"{not json", "bad-1")).json()["status"] == "duplicate"
    unsound = call(app, "POST", "/webhooks/github", **signed(body_of(number="seven"), "bad-2"))
    assert unsound.json()["status"] == "queued"
    call(app, "POST", "/webhooks/github", **signed(body_of(), "good"))
    for event in inbox.pending(control):
        assert inbox.file_decision(control, event)
    states = control.execute("SELECT delivery_id, status, reason FROM testdata.pull_request_events").fetchall()
    assert {row["delivery_id"]: (row["status"], row["reason"]) for row in states} == {
        "bad-1": ("rejected", "malformed: the body is not JSON (character 1)"),
        "bad-2": ("rejected", "number is missing or not a positive integer"),
        "good": ("processed", None),
    }


def test_unsigned_and_other_events_leave_no_row(call: Call, app: Starlette, control: ControlConnection) -> None:
    body = body_of()
    forged = {**signed(body), "headers": {**signed(body)["headers"], "X-Hub-Signature-256": "sha256=" + "0" * 64}}
    assert call(app, "POST", "/webhooks/github", **forged).status_code == 401
    assert call(app, "POST", "/webhooks/github", **signed(body, event="push")).status_code == 204
    assert call(app, "POST", "/webhooks/github", **signed(body, event="ping")).status_code == 200
    assert control.execute("SELECT count(*) AS n FROM testdata.pull_request_events").fetchone() == {"n": 0}


def test_the_pool_outlives_a_restart_of_the_database(call: Call, app: Starlette, control: ControlConnection) -> None:
    assert call(app, "GET", "/healthz").status_code == 200
    control.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )
    assert call(app, "POST", "/webhooks/github", **signed(body_of())).status_code == 202


def test_a_storm_of_redeliveries_is_filed_once(call: Call, app: Starlette, control: ControlConnection) -> None:
    def post(number: int) -> str:
        answer = call(app, "POST", "/webhooks/github", **signed(body_of(), f"d-{number % 4}"))
        assert answer.status_code == 202
        return str(answer.json()["status"])

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(post, range(24)))
    assert statuses.count("queued") == 4
    assert statuses.count("duplicate") == 20
    assert len(inbox.pending(control)) == 4


def test_githubs_own_payloads_end_in_the_state_they_say(call: Call, app: Starlette, control: ControlConnection) -> None:
    if not GITHUBS.is_dir():
        pytest.skip(f"GitHub's example payloads are not at {GITHUBS}")
    for number, name in enumerate(("closed", "synchronize", "opened", "labeled")):
        body = (GITHUBS / "pull_request" / f"{name}.json").read_bytes()
        assert call(app, "POST", "/", **signed(body, f"d-{number}")).status_code == 202
    ping = (GITHUBS / "ping.json").read_bytes()
    assert call(app, "POST", "/", **signed(ping, "p", "ping")).json() == {"status": "pong"}
    (state,) = inbox.desired_state(control)
    assert (state.branch_name, state.wanted) == ("codertocat--hello-world--pr-2", False)


PROGRAM = """
import sys
from testdata_assets.postgres.places import open_places
from testdata_assets.pull_requests.webhook import serve
from testdata_assets.settings import load_settings
settings = load_settings()
def tell(host, port):
    print(host, port, file=sys.stderr, flush=True)
serve(settings, open_places(settings), port=0, on_listening=tell)
"""


def test_the_served_program_takes_deliveries_and_ends_on_a_signal(
    places: Places, control: ControlConnection, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "TESTDATA_CONTROL_DSN": places.control.secret(),
        "TESTDATA_SERVER_DSN": places.server.secret(),
        "TESTDATA_SOURCE_DSN": places.server.secret(),
        "TESTDATA_GITHUB_WEBHOOK_SECRET": SECRET,
        "TESTDATA_HOME": str(tmp_path / "served"),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert process.stderr is not None
    try:
        host, port = process.stderr.readline().split()
        assert host == "127.0.0.1"
        address = f"http://{host}:{port}"
        answer = httpx.post(f"{address}/webhooks/github", timeout=20, **signed(body_of()))
        assert (answer.status_code, answer.json()["status"]) == (202, "queued")
        assert "server" not in answer.headers
        assert httpx.get(f"{address}/healthz", timeout=20).json() == {"status": "ok"}
        assert _declare(int(port), 26 * 1024 * 1024).startswith("HTTP/1.1 413")
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        rest = process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert "Traceback" not in rest
    assert SECRET not in rest
    assert len(inbox.pending(control)) == 1


def _declare(port: int, length: int) -> str:
    """Announces a body that is never sent; the answer must not wait for it."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as conn:
        conn.sendall(f"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        return conn.recv(4096).decode()


def test_a_taken_port_is_named(settings: Settings, places: Places) -> None:
    guarded = settings.model_copy(update={"github_webhook_secret": SecretStr(SECRET)})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EnvironmentLack) as lack:
            serve(guarded, places, port=port)
    assert lack.value.error_code == "port-unavailable"
    assert str(port) in lack.value.what


def test_no_secret_no_server(settings: Settings, places: Places) -> None:
    with pytest.raises(EnvironmentLack) as lack:
        serve(settings, places, port=0)
    assert lack.value.error_code == "webhook-secret-missing"
