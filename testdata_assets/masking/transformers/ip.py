"""ip: another address of the same version and reach."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking import kernels
from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.hashing import KeyedHash, Words, read_only
from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.permutation import PairBatch, cycle_pairs, permute_text
from testdata_assets.masking.text_arrays import (
    Pieces,
    Positions,
    TextArray,
    is_any,
    merge_rows,
    offsets_of,
)
from testdata_assets.masking.transformers._plain_v4 import read_plain_v4, write_plain_v4
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, MaskContext, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer, scrambled

# Special-purpose IPv4 blocks (IANA registry) within which an address stays: (first address, prefix length).
_BLOCKS = (
    (0x00000000, 8),  # this network
    (0x0A000000, 8),  # private
    (0x64400000, 10),  # carrier-grade NAT
    (0x7F000000, 8),  # loopback
    (0xA9FE0000, 16),  # link-local
    (0xAC100000, 12),  # private
    (0xC0000000, 24),  # IETF protocol assignments
    (0xC0000200, 24),  # documentation
    (0xC0586300, 24),  # 6to4 relays
    (0xC0A80000, 16),  # private
    (0xC6120000, 15),  # benchmarking
    (0xC6336400, 24),  # documentation
    (0xCB007100, 24),  # documentation
    (0xE0000000, 4),  # multicast
    (0xF0000000, 4),  # reserved, broadcast
)
_MIXED = -2
_QUAD_BYTES = 15
_DOT, _COLON, _SLASH = 0x2E, 0x3A, 0x2F


@register
class Ip(TextTransformer[Params]):
    """Permutes IPv4 addresses within their special block or within public space, IPv6 ones below their prefix.

    Private stays private, loopback loopback, public public; the netmask stays, and a network's host bits
    stay zero. IPv6 keeps its first 16 bits (32 in
    the special blocks of 2001::), its groups of zeros and its `::`. What has no
    bits to change (10.0.0.0/8, ::) stays; what is no address is permuted as text.
    """

    name = "ip"
    summary = "Replaces IP addresses, keeping version, private or public, and netmask."
    base_types = frozenset({"text", "inet", "cidr"})
    alike = base_types
    redraws = False
    hashes_values = False
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True
    )
    distribution = NOTHING
    tells_case = True

    at_once = 32768  # whoever leaves public space walks on, a few at a time: rather few steps for many

    kernel = "addresses_v4"

    def by_kernel(self, loaded: ModuleType, data: Bytes, offsets: Places, context: MaskContext) -> Masks | None:
        permute = kernels.load("permute", len(offsets) - 1)
        if permute is None:
            return None
        total = len(offsets) - 1
        addresses, kept = np.empty(total, np.uint64), np.empty(total, np.uint64)
        rows = np.empty(total, np.int64)
        tables = _kernel_tables(loaded.NARROW)
        count = loaded.read_quads(read_only(data), read_only(offsets), addresses, kept, rows, *tables)
        prf = context.hash.for_purpose(self.name).prf("v4")
        batch = PairBatch(count)
        places, walking = np.arange(count), np.empty(count, np.int64)
        while len(places):
            walkers = 0
            for start in range(0, len(places), batch.size):
                part = places[start : start + batch.size]
                loaded.split_bits(addresses, kept, part, batch.values, batch.moduli, batch.tweaks)
                batch.cycle(permute, prf, len(part))
                walkers = loaded.join_bits(addresses, kept, part, batch.values, walking, walkers, *tables)
            # Whoever left public space walks on, all together: rather few steps for many than many for a few.
            places = walking[:walkers].copy()
        masked, done = np.empty(count * _QUAD_BYTES, np.uint8), np.zeros(total, np.bool_)
        masked_offsets = np.zeros(total + 1, np.int64)
        longest = _QUAD_BYTES if context.max_length is None else context.max_length
        loaded.write_quads(addresses, count, rows, longest, masked, masked_offsets, done)
        return Masks(masked[: masked_offsets[-1]], masked_offsets, done)

    def draw(self, draw: Draw) -> pl.Series:
        data, offsets = draw.bytes
        rows, address = read_plain_v4(data, offsets)
        if not len(rows):
            return self._draw_any(draw)
        masked = write_plain_v4(_permute_v4(address, np.full(len(rows), 32), draw.hash))
        if len(rows) == len(draw.values):
            return masked
        other = np.ones(len(draw.values), np.bool_)
        other[rows] = False
        rest = np.flatnonzero(other)
        return merge_rows(merge_rows(draw.values, rows, masked), rest, self._draw_any(draw.narrowed(rest)))

    @staticmethod
    def _draw_any(draw: Draw) -> pl.Series:
        text = draw.text
        four = _read_v4(text)
        result = None
        if len(four.rows) < len(text):
            colons = text.count(text.codes == _COLON) >= 2
            six = colons & (text.count(_odd_in_v6(text.codes)) == 0)
            result = merge_rows(
                scrambled(draw),
                np.flatnonzero(six),
                permute_text(picked := text.take(np.flatnonzero(six)), draw.hash, _v6_classes(picked)).to_series(),
            )
        masked = _write_v4(text, four, _permute_v4(four.address, four.mask, draw.hash))
        return masked if result is None else merge_rows(result, four.rows, masked)


class _V4:
    """Texts that end in a dotted quad, with or without a netmask.

    Attributes:
        rows: Which texts.
        start, end: Where the quad lies in the codes.
        address, mask: As numbers; the mask is 32 where bits of a host are set or there is none.
    """

    def __init__(self, rows: Positions, start: Positions, end: Positions, address: Words, mask: Positions) -> None:
        self.rows, self.start, self.end, self.address, self.mask = rows, start, end, address, mask


def _read_v4(text: TextArray) -> _V4:
    codes, ends = text.codes, text.offsets[1:]
    digit = (codes >= 0x30) & (codes <= 0x39)
    slash = text.first(codes == _SLASH)
    colon = text.last(codes == _COLON)
    start = np.maximum(colon + 1, text.offsets[:-1])
    dots = offsets_of(codes == _DOT)
    odd = offsets_of(~digit & (codes != _DOT))
    quad = (dots[slash] - dots[start] == 3) & (odd[slash] == odd[start]) & (slash >= start)
    mask_length = np.maximum(ends - slash - 1, 0)
    masked = slash < ends
    quad &= ~masked | ((mask_length >= 1) & (mask_length <= 3) & (odd[ends] == odd[np.minimum(slash + 1, ends)]))
    prefixed = start > text.offsets[:-1]
    mapped = text.count(~digit & (codes != _DOT) & (codes != _SLASH) & _odd_in_v6(codes)) == 0
    quad &= ~prefixed | (mapped & ~masked)
    rows = np.flatnonzero(quad)
    # Octets: digits between dots, weighted by their place from the right.
    where = np.append(np.flatnonzero(codes == _DOT), len(codes))
    first_dot = np.searchsorted(where, start[rows])
    edges = np.stack([where[np.minimum(first_dot + place, len(where) - 1)] for place in range(3)], axis=1)
    begins = np.concatenate((start[rows][:, None], edges + 1), axis=1)
    stops = np.concatenate((edges, slash[rows][:, None]), axis=1)
    octets = _numbers(codes, begins, stops)
    widths = stops - begins
    fine = ((widths >= 1) & (widths <= 3) & (octets <= 255)).all(axis=1)
    # 01.2.3.4 would come back as another text.
    fine &= ~((widths > 1) & (codes[np.minimum(begins, len(codes) - 1)] == 0x30)).any(axis=1)
    mask = np.full(len(rows), 32, np.int64)
    with_mask = masked[rows]
    mask_start = np.minimum(slash + 1, ends)[rows][:, None]
    written = _numbers(codes, mask_start, ends[rows][:, None])[:, 0]
    fine &= ~with_mask | (written <= 32)
    address = (octets << np.array([24, 16, 8, 0])).sum(axis=1)
    network = with_mask & (written <= 32) & ((address & ((1 << (32 - np.clip(written, 0, 32))) - 1)) == 0)
    mask = np.where(network, written, mask)
    return _V4(rows[fine], start[rows][fine], slash[rows][fine], address[fine].astype(np.uint64), mask[fine])


def _numbers(codes: NDArray[np.int32], begins: Positions, stops: Positions) -> NDArray[np.int64]:
    """Decimal numbers of up to three digits at [begin, stop)."""
    padded = np.append(codes, 0x30).astype(np.int64) - 0x30
    value = np.zeros(begins.shape, np.int64)
    for place in range(3):
        inside = begins + place < stops
        digit = padded[np.minimum(begins + place, len(codes))]
        value = np.where(inside, value * 10 + digit, value)
    return value


def _permute_v4(address: Words, mask: Positions, keyed: KeyedHash) -> Words:
    block, kept = _block_of(address)
    result = address.copy()
    # Within a block: the bits between its prefix and the netmask change.
    inside = np.flatnonzero((block >= 0) & (mask > kept))
    result[inside] = _permute_bits(address[inside], kept[inside], mask[inside], keyed)
    # Public: the bits above the netmask change, again and again until the address is public.
    walking = np.flatnonzero((block < 0) & (mask > 0))
    while len(walking):
        result[walking] = _permute_bits(result[walking], np.zeros(len(walking), np.int64), mask[walking], keyed)
        walking = walking[_block_of(result[walking])[0] >= 0]
    return result


def _block_of(address: Words) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number and prefix length of the special block each address lies in; -1 and 0 for public ones."""
    numbers, lengths = _block_table()
    half = (address >> np.uint64(16)).view(np.int64)
    block, prefix = numbers.take(half), lengths.take(half)
    mixed = np.flatnonzero(block == _MIXED)
    if len(mixed):
        block[mixed], prefix[mixed] = _look_up(address[mixed])
    return block, prefix


