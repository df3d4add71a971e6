"""free_text by kernels gives the masks of the general way, and takes ASCII."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testdata_assets.masking import kernels
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.text_arrays import string_bytes
from testdata_assets.masking.transformers import free_text, registry
from testdata_assets.masking.transformers.base import MaskContext, Transformer
from testdata_assets.production.catalog import Column

BothWays = Callable[[Transformer[Any], list[str], MaskContext], tuple[list[str], list[str]]]
RUNS = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Very short texts often come out as they were and are drawn again.
short = st.text(alphabet="aAeEiInNtT .\t\n\r\v\f\x1c", max_size=3)
plain = st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=0x7F), max_size=300)
long = st.builds(lambda text, count: (text * count)[:1100], plain, st.integers(1, 300))
odd = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=300)


def context(limit: int | None = None, fold: bool = False, base_type: str = "text") -> MaskContext:
    return MaskContext(KeyedHash.derive(b"k" * 32, "d"), Column("v", base_type, base_type, "S", limit), fold)


@RUNS
@given(
    values=st.lists(st.one_of(short, short, plain, long, odd), min_size=1, max_size=20),
    limit=st.sampled_from([None, None, 2, 40]),
    fold=st.booleans(),
    base_type=st.sampled_from(["text", "text", "bpchar", "name"]),
)
def test_any_text(both_ways: BothWays, values: list[str], limit: int | None, fold: bool, base_type: str):
    fast, general = both_ways(registry.build("free_text", {}), values, context(limit, fold, base_type))
    assert fast == general


@pytest.mark.parametrize("fold", [False, True])
def test_usual_texts_are_taken_in_several_blocks(both_ways: BothWays, monkeypatch: pytest.MonkeyPatch, fold: bool):
    values = [f"Called about invoice {number},\nwants {'a copy ' * (number % 90)}soon." for number in range(2500)]
    values += ["", " ", "naïve", "a", "A", "b", "Of"]
    monkeypatch.setattr(free_text, "_AT_ONCE", 600)
    transformer = registry.build("free_text", {})
    fast, general = both_ways(transformer, values, context(fold=fold))
    assert fast == general
    loaded = kernels.load("prose", 1 << 61)
    assert loaded is not None
    assert isinstance(transformer, free_text.FreeText)
    found = transformer.by_kernel(loaded, *string_bytes(pl.Series(values)), context(fold=fold))
    assert found is not None
    assert found.done[:2500].all()
    assert not found.done[2500:2503].any()


def test_case_does_not_count_where_it_is_folded(both_ways: BothWays):
    texts = [f"Called about Invoice {number} of ANNA" for number in range(50)]
    one, _ = both_ways(registry.build("free_text", {}), texts, context(fold=True))
    other, _ = both_ways(registry.build("free_text", {}), [text.swapcase() for text in texts], context(fold=True))
    assert one == other
