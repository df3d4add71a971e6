"""Calling the receiver without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Call = Callable[..., httpx.Response]


@pytest.fixture
def call() -> Call:
    """`call(app, method, path, **httpx arguments)` through httpx's ASGI transport."""

    def send(app: Any, method: str, path: str, **arguments: Any) -> httpx.Response:
        async def request() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
                return await client.request(method, path, **arguments)

        return asyncio.run(request())

    return send
