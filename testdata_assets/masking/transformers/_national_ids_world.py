"""Personal numbers of countries outside Europe: their parts, check symbols and usual written forms.

Sources: the issuing authorities' published rules. What each keeps is said in the transformer's documentation.
"""

from __future__ import annotations

import numpy as np

from testdata_assets.masking.hashing import Words
from testdata_assets.masking.transformers._checksums import Digits, luhn, number, spread, verhoeff, weighted
from testdata_assets.masking.transformers._forms import Flags
from testdata_assets.masking.transformers._id_schemes import Birthday, Free, Scheme, Within, value_of

# --- United States: social security number; area, group, serial.
_US_UNISSUED_AREAS, _US_GROUPS, _US_SERIALS = 100, 49, 9999


def _us_accepts(values: Digits) -> Flags:
    area, group, serial = (number(values[:, start:stop]) for start, stop in ((0, 3), (3, 5), (5, 9)))
    flags: Flags = (area > 0) & (area != 666) & (area < 900) & (group > 0) & (serial > 0)
    return flags


US = Scheme(
    "US",
    "DDDDDDDDD",
    (Free(*range(9)),),
    written=r"^\d{3}[- ]\d\d[- ]\d{4}$",
    accepts=_us_accepts,
)
# All of the form, whether they could be issued or not.
US_ANY = Scheme("US", "DDDDDDDDD", (Free(*range(9)),), written=US.written)


def never_issued(values: Digits, draws: Words) -> Digits:
    """Numbers that neither the Social Security Administration nor the tax office issues.

    Areas 900 to 999 are no social security numbers, and taxpayer numbers (ITIN, ATIN) in them have groups
    of 50 and more; these have groups 01 to 49.

    Args:
        values: (n, 9) digits; no result equals its input.
        draws: n random words below 2**60.
    """
    count = np.uint64(_US_UNISSUED_AREAS * _US_GROUPS * _US_SERIALS)

    def digits(index: Words) -> Digits:
        rest, serial = np.divmod(index.astype(np.int64), _US_SERIALS)
        area, group = np.divmod(rest, _US_GROUPS)
        return spread((area + 900) * 1_000_000 + (group + 1) * 10_000 + serial + 1, 9)

    chosen = draws % count
    result = digits(chosen)
    same = (result == values).all(axis=1)
    result[same] = digits((chosen[same] + np.uint64(1)) % count)
    return result


# --- Canada: social insurance number; the first digit tells the province, and 0 and 8 are not in use.
CA = Scheme(
    "CA",
    "DDDDDDDDD",
    (Free(1, 2, 3, 4, 5, 6, 7),),
    lambda values, _: luhn(values[:, :8])[:, None],
    (8,),
    written=r"^\d{3}[- ]\d{3}[- ]\d{3}$",
    accepts=lambda values: (values[:, 0] != 0) & (values[:, 0] != 8),
)

# --- Australia: tax file number of nine digits, weighted sum a multiple of 11; the last weight is 10, that is -1.
AU = Scheme(
    "AU",
    "DDDDDDDDD",
    (Free(0, 1, 2, 3, 4, 5, 6, 7),),
    lambda values, _: (weighted(values[:, :8], (1, 4, 3, 7, 5, 8, 6, 9)) % 11)[:, None],
    (8,),
    written=r"^\d{3} \d{3} \d{3}$",
)


# --- Brazil: CPF, two check digits modulo 11.
def _br_check(values: Digits, _source: Digits) -> Digits:
    first = -weighted(values[:, :9], range(10, 1, -1)) % 11 % 10
    second = -(weighted(values[:, :9], range(11, 2, -1)) + 2 * first) % 11 % 10
    return np.stack((first, second), axis=1)


BR = Scheme(
    "BR",
    "DDDDDDDDDDD",
    (Free(*range(9)),),
    _br_check,
    (9, 10),
    written=r"^\d{3}\.\d{3}\.\d{3}-\d\d$",
    accepts=lambda values: (values != values[:, [0]]).any(axis=1),
)

# --- India: Aadhaar, Verhoeff's check digit; neither begins with 0 or 1 nor reads the same backwards.
IN = Scheme(
    "IN",
    "DDDDDDDDDDDD",
    (Free(0, alphabet="23456789"), Free(*range(1, 11))),
    lambda values, _: verhoeff(values[:, :11])[:, None],
    (11,),
    written=r"^\d{4}[ -]\d{4}[ -]\d{4}$",
    accepts=lambda values: (values != values[:, ::-1]).any(axis=1),
)

# --- China: resident identity number (GB 11643), ISO/IEC 7064 MOD 11-2; the last place may be X.
_CN_WEIGHTS = tuple(2**power % 11 for power in range(17, 0, -1))


def _cn_check(values: Digits, _source: Digits) -> Digits:
    check = (1 - weighted(values[:, :17], _CN_WEIGHTS)) % 11
    return np.where(check == 10, value_of("X"), check)[:, None]


CN = Scheme(
    "CN",
    "DDDDDDDDDDDDDDDDD*",
    (Birthday(10, 12, lambda values: number(values[:, 6:10])), Within(14, 17, (0, 1000), step=2)),
    _cn_check,
    (17,),
)

# --- South Africa: birth date, serial (from 5000 for men), citizenship, an old digit, Luhn's check digit.
ZA = Scheme(
    "ZA",
    "DDDDDDDDDDDDD",
    (
        Birthday(2, 4, lambda values: number(values[:, :2]) + 2000),
        Within(6, 10, (0, 5000, 10_000)),
    ),
    lambda values, _: luhn(values[:, :12])[:, None],
    (12,),
    written=r"^\d{6} \d{4} \d{2} ?\d$",
    accepts=lambda values: values[:, 10] <= 1,
)


# --- Turkey: identity number, two check digits.
def _tr_check(values: Digits, _source: Digits) -> Digits:
    odd, even = values[:, 0:9:2].sum(axis=1), values[:, 1:9:2].sum(axis=1)
    first = (7 * odd - even) % 10
    return np.stack((first, (odd + even + first) % 10), axis=1)


TR = Scheme(
    "TR",
    "DDDDDDDDDDD",
    (Free(0, alphabet="123456789"), Free(*range(1, 9))),
    _tr_check,
    (9, 10),
)

WORLD = (CA, AU, BR, IN, CN, ZA, TR)
