"""COPY lines taken apart by kernels and by polars: the same values, samples and lines."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from testdata_assets.errors import RefusedError
from testdata_assets.masking import copy_text
from testdata_assets.masking.block_rows import BlockRows, FrameLines, Values

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from testdata_assets.masking.kernels.lines import SplitLines

_VALUES = st.none() | st.text(
    st.sampled_from("ab\\\t\n\r\b\f\vN \x01\x7fé€😀")
    | st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
    max_size=12,
)
_TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(_VALUES, min_size=width, max_size=width), min_size=1, max_size=8)
)


def both(rows: list[list[str | None]]) -> tuple[SplitLines, FrameLines, list[str]]:
    names = [f"c{number}" for number in range(len(rows[0]))]
    frame = pl.DataFrame(
        {name: [row[number] for row in rows] for number, name in enumerate(names)},
        schema=dict.fromkeys(names, pl.String),
    )
    block = copy_text.encode(frame.select(copy_text.escape(frame.get_column(name)) for name in names))
    return SplitLines(block, names), FrameLines(copy_text.decode(block, names)), names


@given(_TABLES)
def test_values_and_nulls_are_read_alike(rows: list[list[str | None]]) -> None:
    split, frame, names = both(rows)
    assert split.height == frame.height == len(rows)
    assert split.null_counts() == frame.null_counts()
    for number, name in enumerate(names):
        ours, theirs = split.values(name), frame.values(name)
        assert ours.values.to_list() == theirs.values.to_list()
        assert ours.of_all_rows().to_list() == [row[number] for row in rows]
        assert (ours.present is None) == (theirs.present is None)


@given(_TABLES, st.data())
def test_lines_are_written_alike(rows: list[list[str | None]], data: st.DataObject) -> None:
    split, frame, names = both(rows)
    masks: dict[str, Values] = {}
    for name in data.draw(st.sets(st.sampled_from(names))):
        if data.draw(st.booleans()):
            masks[name] = Values(
                pl.Series(data.draw(st.lists(_VALUES, min_size=len(rows), max_size=len(rows))), dtype=pl.String)
            )
        else:
            raw = split.values(name)
            drawn = st.lists(_VALUES, min_size=len(raw.values), max_size=len(raw.values))
            masks[name] = Values(pl.Series(data.draw(drawn), dtype=pl.String), raw.present)
    assert split.encoded(masks) == frame.encoded(masks)


@given(_TABLES, st.data())
def test_rows_are_chosen_and_sampled_alike(rows: list[list[str | None]], data: st.DataObject) -> None:
    split, frame, _ = both(rows)
    wanted = pl.Series(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))))
    assert split.chosen(wanted).encoded({}) == frame.chosen(wanted).encoded({})
    places = np.flatnonzero(wanted.to_numpy())
    assert split.sample(places).equals(frame.sample(places))


def test_rows_are_read_by_place() -> None:
    split, frame, _ = both([["a", None], ["b", "x"], ["c", "y"]])
    for lines in (split, frame):
        rows = BlockRows(lines).chosen(np.array([0, 2]))
        assert rows.original("c1").to_list() == [None, "y"]
        assert rows.present("c1").values.to_list() == ["y"]
        rows.put("c0", Values(pl.Series(["p", "q", "r"])))
        assert rows.masked("c0").to_list() == ["p", "r"]
        assert rows.masked("c1").to_list() == [None, "y"]


@pytest.mark.parametrize("block", [b"a\tb\tc\n", b"a\n", b"a\tb\nc\n", b"a\tb"])
def test_lines_of_another_shape_are_refused(block: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        SplitLines(block, ["x", "y"])
    assert caught.value.error_code == "snapshot-malformed"


def test_bytes_that_are_no_text_are_refused_without_quoting_them() -> None:
    with pytest.raises(RefusedError) as caught:
        SplitLines(b"secret\xff\n", ["x"])
    assert caught.value.error_code == "not-utf8"
    assert "secret" not in str(caught.value)
