"""`python -m testdata_assets.orchestration.runner refresh --result-file F`: the child process of the command line.

Executes the job on the configured instance, shows progress on stderr, and leaves what came of it in a JSON file:
the document of `testdata refresh --json`, or an error with its exit status.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from types import FrameType
from typing import Any

import dagster as dg

from testdata_assets.cli.logs import configure_logging
from testdata_assets.errors import EnvironmentLack, RefusedError, TestdataError
from testdata_assets.golden.attest import predicate
from testdata_assets.golden.registry import GoldenRegistry
from testdata_assets.orchestration import names
from testdata_assets.orchestration.failures import failure_of
from testdata_assets.orchestration.local_runs import LocalRun, open_instance
from testdata_assets.orchestration.resources import Workplace
from testdata_assets.progress import standard_progress
from testdata_assets.unexpected import without_message

_STAGES = ["snapshot", "mask_and_load", "constraints", "analyze", "validate", "total"]


def main(arguments: list[str] | None = None) -> int:
    """Runs the job and writes the result file. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="testdata runner")
    parser.add_argument("job", choices=["refresh"])
    parser.add_argument("--result-file", type=Path, required=True)
    wanted = parser.parse_args(arguments)
    configure_logging()
    warnings.simplefilter("ignore")  # Dagster's own notes on its beta features; tests turn warnings into errors
    try:
        document = refresh()
        status = 0 if document["status"] == "published" else 1
    except TestdataError as error:
        document = {**error.as_json(), "exit_status": error.exit_status}
        status = error.exit_status
    except Exception as error:  # noqa: BLE001  nothing else may decide what reaches the terminal
        unforeseen = without_message(error)
        document = {**unforeseen.as_json(), "exit_status": unforeseen.exit_status}
        status = unforeseen.exit_status
    wanted.result_file.write_text(json.dumps(document), encoding="utf-8")
    return status


def refresh() -> dict[str, Any]:
    """Runs refresh_golden_image.

    Returns:
        The document of `testdata refresh --json`, also for an image that its checks rejected.

    Raises:
        TestdataError: What the failed step said.
    """
    with _instance() as instance, standard_progress() as progress:
        run = LocalRun(instance, names.REFRESH_JOB, {names.TAG_LAUNCHED_BY: names.COMMAND_LINE})
        progress.note(f"Dagster run {run.run_id}")
        failure: TestdataError | None = None
        started = time.monotonic()
        _cancel_on_signal(run)
        for event in run.events():
            if event.is_step_failure and failure is None:
                failure = failure_of(event)
        if run.status == dg.DagsterRunStatus.CANCELED:
            raise RefusedError(
                "The refresh was interrupted; the published image is as it was",
                where=f"run {run.run_id}",
                remedy="Run it again; the next refresh cleans up what this one left.",
                code="interrupted",
            )
        document = _document(run.run_id, time.monotonic() - started)
        if document is None or (failure is not None and document["status"] != "rejected"):
            raise failure or RefusedError(
                f"The run ended as {run.status.value.lower()} without saying why",
                where=f"run {run.run_id}",
                remedy="Look at the run's page in the Dagster UI (`testdata up`).",
                code="run-failed",
            )
        return document


def _document(run_id: str, total: float) -> dict[str, Any] | None:
    """What the registry knows of the image that the run validated, or None if it did not come so far."""
    workplace = Workplace()
    try:
        registry = GoldenRegistry(workplace.control)
        image = registry.image_of_run(run_id)
        if image is None or image.checks is None:
            return None
        snapshot = registry.snapshot(image.snapshot_id)
    finally:
        workplace.close()
    stages = {"snapshot": snapshot.seconds or 0.0, **image.seconds, "total": total}
    return {
        "golden_id": image.golden_id,
        "status": image.status,
        "database": image.database_name,
        "snapshot_id": image.snapshot_id,
        "tables": image.table_count or 0,
        "rows": image.row_count or 0,
        "bytes": image.bytes or 0,
        "seconds": {stage: round(float(stages.get(stage, 0.0)), 3) for stage in _STAGES},
        "checks": image.checks,
        "keys": predicate(image.attestation)["keys"] if image.attestation else None,
        "run_id": run_id,
    }


def _instance() -> dg.DagsterInstance:
    home = os.environ.get("DAGSTER_HOME")
    if not home:
        raise EnvironmentLack(
            "DAGSTER_HOME is not set",
            where="DAGSTER_HOME",
            remedy="Start refreshes with `testdata refresh`, which sets it.",
            code="dagster-home",
        )
    return open_instance(home)


def _cancel_on_signal(run: LocalRun) -> None:
    """SIGTERM does what Ctrl-C does. Dagster raises the interrupt inside the step; here the run is told first."""

    def handle(number: int, frame: FrameType | None) -> None:
        run.ask_to_cancel()
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


if __name__ == "__main__":
    sys.exit(main())
