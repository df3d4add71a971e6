"""Counting changed values, by kernels and by polars."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from testdata_assets.masking import change_counts, kernels

pytest.importorskip("numba", reason="the extra `fast` is not installed")

_TEXTS = st.text(st.sampled_from("aB1 -*é漢😀²") | st.characters(max_codepoint=0x17F), max_size=4)


@given(st.lists(st.tuples(_TEXTS, _TEXTS | st.none()), max_size=20), st.booleans())
def test_changes_are_counted_alike(pairs: list[tuple[str, str | None]], same: bool) -> None:
    values = pl.Series([raw for raw, _ in pairs], dtype=pl.String)
    masked = values if same else pl.Series([mask for _, mask in pairs], dtype=pl.String)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "WORTHWHILE", 0)
        patch.setattr(kernels, "compiles_itself", True)
        fast = change_counts.count_changes(values, masked)
    general = change_counts._count_any_changes(values, masked)
    assert fast == general
    telling = [(raw, mask) for raw, mask in zip(values, masked, strict=True) if any(c.isalnum() for c in raw)]
    assert general[1] == sum(raw != mask for raw, mask in telling)


def test_what_says_nothing_is_not_counted() -> None:
    values = pl.Series(["***", "", " ", "😀", "-", "a", "漢", "7"])
    assert change_counts._count_any_changes(values, values) == (3, 0)
