"""What an event of the inbox asks for: a branch, no branch, or nothing. Pure; never raises on what came in.

A fork's pull request gets no branch: its code is a stranger's. Closing is always safe and needs no policy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from testdata_assets.branches.names import is_repository, pull_request_branch_name
from testdata_assets.pull_requests.deliveries import parse_moment

OPENING = frozenset({"opened", "reopened", "synchronize", "ready_for_review"})
CLOSING = frozenset({"closed"})

_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")
_LARGEST_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class Open:
    """The pull request is open and shall have a branch."""

    branch_name: str
    repository: str | None
    number: int
    head_sha: str | None


@dataclass(frozen=True)
class Close:
    """The pull request is closed; its branch, if any, shall go."""

    branch_name: str
    repository: str | None
    number: int
    head_sha: str | None


@dataclass(frozen=True)
class Ignore:
    """A sound event that changes nothing."""

    reason: str


@dataclass(frozen=True)
class Reject:
    """An event that cannot be understood."""

    reason: str


Decision = Open | Close | Ignore | Reject


class _Unsound(Exception):
    """What is wrong with the event; becomes a Reject."""


def decide(event: Mapping[str, Any]) -> Decision:
    """Decides about one row of the inbox.

    Args:
        event: Columns of `pull_request_events` by name: at least source, event, action, and for the command
            line's events pr_number and repository, for GitHub's the payload.

    Returns:
        Open, Close, Ignore or Reject; reasons hold no values of the payload.
    """
    if event.get("event") != "pull_request":
        return Ignore("not a pull_request event")
    action = event.get("action")
    if not isinstance(action, str):
        return Reject("action is missing or not a text")
    if action not in OPENING | CLOSING:
        return Ignore("action changes nothing about branches")
    try:
        if event.get("source") == "cli":
            return _decide_cli(event, action)
        return _decide_github(event.get("payload"), action)
    except _Unsound as problem:
        return Reject(str(problem))


def _decide_cli(event: Mapping[str, Any], action: str) -> Decision:
    number = _number(event.get("pr_number"), "pr_number")
    repository = event.get("repository")
    if repository is not None:
        repository = _repository(repository, "repository")
    branch = pull_request_branch_name(repository, number)
    kind = Close if action in CLOSING else Open
    return kind(branch, repository, number, _optional_sha(event.get("head_sha")))


def _decide_github(payload: object, action: str) -> Decision:
    body = _object(payload, "payload")
    number = _number(body.get("number"), "number")
    pull_request = _object(body.get("pull_request"), "pull_request")
    if "number" in pull_request and _number(pull_request["number"], "pull_request.number") != number:
        raise _Unsound("number and pull_request.number differ")
    if body.get("action") != action:
        raise _Unsound("action of the payload differs from the event's")
    if parse_moment(pull_request.get("updated_at")) is None:
        raise _Unsound("pull_request.updated_at is missing or not a time")
    repository = _repository(_object(body.get("repository"), "repository").get("full_name"), "repository.full_name")
    head = _object(pull_request.get("head"), "pull_request.head")
    sha = _sha(head.get("sha"), "pull_request.head.sha")
    branch = pull_request_branch_name(repository, number)
    if action in CLOSING:
        return Close(branch, repository, number, sha)
    base = _object(pull_request.get("base"), "pull_request.base")
    base_name = _repository(
        _object(base.get("repo"), "pull_request.base.repo").get("full_name"),
        "pull_request.base.repo.full_name",
    )
    head_repo = head.get("repo")
    if head_repo is None:  # GitHub sends null once the fork has been deleted
        return Ignore("fork")
    head_name = _repository(
        _object(head_repo, "pull_request.head.repo").get("full_name"), "pull_request.head.repo.full_name"
    )
    if not head_name.lower() == base_name.lower() == repository.lower():
        return Ignore("fork")
    return Open(branch, repository, number, sha)


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Unsound(f"{where} is missing or not an object")
    return value


def _number(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LARGEST_NUMBER:
        raise _Unsound(f"{where} is missing or not a positive integer")
    return value


def _repository(value: object, where: str) -> str:
    if not isinstance(value, str) or not is_repository(value):
        raise _Unsound(f"{where} is missing or not of the form owner/repo")
    return value


def _sha(value: object, where: str) -> str:
    if not isinstance(value, str) or not _SHA.match(value):
        raise _Unsound(f"{where} is missing or not a commit's hash")
    return value


def _optional_sha(value: object) -> str | None:
    return None if value is None else _sha(value, "head_sha")
