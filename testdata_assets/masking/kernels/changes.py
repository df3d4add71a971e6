"""Counting how many values masking changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.kernels.compiled import kernel
from testdata_assets.masking.kernels.texts import Bytes, Places


@kernel
def count_changes(
    raw: Bytes, raw_offsets: Places, masked: Bytes, masked_offsets: Places, unsure: NDArray[np.bool_]
) -> tuple[int, int]:
    """Compares n values with their masks.

    Args:
        raw, raw_offsets: UTF-8 of the values end to end, and n + 1 offsets.
        masked, masked_offsets: The same of the masks.
        unsure: n flags, written: a value without ASCII letters and digits that may hold others; not counted.

    Returns:
        (values with a letter or digit, those of them that changed).
    """
    telling = 0
    changed = 0
    for row in range(len(unsure)):
        start = raw_offsets[row]
        end = raw_offsets[row + 1]
        says = False
        wide = False
        for place in range(start, end):
            byte = raw[place]
            letter = byte | np.uint8(0x20)
            if (letter >= 0x61 and letter <= 0x7A) or (byte >= 0x30 and byte <= 0x39):
                says = True
                break
            if byte >= 0x80:
                wide = True
        unsure[row] = wide and not says
        if not says:
            continue
        telling += 1
        begin = masked_offsets[row]
        same = masked_offsets[row + 1] - begin == end - start
        if same:
            for place in range(end - start):
                if raw[start + place] != masked[begin + place]:
                    same = False
                    break
        if not same:
            changed += 1
    return telling, changed
