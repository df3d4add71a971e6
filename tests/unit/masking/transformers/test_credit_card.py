"""credit_card: issuer, form and Luhn validity stay; numbers stay distinct."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

Mask = Callable[..., list[str]]


def luhn(text: str) -> bool:
    digits = [int(symbol) for symbol in text if symbol.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def with_check_digit(digits: str) -> str:
    return next(digits + check for check in "0123456789" if luhn(digits + check))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text("0123456789", min_size=11, max_size=18), st.integers(0, 9)), min_size=1, max_size=20))
def test_validity_length_and_issuer_stay(mask: Mask, numbers: list[tuple[str, int]]):
    values = [with_check_digit(digits) for digits, _ in numbers]
    values += [digits + str(check) for digits, check in numbers]
    for value, masked in zip(values, mask("credit_card", values), strict=True):
        assert luhn(masked) == luhn(value)
        assert masked[:6] == value[:6]
        assert len(masked) == len(value)
        assert masked != value


def test_punctuation_stays(mask: Mask):
    assert re.fullmatch(r"4111 11\d\d \d{4} \d{4}", mask("credit_card", ["4111 1111 1111 1111"])[0])
    assert re.fullmatch(r"3782-82\d{4}-\d{5}", mask("credit_card", ["3782-822463-10005"])[0])


def test_one_card_in_two_spellings_stays_one(mask: Mask):
    spaced, plain = mask("credit_card", ["4111 1111 1111 1111", "4111111111111111"])
    assert spaced.replace(" ", "") == plain


def test_cards_of_one_issuer_stay_distinct(mask: Mask):
    draw = random.Random(3)
    values = sorted({f"411111{draw.randrange(10**6):06d}{check}" for _ in range(2000) for check in range(10)})
    assert len(set(mask("credit_card", values))) == len(values)


def test_masked_cards_and_words_change_too(mask: Mask):
    masked = mask("credit_card", ["**** **** **** 1234", "visa 1234", "12"])
    assert re.fullmatch(r"\*{4} \*{4} \*{4} \d{4}", masked[0])
    assert "1234" not in masked[0]
    assert not masked[1].startswith("visa")


def test_numeric_columns_keep_a_number(mask: Mask):
    values = ["4111111111111111", "10", "99"]
    masked = mask("credit_card", values, base_type="int8")
    assert all(not number.startswith("0") for number in masked)
    assert [len(number) for number in masked] == [16, 2, 2]
