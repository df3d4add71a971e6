"""hash: a keyed digest in the column's own type."""

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
