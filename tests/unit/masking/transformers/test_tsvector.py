"""tsvector: nothing of the vector stays, and the rule says what it is made of."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.errors import RefusedError
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, MaskContext, Rows
from testdata_assets.masking.transformers.tsvector import TsVector
from testdata_assets.production.catalog import Column

VECTOR = Column("search", "tsvector", "tsvector", "U")
CONTEXT = MaskContext(KeyedHash.derive(b"k" * 32, "d"), VECTOR)


class NoRows(Rows):
    """Rows that nobody may ask for."""

    def original(self, column: str) -> pl.Series:
        raise AssertionError(column)

    def masked(self, column: str) -> pl.Series:
        raise AssertionError(column)


def built(**params: Any) -> TsVector:
    transformer = registry.build("tsvector", params)
    assert isinstance(transformer, TsVector)
    return transformer


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=8)), max_size=10))
def test_vectors_become_empty_and_null_stays(values: list[str | None]):
    series = pl.Series("search", values, dtype=pl.String)
    for transformer in (built(), built(mode="recompute", **{"from": ["title"]})):
        masked = transformer.apply_rows(series, NoRows(), CONTEXT)
        assert masked.to_list() == [None if value is None else "" for value in values]
        assert (masked.name, masked.dtype) == ("search", pl.String)


def test_what_it_is_made_of_is_masked_before():
    transformer = built(mode="recompute", **{"from": ["title", "body"]})
    assert transformer.reads_masked() == ("title", "body")
    assert transformer.reads() == ()
    assert transformer.params.qualified_config == ("pg_catalog", "english")
    assert built(config="public.mine").params.qualified_config == ("public", "mine")
    assert built().reads_masked() == ()


def test_a_recomputed_vector_is_no_constant():
    assert built().guarantees_for(VECTOR).coincidence is Coincidence.CONSTANT
    recomputed = built(mode="recompute", **{"from": ["title"]})
    assert recomputed.guarantees_for(VECTOR).coincidence is Coincidence.BY_PART


def test_unsuitable_columns_are_problems():
    assert built().problems(VECTOR) == ()
    assert built().problems(Column("x", "text", "text", "S")) == ("tsvector takes tsvector columns, not text",)
    (problem,) = built(mode="recompute", **{"from": ["search"]}).problems(VECTOR)
    assert problem == "tsvector cannot be made from the vector itself"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"mode": "recompute"}, "needs `from`"),
        ({"from": ["a"]}, "is for mode recompute"),
        ({"mode": "recompute", "from": ["a", "a"]}, "twice"),
        ({"config": "english; drop"}, "schema.name"),
        ({"mode": "other"}, "mode"),
    ],
)
def test_rules_say_what_is_wrong(params: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        registry.build("tsvector", params)


def test_it_cannot_be_nested():
    with pytest.raises(RefusedError) as caught:
        built().apply(pl.Series(["'a':1"]), CONTEXT)
    assert caught.value.error_code == "row-transformer-nested"
