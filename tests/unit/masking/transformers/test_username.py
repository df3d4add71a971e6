"""username: a word and a hash in the style of the original."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

Mask = Callable[..., list[str]]


def test_user_names_that_are_addresses_agree_with_email(mask: Mask):
    assert mask("username", ["bob@acme.com"]) == mask("email", ["bob@acme.com"])


@pytest.mark.parametrize(("limit", "longest"), [(None, 19), (19, 19), (15, 12), (12, 12), (8, 8)])
def test_user_names_fit(mask: Mask, limit: int | None, longest: int):
    values = [f"user.{number}"[:limit] for number in range(500)]
    masked = mask("username", values, base_type="varchar", limit=limit)
    assert max(map(len, masked)) <= longest
    assert len(set(masked)) == len(set(values))


def test_style_is_kept(mask: Mask):
    dotted, scored, capital, cyrillic = mask("username", ["j.smith", "j_smith", "Jsmith", "мария"])
    assert re.fullmatch(r"[a-z]+\.[a-z2-7]{12}", dotted)
    assert re.fullmatch(r"[a-z]+_[a-z2-7]{12}", scored)
    assert capital[0].isupper()
    assert re.match(r"[а-яё]", cyrillic)
