"""The difference between open pull requests and live branches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from testdata_assets.branches.registry import Branch
from testdata_assets.pull_requests.inbox import PullRequestState
from testdata_assets.pull_requests.reconcile import compare

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=5)


def state(number: int = 1, *, wanted: bool = True, sha: str | None = "a" * 40, **changes: Any) -> PullRequestState:
    facts: dict[str, Any] = {
        "branch_name": f"pr-{number}",
        "repository": None,
        "number": number,
        "head_sha": sha,
        "wanted": wanted,
        "occurred_at": EARLIER,
        "event_id": number,
    }
    return PullRequestState(**{**facts, **changes})


def branch(number: int = 1, status: str = "ready", **changes: Any) -> Branch:
    facts: dict[str, Any] = {
        "branch_id": number,
        "name": f"pr-{number}",
        "golden_id": "g",
        "provider": "postgres",
        "database_name": f"branch_pr-{number}",
        "role_name": f"branch_pr-{number}",
        "status": status,
        "created_at": EARLIER,
        "pr_number": number,
        "head_sha": "a" * 40,
    }
    return Branch(**{**facts, **changes})


def kinds(desired: list[PullRequestState], actual: list[Branch]) -> list[tuple[str, str]]:
    return [(action.kind, action.branch_name) for action in compare(desired, actual, now=NOW)]


def test_nothing_to_do() -> None:
    assert kinds([], []) == []
    assert kinds([state()], [branch()]) == []
    assert kinds([state(wanted=False)], []) == []
    assert kinds([state(wanted=False)], [branch(status="deleted")]) == []


def test_open_without_branch_is_created_and_closed_with_one_deleted_first() -> None:
    assert kinds([state(1), state(2, wanted=False)], [branch(2)]) == [("delete", "pr-2"), ("create", "pr-1")]


@pytest.mark.parametrize("status", ["creating", "ready", "failed"])
def test_closed_pull_requests_lose_what_there_is(status: str) -> None:
    assert kinds([state(wanted=False)], [branch(status=status)]) == [("delete", "pr-1")]


@pytest.mark.parametrize("status", ["creating", "deleting"])
def test_work_in_progress_is_left_alone(status: str) -> None:
    assert kinds([state()], [branch(status=status)]) == []
    assert kinds([state(wanted=False)], [branch(status="deleting")]) == []


def test_branches_made_by_hand_are_left_alone() -> None:
    assert kinds([state(wanted=False)], [branch(pr_number=None)]) == []
    assert kinds([], [branch()]) == []


def test_a_branch_deleted_by_hand_comes_back_and_an_expired_one_does_not() -> None:
    gone = {"status": "deleted", "deleted_at": NOW - timedelta(hours=1)}
    assert kinds([state()], [branch(**gone, reason="asked")]) == [("create", "pr-1")]
    assert kinds([state()], [branch(**gone, reason="expired")]) == []


def test_an_expired_branch_comes_back_when_its_pull_request_moves() -> None:
    gone = branch(status="deleted", deleted_at=NOW - timedelta(hours=1), reason="expired")
    assert kinds([state(sha="b" * 40)], [gone]) == [("create", "pr-1")]
    assert kinds([state(occurred_at=NOW)], [gone]) == [("create", "pr-1")]


@pytest.mark.parametrize(
    ("failures", "minutes", "retried"),
    [(1, 0.5, False), (1, 1, True), (3, 3, False), (3, 4, True), (50, 59, False), (50, 60, True)],
)
def test_failed_branches_are_retried_ever_more_rarely(failures: int, minutes: float, retried: bool) -> None:
    failed = branch(status="failed", deleted_at=NOW - timedelta(minutes=minutes), failures=failures)
    assert kinds([state()], [failed]) == ([("create", "pr-1")] if retried else [])


def test_a_push_retries_a_failed_branch_at_once() -> None:
    failed = branch(status="failed", deleted_at=NOW, failures=9)
    assert kinds([state(sha="b" * 40)], [failed]) == [("create", "pr-1")]
