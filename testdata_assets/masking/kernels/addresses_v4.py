"""IPv4 addresses written as dotted quads and nothing else: read, prepared for the permutation, written again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.kernels.compiled import kernel

NARROW = 255  # in the table of blocks: somewhere below these 16 bits lies a block longer than they are
_SHORTEST, _LONGEST = np.uint64(7), np.uint64(15)
_BAD = np.uint64(0xFFFFFFFFFFFFFFFF)
_BITS = np.uint64(32)


@kernel
def _parse(data: NDArray[np.uint8], at: np.uint64, end: np.uint64) -> np.uint64:
    """The address in a text; _BAD where it is none, or has leading zeros."""
    address, octet = np.uint64(0), np.uint64(0)
    dots, digits = np.uint64(0), np.uint64(0)
    good = end - at >= _SHORTEST and end - at <= _LONGEST
    while good and at < end:
        byte = np.uint64(data[at])
        digit = byte - np.uint64(0x30)
        if digit < np.uint64(10):
            good = digits == np.uint64(0) or octet > np.uint64(0)  # no digit follows a leading zero
            octet = octet * np.uint64(10) + digit
            digits += np.uint64(1)
            good = good and octet < np.uint64(256)
        else:
            good = byte == np.uint64(0x2E) and digits > np.uint64(0)
            address = address << np.uint64(8) | octet
            octet, digits = np.uint64(0), np.uint64(0)
            dots += np.uint64(1)
        at += np.uint64(1)
    good = good and dots == np.uint64(3) and digits > np.uint64(0)
    return address << np.uint64(8) | octet if good else _BAD


@kernel
def _prefix(
    address: np.uint64, prefixes: NDArray[np.uint8], firsts: NDArray[np.uint64], lengths: NDArray[np.uint64]
) -> np.uint64:
    """Prefix length of the special block that an address lies in; 0 for public ones."""
    prefix = np.uint64(prefixes[address >> np.uint64(16)])
    if prefix == np.uint64(NARROW):
        prefix = np.uint64(0)
        for number in range(len(firsts)):
            if (address ^ firsts[number]) >> (_BITS - lengths[number]) == np.uint64(0):
                prefix = lengths[number]
    return prefix


@kernel
def read_quads(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    addresses: NDArray[np.uint64],
    kept: NDArray[np.uint64],
    rows: NDArray[np.int64],
    prefixes: NDArray[np.uint8],
    firsts: NDArray[np.uint64],
    lengths: NDArray[np.uint64],
) -> int:
    """Reads the dotted quads among n texts.

    Args:
        data, offsets: UTF-8 bytes end to end, and n + 1 offsets.
        addresses, kept: (n): get the addresses and how many of their upper bits stay, end to end.
        rows: (n): gets which texts these are.
        prefixes: (2**16): prefix length of the block that holds all addresses with these upper bits, 0 where they
            are public, or NARROW.
        firsts, lengths: All blocks' first addresses and prefix lengths.

    Returns:
        How many there are.
    """
    count = 0
    for row in range(len(offsets) - 1):
        address = _parse(data, np.uint64(offsets[row]), np.uint64(offsets[row + 1]))
        if address != _BAD:
            addresses[count] = address
            kept[count] = _prefix(address, prefixes, firsts, lengths)
            rows[count] = row
            count += 1
    return count


@kernel
def split_bits(
    addresses: NDArray[np.uint64],
    kept: NDArray[np.uint64],
    places: NDArray[np.int64],
    values: NDArray[np.uint64],
    moduli: NDArray[np.uint64],
    tweaks: NDArray[np.uint64],
) -> None:
    """Splits the lower bits of the addresses at some places into two halves; the upper ones become the tweak."""
    for number in range(len(places)):
        address, top = addresses[places[number]], kept[places[number]]
        width = _BITS - top
        right = width >> np.uint64(1)
        moduli[0, number] = np.uint64(1) << (width - right)
        moduli[1, number] = np.uint64(1) << right
        field = address & ((np.uint64(1) << width) - np.uint64(1))
        values[0, number] = field >> right
        values[1, number] = field & (moduli[1, number] - np.uint64(1))
        tweaks[number] = address >> width << np.uint64(12) | (top << np.uint64(6)) + _BITS


@kernel
def join_bits(
    addresses: NDArray[np.uint64],
    kept: NDArray[np.uint64],
    places: NDArray[np.int64],
    values: NDArray[np.uint64],
    walking: NDArray[np.int64],
    walkers: int,
    prefixes: NDArray[np.uint8],
    firsts: NDArray[np.uint64],
    lengths: NDArray[np.uint64],
) -> int:
    """Puts permuted halves back into the addresses.

    Args:
        addresses, kept, places, values, prefixes, firsts, lengths: As for the functions above.
        walking: Gets the places of public addresses that left public space: they must be permuted again.
        walkers: How many it holds already.

    Returns:
        How many it holds then.
    """
    for number in range(len(places)):
        place = places[number]
        top = kept[place]
        width = _BITS - top
        right = width >> np.uint64(1)
        address = (addresses[place] >> width << width) + (values[0, number] << right) + values[1, number]
        addresses[place] = address
        if top == np.uint64(0) and _prefix(address, prefixes, firsts, lengths) > np.uint64(0):
            walking[walkers] = place
            walkers += 1
    return walkers


@kernel
def _digit_count(octet: np.uint64) -> np.uint64:
    return np.uint64(1) + np.uint64(octet > np.uint64(9)) + np.uint64(octet > np.uint64(99))


@kernel
def write_quads(
    addresses: NDArray[np.uint64],
    count: int,
    rows: NDArray[np.int64],
    longest: int,
    masked: NDArray[np.uint8],
    masked_offsets: NDArray[np.int64],
    done: NDArray[np.bool_],
) -> None:
    """Writes addresses as dotted quads.

    Args:
        addresses, rows: The first `count` are written.
        count: Addresses.
        longest: Characters the column admits; what is longer is left out.
        masked: Room for 15 bytes each.
        masked_offsets: n + 1 zeros: get where each of the n values begins.
        done: (n), False: gets which were written.
    """
    filled = np.uint64(0)
    row = 0
    for number in range(count):
        while row < rows[number]:
            row += 1
            masked_offsets[row] = np.int64(filled)
        begin = filled
        for place in range(4):
            octet = addresses[number] >> np.uint64(24 - 8 * place) & np.uint64(255)
            digits = _digit_count(octet)
            masked[filled + digits - np.uint64(1)] = np.uint8(octet % np.uint64(10) + np.uint64(0x30))
            if digits > np.uint64(1):
                masked[filled + digits - np.uint64(2)] = np.uint8(
                    octet // np.uint64(10) % np.uint64(10) + np.uint64(48)
                )
            if digits > np.uint64(2):
                masked[filled] = np.uint8(octet // np.uint64(100) + np.uint64(0x30))
            filled += digits
            if place < 3:
                masked[filled] = np.uint8(0x2E)
                filled += np.uint64(1)
        if filled - begin > np.uint64(longest):
            filled = begin
        else:
            done[row] = True
        row += 1
        masked_offsets[row] = np.int64(filled)
    while row < len(done):
        row += 1
        masked_offsets[row] = np.int64(filled)
