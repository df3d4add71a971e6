"""integer_permute: one for one, within the digits or the range, in every integer type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.errors import RefusedError
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._ranges import permute_in_ranges
from testdata_assets.masking.transformers.base import Coincidence, Uniqueness
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]
RUNS = settings(max_examples=60, deadline=None)
BITS = {"int2": 16, "int4": 32, "int8": 64}


def column(base_type: str, type_name: str | None = None, limit: int | None = None) -> Column:
    return Column("c", type_name or base_type, base_type, "N", limit)


def size(number: int) -> int:
    return len(str(abs(number)))


@RUNS
@given(st.sets(st.integers(-(2**63), 2**63 - 1) | st.integers(-200, 40_000) | st.integers(-(2**31), 2**31 - 1)))
def test_digits_and_sign_stay_and_nothing_else(mask: Mask, numbers: set[int]):
    batch = sorted(numbers)
    masked = [int(one) for one in mask("integer_permute", list(map(str, batch)), base_type="int8")]
    assert len(set(masked)) == len(batch)
    for number, other in zip(batch, masked, strict=True):
        assert size(other) == size(number)
        assert (other > 0) == (number > 0)
        assert (other == number) == (number == 0)
        for bits in BITS.values():
            half = 2 ** (bits - 1)
            assert (-half <= other < half) == (-half <= number < half)


@RUNS
@given(st.lists(st.integers(-(10**45), 10**45) | st.integers(-10, 1000), min_size=1, max_size=30))
def test_a_mask_depends_on_the_number_alone(mask: Mask, numbers: list[int]):
    batch = list(map(str, numbers))
    together = mask("integer_permute", batch, base_type="numeric")
    assert together[::-1] == mask("integer_permute", batch[::-1], base_type="numeric")
    assert together == [mask("integer_permute", [one], base_type="numeric")[0] for one in batch]
    assert together == mask("integer_permute", batch)
    for one, other in zip(batch, together, strict=True):
        assert len(one) == len(other)
        assert int(one) == 0 or one != other


@pytest.mark.parametrize(("first", "last"), [(1, 9), (10, 99), (100, 999), (1000, 9999), (-99, -10), (-9, -1)])
def test_every_number_of_as_many_digits_is_hit_once(mask: Mask, first: int, last: int):
    batch = list(map(str, range(first, last + 1)))
    masked = mask("integer_permute", batch, base_type="int4")
    assert sorted(map(int, masked)) == list(range(first, last + 1))
    assert all(one != two for one, two in zip(batch, masked, strict=True))


def test_a_whole_smallint_is_permuted(mask: Mask):
    batch = list(map(str, range(-(2**15), 2**15)))
    masked = mask("integer_permute", batch, base_type="int2")
    assert sorted(map(int, masked)) == list(range(-(2**15), 2**15))
    assert [one for one, two in zip(batch, masked, strict=True) if one == two] == ["0"]


@pytest.mark.parametrize("base_type", ["int8", "numeric", "text", "varchar"])
def test_all_types_agree(mask: Mask, base_type: str):
    batch = ["7", "40000", "-32768", "9223372036854775807", "-9223372036854775808", "2147483647", "1000000"]
    assert mask("integer_permute", batch, base_type=base_type) == mask("integer_permute", batch, base_type="int8")


def test_keys_and_domains_are_unrelated(mask: Mask):
    batch = list(map(str, range(10_000, 11_000)))
    plain = mask("integer_permute", batch, base_type="int4")
    for other in (mask("integer_permute", batch, key=b"k" * 32), mask("integer_permute", batch, domain="other")):
        assert sum(one == two for one, two in zip(plain, other, strict=True)) < 10


def test_neighbours_part(mask: Mask):
    masked = np.array(mask("integer_permute", list(map(str, range(100_000, 101_000))), base_type="int4"), np.int64)
    assert len(np.unique(masked // 100_000)) == 9
    assert abs(float(np.corrcoef(np.arange(1000), masked)[0, 1])) < 0.15


@RUNS
@given(st.integers(-(10**6), 10**6), st.integers(1, 3000), st.sampled_from(["int8", "text"]))
def test_a_range_is_permuted_onto_itself(mask: Mask, low: int, span: int, base_type: str):
    batch = list(map(str, range(low, low + span + 1)))
    masked = mask("integer_permute", batch, params={"min": low, "max": low + span}, base_type=base_type)
    assert sorted(map(int, masked)) == list(range(low, low + span + 1))
    assert all(one != two for one, two in zip(batch, masked, strict=True))


@RUNS
@given(st.sets(st.integers(-(2**62), 2**62 - 1), min_size=1))
def test_wide_ranges(mask: Mask, numbers: set[int]):
    batch = list(map(str, sorted(numbers)))
    masked = mask("integer_permute", batch, params={"min": -(2**62), "max": 2**62 - 1}, base_type="int8")
    assert len(set(masked)) == len(batch)
    assert all(-(2**62) <= int(one) < 2**62 for one in masked)
    assert all(one != two for one, two in zip(batch, masked, strict=True))


@pytest.mark.parametrize("value", ["0", "1001", "-5", "99999999999999999999999", "9223372036854775808", "0001001"])
@pytest.mark.parametrize("base_type", ["numeric", "text"])
def test_a_number_outside_the_range_is_refused_without_naming_it(mask: Mask, value: str, base_type: str):
    with pytest.raises(RefusedError, match="outside its range") as refusal:
        mask("integer_permute", ["7", value], params={"min": 1, "max": 1000}, base_type=base_type)
    assert refusal.value.error_code == "value-outside-range"
    assert value not in str(refusal.value)


def test_leading_zeros_stay_before_the_numbers_mask(mask: Mask):
    plain, padded, wide, account = mask("integer_permute", ["7", "007", "-0042", "0000012345"])
    assert padded == f"00{plain}"
    assert wide == "-00" + mask("integer_permute", ["-42"])[0][1:]
    assert account[:5] == "00000"
    assert account[5:] == mask("integer_permute", ["12345"], base_type="int4")[0]


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_texts_of_digits_are_permuted_onto_themselves(mask: Mask, width: int):
    batch = [f"{number:0{width}d}" for number in range(10**width)]
    assert sorted(mask("integer_permute", batch)) == batch


def test_zero_padded_texts_keep_their_width_in_a_range(mask: Mask):
    params = {"min": 1, "max": 9999}
    batch = [f"{number:04d}" for number in range(1, 1000)] + [f"{number:03d}" for number in range(1, 100)]
    batch += list(map(str, range(1, 10_000)))
    distinct = sorted(set(batch))
    masked = mask("integer_permute", distinct, params=params)
    assert len(set(masked)) == len(distinct)
    for value, other in zip(distinct, masked, strict=True):
        assert 1 <= int(other) <= 9999
        assert value != other
        if value.startswith("0"):
            assert len(other) == len(value)


def test_numerics_keep_their_decimals_and_fractions_are_refused(mask: Mask):
    (masked,) = mask("integer_permute", ["1234.00"], base_type="numeric")
    assert masked.endswith(".00")
    assert masked[:4] == mask("integer_permute", ["1234"], base_type="int4")[0]
    with pytest.raises(RefusedError, match="fraction"):
        mask("integer_permute", ["12.50"], base_type="numeric")
    assert mask("integer_permute", ["NaN", "Infinity"], base_type="numeric") == ["NaN", "Infinity"]


@pytest.mark.parametrize("value", ["AB-1234", "12.50", "+7", "7 8", "١٢٣", "John", "9" * 40, "1" * 25])
def test_other_texts_are_permuted_too(mask: Mask, value: str):
    (masked,) = mask("integer_permute", [value])
    assert masked != value
    assert len(masked) == len(value)


def test_blank_and_padded_texts(mask: Mask):
    assert mask("integer_permute", ["", "  ", "12"])[:2] == ["", "  "]
    bare, padded = mask("integer_permute", ["12", "12   "], base_type="bpchar", limit=5)
    assert bare.rstrip() == padded.rstrip()
    assert mask("integer_permute", []) == []


def test_case_folds(mask: Mask):
    upper, lower = mask("integer_permute", ["AB12", "ab12"], fold=True)
    assert upper.lower() == lower


@pytest.mark.parametrize("params", [{"min": 1}, {"max": 5}, {"min": 5, "max": 5}, {"min": 0, "max": 2**63},
                                    {"min": -(2**63), "max": 2**63 - 1}, {"min": "1", "max": "2"}])  # fmt: skip
def test_bad_ranges(params: dict[str, Any]):
    with pytest.raises(ValidationError):
        registry.build("integer_permute", params)


@pytest.mark.parametrize(
    ("params", "target", "fits"),
    [
        ({}, column("int2"), True),
        ({}, column("uuid"), False),
        ({"min": 1, "max": 32767}, column("int2"), True),
        ({"min": 1, "max": 32768}, column("int2"), False),
        ({"min": 1, "max": 99}, column("numeric", "numeric(4,2)"), True),
        ({"min": 1, "max": 100}, column("numeric", "numeric(4,2)"), False),
        ({"min": 1, "max": 10**15}, column("numeric"), True),
        ({"min": 1, "max": 999}, column("varchar", limit=3), True),
        ({"min": -100, "max": 999}, column("varchar", limit=3), False),
    ],
)
def test_ranges_must_fit_the_column(params: dict[str, Any], target: Column, fits: bool):
    assert bool(registry.build("integer_permute", params).problems(target)) is not fits


def test_guarantees():
    built = registry.build("integer_permute")
    assert built.guarantees_for(column("int4")).uniqueness is Uniqueness.INJECTIVE
    assert built.guarantees_for(column("int4")).preserves_length
    assert built.guarantees_for(column("int4")).coincidence is Coincidence.MAY_COINCIDE
    ranged = registry.build("integer_permute", {"min": 1, "max": 1000})
    assert ranged.guarantees_for(column("int4")).uniqueness is Uniqueness.INJECTIVE
    assert not ranged.guarantees_for(column("int4")).preserves_length


@pytest.mark.parametrize("number", [2, 3, 1024, 1025, 4999, 10_007])
def test_ranges_of_any_size(number: int):
    keyed = KeyedHash.derive(b"k" * 32, "d")
    offsets = np.arange(number, dtype=np.uint64)
    sizes, tweaks = np.full(number, number, np.uint64), np.full(number, 5, np.uint64)
    moved = permute_in_ranges(keyed, offsets, sizes, tweaks)
    assert sorted(moved.tolist()) == list(range(number))
    assert not (moved == offsets).any()
    other = permute_in_ranges(keyed, offsets, sizes, tweaks + np.uint64(1))
    assert number <= 3 or (moved != other).any()  # two numbers have one way to change places
