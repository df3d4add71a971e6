"""The json transformer: which leaves change, into what, and that all else stays byte for byte."""

from __future__ import annotations

import copy
import json
import pickle
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
from testdata_assets.masking.transformers import json as json_module
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, MaskContext
from testdata_assets.production.catalog import Column

HASH_FOR = partial(KeyedHash.derive, b"k" * 32)
EMAIL = {"transform": "hash", "domain": "user.email"}


def column(base_type: str, max_length: int | None = None) -> Column:
    return Column("prefs", base_type, base_type, "S" if base_type in ("text", "varchar") else "U", max_length)


def context(base_type: str = "jsonb", max_length: int | None = None, **other: Any) -> MaskContext:
    return MaskContext(HASH_FOR("public.users.prefs"), column(base_type, max_length), hash_for=HASH_FOR, **other)


def mask(paths: dict[str, Any], *documents: str, **other: Any) -> list[str]:
    built = registry.build("json", {"paths": paths})
    return built.apply(pl.Series(documents, dtype=pl.String), context(**other)).to_list()


def direct(name: str, value: str, domain: str = "public.users.prefs", base_type: str = "text", **params: Any) -> Any:
    """What a transformer makes of a value in a column of its own."""
    inner = replace(context(), hash=HASH_FOR(domain), column=Column("x", base_type, base_type, "S"))
    return registry.build(name, params).apply(pl.Series([value]), inner)[0]


def test_a_listed_leaf_masks_as_a_column_of_its_domain_would():
    (result,) = mask({"$.contact.email": EMAIL, "$.**": "keep"}, '{"contact": {"email": "a@b.c", "n": 1},  "x":[ ]}')
    assert result == f'{{"contact": {{"email": "{direct("hash", "a@b.c", "user.email")}", "n": 1}},  "x":[ ]}}'


def test_without_a_domain_a_leaf_masks_in_the_columns():
    (result,) = mask({"$.name": {"transform": "scramble"}}, '{"name": "Anna Berg"}')
    assert json.loads(result) == {"name": direct("scramble", "Anna Berg")}


def test_a_nested_domain_brings_its_canonical_form():
    upper, lower = mask({"$": EMAIL}, '"A@B.C"', '"a@b.c"', folds={"user.email"}.__contains__)
    assert upper == lower
    upper, lower = mask({"$": EMAIL}, '"A@B.C"', '"a@b.c"')
    assert upper != lower


def test_parameters_reach_the_nested_transformer():
    (result,) = mask({"$[*]": {"transform": "hash", "length": 20}}, '["x"]')
    assert json.loads(result) == [direct("hash", "x", length=20)]


def test_equal_values_mask_equally_however_they_are_written():
    results = mask({"$": EMAIL}, '"\\u0061\\/b"', '"a/b"', ' "a\\/\\u0062"')
    assert len({result.strip() for result in results}) == 1


def test_the_column_limit_does_not_reach_its_leaves():
    (result,) = mask({"$": {"transform": "hash", "length": 30}}, '"abc"', base_type="varchar", max_length=40)
    assert len(json.loads(result)) == 30


def test_a_document_that_grows_beyond_its_column_is_refused():
    with pytest.raises(RefusedError) as caught:
        mask({"$": {"transform": "hash", "length": 30}}, '"abc"', base_type="varchar", max_length=31)
    assert caught.value.error_code == "json-too-long"


def test_null_and_constant_write_json():
    document = '["x", 1, 2.5, true, "", null]'
    assert mask({"$[*]": None}, document) == ["[null, null, null, null, null, null]"]
    assert mask({"$[*]": {"transform": None}}, document) == ["[null, null, null, null, null, null]"]
    for value, written in (('a"ä', '"a\\"ä"'), (7, "7"), (1.5, "1.5"), (True, "true")):
        (result,) = mask({"$[*]": {"transform": "constant", "value": value}}, document)
        assert result == f"[{', '.join([written] * 5)}, null]"


def test_true_false_and_empty_strings_stay_under_other_transformers():
    assert mask({"$[*]": EMAIL}, '[true,false,null,""]') == ['[true,false,null,""]']


def test_a_null_needs_no_rule_but_anything_else_does():
    assert mask({"$.a": "keep"}, '{"b": null}') == ['{"b": null}']
    for value in ("true", "false", '""', "0", '"x"'):
        with pytest.raises(RefusedError):
            mask({"$.a": "keep"}, f'{{"b": {value}}}')


def test_numbers_stay_numbers_where_the_transformer_takes_numbers():
    assert mask({"$": EMAIL}, "42") == [direct("hash", "42", "user.email", "numeric")]


