"""scramble: the form stays character by character."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from string import ascii_lowercase

from hypothesis import given, settings
from hypothesis import strategies as st

Mask = Callable[..., list[str]]


def form(text: str) -> str:
    return re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", re.sub(r"[0-9]", "0", text)))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(alphabet="abcXYZ019 -_./", min_size=1, max_size=80), min_size=1, max_size=30))
def test_the_form_stays(mask: Mask, values: list[str]):
    for name in ("scramble", "postcode"):
        assert [form(masked) for masked in mask(name, values)] == [form(value) for value in values]


def test_two_letters_are_permuted_onto_themselves(mask: Mask):
    values = ["".join(pair) for pair in product(ascii_lowercase, repeat=2)]
    masked = mask("scramble", values)
    assert sorted(masked) == values
    assert not any(one == two for one, two in zip(values, masked, strict=True))


def test_long_values_are_mixed_as_a_whole(mask: Mask):
    values = [letter + "a" * 100 for letter in ascii_lowercase] + ["a" * 100 + letter for letter in ascii_lowercase[1:]]
    masked = mask("scramble", values)
    assert len(set(masked)) == len(values)
    for place in range(101):
        assert len({one[place] for one in masked}) > 10


def test_punctuation_does_not_matter(mask: Mask):
    spaced, plain, upper = mask("scramble", ["ab-12 cd", "ab12cd", "AB12CD"])
    assert re.sub(r"\W", "", spaced) == plain == upper.lower()


def test_scripts_stay(mask: Mask):
    masked = mask("scramble", ["Жар", "日本", "abé", "٣٤", "😀a"])
    assert re.fullmatch(r"[А-ЯЁ][а-яё]{2}", masked[0])
    assert all("\u4e00" <= character <= "\u9fff" for character in masked[1])
    assert masked[2][:2].isascii()
    assert not masked[2][2].isascii()
    assert all("\u0660" <= character <= "\u0669" for character in masked[3])
    assert masked[4][0] == "😀"


def test_numbers_in_numeric_columns_stay_numbers(mask: Mask):
    values = [str(number) for number in range(10, 1000)] + ["0.50", "-12.5", "1e5", "NaN"]
    masked = mask("scramble", values, base_type="numeric")
    assert sorted(masked[:990], key=int) == values[:990]
    assert re.fullmatch(r"0\.\d\d", masked[990])
    assert re.fullmatch(r"-[1-9]\d\.\d", masked[991])
    assert masked[992].endswith("e5")
    assert masked[993] == "NaN"


def test_the_start_stays_where_asked(mask: Mask):
    values = [f"MRN-{number:05d}" for number in range(0, 90_000, 7)] + ["MRN", "MR-1", "mrn-000", "", "MRN-"]
    masked = mask("scramble", values, params={"keep_start": 4})
    codes = masked[: len(values) - 5]
    assert all(re.fullmatch(r"MRN-\d{5}", each) for each in codes)
    assert len(set(codes)) == len(codes)
    assert not any(one == two for one, two in zip(values, masked, strict=True) if one)
    assert [form(each) for each in masked[-5:]] == ["AAA", "AA-0", "aaa-000", "", "AAA-"]
    assert masked[-3].startswith("mrn-")


@settings(max_examples=50, deadline=None)
@given(st.sets(st.text(alphabet="aB0-", min_size=1, max_size=6), min_size=1, max_size=200))
def test_texts_stay_distinct_whatever_start_stays(mask: Mask, values: set[str]):
    # Those that differ in case only mask alike but for it.
    masked = mask("scramble", sorted(values), params={"keep_start": 2})
    assert len(set(masked)) == len(values)
