"""street_address: invented streets in the form of the original."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

Mask = Callable[..., list[str]]


def test_street_addresses_keep_their_form(mask: Mask):
    values = ["47 MySakila Drive", "123B Main St, Apt 4", "5 rue de la Paix", "PO Box 77 Elm Road"]
    patterns = [
        r"[1-9]\d \w+ Drive",
        r"[1-9]\d\d[A-Z] \w+ St, Apt \d",
        r"[1-9] rue de la \w+",
        r"PO Box [1-9]\d \w+ Road",
    ]
    for masked, pattern in zip(mask("street_address", values), patterns, strict=True):
        assert re.fullmatch(pattern, masked)
    assert "Square" not in mask("street_address", ["The Square"])[0]


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("Hauptstraße 5", r"\w{3,7}straße [1-9]"),
        ("Hauptstrasse 5", r"\w{3,7}strasse [1-9]"),
        ("HAUPTSTR. 17b", r"[A-Z]{3,7}STR\. [1-9]\d[a-z]"),
        ("Birkenweg 3", r"\w{4,8}weg [1-9]"),
        ("Kerkstraat 12", r"\w{2,6}straat [1-9]\d"),
        ("Kungsgatan 4", r"\w{3,7}gatan [1-9]"),
    ],
)
def test_the_kind_of_street_stays_at_the_end_of_a_word(mask: Mask, value: str, pattern: str):
    for fold in (False, True):
        (masked,) = mask("street_address", [value], fold=fold)
        assert re.fullmatch(pattern, masked), masked
        assert masked[:4].lower() != value[:4].lower()
    assert "straße" not in mask("street_address", ["Ringstraße"])[0]  # nothing else of it would change
