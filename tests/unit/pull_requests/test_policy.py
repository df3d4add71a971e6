"""Policy: GitHub's own payloads, forks, and that nothing that comes in raises."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testdata_assets.pull_requests.deliveries import pull_request_delivery
from testdata_assets.pull_requests.policy import Close, Ignore, Open, Reject, decide

SHA = "ec26c3e57ca3a959ca5aad62de7213c562f8c821"


def payload(action: str = "opened", **changes: Any) -> dict[str, Any]:
    """A pull_request payload of ours with the fields policy reads."""
    body: dict[str, Any] = {
        "action": action,
        "number": 7,
        "pull_request": {
            "number": 7,
            "state": "open",
            "updated_at": "2026-03-01T10:00:00Z",
            "head": {"sha": SHA, "repo": {"full_name": "acme/Shop"}},
            "base": {"repo": {"full_name": "acme/Shop"}},
        },
        "repository": {"full_name": "acme/Shop"},
    }
    for path, value in changes.items():
        *folders, last = path.split("__")
        place = body
        for folder in folders:
            place = place[folder]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return body


def row(body: object, action: object = "opened") -> dict[str, Any]:
    return {"event": "pull_request", "source": "github", "action": action, "payload": body}


@pytest.mark.parametrize("action", ["opened", "reopened", "synchronize", "ready_for_review"])
def test_opening_actions_want_a_branch(action: str) -> None:
    assert decide(row(payload(action), action)) == Open("acme--shop--pr-7", "acme/Shop", 7, SHA)


def test_closing_wants_none() -> None:
    assert decide(row(payload("closed"), "closed")) == Close("acme--shop--pr-7", "acme/Shop", 7, SHA)


@pytest.mark.parametrize("action", ["labeled", "edited", "converted_to_draft", "assigned", "something_new"])
def test_other_actions_change_nothing(action: str) -> None:
    assert isinstance(decide(row(payload(action), action)), Ignore)


def test_other_events_change_nothing() -> None:
    assert isinstance(decide({"event": "push", "source": "github", "action": None, "payload": {}}), Ignore)


@pytest.mark.parametrize(
    "changes",
    [
        {"pull_request__head__repo": {"full_name": "stranger/Shop"}},
        {"pull_request__head__repo": None},
    ],
)
def test_forks_get_no_branch_but_may_close(changes: dict[str, Any]) -> None:
    assert decide(row(payload(**changes))) == Ignore("fork")
    assert isinstance(decide(row(payload("closed", **changes), "closed")), Close)


def test_case_of_the_repository_makes_no_fork() -> None:
    assert isinstance(decide(row(payload(pull_request__head__repo={"full_name": "ACME/shop"}))), Open)


@pytest.mark.parametrize(
    "changes",
    [
        {"number": ...},
        {"number": "7"},
        {"number": 7.0},
        {"number": True},
        {"number": 0},
        {"number": -7},
        {"number": 2**31},
        {"number": None},
        {"pull_request": ...},
        {"pull_request": []},
        {"pull_request__number": 8},
        {"pull_request__updated_at": ...},
        {"pull_request__updated_at": "yesterday"},
        {"pull_request__updated_at": 12},
        {"pull_request__head": ...},
        {"pull_request__head": "main"},
        {"pull_request__head__sha": "ec26"},
        {"pull_request__head__sha": None},
        {"pull_request__head__repo": "acme/Shop"},
        {"pull_request__head__repo": {}},
        {"pull_request__base__repo": None},
        {"repository": ...},
        {"repository": {"full_name": "no-slash"}},
        {"repository": {"full_name": 3}},
        {"action": "closed"},
    ],
)
def test_unsound_payloads_are_rejected_with_a_reason(changes: dict[str, Any]) -> None:
    decision = decide(row(payload(**changes)))
    assert isinstance(decision, Reject)
    assert decision.reason


def test_reasons_quote_nothing_of_the_payload() -> None:
    decision = decide(row(payload(repository={"full_name": "Jane Roe jane@example.com"})))
    assert isinstance(decision, Reject)
    assert "jane" not in decision.reason.lower()


@pytest.mark.parametrize("action", [None, 7, ["opened"], {}])
def test_an_action_that_is_no_text_is_rejected(action: object) -> None:
    assert isinstance(decide(row(payload(), action)), Reject)


def test_command_line_events() -> None:
    event = {"event": "pull_request", "source": "cli", "action": "opened", "pr_number": 7, "repository": None}
    assert decide(event) == Open("pr-7", None, 7, None)
    assert decide({**event, "action": "closed"}) == Close("pr-7", None, 7, None)
    assert decide({**event, "repository": "acme/shop"}) == Open("acme--shop--pr-7", "acme/shop", 7, None)
    assert isinstance(decide({**event, "pr_number": None}), Reject)
    assert isinstance(decide({**event, "repository": "x"}), Reject)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
paths = st.sampled_from(
    [
        ("number",),
        ("action",),
        ("pull_request",),
        ("repository",),
        ("repository", "full_name"),
        ("pull_request", "number"),
        ("pull_request", "updated_at"),
        ("pull_request", "head"),
        ("pull_request", "head", "sha"),
        ("pull_request", "head", "repo"),
        ("pull_request", "base", "repo"),
    ]
)


@given(paths, json_values, st.sampled_from(["opened", "closed", "synchronize"]))
def test_whatever_stands_anywhere_is_decided(path: tuple[str, ...], value: object, action: str) -> None:
    body = copy.deepcopy(payload(action))
    place = body
    for folder in path[:-1]:
        place = place[folder]
    place[path[-1]] = value
    delivery = pull_request_delivery("d", body)
    for kept in (body, delivery.payload):
        assert isinstance(decide(row(kept, action)), Open | Close | Ignore | Reject)


@given(json_values)
def test_any_payload_is_decided(body: object) -> None:
    assert isinstance(decide(row(body)), Reject)
