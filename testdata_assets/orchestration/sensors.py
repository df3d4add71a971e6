"""The sensors: pull-request events, reconciliation of branches, and who is told when a refresh fails or is late.

Each is a few lines around a function that can be tested without a daemon.
"""

from __future__ import annotations

import dagster as dg

from testdata_assets.errors import TestdataError
from testdata_assets.orchestration import alerts, names, pull_request_runs
from testdata_assets.orchestration.failures import failure_of, sanitised
from testdata_assets.orchestration.jobs import (
    create_branch,
    delete_branch,
    reconcile_branches,
    refresh_golden_image,
)
from testdata_assets.orchestration.resources import Workplace


@dg.sensor(
    jobs=[create_branch, delete_branch],
    minimum_interval_seconds=3,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Drains the inbox that the webhook receiver and `testdata pr` fill: an opened pull request gets a partition "
        "and a run that makes its branch, a closed one a run that deletes both. Events that cannot be understood are "
        "recorded as rejected, with the reason, and never hold up the others."
    ),
)
@sanitised
def pull_request_events(
    context: dg.SensorEvaluationContext, workplace: dg.ResourceParam[Workplace]
) -> dg.SensorResult | dg.SkipReason:
    requests = pull_request_runs.drain(context.instance, workplace.control)
    return requests.result("no event waits")


@dg.sensor(
    jobs=[create_branch, delete_branch, reconcile_branches],
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Compares the open pull requests with the branches there are and asks for what is missing or too much, so that "
        "lost or late deliveries and crashed runs end in the same state."
    ),
)
@sanitised
def branch_reconciliation(
    context: dg.SensorEvaluationContext, workplace: dg.ResourceParam[Workplace]
) -> dg.SensorResult | dg.SkipReason:
    requests = pull_request_runs.reconcile(context.instance, workplace.control)
    return requests.result("branches are as the pull requests want them")


@dg.run_failure_sensor(
    name="refresh_failure",
    monitored_jobs=[refresh_golden_image],
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Records an alert, and posts it to TESTDATA_ALERT_URL, when a refresh fails or its image is rejected.",
)
@sanitised
def refresh_failure(context: dg.RunFailureSensorContext, workplace: dg.ResourceParam[Workplace]) -> None:
    from testdata_assets.golden.registry import GoldenRegistry

    run_id = context.dagster_run.run_id
    image = GoldenRegistry(workplace.control).image_of_run(run_id)
    if image is not None and image.status == "rejected" and image.checks is not None:
        failed = [str(check["name"]) for check in image.checks if not check["passed"]]
        kind = alerts.REFRESH_REJECTED
        message = f"Golden image {image.golden_id} was rejected: {', '.join(failed)} failed (run {run_id})."
        message += " The published image is as it was."
    else:
        failures = [failure_of(event) for event in context.get_step_failure_events()]
        said = _said(failures[0]) if failures else "No step says why."
        kind = alerts.REFRESH_FAILED
        message = f"The golden image refresh failed (run {run_id}). The published image is as it was. {said}"
    alerts.raise_alert(workplace.control, workplace.settings, kind=kind, subject=run_id, message=message)


def _said(error: TestdataError) -> str:
    """An error with every problem behind it, as an alert tells it."""
    return "\n".join([f"{error.what} ({error.where}). {error.remedy}", *error.details])


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Alerts once when the published image becomes older than its freshness policy allows.",
)
@sanitised
def golden_image_staleness(
    context: dg.SensorEvaluationContext, workplace: dg.ResourceParam[Workplace]
) -> dg.SensorResult | dg.SkipReason:
    key = dg.AssetKey("validated_golden_image")
    record = context.instance.get_freshness_state_records([key]).get(key)
    state = record.freshness_state.value if record is not None else "UNKNOWN"
    if state != "FAIL" or record is None:
        return dg.SkipReason(f"the image's freshness is {state}")
    since = record.updated_at.isoformat(timespec="seconds")
    new = alerts.raise_alert(
        workplace.control,
        workplace.settings,
        kind=alerts.IMAGE_STALE,
        subject=f"{names.STALE_SUBJECT} {since}",
        message="No refresh has published a golden image for longer than the schedule allows. "
        "See the runs of refresh_golden_image.",
    )
    return dg.SkipReason("stale; alerted now" if new else f"stale; alerted before (since {since})")


SENSORS = [pull_request_events, branch_reconciliation, refresh_failure, golden_image_staleness]
