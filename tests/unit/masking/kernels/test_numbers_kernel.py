"""number_noise by kernels gives the masks of the general way, to the last bit, and takes what is usual."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testdata_assets.masking import kernels
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import number_noise, registry
from testdata_assets.masking.transformers.base import MaskContext, Transformer
from testdata_assets.production.catalog import Column

BothWays = Callable[[Transformer[Any], list[str], MaskContext], tuple[list[str], list[str]]]
RUNS = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TYPES = ("int2", "int4", "int8", "numeric", "float4", "float8", "money", "text", "bpchar")

digits = st.text(alphabet="0123456789", max_size=20)
zeros = st.sampled_from(["", "", "0", "00", "000000", "0" * 70, "0" * 280])
decimal = st.builds("{}{}{}{}{}{}".format, st.sampled_from(["", "", "-", "+", "--"]), zeros, digits,
                    st.sampled_from(["", ".", "..", ".0"]), zeros, st.one_of(digits, zeros))  # fmt: skip
odd = st.one_of(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=300),
    st.sampled_from(["", " ", ".", "-", "-.", "-0", "0.00", "5.", ".5", "-.5", " 1", "1 ", "1e5", "1.5E-3", "NaN",
                     "Infinity", "-Infinity", "٣", "1_000", "$1,234.56", "-2147483648", "32767"]),
)  # fmt: skip
params = st.fixed_dictionaries(
    {"distribution": st.sampled_from(["uniform", "normal"])},
    optional={"ratio": st.floats(1e-9, 1), "amount": st.floats(1e-9, 1e29)},
)


def context(base_type: str, **other: Any) -> MaskContext:
    return MaskContext(KeyedHash.derive(b"k" * 32, "d"), Column("v", base_type, base_type, "N"), **other)


@RUNS
@given(
    values=st.lists(st.one_of(decimal, decimal, odd), min_size=1, max_size=20),
    chosen=params,
    base_type=st.sampled_from(TYPES),
)
def test_odd_numbers(both_ways: BothWays, values: list[str], chosen: dict[str, Any], base_type: str):
    fast, general = both_ways(registry.build("number_noise", chosen), values, context(base_type))
    assert fast == general


@RUNS
@given(
    values=st.lists(st.integers(-(10**17) + 1, 10**17 - 1), min_size=20, max_size=50),
    scale=st.integers(0, 25),
    chosen=params,
)
def test_the_same_bits_at_any_ratio(both_ways: BothWays, values: list[int], scale: int, chosen: dict[str, Any]):
    written = [
        f"{'-' if value < 0 else ''}{abs(value) // 10**scale}.{abs(value) % 10**scale:0{scale}}" for value in values
    ]
    fast, general = both_ways(registry.build("number_noise", chosen), written, context("numeric"))
    assert fast == general


@pytest.mark.parametrize("base_type", ["int2", "int4", "int8"])
@pytest.mark.parametrize("chosen", [{}, {"ratio": 1.0}, {"amount": 40.0}, {"ratio": 0.5, "distribution": "normal"}])
def test_limits_of_integer_types(both_ways: BothWays, base_type: str, chosen: dict[str, Any]):
    most = (1 << {"int2": 15, "int4": 31, "int8": 63}[base_type]) - 1
    draw = random.Random(5)
    values = [str(draw.choice((1, -1)) * (most - draw.randrange(100))) for _ in range(500)]
    values += [str(10 ** draw.randrange(len(str(most))) + draw.randrange(3)) for _ in range(500)]
    for given_context in (context(base_type), context("int8", integer_type=base_type)):
        fast, general = both_ways(registry.build("number_noise", chosen), values, given_context)
        assert fast == general
        assert all(abs(int(value)) <= most for value in fast if value.lstrip("-") not in values)


def test_usual_numbers_are_taken_in_several_blocks(both_ways: BothWays, monkeypatch: pytest.MonkeyPatch):
    draw = random.Random(3)
    values = [f"{draw.randrange(-500_000, 500_000) / 100:.2f}" for _ in range(4000)]
    values += [str(draw.randrange(-(10**9), 10**9)) for _ in range(1000)] + ["0.00"] * 700 + ["1e30", "x"]
    monkeypatch.setattr(number_noise, "_AT_ONCE", 600)
    transformer = registry.build("number_noise", {})
    fast, general = both_ways(transformer, values, context("numeric"))
    assert fast == general
    assert sum(new != old for new, old in zip(fast, values, strict=True)) > 4900
    loaded = kernels.load("numbers", 1 << 61)
    assert isinstance(transformer, number_noise.NumberNoise)
    assert loaded is not None
    found = transformer._by_kernel(loaded, pl.Series(values), context("numeric"))
    assert found.done[:-2].all()
    assert not found.done[-2:].any()
