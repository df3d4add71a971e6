"""The usual IPv4 address, a dotted quad and nothing else: read from and written to text by a few words a value."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.byte_rows import ByteRows, first_bit
from testdata_assets.masking.hashing import Words
from testdata_assets.masking.text_arrays import Positions, bytes_to_series, offsets_of, slices_of

_SHORTEST, _LONGEST = 7, 15
_OCTET = 4  # bytes of an octet with the dot behind it


def read_plain_v4(data: NDArray[np.uint8], offsets: Positions) -> tuple[Positions, Words]:
    """Reads values that are four numbers up to 255 without leading zeros, and three dots.

    Args:
        data, offsets: UTF-8 bytes of n values end to end, and n + 1 offsets.

    Returns:
        Rows that are such addresses, and those as numbers.
    """
    lengths = np.diff(offsets)
    shape = ByteRows.of(data, offsets[:-1], lengths)
    dots = shape.equal(".")
    good = (lengths >= _SHORTEST) & (lengths <= _LONGEST) & ((shape.digits | dots) == shape.inside)
    padded = np.concatenate((data, np.zeros(_OCTET, np.uint8)))
    windows = slices_of(padded, _OCTET)
    address = np.zeros(len(lengths), np.uint64)
    begin = np.zeros(len(lengths), np.int64)
    for place in range(4):
        end = np.minimum(first_bit(dots), lengths)
        dots = dots & (dots - np.uint64(1))
        width = end - begin
        good &= (width >= 1) & (width <= 3)
        found = windows[np.minimum(offsets[:-1] + begin, len(data))].view("<u4")
        # The digits move to the upper end of three bytes, zeros before them.
        digits = (found << (8 * (3 - np.clip(width, 0, 3))).astype(np.uint32)) & np.uint32(0x0F0F0F)
        number = (digits & 0xFF) * np.uint32(100) + (digits >> 8 & 0xFF) * np.uint32(10) + (digits >> 16)
        good &= (number <= 255) & ((width == 1) | ((found & 0xFF) != 0x30))
        address = (address << np.uint64(8)) | number
        begin = np.minimum(end + 1, lengths)
        if place == 2:
            good &= dots == 0  # a fourth dot
            good &= end < lengths
    rows = np.flatnonzero(good)
    return rows, address if len(rows) == len(good) else address[rows]


@cache
def _octets() -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Every octet with a dot behind it, in four bytes, and its length with the dot."""
    texts = [f"{number}." for number in range(256)]
    joined = "".join(text.ljust(_OCTET) for text in texts).encode()
    return np.frombuffer(joined, np.uint32), np.array([len(text) for text in texts])


def write_plain_v4(address: Words) -> pl.Series:
    """Addresses as dotted quads."""
    octet = ((address[:, None] >> np.array([24, 16, 8, 0], np.uint64)) & np.uint64(255)).view(np.int64)
    texts, sizes = _octets()
    lengths = sizes.take(octet)
    lengths[:, 3] -= 1  # the last dot is written over
    ends = offsets_of(lengths.ravel())
    data = np.empty(ends[-1] + _OCTET, np.uint8)
    slices_of(data, _OCTET)[ends[:-1]] = texts.take(octet).ravel().view(f"V{_OCTET}")
    return bytes_to_series(data[: ends[-1]], ends[::4])
