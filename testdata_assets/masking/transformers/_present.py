"""The frame around transformers that are no text permutations: blank values and char(n)'s padding stay out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from testdata_assets.masking.text_arrays import merge_rows
from testdata_assets.masking.transformers.base import MaskContext


def on_present(values: pl.Series, context: MaskContext, mask: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Masks the values that are not blank.

    Args:
        values: n values without nulls.
        context: Its column says whether trailing blanks are padding.
        mask: Gets the values that say something, without padding; gives as many, none null.

    Returns:
        n values; blank ones as they were.
    """
    bare = values.str.strip_chars_end(" ") if context.column.base_type == "bpchar" else values
    blank = (bare.str.strip_chars() == "").to_numpy()
    rows = np.flatnonzero(~blank)
    if not len(rows):
        return values
    chosen = bare if len(rows) == len(bare) else bare.gather(pl.Series(rows))
    return merge_rows(bare, rows, mask(chosen)).rename(values.name)
