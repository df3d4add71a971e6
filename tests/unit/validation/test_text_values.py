"""Texts inside values: every leaf comes out as it was put in, whatever its escapes."""

from __future__ import annotations

import polars as pl
import pytest

from testdata_assets.production.catalog import Column
from testdata_assets.validation.text_values import Shape, shape_of, texts


@pytest.mark.parametrize(
    ("shape", "value", "expected"),
    [
        ("plain", "a, b", ["a, b"]),
        ("json", '{"k": ["x y", {"z": "1"}], "n": 5}', ["k", "x y", "z", "1", "n"]),
        ("json", r'{"a": "q\"uote\\ \u00e9\n"}', ["a", 'q"uote\\ é\n']),
        ("json", '"top"', ["top"]),
        ("json", "17", []),
        ("hstore", r'"phone"=>"030 1", "q"=>"a\"b", "n"=>NULL', ["phone", "030 1", "q", 'a"b', "n"]),
        ("array", '{abc,"d, e",NULL,"f\\"g"}', ["abc", "d, e", "NULL", 'f"g']),
        ("array", '{{a,b},{"c d",e}}', ["a", "b", "c d", "e"]),
        ("composite", '(Main St,"12, x",,"say ""hi""")', ["Main St", "12, x", 'say "hi"']),
        ("xml", "<a b='Ann &amp; Bo'><c>Mary van Dyke</c></a>", ["Ann & Bo", "Mary van Dyke"]),
        ("lexemes", "'ann@corp.com':1 'o''hara':2A", ["ann@corp.com", "o'hara"]),
    ],
)
def test_leaves_come_out_whole(shape: Shape, value: str, expected: list[str]) -> None:
    assert sorted(texts(pl.Series([value]), shape).to_list()) == sorted(expected)


def test_composites_inside_arrays_come_out_too() -> None:
    found = texts(pl.Series(['{"(\\"12 Main St\\",Berlin)","(x,y)"}']), "array").to_list()
    assert {"12 Main St", "Berlin", "x", "y"} <= set(found)


def test_lone_surrogates_do_not_stop_the_search() -> None:
    found = texts(pl.Series([r'{"a": "\ud800 ann@corp.com"}']), "json").to_list()
    assert any("ann@corp.com" in text for text in found)


@pytest.mark.parametrize(
    ("base", "category", "shape"),
    [
        ("text", "S", "plain"),
        ("citext", "S", "plain"),
        ("jsonb", "U", "json"),
        ("_text", "A", "array"),
        ("_int4", "A", None),
        ("address", "C", "composite"),
        ("hstore", "U", "hstore"),
        ("xml", "U", "xml"),
        ("tsvector", "U", "lexemes"),
        ("mood", "E", None),
        ("numeric", "N", None),
        ("timestamptz", "D", None),
        ("ltree", "U", "plain"),
    ],
)
def test_shapes(base: str, category: str, shape: str | None) -> None:
    assert shape_of(Column("c", base, base, category)) == shape


def test_other_types_are_searched_where_sensitive_values_come_from_them() -> None:
    assert shape_of(Column("c", "bigint", "int8", "N"), {"int8"}) == "plain"
    assert shape_of(Column("c", "inet", "inet", "I"), {"int8"}) is None
    assert shape_of(Column("c", "inet[]", "_inet", "A"), {"inet"}) == "array"
