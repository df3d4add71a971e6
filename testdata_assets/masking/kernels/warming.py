"""Loaded ahead of all others: makes numba read its own parts, which takes longer than any kernel."""

from __future__ import annotations

from testdata_assets.masking.kernels.compiled import kernel


@kernel
def _nothing(number: int) -> int:
    """The least that can be compiled."""
    return number


_nothing(0)
