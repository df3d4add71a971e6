"""Deliveries: signatures, bodies of every kind, and what is kept of GitHub's own payloads."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from testdata_assets.pull_requests.deliveries import (
    MalformedDelivery,
    is_delivery_id,
    is_event_name,
    malformed_delivery,
    parse_body,
    parse_moment,
    pull_request_delivery,
    signature_matches,
)
from testdata_assets.pull_requests.policy import Close, Ignore, Open, decide

SECRET = SecretStr("It's a Secret to Everybody")
GITHUBS = Path(__file__).resolve().parents[4] / "shared" / "webhooks"


def test_githubs_published_signature_example() -> None:
    # https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signature_matches(b"Hello, World!", header, SECRET)
    assert not signature_matches(b"Hello, World?", header, SECRET)


@pytest.mark.parametrize("header", [None, "", "sha1=abc", "sha256=", "sha256=zz", "757107ea", "sha256=" + "0" * 64])
def test_other_signatures_do_not_match(header: str | None) -> None:
    assert not signature_matches(b"Hello, World!", header, SECRET)


def test_uppercase_and_padded_signatures_do_not_match() -> None:
    digest = hmac.new(b"It's a Secret to Everybody", b"x", hashlib.sha256).hexdigest()
    assert signature_matches(b"x", f"sha256={digest}", SECRET)
    assert not signature_matches(b"x", f"sha256={digest}\n", SECRET)
    assert not signature_matches(b"x", f" sha256={digest}", SECRET)


@pytest.mark.parametrize("text", [None, "", "a b", "ä", "x" * 129, "a\n"])
def test_what_is_no_delivery_id(text: str | None) -> None:
    assert not is_delivery_id(text)


def test_ids_and_event_names() -> None:
    assert is_delivery_id("72d3162e-cc78-11e3-81ab-4c9367dc0958")
    assert is_event_name("pull_request")
    assert not is_event_name("Pull Request")
    assert not is_event_name(None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"number": NaN}',
        b'{"number": Infinity}',
        b'{"number": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a": ' * 100_000,
    ],
)
def test_malformed_bodies_say_why(body: bytes) -> None:
    with pytest.raises(MalformedDelivery) as problem:
        parse_body(body, "application/json")
    assert str(problem.value)


def test_form_bodies_are_read() -> None:
    body = b"payload=%7B%22number%22%3A+7%7D"
    assert parse_body(body, "application/x-www-form-urlencoded; charset=utf-8") == {"number": 7}
    with pytest.raises(MalformedDelivery):
        parse_body(b"other=1", "application/x-www-form-urlencoded")
    with pytest.raises(MalformedDelivery):
        parse_body(b"", "application/x-www-form-urlencoded")


def test_only_what_policy_needs_is_kept() -> None:
    delivery = pull_request_delivery(
        "d1",
        {
            "action": "opened",
            "number": 3,
            "pull_request": {"title": "Fix for Jane Roe", "body": "secret", "head": {"sha": "a" * 40, "label": "x"}},
            "sender": {"login": "jane"},
        },
    )
    text = json.dumps(delivery.payload)
    assert "Jane" not in text
    assert "jane" not in text
    assert delivery.payload == {"action": "opened", "number": 3, "pull_request": {"head": {"sha": "a" * 40}}}
    assert (delivery.action, delivery.pr_number, delivery.head_sha) == ("opened", 3, "a" * 40)


def test_text_that_jsonb_does_not_take_is_cleaned() -> None:
    body = json.loads('{"action": "opened\\u0000", "repository": {"full_name": "a/\\ud800"}}')
    delivery = pull_request_delivery("d1", body)
    assert delivery.action == "opened\N{REPLACEMENT CHARACTER}"
    assert delivery.repository == "a/?"
    json.dumps(delivery.payload, ensure_ascii=False).encode()


def test_wrong_types_leave_columns_empty_and_stay_wrong() -> None:
    delivery = pull_request_delivery("d1", {"action": ["opened"], "number": "7", "pull_request": [1], "repository": 5})
    assert (delivery.action, delivery.pr_number, delivery.repository) == ("<list>", None, None)
    assert delivery.payload == {"action": "<list>", "number": "7", "pull_request": "<list>", "repository": 5}


def test_numbers_out_of_range_leave_the_column_empty() -> None:
    for number in (2**31, 0, -1, True, 10**30):
        assert pull_request_delivery("d1", {"number": number}).pr_number is None


def test_long_texts_are_cut() -> None:
    delivery = pull_request_delivery("d1", {"action": "x" * 10_000})
    assert delivery.action is not None
    assert len(delivery.action) == 500


def test_moments() -> None:
    assert parse_moment("2019-05-15T15:20:33Z") == datetime(2019, 5, 15, 15, 20, 33, tzinfo=UTC)
    for value in (None, 5, "", "2019-05-15", "2019-05-15T15:20:33", "0001-01-01T00:00:00+14:00"):
        assert parse_moment(value) is None


def test_malformed_deliveries_are_filed_without_their_content() -> None:
    delivery = malformed_delivery("d1", "pull_request", "the body is not UTF-8")
    assert (delivery.rejected, delivery.payload) == ("malformed: the body is not UTF-8", {})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("opened", Open),
        ("reopened", Open),
        ("synchronize", Open),
        ("ready_for_review", Open),
        ("closed", Close),
        ("labeled", Ignore),
        ("converted_to_draft", Ignore),
    ],
)
def test_githubs_own_payloads(name: str, kind: type) -> None:
    path = GITHUBS / "pull_request" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"GitHub's example payloads are not at {GITHUBS}")
    delivery = pull_request_delivery("d1", parse_body(path.read_bytes(), "application/json"))
    decision = decide({**vars(delivery)})
    assert isinstance(decision, kind)
    if isinstance(decision, Open | Close):
        assert decision.branch_name == "codertocat--hello-world--pr-2"
        assert decision.head_sha == "ec26c3e57ca3a959ca5aad62de7213c562f8c821"
        assert delivery.occurred_at is not None
