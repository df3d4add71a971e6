"""phone: another number of the same country, area, length and punctuation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.permutation import default_classes, permute_text
from testdata_assets.masking.text_arrays import Positions, TextArray, merge_rows, running
from testdata_assets.masking.transformers.base import Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer

# ITU-T E.164 country codes of one and two digits; all others have three.
_ONE_DIGIT = (1, 7)
_TWO_DIGITS = (
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58,
    60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
)  # fmt: skip
# (country code, national digits): leading national digits to keep where the usual number is too few for
# numbers to stay assigned (measured with phonenumbers, see the tests).
_KEPT: dict[tuple[int, int], int] = {}
_SUBSCRIBER = 7  # digits redrawn
_SHORTEST, _LONGEST = 7, 15
_EXTENSIONS = ("x", "ext", "extension")
_LOOK = 20  # leading digits looked at


class PhoneParams(Params):
    """Parameters of `phone`."""

    country_code: str | None = Field(
        None, pattern=r"^[1-9]\d{0,2}$", description="Country of numbers without a leading + or 00."
    )


@register
class Phone(TextTransformer[PhoneParams]):
    """Keeps country code, area or carrier prefix, length, punctuation and the word before an extension.

    The digits after them are permuted by a key, so distinct numbers stay distinct; a North American
    exchange keeps beginning with 2 to 9. The same number with other punctuation masks to the same digits.
    What is no phone number (letters, fewer than 7 or more than 15 digits) is permuted whole.
    """

    name = "phone"
    summary = "Replaces a phone number, keeping country, area, length and punctuation."
    params_model = PhoneParams
    base_types = frozenset({"text", "int8", "numeric"})
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.MAY_COINCIDE,
        preserves_length=True,
        preserves_format=True,
    )

    def draw(self, draw: Draw) -> pl.Series:
        text = draw.text
        form = self._form(text)
        classes = default_classes(text.codes)
        classes[form.kept] = FIXED
        classes[form.exchange] = form.exchange_class
        if draw.context.column.base_type != "text" and draw.context.column.category == "N":
            first = text.offsets[:-1]
            open_first = (classes[first] == characters().class_of("0")) & (text.codes[first] != 0x30)
            classes[first[open_first]] = characters().special["digit_1_9"]
        result = permute_text(text, draw.hash, classes, form.tweak)
        # What is no number may become one, and then meet another number's mask: such ones walk on.
        rows = np.flatnonzero(~form.is_number)
        while len(rows):
            walking = result.take(rows)
            rows = rows[self._form(walking).is_number]
            if len(rows):
                again = permute_text(result.take(rows), draw.hash)
                result = TextArray.from_series(merge_rows(result.to_series(), rows, again.to_series()))
        return result.to_series()

    def _form(self, text: TextArray) -> _Form:
        """Finds country code, area and subscriber digits."""
        codes = text.codes
        digit = (codes >= 0x30) & (codes <= 0x39)
        letters = characters().kind.take(codes)
        lettered = (default_classes(codes) != FIXED) & ~digit
        before = running(digit)
        first_letter = text.first(lettered)
        counts = before[first_letter] - before[text.offsets[:-1]]
        plain = text.count(lettered) == 0
        extension = ~plain & _is_extension(text, first_letter)
        is_number = (plain | extension) & (counts >= _SHORTEST) & (counts <= _LONGEST)
        del letters

        where = np.append(np.flatnonzero(digit), len(codes))
        starts = before[text.offsets[:-1]]
        leading = np.append(codes, 0x30)[where[np.minimum(starts[:, None] + np.arange(6), len(where) - 1)]] - 0x30
        first_digit = np.minimum(where[np.minimum(starts, len(where) - 1)], text.offsets[1:])
        plus_before = running(codes == 0x2B)
        plus = plus_before[first_digit] > plus_before[text.offsets[:-1]]
        number = self._national(leading, counts, plus)

        exact = is_number & number.known
        kept = np.where(is_number, number.skipped + number.kept, 0)
        kept_positions = where[_spans(starts, kept)]
        north = is_number & number.north_american
        exchange = where[(starts + kept)[north]]
        low = codes[exchange] <= 0x31
        special = characters().special
        exchange_class = np.where(low, special["digit_0_1"], special["digit_2_9"]).astype(np.int16)
        fixed = _extension_words(text, first_letter, is_number & extension)
        tweak = np.where(exact, number.tweak, 0).astype(np.uint64)
        return _Form(is_number, np.concatenate((kept_positions, fixed)), exchange, exchange_class, tweak)

    def _national(self, leading: NDArray[np.int64], counts: Positions, plus: NDArray[np.bool_]) -> _National:
        raise NotImplementedError


@dataclass(frozen=True)
class _National:
    skipped: Positions
    kept: Positions
    known: NDArray[np.bool_]
    north_american: NDArray[np.bool_]
    tweak: Positions


@dataclass(frozen=True)
class _Form:
    is_number: NDArray[np.bool_]
    kept: Positions
    exchange: Positions
    exchange_class: NDArray[np.int16]
    tweak: NDArray[np.uint64]
