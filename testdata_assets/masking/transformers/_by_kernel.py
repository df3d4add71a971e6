"""The frame around kernels of transformers that are no text transformers: what they leave out goes the general way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from testdata_assets.masking.kernels.texts import Masks
from testdata_assets.masking.text_arrays import bytes_to_series, merge_rows


def completed(values: pl.Series, found: Masks, general: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Masks of n values, those that a kernel left out masked by `general`."""
    masked = bytes_to_series(found.data, found.offsets, values.name)
    rest = np.flatnonzero(~found.done)
    return merge_rows(masked, rest, general(values.gather(pl.Series(rest)))) if len(rest) else masked
