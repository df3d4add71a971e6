"""Personal numbers of European countries: their parts, check symbols and usual written forms.

Sources: the issuing authorities' published rules. What each keeps is said in the transformer's documentation.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.transformers._checksums import Digits, ean, luhn, mod_11_10, number, spread, weighted
from testdata_assets.masking.transformers._forms import Flags
from testdata_assets.masking.transformers._id_schemes import (
    DIGITS,
    LETTERS,
    Atom,
    Birthday,
    Free,
    Part,
    Scheme,
    Within,
    value_of,
)


def _symbols(text: str) -> Digits:
    return np.array([value_of(symbol) for symbol in text], np.int64)


def _column(check: Digits) -> Digits:
    return check[:, None]


# --- United Kingdom: national insurance number, two letters, six digits, a letter A to D; no check digit.
_GB_FIRST, _GB_SECOND = "ABCEGHJKLMNOPRSTWXYZ", "ABCEGHJKLMNPRSTWXYZ"
_GB_UNUSED = np.array(
    [value_of(pair[0]) * 36 + value_of(pair[1]) for pair in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")]
)


def _gb_accepts(values: Digits) -> Flags:
    used: Flags = ~np.isin(values[:, 0] * 36 + values[:, 1], _GB_UNUSED)
    flags: Flags = used & (values[:, 8] <= value_of("D"))
    return flags


GB = Scheme(
    "GB",
    "AADDDDDDA",
    (Free(0, alphabet=_GB_FIRST), Free(1, alphabet=_GB_SECOND), Free(2, 3, 4, 5, 6, 7)),
    written=r"^[A-Za-z]{2} ?(?:\d\d ?){3}[A-Za-z]$",
    accepts=_gb_accepts,
)


# --- France: sex, year, month, department (2A and 2B for Corsica), commune and order, key of 97.
def _fr_check(values: Digits, _source: Digits) -> Digits:
    plain = values[:, :13].copy()
    letter = plain[:, 6]
    corsica = np.where(letter == 10, 1_000_000, np.where(letter == 11, 2_000_000, 0))
    plain[:, 6] = np.where(letter > 9, 0, letter)
    return spread(97 - (number(plain) - corsica) % 97, 2)


def _fr_accepts(values: Digits) -> Flags:
    letter = values[:, 6] > 9
    flags: Flags = ~letter | ((values[:, 5] == 2) & (values[:, 6] <= 11))
    return flags


FR = Scheme(
    "FR",
    "DDDDDD*DDDDDDDD",
    (Within(3, 5, (1, 13), outside_stays=True), Free(7, 8, 9, 10, 11, 12)),
    _fr_check,
    (13, 14),
    written=r"^\d \d\d \d\d \d[\dA-Za-z] \d{3} \d{3} \d\d$",
    accepts=_fr_accepts,
)


# --- Germany: tax identification number; of its first ten digits one occurs two or three times, others once at most.
class _OneRepeated(Part):
    """Ten digits of which exactly one is repeated: the places of the repeated one, and a choice of digits."""

    nominal = (120, 10, 9, 8, 7, 6, 5, 4, 3, 2)

    def __init__(self) -> None:
        self.patterns = [
            np.array([[place in chosen for place in range(10)] for chosen in itertools.combinations(range(10), count)])
            for count in (2, 3)
        ]
        self.pattern_of = np.zeros(1024, np.int64)
        for patterns in self.patterns:
            self.pattern_of[patterns @ (1 << np.arange(10))] = np.arange(len(patterns))

    @staticmethod
    def _repeated(values: Digits) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """How often each place's digit occurs, and whether that is more than once."""
        ten = values[:, :10]
        counts = (ten[:, :, None] == ten[:, None, :]).sum(axis=2)
        return counts, counts > 1

    def fits(self, values: Digits) -> Flags:
        counts, repeated = self._repeated(values)
        places = repeated.sum(axis=1)
        flags: Flags = (values[:, 0] != 0) & (places == counts.max(axis=1)) & ((places == 2) | (places == 3))
        return flags

    @staticmethod
    def _kept(repeated: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Places of digits when they first occur."""
        first: Flags = repeated & (np.cumsum(repeated, axis=1) == 1)
        return first | ~repeated

    def read(self, values: Digits) -> list[Atom]:
        _, repeated = self._repeated(values)
        triple = repeated.sum(axis=1) == 3
        order = np.argsort(~self._kept(repeated), axis=1, kind="stable")[:, :9]
        sequence = np.take_along_axis(values[:, :10], order, axis=1)
        pattern = self.pattern_of[repeated @ (1 << np.arange(10))]
        atoms: list[Atom] = [(pattern, np.where(triple, 120, 45))]
        for place in range(9):
            rank = sequence[:, place] - (sequence[:, :place] < sequence[:, [place]]).sum(axis=1)
            unused = triple & (place == 8)
            atoms.append((np.where(unused, 0, rank), np.where(unused, 1, 10 - place)))
        return atoms

    def write(self, values: Digits, atoms: list[Digits]) -> None:
        _, before = self._repeated(values)
        triple = before.sum(axis=1) == 3
        repeated = np.where(
            triple[:, None], self.patterns[1][atoms[0]], self.patterns[0][np.minimum(atoms[0], 44)]
        ).astype(np.bool_)
        sequence = np.stack(atoms[1:], axis=1)
        for place in range(7, -1, -1):
            sequence[:, place + 1 :] += sequence[:, place + 1 :] >= sequence[:, [place]]
        kept = self._kept(repeated)
        slot = np.cumsum(kept, axis=1) - 1
        first = np.argmax(repeated, axis=1)
        slot = np.where(repeated, np.take_along_axis(slot, first[:, None], axis=1), slot)
        values[:, :10] = np.take_along_axis(sequence, slot, axis=1)


DE = Scheme(
    "DE",
    "DDDDDDDDDDD",
    (_OneRepeated(),),
    lambda values, _: _column(mod_11_10(values[:, :10])),
    (10,),
    written=r"^\d\d \d{3} \d{3} \d{3}$",
)

# --- Italy: codice fiscale; surname and name letters, year, month letter, day (40 more for women), place, check letter.
_IT_ODD = np.array([1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23])


def _it_check(values: Digits, _source: Digits) -> Digits:
    symbol = np.where(values[:, :15] > 9, values[:, :15] - 10, values[:, :15])
    total = _IT_ODD[symbol[:, ::2]].sum(axis=1) + symbol[:, 1::2].sum(axis=1)
    return _column(total % 26 + 10)


def _two_digit_year(values: Digits, start: int) -> Digits:
    """00 as 2000, which was a leap year; no other year's leap day depends on its century."""
    return number(values[:, start : start + 2]) + 2000


IT = Scheme(
    "IT",
    "AAAAAADDADDADDDA",
    (
        Free(0, 1, 2, 3, 4, 5, alphabet=LETTERS),
        Birthday(8, 9, lambda values: _two_digit_year(values, 6), day_adds=(0, 40), letter=True),
        Free(11, alphabet="ABCDEFGHILM"),
        Free(12, 13, 14),
    ),
    _it_check,
    (15,),
)

# --- Spain: DNI of eight digits, NIE of X, Y or Z and seven digits; check letter.
_ES_LETTERS = _symbols("TRWAGMYFPDXBNJZSQVHLCKE")


def _es_check(values: Digits, _source: Digits) -> Digits:
    digits = values[:, :8].copy()
    digits[:, 0] -= np.where(digits[:, 0] > 9, value_of("X"), 0)
    return _column(_ES_LETTERS[number(digits) % 23])


ES_DNI = Scheme("ES", "DDDDDDDDA", (Free(0, 1, 2, 3, 4, 5, 6, 7),), _es_check, (8,))
ES_NIE = Scheme(
    "ES",
    "ADDDDDDDA",
    (Free(0, alphabet="XYZ"), Free(1, 2, 3, 4, 5, 6, 7)),
    _es_check,
    (8,),
)

# --- Netherlands: citizen service number, weights 9 to 2 and -1, modulo 11.
NL = Scheme(
    "NL",
    "DDDDDDDDD",
    (Free(0, 1, 2, 3, 4, 5, 6, 7),),
    lambda values, _: _column(weighted(values[:, :8], range(9, 1, -1)) % 11),
    (8,),
    written=r"^\d{4}\.\d\d\.\d{3}$",
    accepts=lambda values: number(values) > 0,
)


# --- Belgium: national number; the key of 97 tells the century, which stays.
def _be_keys(values: Digits) -> tuple[Digits, Digits]:
    nine = number(values[:, :9])
    return 97 - nine % 97, 97 - (nine + 2_000_000_000) % 97


def _be_is_2000(values: Digits) -> Flags:
    flags: Flags = number(values[:, 9:11]) == _be_keys(values)[1]
    return flags


def _be_year(values: Digits) -> Digits:
    return number(values[:, :2]) + np.where(_be_is_2000(values), 2000, 1900)


def _be_check(values: Digits, source: Digits) -> Digits:
    old, new = _be_keys(values)
    return spread(np.where(_be_is_2000(source), new, old), 2)


BE = Scheme(
    "BE",
    "DDDDDDDDDDD",
    (
        # Read and written before the serial number: the century hangs on a key that fits.
        Birthday(2, 4, _be_year, month_adds=(0, 20, 40)),
        Within(6, 9, (0, 1000), step=2),
    ),
    _be_check,
    (9, 10),
    written=r"^\d\d\.\d\d\.\d\d-\d{3}[.-]\d\d$",
)


# --- Sweden: personal number with two or four digits of the year; coordination numbers have 60 more in the day.
def _se(first: int) -> tuple[Part, ...]:
    def year(values: Digits) -> Digits:
        return number(values[:, :4]) if first else _two_digit_year(values, 0)

    return Birthday(first + 2, first + 4, year, day_adds=(0, 60)), Within(first + 6, first + 9, (0, 1000), step=2)


SE_LONG = Scheme(
    "SE",
    "DDDDDDDDDDDD",
    _se(2),
    lambda values, _: _column(luhn(values[:, 2:11])),
    (11,),
    written=r"^(?:19|20)\d{6}[-+]\d{4}$",
)
SE = Scheme(
    "SE",
    "DDDDDDDDDD",
    _se(0),
    lambda values, _: _column(luhn(values[:, :9])),
    (9,),
    written=r"^\d{6}[-+]\d{4}$",
)


# --- Norway: birth number; the individual number's band tells the century. D numbers add 40 to the day.
def _no_century(values: Digits) -> Digits:
    year, individual = number(values[:, 4:6]), number(values[:, 6:9])
    found = np.where(individual < 500, 1900, 0)
    found = np.where((individual >= 500) & (individual < 750) & (year >= 54), 1800, found)
    found = np.where((individual >= 500) & (year < 40), 2000, found)
    return np.where((individual >= 900) & (year >= 40), 1900, found)


def _no_check(values: Digits, _source: Digits) -> Digits:
    first = -weighted(values[:, :9], (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
    second = -(weighted(values[:, :9], (5, 4, 3, 2, 7, 6, 5, 4, 3)) + 2 * first) % 11
    return np.stack((first, second), axis=1)


NO = Scheme(
    "NO",
    "DDDDDDDDDDD",
    (
        Birthday(
            2, 0, lambda values: number(values[:, 4:6]) + _no_century(values), month_adds=(0, 40), day_adds=(0, 40)
        ),
        Within(6, 9, (0, 500, 750, 900, 1000), step=2),
    ),
    _no_check,
    (9, 10),
    written=r"^\d{6} \d{5}$",
    accepts=lambda values: _no_century(values) > 0,
)


# --- Denmark: CPR number; the seventh digit tells the century. No check digit since 2007.
def _dk_year(values: Digits) -> Digits:
    year, seventh = number(values[:, 4:6]), values[:, 6]
    century = np.where((seventh <= 3) | (np.isin(seventh, (4, 9)) & (year >= 37)), 1900, 2000)
    return year + np.where((seventh >= 5) & (seventh <= 8) & (year >= 58), 1800, century)


DK = Scheme(
    "DK",
    "DDDDDDDDDD",
    (Birthday(2, 0, _dk_year, day_adds=(0, 60)), Within(7, 10, (0, 1000), step=2)),
    written=r"^\d{6}-\d{4}$",
)

# --- Finland: personal identity code; the sign between date and number tells the century.
_FI_SYMBOLS = _symbols("0123456789ABCDEFHJKLMNPRSTUVWXY")


def _fi_parts(sign: int) -> tuple[Part, ...]:
    def year(values: Digits) -> Digits:
        new = values[:, 6] <= value_of("F") if sign else np.zeros(len(values), np.bool_)
        return number(values[:, 4:6]) + np.where(new, 2000, 1900)

    return Birthday(2, 0, year), Within(6 + sign, 9 + sign, (2, 900), step=2)


def _fi_check(values: Digits, sign: int) -> Digits:
    nine = np.concatenate((values[:, :6], values[:, 6 + sign : 9 + sign]), axis=1)
    return _column(_FI_SYMBOLS[number(nine) % 31])


FI_SIGN = Scheme(
    "FI",
    "DDDDDDDDD*",
    _fi_parts(0),
    lambda values, _: _fi_check(values, 0),
    (9,),
    written=r"^\d{6}[-+]\d{3}[0-9A-Za-z]$",
    only_written=True,
)
FI_LETTER = Scheme(
    "FI",
    "DDDDDDADDD*",
    _fi_parts(1),
    lambda values, _: _fi_check(values, 1),
    (10,),
    written=r"^\d{6}[A-Fa-fU-Yu-y]\d{3}[0-9A-Za-z]$",
    only_written=True,
)

# --- Poland: PESEL; the month tells the century.
_PL_CENTURIES = np.array([1900, 2000, 2100, 2200, 1800])
PL = Scheme(
    "PL",
    "DDDDDDDDDDD",
    (
        Birthday(
            2,
            4,
            lambda values: number(values[:, :2]) + _PL_CENTURIES[number(values[:, 2:4]) // 20],
            month_adds=(0, 20, 40, 60, 80),
        ),
        Within(6, 10, (0, 10_000), step=2),
    ),
    lambda values, _: _column(-weighted(values[:, :10], (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10),
    (10,),
)

# --- Switzerland: AHV number, the country's 756 first.
CH = Scheme(
    "CH",
    "DDDDDDDDDDDDD",
    (Free(3, 4, 5, 6, 7, 8, 9, 10, 11, alphabet=DIGITS),),
    lambda values, _: _column(ean(values[:, :12])),
    (12,),
    written=r"^756\.\d{4}\.\d{4}\.\d\d$",
    accepts=lambda values: number(values[:, :3]) == 756,
)

EUROPE = (GB, FR, DE, IT, ES_DNI, ES_NIE, NL, BE, SE_LONG, SE, NO, DK, FI_SIGN, FI_LETTER, PL, CH)
