"""Cutting candidates out of texts, with the rows that each stands for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

# What may not stand before and behind a number: it would be part of a word, a decimal, a path or a longer number.
# A full stop or comma may follow where a sentence goes on or ends.
LEFT = r"(?:^|[^0-9A-Za-z_.,+/-])"
RIGHT = r"(?:$|[^0-9A-Za-z_.,-]|[.,](?:$|[^0-9A-Za-z]))"


def pieces(frame: pl.DataFrame, pattern: str, keep: list[str] | None = None) -> pl.DataFrame:
    """All parts of texts that match.

    Args:
        frame: Texts `v`, the rows `n` that have each.
        pattern: With one group, which is the part wanted.
        keep: Further columns that go with the parts.
    """
    whole = pl.col("v").str.extract_all(pattern)
    found = frame.select(whole, "n", *(keep or ())).explode("v").drop_nulls("v")
    return found.with_columns(pl.col("v").str.extract(pattern, 1)).drop_nulls("v")


def matching(frame: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """The texts that match somewhere."""
    return frame.filter(pl.col("v").str.contains(pattern)) if frame.height else frame


def rows_of(frame: pl.DataFrame) -> int:
    """How many rows a frame of texts or parts stands for."""
    return int(frame.get_column("n").sum())


def symbols(texts: pl.Series) -> npt.NDArray[np.int64]:
    """(n, length) values 0 to 35 of ASCII digits and capital letters, of texts that are all as long."""
    if texts.len() == 0:
        return np.zeros((0, 0), np.int64)
    codes = np.frombuffer("".join(texts.to_list()).encode("ascii"), np.uint8).reshape(texts.len(), -1)
    values: npt.NDArray[np.int64] = np.where(codes <= 0x39, codes - 0x30, codes - 0x37).astype(np.int64)
    return values