def test_a_number_whose_mask_is_no_number_becomes_a_string():
    results = mask({"$[*]": {"transform": "postcode"}}, f"[{','.join(str(number) for number in range(100, 160))}]")
    leaves = json.loads(results[0])
    expected = [direct("postcode", str(number)) for number in range(100, 160)]
    assert [str(leaf) for leaf in leaves] == expected
    assert {type(leaf) for leaf in leaves} == {int, str}
    assert all(isinstance(leaf, str) == text.startswith("0") for leaf, text in zip(leaves, expected, strict=True))


def test_repeated_keys_mask_each():
    (result,) = mask({"$.a": EMAIL}, '{"a": "x", "a": "y"}')
    masks = [direct("hash", value, "user.email") for value in "xy"]
    assert result == f'{{"a": "{masks[0]}", "a": "{masks[1]}"}}'


def test_keys_are_told_apart_exactly():
    paths = {
        "$.emailaddress1": None,
        "$.email": None,
        "$['a b']": None,
        "$['ключ']": None,
        "$['']": None,
        "$.**": "keep",
    }
    document = (
        '{"emailaddress1": 1, "emailaddress2": 2, "emailaddress": 3, "email": 4, "e\\u006dail": 5, "a b": 6, "ab": 7,'
        ' "ключ": 8, "ключи": 9, "": 10, "emailadd": 11, "\\u043a\\u043b\\u044e\\u0447": 12}'
    )
    (result,) = mask(paths, document)
    kept = [value for _, value in json.loads(result, object_pairs_hook=list)]
    assert kept == [None, 2, 3, None, None, None, 7, None, 9, None, 11, None]


def test_an_unlisted_leaf_is_refused_with_its_path_and_nothing_else():
    paths = {"$.contact.email": EMAIL}
    document = '{"contact": {"email": "a@b.c", "fax": ["+49 30 1234567"]}, "bob@example.com": {"x9": "secret"}}'
    with pytest.raises(RefusedError) as caught:
        mask(paths, '{"contact": {"email": "z@b.c"}}', document)
    assert caught.value.error_code == "json-path-unlisted"
    assert caught.value.where in ("$.contact.fax[*]", "$[?].x9")
    assert "$.contact.fax[*]" in str(caught.value)
    assert "$[?].x9" in str(caught.value)
    assert not any(value in str(caught.value) for value in ("1234567", "bob", "secret", "a@b.c"))


def test_what_is_no_json_is_refused_without_its_content():
    with pytest.raises(RefusedError) as caught:
        mask({"$.**": "keep"}, '{"a": 1}', "anna berg", base_type="text")
    assert caught.value.error_code == "json-invalid"
    assert "anna" not in str(caught.value)


def test_blank_texts_stay():
    results = mask({"$": EMAIL}, "", '"x"', "  ", base_type="text")
    assert results == ["", f'"{direct("hash", "x", "user.email")}"', "  "]


def test_json_within_json():
    inner = {"transform": "json", "paths": {"$.email": EMAIL}}
    (result,) = mask({"$.payload": inner}, json.dumps({"payload": json.dumps({"email": "a@b.c"})}))
    assert json.loads(json.loads(result)["payload"]) == {"email": direct("hash", "a@b.c", "user.email")}


def test_raw_leaves_are_collected_for_the_leak_scan():
    found: list[pl.Series] = []
    paths = {"$.mail": EMAIL, "$.city": {"transform": "scramble"}, "$.in": {"transform": "json", "paths": {"$": EMAIL}}}
    document = json.dumps({"mail": "jörg@b.c", "city": "Kiel", "in": '"deep@b.c"'})
    mask({**paths, "$.**": "keep"}, document, document, '{"mail": "", "x": "kept"}', collect=found.append)
    assert pl.concat(found).unique().sort().to_list() == ["deep@b.c", "jörg@b.c"]


def test_leaves_whose_masks_may_be_real_are_collected_apart():
    found: list[pl.Series] = []
    drawn: list[pl.Series] = []
    paths = {"$.mail": EMAIL, "$.tel": {"transform": "phone"}, "$.city": {"transform": "city"}}
    document = json.dumps({"mail": "a@b.c", "tel": "+49 30 1234567", "city": "Kiel"})
    mask(paths, document, collect=found.append, collect_drawn=drawn.append)
    assert [each.to_list() for each in (pl.concat(found), pl.concat(drawn))] == [["a@b.c"], ["+49 30 1234567"]]


