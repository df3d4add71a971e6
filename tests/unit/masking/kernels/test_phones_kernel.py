"""phone by kernels gives the masks of the general way, and takes what is usual."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import phonenumbers
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testdata_assets.masking import kernels
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.text_arrays import string_bytes
from testdata_assets.masking.transformers import phone, registry
from testdata_assets.masking.transformers.base import MaskContext, Transformer
from testdata_assets.production.catalog import Column

BothWays = Callable[[Transformer[Any], list[str], MaskContext], tuple[list[str], list[str]]]
RUNS = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
COUNTRIES = [{}, {"country_code": "1"}, {"country_code": "49"}, {"country_code": "39"}, {"country_code": "998"}]

number = st.text(alphabet="00112345678999  ()-/.", min_size=1, max_size=22)
plain = st.text(alphabet="0123456789", min_size=6, max_size=16)
starts = st.sampled_from(["", "+", "+49", "+1", "+1 (242) ", "00", "00 39 0", "+1 555 1", "0", "1"])
endings = st.sampled_from(["", "", "", " x12", "é", "٣", "+", "\t", " " * 240])
shaped = st.builds("{}{}{}".format, starts, st.one_of(number, plain), endings)
odd = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=300)


def context(limit: int | None = None, fold: bool = False, base_type: str = "text") -> MaskContext:
    return MaskContext(KeyedHash.derive(b"k" * 32, "d"), Column("v", base_type, base_type, "S", limit), fold)


@RUNS
@given(
    values=st.lists(st.one_of(shaped, shaped, odd), min_size=1, max_size=20),
    chosen=st.sampled_from(COUNTRIES),
    limit=st.sampled_from([None, None, 9, 16]),
    fold=st.booleans(),
    base_type=st.sampled_from(["text", "text", "bpchar", "name"]),
)
def test_odd_phones(
    both_ways: BothWays, values: list[str], chosen: dict[str, Any], limit: int | None, fold: bool, base_type: str
):
    cut = [value[:limit] for value in values]
    fast, general = both_ways(registry.build("phone", chosen), cut, context(limit, fold, base_type))
    assert fast == general


@pytest.mark.parametrize("base_type", ["int8", "numeric"])
def test_number_columns(both_ways: BothWays, base_type: str):
    values = [str(number) for number in range(30_123_456, 30_133_456, 17)] + ["-12345678", "7"]
    fast, general = both_ways(registry.build("phone", {}), values, context(base_type=base_type))
    assert fast == general


def samples(count: int) -> list[str]:
    """Numbers of every region in several forms."""
    draw = random.Random(7)
    forms = (phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    found = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number(region)
        written = [phonenumbers.format_number(example, form) for form in forms] if example else []
        written += [f"00{text[1:]}" for text in written]
        found += [f"{text[:-4]}{draw.randrange(10_000):04d}" for text in written for _ in range(count)]
    return found


@pytest.mark.parametrize("chosen", COUNTRIES)
def test_usual_phones_are_taken_in_several_blocks(
    both_ways: BothWays, monkeypatch: pytest.MonkeyPatch, chosen: dict[str, Any]
):
    draw = random.Random(9)
    values = samples(4) + [
        f"({draw.randrange(200, 1000)}) {draw.randrange(100, 1000)}-{draw.randrange(10**4):04}" for _ in range(500)
    ]
    values += [f"{draw.randrange(1000):03}-{draw.randrange(10**4):04}" for _ in range(500)]
    values += [f"{draw.randrange(10**12):0{draw.randrange(7, 16)}}" for _ in range(1000)]
    monkeypatch.setattr(phone, "_AT_ONCE", 600)
    transformer = registry.build("phone", chosen)
    fast, general = both_ways(transformer, values, context())
    assert fast == general
    loaded = kernels.load("phones", 1 << 61)
    assert isinstance(transformer, phone.Phone)
    assert loaded is not None
    found = transformer.by_kernel(loaded, *string_bytes(pl.Series(values)), context())
    assert found is not None
    assert found.done.mean() > 0.9
