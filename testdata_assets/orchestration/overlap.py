"""Is a refresh under way? Asked by the schedule before it starts another, and by the runner.

A run that a killed process left behind stays `STARTED` in Dagster for ever, so the lock in the control database,
which falls with its holder's connection, has the last word.
"""

from __future__ import annotations

import time

import dagster as dg

from testdata_assets.orchestration.names import REFRESH_JOB
from testdata_assets.orchestration.resources import Workplace

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

LOCK_GRACE_SECONDS = 120.0
"""How long a started run may take until it holds the lock: it loads its code and connects first."""


def refresh_in_progress(instance: dg.DagsterInstance, workplace: Workplace) -> str | None:
    """What is under way, as words for a skip reason: the run's id, or that something else holds the lock.

    Runs whose process is gone are marked as failed on the way, which also raises their alert.
    """
    from testdata_assets.golden.refresh import refresh_is_running

    locked = refresh_is_running(workplace.control)
    records = instance.get_run_records(dg.RunsFilter(job_name=REFRESH_JOB, statuses=UNFINISHED))
    for record in records:
        run = record.dagster_run
        began = record.start_time
        alive = locked or began is None or time.time() - began < LOCK_GRACE_SECONDS
        if alive:
            return f"run {run.run_id} is {run.status.value.lower()}"
        instance.report_run_failed(run, "The process of this refresh is gone: it no longer holds the refresh lock.")
    return "a refresh outside of this job holds the refresh lock" if locked else None
