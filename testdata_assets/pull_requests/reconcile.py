"""The difference between open pull requests and live branches, as a list of things to do. Pure.

A branch that expired stays away until its pull request moves again; a failed one is retried ever more rarely.
Branches made by hand, without a pull request, are none of its business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from testdata_assets.branches.registry import Branch
from testdata_assets.pull_requests.inbox import PullRequestState

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)


@dataclass(frozen=True)
class Action:
    """One thing to do.

    Attributes:
        kind: `create` also for a retry; `delete`.
        reason: For logs and run tags.
        event_id: The event the state rests on; part of the run key.
    """

    kind: Literal["create", "delete"]
    branch_name: str
    repository: str | None
    number: int
    head_sha: str | None
    reason: str
    event_id: int


def compare(desired: Iterable[PullRequestState], actual: Iterable[Branch], *, now: datetime) -> list[Action]:
    """What to do so that exactly the open pull requests have a branch.

    Args:
        desired: From `inbox.desired_state`.
        actual: From `BranchService.list(include_deleted=True)`: the newest row of each name.
        now: For the retries.

    Returns:
        Deletes first, as they make room; each in the order of their events.
    """
    branches = {branch.name: branch for branch in actual}
    actions = []
    for state in desired:
        branch = branches.get(state.branch_name)
        found = _to_open(state, branch, now) if state.wanted else _to_close(state, branch)
        if found is not None:
            actions.append(found)
    return sorted(actions, key=lambda action: (action.kind != "delete", action.event_id))


def _to_close(state: PullRequestState, branch: Branch | None) -> Action | None:
    # A row that says creating or deleting is either being worked on or for BranchService.reconcile to settle,
    # but its pull request is closed in any case, and deleting waits for its lock and ends in the same state.
    if branch is None or branch.status in {"deleted", "deleting"} or branch.pr_number is None:
        return None
    return _action("delete", state, "the pull request is closed")


def _to_open(state: PullRequestState, branch: Branch | None, now: datetime) -> Action | None:
    if branch is None:
        return _action("create", state, "the pull request has no branch")
    if branch.status == "deleted":
        if branch.reason == "expired" and not _moved_since(state, branch):
            return None
        return _action("create", state, "the pull request has no branch any more")
    if branch.status == "failed":
        since = branch.deleted_at or branch.created_at
        if _moved_since(state, branch) or now - since >= _retry_delay(branch):
            return _action("create", state, "the last attempt failed")
    return None


def _moved_since(state: PullRequestState, branch: Branch) -> bool:
    """Whether the pull request has another head than the branch was made for, or was reopened since."""
    if state.head_sha is not None and state.head_sha != branch.head_sha:
        return True
    return branch.deleted_at is not None and state.occurred_at > branch.deleted_at


def _retry_delay(branch: Branch) -> timedelta:
    """A minute after the first failure, twice as long after each further one, at most an hour."""
    doublings = min(max(branch.failures - 1, 0), 6)
    return min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)


def _action(kind: Literal["create", "delete"], state: PullRequestState, reason: str) -> Action:
    return Action(kind, state.branch_name, state.repository, state.number, state.head_sha, reason, state.event_id)
