"""The schedule under a real daemon: a tick during a refresh is skipped, the next one refreshes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from testdata_assets.golden.refresh import refresh_lock
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import CONTROL_DATABASE

_TICKS = """{scheduleOrError(scheduleSelector: {repositoryLocationName: "testdata_assets.definitions",
  repositoryName: "__repository__", scheduleName: "daily_golden_refresh"})
  {... on Schedule {scheduleState {ticks {status skipReason runIds}}}}}"""


def _ticks(ui: str) -> list[dict[str, Any]]:
    answer = httpx.post(f"{ui}/graphql", json={"query": _TICKS}, timeout=60)
    answer.raise_for_status()
    ticks: list[dict[str, Any]] = answer.json()["data"]["scheduleOrError"]["scheduleState"]["ticks"]
    return ticks


@pytest.mark.timeout(420)
def test_an_overlapping_tick_is_skipped_and_the_next_one_refreshes(
    deployment: Any, wait_for: Callable[..., Any], server: EmbeddedServer
) -> None:
    deployment.ok("golden", "list")  # starts the embedded server and makes the control database
    own = EmbeddedServer(Path(deployment.environment["TESTDATA_HOME"]), server.bin_dir)
    with (
        deployment.up(TESTDATA_REFRESH_CRON="* * * * *") as services,
        connect_control(own.dsn(CONTROL_DATABASE)) as control,
    ):

        def tick(status: str) -> Any:
            return next((found for found in _ticks(services["ui"]) if found["status"] == status), None)

        with refresh_lock(control):
            skipped = wait_for(lambda: tick("SKIPPED"), 120, "the skipped tick")
            assert "lock" in skipped["skipReason"]
        fired = wait_for(lambda: tick("SUCCESS"), 120, "the tick that asks for a run")
        assert len(fired["runIds"]) == 1

        def published() -> Any:
            images = deployment.ok("golden", "list")
            return next((image for image in images if image["status"] == "published"), None)

        image = wait_for(published, 120, "the published image")
        assert image["rows"] == 2500
