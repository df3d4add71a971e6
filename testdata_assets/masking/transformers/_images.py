"""Blank images: the smallest valid PNG, JPEG and GIF files of a given size, and sizes read from headers."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

MAX_PIXELS = 1 << 24  # larger images shrink to this, so that a blank one is some ten kilobytes at most
_LONGEST = 65_500  # what libjpeg reads; the formats' own limits are 65535 and more
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers of frames, which hold the size
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
PNG, JPEG, GIF = "png", "jpeg", "gif"


@lru_cache(maxsize=256)
def blank(form: str, width: int, height: int) -> bytes:
    """A white image.

    Args:
        form: png, jpeg or gif.
        width, height: In pixels; brought within 1 to 65500 each and to `MAX_PIXELS`, their ratio kept about.
    """
    width, height = bounded(width, height)
    return {PNG: _png, JPEG: _jpeg, GIF: _gif}[form](width, height)


def bounded(width: int, height: int) -> tuple[int, int]:
    """A size that formats and files can bear."""
    width, height = min(max(width, 1), _LONGEST), min(max(height, 1), _LONGEST)
    if width * height > MAX_PIXELS:
        share = (MAX_PIXELS / (width * height)) ** 0.5
        width, height = max(int(width * share), 1), max(int(height * share), 1)
    return width, height


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height from the frame header of a JPEG file (ITU T.81, B.2); 1 x 1 where it is not found."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # fill byte
            place += 1
        elif marker in _JPEG_ALONE:
            place += 2
        elif marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        elif marker in (0xD9, 0xDA):
            break
        else:
            place += 2 + int(struct.unpack_from(">H", data, place + 2)[0])
    return 1, 1


def _png(width: int, height: int) -> bytes:
    """One bit a pixel, grey (ISO/IEC 15948)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    line = b"\0" + b"\xff" * ((width + 7) // 8)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zlib.compress(line * height, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _jpeg(width: int, height: int) -> bytes:
    """Baseline, grey (ITU T.81): the first block says white, all others the same as the one before, a bit or two each.

    Quantiser 8 for all; white is 127 levels above the middle, so the first block's DC difference is 127: 7 bits.
    Code tables: DC `0` no difference, `10` seven bits; AC `0` end of block.
    """

    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    blocks = -(-width // 8) * -(-height // 8)
    first = "10" + "1" * 7 + "0"
    bits = len(first) + 2 * (blocks - 1)
    padding = -bits % 8
    scan = int(first, 2) << (2 * (blocks - 1) + padding) | ((1 << padding) - 1)
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xDB, b"\0" + b"\x08" * 64),
            segment(0xC0, struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)),
            segment(0xC4, bytes([0x00, 1, 1, *[0] * 14, 0, 7])),
            segment(0xC4, bytes([0x10, 1, *[0] * 15, 0])),
            segment(0xDA, bytes([1, 1, 0x00, 0, 63, 0])),
            scan.to_bytes((bits + padding) // 8, "big"),
            b"\xff\xd9",
        )
    )


def _gif(width: int, height: int) -> bytes:
    """A screen of that size with a white background and one white pixel drawn on it (GIF89a)."""
    return b"".join(
        (
            b"GIF89a",
            struct.pack("<HHBBB", width, height, 0x80, 0, 0),
            b"\xff\xff\xff\0\0\0",
            b"\x2c\0\0\0\0\1\0\1\0\0",
            b"\2\2\x44\1\0\x3b",
        )
    )
