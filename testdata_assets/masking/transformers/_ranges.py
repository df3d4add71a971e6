"""Keyed bijections of integers within ranges of any size, without a fixed point.

A range of N numbers is laid into a rectangle of a x b >= N with a close to b, whose pairs the Feistel cycle of
`permutation.py` permutes; what falls outside N is permuted on until it is inside (cycle walking). The cycle
runs through the whole rectangle, so what is left of it runs through all of the range: still no fixed point.
"""

from __future__ import annotations

import math

import numpy as np

from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.permutation import cycle_pairs, cycle_small

_SMALL = 1024  # up to here a shuffled list is the better permutation, and cheaper


def permute_in_ranges(keyed: KeyedHash, offsets: Words, sizes: Words, tweaks: Words) -> Words:
    """Permutes numbers, each within a range of its own.

    Args:
        keyed: Chooses the permutations.
        offsets: n numbers from the start of their range, each below its size.
        sizes: n sizes, from 1 to 2**63; equal tweaks come with equal sizes.
        tweaks: n words below 2**56: one permutation for each.

    Returns:
        n offsets; none is its input's, unless the range holds one number only.
    """
    result = offsets.copy()
    if not len(offsets):
        return result
    small = sizes <= _SMALL
    for tweak in np.unique(tweaks[small]).tolist():
        rows = np.flatnonzero(small & (tweaks == tweak))
        size = int(sizes[rows[0]])
        index = offsets[rows].astype(np.int64)
        result[rows] = cycle_small(keyed.for_purpose(f"range {tweak}"), index, 0, size).astype(np.uint64)
    rows = np.flatnonzero(~small)
    if not len(rows):
        return result
    kinds, kind = np.unique(sizes[rows], return_inverse=True)
    height = np.array([math.isqrt(size) + 1 for size in kinds.tolist()], np.uint64)
    width = kinds // height + np.uint64(1)
    height, width = height[kind], width[kind]
    prf = keyed.prf("ranges")
    while len(rows):
        left, right = cycle_pairs(prf, result[rows] // width, result[rows] % width, (height, width), tweaks[rows])
        result[rows] = left * width + right
        outside = result[rows] >= sizes[rows]
        rows, height, width = rows[outside], height[outside], width[outside]
    return result
