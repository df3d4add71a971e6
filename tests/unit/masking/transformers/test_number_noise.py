"""number_noise: near the value, in the value's form, never losing a digit of precision."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Uniqueness
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]
RUNS = settings(max_examples=60, deadline=None)
RATIO = Decimal("0.1")


@st.composite
def decimals(draw: st.DrawFn) -> str:
    digits = draw(st.text("0123456789", min_size=1, max_size=draw(st.sampled_from([3, 12, 45]))))
    scale = draw(st.integers(0, len(digits)))
    whole = digits[: len(digits) - scale].lstrip("0") or "0"
    sign = draw(st.sampled_from(["", "-"]))
    return f"{sign}{whole}.{digits[len(digits) - scale :]}" if scale else f"{sign}{whole}"


def form(value: str) -> tuple[bool, int, bool]:
    _, _, fraction = value.partition(".")
    return value.startswith("-"), len(fraction), "." in value


def within(value: Decimal, masked: Decimal, unit: Decimal) -> bool:
    # One unit at least; redrawn digits behind the seventeenth add less than one of the seventeenth.
    return abs(masked - value) <= max(abs(value) * RATIO, unit) * (1 + Decimal("1e-14"))


@RUNS
@given(st.lists(decimals(), min_size=1, max_size=30))
def test_numerics_of_any_precision(mask: Mask, batch: list[str]):
    for value, masked in zip(batch, mask("number_noise", batch, base_type="numeric"), strict=True):
        number, other = Decimal(value), Decimal(masked)
        if number == 0:
            assert masked == value
            continue
        assert form(masked) == form(value)
        assert other != number
        assert other != 0
        assert within(number, other, Decimal(1).scaleb(-form(value)[1]))
        significant = value.replace("-", "").replace(".", "").lstrip("0")
        assert len(masked.replace("-", "").replace(".", "").lstrip("0")) <= len(significant)


@RUNS
@given(st.lists(decimals(), min_size=1, max_size=20), st.sampled_from(["uniform", "normal"]))
def test_a_mask_depends_on_the_number_alone(mask: Mask, batch: list[str], distribution: str):
    params = {"ratio": 0.2, "amount": 3, "distribution": distribution}
    together = mask("number_noise", batch, params=params, base_type="numeric")
    assert together[::-1] == mask("number_noise", batch[::-1], params=params, base_type="numeric")
    assert together == [mask("number_noise", [one], params=params, base_type="numeric")[0] for one in batch]


@pytest.mark.parametrize(("base_type", "bits"), [("int2", 16), ("int4", 32), ("int8", 64)])
@pytest.mark.parametrize("params", [{}, {"ratio": 1.0}, {"amount": 1e12}, {"ratio": 0.5, "distribution": "normal"}])
def test_integers_stay_in_their_type(mask: Mask, base_type: str, bits: int, params: dict[str, Any]):
    half = 2 ** (bits - 1)
    batch = [half - 1, -half, half - 2, half // 2, 1, -1, 9, 10, 99, 100, 0, 12345]
    for number, masked in zip(
        batch, map(int, mask("number_noise", list(map(str, batch)), params=params, base_type=base_type)), strict=True
    ):
        assert -half <= masked < half
        assert (masked > 0) == (number > 0)
        assert (masked == number) == (number == 0)


@RUNS
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_floats(mask: Mask, numbers: list[float]):
    batch = [repr(number) for number in numbers]
    for number, masked in zip(numbers, map(float, mask("number_noise", batch, base_type="float8")), strict=True):
        assert abs(masked) != float("inf")
        assert (masked > 0) == (number > 0)
        assert (masked < 0) == (number < 0)
        if abs(number) > 1e-300:
            unit = 10.0 if number.is_integer() else 1.0  # coarse where few digits are written
            assert abs(masked - number) <= max(abs(number) * 0.1000001, unit)


def test_large_floats_come_down_and_written_exponents_vary_finely(mask: Mask):
    greatest, single, small = mask("number_noise", ["1.7976931348623157e+308", "1e+15", "1e-07"], base_type="float8")
    assert 1.6e308 < float(greatest) < 1.7976931348623157e308
    assert 0.9e15 <= float(single) <= 1.1e15
    assert float(single).is_integer()
    assert float(single) % 1000 != 0
    assert 0.9e-7 <= float(small) <= 1.1e-7
    (real,) = mask("number_noise", ["3.4028235e+38"], base_type="float4")
    assert 3.0e38 < float(real) < 3.4028235e38


def test_what_is_no_number_of_size_stays(mask: Mask):
    batch = ["NaN", "Infinity", "-Infinity", "0", "0.00", "-0", "0e0", ""]
    assert mask("number_noise", batch, base_type="float8") == batch


def test_equal_numbers_move_alike(mask: Mask):
    one, two, three = mask("number_noise", ["1000000", "1000000.00", "1e+06"], base_type="float8")
    assert abs(float(one) - float(two)) <= 1
    assert abs(float(one) - float(three)) <= 1


def test_amounts_reach_beyond_small_values(mask: Mask):
    batch = [f"{number}.50" for number in range(1, 400)]
    masked = mask("number_noise", batch, params={"amount": 1000}, base_type="numeric")
    numbers = [Decimal(one) for one in masked]
    assert max(numbers) > 900
    assert all(0 < number <= Decimal(value) + 1000 for number, value in zip(numbers, batch, strict=True))
    assert all(re.fullmatch(r"\d+\.\d\d", one) for one in masked)


def test_zeros_behind_long_decimals_stay(mask: Mask):
    (masked,) = mask("number_noise", ["5.00000000000000000000"], base_type="numeric")
    assert re.fullmatch(r"\d\.\d{20}", masked)
    (long,) = mask("number_noise", ["1234567890123456789012345678901234567890"], base_type="numeric")
    assert len(long) == 40
    assert not long.endswith("0000000000")


def test_uniform_noise_is_centred_and_fills_its_range(mask: Mask):
    batch = [str(number) for number in range(500_000, 510_000)]
    shares = [
        int(masked) / int(value) - 1
        for value, masked in zip(batch, mask("number_noise", batch, base_type="int4"), strict=True)
    ]
    assert abs(sum(shares) / len(shares)) < 0.003
    assert 0.098 < max(shares) <= 0.1
    assert -0.1 <= min(shares) < -0.098


def test_normal_noise_has_its_deviation(mask: Mask):
    batch = [str(number) for number in range(500_000, 510_000)]
    params = {"ratio": 0.05, "distribution": "normal"}
    masked = mask("number_noise", batch, params=params, base_type="int4")
    shares = [int(other) / int(value) - 1 for value, other in zip(batch, masked, strict=True)]
    mean = sum(shares) / len(shares)
    deviation = (sum((share - mean) ** 2 for share in shares) / len(shares)) ** 0.5
    assert abs(mean) < 0.002
    assert 0.048 < deviation < 0.052
    assert sum(abs(share) > 0.1 for share in shares) > 200


def test_keys_and_domains_are_unrelated(mask: Mask):
    batch = list(map(str, range(100_000, 101_000)))
    plain = mask("number_noise", batch, base_type="int4")
    for other in (mask("number_noise", batch, key=b"k" * 32), mask("number_noise", batch, domain="other")):
        assert sum(one == two for one, two in zip(plain, other, strict=True)) < 10


@pytest.mark.parametrize(
    "value",
    ["$1,234.56", "-$1,234.56", "($99.99)", "1.234,56 €", "¥12,345", "Rp 1.234.567", "-$92,233,720,368,547,758.08"],
)
def test_money_keeps_its_form(mask: Mask, value: str):
    (masked,) = mask("number_noise", [value], base_type="money")
    assert masked != value
    assert re.sub(r"\d", "9", masked) == re.sub(r"\d", "9", value)
    old, new = (int(re.sub(r"\D", "", each)) for each in (value, masked))
    assert 0 < new < 2**63
    assert abs(new - old) <= max(old * 0.1, 1)
    assert mask("number_noise", ["$0.00"], base_type="money") == ["$0.00"]


@pytest.mark.parametrize(
    "params", [{"ratio": 0}, {"ratio": 1.5}, {"amount": -1}, {"amount": 1e31}, {"distribution": "cauchy"}, {"share": 1}]
)
def test_bad_parameters(params: dict[str, Any]):
    with pytest.raises(ValidationError):
        registry.build("number_noise", params)


@pytest.mark.parametrize(
    ("params", "base_type", "type_name", "fits"),
    [
        ({}, "numeric", "numeric(10,2)", True),
        ({}, "numeric", "numeric(3,-2)", False),
        ({"amount": 999.9}, "numeric", "numeric(5,2)", True),
        ({"amount": 1000}, "numeric", "numeric(5,2)", False),
        ({"amount": 1000}, "numeric", "numeric", True),
        ({}, "text", "text", False),
        ({}, "money", "money", True),
    ],
)
def test_unsuitable_columns(params: dict[str, Any], base_type: str, type_name: str, fits: bool):
    built = registry.build("number_noise", params)
    assert bool(built.problems(Column("c", type_name, base_type, "N"))) is not fits
    assert built.guarantees.uniqueness is Uniqueness.LOSSY