def test_slices_change_nothing(monkeypatch):
    documents = [f'{{"email": "user{number}@example.com", "n": [{number}]}}' for number in range(500)]
    paths = {"$.email": EMAIL, "$.n[0]": {"transform": "scramble"}}
    whole = mask(paths, *documents)
    monkeypatch.setattr(json_module, "_SLICE_BYTES", 100)
    assert mask(paths, *documents) == whole
    assert [mask(paths, document)[0] for document in documents[:20]] == whole[:20]


def test_it_survives_pickling_and_takes_nothing_as_nothing():
    built = pickle.loads(pickle.dumps(registry.build("json", {"paths": {"$": EMAIL}})))  # noqa: S301 - our own
    assert built.apply(pl.Series(['"x"']), context()).to_list() == mask({"$": EMAIL}, '"x"')
    assert built.apply(pl.Series([], dtype=pl.String), context()).to_list() == []


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        ({}, "at least 1"),
        ({"email": "keep"}, "begins with"),
        ({"$.a": "emial"}, "no transformer 'emial'"),
        ({"$.a": {"domain": "x"}}, "with `transform`"),
        ({"$.a": {"transform": "hash", "lenght": 8}}, "hash has no parameter 'lenght' (did you mean 'length'?)"),
        ({"$.a": {"transform": "hash", "when": "x == 1"}}, "no `when`"),
        ({"$.a": "keep", "$['a']": None}, "say the same"),
        ({"$.a": {"transform": "json", "paths": {"b": "keep"}}}, "begins with"),
    ],
)
def test_bad_paths_are_named(paths, told):
    with pytest.raises(ValidationError) as caught:
        registry.build("json", {"paths": paths})
    assert told in str(caught.value)


def test_parameters_read_back_what_they_dump():
    paths = {"$.a": EMAIL, "$.b": None, "$.c": {"transform": "hash", "length": 9, "pii": "email"}}
    params = registry.build("json", {"paths": paths}).params
    assert registry.build("json", params.model_dump(mode="json")).params == params
    assert params.model_dump(mode="json")["paths"]["$.c"] == {"transform": "hash", "pii": "email", "length": 9}


def test_what_it_declares():
    built = registry.build("json", {"paths": {"$.a": "keep", "$.b": {"transform": "constant", "value": 1}}})
    assert built.guarantees.coincidence is Coincidence.BY_PART
    for base_type, fits in (("json", True), ("jsonb", True), ("text", True), ("varchar", True), ("hstore", False)):
        assert (built.problems(column(base_type)) == ()) is fits


texts = st.text(st.characters(codec="utf-8"), max_size=8)
keys = st.sampled_from(["email", "name", "items", "longer_key_name", "other key", "ä"])
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**6), 10**6), st.floats(allow_nan=False, allow_infinity=False), texts
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=10,
)
layouts = st.fixed_dictionaries({"ensure_ascii": st.booleans(), "indent": st.sampled_from([None, 0, 2, "\t"])})


@settings(max_examples=200)
@given(st.lists(st.tuples(documents, layouts), min_size=1, max_size=5), st.sampled_from(["json", "jsonb", "text"]))
def test_kept_documents_stay_byte_for_byte(values, base_type):
    raw = [json.dumps(value, **layout) for value, layout in values]
    assert mask({"$.**": "keep", "$.never[3].there": EMAIL}, *raw, base_type=base_type) == raw


def expected(value: Any, path: tuple[str | int, ...] = ()) -> Any:
    """The rules of the test below, written out for one parsed document."""
    if isinstance(value, dict):
        return {key: expected(inner, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [expected(inner, (*path, place)) for place, inner in enumerate(value)]
    last = path[-1] if path else None
    if last == "email":
        name, domain = "hash", "user.email"
    elif path[:1] == ("items",) and len(path) == 2 and path[1] == 1:
        return None
    elif last == "longer_key_name":
        name, domain = "scramble", "public.users.prefs"
    else:
        return value
    if value is None or isinstance(value, bool) or value == "":
        return value
    if isinstance(value, str):
        return direct(name, value, domain)
    masked = direct(name, json.dumps(value), domain, "numeric")
    try:
        return json.loads(masked)
    except ValueError:
        return masked


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(documents, layouts), min_size=1, max_size=4))
def test_masked_documents_have_their_shape_and_the_leaves_that_rules_say(values):
    raw = [json.dumps(value, **layout) for value, layout in values]
    before = copy.copy(raw)
    paths = {
        "$.**.email": EMAIL, "$.items[1]": None, "$.**.longer_key_name": {"transform": "scramble"}, "$.**": "keep",
    }  # fmt: skip
    masked = mask(paths, *raw)
    assert [json.loads(text) for text in masked] == [expected(value) for value, _ in values]
    assert raw == before
