"""The inbox of pull-request events: filing, draining, and which pull requests are open by what was filed.

How a row ends: `processed` without a reason was acted upon; `processed` with a reason changed nothing;
`rejected` could not be understood. A row that cannot be understood never keeps the ones behind it waiting.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from testdata_assets.errors import UsageFault
from testdata_assets.postgres.sql_files import load_queries
from testdata_assets.pull_requests.deliveries import Delivery
from testdata_assets.pull_requests.policy import Close, Decision, Ignore, Open, Reject, decide

_QUERIES = load_queries("testdata_assets.pull_requests")

Control = psycopg.Connection[DictRow]
CliAction = Literal["open", "close"]


@dataclass(frozen=True)
class InboxEvent:
    """One row, decided.

    Attributes:
        event_id: Grows with arrival; goes into Dagster's run keys.
        decision: What policy makes of it.
    """

    event_id: int
    delivery_id: str
    source: str
    action: str | None
    occurred_at: datetime
    decision: Decision


@dataclass(frozen=True)
class PullRequestState:
    """What a pull request should look like, by its newest event.

    Attributes:
        wanted: Whether it shall have a branch.
        occurred_at: When it came into that state.
        event_id: The event that says so.
    """

    branch_name: str
    repository: str | None
    number: int
    head_sha: str | None
    wanted: bool
    occurred_at: datetime
    event_id: int


def record_delivery(conn: Control, delivery: Delivery) -> Literal["queued", "duplicate"]:
    """Files a delivery once. What is known to be malformed is filed as rejected."""
    row = conn.execute(
        _QUERIES["insert_event"],
        {
            **vars(delivery),
            "payload": None if delivery.payload is None else Jsonb(delivery.payload),
            "status": "pending" if delivery.rejected is None else "rejected",
            "reason": delivery.rejected,
        },
    ).fetchone()
    return "duplicate" if row is None else "queued"


def record_cli_event(conn: Control, action: CliAction, number: int, repository: str | None = None) -> str:
    """Files what `testdata pr open|close` says, into the same inbox as GitHub's deliveries.

    Returns:
        The name of the branch it is about.

    Raises:
        UsageFault: Not a pull request's number, or not a repository.
    """
    event = {"opened": "opened", "open": "opened", "close": "closed", "closed": "closed"}.get(action)
    if event is None:
        raise UsageFault(
            f"{action!r} is not something to do with a pull request",
            where="testdata pr",
            remedy="Use `testdata pr open N` or `testdata pr close N`.",
            code="pull-request-action",
        )
    decision = decide(
        {
            "event": "pull_request",
            "source": "cli",
            "action": event,
            "pr_number": number,
            "repository": repository,
        }
    )
    if not isinstance(decision, Open | Close):
        raise UsageFault(
            f"This is not a pull request: {decision.reason}",
            where="testdata pr",
            remedy="Give a positive number, and the repository as owner/repo.",
            code="pull-request-number",
        )
    record_delivery(
        conn,
        Delivery(
            delivery_id=f"cli-{uuid.uuid4()}",
            source="cli",
            event="pull_request",
            action=event,
            repository=repository,
            pr_number=number,
            payload={},
        ),
    )
    return decision.branch_name


def pending(conn: Control, limit: int = 100) -> list[InboxEvent]:
    """The oldest events nobody has dealt with, each with policy's decision. Marking them is the caller's."""
    return [_event(row) for row in conn.execute(_QUERIES["pending"], {"limit": limit}).fetchall()]


def mark_processed(conn: Control, event_id: int, reason: str | None = None) -> bool:
    """Marks an event as dealt with; a reason says why it changed nothing. False if it was marked before."""
    return _mark(conn, event_id, "processed", reason)


def mark_rejected(conn: Control, event_id: int, reason: str) -> bool:
    """Marks an event as not understood. False if it was marked before."""
    return _mark(conn, event_id, "rejected", reason)


def file_decision(conn: Control, event: InboxEvent) -> bool:
    """Marks an event the way its decision asks for: acted upon, without effect, or rejected."""
    if isinstance(event.decision, Reject):
        return mark_rejected(conn, event.event_id, event.decision.reason)
    reason = event.decision.reason if isinstance(event.decision, Ignore) else None
    return mark_processed(conn, event.event_id, reason)


def desired_state(conn: Control) -> list[PullRequestState]:
    """The newest state of every pull request of the inbox, whatever order its events arrived in.

    Pending events count already, so that a reconcile does not depend on the draining sensor. Newest is by
    GitHub's own clock (`pull_request.updated_at`), then by what can only follow what, then by arrival.
    """
    states: dict[str, PullRequestState] = {}
    for row in conn.execute(_QUERIES["state_candidates"]).fetchall():
        decision = decide(row)
        if isinstance(decision, Open | Close) and decision.branch_name not in states:
            states[decision.branch_name] = PullRequestState(
                branch_name=decision.branch_name,
                repository=decision.repository,
                number=decision.number,
                head_sha=decision.head_sha,
                wanted=isinstance(decision, Open),
                occurred_at=row["occurred_at"],
                event_id=row["event_id"],
            )
    return sorted(states.values(), key=lambda state: state.event_id)


def _mark(conn: Control, event_id: int, status: str, reason: str | None) -> bool:
    parameters = {"event_id": event_id, "status": status, "reason": reason}
    return conn.execute(_QUERIES["mark"], parameters).fetchone() is not None


def _event(row: dict[str, Any]) -> InboxEvent:
    return InboxEvent(
        event_id=row["event_id"],
        delivery_id=row["delivery_id"],
        source=row["source"],
        action=row["action"],
        occurred_at=row["occurred_at"],
        decision=decide(row),
    )
