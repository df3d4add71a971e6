"""mac: another hardware address of the same kind and written form."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.permutation import cycle_pairs
from testdata_assets.masking.text_arrays import TextArray, is_any, merge_rows
from testdata_assets.masking.transformers._forms import Flags, scrambled_outside
from testdata_assets.masking.transformers._hexadecimal import HEX, hex_values, write_hex
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer
from testdata_assets.production.catalog import Column

_H = "[0-9a-fA-F]"
_SHORT = rf"{_H}{{2}}(?::{_H}{{2}}){{5}}|{_H}{{2}}(?:-{_H}{{2}}){{5}}|{_H}{{4}}(?:[.-]{_H}{{4}}){{2}}"
_HALVES = rf"{_H}{{6}}[:-]?{_H}{{6}}"
_LONG = rf"{_H}{{2}}(?::{_H}{{2}}){{7}}|{_H}{{2}}(?:-{_H}{{2}}){{7}}|{_H}{{4}}(?:[.:-]{_H}{{4}}){{3}}|{_H}{{16}}"
_FORM = f"^(?:{_SHORT}|{_HALVES}|{_LONG})$"
_VENDOR = 6  # digits
_INFIX = 0xFFFE  # between vendor and card, in 64-bit addresses made from 48-bit ones


class MacParams(Params):
    """Parameters of `mac`."""

    vendor: Literal["map", "keep"] = Field(
        "map", description="Whether the vendor's prefix is mapped, each to one other prefix, or kept."
    )


@register
class Mac(TextTransformer[MacParams]):
    """Permutes the card's bits, and the vendor's unless kept; separators and letter case stay.

    The bits that tell single from group and universal from local addresses stay. Cards of one vendor get one other
    vendor's prefix, which need not exist. Locally administered addresses name no vendor, so all their other
    bits change, also with `vendor: keep`. The same address masks alike in any written form and column type, also as a
    64-bit one with ff:fe in the middle; letters in mixed case become small. Other texts are permuted within
    their character classes.

    In text columns a collision needs one address twice: in mixed case and in small letters, or in capitals and in
    small letters where its mask has no letters.
    """

    name = "mac"
    summary = "Replaces hardware addresses, keeping kind, separators and optionally the vendor."
    params_model = MacParams
    base_types = frozenset({"text", "macaddr", "macaddr8"})
    alike = frozenset({"text", "macaddr"})
    redraws = False
    hashes_values = False
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.MAY_COINCIDE,
        preserves_length=True,
        preserves_format=True,
        searchable=True,
    )
    distribution = NOTHING
    tells_case = True

    def guarantees_for(self, column: Column) -> Guarantees:
        """Text may hold one address in two cases; within one vendor, real addresses are met more often."""
        typed = column.base_type in ("macaddr", "macaddr8")
        return replace(
            self.guarantees,
            uniqueness=Uniqueness.INJECTIVE if typed else Uniqueness.HASHED,
            searchable=self.params.vendor == "map",
        )

    def draw(self, draw: Draw) -> pl.Series:
        text = draw.text
        good = _matches(text)
        digits = text.count(is_any(text.codes, HEX))
        codes = text.codes.copy()
        where = np.flatnonzero(is_any(codes, HEX))
        starts = np.searchsorted(where, text.offsets[:-1])
        for count in (12, 16):
            rows = np.flatnonzero(good & (digits == count))
            if len(rows):
                places = where[starts[rows][:, None] + np.arange(count)]
                masked = self._masked(_number(hex_values(codes[places])), count * 4, draw.hash)
                write_hex(codes, places, _digits(masked, count))
        result = TextArray(codes, text.offsets).to_series()
        others = np.flatnonzero(~good)
        return merge_rows(result, others, scrambled_outside(draw, others, _matches)) if len(others) else result

    def _masked(self, address: Words, bits: int, keyed: KeyedHash) -> Words:
        """Permutes addresses of 48 or 64 bits."""
        if bits == 48:
            return self._permuted(address, 24, keyed)
        derived = (address >> np.uint64(24)) & np.uint64(0xFFFF) == np.uint64(_INFIX)
        result = address.copy()
        short = address[derived]
        short = (short >> np.uint64(40) << np.uint64(24)) | (short & np.uint64(0xFFFFFF))
        short = self._permuted(short, 24, keyed)
        infix = np.uint64(_INFIX << 24)
        result[derived] = (short >> np.uint64(24) << np.uint64(40)) | infix | (short & np.uint64(0xFFFFFF))
        walking = np.flatnonzero(~derived)
        while len(walking):
            result[walking] = self._permuted(result[walking], 40, keyed)
            walking = walking[(result[walking] >> np.uint64(24)) & np.uint64(0xFFFF) == np.uint64(_INFIX)]
        return result

    def _permuted(self, address: Words, card_bits: int, keyed: KeyedHash) -> Words:
        width = np.uint64(card_bits)
        vendor, card = address >> width, address & ((np.uint64(1) << width) - np.uint64(1))
        kind = (vendor >> np.uint64(16)) & np.uint64(3)  # group and local bits, the lowest of the first octet
        high = ((vendor >> np.uint64(18)) << np.uint64(16)) | (vendor & np.uint64(0xFFFF))  # the other 22 bits
        local = (kind & np.uint64(2)) > 0
        new_high, new_card = high.copy(), card.copy()
        rows = np.flatnonzero(local)
        if len(rows):
            prf = keyed.prf(f"local {card_bits}")
            moduli = _moduli(len(rows), 22), _moduli(len(rows), card_bits)
            new_high[rows], new_card[rows] = cycle_pairs(prf, high[rows], card[rows], moduli, kind[rows])
        rows = np.flatnonzero(~local)
        if len(rows):
            new_card[rows] = _permute_bits(card[rows], card_bits, vendor[rows], keyed.for_purpose("card"))
            if self.params.vendor == "map":
                new_high[rows] = _permute_bits(high[rows], 22, kind[rows], keyed.for_purpose("vendor"))
        low = np.uint64(0xFFFF)
        new_vendor = (new_high >> np.uint64(16) << np.uint64(18)) | (kind << np.uint64(16)) | (new_high & low)
        result: Words = (new_vendor << width) | new_card
        return result


def _moduli(size: int, bits: int) -> Words:
    return np.full(size, 1 << bits, np.uint64)


def _permute_bits(value: Words, bits: int, tweak: Words, keyed: KeyedHash) -> Words:
    """Permutes numbers of so many bits without a fixed point."""
    half = np.uint64(bits // 2)
    mask = (np.uint64(1) << half) - np.uint64(1)
    moduli = _moduli(len(value), bits // 2), _moduli(len(value), bits // 2)
    left, right = cycle_pairs(keyed.prf(f"bits {bits}"), value >> half, value & mask, moduli, tweak)
    result: Words = (left << half) | right
    return result


def _number(digits: NDArray[np.int64]) -> Words:
    value = np.zeros(len(digits), np.uint64)
    for digit in digits.T:
        value = (value << np.uint64(4)) | digit.astype(np.uint64)
    return value


def _digits(value: Words, count: int) -> NDArray[np.int64]:
    shifts = np.arange(4 * (count - 1), -1, -4, dtype=np.uint64)
    digits: NDArray[np.int64] = ((value[:, None] >> shifts) & np.uint64(15)).astype(np.int64)
    return digits


def _matches(text: TextArray) -> Flags:
    flags: Flags = text.to_series().str.contains(_FORM).to_numpy()
    return flags
