"""Transformers that promise it mask equal values of different kinds of type equally."""

from __future__ import annotations

import polars as pl
import pytest

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import examine
from testdata_assets.masking.plan_domains import type_family
from testdata_assets.masking.rules import parse_rules
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import MaskContext
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, ForeignKey, Table

# Written as Postgres prints them in a column of the first type; any text column may hold the same.
SAMPLES = {
    "integer": (("int2", "int4", "int8", "numeric"), ["7", "0", "-3", "12", "30000", "-32768"]),
    "uuid": (("uuid",), ["7f6a3bb0-2c5e-4d1c-9f7e-1d2c3b4a5968", "00000000-0000-0000-0000-000000000000"]),
    "inet": (("inet",), ["10.0.0.1", "192.168.3.4/24", "::1", "2001:db8::5"]),
    "cidr": (("cidr",), ["10.0.0.0/8", "2001:db8::/32"]),
    "macaddr": (("macaddr",), ["08:00:2b:01:02:03", "ff:ff:ff:00:00:01"]),
}
DECLARED = {name: each.alike for name, each in registry.all().items() if each.alike}


def masked(name: str, values: list[str], base_type: str) -> list[str]:
    column = Column("x", base_type, base_type, "S")
    context = MaskContext(hash=KeyedHash.derive(b"k" * 32, "domain"), column=column)
    return registry.build(name, {}).apply(pl.Series(values, dtype=pl.String), context).to_list()


def test_keys_can_be_joined_across_representations() -> None:
    assert {"integer_permute", "uuid", "ip", "mac"} <= DECLARED.keys()
    assert "hash" not in DECLARED


@pytest.mark.parametrize("name", DECLARED)
def test_equal_values_agree_whatever_the_type(name: str) -> None:
    assert "text" in DECLARED[name]
    for family in DECLARED[name] - {"text"}:
        types, values = SAMPLES[family]
        for base_type in types:
            assert type_family(Column("x", base_type, base_type, "S")) == family
            assert registry.get(name).accepts(base_type)
            for text in ("text", "varchar", "citext"):
                assert masked(name, values, base_type) == masked(name, values, text)


def test_equal_numbers_hash_equally_however_many_decimals_they_have() -> None:
    def masked(*values: str, kind: str = "numeric") -> list[str]:
        context = MaskContext(KeyedHash.derive(b"k" * 32, "d"), Column("c", kind, kind, "N"))
        return registry.build("hash", {}).apply(pl.Series(values), context).to_list()

    assert len(set(masked("7", "7.0", "7.00"))) == 1
    assert masked("7.00", kind="int4") == masked("7", kind="int4")  # as narrowed by a member of the domain
    assert masked("0.50", "-0.0", "100", "-7.10") == masked("0.5", "0", "100", "-7.1")
    assert len(set(masked("7.5", "7", "70", "-7", "NaN", "7.05"))) == 6
    assert masked("7.00", kind="text") != masked("7", kind="text")


@pytest.mark.parametrize(
    ("transform", "alike"),
    [("hash", True), ("integer_permute", True), ("scramble", False), ("{transform: constant, value: 1}", True)],
)
def test_references_between_scales_need_a_transformer_that_masks_numbers(transform: str, alike: bool) -> None:
    prices, items = TableName("public", "prices"), TableName("public", "items")
    tables = (
        Table(prices, 1, "r", (Column("n", "numeric(10,2)", "numeric", "N", position=1),), prices),
        Table(items, 2, "r", (Column("n", "integer", "int4", "N", position=1),), items),
    )
    catalog = Catalog(180000, "1", "d", tables, (ForeignKey("f", items, ("n",), prices, ("n",)),))
    found = examine(
        parse_rules(f"version: 1\ntables: {{public.prices: {{n: {transform}}}, public.items: {{}}}}"), catalog
    )
    messages = [problem.message for problem in found.problems]
    assert messages == [] if alike else "masks 7 and 7.00 apart" in messages[0]
