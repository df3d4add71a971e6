"""passport: the form stays, numbers stay distinct."""

from __future__ import annotations

import re
import string
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.masking.transformers import registry
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[str]]
NUMBERS = st.text(string.ascii_uppercase + string.digits, min_size=6, max_size=12)


@settings(max_examples=50, deadline=None)
@given(st.sets(NUMBERS, min_size=1, max_size=40), st.integers(0, 3))
def test_form_and_start_stay(mask: Mask, found: set[str], keep: int):
    values = sorted(found)
    masked = mask("passport", values, params={"keep_start": keep})
    assert len(set(masked)) == len(values)
    for value, result in zip(values, masked, strict=True):
        assert value != result
        assert value[:keep] == result[:keep]
        assert re.sub("[A-Z]", "A", re.sub(r"\d", "0", value)) == re.sub("[A-Z]", "A", re.sub(r"\d", "0", result))


def test_numbers_of_one_series_are_permuted_onto_themselves(mask: Mask):
    values = [f"C{number:03d}" for number in range(1000)]
    assert sorted(mask("passport", values, params={"keep_start": 1})) == values


def test_series_choose_their_own_permutation(mask: Mask):
    first, second = mask("passport", ["C01234567", "D01234567"], params={"keep_start": 1})
    assert first[1:] != second[1:]


def test_case_and_punctuation_do_not_count(mask: Mask):
    masked = mask("passport", ["AB 123456", "ab123456", "AB-123456"], params={"keep_start": 2})
    assert re.fullmatch(r"AB \d{6}", masked[0])
    assert len({re.sub("[ -]", "", each).upper() for each in masked}) == 1


def test_short_values_change_as_a_whole(mask: Mask):
    values = ["", "AB", "7", "A 1"]
    masked = mask("passport", values, params={"keep_start": 3})
    assert masked[0] == ""
    assert all(one != two for one, two in zip(values[1:], masked[1:], strict=True))


def test_keys_and_domains_matter(mask: Mask):
    values = [f"C01X{number:05d}" for number in range(50)]
    plain = mask("passport", values)
    assert not set(plain) & set(mask("passport", values, key=b"another key of the tests, 32 bytes"))
    assert not set(plain) & set(mask("passport", values, domain="other"))


def test_parameters_and_columns():
    with pytest.raises(ValidationError, match="keep_start"):
        registry.build("passport", {"keep_start": 9})
    assert registry.build("passport").problems(Column("c", "bigint", "int8", "N"))
