"""Permutations by kernels give the results of the general way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testdata_assets.masking import kernels, permutation
from testdata_assets.masking.hashing import KeyedHash, Prf
from testdata_assets.masking.permutation import cycle_pairs
from testdata_assets.masking.text_arrays import offsets_of
from testdata_assets.masking.transformers.base import MaskContext, Params, Transformer
from testdata_assets.masking.transformers.scramble import Scramble, ScrambleParams
from testdata_assets.production.catalog import Column

pytest.importorskip("numba", reason="the extra `fast` is not installed")
BothWays = Callable[[Transformer[Params], list[str], MaskContext], tuple[list[str], list[str]]]
KEYED = KeyedHash.derive(b"k" * 32, "domain")
RUNS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

coded = st.text(alphabet=st.sampled_from("abzABZ0159-_. e+é٣ß"), max_size=40)
texts = st.one_of(coded, st.text(max_size=40), st.builds(lambda size: "a-7" * size, st.integers(0, 110)),
                  st.sampled_from(["", " ", "\t", "\x1c", "7", "Q", "--", "x" * 24, "x" * 25,
                                   "7" * 30, "7" * 31]))  # fmt: skip
figures = st.text(alphabet=st.sampled_from("0159"), max_size=34)
numbers = st.one_of(
    st.builds("{}{}{}{}".format, st.sampled_from(["", "-", "+"]), figures, st.sampled_from(["", ".", ".0"]), figures),
    st.sampled_from(["NaN", "Infinity", "-Infinity", "0", "0.5", "05", "-0.0", "1e5", "12.5E-7", "e55", "", "."]),
)


def context(base_type: str = "text", fold: bool = False, limit: int | None = None) -> MaskContext:
    column = Column("c", base_type, base_type, "S", limit)
    return MaskContext(KEYED, column, fold_case=fold)


@RUNS
@given(st.lists(texts, min_size=1, max_size=30), st.booleans(), st.sampled_from([None, 1, 20]))
def test_texts(both_ways: BothWays, values: list[str], fold: bool, limit: int | None):
    fast, general = both_ways(Scramble(ScrambleParams()), values, context(fold=fold, limit=limit))
    assert fast == general


@RUNS
@given(st.lists(numbers, min_size=1, max_size=30))
def test_numbers(both_ways: BothWays, values: list[str]):
    fast, general = both_ways(Scramble(ScrambleParams()), values, context("numeric"))
    assert fast == general


@pytest.mark.parametrize("at_once", [1, 100, 8192])
@pytest.mark.parametrize("base_type", ["text", "numeric"])
def test_many(both_ways: BothWays, base_type: str, at_once: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(permutation, "PAIRS_AT_ONCE", at_once)
    form = "{}.{:02}" if base_type == "numeric" else "PKG-{}-x{}"
    values = [form.format(number * 7919, number % 100) for number in range(500)]
    fast, general = both_ways(Scramble(ScrambleParams()), [*values, "", "é1", "9", *values], context(base_type))
    assert fast == general


@pytest.mark.parametrize("base_type", ["text", "numeric"])
def test_usual_values_are_done_by_the_kernel(base_type: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kernels, "WORTH_COMPILING", 0)
    loaded = kernels.load("permute", 10_000)
    assert loaded is not None
    values = [f"{number}.{number % 90 + 10}" for number in range(1000)]
    if base_type == "text":
        values = [f"Depot {value} gate" for value in values]
    data = np.frombuffer("".join(values).encode(), np.uint8)
    offsets = offsets_of(np.array([len(value) for value in values]))
    found = Scramble(ScrambleParams()).by_kernel(loaded, data, offsets, context(base_type))
    assert found is not None
    assert found.done.mean() > 0.9
    masked = [bytes(found.data[a:b]).decode() for a, b in zip(found.offsets, found.offsets[1:], strict=False)]
    assert len(set(masked)) == len(values)
    assert not any(one == other for one, other in zip(values, masked, strict=True))


moduli = st.one_of(st.integers(1, 40), st.sampled_from([26**12, 10**15, 1 << 16, 1 << 60, 1 << 61, (1 << 61) - 1]))
pair = st.tuples(moduli, moduli, st.integers(0, 1 << 61), st.integers(0, 1 << 61), st.integers(0, (1 << 56) - 1))


@RUNS
@given(st.lists(pair.filter(lambda pair: pair[0] * pair[1] > 1), min_size=1, max_size=40), st.sampled_from([1, 8192]))
def test_pairs(pairs: list[tuple[int, int, int, int, int]], at_once: int):
    columns = np.array(pairs, np.uint64).T.copy()
    sizes = columns[0], columns[1]
    left, right = columns[2] % sizes[0], columns[3] % sizes[1]
    before = left.copy(), right.copy()
    results = []
    for worthwhile in (0, 1 << 60):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kernels, "WORTH_COMPILING", 0)
            patch.setattr(kernels, "WORTHWHILE", worthwhile)
            patch.setattr(permutation, "PAIRS_AT_ONCE", at_once)
            results.append(cycle_pairs(KEYED.prf("p"), left, right, sizes, columns[4]))
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(before, (left, right)), "arguments stay as they are"
    assert not ((results[0][0] == left) & (results[0][1] == right)).any()


def test_pairs_are_really_permuted_by_the_kernel(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kernels, "WORTH_COMPILING", 0)
    monkeypatch.setattr(Prf, "blocks", None)
    value = np.arange(kernels.WORTHWHILE, dtype=np.uint64)
    size = np.full(len(value), 10**9, np.uint64)
    left, right = cycle_pairs(KEYED.prf("p"), value, value, (size, size), np.zeros(len(value), np.uint64))
    assert len(np.unique(left * np.uint64(10**9) + right)) == len(value)
