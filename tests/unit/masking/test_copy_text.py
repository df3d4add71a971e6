"""COPY text: frames give back the bytes they were read from, and escapes are undone and redone exactly."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from testdata_assets.masking.copy_text import decode, encode, escape, unescape

text = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["\\N", "\\.", "\\", "\\\\n", "\t", "\n", "\r", "\ufeff", "", '"', "a\\", "\v\f\b"]
)
value = st.none() | text


def copy_field(content: str | None) -> str:
    """What Postgres writes for a value (the reference these functions are held to)."""
    if content is None:
        return "\\N"
    names = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
    return "".join(names.get(character, character) for character in content)


@given(st.lists(st.tuples(value, value, value), max_size=6), st.integers(1, 3))
def test_round_trip(rows: list[tuple[str | None, ...]], width: int) -> None:
    rows = [row[:width] for row in rows]
    block = "".join("\t".join(map(copy_field, row)) + "\n" for row in rows).encode()
    names = [f"c{i}" for i in range(width)]
    frame = decode(block, names)
    assert encode(frame) == block
    raw = [[row[i] for row in rows] for i in range(width)]
    for name, expected in zip(names, raw, strict=True):
        column = frame.get_column(name)
        assert column.is_null().to_list() == [content is None for content in expected]
        values = column.drop_nulls()
        assert unescape(values).to_list() == [content for content in expected if content is not None]
        assert escape(unescape(values)).to_list() == values.to_list()


def test_empty_block_has_the_columns() -> None:
    assert decode(b"", ["a", "b"]).schema == {"a": pl.String(), "b": pl.String()}
