"""Short plain values as rows of bytes, and which of a row's bytes are what as the bits of one word.

Most values are ASCII and shorter than 64 bytes. Their characters are then looked at as a matrix of bytes, and what
was found is kept as a 64-bit word a row: places, counts and orders are a few integer operations a value instead of
several a character.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.hashing import Words
from testdata_assets.masking.text_arrays import Positions, slices_of

WIDTHS = (32, 64)
NONE = 64  # place of a bit that is not there


@dataclass(frozen=True)
class ByteRows:
    """n values of at most 64 bytes.

    Attributes:
        bytes: (n, width): each value and then what followed it in the buffer.
        lengths: Bytes of each.
    """

    bytes: NDArray[np.uint8]
    lengths: Positions

    @classmethod
    def of(cls, data: NDArray[np.uint8], starts: Positions, lengths: Positions) -> ByteRows:
        """Takes values that are pieces of a buffer; those longer than 64 bytes are cut."""
        most = int(lengths.max(initial=0))
        width = WIDTHS[0] if most <= WIDTHS[0] else WIDTHS[1]
        padded = np.concatenate((data, np.zeros(width, np.uint8)))
        rows = slices_of(padded, width)[starts].view(np.uint8).reshape(len(starts), width)
        return cls(rows, np.minimum(lengths, width))

    @cached_property
    def inside(self) -> Words:
        """Bits of the bytes that belong to each value."""
        words: Words = below(self.lengths)
        return words

    def where(self, flags: NDArray[np.bool_]) -> Words:
        """Flags of an array (n, width) as bits, the first byte's lowest; without those beyond each value."""
        packed = np.packbits(flags, axis=1, bitorder="little")
        words: Words = packed.view(f"<u{flags.shape[1] // 8}").ravel().astype(np.uint64)
        return words & self.inside

    def equal(self, symbol: str) -> Words:
        """Where one ASCII character stands."""
        return self.where(self.bytes == ord(symbol))

    @cached_property
    def digits(self) -> Words:
        return self.where((self.bytes - np.uint8(0x30)) < 10)

    @cached_property
    def letters(self) -> Words:
        return self.where(((self.bytes | np.uint8(0x20)) - np.uint8(0x61)) < 26)

    @cached_property
    def capitals(self) -> Words:
        return self.where((self.bytes - np.uint8(0x41)) < 26)


def below(places: NDArray[Any]) -> Words:
    """The bits below each place from 0 to 64."""
    words: Words = _BELOW.take(places)
    return words


def first_bit(words: Words) -> NDArray[np.int64]:
    """Place of the lowest bit, NONE where there is none."""
    return np.bitwise_count(~words & (words - np.uint64(1))).astype(np.int64)


def count_bits(words: Words) -> NDArray[np.int64]:
    return np.bitwise_count(words).astype(np.int64)


_BELOW = np.array([(1 << place) - 1 for place in range(65)], np.uint64)
