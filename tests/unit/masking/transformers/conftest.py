"""One call to mask a few values with a transformer, as the engine would."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl
import pytest

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import MaskContext
from testdata_assets.production.catalog import Column

KEY = b"a key of the tests, 32 bytes long"
CATEGORIES = {"date": "D", "timestamp": "D", "int4": "N", "int8": "N", "numeric": "N", "inet": "I", "uuid": "U"}
Mask = Callable[..., list[Any]]


def mask_values(
    transformer: str,
    values: list[str],
    *,
    params: dict[str, Any] | None = None,
    base_type: str = "text",
    limit: int | None = None,
    fold: bool = False,
    key: bytes = KEY,
    domain: str = "domain",
) -> list[Any]:
    """Masks values in a column of a type."""
    column = Column("value", base_type, base_type, CATEGORIES.get(base_type, "S"), limit)
    hash_for = partial(KeyedHash.derive, key)
    context = MaskContext(hash_for(domain), column, fold, hash_for=hash_for)
    series = pl.Series("value", values, dtype=pl.String)
    masked = registry.build(transformer, params or {}).apply(series, context)
    assert masked.dtype == pl.String
    assert masked.name == "value"
    return masked.to_list()


@pytest.fixture(scope="session")
def mask() -> Mask:
    return mask_values
