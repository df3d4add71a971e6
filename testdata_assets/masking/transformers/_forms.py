"""What transformers of fixed written forms share: values outside the form, and digits below separators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.permutation import permute_text
from testdata_assets.masking.text_arrays import Codes, Positions, TextArray, is_any, merge_rows
from testdata_assets.masking.transformers.text import Draw

Flags = NDArray[np.bool_]


def scrambled_outside(draw: Draw, rows: NDArray[np.int64], matches: Callable[[TextArray], Flags]) -> pl.Series:
    """Permutes values outside a form within their character classes, so that none comes to match the form.

    One that would match walks on along the permutation's cycle: what matches and what does not are then
    permuted apart, so no mask of one meets a mask of the other.

    Args:
        draw: All values.
        rows: Those that do not match.
        matches: Tells which texts have the form.
    """
    keyed = draw.context.hash.for_purpose("scramble")
    masked = permute_text(draw.text.take(rows), keyed)
    result = masked.to_series()
    walking = np.flatnonzero(matches(masked))
    while len(walking):
        masked = permute_text(TextArray.from_series(result.gather(pl.Series(walking))), keyed)
        result = merge_rows(result, walking, masked.to_series())
        walking = walking[matches(masked)]
    return result


def is_digit(codes: Codes) -> Flags:
    """ASCII digits."""
    flags: Flags = (codes >= 0x30) & (codes <= 0x39)
    return flags


def is_letter(codes: Codes) -> Flags:
    """ASCII letters."""
    small = codes | 0x20
    flags: Flags = (small >= 0x61) & (small <= 0x7A)
    return flags


def is_small(codes: Codes) -> Flags:
    """Lower-case ASCII letters."""
    flags: Flags = (codes >= 0x61) & (codes <= 0x7A)
    return flags


class Compact:
    """Texts without their separators.

    Attributes:
        text: The n texts.
        fine: Texts of ASCII letters, digits and the given separators only.
        count: Letters and digits of each.
    """

    def __init__(self, text: TextArray, separators: str = " -./") -> None:
        self.text = text
        signs = is_digit(text.codes) | is_letter(text.codes)
        other = ~signs & ~is_any(text.codes, separators)
        self.fine: Flags = text.count(other) == 0
        self.count = text.count(signs)
        self._where = np.flatnonzero(signs)
        self._starts = np.searchsorted(self._where, text.offsets[:-1])

    def places(self, rows: Positions, length: int) -> Positions:
        """(n, length) positions of the letters and digits of texts that have as many."""
        found: Positions = self._where[self._starts[rows][:, None] + np.arange(length)]
        return found

    def capitals(self, places: Positions) -> Codes:
        """The characters there, letters as capitals."""
        codes = self.text.codes[places]
        return np.where(is_small(codes), codes - 32, codes)


def write(codes: Codes, places: Positions, capitals: Codes) -> None:
    """Writes characters into places, each letter in the case of the letter it replaces."""
    codes[places] = np.where(is_small(codes[places]) & is_letter(capitals), capitals + 32, capitals)
