"""licence_plate: the form and, if asked, the region stay; plates stay distinct."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.masking.transformers import registry
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[str]]
GERMAN = st.from_regex(r"[A-Z]{1,3}-[A-Z]{1,2} [1-9][0-9]{0,3}", fullmatch=True)


@settings(max_examples=50, deadline=None)
@given(st.sets(GERMAN, min_size=1, max_size=40), st.booleans())
def test_form_and_region_stay(mask: Mask, found: set[str], keep: bool):
    values = sorted(found)
    masked = mask("licence_plate", values, params={"keep_region": keep})
    assert len(set(masked)) == len(values)
    for value, result in zip(values, masked, strict=True):
        assert value != result
        assert re.sub("[A-Z]", "A", re.sub(r"\d", "0", value)) == re.sub("[A-Z]", "A", re.sub(r"\d", "0", result))
        digits = result.split(" ")[1]
        assert len(digits) == 1 or digits[0] != "0"
        if keep:
            assert value.split("-")[0] == result.split("-")[0]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("LX12 ABC", r"LX[1-9]\d [A-Z]{3}"),
        ("京A·12345", r"京A·[1-9]\d{4}"),
        ("B 007 XYZ", r"B 0\d\d [A-Z]{3}"),
        ("1-ABC-234", r"\d-[A-Z]{3}-[1-9]\d\d"),
        ("м123ав77", r"м[1-9]\d\d[а-џ]{2}[1-9]\d"),
    ],
)
def test_plates_of_several_countries(mask: Mask, value: str, form: str):
    (masked,) = mask("licence_plate", [value], params={"keep_region": True})
    assert re.fullmatch(form, masked)
    assert masked != value


def test_one_region_is_permuted_onto_itself(mask: Mask):
    values = [f"M-A {number}" for number in range(1000, 10_000)]
    masked = mask("licence_plate", values, params={"keep_region": True})
    assert len(set(masked)) == len(values)
    assert all(each.startswith("M-") and each[4] != "0" for each in masked)


def test_case_and_punctuation_do_not_count(mask: Mask):
    masked = mask("licence_plate", ["M-AB 123", "m-ab 123", "M AB-123"], params={"keep_region": True})
    assert len({re.sub("[ -]", "", each).upper() for each in masked}) == 1


def test_words_blank_and_short_values(mask: Mask):
    values = ["", "ABC", "0", "00", "FERRARI 1"]
    masked = mask("licence_plate", values, params={"keep_region": True})
    assert masked[0] == ""
    assert all(one != two for one, two in zip(values[1:], masked[1:], strict=True))
    assert not masked[4].startswith("FERRARI")


def test_keys_and_domains_matter(mask: Mask):
    values = [f"M-AB {number}" for number in range(1000, 1050)]
    plain = mask("licence_plate", values)
    assert not set(plain) & set(mask("licence_plate", values, key=b"another key of the tests, 32 bytes"))
    assert not set(plain) & set(mask("licence_plate", values, domain="other"))


def test_parameters_and_columns():
    with pytest.raises(ValidationError, match="keep_region"):
        registry.build("licence_plate", {"keep_region": "some"})
    assert registry.build("licence_plate").problems(Column("c", "bigint", "int8", "N"))
