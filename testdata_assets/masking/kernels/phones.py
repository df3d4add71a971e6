"""The usual phone number, taken apart and put together again around the permutation of its last digits.

Usual is an ASCII text without letters, with 7 to 15 digits and a + at most in front, of which at least two change. All
digits of a number are one integer, so that what stays, what is permuted and the tweak are quotients and remainders.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.kernels.compiled import kernel
from testdata_assets.masking.kernels.texts import Bytes, Places

_SHORTEST, _LONGEST = 7, 15  # digits
_LONGEST_TEXT = 255  # bytes
_TENS = 10 ** np.arange(17, dtype=np.int64)
_KEEPS_ZERO, _ALSO_KEEPS = 39, 378  # the countries whose numbers keep a leading zero after their code


# Arrays are not handed to functions called for every value: counting references to them would cost more than the rest.


@kernel
def _digit(digits: int, place: int) -> int:
    """One of the digits, 0 behind the last."""
    return (digits >> (4 * place)) & 15


@kernel
def _prefix(digits: int, count: int, plus: bool) -> int:
    """Digits before the country code: 2 for 00; -1 where there is no country code."""
    if plus:
        return 0
    return 2 if digits & 0xFF == 0 and count >= 10 else -1


@kernel
def _country(digits: int, count: int, country: int, prefix: int, leading: int, length: int) -> tuple[int, int]:
    """Country code and digits before the national number, where that code has `length` of three `leading` digits."""
    code, skipped = country, 0
    if prefix >= 0:
        code, skipped = leading // (1 if length == 3 else 10 if length == 2 else 100), prefix + length
    elif country <= 1:
        if count == 11 and _digit(digits, 0) == 1 and _digit(digits, 1) >= 2:
            code, skipped = 1, 1
        elif count == 10 and _digit(digits, 0) >= 2:
            code = 1
    if _digit(digits, skipped) == 0 and count - skipped >= 9 and code != _KEEPS_ZERO and code != _ALSO_KEEPS:
        skipped += 1
    return code, skipped


@kernel
def read(
    data: Bytes,
    offsets: Places,
    limit: int,
    country: int,
    tables: tuple[Places, NDArray[np.int8], NDArray[np.int8]],
    done: NDArray[np.bool_],
    words: NDArray[np.uint64],
    bases: Places,
    free: Places,
) -> int:
    """Takes numbers apart.

    Args:
        data, offsets: n texts.
        limit: Bytes that a text has at most.
        country: Code of numbers without + or 00; 0 where it is unknown.
        tables: Lengths of country codes and digits to keep, see `_phone_numbers`.
        done: Takes for each of the n whether it is a usual number.
        words: (5, n or more); takes for the k usual ones the left and the right half of the digits to permute, their
            moduli, and the tweak.
        bases: Takes what to add to a permuted left half.
        free: Takes how many digits change.

    Returns:
        k.
    """
    code_lengths, by_country, by_area = tables
    at = 0
    for row in range(len(offsets) - 1):
        first, last = offsets[row], offsets[row + 1]
        done[row] = False
        if first == last or last - first > min(limit, _LONGEST_TEXT):
            continue
        # The digits, four bits each, the first one lowest.
        count, digits, usual = 0, 0, True
        for place in range(first, last):
            symbol = int(np.int64(data[place]))
            if 0x30 <= symbol <= 0x39:
                usual = usual and count < _LONGEST
                digits |= (symbol - 0x30) << (4 * (count & 15))
                count += 1
            elif symbol >= 0x80 or 0x61 <= (symbol | 0x20) <= 0x7A or (symbol == 0x2B and place > first):
                usual = False
        if not usual or count < _SHORTEST:
            continue
        prefix = _prefix(digits, count, data[first] == 0x2B)
        at_code = digits >> (4 * max(prefix, 0))
        leading = _digit(at_code, 0) * 100 + _digit(at_code, 1) * 10 + _digit(at_code, 2)
        code, skipped = _country(digits, count, country, prefix, leading, code_lengths[leading])
        national = count - skipped
        two = _digit(digits, skipped) * 10 + _digit(digits, skipped + 1)
        north = code == 1 and national == 10
        if prefix < 0 and country <= 1 and count == 7:
            kept, exchange = 0, True
        elif north:
            kept = int(np.int64(by_area[two * 10 + _digit(digits, skipped + 2)]))
            exchange = kept == 3
        else:
            kept, exchange = int(np.int64(by_country[code, national, two])), False
        change = count - skipped - kept
        if change < 2:
            continue
        tweak, left, right = code, 0, 0
        for place in range(skipped, skipped + kept):
            tweak = tweak * 10 + _digit(digits, place)
        middle = count - (change + 1) // 2
        for place in range(count - change, middle):
            left = left * 10 + _digit(digits, place)
        for place in range(middle, count):
            right = right * 10 + _digit(digits, place)
        modulus, base = _TENS[change // 2], 0
        if exchange:
            # A North American exchange begins with 2 to 9; one that does not keeps its 0 or 1.
            two = _TENS[change // 2 - 1] * 2
            if left < two:
                modulus = two
            else:
                modulus, base = modulus - two, two
        words[0, at], words[1, at] = np.uint64(left - base), np.uint64(right)
        words[2, at], words[3, at] = np.uint64(modulus), np.uint64(_TENS[(change + 1) // 2])
        words[4, at] = np.uint64(tweak)
        bases[at], free[at] = base, change
        done[row] = True
        at += 1
    return at


@kernel
def write(
    data: Bytes,
    offsets: Places,
    done: NDArray[np.bool_],
    left: NDArray[np.uint64],
    right: NDArray[np.uint64],
    bases: Places,
    free: Places,
    target: Bytes,
    ends: Places,
    end: int,
) -> int:
    """Writes the texts with permuted digits.

    Args:
        data, offsets, done, bases, free: As for `read`.
        left, right: Permuted halves of the k usual ones.
        target: Takes the usual texts from `end` on; room for all of them.
        ends: Takes where each of the n ends.
        end: Where to begin.

    Returns:
        Where the last one ends.
    """
    at = 0
    for row in range(len(offsets) - 1):
        if done[row]:
            first, last = offsets[row], offsets[row + 1]
            changing = np.uint64(np.int64(left[at]) + bases[at]) * np.uint64(_TENS[(free[at] + 1) // 2]) + right[at]
            remaining = free[at]
            for back in range(1, last - first + 1):
                symbol = data[last - back]
                if remaining > 0 and 0x30 <= symbol <= 0x39:
                    quotient = changing // np.uint64(10)
                    symbol = np.uint8(changing - quotient * np.uint64(10) + np.uint64(0x30))
                    changing = quotient
                    remaining -= 1
                target[end + (last - first) - back] = symbol
            end += last - first
            at += 1
        ends[row] = end
    return end
