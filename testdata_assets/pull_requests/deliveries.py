"""GitHub's webhook deliveries: checking the signature, reading the body, keeping only what policy needs.

Bodies run to 25 MB and titles may hold anything; the inbox keeps a dozen fields. Values are kept as they
came, also of a wrong type, so that policy can say what is wrong with them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NoReturn
from urllib.parse import parse_qs

from pydantic import SecretStr

_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})\Z")
_DELIVERY_ID = re.compile(r"[!-~]{1,128}\Z")
_EVENT_NAME = re.compile(r"[a-z0-9_]{1,64}\Z")
_LONGEST_TEXT = 500
_LARGEST_INTEGER = 2**31 - 1

# Where a name stands for an object, the fields below it are kept.
_KEPT: dict[str, Any] = {
    "action": None,
    "number": None,
    "pull_request": {
        "number": None,
        "state": None,
        "draft": None,
        "merged": None,
        "created_at": None,
        "updated_at": None,
        "closed_at": None,
        "head": {"ref": None, "sha": None, "repo": {"full_name": None}},
        "base": {"ref": None, "repo": {"full_name": None}},
    },
    "repository": {"full_name": None},
}


class MalformedDelivery(ValueError):
    """The body of a signed delivery is not the JSON object it should be. The text says why, quoting nothing."""


@dataclass(frozen=True)
class Delivery:
    """One row for the inbox.

    Attributes:
        delivery_id: GitHub's GUID; the inbox takes each once.
        occurred_at: When the pull request was in that state, by GitHub's own clock; None for now.
        payload: The reduced payload.
        rejected: Why it can never be acted upon, or None.
    """

    delivery_id: str
    source: Literal["github", "cli"]
    event: str
    action: str | None = None
    repository: str | None = None
    pr_number: int | None = None
    head_sha: str | None = None
    occurred_at: datetime | None = None
    payload: Mapping[str, Any] | None = None
    rejected: str | None = None


def signature_matches(body: bytes, header: str | None, secret: SecretStr) -> bool:
    """Whether X-Hub-Signature-256 is the HMAC-SHA256 of the raw body; compared in constant time."""
    match = _SIGNATURE.match(header or "")
    if not match:
        return False
    expected = hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, match.group(1))


def is_delivery_id(text: str | None) -> bool:
    """Whether the text can be a delivery's GUID: 1 to 128 visible ASCII characters."""
    return bool(text and _DELIVERY_ID.match(text))


def is_event_name(text: str | None) -> bool:
    """Whether the text can be the name of a webhook event."""
    return bool(text and _EVENT_NAME.match(text))


def parse_body(body: bytes, content_type: str) -> dict[str, Any]:
    """Reads the payload of a delivery, sent as JSON or as a form whose `payload` field holds it.

    Raises:
        MalformedDelivery: Neither, or not an object.
    """
    try:
        text = body.decode("utf-8")
        if content_type.split(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            fields = parse_qs(text, strict_parsing=True, max_num_fields=16)
            text = fields["payload"][0]
        payload = json.loads(text, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise MalformedDelivery("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedDelivery(f"the body is not JSON (character {error.pos})") from None
    except RecursionError:
        raise MalformedDelivery("the body is nested too deeply") from None
    except KeyError:
        raise MalformedDelivery("the form has no field payload") from None
    except ValueError:
        raise MalformedDelivery("the body holds a number or a form that cannot be read") from None
    if not isinstance(payload, dict):
        raise MalformedDelivery("the body is not a JSON object")
    return payload


def pull_request_delivery(delivery_id: str, payload: Mapping[str, Any]) -> Delivery:
    """A delivery of the event `pull_request`, with what of it can be put into columns. Never fails."""
    kept = _reduce(payload, _KEPT)
    pull_request = _object(kept.get("pull_request"))
    number = kept.get("number")
    return Delivery(
        delivery_id=delivery_id,
        source="github",
        event="pull_request",
        action=_text(kept.get("action")),
        repository=_text(_object(kept.get("repository")).get("full_name")),
        pr_number=number if _is_number(number) else None,
        head_sha=_text(_object(pull_request.get("head")).get("sha")),
        occurred_at=parse_moment(pull_request.get("updated_at")),
        payload=kept,
    )


def malformed_delivery(delivery_id: str, event: str, reason: str) -> Delivery:
    """What is filed of a signed delivery whose body cannot be read: that it came, and why it was rejected."""
    return Delivery(delivery_id, "github", event, payload={}, rejected=f"malformed: {reason}")


def parse_moment(value: object) -> datetime | None:
    """An ISO 8601 time stamp with its zone, as GitHub writes them; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _reduce(value: object, shape: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    kept: dict[str, Any] = {}
    for name, below in shape.items():
        if name in value:
            inner = value[name]
            kept[name] = _reduce(inner, below) if below and isinstance(inner, Mapping) else _scalar(inner)
    return kept


def _scalar(value: object) -> object:
    """A value that fits into jsonb; what does not is named by its type, which no rule of policy accepts."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) <= 2**63 else "<integer out of range>"
    if isinstance(value, str):
        # jsonb takes neither NUL nor lone surrogates.
        clean = value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
        return clean[:_LONGEST_TEXT]
    return f"<{type(value).__name__}>"


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST_INTEGER


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
