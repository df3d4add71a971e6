"""last_name: invented family names. What all name transformers share is in test_names.py."""

from __future__ import annotations

from collections.abc import Callable

from testdata_assets.masking.pools import _words_of as words_of

Mask = Callable[..., list[str]]


def test_names_are_invented_and_equal_ones_stay_equal(mask: Mask):
    values = ["Kowalska", "Smith", "KOWALSKA", "Kowalska"]
    masked = mask("last_name", values)
    assert masked[0] == masked[3]
    assert {name.lower() for name in masked} <= set(words_of("family", "latin"))


def test_parts_of_a_double_name_are_drawn_apart(mask: Mask):
    (masked,) = mask("last_name", ["Smith-Jones"])
    one, two = masked.split("-")
    assert one != two
    assert "Smith" not in masked
    assert "Jones" not in masked


def test_narrow_columns_get_short_names(mask: Mask):
    masked = mask("last_name", ["Lee", "Bro", "Ng"], base_type="varchar", limit=3)
    assert all(1 <= len(name) <= 3 for name in masked)
