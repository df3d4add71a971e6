"""Large objects are searched in pieces: a cut may fall into a character."""

from __future__ import annotations

import polars as pl
import pytest

from testdata_assets.validation.catalog_texts import _whole_characters
from testdata_assets.validation.text_values import decoded

_TEXT = "aé漢😀z"


@pytest.mark.parametrize("start", range(11))
@pytest.mark.parametrize("end", range(11, 12))
def test_what_is_left_of_a_piece_is_text(start: int, end: int) -> None:
    data = _TEXT.encode()
    for stop in range(start, end):
        piece = data[start:stop]
        texts = decoded(pl.Series([_whole_characters("\\x" + piece.hex())]), drop=False)
        assert texts[0] == piece.decode("utf-8", errors="ignore")


def test_other_bytes_stay_no_text() -> None:
    assert _whole_characters("\\x61ff62") == "61ff62"
    assert decoded(pl.Series([_whole_characters("\\x61ff62")]), drop=False)[0] == ""
