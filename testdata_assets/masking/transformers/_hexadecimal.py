"""Permuting hexadecimal digits that lie anywhere in texts, whatever the case they are written in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.permutation import permute_text
from testdata_assets.masking.text_arrays import Codes, Positions, TextArray
from testdata_assets.masking.transformers._forms import is_letter, is_small

HEX = "0123456789abcdefABCDEF"


def hex_values(codes: Codes) -> NDArray[np.int64]:
    """Values 0 to 15 of hexadecimal digits."""
    values: NDArray[np.int64] = np.where(codes <= 0x39, codes - 0x30, (codes | 0x20) - 0x57).astype(np.int64)
    return values


def permute_hex(
    codes: Codes, places: Positions, free: NDArray[np.bool_], tweak: Words, keyed: KeyedHash
) -> NDArray[np.int64]:
    """Permutes hexadecimal digits as numbers, case aside.

    Args:
        codes: Characters of all texts.
        places: (n, k) positions of each text's digits.
        free: (n, k): which digits may change; the others must show in the tweak if they matter.
        tweak: n words below 2**56.
        keyed: Chooses the permutation.

    Returns:
        (n, k) values of the digits afterwards. A row with a free digit never keeps all its values.
    """
    size, count = places.shape
    table = characters()
    small = np.frombuffer(HEX[:16].encode(), np.uint8).astype(np.int32)[hex_values(codes[places])]
    text = TextArray(small.ravel(), np.arange(size + 1, dtype=np.int64) * count)
    classes = np.where(free.ravel(), np.int16(table.special["hex"]), np.int16(FIXED))
    return hex_values(permute_text(text, keyed, classes, tweak).codes).reshape(size, count)


def write_hex(codes: Codes, places: Positions, values: NDArray[np.int64]) -> None:
    """Writes digits as capitals where a text's letters all were, and as small letters otherwise."""
    old = codes[places]
    small, letter = is_small(old), is_letter(old)
    capital = np.flatnonzero(letter.any(axis=1) & ~small.any(axis=1))
    digits = np.frombuffer(HEX[:16].encode(), np.uint8).astype(np.int32)[values]
    digits[capital] -= np.where(digits[capital] > 0x39, np.int32(32), np.int32(0))
    codes[places] = digits
