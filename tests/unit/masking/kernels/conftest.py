"""Masking the same values by kernels and the general way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from testdata_assets.masking import kernels
from testdata_assets.masking.transformers.base import MaskContext, Transformer

BothWays = Callable[[Transformer[Any], list[str], MaskContext], tuple[list[str], list[str]]]


@pytest.fixture
def both_ways(monkeypatch: pytest.MonkeyPatch) -> BothWays:
    """Masks by (kernels, general way); numba must be there."""
    pytest.importorskip("numba", reason="the extra `fast` is not installed")
    monkeypatch.setattr(kernels, "compiles_itself", True)

    def run(transformer: Transformer[Any], values: list[str], context: MaskContext) -> tuple[list[str], list[str]]:
        series = pl.Series("v", values, dtype=pl.String)
        monkeypatch.setattr(kernels, "WORTHWHILE", 0)
        fast = transformer.apply(series, context)
        monkeypatch.setattr(kernels, "WORTHWHILE", 1 << 60)
        general = transformer.apply(series, context)
        assert fast.name == general.name == "v"
        return fast.to_list(), general.to_list()

    return run
