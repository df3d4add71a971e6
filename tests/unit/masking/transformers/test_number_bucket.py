"""number_bucket: buckets of one size and of given edges, exactly at any precision."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.errors import RefusedError
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Uniqueness
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]
RUNS = settings(max_examples=80, deadline=None)
numbers = st.decimals(
    allow_nan=False, allow_infinity=False, places=2, min_value=-(10**6), max_value=10**6
) | st.decimals(allow_nan=False, allow_infinity=False, places=25, min_value=-(10**20), max_value=10**20)


def plain(number: Decimal) -> str:
    return format(number, "f")


@RUNS
@given(st.lists(numbers, min_size=1, max_size=20), st.sampled_from(["10", "0.25", "7", "1000000", "0.003"]))
def test_buckets_of_one_size(mask: Mask, batch: list[Decimal], size: str):
    width = Decimal(size)
    values = [plain(number) for number in batch]
    lower = mask("number_bucket", values, params={"size": size}, base_type="numeric")
    middle = mask("number_bucket", values, params={"size": size, "value": "middle"}, base_type="numeric")
    with localcontext(prec=60):
        for number, low, mid in zip(batch, lower, middle, strict=True):
            floor = number // width * width
            floor -= width if floor > number else 0
            assert Decimal(low) == floor
            assert Decimal(mid) == floor + width / 2


@RUNS
@given(
    st.lists(numbers, min_size=1, max_size=20),
    st.sets(st.decimals(-1000, 10**6, places=2), min_size=1, max_size=8),
    st.sampled_from(["lower", "middle"]),
)
def test_buckets_of_given_edges(mask: Mask, batch: list[Decimal], chosen: set[Decimal], value: str):
    edges = sorted(chosen)
    params = {"edges": edges, "value": value}
    masked = mask("number_bucket", [plain(number) for number in batch], params=params, base_type="numeric")
    for number, other in zip(batch, masked, strict=True):
        place = max(sum(edge <= number for edge in edges) - 1, 0)
        wanted = edges[place]
        if value == "middle" and number >= edges[0] and place + 1 < len(edges):
            wanted = (wanted + edges[place + 1]) / 2
        assert Decimal(other) == wanted


@pytest.mark.parametrize(
    ("value", "params", "base_type", "masked"),
    [
        ("37", {"size": 10}, "int4", "30"), ("-37", {"size": 10}, "int4", "-40"), ("0", {"size": 10}, "int4", "0"),
        ("37", {"size": 5, "value": "middle"}, "int4", "37"), ("-37", {"size": 5, "value": "middle"}, "int4", "-38"),
        ("37", {"size": 5, "value": "middle"}, "numeric", "37.5"), ("30", {"size": 10}, "numeric", "30"),
        ("-32768", {"size": 1000}, "int2", "-32768"), ("32767", {"size": 30000, "value": "middle"}, "int2", "32767"),
        ("9223372036854775807", {"size": 1000}, "int8", "9223372036854775000"),
        ("0.07", {"size": 0.05}, "numeric", "0.05"),
        ("17", {"edges": [18, 30, 65]}, "int4", "18"), ("99", {"edges": [18, 30, 65]}, "int4", "65"),
        ("1.5e+20", {"size": 10}, "float8", "150000000000000000000"), ("1e-320", {"size": 1}, "float8", "0"),
        ("-1e-320", {"size": 1}, "float8", "-1"), ("1e+06", {"size": 300000}, "float8", "900000"),
        ("NaN", {"size": 1}, "float8", "NaN"), ("-Infinity", {"edges": [1]}, "numeric", "-Infinity"),
        ("37", {}, "int4", "30"), ("-0", {"size": 5}, "float8", "0"), ("", {"size": 5}, "numeric", ""),
    ],
)  # fmt: skip
def test_examples(mask: Mask, value: str, params: dict[str, Any], base_type: str, masked: str):
    assert mask("number_bucket", [value], params=params, base_type=base_type) == [masked]


def test_forty_digits(mask: Mask):
    value = "1234567890123456789012345678901234567890.55"
    assert mask("number_bucket", [value], params={"size": 100}, base_type="numeric") == [f"{value[:38]}00"]


@RUNS
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20), st.integers(1, 10**15))
def test_integers(mask: Mask, batch: list[int], size: int):
    masked = mask("number_bucket", list(map(str, batch)), params={"size": size}, base_type="int8")
    assert list(map(int, masked)) == [max(number // size * size, -(2**63)) for number in batch]


@RUNS
@given(st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=20))
def test_floats(mask: Mask, batch: list[float]):
    masked = mask("number_bucket", [repr(number) for number in batch], params={"size": 0.5}, base_type="float8")
    for number, other in zip(batch, masked, strict=True):
        exact = Decimal(repr(number)) * 2
        assert Decimal(other) * 2 == exact.to_integral_value(ROUND_FLOOR)


def test_no_number(mask: Mask):
    with pytest.raises(RefusedError, match="no number") as refusal:
        mask("number_bucket", ["12 apples"], params={"size": 5}, base_type="numeric")
    assert "apples" not in str(refusal.value)


@pytest.mark.parametrize(
    "params",
    [{"size": 5, "edges": [1]}, {"size": 0}, {"size": -1}, {"edges": []}, {"edges": [2, 1]}, {"edges": [1, 1]},
     {"edges": ["NaN"]}, {"size": "Infinity"}, {"size": "1e30"}, {"size": "0.00000000000000000001"},
     {"size": 5, "value": "upper"}, {"edges": ["0.0000000001", "1e10"]}],
)  # fmt: skip
def test_bad_parameters(params: dict[str, Any]):
    with pytest.raises(ValidationError):
        registry.build("number_bucket", params)


@pytest.mark.parametrize(
    ("params", "type_name", "base_type", "fits"),
    [({"size": 10}, "integer", "int4", True), ({"size": 0.5}, "integer", "int4", False),
     ({"edges": [0, 40000]}, "smallint", "int2", False), ({"edges": [0, 40000]}, "integer", "int4", True),
     ({"edges": [0, 100]}, "numeric(4,2)", "numeric", False), ({"size": 1}, "text", "text", False)],
)  # fmt: skip
def test_columns(params: dict[str, Any], type_name: str, base_type: str, fits: bool):
    built = registry.build("number_bucket", params)
    assert bool(built.problems(Column("c", type_name, base_type, "N"))) is not fits
    assert built.guarantees.uniqueness is Uniqueness.LOSSY
