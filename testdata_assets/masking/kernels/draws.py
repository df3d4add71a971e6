"""Padding short values into cipher blocks, and keystreams: all of keyed hashing but the cipher itself.

A value is a chain of blocks of 16 bytes (two little-endian words), of which the first byte holds its length. Chains
of a batch are worked on side by side: each step encrypts the blocks of all chains that go on, written end to end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.kernels.compiled import kernel

LONGEST = 255  # bytes of a value whose length fits one byte


@kernel
def _word(data: NDArray[np.uint8], at: np.uint64, count: np.uint64) -> np.uint64:
    """Up to eight bytes from a place on as a little-endian word."""
    word = np.uint64(0)
    if count >= np.uint64(8):
        for place in range(np.uint64(8)):
            word |= np.uint64(data[at + np.uint64(place)]) << (np.uint64(8) * np.uint64(place))
        return word
    for place in range(count):
        word |= np.uint64(data[at + np.uint64(place)]) << (np.uint64(8) * np.uint64(place))
    return word


@kernel
def first_blocks(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    first: int,
    last: int,
    blocks: NDArray[np.uint64],
    rows: NDArray[np.int64],
) -> int:
    """Writes the first block of each value's chain.

    Args:
        data: Bytes that hold the values.
        starts, lengths: Of all values.
        first, last: Which of them form the batch.
        blocks: (at least last - first, 2), filled from the start.
        rows: As many: the value that each block is of.

    Returns:
        Blocks written; values longer than LONGEST have none.
    """
    count = 0
    for row in range(first, last):
        size = np.uint64(lengths[row])
        if size > np.uint64(LONGEST):
            continue
        at = np.uint64(starts[row])
        taken = min(size, np.uint64(7))
        blocks[count, 0] = size | _word(data, at, taken) << np.uint64(8)
        blocks[count, 1] = _word(data, at + taken, min(size - taken, np.uint64(8)))
        rows[count] = row
        count += 1
    return count


@kernel
def next_blocks(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    number: int,
    count: int,
    encrypted: NDArray[np.uint64],
    blocks: NDArray[np.uint64],
    rows: NDArray[np.int64],
    result: NDArray[np.uint64],
) -> int:
    """Writes the next block of each chain that goes on, and the result of those that end.

    Args:
        data, starts, lengths: As for `first_blocks`.
        number: Blocks of each chain encrypted so far, from 1.
        count: Chains.
        encrypted: Their last blocks, encrypted.
        blocks, rows: As for `first_blocks`; rewritten.
        result: (2, values of all): each 60 bits.

    Returns:
        Chains that go on.
    """
    kept = 0
    passed = np.uint64(16 * number - 1)
    for place in range(count):
        row = rows[place]
        one, two = encrypted[place, 0], encrypted[place, 1]
        size = np.uint64(lengths[row])
        if size <= passed:
            result[0, row] = one >> np.uint64(4)
            result[1, row] = two >> np.uint64(4)
            continue
        at = np.uint64(starts[row]) + passed
        left = size - passed
        taken = min(left, np.uint64(8))
        blocks[kept, 0] = one ^ _word(data, at, taken)
        blocks[kept, 1] = two ^ _word(data, at + taken, min(left - taken, np.uint64(8)))
        rows[kept] = row
        kept += 1
    return kept


@kernel
def stream_blocks(
    first_seeds: NDArray[np.uint64],
    second_seeds: NDArray[np.uint64],
    lengths: NDArray[np.int64],
    text: int,
    counter: int,
    blocks: NDArray[np.uint64],
) -> int:
    """Writes blocks of keystreams: the first seed, 32 bits of the second and a counter each.

    Args:
        first_seeds, second_seeds: Of all texts.
        lengths: Draws of 32 bits that each text needs; a block gives four.
        text, counter: Where the keystreams go on.
        blocks: (k, 2), filled from the start.

    Returns:
        Blocks written: k, or fewer where no text is left.
    """
    room = len(blocks)
    count = 0
    while text < len(lengths):
        needed = (lengths[text] + 3) >> 2
        upper = second_seeds[text] << np.uint64(32)
        while counter < needed:
            if count == room:
                return count
            blocks[count, 0] = first_seeds[text]
            blocks[count, 1] = upper | np.uint64(counter)
            count += 1
            counter += 1
        text += 1
        counter = 0
    return count


@kernel
def stream_draws(
    lengths: NDArray[np.int64],
    text: int,
    counter: int,
    count: int,
    encrypted: NDArray[np.uint64],
    drawn: NDArray[np.uint32],
    filled: int,
) -> tuple[int, int, int]:
    """Writes the draws that encrypted blocks give.

    Args:
        lengths, text, counter: As for `stream_blocks`.
        count: Blocks.
        encrypted: Encrypted ones.
        drawn: The draws of all texts end to end.
        filled: Draws written before.

    Returns:
        Text and counter where the keystreams go on, and draws written so far.
    """
    place = 0
    while text < len(lengths):
        left = lengths[text] - 4 * counter
        while left > 0:
            if place == count:
                return text, counter, filled
            for number in range(min(left, 4)):
                word = encrypted[place, number >> 1] >> np.uint64(32 * (number & 1))
                drawn[filled] = np.uint32(word & np.uint64(0xFFFFFFFF))
                filled += 1
            left -= 4
            counter += 1
            place += 1
        text += 1
        counter = 0
    return text, counter, filled
