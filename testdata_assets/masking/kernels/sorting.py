"""Sorting of fingerprints, each a hash with a small number: byte by byte, since hashes are spread evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.kernels.compiled import kernel

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int32]

_BYTE = np.uint64(0xFF)
_FIT = 1 << 16  # rows that fit the processor's cache


def attributed(values: Hashes, numbers: Numbers) -> tuple[Hashes, Numbers]:
    """Each hash once, ascending, with its least number.

    Args:
        values: Hashes of shape (n,); written to.
        numbers: The number of each; written to.

    Returns:
        Hashes of shape (m,) and their numbers.
    """
    _sort(values, numbers, np.empty_like(values), np.empty_like(numbers))
    count = _merge(values, numbers)
    return values[:count], numbers[:count]


@kernel
def _deal(
    values: Hashes, numbers: Numbers, into: Hashes, numbers_into: Numbers, start: int, end: int, shift: int
) -> NDArray[np.int64]:
    """Copies rows from `start` to `end` in the order of one of their bytes; gives where those of each byte end."""
    bits = np.uint64(shift)
    places = np.zeros(257, np.int64)
    places[0] = start
    for row in range(start, end):
        places[int((values[row] >> bits) & _BYTE) + 1] += 1
    for byte in range(256):
        places[byte + 1] += places[byte]
    for row in range(start, end):
        value = values[row]
        byte = int((value >> bits) & _BYTE)
        place = places[byte]
        places[byte] = place + 1
        into[place] = value
        numbers_into[place] = numbers[row]
    return places


@kernel
def _sort(values: Hashes, numbers: Numbers, other_values: Hashes, other_numbers: Numbers) -> None:
    """Sorts in place by value, byte by byte, the least of the highest four first."""
    if len(values) <= _FIT:
        for shift in (32, 48):
            _deal(values, numbers, other_values, other_numbers, 0, len(values), shift)
            _deal(other_values, other_numbers, values, numbers, 0, len(values), shift + 8)
    else:
        # What has the highest byte in common fits again.
        ends = _deal(values, numbers, other_values, other_numbers, 0, len(values), 56)
        start = 0
        for end in ends[:256]:
            _deal(other_values, other_numbers, values, numbers, start, end, 32)
            _deal(values, numbers, other_values, other_numbers, start, end, 40)
            _deal(other_values, other_numbers, values, numbers, start, end, 48)
            start = end
    # The few neighbours alike in all of these are put in order by what is left.
    for row in range(1, len(values)):
        value, number = values[row], numbers[row]
        place = row
        while place > 0 and values[place - 1] > value:
            values[place], numbers[place] = values[place - 1], numbers[place - 1]
            place -= 1
        if place < row:
            values[place], numbers[place] = value, number


@kernel
def _merge(values: Hashes, numbers: Numbers) -> int:
    """Puts equal neighbours together, with the least of their numbers; gives how many there are in front then."""
    last = 0
    for row in range(1, len(values)):
        if values[row] == values[last]:
            numbers[last] = min(numbers[last], numbers[row])
        else:
            last += 1
            values[last], numbers[last] = values[row], numbers[row]
    return last + 1 if len(values) else 0
