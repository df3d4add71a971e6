"""Columns as codepoints and back, and texts put together from pieces."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from testdata_assets.masking.text_arrays import (
    Pieces,
    TextArray,
    distinct,
    is_any,
    merge_rows,
    ragged_indices,
)

RUNS = settings(max_examples=100, deadline=None)
texts = st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12), max_size=12)


def series(values: list[str]) -> pl.Series:
    return pl.Series("t", values, dtype=pl.String)


@RUNS
@given(texts, st.integers(0, 5))
def test_round_trip(values: list[str], skip: int):
    for given_series in (series(values), series(["x", *values]).slice(1), series(values).slice(skip)):
        array = TextArray.from_series(given_series)
        assert array.to_series("t").to_list() == given_series.to_list()
        assert array.lengths.tolist() == [len(value) for value in given_series]
    assert TextArray.from_strings(values).to_series().to_list() == values


@RUNS
@given(texts)
def test_places_of_characters(values: list[str]):
    array = TextArray.from_series(series(values))
    flags = array.codes == ord("a")
    assert array.count(flags).tolist() == [value.count("a") for value in values]
    starts = array.offsets[:-1]
    assert (array.first(flags) - starts).tolist() == [
        value.find("a") if "a" in value else len(value) for value in values
    ]
    assert (array.last(flags) - starts).tolist() == [value.rfind("a") for value in values]
    assert array.select(~flags).to_series().to_list() == [value.replace("a", "") for value in values]
    assert array.owners().tolist() == [row for row, value in enumerate(values) for _ in value]
    assert array.places().tolist() == [place for value in values for place in range(len(value))]


@RUNS
@given(texts, st.data())
def test_taking_and_merging_rows(values: list[str], data: st.DataObject):
    rows = data.draw(st.lists(st.integers(0, max(len(values) - 1, 0)), unique=True, max_size=len(values)))
    array = TextArray.from_series(series(values))
    assert array.take(np.array(rows, np.int64)).to_series().to_list() == [values[row] for row in rows]
    merged = merge_rows(series(values), np.array(rows, np.int64), series([f"new {row}" for row in rows]))
    assert merged.to_list() == [f"new {row}" if row in rows else value for row, value in enumerate(values)]
    assert merged.name == "t"


@RUNS
@given(texts)
def test_distinct_values_keep_their_order(values: list[str]):
    unique, places = distinct(series(values))
    assert unique.to_list() == list(dict.fromkeys(values))
    assert [unique[int(place)] for place in places] == values


def test_pieces_side_by_side():
    array = TextArray.from_strings(["ab", "", "cde"])
    pieces = Pieces(3)
    pieces.add_constant("<")
    column = pieces.add_text(array)
    pieces.add_constant(">", np.array([True, False, True]))
    pieces.add_text(TextArray.from_strings(["x", "yz"]), np.array([1, 1, 0]))
    assert pieces.total.tolist() == [6, 3, 6]
    joined, edges = pieces.join()
    assert joined.to_series().to_list() == ["<ab>yz", "<yz", "<cde>x"]
    assert edges[:, column].tolist() == [1, 7, 10]
    assert edges[:, -1].tolist() == [6, 9, 15]


def test_small_helpers():
    assert ragged_indices(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert is_any(np.array([0x41, 0x2E, 0x1F600]), "A.").tolist() == [True, True, False]
