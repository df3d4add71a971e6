"""Values of many megabytes: portions overlap, fit COPY's form, and hold what stood anywhere in the value."""

from __future__ import annotations

import polars as pl
import pytest

from testdata_assets.masking import copy_text
from testdata_assets.production import bulky
from testdata_assets.validation.long_values import apart, portions, whole_characters
from testdata_assets.validation.text_values import decoded

NAME = "Wilhelmina Österreicher"


def test_only_long_values_are_taken_apart() -> None:
    values = pl.Series("v", ["short", "x" * (bulky.BULKY_BYTES + 1), "other"])
    together, long = apart(values)
    assert together.to_list() == ["short", "other"]
    assert {row: bytes(view[:3]) for row, view in long.items()} == {1: b"xxx"}
    assert apart(together)[1] == {}


@pytest.mark.parametrize("offset", [0, 5, 12, 24])
def test_what_lies_on_the_edge_of_two_portions_is_whole_in_one(offset: int) -> None:
    words = "some words \\\\ more, "
    head = (words * (bulky.PIECE_BYTES // len(words) + 1))[: bulky.PIECE_BYTES - offset - 1] + " "
    value = (head + NAME + " " + words * 60_000).encode()
    found = [copy_text.unescape(portion)[0] for portion in portions(memoryview(value), "plain")]
    assert sum(NAME in text for text in found) >= 1
    assert max(map(len, found)) < bulky.PIECE_BYTES + (1 << 17)


def test_bytes_are_decoded_portion_by_portion() -> None:
    text = "é" * (3 * bulky.PIECE_BYTES // 2) + NAME + "x" * bulky.PIECE_BYTES
    value = "\\\\x" + text.encode().hex()
    found = [decoded(copy_text.unescape(portion))[0] for portion in portions(memoryview(value.encode()), "bytes")]
    assert any(NAME in text for text in found)
    assert len(found) == 5


def test_cut_characters_are_left_out() -> None:
    data = "é李😀a".encode()
    for start in range(len(data)):
        for stop in range(start, len(data) + 1):
            whole_characters(data[start:stop]).decode()
    assert whole_characters(data) == data
