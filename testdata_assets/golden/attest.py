"""The attestation of an image: an in-toto statement in a DSSE envelope, signed with Ed25519, and its checks.

What branching checks each time is here; what `testdata golden verify` checks beyond that is in `verify.py`. The seal
itself is read by `seal.py`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from testdata_assets.errors import EnvironmentLack, RefusedError
from testdata_assets.golden import seal
from testdata_assets.golden.registry import GoldenImage
from testdata_assets.keys import load_key
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.settings import Settings

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://testdata-assets.dev/attestation/golden-image/v1"


class AttestationRefused(RefusedError):
    """The image has no attestation, or one that does not verify or does not fit its database."""

    code = "attestation-refused"


def canonical_json(value: object) -> bytes:
    """Sorted keys, no spaces, UTF-8: equal values, equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


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
    """The in-toto statement of an image. Its subject is the image's seal and contents.

    Args:
        image: A validated candidate.
        facts: Further facts for the predicate: `seal` and `content` of its database, snapshot time, source
            fingerprint, code version, digest of Data Docs, keys.
    """
    predicate = {
        "golden_id": image.golden_id,
        "snapshot_id": image.snapshot_id,
        "rules_digest": image.rules_digest,
        "key_id": image.key_id,
        "row_counts": image.row_counts,
        "plan": image.plan,
        "checks": image.checks,
        **facts,
        "seal": {
            "system_identifier": image.system_identifier,
            "database_oid": image.database_oid,
            "database_name": image.database_name,
            **facts.get("seal", {}),
        },
    }
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": image.golden_id, "digest": {"sha256": _subject_digest(predicate)}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }


def _subject_digest(predicate: Mapping[str, Any]) -> str:
    named = {"seal": predicate.get("seal"), "content": predicate.get("content")}
    return hashlib.sha256(canonical_json(named)).hexdigest()


def failed_checks(checks: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of checks that forbid publication: not passed, unless they only warn."""
    return [
        str(check.get("name")) for check in checks if not check.get("passed") and check.get("severity") != "warning"
    ]


def judged_by(checks: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Digests of rules/validation.yaml and of users' expectations, as they were when the checks ran.

    Limits and accepted findings decide what passes, so that who reads an attestation wants to know which they were.
    """
    return next((dict(check["judged_by"]) for check in checks if check.get("judged_by")), None)


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


def trusted_by(settings: Settings) -> list[Ed25519PublicKey]:
    """The public keys of the rules folder, and our own where this machine signs."""
    try:
        own = signing_key(load_key(settings, "signing"))
    except EnvironmentLack as lack:
        if lack.error_code != "signing-key-missing":
            raise
        own = None
    return trusted_keys(settings.rules_dir / "trusted_keys", own)


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
        if (document["_type"], document["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
            raise ValueError("type")
        if not isinstance(predicate, dict):
            raise TypeError("predicate")
        subject = {"name": predicate["golden_id"], "digest": {"sha256": _subject_digest(predicate)}}
        if document["subject"] != [subject]:
            raise ValueError("subject")
    except (KeyError, TypeError, ValueError, RecursionError):
        raise _refused("has a malformed attestation", where) from None
    for key in keys:
        for signature in signatures:
            try:
                key.verify(signature, _pre_authentication(payload))
            except InvalidSignature:
                continue
            return dict(predicate)
    raise _refused("has an attestation that no trusted key signed", where)


def attested(image: GoldenImage, keys: Iterable[Ed25519PublicKey]) -> dict[str, Any]:
    """What a trusted key signed about an image; nothing on its server is looked at.

    Raises:
        AttestationRefused: Not published, no attestation that verifies, another image's, or one with failed checks.
    """
    where = image.golden_id
    if image.status != "published":
        raise _refused(f"is {image.status}, not published", where)
    predicate = verify(image.attestation, keys, where)
    if predicate["golden_id"] != image.golden_id:
        raise _refused("has the attestation of another image", where)
    failed = failed_checks(predicate.get("checks") or [{}])
    if failed:
        raise _refused(f"was attested with failed checks ({failed})", where)
    return predicate


def verify_for_branching(image: GoldenImage, server: Dsn, keys: Iterable[Ed25519PublicKey]) -> dict[str, Any]:
    """Refuses an image whose attestation does not verify or whose database is not the attested one.

    Returns:
        The predicate; its seal's catalogs are for `verify_copy`, once there is a copy to look inside.

    Raises:
        AttestationRefused: Says which of signature, registry row, checks or seal is off.
    """
    predicate = attested(image, keys)
    where = image.golden_id
    found = image.verification
    if found is not None and not found.get("passed"):
        raise _refused(f"failed `testdata golden verify` at {found.get('verified_at')}", where)
    attested_seal = predicate.get("seal") or {}
    if attested_seal.get("database_name") != image.database_name:
        raise _refused("is registered with another database than the attested one", where)
    found_seal = seal.read_database(server, image.database_name, image.owner_role, seal.left_out(attested_seal))
    changes = seal.database_changes(attested_seal, found_seal)
    if changes:
        raise _refused(f"is not as attested: {'; '.join(changes)}", where)
    return predicate


def verify_copy(predicate: Mapping[str, Any], copy: psycopg.Connection[Any]) -> None:
    """Refuses a copy whose catalogs are not the attested ones: another comment, table, function, grant, trigger, ...

    Args:
        predicate: What `verify_for_branching` returned.
        copy: A session in the copy, before anything in it was changed.

    Raises:
        AttestationRefused: Names the catalogs.
    """
    changes = seal.catalog_changes(predicate.get("seal") or {}, seal.read_catalogs(copy))
    if changes:
        raise _refused(f"is not as attested: {'; '.join(changes)}", str(predicate.get("golden_id")))


def _refused(what: str, where: str) -> AttestationRefused:
    return AttestationRefused(
        f"The image {what}",
        where=where,
        remedy="See what `testdata golden verify` says; run testdata refresh for a new image. If you branch elsewhere "
        "than you sign, put the signer's public key into rules/trusted_keys/.",
    )
