"""The memo changes no mask, saves work where values come again, and gives up where they do not."""

from __future__ import annotations

import threading

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from testdata_assets.masking.memo import Memo, Memos


class Counting:
    """Brackets texts and counts how many it was asked for."""

    def __init__(self) -> None:
        self.computed = 0

    def __call__(self, values: pl.Series) -> pl.Series:
        self.computed += values.len()
        return "<" + values + ">"


@given(st.lists(st.lists(st.text(max_size=3), unique=True, max_size=8), max_size=8))
def test_masks_are_those_of_the_function(blocks: list[list[str]]) -> None:
    memo, compute = Memo(), Counting()
    for block in blocks:
        series = pl.Series("v", block, dtype=pl.String)
        assert memo.mask(series, compute).to_list() == [f"<{text}>" for text in block]


def test_known_values_are_not_computed_again() -> None:
    memo, compute = Memo(), Counting()
    values = pl.Series([f"value {i}" for i in range(1000)])
    for _ in range(5):
        memo.mask(values, compute)
    assert compute.computed == 1000
    memo.mask(pl.concat([values, pl.Series(["new"])]), compute)
    assert compute.computed == 1001


def test_a_useless_memo_forgets() -> None:
    memo, compute = Memo(), Counting()
    for block in range(10):
        memo.mask(pl.Series([f"{block} {i}" for i in range(100)]), compute)
    first = pl.Series([f"0 {i}" for i in range(100)])
    before = compute.computed
    assert memo.mask(first, compute).to_list() == ("<" + first + ">").to_list()
    assert compute.computed == before + 100


def test_threads_share_it() -> None:
    memos, compute = Memos(), Counting()
    wrong: list[int] = []

    def work(offset: int) -> None:
        for start in range(0, 3000, 500):
            values = pl.Series([f"v{i}" for i in range(start + offset, start + offset + 700)])
            if memos.of("a").mask(values, compute).to_list() != ("<" + values + ">").to_list():
                wrong.append(start)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
