"""hstore: values mask by key, keys and NULLs stay."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from testdata_assets.errors import RefusedError
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import MaskContext, Uniqueness
from testdata_assets.production.catalog import Column

HASH_FOR = partial(KeyedHash.derive, b"k" * 32)
ATTRS = Column("attrs", "hstore", "hstore", "U")
PHONE = {"transform": "phone", "domain": "user.phone"}


def mask(keys: dict[str, Any], *values: str, **other: Any) -> list[Any]:
    context = MaskContext(HASH_FOR("public.users.attrs"), ATTRS, hash_for=HASH_FOR, **other)
    return registry.build("hstore", {"keys": keys}).apply(pl.Series(values, dtype=pl.String), context).to_list()


def scalar(name: str, value: str, domain: str, **params: Any) -> Any:
    context = MaskContext(HASH_FOR(domain), Column("x", "text", "text", "S"))
    return registry.build(name, params).apply(pl.Series([value]), context)[0]


def test_a_value_masks_as_a_scalar_column_of_its_domain():
    number = "+1 (555) 234-5678"
    masked = mask({"phone": PHONE, "*": None}, f'"phone"=>"{number}", "x"=>"y", "z"=>NULL', '"phone"=>NULL', "")
    assert masked == [
        f'"phone"=>"{scalar("phone", number, "user.phone")}", "x"=>NULL, "z"=>NULL',
        '"phone"=>NULL',
        "",
    ]


def test_quotes_and_backslashes_come_through():
    value = '"a\\"\\\\=>"=>"x\\"y\\\\", "b, c"=>""'
    assert mask({"*": "keep"}, value) == [value]
    assert mask({'a"\\=>': {"transform": "constant", "value": 'q"\\'}, "b, c": "keep"}, value) == [
        '"a\\"\\\\=>"=>"q\\"\\\\", "b, c"=>""'
    ]


def test_the_default_covers_what_is_not_named():
    masked = mask({"a": "keep", "*": {"transform": "hash", "domain": "d"}}, '"a"=>"1", "b"=>"1", "*"=>"1"')
    hashed = scalar("hash", "1", "d")
    assert masked == [f'"a"=>"1", "b"=>"{hashed}", "*"=>"{hashed}"']


def test_an_unlisted_key_is_refused_and_named_only_where_it_is_a_plain_name():
    with pytest.raises(RefusedError) as caught:
        mask({"a": "keep"}, '"a"=>"secret1", "fax"=>"secret2", "bob@example.com"=>"secret3"')
    assert caught.value.error_code == "hstore-key-unlisted"
    assert "fax" in str(caught.value)
    assert "a key that is no plain name" in str(caught.value)
    assert "bob" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.where == "keys.fax"


def test_a_null_needs_no_rule():
    assert mask({"a": "keep"}, '"b"=>NULL') == ['"b"=>NULL']


def test_masks_depend_on_the_value_alone():
    values = [f'"k"=>"v{number}"' for number in range(50)]
    together = mask({"k": "scramble"}, *values)
    assert together == [mask({"k": "scramble"}, value)[0] for value in values]
    assert len(set(together)) == 50


def test_raw_values_are_collected_for_the_leak_scan():
    found: list[pl.Series] = []
    mask({"a": "hash", "*": "keep"}, '"a"=>"ann", "b"=>"x"', '"a"=>"bob"', collect=found.append)
    assert sorted(pl.concat(found).to_list()) == ["ann", "bob"]


def test_guarantees_and_problems():
    built = registry.build("hstore", {"keys": {"a": "scramble", "*": "keep"}})
    assert built.guarantees_for(ATTRS).uniqueness is Uniqueness.INJECTIVE
    assert registry.build("hstore", {"keys": {"a": "hash"}}).guarantees_for(ATTRS).uniqueness is Uniqueness.HASHED
    assert registry.build("hstore", {"keys": {"*": None}}).guarantees_for(ATTRS).uniqueness is Uniqueness.LOSSY
    assert built.problems(ATTRS) == ()
    assert built.problems(Column("x", "text", "text", "S")) == ("hstore takes hstore columns, not text",)
    nested = registry.build("hstore", {"keys": {"a": {"transform": "array", "items": "keep"}}})
    assert nested.problems(ATTRS) == ("keys.a: array takes arrays, not text",)


def test_rules_say_what_is_wrong():
    for params in ({}, {"keys": {}}, {"keys": {"a": {"transform": "nobody"}}}):
        with pytest.raises(ValidationError, match="keys"):
            registry.build("hstore", params)
