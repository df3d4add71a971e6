"""phone: what stays, what changes, and that numbers stay valid and distinct."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Mask = Callable[..., list[str]]


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def samples(count: int) -> list[str]:
    """Valid numbers of every region, mobile and fixed, with other last digits than the examples."""
    draw = random.Random(7)
    found = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            tails = [f"{draw.randrange(10_000):04d}" for _ in range(count)]
            found += [number for number in (written[:-4] + tail for tail in tails) if valid(number)]
    return found


def valid(number: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(number))


def test_valid_numbers_stay_valid_in_nearly_every_case(mask: Mask):
    numbers = samples(10)
    masked = mask("phone", numbers)
    assert len(numbers) > 3000
    assert sum(map(valid, masked)) >= 0.99 * len(numbers)


@pytest.mark.parametrize("code", ["1", "44", "33", "49", "34", "39", "81", "86", "91", "55", "61", "7"])
def test_large_countries_keep_code_and_validity(mask: Mask, code: str):
    numbers = [number for number in samples(60) if number.startswith(f"+{code}")]
    masked = mask("phone", numbers)
    assert all(number.startswith(f"+{code}") for number in masked)
    assert sum(map(valid, masked)) >= 0.97 * len(numbers)


def test_punctuation_country_and_area_stay(mask: Mask):
    for value in ("+1 (555) 234-5678", "+44 20 7946 0958", "555.234.5678", "1-555-234-5678", "0033 6 12 34 56 78"):
        (masked,) = mask("phone", [value])
        assert re.sub(r"\d", "0", masked) == re.sub(r"\d", "0", value)
        assert digits(masked)[:3] == digits(value)[:3]
        assert digits(masked)[-4:] != digits(value)[-4:] or digits(masked)[-7:] != digits(value)[-7:]


def test_one_number_in_many_spellings_stays_one_number(mask: Mask):
    spellings = ["+1 (555) 234-5678", "555-234-5678", "(555) 2345678", "1 555 234 5678", "001-555-234-5678"]
    assert len({digits(masked)[-10:] for masked in mask("phone", spellings)}) == 1
    assert len({digits(masked)[-9:] for masked in mask("phone", ["+44 20 7946 0958", "+44 (0)20 7946 0958"])}) == 1


def test_a_country_for_numbers_without_one(mask: Mask):
    local, abroad = mask("phone", ["0151 23456789", "+49 151 23456789"], params={"country_code": "49"})
    assert digits(local)[1:] == digits(abroad)[2:]


def test_an_exchange_keeps_its_range(mask: Mask):
    for exchange in ("2", "9"):
        assert all(
            re.match(r"\+1555[2-9]", one) for one in mask("phone", [f"+1555{exchange}{n:06d}" for n in range(500)])
        )
    assert all(re.match(r"\+1555[01]", one) for one in mask("phone", [f"+15551{n:06d}" for n in range(500)]))


def test_extensions_keep_their_word_only(mask: Mask):
    one, two = mask("phone", ["555.234.5678 x123", "555.234.5678 Ext. 99"])
    assert re.fullmatch(r"555\.\d{3}\.\d{4} x\d{3}", one)
    assert re.fullmatch(r"555\.\d{3}\.\d{4} Ext\. \d\d", two)
    assert not mask("phone", ["555.234.5678 call Bob"])[0].endswith("Bob")


def test_subscribers_are_permuted_onto_each_other(mask: Mask):
    # All numbers of one small area: the mask is a permutation of them without a fixed point.
    numbers = [f"+35387{number:07d}" for number in range(0, 10_000_000, 499)]
    masked = mask("phone", numbers)
    assert len(set(masked)) == len(numbers)
    assert not any(one == two for one, two in zip(numbers, masked, strict=True))


@settings(max_examples=40, deadline=None)
@given(st.sets(st.from_regex(r"(\+|00)?[0-9 ()-]{1,14}( ?(x|ext|EXT|bob)[0-9]{0,3})?", fullmatch=True), max_size=60))
def test_whatever_is_written_stays_distinct(mask: Mask, values: set[str]):
    values = {value for value in values if value.strip()}
    assert len(set(mask("phone", sorted(values)))) == len(values)


def test_numeric_columns_get_no_leading_zero(mask: Mask):
    numbers = [str(number) for number in range(10, 100)]
    assert sorted(mask("phone", numbers, base_type="int8")) == numbers
