"""Check digits of identification numbers, over arrays of digits.

Every function takes an (n, k) array of digit values, the check digits left out, and returns n values. Where a
number has no check digit (a remainder of 10 and only ten digits), the value returned is above 9.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Digits = NDArray[np.int64]

_LUHN = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], np.int64)


def _dihedral() -> tuple[Digits, Digits, Digits]:
    """Verhoeff's tables: multiplication in the dihedral group of order ten, powers of his permutation, inverses."""
    first, second = np.divmod(np.arange(10), 5)
    flips, turns = first[:, None], second[:, None]
    product = (flips + first) % 2 * 5 + np.where(flips == 0, turns + second, turns - second) % 5
    step = np.array([1, 5, 7, 6, 2, 8, 3, 0, 9, 4])
    powers = [np.arange(10)]
    for _ in range(7):
        powers.append(step[powers[-1]])
    inverse = np.array([int(np.flatnonzero(row == 0)[0]) for row in product])
    return product.astype(np.int64), np.stack(powers).astype(np.int64), inverse.astype(np.int64)


_PRODUCT, _POWERS, _INVERSE = _dihedral()


def weighted(digits: Digits, weights: Sequence[int]) -> Digits:
    """Weighted sums."""
    total: Digits = digits @ np.array(weights, np.int64)
    return total


def luhn(digits: Digits) -> Digits:
    """Luhn's check digit (ISO/IEC 7812-1, annex B)."""
    doubled = digits.copy()
    doubled[:, ::-1][:, ::2] = _LUHN[digits[:, ::-1][:, ::2]]
    total: Digits = -doubled.sum(axis=1) % 10
    return total


def verhoeff(digits: Digits) -> Digits:
    """Verhoeff's check digit."""
    state = np.zeros(len(digits), np.int64)
    for place in range(1, digits.shape[1] + 1):
        state = _PRODUCT[state, _POWERS[place % 8, digits[:, -place]]]
    found: Digits = _INVERSE[state]
    return found


def mod_11_10(digits: Digits) -> Digits:
    """The hybrid system MOD 11,10 of ISO/IEC 7064."""
    state = np.full(len(digits), 10, np.int64)
    for digit in digits.T:
        state = (state + digit) % 10
        state = np.where(state == 0, 10, state) * 2 % 11
    check: Digits = (11 - state) % 10
    return check


def ean(digits: Digits) -> Digits:
    """GS1's check digit: weights 3 and 1 from the right."""
    weights = [3 if place % 2 == 0 else 1 for place in range(digits.shape[1])][::-1]
    check: Digits = -weighted(digits, weights) % 10
    return check


def number(digits: Digits) -> Digits:
    """The number that up to 18 digits form."""
    value = np.zeros(len(digits), np.int64)
    for digit in digits.T:
        value = value * 10 + digit
    return value


def remainder(digits: Digits, modulus: int) -> Digits:
    """The remainder of a number of any length; digits may be two-digit values of letters (ISO 13616)."""
    value = np.zeros(len(digits), np.int64)
    for digit in digits.T:
        value = (value * np.where(digit > 9, 100, 10) + digit) % modulus
    return value


def spread(value: Digits, places: int) -> Digits:
    """(n, places) digits of numbers."""
    digits: Digits = value[:, None] // 10 ** np.arange(places - 1, -1, -1, dtype=np.int64) % 10
    return digits
