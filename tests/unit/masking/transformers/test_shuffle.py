"""shuffle: the same values in other rows."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.errors import RefusedError
from testdata_assets.masking.block_rows import BlockRows, FrameLines
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, MaskContext, RowTransformer, Uniqueness
from testdata_assets.production.catalog import Column

COLUMN = Column("v", "integer", "int4", "N")


def build(**params: Any) -> RowTransformer[Any]:
    made = registry.build("shuffle", {"by": "id", **params})
    assert isinstance(made, RowTransformer)
    return made


def mask(
    values: list[str | None],
    key: bytes = b"k" * 32,
    domain: str = "d",
    columns: dict[str, Any] | None = None,
    **params: Any,
) -> list[str | None]:
    ids = [str(number) for number in range(len(values))]
    frame = pl.DataFrame({"id": ids, **(columns or {})}, schema_overrides=dict.fromkeys(columns or {}, pl.String))
    series = pl.Series("v", values, dtype=pl.String)
    context = MaskContext(KeyedHash.derive(key, domain), COLUMN)
    result = build(**params).apply_rows(series, BlockRows(FrameLines(frame)), context)
    assert (result.name, result.dtype) == ("v", pl.String)
    return result.to_list()


def test_every_value_goes_to_another_row():
    values: list[str | None] = [str(number) for number in range(500)]
    found = mask(values)
    assert sorted(found) == sorted(values)
    assert all(value != masked for value, masked in zip(values, found, strict=True))
    assert found != mask(values, key=b"x" * 32) != mask(values, domain="e")
    steps = Counter((int(masked) - int(value)) % 500 for value, masked in zip(values, found, strict=True))
    assert max(steps.values()) < 12, "the order is no secret"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "", None]), st.sampled_from(["x", "y", "", None])), max_size=40))
def test_groups_keep_their_values_and_the_order_of_rows_does_not_matter(rows: list[tuple[str | None, str | None]]):
    values, groups = [row[0] for row in rows], [row[1] for row in rows]
    ids = [str(number) for number in range(len(rows))]
    for nulls in ("stay", "move"):
        params: dict[str, Any] = {"by": "key", "within": "g", "alone": "keep", "nulls": nulls}
        found = mask(values, columns={"g": groups, "key": ids}, **params)
        assert Counter(zip(found, groups, strict=True)) == Counter(zip(values, groups, strict=True))
        if nulls == "stay":
            assert [each is None for each in found] == [each is None for each in values]
        order = list(range(len(rows)))
        random.Random(1).shuffle(order)
        again = mask(
            [values[at] for at in order],
            columns={"g": [groups[at] for at in order], "key": [ids[at] for at in order]},
            **params,
        )
        assert again == [found[at] for at in order]


def test_values_without_another_row():
    values: list[str | None] = ["1", "2", "3", None]
    columns = {"g": ["x", "x", "y", "z"]}
    assert mask(values, columns=columns, within=["g"]) == ["2", "1", None, None]
    assert mask(values, columns=columns, within=["g"], alone=None) == ["2", "1", None, None]
    assert mask(values, columns=columns, within=["g"], alone="keep") == ["2", "1", "3", None]
    with pytest.raises(RefusedError, match="value of 1 row "):
        mask(values, columns=columns, within=["g"], alone="refuse")
    assert mask(["7"]) == [None]
    assert mask([None]) == [None]
    assert mask([]) == []


def test_nulls_that_move_are_no_values_without_another_row():
    assert mask(["1", None], nulls="move") == [None, "1"]
    assert mask([None], nulls="move", alone="refuse") == [None]


def test_columns_of_one_domain_are_dealt_out_together():
    cities, codes = [f"c{number}" for number in range(50)], [f"p{number}" for number in range(50)]
    assert [each[1:] for each in mask(list(cities))] == [each[1:] for each in mask(list(codes))]


def test_rows_must_be_told_apart():
    with pytest.raises(RefusedError, match="cannot tell rows apart by k"):
        mask(["1", "2"], columns={"k": ["7", "7"]}, by="k")
    assert mask(["1", "2"], columns={"k": ["7", "7"]}, by=["k", "id"]) == ["2", "1"]
    assert mask(["1", "2"], columns={"a": [None, ""]}, by=["a"]) == ["2", "1"]


def test_what_is_promised_and_refused():
    made = build(by=["a", "b"], within="c")
    assert made.reads() == ("a", "b", "c")
    assert made.reads_masked() == made.unique_through() == ()
    fixed = Column("v", "integer", "int4", "N", not_null=True)
    assert "set `alone` to keep or refuse" in made.problems(fixed)[0]
    assert build(alone="keep").problems(fixed) == build().problems(COLUMN) == ()
    found = build(alone="keep").guarantees_for(COLUMN)
    assert (found.uniqueness, found.coincidence) == (Uniqueness.LOSSY, Coincidence.BY_PART)
    assert found.nulls_stay_null
    assert not build().guarantees_for(COLUMN).nulls_stay_null
    assert not build(alone="keep", nulls="move").guarantees_for(COLUMN).nulls_stay_null
    for params, reason in (
        ({}, "by"),
        ({"by": []}, "by"),
        ({"by": [""]}, "no column"),
        ({"by": "a", "alone": 1}, "alone"),
    ):
        with pytest.raises(ValidationError, match=reason):
            registry.build("shuffle", params)
