"""Long values in pieces: views without copies, cuts that tear nothing apart, the same results as on whole columns."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from testdata_assets.production import bulky

TEXTS = st.lists(st.none() | st.text(st.characters(blacklist_categories=["Cs"]), max_size=40), max_size=8)


@given(TEXTS, st.integers(0, 3))
def test_views_and_lengths_are_those_of_the_strings(values: list[str | None], skipped: int) -> None:
    series = pl.Series("v", [None] * skipped + values, dtype=pl.String).slice(skipped)
    found = [None if view is None else bytes(view).decode() for view in bulky.views(series)]
    assert found == values
    assert bulky.lengths(series).tolist() == [len((value or "").encode()) for value in values]


@given(st.text(st.sampled_from("aé李😀\\n"), max_size=60), st.integers(5, 9))
def test_pieces_tear_neither_characters_nor_escapes_apart(text: str, size: int) -> None:
    found = [bytes(piece) for piece in bulky.pieces(memoryview(text.encode()), size)]
    assert b"".join(found).decode() == text
    escaped = text.replace("\\", "\\\\")
    for piece in bulky.pieces(memoryview(escaped.encode()), size):
        decoded = bytes(piece).decode()  # whole characters
        assert len(decoded) - len(decoded.rstrip("\\")) in range(0, size + 1, 2)
        assert len(piece) <= size


def test_values_are_mapped_piece_by_piece() -> None:
    values = pl.Series("v", ["short", "é" * (3 * bulky.PIECE_BYTES), ""])
    mapped = bulky.mapped(values, lambda piece: piece.replace("é".encode(), b"ab"))
    assert mapped.name == "v"
    assert mapped.to_list() == ["short", "ab" * (3 * bulky.PIECE_BYTES), ""]
    assert bulky.is_bulky(values)
    assert not bulky.is_bulky(values.slice(0, 1))
    assert bulky.holds(values, lambda piece: b"sho" in piece)
    assert not bulky.holds(values, lambda piece: b"xyz" in piece)


@pytest.mark.parametrize("characters", [1, 5, 100])
def test_beginnings_are_cut_by_characters(characters: int) -> None:
    values = pl.Series("v", ["ab李é😀xyz", None, "", "li"])
    assert bulky.beginnings(values, characters).to_list() == values.str.head(characters).to_list()
