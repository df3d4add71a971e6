"""The Dagster UI as a person sees it: the asset graph with passed checks, in a real browser."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
GRAPH = "/locations/testdata_assets.definitions/asset-groups/golden_image/lineage"


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (Debian: apt-get install chromium)")
def test_the_asset_graph_shows_passed_checks(deployment: Any, tmp_path: Path) -> None:
    deployment.ok("refresh")
    with deployment.up() as services:
        page = subprocess.run(
            [
                str(CHROMIUM),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                f"--user-data-dir={tmp_path / 'profile'}",
                "--window-size=1500,760",
                "--virtual-time-budget=40000",
                "--dump-dom",
                services["ui"] + GRAPH,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout
    assert "masked_golden_image" in page
    assert "validated_golden_image" in page
    assert "6 / 6 Passed" in page
    assert "secret value" not in page
