"""Permutations of mixed-radix numbers, and of the letters and digits of ASCII texts, as masking/permutation.py defines.

Nothing here encrypts: `next_round` takes what the cipher made of the blocks of one round and writes those of the next.
Texts are read from behind: their last digits form the right half of a number, those before them the left one. The
loops over characters hold no branches that hang on what a character is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.kernels.compiled import kernel

LONGEST = 255  # bytes of a text
LEFT_OUT = -1
# Characters that one number holds, half of them each of its halves of 60 bits.
_WITH_LETTERS, _DIGITS_ONLY = 24, 30


def _table(letters: bool) -> NDArray[np.uint64]:
    """What each byte counts for.

    Bits 0 to 7: characters that it may become, 1 if it stays. Bits 8 to 15: its place among them. Bit 16: whether it
    may change. From bit 32 fields of 12 bits that count letters, digits, and bytes beyond ASCII.
    """
    table = np.full(256, 1, np.uint64)
    for code in range(0x30, 0x3A):
        table[code] = 10 | (code - 0x30) << 8 | 1 << 16
    for place in range(26):
        for code in (0x41 + place, 0x61 + place):
            table[code] = 26 | place << 8 | 1 << 16 if letters else 1
            table[code] |= np.uint64(1 << 32)
    table[0x30:0x3A] |= np.uint64(1 << 44)
    table[0x80:] |= np.uint64(1 << 56)
    return table


TEXT, NUMBER = _table(letters=True), _table(letters=False)


@kernel
def next_round(
    past: int,
    coming: int,
    count: int,
    encrypted: NDArray[np.uint64],
    values: NDArray[np.uint64],
    moduli: NDArray[np.uint64],
    inverses: NDArray[np.uint64],
    tweaks: NDArray[np.uint64],
    blocks: NDArray[np.uint64],
) -> None:
    """Finishes a round of the network and prepares another.

    Between two rounds of the same number, one is added to the pair.

    Args:
        past, coming: Numbers of both rounds; -1 where there is none.
        count: Pairs.
        encrypted: (count or more, 2): what the cipher made of the blocks of round `past`.
        values, moduli: (2, count or more): left and right halves; values are changed.
        inverses: As many: the first call sets them, for the others.
        tweaks: One per pair.
        blocks: (count or more, 2): gets those of round `coming`.
    """
    if past < 0:
        for side in range(2):
            _invert(moduli[side], count, inverses[side])
    else:
        _finish(encrypted, count, values[past & 1], moduli[past & 1], inverses[past & 1])
    if past == coming:
        for row in range(count):
            following = values[1, row] + np.uint64(1)
            carry = following == moduli[1, row]
            values[1, row] = np.uint64(0) if carry else following
            following = values[0, row] + np.uint64(carry)
            values[0, row] = np.uint64(0) if following == moduli[0, row] else following
    if coming >= 0:
        tag = np.uint64(coming) << np.uint64(56)
        known = values[1 - coming & 1]
        for row in range(count):
            blocks[row, 0] = known[row]
            blocks[row, 1] = tweaks[row] ^ tag


@kernel
def _invert(moduli: NDArray[np.uint64], count: int, inverses: NDArray[np.uint64]) -> None:
    for row in range(count):
        inverses[row] = np.uint64(0xFFFFFFFFFFFFFFFF) // moduli[row]


@kernel
def _finish(
    encrypted: NDArray[np.uint64],
    count: int,
    values: NDArray[np.uint64],
    moduli: NDArray[np.uint64],
    inverses: NDArray[np.uint64],
) -> None:
    """x -> (F(other half) - x) mod m, by multiplication: a number below 2**63 has its quotient to within one."""
    for row in range(count):
        modulus = moduli[row]
        total = (encrypted[row, 0] >> np.uint64(2)) + modulus - values[row]
        rest = total - _upper_product(total, inverses[row]) * modulus
        values[row] = rest - (modulus if rest >= modulus else np.uint64(0))


@kernel
def _upper_product(one: np.uint64, two: np.uint64) -> np.uint64:
    """The upper 64 of a product's 128 bits."""
    half, low = np.uint64(32), np.uint64(0xFFFFFFFF)
    cross, other = (one >> half) * (two & low), (one & low) * (two >> half)
    carried = ((one & low) * (two & low) >> half) + (cross & low) + (other & low)
    return (one >> half) * (two >> half) + (cross >> half) + (other >> half) + (carried >> half)


@kernel
def _count(data: NDArray[np.uint8], begin: np.uint64, end: np.uint64, table: NDArray[np.uint64]) -> np.uint64:
    """Letters in the lowest 12 bits, digits in the 12 above; more where there is more than ASCII."""
    total = np.uint64(0)
    # Ending early also keeps the compiler from gathering, which is slow for a few bytes.
    while begin < end and total < np.uint64(1 << 24):
        total += table[data[begin]] >> np.uint64(32)
        begin += np.uint64(1)
    return total


@kernel
def _changing(total: np.uint64, numeric: bool) -> np.int64:
    """Characters that change of a text with these counts, or LEFT_OUT; that is also a number with an exponent."""
    letters, digits = np.int64(total & np.uint64(0xFFF)), np.int64(total >> np.uint64(12))
    if numeric:
        fine = digits == 0 or (digits <= _DIGITS_ONLY and letters == 0)
        return digits if fine else np.int64(LEFT_OUT)
    most = _WITH_LETTERS if letters > 0 else _DIGITS_ONLY
    return letters + digits if letters + digits <= most else np.int64(LEFT_OUT)


