"""Text forms of arrays, rows and hstore: what Postgres writes is taken apart and put together again."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testdata_assets.errors import RefusedError
from testdata_assets.masking.part_texts import (
    array_element,
    array_parts,
    hstore_parts,
    hstore_value,
    row_field,
    row_parts,
    slices,
)

RUNS = settings(max_examples=150, deadline=None)
texts = st.text(alphabet=st.sampled_from(list('ab"\\{}(),;=>: \t\n\vNULLé😀')), max_size=8)
maybe = st.one_of(st.none(), texts)


def array_out(elements: list[str | None]) -> str:
    """One-dimensional array output, written from its documentation."""
    written = []
    for each in elements:
        if each is None:
            written.append("NULL")
        elif each == "" or each.upper() == "NULL" or re.search(r'[{}",\\ \t\n\r\v\f]', each):
            written.append('"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"')
        else:
            written.append(each)
    return "{" + ",".join(written) + "}"


def row_out(fields: list[str | None]) -> str:
    written = []
    for each in fields:
        if each is None:
            written.append("")
        elif each == "" or re.search(r'[()",\\ \t\n\r\v\f]', each):
            written.append('"' + each.replace("\\", "\\\\").replace('"', '""') + '"')
        else:
            written.append(each)
    return "(" + ",".join(written) + ")"


def hstore_out(pairs: dict[str, str | None]) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    return ", ".join(f"{quoted(key)}=>{'NULL' if each is None else quoted(each)}" for key, each in pairs.items())


@RUNS
@given(st.lists(st.lists(maybe, max_size=4), min_size=1, max_size=5))
def test_arrays_come_apart_and_together(arrays: list[list[str | None]]):
    values = pl.Series([array_out(each) for each in arrays])
    parts = array_parts(values)
    contents = parts.texts()
    assert contents.to_list() == [each for array in arrays for each in array if each is not None]
    assert parts.replaced(array_element(contents)).to_list() == values.to_list()


@RUNS
@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(maybe, min_size=width, max_size=width), min_size=1)))
def test_rows_come_apart_and_together(rows: list[list[str | None]]):
    values = pl.Series([row_out(each) for each in rows])
    parts = row_parts(values, len(rows[0]))
    filled = [(number, each) for row in rows for number, each in enumerate(row) if each is not None]
    assert list(zip(parts.numbers.tolist(), parts.texts().to_list(), strict=True)) == filled
    assert parts.replaced(row_field(parts.texts())).to_list() == values.to_list()


@RUNS
@given(st.lists(st.dictionaries(texts, maybe, max_size=4), min_size=1, max_size=5))
def test_hstore_comes_apart_and_together(stores: list[dict[str, str | None]]):
    values = pl.Series([hstore_out(each) for each in stores])
    parts = hstore_parts(values)
    filled = [(key, each) for store in stores for key, each in store.items() if each is not None]
    assert list(zip(parts.key_texts().to_list(), parts.texts().to_list(), strict=True)) == filled
    assert parts.replaced(hstore_value(parts.texts())).to_list() == values.to_list()


def test_dimensions_and_bounds_stay():
    values = pl.Series(["{{a,b},{c,NULL}}", "[0:1]={x,y}", '[1:1][-2:-1]={{"1,2",z}}', "{}", "{{{a}}}"])
    parts = array_parts(values)
    assert parts.texts().to_list() == ["a", "b", "c", "x", "y", "1,2", "z", "a"]
    replaced = parts.replaced(array_element(pl.Series([None, "", "null", "a b", "k", "l", "m", "n"])))
    assert replaced.to_list() == [
        '{{NULL,""},{"null",NULL}}',
        '[0:1]={"a b",k}',
        "[1:1][-2:-1]={{l,m}}",
        "{}",
        "{{{n}}}",
    ]


def test_boxes_are_parted_by_semicolons():
    parts = array_parts(pl.Series(["{(1,1),(0,0);(2,2),(1,1)}"]), ";")
    assert parts.texts().to_list() == ["(1,1),(0,0)", "(2,2),(1,1)"]
    assert parts.replaced(array_element(parts.texts(), ";")).to_list() == ["{(1,1),(0,0);(2,2),(1,1)}"]


def test_null_is_no_empty_text():
    assert row_field(pl.Series([None, ""], dtype=pl.String)).to_list() == ["", '""']
    assert hstore_value(pl.Series([None, ""], dtype=pl.String)).to_list() == ["NULL", '""']


@pytest.mark.parametrize("value", ["", "a", "{a", "a}", "{a}}", "{a}x", '{"a}', "{a}{b}", "{a}=[0:1]", "1 2 3"])
def test_what_is_no_array_is_refused(value: str):
    with pytest.raises(RefusedError, match=r"no array|no quoted"):
        array_parts(pl.Series(["{a}", value]))


@pytest.mark.parametrize("value", ["", "a,b", "(a,b", "(a)", "(a,b,c)", '("a,b)', "((a,b))", "(a,b)x"])
def test_what_is_no_row_of_this_width_is_refused(value: str):
    with pytest.raises(RefusedError, match=r"no row|no quoted"):
        row_parts(pl.Series(["(a,b)", value]), 2)


@pytest.mark.parametrize("value", ['"a"', '"a"=>"b', '"a"=>b', '"a"=>"b" "c"', '"a"=>"b"=>"c"'])
def test_what_is_no_hstore_is_refused(value: str):
    with pytest.raises(RefusedError, match=r"no hstore|no quoted"):
        hstore_parts(pl.Series(['"k"=>"v"', value]))


def test_slices_are_bounded_and_whole():
    values = pl.Series(["x" * (1 << 20)] * 5 + ["y" * (5 << 20), "z"])
    found = list(slices(values))
    assert [len(each) for each in found] == [2, 2, 1, 1, 1]
    assert pl.concat(found).to_list() == values.to_list()
