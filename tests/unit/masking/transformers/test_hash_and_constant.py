"""hash, constant, null, keep: the column's own type."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, Uniqueness
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]


def column(base_type: str, limit: int | None = None, not_null: bool = False) -> Column:
    return Column("c", base_type, base_type, "S", limit, not_null)


@pytest.mark.parametrize(
    ("base_type", "pattern"),
    [
        ("text", r"[0-9a-f]{16}"),
        ("int2", r"\d{1,5}"),
        ("int4", r"\d{1,10}"),
        ("int8", r"\d{1,19}"),
        ("uuid", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("bytea", r"\\x[0-9a-f]{16}"),
    ],
)
def test_digests_are_of_the_columns_type(mask: Mask, base_type: str, pattern: str):
    masked = mask("hash", [str(number) for number in range(1000)], base_type=base_type)
    assert all(re.fullmatch(pattern, one) for one in masked)
    limits = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
    if base_type in limits:
        assert max(map(int, masked)) < limits[base_type]
    if base_type not in ("int2", "int4"):
        assert len(set(masked)) == 1000
    if base_type == "uuid":
        assert {uuid.UUID(one).version for one in masked} == {4}


def test_numbers_and_their_texts_agree(mask: Mask):
    assert mask("hash", ["7"], base_type="int8") == mask("hash", ["7"], base_type="numeric")
    assert mask("hash", ["ab"], base_type="bpchar", limit=40) == mask(
        "hash", ["ab".ljust(40)], base_type="bpchar", limit=40
    )


def test_short_digests_promise_less():
    assert registry.build("hash").guarantees_for(column("text")).uniqueness is Uniqueness.HASHED
    assert registry.build("hash").guarantees_for(column("varchar", 14)).uniqueness is Uniqueness.LOSSY
    assert (
        registry.build("hash", {"length": 12, "encoding": "base32"}).guarantees_for(column("text")).uniqueness
        is Uniqueness.HASHED
    )
    assert registry.build("hash", {"length": 8}).guarantees_for(column("text")).coincidence is Coincidence.MAY_COINCIDE
    assert registry.build("hash").guarantees_for(column("int4")).uniqueness is Uniqueness.LOSSY
    assert registry.build("hash").guarantees_for(column("uuid")).uniqueness is Uniqueness.HASHED


def test_a_digest_of_one_character_is_another_one(mask: Mask):
    symbols = list("0123456789abcdef")
    assert all(
        one != two for one, two in zip(symbols, mask("hash", symbols, limit=1, base_type="varchar"), strict=True)
    )


@pytest.mark.parametrize(("value", "text"), [("x", "x"), (7, "7"), (True, "t"), (False, "f"), (1.5, "1.5"), ("", "")])
def test_constants(mask: Mask, value: object, text: str):
    assert mask("constant", ["a", ""], params={"value": value}) == [text, text]


@pytest.mark.parametrize(
    ("value", "base_type", "limit", "fits"),
    [
        ("abc", "varchar", 3, True), ("abcd", "varchar", 3, False), ("x" * 64, "name", None, False),
        (5, "int2", None, True), (40000, "int2", None, False), (40000, "int4", None, True), ("a", "int4", None, False),
        (1.5, "numeric", None, True), ("NaN", "float8", None, True), ("x", "numeric", None, False),
        (True, "bool", None, True), (2, "bool", None, False),
        ("1980-01-01", "date", None, True), ("soon", "date", None, False),
        ("1980-01-01 10:00+02", "timestamptz", None, True), ("10:00", "timestamp", None, False),
        ("00000000-0000-0000-0000-000000000000", "uuid", None, True), ("0", "uuid", None, False),
        ("a\0b", "text", None, False), ("anything", "mood", None, True),
    ],
)  # fmt: skip
def test_constants_are_checked_against_the_column(value: object, base_type: str, limit: int | None, fits: bool):
    assert (registry.build("constant", {"value": value}).problems(column(base_type, limit)) == ()) is fits


def test_null_and_keep(mask: Mask):
    assert mask("null", ["a", ""]) == [None, None]
    assert mask("keep", ["a", "", "\\x00"]) == ["a", "", "\\x00"]
    assert registry.build("null").problems(column("text", not_null=True))
    assert not registry.build("null").guarantees.nulls_stay_null