@kernel
def _first_digit(data: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    """Place of the first digit from a place on; there is one."""
    while np.uint64(data[at]) - np.uint64(0x30) > np.uint64(9):
        at += np.uint64(1)
    return at


@kernel
def _read_half(
    data: NDArray[np.uint8], at: np.uint64, left: np.uint64, table: NDArray[np.uint64]
) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Reads characters before a place until `left` may change; returns where it came to, their number, its modulus."""
    value, modulus = np.uint64(0), np.uint64(1)
    while left > np.uint64(0):
        at -= np.uint64(1)
        entry = table[data[at]]
        value += (entry >> np.uint64(8) & np.uint64(0xFF)) * modulus
        modulus *= entry & np.uint64(0xFF)
        left -= entry >> np.uint64(16) & np.uint64(1)
    return at, value, modulus


@kernel
def read_texts(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    start: int,
    stop: int,
    numeric: bool,
    longest: int,
    table: NDArray[np.uint64],
    sizes: NDArray[np.int64],
    firsts: NDArray[np.uint64],
    values: NDArray[np.uint64],
    moduli: NDArray[np.uint64],
) -> int:
    """Reads ASCII texts as numbers.

    Args:
        data, offsets: UTF-8 bytes of all values end to end, and where each begins and ends.
        start, stop: Which of them form the batch.
        numeric: Whether they stand in a numeric column.
        longest: Bytes of the longest value to do, at most LONGEST.
        table: TEXT or NUMBER.
        sizes: (stop - start or more): get the characters of each value that change, or LEFT_OUT.
        firsts: As many: get the place of a number's first digit if it stays other than zero, else the value's end.
        values, moduli: (2, as many): get the left and right halves of those in which two characters or more change.

    Returns:
        How many those are.
    """
    count = 0
    for row in range(start, stop):
        begin, end = np.uint64(offsets[row]), np.uint64(offsets[row + 1])
        size, first = np.int64(LEFT_OUT), end
        if end - begin <= np.uint64(longest):
            size = _changing(_count(data, begin, end, table), numeric)
        if numeric and size > 1:
            # The first of several digits stays other than zero, or zero.
            first = _first_digit(data, begin)
            if data[first] == np.uint8(0x30):
                size -= 1
                first = end
        sizes[row - start], firsts[row - start] = size, first
        if size < 2:
            continue
        fewer = np.uint64(size) >> np.uint64(1)
        at, values[1, count], moduli[1, count] = _read_half(data, end, np.uint64(size) - fewer, table)
        fewer -= np.uint64(first < end)
        at, values[0, count], moduli[0, count] = _read_half(data, at, fewer, table)
        if first < end:
            values[0, count] += (np.uint64(data[first]) - np.uint64(0x31)) * moduli[0, count]
            moduli[0, count] *= np.uint64(9)
        count += 1
    return count


@kernel
def _write_half(
    data: NDArray[np.uint8],
    at: np.uint64,
    left: np.uint64,
    table: NDArray[np.uint64],
    value: np.uint64,
    masked: NDArray[np.uint8],
    shift: np.uint64,
) -> tuple[np.uint64, np.uint64]:
    """Writes characters before a place until `left` were changed; returns where it came to, and what remains."""
    while left > np.uint64(0):
        at -= np.uint64(1)
        byte = np.uint64(data[at])
        entry = table[byte]
        radix = entry & np.uint64(0xFF)
        # Divisions by constants cost a fifth of others.
        quotient = value // np.uint64(26) if radix == np.uint64(26) else value
        quotient = value // np.uint64(10) if radix == np.uint64(10) else quotient
        index = value - quotient * radix
        masked[at + shift] = np.uint8(byte + index - (entry >> np.uint64(8) & np.uint64(0xFF)))
        value = quotient
        left -= entry >> np.uint64(16) & np.uint64(1)
    return at, value


@kernel
def write_texts(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    start: int,
    stop: int,
    table: NDArray[np.uint64],
    sizes: NDArray[np.int64],
    firsts: NDArray[np.uint64],
    values: NDArray[np.uint64],
    following: NDArray[np.uint8],
    masked: NDArray[np.uint8],
    masked_offsets: NDArray[np.int64],
    done: NDArray[np.bool_],
) -> None:
    """Writes the texts of a batch with other numbers.

    Args:
        data, offsets, start, stop, table, sizes, firsts: As for `read_texts`.
        values: Halves of the masked numbers.
        following: (256,): what replaces the only character of a text that changes.
        masked: Bytes of all masked values end to end.
        masked_offsets: n + 1: where they begin; those up to `start` are known.
        done: Whether each value was masked.
    """
    count = 0
    filled = np.uint64(masked_offsets[start])
    for row in range(start, stop):
        size = sizes[row - start]
        done[row] = size != LEFT_OUT
        if size != LEFT_OUT:
            begin, end, first = np.uint64(offsets[row]), np.uint64(offsets[row + 1]), firsts[row - start]
            shift = filled - begin
            at = end
            if size > 1:
                fewer = np.uint64(size) >> np.uint64(1)
                at, rest = _write_half(data, end, np.uint64(size) - fewer, table, values[1, count], masked, shift)
                fewer -= np.uint64(first < end)
                at, rest = _write_half(data, at, fewer, table, values[0, count], masked, shift)
                if first < end:
                    while at > first + np.uint64(1):
                        at -= np.uint64(1)
                        masked[at + shift] = data[at]
                    at = first
                    masked[at + shift] = np.uint8(rest + np.uint64(0x31))
                count += 1
            left = np.int64(size == 1)
            while at > begin:
                at -= np.uint64(1)
                changes = left > 0 and table[data[at]] & np.uint64(1 << 16) > np.uint64(0)
                masked[at + shift] = following[data[at]] if changes else data[at]
                left -= np.int64(changes)
            filled += end - begin
        masked_offsets[row + 1] = np.int64(filled)
