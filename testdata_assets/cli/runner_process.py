"""Running `testdata_assets.orchestration.runner` as a child: how commands have Dagster do work without importing it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from testdata_assets.cli.dagster_home import dagster_environment
from testdata_assets.errors import EnvironmentLack, RefusedError, TestdataError, UsageFault
from testdata_assets.postgres.places import Places
from testdata_assets.settings import Settings

_INTERRUPTED_SECONDS = 60.0
_CLASSES: dict[int, type[TestdataError]] = {1: RefusedError, 2: UsageFault, 3: EnvironmentLack}


def run_job(settings: Settings, places: Places, words: Sequence[str]) -> dict[str, Any]:
    """Runs one job through Dagster, its progress on our stderr, in our process group.

    Args:
        settings: Of this deployment.
        places: Opened already, so that the child finds the server running.
        words: The runner's command and options.

    Returns:
        The document the runner wrote.

    Raises:
        TestdataError: The one the run failed with, or that the runner itself died.
    """
    environment = dagster_environment(settings, places)
    with tempfile.TemporaryDirectory(prefix="testdata-") as folder:
        result = Path(folder) / "result.json"
        # -P: `-m` alone would import whatever in the current directory goes by the name of a module.
        command = [
            sys.executable, "-P", "-m", "testdata_assets.orchestration.runner", *words, "--result-file", str(result)
        ]  # fmt: skip
        child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=2)
        status = _wait(child)
        if not result.exists():
            raise RefusedError(
                f"The process of the run ended with status {status} and left no result",
                where="testdata_assets.orchestration.runner",
                remedy="See its messages above; the run's page in the Dagster UI shows how far it came.",
                code="runner-died",
            )
        document: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    error = document.get("error")
    if error is not None:
        kind = _CLASSES.get(document.get("exit_status", 1), RefusedError)
        raise kind(
            error["message"],
            where=error["where"],
            remedy=error["remedy"],
            code=error["code"],
            reasons=error.get("problems", ()),
        )
    return document


def _wait(child: subprocess.Popen[bytes]) -> int:
    """Waits for the child. At Ctrl-C it has got the signal too: it is given time to tidy up, then ended."""
    try:
        return child.wait()
    except KeyboardInterrupt:
        try:
            child.wait(_INTERRUPTED_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            child.kill()
            child.wait()
        raise
    except BaseException:
        os.kill(child.pid, signal.SIGTERM)
        child.wait(_INTERRUPTED_SECONDS)
        raise
