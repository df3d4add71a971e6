"""Eight bytes at a time as one little-endian word: loading, storing, and what lies where in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.kernels.compiled import kernel
from testdata_assets.masking.kernels.texts import Bytes

ONES = np.uint64(0x0101010101010101)
_GATHER = np.uint64(0x0102040810204080)  # moves bit 8 * n to bit 56 + n
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
# Leiserson, Prokop and Randall (1998): the top six bits of a shifted de Bruijn sequence tell the shift.
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)


def _places() -> NDArray[np.int64]:
    shifts = np.arange(64, dtype=np.uint64)
    places = np.empty(64, np.int64)
    places[((_DE_BRUIJN << shifts) >> np.uint64(58)).astype(np.int64)] = np.arange(64)
    return places


_PLACES = _places()


@kernel
def load(data: Bytes, place: int) -> np.uint64:
    """The eight bytes from a place on; all must be there."""
    at = np.uint64(place)  # signed places could count from the end: then this would be no single load
    word = np.uint64(0)
    for number in range(8):
        word |= np.uint64(data[at + np.uint64(number)]) << np.uint64(8 * number)
    return word


@kernel
def store(data: Bytes, place: int, word: np.uint64) -> None:
    """Writes eight bytes from a place on; there must be room for all."""
    at = np.uint64(place)
    for number in range(8):
        data[at + np.uint64(number)] = np.uint8(word >> np.uint64(8 * number))


@kernel
def bits_of(word: np.uint64, bit: int) -> np.uint64:
    """One bit of each byte (0 the lowest) as the lowest eight bits, the first byte's the lowest."""
    return (((word >> np.uint64(bit)) & ONES) * _GATHER) >> np.uint64(56)


@kernel
def kept(word: np.uint64, count: int) -> np.uint64:
    """The first `count` bytes (from 1), zeros behind them."""
    return word if count >= 8 else word & ~(_ALL << np.uint64(8 * count))


@kernel
def lowest(bits: np.uint64) -> int:
    """Place of the lowest bit set; 64 where none is."""
    if bits == np.uint64(0):
        return 64
    lowest_bit = bits & (~bits + np.uint64(1))
    return int(_PLACES[np.int64((lowest_bit * _DE_BRUIJN) >> np.uint64(58))])


@kernel
def base32(draw: np.uint64) -> np.uint64:
    """The lowest 40 bits as eight of `a` to `z` and `2` to `7`, the lowest five bits first."""
    word = (draw & np.uint64(0xFFFFF)) | ((draw & np.uint64(0xFFFFF00000)) << np.uint64(12))
    word = (word & np.uint64(0x000003FF000003FF)) | ((word & np.uint64(0x000FFC00000FFC00)) << np.uint64(6))
    word = (word & np.uint64(0x001F001F001F001F)) | ((word & np.uint64(0x03E003E003E003E0)) << np.uint64(3))
    digits = ((word + np.uint64(0x80 - 26) * ONES) >> np.uint64(7)) & ONES
    return word + np.uint64(ord("a")) * ONES - digits * np.uint64(ord("a") + 26 - ord("2"))