@cache
def _block_table() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Block and prefix length by an address's upper 16 bits; _MIXED where a block is narrower than that."""
    upper = np.arange(1 << 16, dtype=np.uint64) << np.uint64(16)
    block, prefix = _look_up(upper)
    for first, length in _BLOCKS:
        if length > 16:
            block[first >> 16] = _MIXED
    return block, prefix


@cache
def _kernel_tables(narrow: int) -> tuple[NDArray[np.uint8], Words, Words]:
    """Prefix lengths by an address's upper 16 bits, and all blocks' first addresses and prefix lengths."""
    block, prefix = _block_table()
    firsts, lengths = zip(*_BLOCKS, strict=True)
    prefixes = np.where(block == _MIXED, narrow, prefix).astype(np.uint8)
    return prefixes, np.array(firsts, np.uint64), np.array(lengths, np.uint64)


def _look_up(address: Words) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    block, prefix = np.full(len(address), -1, np.int64), np.zeros(len(address), np.int64)
    for number, (first, length) in enumerate(_BLOCKS):
        inside = (address >> np.uint64(32 - length)) == np.uint64(first >> (32 - length))
        block[inside], prefix[inside] = number, length
    return block, prefix


def _permute_bits(address: Words, top: Positions, bottom: Positions, keyed: KeyedHash) -> Words:
    """Permutes the bits from `top` (kept above) to `bottom` (kept below), counted from the left."""
    low = (32 - bottom).astype(np.uint64)
    width = bottom - top
    field = (address >> low) & ((np.uint64(1) << width.astype(np.uint64)) - np.uint64(1))
    right_width = (width // 2).astype(np.uint64)
    left_width = width.astype(np.uint64) - right_width
    moduli = (np.uint64(1) << left_width, np.uint64(1) << right_width)
    kept = address >> (low + width.astype(np.uint64))
    span = (top * 64 + bottom).astype(np.uint64)
    tweak: Words = np.bitwise_or(kept << np.uint64(12), span)
    left, right = cycle_pairs(keyed.prf("v4"), field >> right_width, field & (moduli[1] - np.uint64(1)), moduli, tweak)
    changed = (left << right_width) + right
    host = address & ((np.uint64(1) << low) - np.uint64(1))
    result: Words = (kept << (low + width.astype(np.uint64))) + (changed << low) + host
    return result


def _write_v4(text: TextArray, four: _V4, address: Words) -> pl.Series:
    octets = TextArray.from_strings([str(number) for number in range(256)])
    pieces = Pieces(len(four.rows))
    begin, end = text.offsets[four.rows], text.offsets[four.rows + 1]
    pieces.add(text.codes, begin, four.start - begin)
    for place, shift in enumerate((24, 16, 8, 0)):
        if place:
            pieces.add_constant(".")
        pieces.add_text(octets, ((address >> np.uint64(shift)) & np.uint64(255)).astype(np.int64))
    pieces.add(text.codes, four.end, end - four.end)
    return pieces.join()[0].to_series()


def _odd_in_v6(codes: NDArray[np.int32]) -> NDArray[np.bool_]:
    return ~is_any(codes, "0123456789abcdefABCDEF:/")


def _v6_classes(text: TextArray) -> NDArray[np.int16]:
    """Hexadecimal digits below the kept prefix; the first of a group stays other than zero, zeros stay.

    Groups keep their lengths, so a text in canonical form stays in it.
    """
    codes = text.codes
    table = characters()
    hexadecimal = is_any(codes, "0123456789abcdefABCDEF")
    classes = np.where(hexadecimal, np.int16(table.special["hex"]), np.int16(FIXED))
    starts_group = hexadecimal.copy()
    starts_group[1:] &= ~hexadecimal[:-1]
    firsts = text.offsets[:-1]
    starts_group[firsts[firsts < len(codes)]] = hexadecimal[firsts[firsts < len(codes)]]
    zero = starts_group & (codes == 0x30)
    classes[starts_group] = table.special["hex_1_f"]
    classes[zero] = FIXED
    colons = offsets_of(codes == _COLON)
    group = colons[:-1] - np.repeat(colons[text.offsets[:-1]], text.lengths)
    deep = np.repeat(_special_2001(text), text.lengths)
    slash = offsets_of(codes == _SLASH)
    in_mask = slash[:-1] > np.repeat(slash[text.offsets[:-1]], text.lengths)
    classes[in_mask | (group == 0) | ((group == 1) & deep)] = FIXED
    return classes


def _special_2001(text: TextArray) -> NDArray[np.bool_]:
    """Addresses that begin 2001: and then a group of fewer than four digits: documentation, Teredo and such."""
    padded = np.append(text.codes, [0] * 9)
    head = padded[text.offsets[:-1, None] + np.arange(9)]
    deep: NDArray[np.bool_] = (head[:, :5] == [ord(symbol) for symbol in "2001:"]).all(axis=1)
    deep &= (is_any(head[:, 5:], ":/") | (head[:, 5:] == 0)).any(axis=1)
    return deep
