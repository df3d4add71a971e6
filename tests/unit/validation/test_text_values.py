"""Texts inside values: every leaf comes out as it was put in, whatever its escapes."""

from __future__ import annotations

import polars as pl
import pytest

from testdata_assets.production.catalog import Column
from testdata_assets.validation.text_values import Shape, decoded, shape_of, texts, whole_texts


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
        ("number", "442079460958", ["442079460958"]),
        ("bytes", r"\x4d61727920c3a9", ["Mary é"]),
        ("bytes", r"\xff00", []),
        ("array", r'{"\\x4d61727920c3a9","\\xff00",NULL}', [r"\x4d61727920c3a9", "Mary é", r"\xff00", "NULL"]),
        ("composite", r'(1,"\\x4d617279")', ["1", r"\x4d617279", "Mary"]),
        ("lexemes", "'fat' & ( 'o''hara':B | 'rat':* )", ["fat", "o'hara", "rat"]),
    ],
)
def test_leaves_come_out_whole(shape: Shape, value: str, expected: list[str]) -> None:
    assert sorted(texts(pl.Series([value]), shape).to_list()) == sorted(expected)


def test_bytes_inside_stand_behind_the_whole() -> None:
    values = ["{a,b}", r'{"\\x4d617279","\\x76616e"}', r'{"(1,\"\\\\x4a6f\")"}', "{}"]
    whole = whole_texts(pl.Series(values), "array").to_list()
    assert [each.split("\n")[1:] for each in whole] == [[], ["Mary", "van"], ["Jo"], []]
    assert [each.split("\n")[0] for each in whole] == values


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
        ("_int4", "A", "array"),
        ("_float8", "A", None),
        ("int4", "N", "number"),
        ("int8", "N", "number"),
        ("int2", "N", None),
        ("bytea", "U", "bytes"),
        ("address", "C", "composite"),
        ("hstore", "U", "hstore"),
        ("xml", "U", "xml"),
        ("tsvector", "U", "lexemes"),
        ("mood", "E", None),
        ("numeric", "N", "number"),
        ("timestamptz", "D", None),
        ("ltree", "U", "plain"),
        ("inet", "I", "plain"),
        ("macaddr", "U", "plain"),
        ("_cidr", "A", "array"),
        ("float8", "N", "number"),
        ("money", "N", "number"),
        ("tsquery", "U", "lexemes"),
        ("_bytea", "A", "array"),
    ],
)
def test_shapes(base: str, category: str, shape: str | None) -> None:
    assert shape_of(Column("c", base, base, category)) == shape


def test_other_types_are_searched_where_sensitive_values_come_from_them() -> None:
    assert shape_of(Column("c", "uuid", "uuid", "U"), {"uuid"}) == "plain"
    assert shape_of(Column("c", "uuid", "uuid", "U"), {"int8"}) is None
    assert shape_of(Column("c", "uuid[]", "_uuid", "A"), {"uuid"}) == "array"


def test_bytes_are_text_exactly_where_python_says_so() -> None:
    values = [
        bytes([first, second, *rest])
        for first in range(256)
        for second in range(0, 256, 5)
        for rest in ((), (0x80,), (0x80, 0x81))
    ]
    values += ["ß李😀a".encode()[:length] for length in range(11)] + [b"", b"\x80", b"\xc3", b"\xa9"]

    def reads(value: bytes) -> bool:
        try:
            value.decode()
        except UnicodeDecodeError:
            return False
        return True

    hexes = pl.Series([f"\\x{value.hex()}" for value in values])
    expected = [value.decode() if reads(value) else "" for value in values]
    assert decoded(hexes, drop=False).to_list() == expected
    assert decoded(hexes).to_list() == [value.decode() for value in values if reads(value)]


def test_words_of_a_tsvector_come_in_the_order_of_their_positions() -> None:
    values = ["'dyke':3 'for':1,5 'mary':2A 'o''hara':4B", "", "'a' 'b'", "'only':7"]
    assert whole_texts(pl.Series(values), "lexemes").to_list() == ["for mary dyke o'hara for", "", "a b", "only"]


def test_other_shapes_stay_as_they_are_to_be_looked_through() -> None:
    document = '{"a": ["Mary", "van Dyke"]}'
    assert whole_texts(pl.Series([document]), "json").to_list() == [document]
