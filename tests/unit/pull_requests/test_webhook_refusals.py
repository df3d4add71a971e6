"""What the receiver answers without touching the database, and when the database is away."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import httpx
import pytest
import structlog
from pydantic import SecretStr

from testdata_assets.errors import EnvironmentLack
from testdata_assets.pull_requests.webhook import create_app

SECRET = "s" * 40


def no_database() -> NoReturn:
    raise EnvironmentLack("away", where="test", remedy="none", code="connection-failed")


def headers(body: bytes, **changes: str | None) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    base: dict[str, str | None] = {
        "X-Hub-Signature-256": f"sha256={digest}",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-GitHub-Event": "pull_request",
        "Content-Type": "application/json",
    }
    merged = {**base, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return {name: value for name, value in merged.items() if value is not None}


class Client:
    def __init__(self, request: Callable[..., httpx.Response]) -> None:
        self.post = partial(request, "POST")
        self.get = partial(request, "GET")


@pytest.fixture
def client(call: Callable[..., httpx.Response]) -> Client:
    return Client(partial(call, create_app(no_database, SecretStr(SECRET), body_limit=1000)))


@pytest.mark.parametrize("secret", [None, SecretStr("")])
def test_no_secret_no_receiver(secret: SecretStr | None) -> None:
    with pytest.raises(EnvironmentLack) as lack:
        create_app(no_database, secret)
    assert lack.value.error_code == "webhook-secret-missing"


@pytest.mark.parametrize("path", ["/webhooks/github", "/"])
@pytest.mark.parametrize("signature", [None, "sha256=" + "0" * 64, "sha1=" + "0" * 40, "junk"])
def test_unsigned_is_401(client: Client, path: str, signature: str | None) -> None:
    sent = headers(b"{}", **{"X-Hub-Signature-256": signature})
    assert client.post(path, content=b"{}", headers=sent).status_code == 401


def test_signature_covers_the_raw_bytes(client: Client) -> None:
    assert client.post("/webhooks/github", content=b"{ }", headers=headers(b"{}")).status_code == 401


@pytest.mark.parametrize("name", ["X-GitHub-Delivery", "X-GitHub-Event"])
def test_missing_headers_are_400(client: Client, name: str) -> None:
    sent = headers(b"{}", **{name: None})
    assert client.post("/webhooks/github", content=b"{}", headers=sent).status_code == 400


def test_ping_is_answered(client: Client) -> None:
    sent = headers(b"{}", **{"X-GitHub-Event": "ping"})
    answer = client.post("/webhooks/github", content=b"{}", headers=sent)
    assert (answer.status_code, answer.json()) == (200, {"status": "pong"})


def test_other_events_are_ignored(client: Client) -> None:
    sent = headers(b"{}", **{"X-GitHub-Event": "push"})
    assert client.post("/webhooks/github", content=b"{}", headers=sent).status_code == 204


def test_declared_length_beyond_the_limit_is_413(client: Client) -> None:
    body = b"x" * 1001
    assert client.post("/webhooks/github", content=body, headers=headers(body)).status_code == 413


def test_undeclared_length_beyond_the_limit_is_413_before_all_is_read() -> None:
    """A body without Content-Length is cut off at the limit, not read to its end."""
    import anyio

    app = create_app(no_database, SecretStr(SECRET), body_limit=1000)
    asked = 0
    answers: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/webhooks/github",
        "raw_path": b"/webhooks/github",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    anyio.run(app, scope, receive, send)
    assert answers[0]["status"] == 413
    assert asked == 11


def test_a_database_that_is_away_is_503_so_that_github_shows_it(client: Client) -> None:
    answer = client.post("/webhooks/github", content=b"{}", headers=headers(b"{}"))
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert client.get("/healthz").status_code == 503


def test_only_post_delivers(client: Client) -> None:
    assert client.get("/webhooks/github").status_code == 405
    assert client.post("/elsewhere", content=b"").status_code == 404


def test_nothing_secret_is_logged(client: Client) -> None:
    with structlog.testing.capture_logs() as logs:
        client.post("/webhooks/github", content=b'{"private": 1}', headers=headers(b"other"))
    assert [entry["event"] for entry in logs] == ["webhook.refused"]
    assert SECRET not in str(logs)
    assert "private" not in str(logs)
