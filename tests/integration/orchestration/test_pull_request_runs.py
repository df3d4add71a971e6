"""From the inbox to run requests, over a real control database and a persistent Dagster instance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from testdata_assets.definitions import build_defs
from testdata_assets.orchestration import names, pull_request_runs
from testdata_assets.orchestration.branch_runs import delete_requested_branch
from testdata_assets.orchestration.resources import Workplace
from testdata_assets.postgres.control import ControlConnection, connect_control
from testdata_assets.postgres.places import Places
from testdata_assets.pull_requests.deliveries import pull_request_delivery
from testdata_assets.pull_requests.inbox import record_cli_event, record_delivery
from testdata_assets.settings import Settings


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as local:
        yield local


@pytest.fixture
def control(places: Places) -> Iterator[ControlConnection]:
    with connect_control(places.control) as conn:
        yield conn


def _launch(instance: dg.DagsterInstance, requests: pull_request_runs.Requests) -> None:
    """Records runs as the daemon would: partition keys first, then the runs with their tags."""
    definitions = build_defs(settings=Settings())
    instance.add_dynamic_partitions(names.PARTITIONS, requests.new_keys)
    for request in requests.runs:
        job = definitions.resolve_job_def(str(request.job_name))
        instance.create_run_for_job(job, tags=dict(request.tags), run_config=request.run_config)


def _statuses(control: ControlConnection) -> list[tuple[Any, Any]]:
    rows = control.execute("SELECT status, reason FROM testdata.pull_request_events ORDER BY event_id")
    return [(row["status"], row["reason"]) for row in rows]


def test_an_opened_request_gets_a_key_and_a_run_and_is_filed_once_the_run_is_recorded(
    instance: dg.DagsterInstance, control: ControlConnection
) -> None:
    name = record_cli_event(control, "open", 7, "Acme/Shop")
    requests = pull_request_runs.drain(instance, control)
    (run,) = requests.runs
    assert (run.job_name, run.partition_key, requests.new_keys) == ("create_branch", name, [name])
    assert run.tags["testdata/branch"] == name
    assert _statuses(control) == [("pending", None)]

    again = pull_request_runs.drain(instance, control)
    assert [request.run_key for request in again.runs] == [run.run_key], "a lost tick asks with the same key"

    _launch(instance, requests)
    assert pull_request_runs.drain(instance, control).runs == []
    assert _statuses(control) == [("processed", None)]


def test_only_the_newest_event_of_a_pull_request_is_acted_upon(
    instance: dg.DagsterInstance, control: ControlConnection
) -> None:
    record_cli_event(control, "open", 1)
    record_cli_event(control, "close", 1)
    record_cli_event(control, "open", 2)
    requests = pull_request_runs.drain(instance, control)
    assert [(run.job_name, run.tags["testdata/branch"]) for run in requests.runs] == [
        ("delete_branch", "pr-1"),
        ("create_branch", "pr-2"),
    ]
    assert requests.new_keys == ["pr-2"]


def test_a_malformed_event_is_rejected_and_holds_up_nobody(
    instance: dg.DagsterInstance, control: ControlConnection
) -> None:
    broken = {"action": "opened", "number": -1, "pull_request": {"updated_at": "yesterday"}}
    record_delivery(control, pull_request_delivery("11111111-0000-0000-0000-000000000001", broken))
    record_cli_event(control, "open", 3)
    requests = pull_request_runs.drain(instance, control)
    assert [run.partition_key for run in requests.runs] == ["pr-3"]
    assert [status for status, _ in _statuses(control)] == ["rejected", "pending"]
    assert _statuses(control)[0][1], "the reason is recorded"


def test_the_sensor_gives_key_and_run_in_one_tick(
    instance: dg.DagsterInstance, control: ControlConnection, settings: Settings
) -> None:
    record_cli_event(control, "open", 4)
    repository = build_defs(settings=settings).get_repository_def()
    sensor = repository.get_sensor_def("pull_request_events")
    workplace = Workplace(lambda: settings)
    with dg.build_sensor_context(
        instance_ref=instance.get_ref(), repository_def=repository, resources={"workplace": workplace}
    ) as context:
        data = sensor.evaluate_tick(context)
    workplace.close()
    (run,) = data.run_requests or []
    assert run.partition_key == "pr-4"
    (added,) = data.dynamic_partitions_requests or []
    assert list(added.partition_keys) == ["pr-4"]


def test_reconciliation_asks_for_what_a_lost_run_left_missing(
    instance: dg.DagsterInstance, control: ControlConnection
) -> None:
    record_cli_event(control, "open", 5)
    assert pull_request_runs.reconcile(instance, control).runs == [], "a young event belongs to the event sensor"
    control.execute("UPDATE testdata.pull_request_events SET status = 'processed', processed_at = now()")
    requests = pull_request_runs.reconcile(instance, control)
    assert [(run.job_name, run.partition_key) for run in requests.runs] == [("create_branch", "pr-5")]
    _launch(instance, requests)
    assert pull_request_runs.reconcile(instance, control).runs == [], "a run for that branch is under way"


def test_a_closed_request_without_a_branch_still_loses_its_key(
    instance: dg.DagsterInstance, settings: Settings, control: ControlConnection
) -> None:
    instance.add_dynamic_partitions(names.PARTITIONS, ["pr-6", "pr-60"])
    workplace = Workplace(lambda: settings)
    try:
        described = delete_requested_branch(instance, workplace, "pr-6")
        assert described == {"branch": "pr-6", "status": "never existed", "partition_key_deleted": True}
        assert instance.get_dynamic_partitions(names.PARTITIONS) == ["pr-60"]
        again = delete_requested_branch(instance, workplace, "pr-6")
        assert again["partition_key_deleted"] is False
    finally:
        workplace.close()
