"""Account numbers by country as SWIFT's IBAN registry lists them, and the check digits that countries add.

A line is a country and its BBAN: `4a6n|8n` is four letters and six digits naming bank and branch, then eight digits
of the account. n is a digit, a a capital letter, c either; k and K are digits and letters that never change
(reserved places, currencies).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import numpy as np

from testdata_assets.masking.transformers._checksums import Digits, luhn, mod_11_10, number, remainder, spread, weighted
from testdata_assets.masking.transformers._id_schemes import LETTERS, Free, Part, SameKind, Scheme, value_of

_BBANS = """
AD 4n4n|12c     AE 3n|16n       AL 8n|16c       AT 5n|11n       AZ 4a|20c       BA 3n3n|8n2n    BE 3n|7n2n
BG 4a4n|2n8c    BH 4a|14c       BI 5n5n|11n2n   BR 8n5n|10n1a1c BY 4c4n|16c     CH 5n|12c       CR 4n|14n
CY 3n5n|16c     CZ 4n|16n       DE 8n|10n       DJ 5n5n|11n2n   DK 4n|10n       DO 4c|20n       EE 2n|14n
EG 4n4n|17n     ES 4n4n|2n10n   FI 3n|11n       FK 2a|12n       FO 4n|10n       FR 5n5n|11c2n   GB 4a6n|8n
GE 2a|16n       GI 4a|15c       GL 4n|10n       GR 3n4n|16c     GT 4c|20c       HN 4a|20n       HR 7n|10n
HU 8n|16n       IE 4a6n|8n      IL 3n3n|13n     IQ 4a3n|12n     IS 4n|18n       IT 1a|5n5n|12c  JO 4a4n|18c
KW 4a|22c       KZ 3n|13c       LB 4n|20c       LC 4a|24c       LI 5n|12c       LT 5n|11n       LU 3n|13c
LV 4a|13c       LY 3n3n|15n     MC 5n5n|11c2n   MD 2c|18c       ME 3n|15n       MK 3n|10c2n     MN 4n|12n
MR 5n5n|11n2n   MT 4a5n|18c     MU 4a2n2n|12n3k3K               NI 4a|20n       NL 4a|10n       NO 4n|7n
OM 3n|16c       PK 4a|16c       PL 8n|16n       PS 4a|21c       PT 4n4n|13n     QA 4a|21c       RO 4a|16c
RS 3n|15n       RU 9n5n|15c     SA 2n|18c       SC 4a2n2n|16n3K SD 2n|12n       SE 3n|17n       SI 5n|10n
SK 4n|16n       SM 1a|5n5n|12c  SO 4n3n|12n     ST 4n4n|13n     SV 4a|20n       TL 3n|16n       TN 2n3n|15n
TR 5n|1k16c     UA 6n|19c       VA 3n|15n       VG 4a|16n       XK 4n|12n       YE 4a4n|18c
"""
_HEAD = 4  # country and check digits

# Odd places of Italian account numbers count by this table, as in the fiscal code.
_ODD = np.array([1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23])
_FRENCH = np.array([*range(10), *(int(digit) for digit in "12345678912345678923456789")], np.int64)


def _belgian(bban: Digits) -> Digits:
    rest = number(bban[:, :10]) % 97
    return spread(np.where(rest == 0, 97, rest), 2)


def _spanish(bban: Digits) -> Digits:
    weights = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)
    sums = np.stack((weighted(bban[:, :8], weights[2:]), weighted(bban[:, 10:], weights)), axis=1)
    check = 11 - sums % 11
    digits: Digits = np.where(check >= 10, 11 - check, check)
    return digits


def _french(bban: Digits) -> Digits:
    digits = _FRENCH[bban]
    total = 89 * number(digits[:, :5]) + 15 * number(digits[:, 5:10]) + 3 * number(digits[:, 10:21])
    return spread(97 - total % 97, 2)


def _italian(bban: Digits) -> Digits:
    symbol = np.where(bban[:, 1:] > 9, bban[:, 1:] - 10, bban[:, 1:])
    total: Digits = _ODD[symbol[:, ::2]].sum(axis=1) + symbol[:, 1::2].sum(axis=1)
    return (total % 26 + 10)[:, None]


def _norwegian(bban: Digits) -> Digits:
    return (-weighted(bban[:, :10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11)[:, None]


def _finnish(bban: Digits) -> Digits:
    return luhn(bban[:, :13])[:, None]


def _polish(bban: Digits) -> Digits:
    return (-weighted(bban[:, :7], (3, 9, 7, 1, 3, 9, 7)) % 10)[:, None]


def _croatian(bban: Digits) -> Digits:
    return np.stack((mod_11_10(bban[:, :6]), mod_11_10(bban[:, 7:16])), axis=1)


def _ninety_seven(bban: Digits) -> Digits:
    """Two digits that leave the number with a remainder of 1 (ISO/IEC 7064 MOD 97-10)."""
    shifted = np.concatenate((bban[:, :-2], np.zeros((len(bban), 2), np.int64)), axis=1)
    return spread(98 - remainder(shifted, 97), 2)


# Country: how the check digits follow, and their places in the BBAN.
_NATIONAL: dict[str, tuple[Callable[[Digits], Digits], tuple[int, ...]]] = {
    "BE": (_belgian, (10, 11)),
    "ES": (_spanish, (8, 9)),
    "FI": (_finnish, (13,)),
    "FR": (_french, (21, 22)),
    "HR": (_croatian, (6, 16)),
    "IT": (_italian, (0,)),
    "MC": (_french, (21, 22)),
    "NO": (_norwegian, (10,)),
    "PL": (_polish, (7,)),
    "SM": (_italian, (0,)),
}
_NATIONAL |= {
    country: (_ninety_seven, (length - 2, length - 1))
    for country, length in (("BA", 16), ("ME", 18), ("MK", 15), ("PT", 21), ("RS", 18), ("SI", 15), ("TL", 19))
}


def _iban_check(values: Digits) -> Digits:
    """Check digits of ISO 13616: with them, the number (country last) leaves 1 when divided by 97."""
    head = values[:, :_HEAD].copy()
    head[:, 2:] = 0
    return spread(98 - remainder(np.concatenate((values[:, _HEAD:], head), axis=1), 97), 2)


def _scheme(country: str, bban: str, keep_bank: bool, national: bool) -> Scheme:
    signs, bank = "", []
    *heads, account = bban.split("|")
    for piece in (*heads, account):
        run = "".join(sign * int(count) for count, sign in re.findall(r"(\d+)([nackK])", piece))
        bank += [piece is not account] * len(run)
        signs += run
    check, check_at = _NATIONAL[country] if national else (None, ())
    parts: list[Part] = []
    for place, sign in enumerate(signs):
        if (keep_bank and bank[place]) or place in check_at:
            continue
        at = place + _HEAD
        if sign in "nac":
            parts.append(Free(at) if sign == "n" else SameKind(at) if sign == "c" else Free(at, alphabet=LETTERS))

    def checks(values: Digits, _source: Digits) -> Digits:
        if check is None:
            return _iban_check(values)
        due = check(values[:, _HEAD:])
        complete = values.copy()
        complete[:, [place + _HEAD for place in check_at]] = due
        return np.concatenate((_iban_check(complete), due), axis=1)

    form = signs.translate(str.maketrans("nackK", "DA*DA"))
    return Scheme(
        f"{country} {'national' if national else 'plain'}",
        "AADD" + form,
        tuple(parts),
        checks,
        (2, 3, *(place + _HEAD for place in check_at)),
        accepts=lambda values: (values[:, :2] == [value_of(letter) for letter in country]).all(axis=1),
        prefix=country,
    )


@cache
def iban_schemes(keep_bank: bool) -> tuple[Scheme, ...]:
    """All countries' account numbers; those with sound national check digits apart from, and before, others."""
    countries = dict(re.findall(r"([A-Z]{2}) (\S+)", _BBANS))
    strict = [_scheme(country, countries[country], keep_bank, True) for country in _NATIONAL]
    return (*strict, *(_scheme(country, bban, keep_bank, False) for country, bban in countries.items()))
