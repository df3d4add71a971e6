"""Nothing that Dagster stores of a failed step may hold a raw value."""

from __future__ import annotations

import dagster as dg
import psycopg
import pytest

from testdata_assets.errors import EnvironmentLack, RefusedError
from testdata_assets.masking.plan_problems import PlanRefused, Problem
from testdata_assets.masking.rule_errors import Mark
from testdata_assets.orchestration.failures import RETRY_TRANSIENT, as_failure, failure_of, sanitised

SECRET = "raw-4711@example.com"


def _run(body: object, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    @dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
    @sanitised
    def step(context: dg.OpExecutionContext) -> None:
        body()  # type: ignore[operator]

    @dg.job(executor_def=dg.in_process_executor)
    def one() -> None:
        step()

    return one.execute_in_process(instance=instance, raise_on_error=False)


def _everything_stored(instance: dg.DagsterInstance, run_id: str) -> str:
    return "\n".join(repr(entry) for entry in instance.all_logs(run_id))


def _driver_error_within_another() -> None:
    try:
        raise psycopg.errors.CheckViolation(f"DETAIL: Failing row contains ({SECRET})")
    except psycopg.Error as error:
        raise ValueError(f"while loading {SECRET}") from error


def _known_error_within_a_driver_error() -> None:
    try:
        raise psycopg.errors.CheckViolation(f"DETAIL: Failing row contains ({SECRET})")
    except psycopg.Error:
        raise RefusedError("A row does not fit", where="public.users", remedy="Look.") from None


@pytest.mark.parametrize("body", [_driver_error_within_another, _known_error_within_a_driver_error])
def test_no_message_and_no_cause_reaches_the_event_log(body: object) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = _run(body, instance)
        assert not result.success
        stored = _everything_stored(instance, result.run_id)
        assert "STEP_FAILURE" in stored
        assert SECRET not in stored


def test_generators_are_sanitised_too() -> None:
    @dg.op(out=dg.DynamicOut())
    @sanitised
    def step(context: dg.OpExecutionContext):  # type: ignore[no-untyped-def]
        yield dg.DynamicOutput(1, "a")
        _driver_error_within_another()

    @dg.job(executor_def=dg.in_process_executor)
    def one() -> None:
        step()

    with dg.DagsterInstance.ephemeral() as instance:
        result = one.execute_in_process(instance=instance, raise_on_error=False)
        assert not result.success
        assert SECRET not in _everything_stored(instance, result.run_id)


def test_code_where_and_remedy_survive_the_way_through_dagster() -> None:
    def body() -> None:
        raise EnvironmentLack("There is no key", where="TESTDATA_MASKING_KEY", remedy="Set it.", code="key-missing")

    with dg.DagsterInstance.ephemeral() as instance:
        (event,) = [event for event in _run(body, instance).all_events if event.is_step_failure]
        error = failure_of(event)
    assert isinstance(error, EnvironmentLack)
    assert error.as_json()["error"] == {
        "code": "key-missing",
        "message": "There is no key",
        "where": "TESTDATA_MASKING_KEY",
        "remedy": "Set it.",
    }


def test_every_problem_survives_the_way_through_dagster() -> None:
    refused = PlanRefused(
        Problem(
            "stale", f"public.t{number}", "x", "text", "no such column", "Remove it.", Mark("masking.yaml", number, 5)
        )
        for number in range(1, 15)
    )

    def body() -> None:
        raise refused

    with dg.DagsterInstance.ephemeral() as instance:
        (event,) = [event for event in _run(body, instance).all_events if event.is_step_failure]
        error = failure_of(event)
    assert error.as_json() == refused.as_json()
    assert error.details[13] == "masking.yaml:14:5: public.t14.x (text): no such column. Remove it."
    told = as_failure(refused).description
    assert told is not None
    assert all(line in told for line in refused.details)


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (psycopg.errors.DeadlockDetected("x"), 2),
        (psycopg.OperationalError("connection lost"), 2),
        (psycopg.errors.DiskFull("x"), 1),
        (psycopg.errors.UniqueViolation("x"), 1),
        (RefusedError("no", where="here", remedy="stop"), 1),
        (EnvironmentLack("no answer", where="host", remedy="wait", code="connection-failed"), 2),
    ],
)
def test_only_transient_errors_are_tried_again(error: Exception, tries: int) -> None:
    calls = []

    def body() -> None:
        calls.append(1)
        raise error

    with dg.DagsterInstance.ephemeral() as instance:
        _run(body, instance)
    assert len(calls) == tries


def test_assets_retry_with_growing_pauses() -> None:
    assert RETRY_TRANSIENT.max_retries == 2
    assert RETRY_TRANSIENT.backoff == dg.Backoff.EXPONENTIAL


def _tidying_up_after_an_interrupt_fails() -> None:
    try:
        raise dg.DagsterExecutionInterruptedError
    finally:
        raise psycopg.OperationalError(f"another command is in progress: {SECRET}")


def test_an_interrupt_is_no_transient_error_even_if_tidying_up_fails() -> None:
    calls = []

    def body() -> None:
        calls.append(1)
        _tidying_up_after_an_interrupt_fails()

    with dg.DagsterInstance.ephemeral() as instance:
        result = _run(body, instance)
        assert not result.success
        assert len(calls) == 1
        assert SECRET not in _everything_stored(instance, result.run_id)
