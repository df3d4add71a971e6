"""Keys and tokens: each kind is seen inside a sentence; placeholders, keys of test systems and look-alikes are not.

The keys are put together here, so that no scanner of repositories takes this file for a leak.
"""

from __future__ import annotations

import base64
import random
import string

import polars as pl
import pytest

from testdata_assets.production.catalog import Column
from testdata_assets.validation.patterns import PatternHits, look

_WORD = string.ascii_letters + string.digits


def noise(length: int, alphabet: str = _WORD, seed: int = 1) -> str:
    """Random characters without long runs of one of them."""
    draw = random.Random(seed)
    return "".join(draw.choice(alphabet) for _ in range(length))


def found(*texts: str) -> dict[str, int]:
    hits = PatternHits()
    look(pl.Series(texts, dtype=pl.String), None, hits)
    return {finding.kind: finding.count for finding in hits.findings("t", "c")}


_HEX = "0123456789abcdef"
_UPPER = string.ascii_uppercase + string.digits


def _web_token(payload: bytes = b'{"sub":"1234","name":"x"}') -> str:
    parts = (b'{"alg":"HS256","typ":"JWT"}', payload)
    head = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    return f"{head}.{noise(43)}"


KEYS = [
    ("AWS key", "AK" + "IA" + noise(16, _UPPER)),
    ("AWS key", "AS" + "IA" + noise(16, _UPPER)),
    ("GitHub token", "gh" + "p_" + noise(36)),
    ("GitHub token", "github" + "_pat_" + noise(82)),
    ("GitLab token", "gl" + "pat-" + noise(20)),
    ("Slack token", "xo" + "xb-" + noise(12, string.digits) + "-" + noise(24)),
    ("Slack token", "https://hooks.slack" + ".com/services/T" + noise(8) + "/B" + noise(8) + "/" + noise(24)),
    ("Telegram token", noise(9, "123456789") + ":A" + "A" + noise(33)),
    ("Stripe key", "sk" + "_live_" + noise(24)),
    ("Stripe key", "wh" + "sec_" + noise(32)),
    ("Shopify token", "shp" + "at_" + noise(32, _HEX)),
    ("Google key", "AI" + "za" + noise(35)),
    ("Google key", "ya" + "29." + noise(60)),
    ("Azure key", "Account" + "Key=" + noise(86) + "=="),
    ("DigitalOcean token", "dop" + "_v1_" + noise(64, _HEX)),
    ("Cloud token", "hv" + "s." + noise(24)),
    ("Package registry token", "np" + "m_" + noise(36)),
    ("SendGrid key", "S" + "G." + noise(22) + "." + noise(43)),
    ("OpenAI key", "sk-" + "proj-" + noise(20) + "T3Blbk" + "FJ" + noise(20)),
    ("Anthropic key", "sk-" + "ant-api03-" + noise(93)),
    ("Hugging Face token", "h" + "f_" + noise(34)),
    ("web token", _web_token()),
    ("private key", "-----BEGIN " + "PRIVATE KEY-----\n" + noise(64) + "\n-----END PRIVATE KEY-----"),
    ("private key", "-----BEGIN OPENSSH " + "PRIVATE KEY-----\\n" + noise(64)),
    ("password hash", "$2" + "b$12$" + noise(53)),
    ("password hash", "$argon" + "2id$v=19$m=65536,t=3,p=4$" + noise(22) + "$" + noise(43)),
    ("password hash", "$6" + "$rounds=5000$" + noise(16) + "$" + noise(86)),
    ("password hash", "pbkdf2" + "_sha256$600000$" + noise(22) + "$" + noise(43) + "="),
    ("password hash", "SCRAM-SHA-" + "256$4096:" + noise(22) + "==$" + noise(43) + "=:" + noise(43) + "="),
    ("password in a URL", "postgres://app:" + noise(12) + "@db.corp.internal:5432/shop"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "key"), KEYS, ids=[f"{kind} {number}" for number, (kind, _) in enumerate(KEYS)])
def test_a_key_is_seen_alone_and_in_a_sentence(kind: str, key: str) -> None:
    assert found(key, "nothing") == {kind: 1}
    assert found(f"set it to '{key}' and restart", "nothing") == {kind: 1}


@pytest.mark.parametrize(
    "text",
    [
        "sk" + "_test_" + noise(24),  # opens nothing
        "AK" + "IAIOSFODNN7EXAMPLE",
        "gh" + "p_" + "x" * 36,
        "np" + "m_install_is_slow",
        "task-force-for-the-quarterly-review-of-risk-and-disk-usage",
        "SKU12345678901234",
        "S" + "K" + noise(32, string.ascii_uppercase),
        noise(64, _HEX),
        noise(40),
        "eyJhbGciOiJIUzI1NiJ9",
        "-----BEGIN CERTIFICATE-----\n" + noise(64),
        "-----BEGIN PUBLIC KEY-----\n" + noise(64),
        "-----BEGIN " + "PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "postgres://localhost/shop",
        "postgres://app:password@db.corp.internal/shop",
        "postgres://app:" + noise(12) + "@localhost:5432/shop",
        "postgres://app:${PASSWORD}@db.corp.internal/shop",
        "https://shop.org/a:b/c",
        "$2 off, was $6$",
        "md5" + noise(32, _HEX),
    ],
)
def test_look_alikes_are_not(text: str) -> None:
    assert found(text, f"see {text}") == {}


@pytest.mark.parametrize(
    ("kind", "key", "word"),
    [
        ("Twilio key", "S" + "K" + noise(32, _HEX), "twilio"),
        ("Twilio key", "S" + "K" + noise(32, _HEX), "api_key"),
        ("Mailgun key", "ke" + "y-" + noise(32, _HEX), "mailgun"),
    ],
)
def test_a_digest_behind_a_short_prefix_takes_a_word(kind: str, key: str, word: str) -> None:
    """In the text or in the name of its column; cache entries and stock numbers look the same."""
    assert found(key, f"see {key} there") == {}
    assert found(f"{word} {key}") == {kind: 1}
    hits = PatternHits(Column(f"{word}_settings", "text", "text", "S"))
    look(pl.Series([key]), None, hits)
    assert [each.kind for each in hits.findings("t", "c")] == [kind]


def test_masked_web_tokens_claim_nothing_and_do_not_count() -> None:
    """Masking empties the claims."""
    assert found(_web_token(b"{                      }")) == {}


def test_counts_are_rows() -> None:
    key = KEYS[0][1]
    hits = PatternHits()
    look(pl.Series([key, "x"]), pl.Series([12, 3]), hits)
    assert [(each.kind, each.count) for each in hits.findings("t", "c")] == [("AWS key", 12)]
