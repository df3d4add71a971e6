"""Identification numbers in texts: which kind each text is, and masking each among its own kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.text_arrays import TextArray, merge_rows
from testdata_assets.masking.transformers._checksums import Digits
from testdata_assets.masking.transformers._forms import Compact, Flags, scrambled_outside, write
from testdata_assets.masking.transformers._id_schemes import Scheme
from testdata_assets.masking.transformers.text import Draw

# Masks valid numbers of one kind; the last argument says which results would be read as the same kind again.
Masker = Callable[[Scheme, Digits, KeyedHash, Callable[[Digits, NDArray[np.int64]], Flags]], Digits]


def permuted(
    scheme: Scheme, values: Digits, keyed: KeyedHash, same_kind: Callable[[Digits, NDArray[np.int64]], Flags]
) -> Digits:
    """The usual masker: the scheme's permutation."""
    return scheme.permute(values, keyed, same_kind)


def symbol_values(capitals: NDArray[np.int32]) -> Digits:
    """Values 0 to 35 of digits and capital letters."""
    values: Digits = np.where(capitals <= 0x39, capitals - 0x30, capitals - 0x37).astype(np.int64)
    return values


class IdTexts:
    """A choice of kinds among which texts are told apart.

    A text is the first kind it is valid for, kinds whose usual written form it has before others. The same holds for
    masks, so kinds are permuted apart; texts of no kind are permuted within their character classes and
    become none.

    Args:
        schemes: Kinds, the most specific first.
        separators: Characters that may stand between symbols, anywhere.
    """

    def __init__(self, schemes: Sequence[Scheme], separators: str = " -./+") -> None:
        self.schemes, self.separators = tuple(schemes), separators

    def mask(self, draw: Draw, masker: Masker = permuted) -> pl.Series:
        """Masks texts, keeping punctuation, capitals and small letters."""
        text = draw.text
        compact, kinds, usual = self._read(text)
        codes = text.codes.copy()
        for number in np.unique(kinds[kinds >= 0]).tolist():
            scheme = self.schemes[number]
            rows = np.flatnonzero(kinds == number)
            places = compact.places(rows, len(scheme.form))
            values = symbol_values(compact.capitals(places))
            masked = masker(scheme, values, draw.hash, self._same_kind(number, usual[rows]))
            write(codes, places, np.where(masked <= 9, masked + 0x30, masked + 0x37).astype(np.int32))
        result = TextArray(codes, text.offsets).to_series()
        others = np.flatnonzero(kinds < 0)
        if not len(others):
            return result
        return merge_rows(result, others, scrambled_outside(draw, others, self.matches))

    def matches(self, text: TextArray) -> Flags:
        """Which texts are of any kind."""
        flags: Flags = self._read(text)[1] >= 0
        return flags

    def _read(self, text: TextArray) -> tuple[Compact, NDArray[np.int64], NDArray[np.bool_]]:
        """Texts without punctuation, their kinds (-1 for none), and (n, kinds) whether they have usual forms."""
        compact = Compact(text, self.separators)
        kinds = np.full(len(text), -1, np.int64)
        usual = np.zeros((len(text), len(self.schemes)), np.bool_)
        lengths = {len(scheme.form) for scheme in self.schemes}
        for length in sorted(lengths):
            rows = np.flatnonzero(compact.fine & (compact.count == length))
            if not len(rows):
                continue
            written = text.take(rows).to_series()
            for number, scheme in enumerate(self.schemes):
                if len(scheme.form) == length and scheme.written:
                    usual[rows, number] = written.str.contains(scheme.written).to_numpy()
            values = symbol_values(compact.capitals(compact.places(rows, length)))
            kinds[rows] = self._kinds(values, usual[rows])
        return compact, kinds, usual

    def _kinds(self, values: Digits, usual: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Kinds of numbers of one length."""
        kinds = np.full(len(values), -1, np.int64)
        valid: dict[int, Flags] = {}
        for number, scheme in enumerate(self.schemes):
            if len(scheme.form) == values.shape[1]:
                valid[number] = scheme.valid(values)
                kinds[(kinds < 0) & valid[number] & usual[:, number]] = number
        for number, flags in valid.items():
            if not self.schemes[number].only_written:
                kinds[(kinds < 0) & flags] = number
        return kinds

    def _same_kind(self, number: int, usual: NDArray[np.bool_]) -> Callable[[Digits, NDArray[np.int64]], Flags]:
        length = len(self.schemes[number].form)
        alone = sum(len(scheme.form) == length for scheme in self.schemes) == 1

        def same_kind(values: Digits, rows: NDArray[np.int64]) -> Flags:
            if alone:
                return np.ones(len(values), np.bool_)
            flags: Flags = self._kinds(values, usual[rows]) == number
            return flags

        return same_kind
