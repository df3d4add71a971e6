"""composite: every field masks as a value of a column of its own would."""

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
from testdata_assets.masking.part_texts import row_field, row_parts
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, MaskContext, Uniqueness
from testdata_assets.production.catalog import Column

HASH_FOR = partial(KeyedHash.derive, b"k" * 32)
STREET, CITY = Column("street", "text", "text", "S"), Column("city", "varchar(9)", "varchar", "S", 9)
NUMBER = Column("number", "integer", "int4", "N")
ADDRESS = Column("ship_to", "address", "address", "C", parts=(STREET, CITY, NUMBER))


def mask(fields: dict[str, Any], *values: str, kind: Column = ADDRESS, **other: Any) -> list[Any]:
    context = MaskContext(HASH_FOR("public.orders.ship_to"), kind, hash_for=HASH_FOR, **other)
    return registry.build("composite", {"fields": fields}).apply(pl.Series(values, dtype=pl.String), context).to_list()


def scalar(name: str, value: str, domain: str, kind: Column = STREET, **params: Any) -> Any:
    return registry.build(name, params).apply(pl.Series([value]), MaskContext(HASH_FOR(domain), kind))[0]


def test_a_field_masks_as_a_scalar_column_of_its_domain():
    fields = {"street": {"transform": "street_address", "domain": "street"}, "city": "keep", "number": "keep"}
    value = '"4 ""Old"" Lane, \\\\ W"'
    masked = mask(fields, f'({value},"New York",7)', "(,,)", '("",Rome,)')
    street = scalar("street_address", '4 "Old" Lane, \\ W', "street")
    assert masked == [f'({row_field(pl.Series([street]))[0]},"New York",7)', "(,,)", '("",Rome,)']


def test_each_field_has_its_own_type_and_limit():
    fields = {"street": "keep", "city": "hash", "number": {"transform": "hash", "domain": "n"}}
    (masked,) = mask(fields, "(a,b,3)")
    assert masked == f"(a,{scalar('hash', 'b', 'public.orders.ship_to', CITY)},{scalar('hash', '3', 'n', NUMBER)})"
    assert len(row_parts(pl.Series([masked]), 3).texts()[1]) == 9


def test_null_empties_a_field_and_a_blank_one_stays_blank():
    fields = {"street": None, "city": "hash", "number": None}
    assert mask(fields, '(a,"",3)', "(,x,)")[0] == '(,"",)'


def test_one_field_alone():
    kind = Column("c", "one", "one", "C", parts=(STREET,))
    assert mask({"street": "hash"}, "()", '("")', "(a)", kind=kind) == [
        "()",
        '("")',
        f"({scalar('hash', 'a', 'public.orders.ship_to')})",
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.one_of(st.none(), st.text('ab"\\(), é', max_size=5))] * 2), min_size=1, max_size=5))
def test_masks_depend_on_fields_alone(rows: list[tuple[str | None, str | None]]):
    kind = Column("c", "pair", "pair", "C", parts=(STREET, Column("city", "text", "text", "S")))
    values = ["(" + ",".join(row_field(pl.Series(row, dtype=pl.String)).to_list()) + ")" for row in rows]
    fields = {"street": {"transform": "scramble", "domain": "a"}, "city": {"transform": "scramble", "domain": "b"}}
    masked = mask(fields, *values, kind=kind)
    assert masked == [mask(fields, value, kind=kind)[0] for value in values]
    expected = [
        scalar("scramble", each, domain)
        for row in rows
        for each, domain in zip(row, "ab", strict=True)
        if each is not None
    ]
    assert row_parts(pl.Series(masked), 2).texts().to_list() == expected


def test_raw_fields_are_collected_for_the_leak_scan():
    found: list[pl.Series] = []
    mask({"street": "hash", "city": "keep", "number": "keep"}, "(ann,rome,1)", "(bob,rome,2)", collect=found.append)
    assert sorted(pl.concat(found).to_list()) == ["ann", "bob"]


def test_guarantees_are_the_weakest_of_the_fields():
    def guarantees(**fields: Any) -> Any:
        return registry.build("composite", {"fields": fields}).guarantees_for(ADDRESS)

    assert guarantees(street="scramble", city="keep", number="keep").uniqueness is Uniqueness.INJECTIVE
    assert guarantees(street="hash", city="keep", number="keep").uniqueness is Uniqueness.HASHED
    assert guarantees(street="hash", city="keep", number="hash").uniqueness is Uniqueness.LOSSY
    assert guarantees(street=None, city="keep", number="keep").coincidence is Coincidence.BY_PART


def test_fields_must_be_those_of_the_type():
    def problems(kind: Column = ADDRESS, **fields: Any) -> tuple[str, ...]:
        return registry.build("composite", {"fields": fields}).problems(kind)

    assert problems(street="hash", city="keep", number="keep") == ()
    assert problems(street="hash") == ("no rule covers the fields city, number of address",)
    assert problems(street="hash", city="keep", number="keep", zip="keep") == ("address has no field zip",)
    assert problems(street="hash", city="keep", number="email") == (
        "fields.number: email takes text columns, not integer",
    )
    assert problems(STREET, street="hash") == ("composite takes composite types, not text",)


def test_a_type_with_more_fields_than_rules_is_refused_at_work_too():
    with pytest.raises(RefusedError) as caught:
        mask({"street": "hash"}, "(a,b,1)")
    assert caught.value.error_code == "parts-unknown"


def test_rules_say_what_is_wrong():
    for params in ({}, {"fields": {}}, {"fields": {"street": {"transform": "nobody"}}}):
        with pytest.raises(ValidationError, match="fields"):
            registry.build("composite", params)
