"""secret: form and length stay, public parts too; what is secret does not."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import string
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testdata_assets.masking.transformers import registry
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[str]]


def base64url(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def token(claims: dict[str, str], header: dict[str, str] | None = None) -> str:
    signature = base64.urlsafe_b64encode(hashlib.sha256(b"x").digest()).decode().rstrip("=")
    return f"{base64url(header or {'alg': 'RS256', 'typ': 'JWT', 'kid': 'k1'})}.{base64url(claims)}.{signature}"


MIXED = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4gH6jK8"
FORMS = [
    ("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", r"\$2b\$12\$[./A-Za-z0-9]{53}"),
    ("$argon2id$v=19$m=65536,t=3,p=4$" + MIXED[:22] + "$" + MIXED[:38] + "AbCdE",
     r"\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9]{22}\$[A-Za-z0-9]{43}"),
    ("$pbkdf2-sha256$29000$" + MIXED[:22] + "$" + MIXED[:38] + "AbCdE",
     r"\$pbkdf2-sha256\$29000\$[A-Za-z0-9]{22}\$[A-Za-z0-9]{43}"),
    ("pbkdf2_sha256$260000$aB3dE5gH7jK9$" + MIXED + "AbCd=",
     r"pbkdf2_sha256\$260000\$[A-Za-z0-9]{12}\$[A-Za-z0-9]{43}="),
    ("$6$rounds=5000$saltsalt$" + MIXED * 2 + "abcdEFGH", r"\$6\$rounds=5000\$[a-z]{8}\$[A-Za-z0-9]{86}"),
    ("$1$abcdefgh$" + MIXED[:22], r"\$1\$[a-z]{8}\$[A-Za-z0-9]{22}"),
    ("SCRAM-SHA-256$4096:" + MIXED[:22] + "==$" + MIXED + "abcd=:" + MIXED + "efgh=",
     r"SCRAM-SHA-256\$4096:[A-Za-z0-9]{22}==\$[A-Za-z0-9]{43}=:[A-Za-z0-9]{43}="),
    ("md5" + hashlib.md5(b"x", usedforsecurity=False).hexdigest(), r"md5[0-9a-f]{32}"),
    (hashlib.sha256(b"x").hexdigest(), r"[0-9a-f]{64}"),
    (hashlib.sha1(b"x", usedforsecurity=False).hexdigest().upper(), r"[0-9A-F]{40}"),
    ("AKIAIOSFODNN7EXAMPLE", r"AKIA[A-Z0-9]{16}"),
    ("ghp_" + MIXED[:36], r"ghp_[A-Za-z0-9]{36}"),
    ("sk_live_" + MIXED[:24], r"sk_test_[A-Za-z0-9]{24}"),
    ("sk_test_" + MIXED[:24], r"sk_test_[A-Za-z0-9]{24}"),
    ("xoxb-123456789012-1234567890123-" + MIXED[:24], r"xoxb-\d{12}-\d{13}-[A-Za-z0-9]{24}"),
    ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("{SSHA}" + MIXED[:31] + "=", r"\{SSHA\}[A-Za-z0-9]{31}="),
    ("12345678901234567890123", r"\d{23}"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "form"), FORMS, ids=[value[:12] for value, _ in FORMS])
def test_forms_stay_and_secrets_go(mask: Mask, value: str, form: str):
    (masked,) = mask("secret", [value])
    assert re.fullmatch(form, masked)
    assert len(masked) == len(value)
    assert masked[-12:] != value[-12:]
    shared = sum(one == two for one, two in zip(value[-20:], masked[-20:], strict=True))
    assert shared < 15


def test_bcrypt_has_no_stray_bits(mask: Mask):
    value = FORMS[0][0]
    for masked in mask("secret", [value] + [value[:-8] + f"{number:08d}" for number in range(200)]):
        assert masked[28] in ".Oeu"
        assert masked[-1] in ".CGKOSWaeimquy26"


def test_base64_fields_stay_decodable(mask: Mask):
    values = [f"$argon2id$v=19$m=1,t=3,p=4$aB{number:020d}$Ef{number:041d}" for number in range(200)]
    values += [base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(20)]
    for masked in mask("secret", values):
        for field in masked.split("$")[4:] or [masked.rstrip("=")]:
            raw = decoded(field)
            assert base64.urlsafe_b64encode(raw).decode().rstrip("=") == field.replace("+", "-").replace("/", "_")


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4))
def test_web_tokens_lose_their_claims(mask: Mask, claims: dict[str, str]):
    value = token(claims)
    (masked,) = mask("secret", [value])
    parts = [decoded(part) for part in masked.split(".")]
    assert json.loads(parts[0])["alg"] == "HS256"
    assert json.loads(parts[1]) == {}
    assert [len(part) for part in masked.split(".")] == [len(part) for part in value.split(".")]
    assert masked.split(".")[2] != value.split(".")[2]


def test_web_tokens_stay_distinct_and_short_headers_do(mask: Mask):
    values = [token({"sub": f"{number:04d}"}, {"alg": "HS256"}) for number in range(500)]
    masked = mask("secret", [*values, "Bearer " + values[0]])
    assert len(set(masked)) == 501
    assert masked[-1].startswith("Bearer ")
    assert json.loads(decoded(masked[-1][7:].split(".")[1])) == {}


def test_unsigned_tokens_lose_their_claims_too(mask: Mask):
    value = token({"email": "jane@acme.com"}).rpartition(".")[0] + "."
    (masked,) = mask("secret", [value])
    assert masked.count(".") == 2
    assert b"jane" not in base64.urlsafe_b64decode(masked.split(".")[1] + "==")


def test_pem_blocks_keep_their_delimiters(mask: Mask):
    body = base64.b64encode(bytes(range(200))).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    value = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----", ""])
    masked, escaped = mask("secret", [value, value.replace("\n", "\\n")])
    found = masked.split("\n")
    assert found[0] == "-----BEGIN RSA PRIVATE KEY-----"
    assert found[-2] == "-----END RSA PRIVATE KEY-----"
    assert [len(line) for line in found[1:-2]] == [len(line) for line in lines]
    assert len(base64.b64decode("".join(found[1:-2]), validate=True)) == 200
    assert not set(found[1:-2]) & set(lines)
    assert escaped.startswith("-----BEGIN RSA PRIVATE KEY-----\\n")
    assert escaped.count("\\n") == value.count("\n")


@settings(max_examples=30, deadline=None)
@given(st.text(string.ascii_letters + string.digits + "+/-_=.$:", min_size=1, max_size=80))
def test_no_value_comes_back(mask: Mask, value: str):
    (masked,) = mask("secret", [value])
    assert len(masked) == len(value)
    assert masked == value if not any(symbol.isalnum() for symbol in value) else masked != value
    assert masked == mask("secret", [value, value])[1]


def test_short_ones_stay_distinct(mask: Mask):
    values = [f"{number:04d}" for number in range(10_000)]
    assert sorted(mask("secret", values)) == values


def test_blank_stays_and_keys_are_unrelated(mask: Mask):
    assert mask("secret", ["", " "]) == ["", " "]
    assert mask("secret", [MIXED]) != mask("secret", [MIXED], key=b"another key of the tests, 32 bytes")
    assert mask("secret", [MIXED]) != mask("secret", [MIXED], domain="other")


def test_other_columns_are_refused():
    assert registry.build("secret").problems(Column("c", "bytea", "bytea", "U"))
