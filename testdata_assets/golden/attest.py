"""The attestation of an image: an in-toto statement in a DSSE envelope, signed with Ed25519, and its seal.

The seal is what can be checked cheaply each time a branch is made: system identifier of the server, oid and name of
the database, and that it still refuses connections. `docs/security.md` says what that alone would miss.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from testdata_assets.errors import RefusedError
from testdata_assets.golden.registry import GoldenImage
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn

PAYLOAD_TYPE = "application/vnd.in-toto+json"
PREDICATE_TYPE = "https://testdata-assets.dev/attestation/golden-image/v1"


class AttestationRefused(RefusedError):
    """The image has no attestation, or one that does not verify or does not fit its database."""

    code = "attestation-refused"


def canonical_json(value: object) -> bytes:
    """Sorted keys, no spaces, UTF-8: equal values, equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signing_key(seed: bytes) -> Ed25519PrivateKey:
    """The private key of a 32-byte seed (longer material is hashed to one)."""
    return Ed25519PrivateKey.from_private_bytes(seed if len(seed) == 32 else hashlib.sha256(seed).digest())


def public_key_text(key: Ed25519PublicKey) -> str:
    """64 hex characters, the form of the files in rules/trusted_keys/."""
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()


def public_key_id(key: Ed25519PublicKey) -> str:
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def statement(image: GoldenImage, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The in-toto statement of an image.

    Args:
        image: A validated candidate.
        facts: Further facts for the predicate: source fingerprint, snapshot time, code version.
    """
    predicate = {
        "golden_id": image.golden_id,
        "snapshot_id": image.snapshot_id,
        "rules_digest": image.rules_digest,
        "key_id": image.key_id,
        "seal": {
            "system_identifier": image.system_identifier,
            "database_oid": image.database_oid,
            "database_name": image.database_name,
        },
        "row_counts": image.row_counts,
        "checks": image.checks,
        **facts,
    }
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {
                "name": image.golden_id,
                "digest": {"sha256": hashlib.sha256(canonical_json(predicate["seal"])).hexdigest()},
            }
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }


def failed_checks(checks: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of checks that forbid publication: not passed, unless they only warn."""
    return [
        str(check.get("name")) for check in checks if not check.get("passed") and check.get("severity") != "warning"
    ]


def sign(document: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """Wraps a statement in a DSSE envelope."""
    payload = canonical_json(document)
    return {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {
                "keyid": public_key_id(key.public_key()),
                "sig": base64.b64encode(key.sign(_pre_authentication(payload))).decode(),
            }
        ],
    }


def predicate(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """What an envelope says, whether its signature holds or not."""
    found: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))["predicate"]
    return found


def _pre_authentication(payload: bytes) -> bytes:
    """DSSE v1 pre-authentication encoding: lengths keep type and payload apart."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def trusted_keys(folder: Path, own: Ed25519PrivateKey | None = None) -> list[Ed25519PublicKey]:
    """Public keys of `folder/*.pub` (64 hex characters each), and our own if we hold a signing key."""
    keys = [own.public_key()] if own is not None else []
    for file in sorted(folder.glob("*.pub")) if folder.is_dir() else []:
        try:
            keys.append(Ed25519PublicKey.from_public_bytes(bytes.fromhex(file.read_text(encoding="ascii").strip())))
        except (ValueError, UnicodeDecodeError):
            raise RefusedError(
                "A trusted key is not 64 hex characters",
                where=str(file),
                remedy="Write the Ed25519 public key that `testdata doctor` prints on the signing machine.",
                code="trusted-key-invalid",
            ) from None
    return keys


def verify(envelope: Mapping[str, Any] | None, keys: Iterable[Ed25519PublicKey], where: str) -> dict[str, Any]:
    """Checks the signature.

    Returns:
        The predicate.

    Raises:
        AttestationRefused: Missing, malformed, or signed by none of `keys`.
    """
    if not envelope:
        raise _refused("has no attestation", where)
    try:
        payload = base64.b64decode(envelope["payload"], validate=True)
        signatures = [base64.b64decode(signature["sig"], validate=True) for signature in envelope["signatures"]]
        if envelope["payloadType"] != PAYLOAD_TYPE:
            raise ValueError("payload type")
        document = json.loads(payload)
        predicate = document["predicate"]
        if document["predicateType"] != PREDICATE_TYPE or not isinstance(predicate, dict):
            raise ValueError("predicate")
    except (KeyError, TypeError, ValueError):
        raise _refused("has a malformed attestation", where) from None
    for key in keys:
        for signature in signatures:
            try:
                key.verify(signature, _pre_authentication(payload))
            except InvalidSignature:
                continue
            return dict(predicate)
    raise _refused("has an attestation that no trusted key signed", where)


def verify_for_branching(image: GoldenImage, server: Dsn, keys: Iterable[Ed25519PublicKey]) -> None:
    """Refuses an image whose attestation does not verify or whose database is not the attested one.

    Raises:
        AttestationRefused: Says which of signature, registry row, checks or seal is off.
    """
    where = image.golden_id
    if image.status != "published":
        raise _refused(f"is {image.status}, not published", where)
    predicate = verify(image.attestation, keys, where)
    if predicate.get("golden_id") != image.golden_id:
        raise _refused("has the attestation of another image", where)
    failed = failed_checks(predicate.get("checks") or [{}])
    if failed:
        raise _refused(f"was attested with failed checks ({failed})", where)
    seal = predicate.get("seal") or {}
    with connect(server, role="server") as conn:
        row = conn.execute(
            "SELECT (SELECT system_identifier::text FROM pg_control_system()), d.oid::bigint, d.datallowconn"
            " FROM pg_database d WHERE d.datname = %s",
            (seal.get("database_name"),),
        ).fetchone()
    if row is None or seal.get("database_name") != image.database_name:
        raise _refused("has no database of the attested name", where)
    if (row[0], row[1]) != (seal.get("system_identifier"), seal.get("database_oid")):
        raise _refused("has another database than the attested one", where)
    if row[2]:
        raise _refused("admits connections, so it may have been changed", where)


def _refused(what: str, where: str) -> AttestationRefused:
    return AttestationRefused(
        f"The image {what}",
        where=where,
        remedy="Run testdata refresh for a new image; if you branch elsewhere than you sign, put the signer's public "
        "key into rules/trusted_keys/.",
    )
