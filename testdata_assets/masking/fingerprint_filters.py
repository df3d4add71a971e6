"""What says quickly of most hashes that they are not among millions of fingerprints: a bitmap and a Bloom filter.

Both are made from sorted fingerprints, block by block, so that these need not be in memory together. The bitmap is what
the search inside texts holds each run of words against. The sieve is for the few hashes that pass it, where an exact
look costs reading a block from the store.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from testdata_assets.masking.canonical import TAG_BITS, Filter

Hashes = npt.NDArray[np.uint64]

_BITMAP_BITS = (16, 30)  # at most 128 MB
_PIECE = 1 << 14  # fingerprints spread out at a time, a byte for each bit

# A Bloom filter in regions of 512 bits, three bits each fingerprint: at 20 bits for each, 0.3 % of others pass.
# Bloom, Space/time trade-offs in hash coding, CACM 1970; Putze, Sanders, Singler, Cache-, hash- and space-efficient
# Bloom filters, WEA 2007.
_REGION_BITS = 9
_BITS_EACH = 20
_MOST_REGIONS = (1 << 31) >> _REGION_BITS  # 256 MB
_SHIFTS = tuple(TAG_BITS + _REGION_BITS * number for number in range(3))


class BitmapBuilder:
    """Makes a `Filter` of sorted fingerprints.

    Args:
        count: How many there will be.
    """

    def __init__(self, count: int) -> None:
        size = int(np.clip((16 * max(count, 1)).bit_length(), *_BITMAP_BITS))
        self._bits = np.zeros((1 << size) >> 3, np.uint8)
        self._shift = 64 - size
        self._kinds = np.zeros(1 << TAG_BITS, np.uint8)

    def add(self, values: Hashes) -> None:
        """Adds a sorted block."""
        for start in range(0, len(values), _PIECE):
            piece = values[start : start + _PIECE]
            _set_bits(self._bits, (piece >> np.uint64(self._shift)).astype(np.int64))
            self._kinds[(piece & np.uint64((1 << TAG_BITS) - 1)).astype(np.int64)] = 1

    def finish(self) -> Filter:
        return Filter(self._bits, self._shift, self._kinds)


def filter_of(hashes: Hashes) -> Filter:
    """The bitmap of some hashes in any order."""
    builder = BitmapBuilder(len(hashes))
    builder.add(np.sort(hashes))
    return builder.finish()


class Sieve:
    """A Bloom filter of sorted fingerprints: lets all of them pass, and few others.

    Args:
        count: How many there will be; 2.5 bytes of memory each, up to 256 MB.
    """

    def __init__(self, count: int) -> None:
        self._regions = int(np.clip((count * _BITS_EACH) >> _REGION_BITS, 1, _MOST_REGIONS))
        self._bits = np.zeros(self._regions << (_REGION_BITS - 3), np.uint8)

    def add(self, values: Hashes) -> None:
        """Adds a sorted block."""
        for start in range(0, len(values), _PIECE):
            _set_bits(self._bits, np.concatenate(self._places(values[start : start + _PIECE])))

    def passes(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which of them may be fingerprints."""
        found = np.ones(len(hashes), np.bool_)
        for places in self._places(hashes):
            found &= ((self._bits[places >> 3] >> (places & 7).astype(np.uint8)) & 1).astype(np.bool_)
        return found

    def _places(self, hashes: Hashes) -> list[npt.NDArray[np.int64]]:
        """The bits of each hash: its highest 32 bits say in which region, in the hashes' order, others which there."""
        regions = ((hashes >> np.uint64(32)) * np.uint64(self._regions)) >> np.uint64(32)
        first = (regions << np.uint64(_REGION_BITS)).astype(np.int64)
        inside = np.uint64((1 << _REGION_BITS) - 1)
        return [first + ((hashes >> np.uint64(shift)) & inside).astype(np.int64) for shift in _SHIFTS]


def _set_bits(bits: npt.NDArray[np.uint8], places: npt.NDArray[np.int64]) -> None:
    """Sets bits that lie near each other."""
    first, last = int(places.min()) >> 3, int(places.max()) >> 3
    flags = np.zeros((last - first + 1) << 3, np.bool_)
    flags[places - (first << 3)] = True
    bits[first : last + 1] |= np.packbits(flags, bitorder="little")
