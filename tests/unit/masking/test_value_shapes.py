"""Shapes say what a value looks like and nothing else; masks keep nothing readable of production."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testdata_assets.masking.value_shapes import json_shape, masked_json, shape, without_phrases, without_words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Óscar O'Neill-42", "Xxxxx X'Xxxxx-99"),
        ("anna.1984+shop@Mail.example", "xxxx.9999+xxxx@Xxxx.xxxxxxx"),
        ("-1234.50", "-9999.99"),
        ("2024-02-29 12:30:00+00", "9999-99-99 99:99:99+99"),
        ("[2024-01-01,)", "[9999-99-99,)"),
        ("t", "x"),
        ("山田太郎 ٣٤", "xxxx 99"),
        ("नमस्ते", "xxxxxx"),
        ("two\nlines\t€5 🎸", "xxx\nxxxxx\t*9 *"),
        ("Dž a\x1b[31m", "Xx x*[99x"),
        ("", ""),
    ],
)
def test_shape(text: str, shown: str) -> None:
    assert shape(text) == shown


@given(st.text())
def test_a_shape_has_as_many_characters_and_no_letter_of_its_own(text: str) -> None:
    shown = shape(text)
    assert len(shown) == len(text)
    assert {each for each in shown if each.isalnum()} <= {"X", "x", "9"}
    assert shape(shown) == shown


def test_json_leaf_by_leaf() -> None:
    text = (
        '{"theme": "dark", "n": -12.50, "on": true, "off": false, "none": null, "Anna": [1, "a@b.de", {}], "theme": ""}'
    )
    assert json_shape(text, {"theme", "n", "on", "off"}) == (
        '{"theme": "xxxx", "n": -99.99, "on": x, "off": x, "xxxx": null, "Xxxx": [9, "x@x.xx", {}], "theme": ""}'
    )
    assert json_shape("not json", ()) == "xxx xxxx"


def test_kept_leaves_of_masked_documents_are_shapes() -> None:
    raw = '{"theme": "dark", "email": "a@b.de", "list": [1, 2], "on": true, "was": "x", "d": {"k": "v"}}'
    masked = '{"theme": "dark", "email": "q@w.example", "list": [1, 7], "on": true, "was": null, "d": {"k": "w"}}'
    known = {"theme", "email", "list", "on", "was", "d", "k"}
    assert masked_json(masked, raw, known) == (
        '{"theme": "xxxx", "email": "q@w.example", "list": [9, 7], "on": x, "was": null, "d": {"k": "w"}}'
    )
    assert masked_json("[1, 2]", "[1, 2, 3]", known) == "[9, 9]"
    assert masked_json('{"a": 1}', '{"b": 1}', {"a"}) == '{"a": 9}', "in doubt it stayed"
    assert masked_json("kept word", "a kept text", known) == "xxxx word"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    )
)
def test_an_unmasked_document_shows_nothing(document: object) -> None:
    text = json.dumps(document, ensure_ascii=False)
    assert masked_json(text, text, ()) == json_shape(text, ())
    letters = {each for each in json_shape(text, ()) if each.isalnum()} - set("nul")  # null stays
    assert letters <= {"X", "x", "9"} | {each for each in "bfnrtu0123456789abcdef" if "\\" in json_shape(text, ())}


def test_words_that_stayed_are_shapes() -> None:
    assert without_words("{q@w.example,b@c.de}", ["{a@b.example,x@y.de}"]) == "{q@w.xxxxxxx,x@c.xx}"
    assert without_words("user_7312@test.example", ["Anna", "7312"]) == "user_9999@test.example"


def test_phrases_that_stayed_are_shapes() -> None:
    raw = "Please call Anna Smith at her office before noon"
    assert without_phrases("Please call [NAME] at her office before noon", raw) == (
        "Xxxxxx xxxx [NAME] xx xxx xxxxxx xxxxxx xxxx"
    )
    assert without_phrases("one Anna two Smith three before four", raw) == "one Anna two Smith three before four"
    assert without_phrases("12 Oak Street", "4 Oak Street") == "12 Oak Street", "no prose"
