"""country: names by names, codes by codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._peers import read_lists
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]
LISTS = read_lists("countries.txt")


def test_the_codes_are_those_of_iso_3166():
    assert {len(LISTS[name]) for name in ("codes 2", "codes 3", "codes n")} == {249}
    assert {"DE", "US", "GB", "SS"} <= set(LISTS["codes 2"])
    assert {"DEU", "USA", "GBR", "SSD"} <= set(LISTS["codes 3"])
    assert {"276", "840", "826", "728", "004"} <= set(LISTS["codes n"])


@pytest.mark.parametrize("name", ["codes 2", "codes 3", "codes n", "names en"])
def test_lists_are_permuted(mask: Mask, name: str):
    masked = mask("country", list(LISTS[name]))
    assert sorted(masked) == sorted(LISTS[name])
    assert all(one != two for one, two in zip(LISTS[name], masked, strict=True))


@pytest.mark.parametrize("language", sorted(name.partition(" ")[2] for name in LISTS if name.startswith("names ")))
def test_names_stay_in_their_language(mask: Mask, language: str):
    names = list(LISTS[f"names {language}"])
    masked = mask("country", names, params={"language": language, "form": "name"})
    assert sorted(masked) == sorted(names)
    assert all(one != two for one, two in zip(names, masked, strict=True))


@pytest.mark.parametrize(
    ("value", "name"),
    [("Deutschland", "names de"), ("Германия", "names ru"), ("中国", "names zh"), ("Germany", "names en"),
     ("usa", "codes 3"), ("de", "codes 2"), ("FRANCE", "names en"), ("Narnia", "names en"),
     ("Wakanda Islands", "names en"),
     ("Нарния", "names ru"), ("XQ", "codes 2"), ("ZZZ", "codes 3"), ("999", "codes n")],
)  # fmt: skip
def test_forms_languages_and_case(mask: Mask, value: str, name: str):
    (masked,) = mask("country", [value])
    cased = str.upper if value.isupper() else str.lower if value.islower() else str
    assert masked in {cased(word) for word in LISTS[name]}
    assert masked != value


def test_numbers_have_no_leading_zeros(mask: Mask):
    values = [str(int(code)) for code in LISTS["codes n"]]
    masked = mask("country", values, base_type="int2")
    assert sorted(map(int, masked)) == sorted(map(int, values))
    assert all(one == str(int(one)) for one in masked)
    padded = mask("country", list(LISTS["codes n"]))
    assert list(map(int, padded)) == list(map(int, masked))
    assert all(len(one) == 3 for one in padded)
    assert mask("country", ["4"]) == mask("country", ["4"], base_type="int4")


def test_columns_of_one_form(mask: Mask):
    (masked,) = mask("country", ["DE"], params={"form": "code"})
    assert masked in LISTS["codes 2"]
    (name,) = mask("country", ["Chad"], params={"form": "name"}, base_type="varchar", limit=4)
    assert len(name) <= 4


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 12])
def test_narrow_columns(mask: Mask, limit: int):
    values = [word[:limit] for words in LISTS.values() for word in words[:40]]
    for value, masked in zip(values, mask("country", values, base_type="varchar", limit=limit), strict=True):
        assert 0 < len(masked) <= limit, value


def test_blank_folded_and_independent(mask: Mask):
    assert mask("country", ["", " "]) == ["", " "]
    assert mask("country", []) == []
    upper, lower = mask("country", ["GERMANY", "germany"], fold=True)
    assert upper.lower() == lower
    batch = ["DE", "Narnia", "840", "--", "FRA", "Россия", "nowhere land"]
    assert mask("country", batch) == [mask("country", [value])[0] for value in batch]


def test_keys_and_domains(mask: Mask):
    codes = list(LISTS["codes 2"])
    plain = mask("country", codes)
    for other in (mask("country", codes, key=b"k" * 32), mask("country", codes, domain="other")):
        assert sum(one == two for one, two in zip(plain, other, strict=True)) < 10


@pytest.mark.parametrize("params", [{"language": "xx"}, {"form": "flag"}, {"keep": True}])
def test_bad_parameters(params: dict[str, Any]):
    with pytest.raises(ValidationError):
        registry.build("country", params)


def test_columns():
    assert registry.build("country").problems(Column("c", "date", "date", "D"))
    assert not registry.build("country").problems(Column("c", "character(2)", "bpchar", "S", 2))
