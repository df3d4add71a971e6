"""Fingerprints sorted by the kernel and by numpy: the same hashes with the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from testdata_assets.masking.kernels.sorting import attributed

# Few that differ in any one byte, so that many are equal, and neighbours differ in what is looked at last.
_HASHES = st.builds(
    lambda byte, place: byte << 8 * place, st.sampled_from([0, 1, 2, 127, 128, 255]), st.integers(0, 7)
) | st.integers(0, (1 << 64) - 1)


@given(st.lists(st.tuples(_HASHES, st.integers(-(1 << 31), (1 << 31) - 1)), max_size=60))
def test_each_hash_stays_once_with_its_least_number(pairs: list[tuple[int, int]]) -> None:
    least: dict[int, int] = {}
    for value, number in pairs:
        least[value] = min(number, least.get(value, number))
    values, numbers = attributed(
        np.array([value for value, _ in pairs], np.uint64), np.array([number for _, number in pairs], np.int32)
    )
    assert list(zip(values.tolist(), numbers.tolist(), strict=True)) == sorted(least.items())


@pytest.mark.parametrize("count", [50_000, 100_000])
def test_many_are_sorted_as_numpy_sorts_them(count: int) -> None:
    random = np.random.default_rng(3)
    values = random.integers(0, 1 << 63, count, dtype=np.uint64) << np.uint64(1)
    values[::3] = values[0]
    expected = np.unique(values)
    numbers = np.arange(len(values), dtype=np.int32)
    firsts = np.unique(values, return_index=True)[1]
    found, least = attributed(values, numbers)
    assert np.array_equal(found, expected)
    assert np.array_equal(least, firsts)
