"""From the inbox and the registry to run requests: which branches to make and delete now. No Dagster sensor here.

A pending event is marked as processed only once the run it asked for is recorded. A daemon that dies in between
asks again with the same run key, and Dagster drops the second request.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from testdata_assets.orchestration import names
from testdata_assets.orchestration.overlap import UNFINISHED
from testdata_assets.orchestration.partitions import pull_requests

if TYPE_CHECKING:
    from testdata_assets.postgres.control import ControlConnection

_YOUNG_SECONDS = 60  # events younger than this are left to the event sensor
_AGAIN_SECONDS = 600  # how often the reconciliation asks again for what did not come about


@dataclass
class Requests:
    """What a tick asks Dagster for, and what it did itself."""

    runs: list[dg.RunRequest] = field(default_factory=list)
    new_keys: list[str] = field(default_factory=list)
    filed: int = 0

    def result(self, nothing: str) -> dg.SensorResult | dg.SkipReason:
        """As a sensor returns it."""
        if not self.runs:
            return dg.SkipReason(f"{self.filed} events filed; {nothing}" if self.filed else nothing)
        added = [pull_requests.build_add_request(self.new_keys)] if self.new_keys else []
        return dg.SensorResult(run_requests=self.runs, dynamic_partitions_requests=added)


def drain(instance: dg.DagsterInstance, control: ControlConnection) -> Requests:
    """Deals with the pending events: files those that change nothing, asks for runs for the others.

    Only the newest event of a pull request, by GitHub's clock, is acted upon; late and overtaken ones are filed.
    An event that cannot be understood is filed as rejected and never keeps the ones behind it waiting.
    """
    from testdata_assets.pull_requests.inbox import desired_state, file_decision, mark_processed, pending
    from testdata_assets.pull_requests.policy import Close, Open

    requests = Requests()
    events = pending(control)
    newest = {state.branch_name: state for state in desired_state(control)}
    launched = _events_with_runs(instance, (event.event_id for event in events))
    for event in events:
        decision = event.decision
        if not isinstance(decision, Open | Close):
            requests.filed += file_decision(control, event)
            continue
        state = newest.get(decision.branch_name)
        if state is not None and state.event_id != event.event_id:
            requests.filed += mark_processed(control, event.event_id, "a newer event says how it is now")
        elif event.event_id in launched:
            requests.filed += mark_processed(control, event.event_id)
        else:
            _ask(
                requests,
                kind="create" if isinstance(decision, Open) else "delete",
                name=decision.branch_name,
                run_key=f"{decision.branch_name}:{decision.head_sha or 'no-sha'}:{event.event_id}",
                repository=decision.repository,
                number=decision.number,
                head_sha=decision.head_sha,
                event_id=event.event_id,
            )
    return requests


def reconcile(instance: dg.DagsterInstance, control: ControlConnection) -> Requests:
    """Compares the open pull requests with the branches there are, and asks for what is missing or too much.

    This is what makes lost, late and repeated deliveries, crashed runs and restored backups end in the same state.
    """
    from testdata_assets.branches.registry import BranchRegistry
    from testdata_assets.pull_requests.inbox import desired_state
    from testdata_assets.pull_requests.reconcile import compare

    requests = Requests()
    registry = BranchRegistry(control)
    actual = registry.all(include_deleted=True)
    rows = {branch.name: branch.branch_id for branch in actual}
    busy = _busy_branches(instance)
    young = _young_events(control)
    turn = int(time.time() // _AGAIN_SECONDS)
    desired = desired_state(control)
    for action in compare(desired, actual, now=datetime.now(UTC)):
        if action.branch_name in busy or action.event_id in young:
            continue
        _ask(
            requests,
            kind=action.kind,
            name=action.branch_name,
            run_key=f"{action.kind}:{action.branch_name}:{action.event_id}:{rows.get(action.branch_name, 0)}:{turn}",
            repository=action.repository,
            number=action.number,
            head_sha=action.head_sha,
            event_id=action.event_id,
            reason=action.reason,
        )
    unfinished = [branch.name for branch in registry.unfinished() if branch.name not in busy]
    stale_keys = keys_to_drop(instance, control, busy)
    if unfinished or stale_keys or registry.expired():
        requests.runs.append(dg.RunRequest(run_key=f"repair:{turn}", job_name=names.RECONCILE_JOB))
    return requests


def keys_to_drop(instance: dg.DagsterInstance, control: ControlConnection, busy: Iterable[str] = ()) -> list[str]:
    """Partition keys whose branch is deleted and whose pull request wants none. Keys added by hand are left alone."""
    from testdata_assets.branches.registry import BranchRegistry
    from testdata_assets.pull_requests.inbox import desired_state

    deleted = {row.name for row in BranchRegistry(control).all(include_deleted=True) if row.status == "deleted"}
    wanted = {state.branch_name for state in desired_state(control) if state.wanted}
    keys = instance.get_dynamic_partitions(names.PARTITIONS)
    return [key for key in keys if key in deleted and key not in wanted and key not in busy]


def _ask(
    requests: Requests,
    *,
    kind: str,
    name: str,
    run_key: str,
    repository: str | None,
    number: int,
    head_sha: str | None,
    event_id: int,
    reason: str = "an event of the pull request",
) -> None:
    tags = {
        names.TAG_BRANCH: name,
        names.TAG_EVENT: str(event_id),
        names.TAG_PULL_REQUEST: str(number),
        names.TAG_REASON: reason,
        **({names.TAG_REPOSITORY: repository} if repository else {}),
        **({names.TAG_HEAD_SHA: head_sha} if head_sha else {}),
    }
    if kind == "delete":
        delete = {"ops": {"drop_branch": {"config": {"name": name}}}}
        requests.runs.append(dg.RunRequest(run_key=run_key, job_name=names.DELETE_JOB, run_config=delete, tags=tags))
        return
    asked: dict[str, str | int] = {"pull_request": number}
    if repository:
        asked["repository"] = repository
    if head_sha:
        asked["head_sha"] = head_sha
    config = {"ops": {"pull_request_branch": {"config": asked}}}
    requests.new_keys.append(name)
    requests.runs.append(
        dg.RunRequest(run_key=run_key, job_name=names.CREATE_JOB, partition_key=name, run_config=config, tags=tags)
    )


def _events_with_runs(instance: dg.DagsterInstance, event_ids: Iterable[int]) -> set[int]:
    """Those of the events for which a run is recorded already, whatever became of it."""
    wanted = [str(event_id) for event_id in event_ids]
    if not wanted:
        return set()
    runs = instance.get_runs(dg.RunsFilter(tags={names.TAG_EVENT: wanted}))
    return {int(run.tags[names.TAG_EVENT]) for run in runs}


def _busy_branches(instance: dg.DagsterInstance) -> set[str]:
    """Branches that a queued or running run is about."""
    found: set[str] = set()
    for job in (names.CREATE_JOB, names.DELETE_JOB):
        for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=UNFINISHED)):
            name = run.tags.get(names.TAG_BRANCH) or run.tags.get("dagster/partition")
            if name:
                found.add(name)
    return found


def _young_events(control: ControlConnection) -> set[int]:
    rows = control.execute(
        "SELECT event_id FROM testdata.pull_request_events"
        " WHERE status = 'pending' AND received_at > now() - make_interval(secs => %s)",
        (_YOUNG_SECONDS,),
    )
    return {row["event_id"] for row in rows}
