"""choice: categories by weight, one draw per row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import MaskContext, RowTransformer, Uniqueness
from testdata_assets.production.catalog import Column

RUNS = settings(max_examples=60, deadline=None)
KEY = b"a key of the tests, 32 bytes long"


@dataclass
class Keys:
    """The columns that tell rows apart."""

    columns: dict[str, list[str | None]]

    def original(self, column: str) -> pl.Series:
        return pl.Series(column, self.columns[column], dtype=pl.String)

    def masked(self, column: str) -> pl.Series:
        raise AssertionError(f"{column}: draws hang on original values")


def choose(
    values: list[str | None],
    keys: dict[str, list[str | None]],
    categories: Any,
    *,
    key: bytes = KEY,
    domain: str = "domain",
    base_type: str = "text",
) -> list[str | None]:
    built = registry.build("choice", {"values": categories, "by": list(keys)})
    assert isinstance(built, RowTransformer)
    assert built.reads() == tuple(keys)
    context = MaskContext(KeyedHash.derive(key, domain), Column("c", base_type, base_type, "S"))
    masked = built.apply_rows(pl.Series("c", values, dtype=pl.String), Keys(keys), context)
    assert masked.name == "c"
    assert masked.dtype == pl.String
    return masked.to_list()


def numbers(count: int) -> list[str | None]:
    return [str(number) for number in range(count)]


def test_weights_are_kept():
    found = Counter(choose(["x"] * 20_000, {"id": numbers(20_000)}, {"gold": 1, "silver": 3.0, "none": 6, "old": 0}))
    assert set(found) == {"gold", "silver", "none"}
    assert abs(found["gold"] - 2000) < 200
    assert abs(found["silver"] - 6000) < 300


def test_lists_are_even_and_of_any_kind():
    found = Counter(choose(["x"] * 9000, {"id": numbers(9000)}, [1, 2.5, "three"]))
    assert set(found) == {"1", "2.5", "three"}
    assert min(found.values()) > 2800
    assert set(choose(["t"] * 100, {"id": numbers(100)}, [True, False], base_type="bool")) == {"t", "f"}
    assert set(choose(["t"] * 100, {"id": numbers(100)}, {True: 1, False: 1}, base_type="bool")) == {"t", "f"}


@RUNS
@given(
    st.lists(
        st.tuples(st.none() | st.text(max_size=3), st.none() | st.text(max_size=3), st.none() | st.text(max_size=2)),
        min_size=1,
        max_size=30,
    )
)
def test_a_row_draws_for_itself(rows: list[tuple[str | None, str | None, str | None]]):
    categories = [f"c{number}" for number in range(100)]
    values, first, second = ([row[place] for row in rows] for place in range(3))
    drawn = choose(values, {"a": first, "b": second}, categories)
    assert [one is None for one in drawn] == [value is None for value in values]
    assert drawn[::-1] == choose(values[::-1], {"a": first[::-1], "b": second[::-1]}, categories)
    for value, one, two, result in zip(values, first, second, drawn, strict=True):
        assert choose([value], {"a": [one], "b": [two]}, categories) == [result]


def test_composite_keys_are_told_apart():
    categories = [f"c{number}" for number in range(20_000)]
    first: list[str | None] = ["ab", "a", None, "-", "1:a", "", "2:ab"]
    second: list[str | None] = ["c", "bc", "-", None, "", "1:a", ""]
    drawn = choose(["x"] * 7, {"a": first, "b": second}, categories)
    assert len(set(drawn)) == 7


def test_keys_and_domains_are_unrelated():
    categories = [f"c{number}" for number in range(1000)]
    plain = choose(["x"] * 500, {"id": numbers(500)}, categories)
    for other in (
        choose(["x"] * 500, {"id": numbers(500)}, categories, key=b"k" * 32),
        choose(["x"] * 500, {"id": numbers(500)}, categories, domain="other"),
    ):
        assert sum(one == two for one, two in zip(plain, other, strict=True)) < 10


def test_all_null_and_empty_columns():
    assert choose([None, None], {"id": ["1", "2"]}, ["a"]) == [None, None]
    assert choose([], {"id": []}, ["a"]) == []


def test_a_name_alone_will_do_for_by():
    assert registry.build("choice", {"values": ["a"], "by": "id"}).params.by == ["id"]


@pytest.mark.parametrize(
    "params",
    [{"values": ["a"]}, {"by": "id"}, {"values": [], "by": "id"}, {"values": {}, "by": "id"},
     {"values": {"a": -1, "b": 2}, "by": "id"}, {"values": {"a": 0}, "by": "id"}, {"values": {"a": "x"}, "by": "id"},
     {"values": {"a": float("inf")}, "by": "id"}, {"values": ["a", "a"], "by": "id"}, {"values": ["a"], "by": []},
     {"values": ["a"], "by": ["id", "id"]}, {"values": ["a"], "by": [""]}],
)  # fmt: skip
def test_bad_parameters(params: dict[str, Any]):
    with pytest.raises(ValidationError):
        registry.build("choice", params)


@pytest.mark.parametrize(
    ("categories", "base_type", "limit", "fits"),
    [(["a", "bc"], "varchar", 2, True), (["a", "bcd"], "varchar", 2, False), ([1, 2], "int2", None, True),
     ([1, 70000], "int2", None, False), (["x"], "date", None, False), ([True], "bool", None, True),
     (["new", "open"], "mood", None, True)],
)  # fmt: skip
def test_categories_must_fit_the_column(categories: list[Any], base_type: str, limit: int | None, fits: bool):
    built = registry.build("choice", {"values": categories, "by": "id"})
    assert bool(built.problems(Column("c", base_type, base_type, "S", limit))) is not fits
    assert built.guarantees.uniqueness is Uniqueness.LOSSY
