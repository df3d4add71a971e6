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


@pytest.mark.parametrize(
    ("code", "pattern"),
    [
        ("691", r"\+691(320[1-9]\d{3}|92[2-6]\d{4}|360[2]\d{3}|820\d{4})"),
        ("672", r"\+672(106\d{3}|117\d{3}|128\d{3}|139\d{3}|3[0-2]\d{4}|38\d{4})"),
        ("683", r"\+683(888[1-9]\d{3}|4\d{3}|5\d{3})"),
        ("378", r"\+378(0549(8[0157-9]|9\d)\d{4}|6[16]\d{6})"),
    ],
)
def test_small_countries_get_valid_numbers(mask: Mask, code: str, pattern: str):
    draw = random.Random(1)
    numbers = set()
    while len(numbers) < 300:
        number = f"+{code}" + "".join(draw.choices("0123456789", k=draw.choice((4, 6, 7, 8))))
        if code == "378":
            number = (
                f"+{code}{draw.choice(('0549' + draw.choice('89'), '61', '66'))}" + number[-5 - draw.randrange(2) :]
            )
        if code == "683" and draw.random() < 0.5:
            number = f"+683888{draw.randrange(1, 10)}{draw.randrange(1000):03d}"
        if re.fullmatch(pattern, number) and valid(number):
            numbers.add(number)
    masked = mask("phone", sorted(numbers))
    assert sum(map(valid, masked)) >= 0.97 * len(masked)
    assert len(set(masked)) == len(numbers)


def test_links_mask_like_their_numbers(mask: Mask):
    numbers = ["+49-30-1234567", "+1 (555) 234-5678", "5551234", "+44 20 7946 0958 ext 9"]
    for fold in (False, True):
        alone = mask("phone", numbers, fold=fold)
        for scheme in ("tel:", "TEL:"):
            assert mask("phone", [scheme + number for number in numbers], fold=fold) == [scheme + one for one in alone]
    (other,) = mask("phone", ["sip:+49-30-1234567"])
    assert not other.startswith("sip:")


def test_links_and_what_may_become_one_stay_distinct(mask: Mask):
    texts = [f"{a}{b}{c}:{tail}" for a in "rstu" for b in "def" for c in "klm" for tail in ("7", "8", "9", "")]
    assert len(set(mask("phone", texts))) == len(texts)
    assert mask("phone", ["tel:"]) != ["tel:"]


def test_numeric_columns_get_no_leading_zero(mask: Mask):
    numbers = [str(number) for number in range(10, 100)]
    assert sorted(mask("phone", numbers, base_type="int8")) == numbers
