"""large_object: what becomes of the columns that refer to large objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, MaskContext, Uniqueness
from testdata_assets.production.catalog import Column

PHOTO = Column("photo", "public.lo", "oid", "N")
CONTEXT = MaskContext(KeyedHash.derive(b"k" * 32, "d"), PHOTO)


def mask(*values: str, **params: Any) -> list[Any]:
    masked = registry.build("large_object", params).apply(pl.Series("photo", values, dtype=pl.String), CONTEXT)
    assert (masked.name, masked.dtype) == ("photo", pl.String)
    return masked.to_list()


def test_modes():
    assert mask("16400", "0") == [None, None]
    assert mask("16400", "0", mode="blank") == ["16400", "0"]
    assert mask() == []


def test_guarantees_by_mode():
    emptied = registry.build("large_object").guarantees_for(PHOTO)
    blanked = registry.build("large_object", {"mode": "blank"}).guarantees_for(PHOTO)
    assert (emptied.uniqueness, emptied.coincidence) == (Uniqueness.LOSSY, Coincidence.CONSTANT)
    assert (blanked.uniqueness, blanked.coincidence) == (Uniqueness.INJECTIVE, Coincidence.UNCHANGED)
    assert (emptied.nulls_stay_null, blanked.nulls_stay_null) == (False, True)


def test_problems():
    built = registry.build("large_object")
    assert built.problems(PHOTO) == ()
    (problem,) = built.problems(replace(PHOTO, not_null=True))
    assert "use mode blank" in problem
    assert registry.build("large_object", {"mode": "blank"}).problems(replace(PHOTO, not_null=True)) == ()
    assert built.problems(Column("x", "text", "text", "S")) == ("large_object takes oid columns, not text",)


def test_rules_say_what_is_wrong():
    with pytest.raises(ValidationError, match="mode"):
        registry.build("large_object", {"mode": "keep"})
