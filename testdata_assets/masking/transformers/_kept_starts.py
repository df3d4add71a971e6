"""Permuting texts whose first characters stay: series letters of documents, regions of number plates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.permutation import permute_text
from testdata_assets.masking.text_arrays import Positions, TextArray, ragged_indices

_LONGEST = 4  # characters kept at most


def permute_rest(
    text: TextArray, classes: NDArray[np.int16], first: Positions, kept: Positions, keyed: KeyedHash
) -> TextArray:
    """Permutes texts but for a few characters; those choose the permutation, whatever their case.

    Args:
        text: n texts.
        classes: Class of every character; FIXED ones stay anyway.
        first, kept: Position of the first character to keep in each text, and how many stay, at most four.
        keyed: Chooses the permutation.
    """
    classes = classes.copy()
    lower = characters().lower
    tweak = np.zeros(len(text), np.uint64)
    for place in range(_LONGEST):
        rows = np.flatnonzero(kept > place)
        code = lower[text.codes[first[rows] + place]].astype(np.uint64)
        tweak[rows] = (tweak[rows] * np.uint64(1 << 14)) ^ code
    classes[ragged_indices(first, kept)] = FIXED
    return permute_text(text, keyed, classes, tweak & np.uint64((1 << 56) - 1))
