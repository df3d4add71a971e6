"""The webhook receiver: GitHub's signed deliveries into the inbox, and nothing else.

It answers once a delivery is filed, so that GitHub shows as failed what was not, and can redeliver it. What
is signed but cannot be read is filed as rejected and answered with 202: sending it again would not help.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import structlog
import uvicorn
from psycopg.rows import DictRow
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from testdata_assets.errors import EnvironmentLack
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.places import Places
from testdata_assets.pull_requests import inbox
from testdata_assets.pull_requests.deliveries import (
    Delivery,
    MalformedDelivery,
    is_delivery_id,
    is_event_name,
    malformed_delivery,
    parse_body,
    pull_request_delivery,
    signature_matches,
)
from testdata_assets.pull_requests.pool import ControlPool
from testdata_assets.settings import Settings

_log = structlog.get_logger(__name__)

BODY_LIMIT = 25 * 1024 * 1024
"""GitHub's own limit for a payload."""

_BODY_SECONDS = 20.0
_CONCURRENT_REQUESTS = 64
_RETRY_SECONDS = "30"


class _Answer(Exception):
    """Ends a request early with a status and a reason."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.response = JSONResponse({"error": reason}, status, headers)


def create_app(
    control_factory: Callable[[], psycopg.Connection[DictRow]],
    secret: SecretStr | None,
    *,
    body_limit: int = BODY_LIMIT,
) -> Starlette:
    """The ASGI application.

    Routes: POST /webhooks/github (and POST /), GET /healthz.

    Args:
        control_factory: Opens a control connection; called on demand, from worker threads.
        secret: The webhook's secret.
        body_limit: Bytes a body may have.

    Raises:
        EnvironmentLack: There is no secret; without one anybody could open branches.
    """
    if secret is None or not secret.get_secret_value():
        raise EnvironmentLack(
            "There is no webhook secret, so deliveries could not be told from forgeries",
            where="TESTDATA_GITHUB_WEBHOOK_SECRET",
            remedy="Set it to the secret of the GitHub webhook (openssl rand -hex 32 makes one).",
            code="webhook-secret-missing",
        )
    receiver = _Receiver(ControlPool(control_factory), secret, body_limit)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        receiver.close()

    routes = [
        Route("/webhooks/github", receiver.deliver, methods=["POST"]),
        Route("/", receiver.deliver, methods=["POST"]),
        Route("/healthz", receiver.health, methods=["GET"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


class _Receiver:
    def __init__(self, pool: ControlPool, secret: SecretStr, body_limit: int) -> None:
        self._pool = pool
        self._secret = secret
        self._body_limit = body_limit

    async def deliver(self, request: Request) -> Response:
        """Checks size, signature and headers in this order, then files what matters."""
        try:
            body = await self._read(request)
            if not signature_matches(body, request.headers.get("x-hub-signature-256"), self._secret):
                _log.warning("webhook.refused", reason="signature", bytes=len(body))
                raise _Answer(401, "the signature is missing or does not match")
            delivery_id = request.headers.get("x-github-delivery")
            event = request.headers.get("x-github-event")
            if delivery_id is None or not is_delivery_id(delivery_id):
                raise _Answer(400, "X-GitHub-Delivery is missing or malformed")
            if event is None or not is_event_name(event):
                raise _Answer(400, "X-GitHub-Event is missing or malformed")
            return await self._dispatch(delivery_id, event, body, request.headers.get("content-type", ""))
        except _Answer as answer:
            return answer.response
        except ClientDisconnect:
            return Response(status_code=400)

    async def health(self, request: Request) -> Response:
        """200 while the control database answers, 503 otherwise."""
        try:
            await run_in_threadpool(self._ping)
        except _Answer as answer:
            return answer.response
        return JSONResponse({"status": "ok"})

    def close(self) -> None:
        """Closes the idle connections."""
        self._pool.close()

    async def _dispatch(self, delivery_id: str, event: str, body: bytes, content_type: str) -> Response:
        if event == "ping":
            return JSONResponse({"status": "pong"})
        if event != "pull_request":
            return Response(status_code=204)
        try:
            delivery = pull_request_delivery(delivery_id, await run_in_threadpool(parse_body, body, content_type))
        except MalformedDelivery as problem:
            delivery = malformed_delivery(delivery_id, event, str(problem))
        status = await run_in_threadpool(self._file, delivery)
        _log.info("webhook.received", delivery=delivery_id, event_name=event, status=status)
        answer: dict[str, Any] = {"status": status, "delivery": delivery_id}
        if delivery.rejected is not None and status == "queued":
            answer.update(status="rejected", reason=delivery.rejected)
        return JSONResponse(answer, 202)

    async def _read(self, request: Request) -> bytes:
        """The raw body, or 413 as soon as it is known to be too long; never more than the limit in memory."""
        declared = request.headers.get("content-length", "0")
        too_long = _Answer(413, f"the body is longer than {self._body_limit} bytes", {"connection": "close"})
        if not declared.isdecimal():
            raise _Answer(400, "Content-Length is malformed")
        if int(declared) > self._body_limit:
            raise too_long
        body = bytearray()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self._body_limit:
                        raise too_long
        except TimeoutError:
            raise _Answer(408, "the body took too long", {"connection": "close"}) from None
        return bytes(body)

    def _file(self, delivery: Delivery) -> str:
        try:
            with self._pool.lend() as conn:
                return inbox.record_delivery(conn, delivery)
        except (psycopg.OperationalError, psycopg.InterfaceError, EnvironmentLack) as error:
            raise self._unavailable(error) from None

    def _ping(self) -> None:
        try:
            with self._pool.lend() as conn:
                conn.execute("SELECT 1")
        except (psycopg.OperationalError, psycopg.InterfaceError, EnvironmentLack) as error:
            raise self._unavailable(error) from None

    @staticmethod
    def _unavailable(error: Exception) -> _Answer:
        code = error.error_code if isinstance(error, EnvironmentLack) else type(error).__name__
        _log.error("webhook.control_unavailable", error=code)
        return _Answer(503, "the control database is not available", {"retry-after": _RETRY_SECONDS})


def serve(
    settings: Settings,
    places: Places,
    host: str = "127.0.0.1",
    port: int | None = None,
    *,
    on_listening: Callable[[str, int], None] | None = None,
) -> None:
    """Runs the receiver until SIGINT or SIGTERM.

    Args:
        settings: The secret, and the port where none is given.
        places: Where the control database is; it is opened once before listening, so a lack shows at once.
        host: Address to listen on.
        port: Port; 0 picks a free one.
        on_listening: Called with host and port once connections are accepted.

    Raises:
        EnvironmentLack: No secret, no control database, or the port is taken.
    """
    app = create_app(lambda: connect_control(places.control), settings.github_webhook_secret)
    connect_control(places.control).close()
    listener = _listen(host, settings.webhook_port if port is None else port)
    with listener:
        address, bound = listener.getsockname()[:2]
        _log.info("webhook.listening", host=address, port=bound)
        if on_listening is not None:
            on_listening(address, bound)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            limit_concurrency=_CONCURRENT_REQUESTS,
            timeout_graceful_shutdown=10,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such port"
        raise EnvironmentLack(
            f"The webhook receiver cannot listen on {host}:{port}: {reason}",
            where="TESTDATA_WEBHOOK_PORT",
            remedy="Choose another port, or end what uses this one.",
            code="port-unavailable",
        ) from None
