"""null: every value becomes NULL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from testdata_assets.masking.transformers import registry
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]


def test_every_value_becomes_null(mask: Mask):
    assert mask("null", ["a", ""]) == [None, None]
    assert mask("null", ["7"], base_type="int4") == [None]


def test_columns_that_take_no_null_are_refused():
    assert registry.build("null").problems(Column("c", "text", "text", "S", None, True))
    assert not registry.build("null").problems(Column("c", "text", "text", "S"))
    assert not registry.build("null").guarantees.nulls_stay_null
