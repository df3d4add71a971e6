"""region: regions of the same country in the same form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._peers import read_lists
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]
LISTS = read_lists("regions.txt")


@pytest.mark.parametrize("name", sorted(LISTS))
def test_each_countrys_regions_are_permuted(mask: Mask, name: str):
    params = {"country": name.partition(" ")[0]}
    masked = mask("region", list(LISTS[name]), params=params)
    assert sorted(masked) == sorted(LISTS[name])
    assert all(one != two for one, two in zip(LISTS[name], masked, strict=True))


@pytest.mark.parametrize(
    ("value", "name"),
    [("Texas", "US names"), ("tx", "US codes"), ("TX", "US codes"), ("ONTARIO", "CA names"), ("qld", "AU codes"),
     ("Bayern", "DE names"), ("大阪府", "JP han"), ("Île-de-France", "FR names"), ("ZH", "CH codes")],
)  # fmt: skip
def test_countries_forms_and_case_stay(mask: Mask, value: str, name: str):
    (masked,) = mask("region", [value])
    cased = str.upper if value.isupper() and value != value.lower() else str.lower if value.islower() else str
    assert masked in {cased(word) for word in LISTS[name]}
    assert masked != value


def test_shared_abbreviations(mask: Mask):
    (american,) = mask("region", ["PA"])
    (brazilian,) = mask("region", ["PA"], params={"country": "BR"})
    assert american in LISTS["US codes"]
    assert brazilian in LISTS["BR codes"]


@pytest.mark.parametrize("value", ["Narnia", "Z9", "XX"])
def test_unknown_regions_are_permuted(mask: Mask, value: str):
    (masked,) = mask("region", [value])
    assert masked != value
    assert len(masked) == len(value)


def test_blank_padded_and_folded(mask: Mask):
    assert mask("region", ["", "  "]) == ["", "  "]
    assert mask("region", []) == []
    bare, padded = mask("region", ["TX", "TX   "], base_type="bpchar", limit=5)
    assert bare == padded
    upper, lower, mixed = mask("region", ["TEXAS", "texas", "Texas"], fold=True)
    assert upper.lower() == lower == mixed.lower()


def test_keys_and_domains(mask: Mask):
    names = list(LISTS["US names"])
    plain = mask("region", names)
    for other in (mask("region", names, key=b"k" * 32), mask("region", names, domain="other")):
        assert sum(one == two for one, two in zip(plain, other, strict=True)) < 8


def test_narrow_columns_get_short_names(mask: Mask):
    fitting = [name for name in LISTS["US names"] if len(name) <= 6]
    masked = mask("region", fitting, base_type="varchar", limit=6)
    assert sorted(masked) == sorted(fitting)


def test_parameters_and_columns():
    with pytest.raises(ValidationError, match="regions are known of"):
        registry.build("region", {"country": "XX"})
    assert registry.build("region").problems(Column("c", "integer", "int4", "N"))
