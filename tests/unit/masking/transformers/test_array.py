"""array: every element masks as a value of a column of its own would."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.errors import RefusedError
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.part_texts import array_element, array_parts
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, MaskContext, Uniqueness
from testdata_assets.production.catalog import Column

HASH_FOR = partial(KeyedHash.derive, b"k" * 32)
EMAIL = {"transform": "email", "domain": "user.email"}


def column(element: str = "text", limit: int | None = None, category: str = "S") -> Column:
    return Column("aliases", f"{element}[]", f"_{element}", "A", parts=(Column("", element, element, category, limit),))


def mask(items: Any, *values: str, kind: Column | None = None, key: bytes = b"k" * 32, **other: Any) -> list[Any]:
    hash_for = partial(KeyedHash.derive, key)
    context = MaskContext(hash_for("public.users.aliases"), kind or column(), hash_for=hash_for, **other)
    series = pl.Series("aliases", values, dtype=pl.String)
    masked = registry.build("array", {"items": items}).apply(series, context)
    assert masked.name == "aliases"
    return masked.to_list()


def scalar(name: str, value: str, domain: str, kind: Column | None = None, **params: Any) -> Any:
    context = MaskContext(HASH_FOR(domain), kind or Column("x", "text", "text", "S"))
    return registry.build(name, params).apply(pl.Series([value]), context)[0]


def test_an_element_masks_as_a_scalar_column_of_its_domain():
    (masked,) = mask(EMAIL, '{ann@example.org,NULL,"",bob@example.org}')
    ann, bob = (scalar("email", f"{name}@example.org", "user.email") for name in ("ann", "bob"))
    assert masked == f'{{{ann},NULL,"",{bob}}}'


def test_without_a_domain_elements_mask_in_the_columns():
    (masked,) = mask("scramble", "{Anna}")
    assert masked == "{" + scalar("scramble", "Anna", "public.users.aliases") + "}"


def test_dimensions_bounds_nulls_and_empty_arrays_stay():
    assert mask({"transform": "constant", "value": "x"}, "{{a,b},{NULL,c}}", "[2:3]={d,e}", "{}", "{NULL}") == [
        "{{x,x},{NULL,x}}",
        "[2:3]={x,x}",
        "{}",
        "{NULL}",
    ]
    assert mask(None, '{a,"b,c"}') == ["{NULL,NULL}"]
    assert mask("keep", '{a,"b,c"}') == ['{a,"b,c"}']
    assert mask(EMAIL) == []


@pytest.mark.parametrize(
    ("element", "category", "value"), [("int8", "N", "7"), ("uuid", "U", "00000000-0000-0000-0000-000000000000")]
)
def test_other_types_mask_as_their_columns_do(element: str, category: str, value: str):
    kind = Column("x", element, element, category)
    masked = mask({"transform": "hash", "domain": "id"}, f"{{{value}}}", kind=column(element, category=category))
    assert masked == ["{" + scalar("hash", value, "id", kind) + "}"]


def test_addresses_and_dates():
    kind = Column("x", "inet", "inet", "I")
    assert mask({"transform": "ip", "domain": "ip"}, "{10.1.2.3}", kind=column("inet", category="I")) == [
        "{" + scalar("ip", "10.1.2.3", "ip", kind) + "}"
    ]
    kind = Column("x", "date", "date", "D")
    masked = mask({"transform": "birth_date", "domain": "d"}, "{1980-05-03}", kind=column("date", category="D"))
    assert masked == ["{" + scalar("birth_date", "1980-05-03", "d", kind) + "}"]


def test_elements_fit_their_type_and_the_narrowest_column_of_their_domain():
    values = [f"{{{'x' * 40}@example.org}}"]
    (by_type,) = mask(EMAIL, *values, kind=column("varchar", 20))
    assert len(by_type) <= 22
    (by_domain,) = mask(EMAIL, *values, kind=column("varchar", 60), limit_of={"user.email": 20}.get)
    assert by_domain == by_type


def test_integers_mask_as_the_narrowest_type_of_their_domain():
    narrow = Column("x", "integer", "int4", "N")
    masked = mask(
        {"transform": "hash", "domain": "id"},
        "{7}",
        kind=column("int8", category="N"),
        integer_type_of={"id": "int4"}.get,
    )
    assert masked == ["{" + scalar("hash", "7", "id", narrow) + "}"]


def test_case_folds_where_the_domain_does():
    upper, lower = mask(EMAIL, "{A@B.ORG}", "{a@b.org}", folds={"user.email"}.__contains__)
    assert upper.lower() == lower.lower()


def test_raw_elements_are_collected_for_the_leak_scan():
    found: list[pl.Series] = []
    mask({"transform": "hash"}, '{ann,"b c"}', "{ann}", collect=found.append)
    assert sorted(pl.concat(found).to_list()) == ["ann", "b c"]


def test_arrays_of_composites_and_their_arrays():
    inner = Column("tags", "text[]", "_text", "A", parts=(Column("", "text", "text", "S"),))
    person = Column("", "person", "person", "C", parts=(Column("name", "text", "text", "S"), replace(inner)))
    kind = Column("people", "person[]", "_person", "A", parts=(person,))
    items = {
        "transform": "composite",
        "fields": {"name": "keep", "tags": {"transform": "array", "items": {"transform": "hash", "domain": "d"}}},
    }
    assert registry.build("array", {"items": items}).problems(kind) == ()
    (masked,) = mask(items, '{"(\\"Ann B\\",\\"{a,b}\\")","(,)"}', kind=kind)
    assert masked == '{"(\\"Ann B\\",\\"{' + ",".join(scalar("hash", each, "d") for each in "ab") + '}\\")","(,)"}'


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.one_of(st.none(), st.text('ab"\\{}, é', max_size=6)), max_size=4), min_size=1, max_size=6))
def test_masks_depend_on_elements_alone(arrays: list[list[str | None]]):
    values = ["{" + ",".join(array_element(pl.Series(each, dtype=pl.String)).to_list()) + "}" for each in arrays]
    together = mask("scramble", *values)
    assert together == [mask("scramble", value)[0] for value in values]
    elements = array_parts(pl.Series(together)).texts().to_list() if any(arrays) else []
    raw = [each for array in arrays for each in array if each is not None]
    assert elements == [scalar("scramble", each, "public.users.aliases") for each in raw]
    for array, value in zip(arrays, together, strict=True):
        assert value.count(",") >= max(len(array) - 1, 0)
        if array and all(each is None for each in array):
            assert value == "{" + ",".join(["NULL"] * len(array)) + "}"


def test_other_keys_and_domains_give_other_masks():
    plain = mask({"transform": "hash"}, "{a}")
    assert plain != mask({"transform": "hash"}, "{a}", key=b"o" * 32)
    assert plain != mask({"transform": "hash", "domain": "other"}, "{a}")


def test_guarantees_are_those_of_the_items():
    def guarantees(items: Any, kind: Column | None = None) -> Any:
        return registry.build("array", {"items": items}).guarantees_for(kind or column())

    assert guarantees("scramble").uniqueness is Uniqueness.INJECTIVE
    assert guarantees("hash").uniqueness is Uniqueness.HASHED
    assert guarantees("hash", column("int4", category="N")).uniqueness is Uniqueness.LOSSY
    assert guarantees("city").uniqueness is Uniqueness.LOSSY
    assert guarantees(None).uniqueness is Uniqueness.LOSSY
    assert guarantees("hash").coincidence is Coincidence.BY_PART


def test_unsuitable_columns_and_items_are_problems():
    def problems(items: Any, kind: Column) -> tuple[str, ...]:
        return registry.build("array", {"items": items}).problems(kind)

    assert problems(EMAIL, column()) == ()
    assert problems(EMAIL, Column("x", "text", "text", "S")) == ("array takes arrays, not text",)
    assert problems("keep", Column("x", "int2vector", "int2vector", "A")) == ("array takes arrays, not int2vector",)
    assert problems(EMAIL, column("int4", category="N")) == ("items: email takes text columns, not int4",)
    mandatory = replace(column().parts[0], not_null=True)
    assert problems(None, replace(column(), parts=(mandatory,))) == (
        "items: null cannot fill a column that is NOT NULL",
    )


def test_a_catalog_without_element_types_is_refused():
    with pytest.raises(RefusedError) as caught:
        mask(EMAIL, "{a}", kind=Column("x", "text[]", "_text", "A"))
    assert caught.value.error_code == "parts-unknown"


def test_a_nested_refusal_names_its_place_and_no_value():
    with pytest.raises(RefusedError) as caught:
        mask({"transform": "json", "paths": {"$.a": "keep"}}, '{"{\\"secret\\": 1}"}', kind=column("jsonb"))
    assert caught.value.where.startswith("items ")


def test_rules_say_what_is_wrong():
    for params in ({}, {"items": {"domain": "x"}}, {"items": "nobody"}, {"items": {"transform": "hash", "x": 1}}):
        with pytest.raises(ValidationError, match="items"):
            registry.build("array", params)
