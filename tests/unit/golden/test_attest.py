"""Attestations: signed by a trusted key or refused, whatever was changed."""

from __future__ import annotations

import base64
import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from testdata_assets.errors import RefusedError
from testdata_assets.golden import attest
from testdata_assets.golden.registry import GoldenImage

KEY = attest.signing_key(b"1" * 32)
OTHER = attest.signing_key(b"a much longer seed than thirty-two bytes, hashed down to one")


def image(**changes: Any) -> GoldenImage:
    values: dict[str, Any] = dict.fromkeys((field.name for field in fields(GoldenImage)), None)
    values |= {
        "golden_id": "g-1",
        "database_name": "golden_1",
        "owner_role": "golden_1",
        "snapshot_id": "s-1",
        "status": "published",
        "system_identifier": "77",
        "database_oid": 16400,
        "rules_digest": "d",
        "key_id": "k",
        "row_counts": {"public.users": 3},
        "checks": [{"name": "row_counts", "passed": True, "severity": "error"}],
        "created_at": datetime.now(UTC),
    }
    return GoldenImage(**(values | changes))


@pytest.fixture
def envelope() -> dict[str, Any]:
    return attest.sign(attest.statement(image(), {"code_version": "0"}), KEY)


def test_a_good_one_gives_its_predicate(envelope: dict[str, Any]) -> None:
    predicate = attest.verify(envelope, [OTHER.public_key(), KEY.public_key()], "g-1")
    assert predicate["row_counts"] == {"public.users": 3}
    assert predicate["seal"] == {"system_identifier": "77", "database_oid": 16400, "database_name": "golden_1"}


def pae(kind: str, body: bytes) -> bytes:
    """Pre-authentication encoding, written down from the DSSE v1 protocol: lengths are those of bytes, in decimal."""
    encoded = kind.encode("utf-8")
    parts = [b"DSSEv1", str(len(encoded)).encode(), encoded, str(len(body)).encode(), body]
    return b" ".join(parts)


def test_the_encoding_is_that_of_the_protocol() -> None:
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("http://example.com/HelloWorld", b"hello world") == expected


def test_whoever_knows_dsse_and_in_toto_can_check_it_without_our_code(tmp_path: Path) -> None:
    """Nothing but the envelope as text, the key's file, and Ed25519 of the cryptography package."""
    made = attest.sign(attest.statement(image(), {"code_version": "0 — größer"}), KEY)
    key_file = tmp_path / "team.pub"
    key_file.write_text(attest.public_key_text(KEY.public_key()))

    envelope = json.loads(json.dumps(made))
    assert set(envelope) == {"payload", "payloadType", "signatures"}
    payload = base64.standard_b64decode(envelope["payload"])
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key_file.read_text()))
    (signature,) = envelope["signatures"]
    key.verify(base64.standard_b64decode(signature["sig"]), pae(envelope["payloadType"], payload))
    with pytest.raises(InvalidSignature):
        key.verify(base64.standard_b64decode(signature["sig"]), pae("text/plain", payload))

    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    statement = json.loads(payload)
    assert set(statement) == {"_type", "subject", "predicateType", "predicate"}
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    (subject,) = statement["subject"]
    assert subject["name"] == "g-1"
    assert len(bytes.fromhex(subject["digest"]["sha256"])) == 32
    assert statement["predicateType"].startswith("https://")


def test_what_is_signed_is_canonical() -> None:
    first = attest.sign(attest.statement(image(), {"a": 1, "b": 2}), KEY)
    second = attest.sign(attest.statement(image(), {"b": 2, "a": 1}), KEY)
    assert first == second


def test_a_subject_that_is_not_the_predicates_is_refused() -> None:
    document = attest.statement(image(), {"content": {"relations": {}}})
    document["predicate"]["content"] = {"relations": {"public.users": "0"}}
    with pytest.raises(attest.AttestationRefused, match="malformed"):
        attest.verify(attest.sign(document, KEY), [KEY.public_key()], "g-1")


def test_other_statements_of_the_same_signer_are_no_attestation() -> None:
    document = attest.statement(image(), {}) | {"_type": "https://in-toto.io/Statement/v0.1"}
    with pytest.raises(attest.AttestationRefused, match="malformed"):
        attest.verify(attest.sign(document, KEY), [KEY.public_key()], "g-1")


def test_another_signer_is_refused(envelope: dict[str, Any]) -> None:
    with pytest.raises(attest.AttestationRefused, match="no trusted key"):
        attest.verify(envelope, [OTHER.public_key()], "g-1")
    with pytest.raises(attest.AttestationRefused, match="no trusted key"):
        attest.verify(envelope, [], "g-1")


def test_a_changed_payload_is_refused(envelope: dict[str, Any]) -> None:
    document = json.loads(base64.b64decode(envelope["payload"]))
    document["predicate"]["row_counts"]["public.users"] = 4
    envelope["payload"] = base64.b64encode(attest.canonical_json(document)).decode()
    with pytest.raises(attest.AttestationRefused, match="no trusted key"):
        attest.verify(envelope, [KEY.public_key()], "g-1")


@pytest.mark.parametrize(
    "broken", [None, {}, {"payload": "x"}, {"payload": "!", "signatures": [], "payloadType": attest.PAYLOAD_TYPE}]
)
def test_missing_or_malformed_ones_are_refused(broken: dict[str, Any] | None) -> None:
    with pytest.raises(attest.AttestationRefused):
        attest.verify(broken, [KEY.public_key()], "g-1")


def test_trusted_keys_come_from_files_and_from_our_own(tmp_path: Path) -> None:
    (tmp_path / "team.pub").write_text(attest.public_key_text(OTHER.public_key()) + "\n")
    keys = {attest.public_key_id(key) for key in attest.trusted_keys(tmp_path, KEY)}
    assert keys == {attest.public_key_id(KEY.public_key()), attest.public_key_id(OTHER.public_key())}
    assert attest.trusted_keys(tmp_path / "absent") == []
    (tmp_path / "bad.pub").write_text("ssh-ed25519 AAAA")
    with pytest.raises(RefusedError) as caught:
        attest.trusted_keys(tmp_path)
    assert caught.value.where.endswith("bad.pub")


def test_warnings_do_not_forbid_publication_but_failures_do() -> None:
    checks = [
        {"name": "a", "passed": True, "severity": "error"},
        {"name": "b", "passed": False, "severity": "warning"},
        {"name": "c", "passed": False, "severity": "error"},
    ]
    assert attest.failed_checks(checks) == ["c"]
