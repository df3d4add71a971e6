"""A tick that would overlap a refresh is skipped; a refresh whose process died does not block for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from testdata_assets.definitions import build_defs
from testdata_assets.orchestration import overlap
from testdata_assets.orchestration.resources import Workplace
from testdata_assets.settings import Settings


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A persistent one: a schedule opens its instance by reference."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as local:
        yield local


@pytest.fixture
def workplace(monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """One whose lock is free."""
    monkeypatch.setattr(Workplace, "control", None)
    _lock(monkeypatch, held=False)
    return Workplace(lambda: Settings())


def _lock(monkeypatch: pytest.MonkeyPatch, *, held: bool) -> None:
    monkeypatch.setattr("testdata_assets.golden.refresh.refresh_is_running", lambda control: held)


def _run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    job = build_defs(settings=Settings()).resolve_job_def("refresh_golden_image")
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.NOT_STARTED)
    if status == dg.DagsterRunStatus.STARTED:
        instance.report_dagster_event(dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, job.name), run_id=run.run_id)
    return run


def _tick(instance: dg.DagsterInstance, workplace: Workplace) -> dg.RunRequest | dg.SkipReason:
    schedule = build_defs(settings=Settings()).get_repository_def().get_schedule_def("daily_golden_refresh")
    with dg.build_schedule_context(instance=instance, resources={"workplace": workplace}) as context:
        data = schedule.evaluate_tick(context)
    return data.run_requests[0] if data.run_requests else dg.SkipReason(data.skip_message)


def test_a_tick_with_nothing_under_way_asks_for_a_run(instance: dg.DagsterInstance, workplace: Workplace) -> None:
    request = _tick(instance, workplace)
    assert isinstance(request, dg.RunRequest)
    assert request.tags["testdata/launched_by"] == "schedule"


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
def test_a_tick_during_a_refresh_is_skipped_naming_its_run(
    status: dg.DagsterRunStatus, instance: dg.DagsterInstance, workplace: Workplace
) -> None:
    run = _run(instance, status)
    skipped = _tick(instance, workplace)
    assert isinstance(skipped, dg.SkipReason)
    assert run.run_id in str(skipped.skip_message)


def test_a_refresh_outside_of_the_job_counts_as_well(
    instance: dg.DagsterInstance, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lock(monkeypatch, held=True)
    skipped = _tick(instance, workplace)
    assert isinstance(skipped, dg.SkipReason)
    assert "lock" in str(skipped.skip_message)


def test_a_run_whose_process_is_gone_is_failed_and_the_tick_goes_on(
    instance: dg.DagsterInstance, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(instance, dg.DagsterRunStatus.STARTED)
    monkeypatch.setattr(overlap, "LOCK_GRACE_SECONDS", -1.0)
    assert isinstance(_tick(instance, workplace), dg.RunRequest)
    dead = instance.get_run_by_id(run.run_id)
    assert dead is not None
    assert dead.status == dg.DagsterRunStatus.FAILURE


def test_a_long_run_that_holds_the_lock_is_alive(
    instance: dg.DagsterInstance, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(instance, dg.DagsterRunStatus.STARTED)
    _lock(monkeypatch, held=True)
    monkeypatch.setattr(overlap, "LOCK_GRACE_SECONDS", -1.0)
    skipped = _tick(instance, workplace)
    assert isinstance(skipped, dg.SkipReason)
    assert run.run_id in str(skipped.skip_message)
