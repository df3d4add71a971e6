"""A pull request's whole life through the real webhook receiver, webserver, daemon and servers."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from testdata_assets.errors import EnvironmentLack
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn

WEBHOOKS = Path(__file__).resolve().parents[3] / "shared" / "webhooks" / "pull_request"
BRANCH = "codertocat--hello-world--pr-2"

pytestmark = pytest.mark.skipif(not WEBHOOKS.is_dir(), reason="GitHub's example payloads (../shared) are not here")


def _post(address: str, name: str, delivery: str) -> int:
    body = (WEBHOOKS / f"{name}.json").read_bytes()
    signature = hmac.new(b"a secret for tests", body, hashlib.sha256).hexdigest()
    answer = httpx.post(
        f"{address}/webhooks/github",
        content=body,
        headers={
            "content-type": "application/json",
            "x-github-event": "pull_request",
            "x-github-delivery": delivery,
            "x-hub-signature-256": f"sha256={signature}",
        },
        timeout=30,
    )
    return answer.status_code


def _graphql(ui: str, query: str) -> Any:
    answer = httpx.post(f"{ui}/graphql", json={"query": query}, timeout=60)
    answer.raise_for_status()
    return answer.json()["data"]


def _partition_keys(ui: str) -> list[str]:
    asset = '{path: ["pull_request_branch"]}'
    data = _graphql(ui, f"{{assetNodeOrError(assetKey: {asset}) {{... on AssetNode {{partitionKeys}}}}}}")
    keys: list[str] = data["assetNodeOrError"]["partitionKeys"]
    return keys


def test_open_branch_write_close(deployment: Any, wait_for: Callable[..., Any]) -> None:
    refreshed = deployment.ok("refresh")
    assert refreshed["status"] == "published"
    assert refreshed["rows"] == 2500
    assert set(refreshed["seconds"]) >= {"snapshot", "mask_and_load", "constraints", "validate", "total"}
    assert {check["name"] for check in refreshed["checks"] if check["passed"]} >= {
        "no_production_values",
        "no_pii_patterns",
        "referential_integrity",
        "row_counts",
    }

    with deployment.up() as services:
        assert _post(services["webhook"], "opened", "00000000-0000-0000-0000-000000000001") == 202
        assert _post(services["webhook"], "opened", "00000000-0000-0000-0000-000000000001") == 202, "a repeat"

        def ready() -> Any:
            found = [branch for branch in deployment.ok("branch", "list") if branch["name"] == BRANCH]
            return found[0] if found and found[0]["status"] == "ready" else None

        branch = wait_for(ready, 120, "the branch")
        assert branch["golden_id"] == refreshed["golden_id"]
        url = deployment.ok("branch", "url", BRANCH)["url"]
        with psycopg.connect(url, autocommit=True) as conn:
            assert conn.execute("SELECT count(*) FROM users").fetchone() == (500,)
            conn.execute("INSERT INTO orders VALUES (999999, 1, 1)")
        assert _partition_keys(services["ui"]) == [BRANCH]

        assert _post(services["webhook"], "closed", "00000000-0000-0000-0000-000000000002") == 202
        wait_for(lambda: None if _partition_keys(services["ui"]) else True, 120, "the partition key's end")
        assert deployment.ok("branch", "list") == []
        with pytest.raises(EnvironmentLack):
            connect(Dsn.from_string(url))
        runs = _graphql(services["ui"], "{runsOrError {... on Runs {results {jobName status}}}}")["runsOrError"]
        statuses = {(run["jobName"], run["status"]) for run in runs["results"]}
        assert statuses == {
            ("refresh_golden_image", "SUCCESS"),
            ("create_branch", "SUCCESS"),
            ("delete_branch", "SUCCESS"),
        }
    assert "secret value" not in json.dumps(refreshed)
