"""Where country code, area and subscriber digits lie in texts that may be phone numbers.

Every decision is made on what masking keeps (punctuation, number of digits, leading digits), so that a
masked number is read the same way as its original: that is what makes the mask a bijection.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.permutation import default_classes
from testdata_assets.masking.text_arrays import Positions, TextArray, ragged_indices, running

# ITU-T E.164 country codes of one and two digits; all others have three.
_ONE_DIGIT = (1, 7)
_TWO_DIGITS = (
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58,
    60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
)  # fmt: skip
_NO_TRUNK_ZERO = (39, 378)  # countries whose numbers keep a leading zero after the country code
SHORTEST, LONGEST = 7, 15
_SUBSCRIBER = 7  # digits redrawn in numbers of nine and more
_LOOK = 14  # leading digits ever kept or looked at
_EXTENSIONS = ("x", "ext", "extension")


def _code_lengths() -> NDArray[np.int64]:
    """Length of the country code by a number's first three digits."""
    lengths = np.full(1000, 3, np.int64)
    for code in _TWO_DIGITS:
        lengths[code * 10 : code * 10 + 10] = 2
    for code in _ONE_DIGIT:
        lengths[code * 100 : code * 100 + 100] = 1
    return lengths


_CODE_LENGTHS = _code_lengths()


@cache
def _kept_digits() -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """National digits to keep: (country, national length, first two digits), and by North American area."""
    lengths = np.arange(LONGEST + 1)
    usual = np.where(lengths >= 9, lengths - _SUBSCRIBER, np.clip(lengths - 4, 0, 2))
    kept = np.tile(usual.astype(np.int8)[None, :, None], (1000, 1, 100))
    areas = np.full(1000, 3, np.int8)
    text = files("testdata_assets.masking.data").joinpath("phone_prefixes.txt").read_text(encoding="ascii")
    for line in text.splitlines()[1:]:
        code, length, most, *odd = line.split()
        if code == "1":
            for entry in odd if length == "10" else ():
                areas[int(entry[:3])] = int(entry[4:])
        else:
            row = kept[int(code), int(length)]
            row[:] = int(most)
            for entry in odd:
                row[int(entry[:2])] = int(entry[3:])
    return kept, areas


def kernel_tables() -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int8]]:
    """Lengths of country codes by three leading digits, and the digits to keep by country and by area."""
    return _CODE_LENGTHS, *_kept_digits()


@dataclass(frozen=True)
class PhoneForm:
    """How n texts read as phone numbers.

    Attributes:
        is_number: n flags; the rest is no phone number.
        kept: Positions of characters to keep in those that are.
        exchange: Positions of digits that begin a North American exchange.
        tweak: n words: country and area, however they are punctuated.
    """

    is_number: NDArray[np.bool_]
    kept: Positions
    exchange: Positions
    tweak: NDArray[np.uint64]


def read_phones(text: TextArray, country_code: int) -> PhoneForm:
    """Reads texts as phone numbers.

    Args:
        text: n texts.
        country_code: Country of numbers without + or 00; 0 where it is unknown.
    """
    codes = text.codes
    digit = (codes >= 0x30) & (codes <= 0x39)
    lettered = (default_classes(codes) != FIXED) & ~digit
    before = running(digit)
    starts = before[text.offsets[:-1]]
    first_letter = text.first(lettered)
    counts = before[first_letter] - starts
    extension = _extension_lengths(text, lettered, first_letter)
    is_number = (extension >= 0) & (counts >= SHORTEST) & (counts <= LONGEST)

    where = np.append(np.flatnonzero(digit), len(codes))
    looked = where[np.minimum(starts[:, None] + np.arange(_LOOK), len(where) - 1)]
    digits = np.append(codes, 0x30).astype(np.int64)[looked] - 0x30
    plus_before = running(codes == 0x2B)
    first_digit = np.minimum(looked[:, 0], text.offsets[1:])
    plus = plus_before[first_digit] > plus_before[text.offsets[:-1]]
    code, skipped, kept, exchange = national_parts(digits, counts, plus, country_code)

    rows = np.flatnonzero(is_number)
    kept_digits = where[ragged_indices(starts[rows], (skipped + kept)[rows])]
    words = ragged_indices(first_letter[rows], extension[rows])
    exchange_rows = np.flatnonzero(is_number & exchange)
    tweak = code.copy()
    for place in range(_LOOK):
        inside = (place >= skipped) & (place < skipped + kept)
        tweak = np.where(inside, tweak * 10 + digits[:, place], tweak)
    return PhoneForm(
        is_number=is_number,
        kept=np.concatenate((kept_digits, words)),
        exchange=where[(starts + skipped + kept)[exchange_rows]],
        tweak=np.where(is_number, tweak, 0).astype(np.uint64),
    )


def national_parts(
    digits: NDArray[np.int64], counts: Positions, plus: NDArray[np.bool_], country_code: int
) -> tuple[Positions, Positions, Positions, NDArray[np.bool_]]:
    """Country code, digits before the national number, digits of it to keep, and whether an exchange follows."""
    zero = digits == 0
    double_zero = ~plus & zero[:, 0] & zero[:, 1] & (counts >= 10)
    abroad = plus | double_zero
    prefix = np.where(double_zero, 2, 0)
    rows = np.arange(len(digits))
    three = [digits[rows, prefix + place] for place in range(3)]
    leading = three[0] * 100 + three[1] * 10 + three[2]
    code_length = _CODE_LENGTHS[leading]
    code = np.where(abroad, leading // 10 ** (3 - code_length), country_code)
    skipped = np.where(abroad, prefix + code_length, 0)

    plain_north = ~abroad & np.isin(country_code, (0, 1))
    with_one = plain_north & (counts == 11) & (digits[:, 0] == 1) & (digits[:, 1] >= 2)
    without = plain_north & (counts == 10) & (digits[:, 0] >= 2)
    skipped = np.where(with_one, 1, skipped)
    code = np.where(with_one | without, 1, code)

    national = counts - skipped
    trunk = zero[rows, np.minimum(skipped, _LOOK - 1)] & (national >= 9) & ~np.isin(code, _NO_TRUNK_ZERO)
    skipped = skipped + trunk
    national = national - trunk
    by_country, by_area = _kept_digits()
    two = digits[rows, np.minimum(skipped, _LOOK - 1)] * 10 + digits[rows, np.minimum(skipped + 1, _LOOK - 1)]
    area = two * 10 + digits[rows, np.minimum(skipped + 2, _LOOK - 1)]
    kept = by_country[code, np.clip(national, 0, LONGEST), two].astype(np.int64)
    north = (code == 1) & (national == 10)
    kept = np.where(north, by_area[area], kept)
    local = plain_north & (counts == 7)
    kept = np.where(local, 0, kept)
    return code, skipped, kept, local | (north & (kept == 3))


def _extension_lengths(text: TextArray, lettered: NDArray[np.bool_], first_letter: Positions) -> NDArray[np.int64]:
    """Length of each text's one word where that announces an extension; 0 without letters; -1 otherwise."""
    letters = text.count(lettered)
    result = np.where(letters == 0, 0, -1)
    lower = characters().lower
    for word in _EXTENSIONS:
        rows = np.flatnonzero((letters == len(word)) & (first_letter + len(word) <= text.offsets[1:]))
        found = lower[text.codes[first_letter[rows, None] + np.arange(len(word))]]
        result[rows[(found == [ord(letter) for letter in word]).all(axis=1)]] = len(word)
    return result
