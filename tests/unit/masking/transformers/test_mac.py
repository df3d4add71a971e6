"""mac: kind of address and written form stay; addresses stay distinct and are the same in every spelling."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Uniqueness
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[str]]
ADDRESSES = st.sets(st.binary(min_size=6, max_size=6), min_size=1, max_size=60)


def written(raw: bytes, sign: str = ":") -> str:
    return raw.hex(sign)


@settings(max_examples=50, deadline=None)
@given(ADDRESSES, st.sampled_from(["map", "keep"]))
def test_kind_stays_and_addresses_stay_distinct(mask: Mask, found: set[bytes], vendor: str):
    values = sorted(map(written, found))
    masked = mask("mac", values, base_type="macaddr", params={"vendor": vendor})
    assert len(set(masked)) == len(values)
    for value, result in zip(values, masked, strict=True):
        assert re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", result)
        assert value != result
        assert int(value[:2], 16) & 3 == int(result[:2], 16) & 3
        if vendor == "keep" and not int(value[:2], 16) & 2:
            assert result[:8] == value[:8]
            assert result[9:] != value[9:]


def test_vendors_are_mapped_each_to_one(mask: Mask):
    values = [f"{vendor}:{card:02x}:00:01" for vendor in ("00:1a:2b", "08:00:27", "3c:22:fb") for card in range(100)]
    masked = mask("mac", values)
    prefixes = [each[:8] for each in masked]
    assert len(set(prefixes)) == 3
    assert len(set(prefixes[:100])) == 1
    assert not set(prefixes) & {"00:1a:2b", "08:00:27", "3c:22:fb"}


def test_local_addresses_change_as_a_whole(mask: Mask):
    values = [f"02:11:22:00:00:{card:02x}" for card in range(200)]
    for vendor in ("map", "keep"):
        masked = mask("mac", values, params={"vendor": vendor})
        assert len({each[:8] for each in masked}) > 190
        assert all(int(each[:2], 16) & 3 == 2 for each in masked)


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=6, max_size=6))
def test_spellings_agree_and_stay(mask: Mask, raw: bytes):
    bare = raw.hex()
    grouped = f"{bare[:4]}.{bare[4:8]}.{bare[8:]}"
    values = [written(raw), written(raw, "-").upper(), grouped, f"{bare[:6]}:{bare[6:]}", bare, bare.upper()]
    masked = mask("mac", values)
    plain = [re.sub("[:.-]", "", each).lower() for each in masked]
    assert len(set(plain)) == 1
    assert masked[0] == masked[0].lower()
    assert mask("mac", [values[0]], base_type="macaddr") == masked[:1]
    if bare != bare.upper():
        assert masked[1] == masked[1].upper()
    for value, result in zip(values, masked, strict=True):
        assert re.sub("[0-9a-fA-F]", "x", value) == re.sub("[0-9a-fA-F]", "x", result)


def test_long_addresses(mask: Mask):
    short, long = "08:00:2b:01:02:03", "08:00:2b:ff:fe:01:02:03"
    (masked,) = mask("mac", [short], base_type="macaddr")
    (derived,) = mask("mac", [long], base_type="macaddr8")
    assert derived == f"{masked[:8]}:ff:fe:{masked[9:]}"
    values = [f"08:00:2b:00:{number:02x}:01:02:03" for number in range(256)]
    others = mask("mac", values, base_type="macaddr8")
    assert len(set(others)) == len(values)
    assert not any(each[9:14] == "ff:fe" for each in others)
    assert mask("mac", ["08002bfffe010203"]) == [derived.replace(":", "")]


def test_small_vendors_are_permuted_onto_themselves(mask: Mask):
    values = [f"00:1a:2b:{number >> 8:02x}:{number & 255:02x}:00" for number in range(5000)]
    masked = mask("mac", values, params={"vendor": "keep"})
    assert len(set(masked)) == len(values)


def test_keys_domains_and_other_texts(mask: Mask):
    value = "08:00:2b:01:02:03"
    assert mask("mac", [value]) != mask("mac", [value], key=b"another key of the tests, 32 bytes")
    assert mask("mac", [value]) != mask("mac", [value], domain="other")
    values = ["", "n/a", "08:00:2b:01:02", "08:00-2b:01:02:03", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"]
    masked = mask("mac", values)
    assert masked[0] == ""
    assert all(one != two for one, two in zip(values[1:], masked[1:], strict=True))


@pytest.mark.parametrize(
    ("base_type", "expected"), [("macaddr", "injective"), ("macaddr8", "injective"), ("text", "hashed")]
)
def test_what_is_guaranteed(base_type: str, expected: str):
    column = Column("c", base_type, base_type, "U")
    assert registry.build("mac").guarantees_for(column).uniqueness is Uniqueness(expected)
    assert registry.build("mac").guarantees_for(column).searchable
    assert not registry.build("mac", {"vendor": "keep"}).guarantees_for(column).searchable
    assert registry.build("mac").problems(column) == ()


def test_parameters_and_columns():
    with pytest.raises(ValidationError, match="vendor"):
        registry.build("mac", {"vendor": "drop"})
    assert registry.build("mac").problems(Column("c", "bigint", "int8", "N"))
