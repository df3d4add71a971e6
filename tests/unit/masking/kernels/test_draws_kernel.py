"""Keyed hashing by kernels gives the words of the general way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testdata_assets.masking import hashing, kernels
from testdata_assets.masking.hashing import KeyedHash, Prf
from testdata_assets.masking.text_arrays import string_bytes

pytest.importorskip("numba", reason="the extra `fast` is not installed")
KEYED = KeyedHash.derive(b"k" * 32, "domain")
RUNS = settings(max_examples=100, deadline=None)

sizes = st.one_of(st.integers(0, 40), st.sampled_from([14, 15, 16, 30, 31, 32, 254, 255, 256, 257, 300]))
texts = st.one_of(st.text(max_size=40), st.builds(lambda size, symbol: symbol * size, sizes, st.sampled_from("a7é")))


def both(compute: Callable[[], Any]) -> tuple[Any, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "compiles_itself", True)
        patch.setattr(kernels, "WORTHWHILE", 0)
        fast = compute()
        patch.setattr(kernels, "WORTHWHILE", 1 << 60)
        return fast, compute()


@RUNS
@given(st.lists(texts, max_size=30))
def test_draws(values: list[str]):
    fast, general = both(lambda: KEYED.draws(pl.Series(values, dtype=pl.String)))
    assert np.array_equal(fast, general)


@pytest.mark.parametrize("at_once", [1, 7, 8192])
def test_draws_in_batches(at_once: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hashing, "_ENCRYPTED_AT_ONCE", at_once)
    values = pl.Series(["x" * (number % 300) + str(number) for number in range(700)])
    fast, general = both(lambda: KEYED.draws(values))
    assert np.array_equal(fast, general)


def test_draws_of_pieces_with_gaps():
    data, offsets = string_bytes(pl.Series([f"value-{number}" for number in range(500)]))
    starts, lengths = offsets[:-1][::3] + 2, np.diff(offsets)[::3] - 4
    fast, general = both(lambda: KEYED.draws_of(data, starts, lengths))
    assert np.array_equal(fast, general)


def test_values_are_really_done_by_the_kernel(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kernels, "compiles_itself", True)
    monkeypatch.setattr(Prf, "authenticate", None)
    monkeypatch.setattr(KeyedHash, "seeds", None)
    values = pl.Series([f"person.{number}@example.org" for number in range(kernels.WORTHWHILE)])
    assert len(np.unique(KEYED.draws(values)[0])) == len(values)
    with pytest.raises(TypeError):
        KEYED.draws(values.head(5))


@RUNS
@given(
    st.lists(st.one_of(st.integers(0, 9), st.integers(0, 90)), max_size=20), st.sampled_from([1, 3, 8192]), st.data()
)
def test_streams(lengths: list[int], at_once: int, data: st.DataObject):
    words = st.lists(st.integers(0, (1 << 60) - 1), min_size=len(lengths), max_size=len(lengths))
    seeds = np.array(data.draw(words), np.uint64), np.array(data.draw(words), np.uint64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "_ENCRYPTED_AT_ONCE", at_once)
        fast, general = both(lambda: KEYED.prf("stream").stream(seeds, np.array(lengths, np.int64)))
    assert fast.dtype == general.dtype == np.uint32
    assert np.array_equal(fast, general)


def test_streams_are_really_drawn_by_the_kernel(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kernels, "compiles_itself", True)
    monkeypatch.setattr(Prf, "blocks", None)
    seeds = np.arange(3, dtype=np.uint64), np.arange(3, dtype=np.uint64)
    drawn = KEYED.prf("stream").stream(seeds, np.array([5, 0, kernels.WORTHWHILE], np.int64))
    assert len(drawn) == 5 + kernels.WORTHWHILE
    assert len(np.unique(drawn)) > kernels.WORTHWHILE
