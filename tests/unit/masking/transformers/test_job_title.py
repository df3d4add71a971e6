"""job_title: titles that read like titles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._peers import read_lists
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]
TITLES = ["Accountant", "Data Engineer", "Head of Internal Audit", "Leiter Einkauf", "Geschäftsführer", "CEO"]


def test_words_and_parts(mask: Mask):
    lists = read_lists("jobs.txt")
    for value, masked in zip(TITLES, mask("job_title", TITLES), strict=True):
        count = min(len(value.split()), 3)
        parts = {1: ["singles"], 2: ["fields", "roles"], 3: ["levels", "fields", "roles"]}[count]
        for word, part in zip(masked.split(" "), parts, strict=True):
            assert word.lower() in {each.lower() for each in lists[part]}


def test_many_titles(mask: Mask):
    masked = mask("job_title", [f"Senior Thing {chr(97 + number % 26)}{number}" for number in range(2000)])
    assert len(set(masked)) > 1900


def test_case(mask: Mask):
    upper, lower, mixed = mask("job_title", ["DATA ENGINEER", "data engineer", "Data Engineer"], fold=True)
    assert upper == upper.upper()
    assert lower == lower.lower()
    assert upper.lower() == lower == mixed.lower()


def test_narrow_columns(mask: Mask):
    for limit in (1, 3, 4, 5, 8, 20):
        values = [value[:limit] for value in TITLES]
        for value, masked in zip(values, mask("job_title", values, base_type="varchar", limit=limit), strict=True):
            assert 0 < len(masked) <= limit
            assert masked.lower() != value.lower()


@pytest.mark.parametrize("value", ["бухгалтер", "会计师", "١٢٣"])
def test_other_scripts_stay_in_theirs(mask: Mask, value: str):
    (masked,) = mask("job_title", [value])
    assert masked != value
    assert len(masked) == len(value)
    assert not masked.isascii()


def test_columns():
    built = registry.build("job_title")
    assert built.problems(Column("c", "integer", "int4", "N"))
    assert not built.problems(Column("c", "text", "text", "S"))


def test_the_lists_hold_no_doubles():
    for words in read_lists("jobs.txt").values():
        assert len({word.lower() for word in words}) == len(words)
