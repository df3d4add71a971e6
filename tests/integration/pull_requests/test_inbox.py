"""The inbox: idempotent filing, marking, and a desired state that no order of arrival changes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from testdata_assets.errors import UsageFault
from testdata_assets.postgres.control import ControlConnection, connect_control
from testdata_assets.postgres.places import Places
from testdata_assets.pull_requests.deliveries import pull_request_delivery
from testdata_assets.pull_requests.inbox import (
    desired_state,
    file_decision,
    mark_processed,
    mark_rejected,
    pending,
    record_cli_event,
    record_delivery,
)
from testdata_assets.pull_requests.policy import Ignore, Open, Reject

SHAS = {"opened": "a" * 40, "synchronize": "b" * 40, "closed": "b" * 40, "reopened": "b" * 40}


@pytest.fixture
def control(places: Places) -> Iterator[ControlConnection]:
    with connect_control(places.control) as conn:
        yield conn


def payload(
    action: str, at: str, *, number: Any = 1, repository: str = "acme/shop", fork: bool = False
) -> dict[str, Any]:
    name = {"full_name": repository}
    head = {"full_name": "stranger/shop"} if fork else name
    return {
        "action": action,
        "number": number,
        "pull_request": {
            "number": number,
            "updated_at": at,
            "head": {"sha": SHAS.get(action, "c" * 40), "repo": head},
            "base": {"repo": name},
        },
        "repository": name,
    }


def deliver(control: ControlConnection, delivery: str, body: dict[str, Any]) -> str:
    return record_delivery(control, pull_request_delivery(delivery, body))


def settle(control: ControlConnection) -> None:
    for event in pending(control):
        file_decision(control, event)


LIFE = {
    "opened": "2026-03-01T10:00:00Z",
    "synchronize": "2026-03-01T10:00:05Z",
    "closed": "2026-03-01T10:00:09Z",
}


@pytest.mark.parametrize("settled_between", [False, True])
def test_every_order_of_arrival_ends_in_the_same_state(control: ControlConnection, settled_between: bool) -> None:
    for number, order in enumerate(itertools.permutations(LIFE), start=1):
        for action in order:
            deliver(control, f"{number}-{action}", payload(action, LIFE[action], number=number))
            if settled_between:
                settle(control)
    states = desired_state(control)
    assert len(states) == 6
    assert {state.wanted for state in states} == {False}


def test_within_one_second_closing_follows_opening_and_pushing(control: ControlConnection) -> None:
    at = "2026-03-01T10:00:00Z"
    for number, order in enumerate(itertools.permutations(("opened", "synchronize", "closed")), start=1):
        for action in order:
            deliver(control, f"{number}-{action}", payload(action, at, number=number))
    assert {state.wanted for state in desired_state(control)} == {False}


def test_reopening_opens_again_with_the_newest_head(control: ControlConnection) -> None:
    deliver(control, "3", payload("reopened", "2026-03-01T11:00:00Z"))
    deliver(control, "2", payload("closed", "2026-03-01T10:30:00Z"))
    deliver(control, "1", payload("opened", "2026-03-01T10:00:00Z"))
    (state,) = desired_state(control)
    assert (state.branch_name, state.wanted, state.head_sha) == ("acme--shop--pr-1", True, "b" * 40)


def test_a_late_fork_or_malformed_event_hides_no_state(control: ControlConnection) -> None:
    deliver(control, "1", payload("opened", "2026-03-01T10:00:00Z"))
    deliver(control, "2", payload("synchronize", "2026-03-01T12:00:00Z", fork=True))
    deliver(control, "3", {**payload("closed", "2026-03-01T13:00:00Z"), "pull_request": {"head": 5}})
    for _ in range(2):
        (state,) = desired_state(control)
        assert (state.wanted, state.head_sha) == (True, "a" * 40)
        settle(control)


def test_two_repositories_share_a_number_and_not_a_state(control: ControlConnection) -> None:
    deliver(control, "1", payload("opened", "2026-03-01T10:00:00Z", repository="acme/shop"))
    deliver(control, "2", payload("closed", "2026-03-01T10:00:00Z", repository="acme/site"))
    assert {state.branch_name: state.wanted for state in desired_state(control)} == {
        "acme--shop--pr-1": True,
        "acme--site--pr-1": False,
    }


def test_a_repository_written_in_another_case_is_the_same(control: ControlConnection) -> None:
    deliver(control, "1", payload("opened", "2026-03-01T10:00:00Z", repository="Acme/Shop"))
    deliver(control, "2", payload("closed", "2026-03-01T11:00:00Z", repository="acme/shop"))
    settle(control)
    (state,) = desired_state(control)
    assert not state.wanted


def test_the_command_line_uses_the_same_inbox(control: ControlConnection) -> None:
    assert record_cli_event(control, "open", 7) == "pr-7"
    assert record_cli_event(control, "open", 7, "acme/shop") == "acme--shop--pr-7"
    assert record_cli_event(control, "close", 7) == "pr-7"
    assert [type(event.decision).__name__ for event in pending(control)] == ["Open", "Open", "Close"]
    assert {state.branch_name: state.wanted for state in desired_state(control)} == {
        "pr-7": False,
        "acme--shop--pr-7": True,
    }
    record_cli_event(control, "open", 7)
    assert {state.branch_name: state.wanted for state in desired_state(control)}["pr-7"]


@pytest.mark.parametrize(("action", "number", "repository"), [("open", 0, None), ("open", 1, "x"), ("merge", 1, None)])
def test_what_the_command_line_cannot_file(
    control: ControlConnection, action: Any, number: int, repository: str | None
) -> None:
    with pytest.raises(UsageFault):
        record_cli_event(control, action, number, repository)
    assert pending(control) == []


def test_garbage_in_the_table_is_rejected_and_blocks_nobody(control: ControlConnection) -> None:
    """Rows that no receiver of ours wrote, as another program or a person might."""
    for number, (action, number_column, body) in enumerate(
        [(None, None, None), ("opened", None, Jsonb([1])), ("opened", -1, Jsonb("x")), ("closed", 5, Jsonb({}))]
    ):
        control.execute(
            "INSERT INTO testdata.pull_request_events (delivery_id, source, event, action, pr_number, payload)"
            " VALUES (%s, 'github', 'pull_request', %s, %s, %s)",
            (f"g-{number}", action, number_column, body),
        )
    deliver(control, "good", payload("opened", "2026-03-01T10:00:00Z"))
    decisions = [event.decision for event in pending(control)]
    assert [isinstance(decision, Reject) for decision in decisions] == [True] * 4 + [False]
    assert [state.branch_name for state in desired_state(control)] == ["acme--shop--pr-1"]
    settle(control)
    assert pending(control) == []
    rejected = control.execute(
        "SELECT count(*) AS n FROM testdata.pull_request_events WHERE status = 'rejected' AND reason <> ''"
    ).fetchone()
    assert rejected == {"n": 4}


def test_marks_are_given_once_and_the_oldest_come_first(control: ControlConnection) -> None:
    for number in range(1, 6):
        deliver(control, str(number), payload("opened", "2026-03-01T10:00:00Z", number=number))
    deliver(control, "label", payload("labeled", "2026-03-01T10:00:00Z"))
    first, second = pending(control, limit=2)
    assert first.event_id < second.event_id
    assert isinstance(first.decision, Open)
    assert mark_processed(control, first.event_id)
    assert not mark_processed(control, first.event_id)
    assert not mark_rejected(control, first.event_id, "late")
    assert mark_rejected(control, second.event_id, "for a test")
    rest = pending(control)
    assert [event.delivery_id for event in rest] == ["3", "4", "5", "label"]
    assert isinstance(rest[-1].decision, Ignore)
    file_decision(control, rest[-1])
    row = control.execute(
        "SELECT status, reason FROM testdata.pull_request_events WHERE delivery_id = 'label'"
    ).fetchone()
    assert row == {"status": "processed", "reason": "action changes nothing about branches"}
