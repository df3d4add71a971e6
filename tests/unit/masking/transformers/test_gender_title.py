"""gender_title: titles of the same language and kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._peers import read_lists
from testdata_assets.masking.transformers.base import Coincidence
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]
LISTS = read_lists("titles.txt")


@pytest.mark.parametrize(
    ("value", "others"),
    [
        ("Mr", {"Mrs", "Ms", "Mx"}), ("Mr.", {"Mrs.", "Ms.", "Mx."}), ("MR.", {"MRS.", "MS.", "MX."}),
        ("Herr", {"Frau"}), ("frau", {"herr"}), ("M.", {"Mme", "Mlle"}), ("Mme", {"M.", "Mlle"}),
        ("Prof.", {"Dr."}), ("Dr", {"Prof"}), ("Sra.", {"Sr.", "Srta."}), ("Monsieur", {"Madame", "Mademoiselle"}),
        ("г-жа", {"г-н"}), ("様", {"さん", "殿"}), ("  Mrs", {"  Mr", "  Ms", "  Mx"}),
    ],
)  # fmt: skip
def test_examples(mask: Mask, value: str, others: set[str]):
    assert set(mask("gender_title", [value])) <= others


@pytest.mark.parametrize("name", sorted(LISTS))
def test_lists_are_permuted(mask: Mask, name: str):
    earlier = {word.lower() for key in list(LISTS)[: list(LISTS).index(name)] for word in LISTS[key]}
    own = [word for word in LISTS[name] if word.lower() not in earlier]
    masked = mask("gender_title", own)
    assert set(masked) <= set(LISTS[name])
    assert len(set(masked)) == len(own)
    if len(LISTS[name]) > 1:
        assert all(one != two for one, two in zip(own, masked, strict=True))


def test_titles_behind_each_other(mask: Mask):
    one, two = mask("gender_title", ["Herr Prof. Dr. X", "Herr  Dr."])
    assert one.split()[:3] == ["Frau", "Dr.", "Prof."]
    assert one.split()[3] not in ("X", "")
    assert two == "Frau  Prof."


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["Mr", "Herr Dr.", "Frau", "xyz", "", " ", "MME", "Q7", "Dr. "]), min_size=1))
def test_a_mask_depends_on_the_value_alone(mask: Mask, batch: list[str]):
    together = mask("gender_title", batch)
    assert together == [mask("gender_title", [value])[0] for value in batch]
    for value, masked in zip(batch, together, strict=True):
        assert (masked == value) == (not value.strip())


def test_other_keys_give_other_cycles(mask: Mask):
    found = {tuple(mask("gender_title", ["Mr", "Mrs", "Ms", "Mx"], key=bytes([number]) * 32)) for number in range(40)}
    assert len(found) == 6  # every way to seat four in a ring


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_narrow_columns(mask: Mask, limit: int):
    values = [word[:limit] for words in LISTS.values() for word in words] + ["Mr."[:limit]]
    for value, masked in zip(values, mask("gender_title", values, base_type="varchar", limit=limit), strict=True):
        assert 0 < len(masked) <= limit, value


def test_columns():
    built = registry.build("gender_title")
    assert built.guarantees.coincidence is Coincidence.MAY_COINCIDE
    assert built.problems(Column("c", "integer", "int4", "N"))
