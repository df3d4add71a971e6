"""credit_card: another card number of the same issuer, length, punctuation and Luhn validity."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.permutation import default_classes, permute_text
from testdata_assets.masking.text_arrays import Codes, Positions, TextArray, ragged_indices
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer

_SHORTEST, _LONGEST = 12, 19
_GREATEST = str((1 << 63) - 1)
_ISSUER_DIGITS = 6
_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], np.int64)


@register
class CreditCard(TextTransformer[Params]):
    """Keeps the issuer's six digits, permutes the middle ones and sets the check digit.

    The check digit is as far from Luhn's as the input's was: valid stays valid, invalid stays invalid, and
    distinct numbers stay distinct. Anything that is not 12 to 19 digits (already masked cards, words) has
    all its digits and letters permuted.
    """

    name = "credit_card"
    summary = "Replaces a card number, keeping brand, length, punctuation and Luhn validity."
    base_types = frozenset({"text", "int8", "numeric"})
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

    def draw(self, draw: Draw) -> pl.Series:
        text = draw.text
        digit = (text.codes >= 0x30) & (text.codes <= 0x39)
        others = text.count((default_classes(text.codes) != FIXED) & ~digit)
        counts = text.count(digit)
        card = (others == 0) & (counts >= _SHORTEST) & (counts <= _LONGEST)
        where = np.flatnonzero(digit)
        starts = np.searchsorted(where, text.offsets[:-1])
        numbers = _Numbers(where, starts[card], counts[card])

        classes = default_classes(text.codes)
        classes[numbers.positions(0, _ISSUER_DIGITS)] = FIXED
        classes[numbers.positions(-1, 1)] = FIXED
        tweak = np.zeros(len(text), np.uint64)
        tweak[card] = numbers.leading(text.codes, _ISSUER_DIGITS)
        if draw.context.column.base_type in ("int8", "numeric"):
            plain = np.flatnonzero(~card & (counts > 0))
            first = where[starts[plain]]
            classes[first[text.codes[first] != 0x30]] = characters().special["digit_1_9"]
        masked = permute_text(text, draw.hash, classes, tweak)
        codes = masked.codes.copy()
        shift = text.codes[numbers.positions(-1, 1)] - 0x30 - numbers.check_digits(text.codes)
        codes[numbers.positions(-1, 1)] = (numbers.check_digits(codes) + shift) % 10 + 0x30
        result = TextArray(codes, text.offsets).to_series()
        if draw.context.column.base_type == "int8":
            # Of numbers close to the type's greatest, which no card has, the mask may be beyond it.
            digits = result.str.strip_prefix("-")
            beyond = (digits.str.len_bytes() == _LONGEST) & (digits > _GREATEST)
            result = pl.select(
                pl.when(beyond).then(result.str.replace(rf"^(-?.{{{_ISSUER_DIGITS}}}).", "${1}0")).otherwise(result)
            ).to_series()
        return result


class _Numbers:
    """The digits of some texts: where each begins in a list of digit positions, and how many it has."""

    def __init__(self, where: Positions, starts: Positions, counts: Positions) -> None:
        self.where, self.starts, self.counts = where, starts, counts

    def positions(self, first: int, count: int) -> Positions:
        """Positions of `count` digits from the `first`; from the end if negative."""
        start = self.starts + first if first >= 0 else self.starts + self.counts + first
        return self.where[ragged_indices(start, np.full(len(start), count))]

    def leading(self, codes: Codes, count: int) -> NDArray[np.uint64]:
        """The number that the first digits form."""
        digits = (codes[self.positions(0, count)] - 0x30).reshape(-1, count)
        return (digits @ (10 ** np.arange(count - 1, -1, -1))).astype(np.uint64)

    def check_digits(self, codes: Codes) -> NDArray[np.int64]:
        """Luhn's check digit of all digits but the last."""
        total = np.zeros(len(self.starts), np.int64)
        last = self.starts + self.counts - 1
        for place in range(1, _LONGEST):
            rows = np.flatnonzero(self.counts > place)
            digits = codes[self.where[last[rows] - place]].astype(np.int64) - 0x30
            total[rows] += _DOUBLED[digits] if place % 2 else digits
        return -total % 10
