"""The usual phone number, permuted as one decimal: the same masks as the general way gives, at a fraction of the cost.

Usual is an ASCII text without letters, with 7 to 15 digits and a + at most in front. All digits of a number are one
integer, so that what stays, what is permuted and the tweak are quotients and remainders.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.permutation import cycle_pairs
from testdata_assets.masking.text_arrays import Positions, bytes_to_series, slices_of, take_slices
from testdata_assets.masking.transformers._phone_numbers import LONGEST, SHORTEST, national_parts

_WIDE = 16
_TENS = 10 ** np.arange(_WIDE + 1, dtype=np.uint64)
# Row n keeps the last, or the first, n of sixteen bytes.
_LAST = np.where(np.arange(_WIDE) >= _WIDE - np.arange(_WIDE + 1)[:, None], np.uint8(0xFF), np.uint8(0))
_FIRST = np.ascontiguousarray(_LAST[:, ::-1])


def permute_plain_phones(
    data: NDArray[np.uint8], offsets: Positions, keyed: KeyedHash, country_code: int
) -> tuple[NDArray[np.int64], pl.Series] | None:
    """Masks the usual numbers among n values.

    Args:
        data, offsets: UTF-8 bytes of the values end to end, and n + 1 offsets.
        keyed: Chooses the permutation.
        country_code: Country of numbers without + or 00; 0 where it is unknown.

    Returns:
        Rows that are usual, and a series of n values in which those are masked; None where no row is.
    """
    digit = (data - np.uint8(0x30)) < 10
    where = np.flatnonzero(digit)
    ends = np.searchsorted(where, offsets)
    counts = np.diff(ends)
    usual = (counts >= SHORTEST) & (counts <= LONGEST)
    lettered = np.flatnonzero((((data | np.uint8(0x20)) - np.uint8(0x61)) < 26) | (data >= 0x80))
    usual[np.searchsorted(offsets, lettered, side="right") - 1] = False
    signs = np.flatnonzero(data == 0x2B)
    signed = np.searchsorted(offsets, signs, side="right") - 1
    inner = signs > offsets[signed]
    usual[signed[inner]] = False
    plus = np.zeros(len(usual), np.bool_)
    plus[signed[~inner]] = True
    rows = np.flatnonzero(usual)
    if not len(rows):
        return None
    numbers = np.concatenate((np.full(_WIDE, 0x30, np.uint8), data.take(where), np.zeros(_WIDE, np.uint8)))
    shaped = _Numbers(numbers, ends[:-1][rows] + _WIDE, counts[rows], plus[rows], country_code)
    masked = shaped.masked(keyed)
    result = data.copy()
    result[where if len(rows) == len(usual) else where[np.repeat(usual, counts)]] = masked
    fine = shaped.fine
    return rows if fine.all() else rows[fine], bytes_to_series(result, offsets)


class _Numbers:
    """Numbers as sixteen digits each.

    Attributes:
        fine: Whether at least two digits change; a single one goes the general way.
    """

    def __init__(
        self,
        digits: NDArray[np.uint8],
        starts: Positions,
        counts: Positions,
        plus: NDArray[np.bool_],
        country_code: int,
    ) -> None:
        """Takes ASCII digits, between margins of sixteen, and where in them the numbers lie."""
        windows = slices_of(digits, _WIDE)
        leading = windows[starts].view(np.uint8).reshape(-1, _WIDE) - np.uint8(0x30)
        leading &= _FIRST.view(f"V{_WIDE}")[:, 0][counts].view(np.uint8).reshape(-1, _WIDE)
        self._code, skipped, self._kept, self._exchange = national_parts(
            leading.astype(np.int64), counts, plus, country_code
        )
        trailing = windows[starts + counts - _WIDE].view(np.uint8).reshape(-1, _WIDE) - np.uint8(0x30)
        trailing &= _LAST.view(f"V{_WIDE}")[:, 0][counts].view(np.uint8).reshape(-1, _WIDE)
        self._number = _parsed(trailing)
        self._counts = counts
        self._free = counts - skipped - self._kept  # digits to permute
        self.fine = self._free >= 2

    def masked(self, keyed: KeyedHash) -> NDArray[np.uint8]:
        """The digits of the masked numbers end to end; meaningless where a number is not fine."""
        free = np.maximum(self._free, 2)
        span = _TENS.take(free)
        staying = self._number // span
        area = _TENS.take(np.where(self.fine, self._kept, 0))
        tweak = self._code.astype(np.uint64) * area + staying % area
        right_span, left_span = _TENS.take((free + 1) // 2), _TENS.take(free // 2)
        changing = self._number - staying * span
        left = changing // right_span
        right = changing - left * right_span
        # A North American exchange begins with 2 to 9; one that does not keeps its 0 or 1.
        two = _TENS.take(free // 2 - 1) * np.uint64(2)
        low = left < two
        base = np.where(self._exchange & ~low, two, np.uint64(0))
        left_span = np.where(self._exchange & low, two, left_span - base)
        left, right = cycle_pairs(keyed.prf("feistel"), left - base, right, (left_span, right_span), tweak)
        digits = _written(staying * span + (left + base) * right_span + right)
        flat = np.concatenate((digits.ravel(), np.zeros(_WIDE, np.uint8)))
        return take_slices(flat, np.arange(1, len(free) + 1) * _WIDE - self._counts, self._counts)


def _parsed(digits: NDArray[np.uint8]) -> Words:
    """The numbers that rows of sixteen digits (0 to 9) stand for."""
    pairs = digits[:, ::2] * np.uint8(10) + digits[:, 1::2]
    quads = pairs[:, ::2].astype(np.uint16) * np.uint16(100) + pairs[:, 1::2]
    eights = quads[:, ::2].astype(np.uint64) * np.uint64(10**4) + quads[:, 1::2]
    numbers: Words = eights[:, 0] * np.uint64(10**8) + eights[:, 1]
    return numbers


@cache
def _four_digits() -> NDArray[np.uint32]:
    """Numbers below 10,000 as four ASCII digits."""
    numbers = np.arange(10**4)
    digits = np.stack([numbers // 10**place % 10 + 0x30 for place in (3, 2, 1, 0)], axis=1).astype(np.uint8)
    return digits.view(np.uint32).ravel()


def _written(numbers: Words) -> NDArray[np.uint8]:
    """Numbers as rows of sixteen ASCII digits."""
    parts = np.empty((len(numbers), 4), np.uint32)
    high = numbers // np.uint64(10**8)
    for column, eight in ((0, high), (2, numbers - high * np.uint64(10**8))):
        upper = eight // np.uint64(10**4)
        parts[:, column] = _four_digits().take(upper.view(np.int64))
        parts[:, column + 1] = _four_digits().take((eight - upper * np.uint64(10**4)).view(np.int64))
    return parts.view(np.uint8)
