"""IPv4 addresses masked by kernels are those of the general way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testdata_assets.masking import kernels, permutation
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.text_arrays import offsets_of
from testdata_assets.masking.transformers import ip
from testdata_assets.masking.transformers.base import MaskContext, Params, Transformer
from testdata_assets.masking.transformers.ip import Ip
from testdata_assets.production.catalog import Column

pytest.importorskip("numba", reason="the extra `fast` is not installed")
BothWays = Callable[[Transformer[Params], list[str], MaskContext], tuple[list[str], list[str]]]
KEYED = KeyedHash.derive(b"k" * 32, "domain")
RUNS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

octet = st.one_of(
    st.integers(0, 300).map(str), st.sampled_from(["0", "01", "00", "", "1000", "10", "192", "203", "240"])
)
quads = st.lists(octet, min_size=3, max_size=5).map(".".join)
endings = st.sampled_from(["", "", "", "/24", " ", "a", ".", "é"])
edges = st.sampled_from(["0.0.0.1", "0.1.0.0", "255.255.255.255", "192.0.0.255", "192.0.2.1", "192.88.99.7",
                         "198.51.100.9",
                         "203.0.113.0", "192.0.1.1", "127.0.0.1", "::1", "fe80::1", "10.0.0.0/8",
                         "", "none"])  # fmt: skip
values_of = st.lists(
    st.one_of(st.builds("{}{}".format, quads, endings), edges, st.text(max_size=20)), min_size=1, max_size=30
)


def context(base_type: str = "text", limit: int | None = None) -> MaskContext:
    return MaskContext(KEYED, Column("c", base_type, base_type, "S", limit))


@RUNS
@given(values_of, st.sampled_from([None, 15, 10]))
def test_masks(both_ways: BothWays, values: list[str], limit: int | None):
    fast, general = both_ways(Ip(Params()), values, context(limit=limit))
    assert fast == general


@pytest.mark.parametrize("at_once", [1, 300, 8192])
def test_many_in_all_blocks(both_ways: BothWays, at_once: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(permutation, "PAIRS_AT_ONCE", at_once)
    drawn = np.random.default_rng(7).integers(0, 1 << 32, 600 if at_once == 1 else 4000).tolist()
    numbers = [*drawn, *(first + place % 250 for first, _ in ip._BLOCKS for place in range(0, 900, 9))]
    values = [".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) for number in numbers]
    fast, general = both_ways(Ip(Params()), values, context("inet"))
    assert fast == general


def test_usual_values_are_done_by_the_kernel(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kernels, "WORTH_COMPILING", 0)
    loaded = kernels.load("addresses_v4", 10_000)
    assert loaded is not None
    values = [f"{number % 223 + 1}.{number % 200}.7.{number // 200}" for number in range(kernels.WORTHWHILE)] + [
        "a",
        "",
    ]
    data = np.frombuffer("".join(values).encode(), np.uint8)
    offsets = offsets_of(np.array([len(value) for value in values]))
    found = Ip(Params()).by_kernel(loaded, data, offsets, context())
    assert found is not None
    assert found.done.tolist() == [True] * kernels.WORTHWHILE + [False, False]
    assert found.offsets[-1] == len(found.data)
