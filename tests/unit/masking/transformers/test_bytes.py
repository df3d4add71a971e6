"""bytes: what becomes of bytea values in each mode."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.errors import RefusedError
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, MaskContext, Uniqueness
from testdata_assets.production.catalog import Column

HASH_FOR = partial(KeyedHash.derive, b"k" * 32)
PHOTO = Column("photo", "bytea", "bytea", "U")


def mask(*values: bytes, domain: str = "d", key: bytes = b"k" * 32, collect: Any = None, **params: Any) -> list[Any]:
    hash_for = partial(KeyedHash.derive, key)
    context = MaskContext(hash_for(domain), PHOTO, hash_for=hash_for, collect=collect)
    series = pl.Series("photo", ["\\x" + each.hex() for each in values], dtype=pl.String)
    masked = registry.build("bytes", params).apply(series, context)
    assert (masked.name, masked.dtype) == ("photo", pl.String)
    assert all(each.startswith("\\x") for each in masked.drop_nulls())
    return [None if each is None else bytes.fromhex(each[2:]) for each in masked]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=12))
def test_noise_keeps_lengths_and_nothing_else(values: list[bytes]):
    masked = mask(*values)
    assert [len(each) for each in masked] == [len(each) for each in values]
    assert all(out != raw or not raw for out, raw in zip(masked, values, strict=True))
    assert masked == [mask(value)[0] for value in values]
    assert len(set(masked)) == len(set(values))


def test_long_values_are_noise_too():
    long, other = b"\0" * 200_001, b"\0" * 200_000 + b"\1"
    masked = mask(b"ab", long, b"", other)
    assert [len(each) for each in masked] == [2, 200_001, 0, 200_001]
    assert masked[1] != masked[3]
    assert masked == [mask(each)[0] for each in (b"ab", long, b"", other)]
    assert 100_000 < sum(each > 127 for each in masked[1]) * 2 < 300_000
    assert mask(b"\7" * 65_536)[0] != mask(b"\7" * 65_537)[0][:-1]


def test_other_keys_and_domains_give_other_noise():
    value = b"0123456789abcdef"
    assert len({mask(value)[0], mask(value, domain="e")[0], mask(value, key=b"o" * 32)[0]}) == 3


def test_empty_and_fixed():
    assert mask(b"abc", b"", mode="empty") == [b"", b""]
    assert mask(b"abc", b"", mode="fixed", value="00FF") == [b"\0\xff", b"\0\xff"]
    assert mask(b"abc", mode="fixed", value="\\x00") == [b"\0"]


def test_text_masks_as_text_of_its_domain():
    content = {"transform": "email", "domain": "user.email"}
    raw = ("ann@example.org", "jösé@x.de")
    context = MaskContext(HASH_FOR("user.email"), Column("x", "text", "text", "S"))
    expected = registry.build("email").apply(pl.Series(raw), context).to_list()
    masked = mask(*(each.encode() for each in raw), b"", mode="text", content=content)
    assert [each.decode() for each in masked] == [*expected, ""]


def test_what_is_no_text_gets_noise():
    found: list[pl.Series] = []
    odd = [b"\xff\xfe\xfd\xfc", b"a\0b", b"\xed\xa0\x80"]
    masked = mask(*odd, b"Ann", mode="text", content="hash", collect=found.append)
    assert masked[:3] == mask(*odd)
    assert len(masked[3]) == 16
    assert sorted(pl.concat(found).to_list()) == sorted(["Ann", *("\\x" + each.hex() for each in odd)])


def test_null_empties():
    assert mask(b"Ann", mode="text", content={"transform": None}) == [None]


def test_guarantees_by_mode():
    def guarantees(**params: Any) -> tuple[Uniqueness, Coincidence]:
        found = registry.build("bytes", params).guarantees_for(PHOTO)
        return found.uniqueness, found.coincidence

    assert guarantees() == (Uniqueness.HASHED, Coincidence.MAY_COINCIDE)
    assert guarantees(mode="empty") == (Uniqueness.LOSSY, Coincidence.CONSTANT)
    assert guarantees(mode="text", content="city") == (Uniqueness.LOSSY, Coincidence.BY_PART)


def test_problems():
    assert registry.build("bytes").problems(PHOTO) == ()
    assert registry.build("bytes").problems(Column("x", "text", "text", "S")) == (
        "bytes takes bytea columns, not text",
    )
    nested = registry.build("bytes", {"mode": "text", "content": {"transform": "array", "items": "keep"}})
    assert nested.problems(PHOTO) == ("content: array takes arrays, not text",)


def test_another_form_is_refused():
    with pytest.raises(RefusedError, match="hexadecimal"):
        registry.build("bytes").apply(pl.Series(["\\000abc"]), MaskContext(HASH_FOR("d"), PHOTO))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"value": "00"}, "mode fixed"),
        ({"mode": "fixed"}, "needs it"),
        ({"mode": "fixed", "value": "0"}, "pairs"),
        ({"mode": "fixed", "value": "zz"}, "pairs"),
        ({"mode": "text"}, "needs it"),
        ({"content": "hash"}, "mode text"),
    ],
)
def test_rules_say_what_is_wrong(params: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        registry.build("bytes", params)
