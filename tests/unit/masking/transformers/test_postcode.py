"""postcode: another code of the same form, character by character."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

Mask = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("SW1A 1AA", r"[A-Z]{2}\d[A-Z] \d[A-Z]{2}"),
        ("1011 ab", r"\d{4} [a-z]{2}"),
        ("12345-6789", r"\d{5}-\d{4}"),
        ("〒160-0023", r"〒\d{3}-\d{4}"),
    ],
)
def test_the_form_stays(mask: Mask, value: str, pattern: str):
    (masked,) = mask("postcode", [value])
    assert re.fullmatch(pattern, masked)
    assert masked != value


def test_distinct_codes_stay_distinct_and_spellings_agree(mask: Mask):
    codes = [f"{number:05d}" for number in range(0, 100_000, 7)]
    assert len(set(mask("postcode", codes))) == len(codes)
    spaced, plain = mask("postcode", ["SW1A 1AA", "SW1A1AA"])
    assert spaced.replace(" ", "") == plain
