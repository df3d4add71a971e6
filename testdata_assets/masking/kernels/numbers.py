"""The usual number, as `number_noise` moves it: a sign at most, digits and one point, up to 17 digits that count.

Floating-point operations are those of the general way, one by one and in its order: compiled without liberties, they
give the same bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.kernels.compiled import kernel
from testdata_assets.masking.kernels.texts import Bytes, Places

LONGEST = 64  # bytes of a number
CANONICAL = 24  # bytes at most: sign, 17 digits, 'e', '-' and two more
EXTRA = 24  # bytes that a number may grow by
_DIGITS = 17
_TENS = 10 ** np.arange(19, dtype=np.int64)
_OTHER, _NUMBER, _ZERO = 0, 1, 2


@kernel
def read(
    data: Bytes,
    offsets: Places,
    kinds: Bytes,
    heads: Places,
    scales: Places,
    canonical: Bytes,
    starts: Places,
    lengths: Places,
) -> int:
    """Takes numbers apart and writes their canonical form, one text for equal numbers.

    Args:
        data, offsets: n texts.
        kinds: Takes for each of the n: 0 for something else, 1 for a number, 2 for a zero.
        heads, scales: Take the digits of the k numbers that are not zero as an integer, and how many of them stand
            behind the point; room for n.
        canonical: Takes the canonical forms end to end; CANONICAL bytes for each of the n.
        starts, lengths: Take where the k forms lie.

    Returns:
        k.
    """
    count, end = 0, 0
    for row in range(len(offsets) - 1):
        kinds[row] = _OTHER
        place, last = offsets[row], offsets[row + 1]
        if last - place > LONGEST or last == place:
            continue
        negative = data[place] == 0x2D
        if negative:
            place += 1
        head, stripped, digits, scale, written, zeros, points = 0, 0, 0, 0, 0, 0, 0
        while place < last:
            code = int(np.int64(data[place]))
            if 0x30 <= code <= 0x39:
                written += 1
                scale += points
                if digits > 0 or code != 0x30:
                    digits += 1
                    if digits > _DIGITS:
                        break
                    head = head * 10 + (code - 0x30)
                    zeros += 1
                    if code != 0x30:
                        stripped, zeros = head, 0
            elif code == 0x2E and points == 0:
                points = 1
            else:
                break
            place += 1
        if place < last or written == 0:
            continue
        if digits == 0:
            kinds[row] = _ZERO
            continue
        kinds[row] = _NUMBER
        heads[count], scales[count] = head, scale
        starts[count] = end
        if negative:
            canonical[end] = 0x2D
            end += 1
        end = write_digits(canonical, end, stripped, digits - zeros)
        canonical[end] = 0x65
        end += 1
        power = zeros - scale
        if power < 0:
            canonical[end] = 0x2D
            end += 1
            power = -power
        end = write_digits(canonical, end, power, 2 if power >= 10 else 1)
        lengths[count] = end - starts[count]
        count += 1
    return count


@kernel
def write_digits(target: Bytes, place: int, number: int, digits: int) -> int:
    """Writes the last digits of a number; gives the place behind them."""
    end = place + digits
    rest = np.uint64(number)
    for at in range(end - 1, place - 1, -1):
        quotient = rest // np.uint64(10)
        target[at] = np.uint8(rest - quotient * np.uint64(10) + np.uint64(0x30))
        rest = quotient
    return end


@kernel
def _digits(number: int) -> int:
    """Digits of a number from 1."""
    digits = 1
    while digits < 19 and number >= _TENS[digits]:
        digits += 1
    return digits


@kernel
def _share(seed: np.uint64, span: np.uint64) -> np.uint64:
    """seed / 2**60 of the span, rounded down; both are below 2**60."""
    half, mask = np.uint64(30), np.uint64((1 << 30) - 1)
    high, low = seed >> half, seed & mask
    upper, lower = span >> half, span & mask
    middle = high * lower + low * upper + ((low * lower) >> half)
    return high * upper + (middle >> half)


@kernel
def _bell(first: np.uint64, second: np.uint64) -> float:
    """The sum of six uniform draws from 0 to 1."""
    total = 0.0
    for piece in range(3):
        total += np.float64((first >> np.uint64(16 * piece)) & np.uint64(0xFFFF)) / 65535.0
    for piece in range(3):
        total += np.float64((second >> np.uint64(16 * piece)) & np.uint64(0xFFFF)) / 65535.0
    return total


@kernel
def move(
    heads: Places,
    scales: Places,
    seeds: tuple[NDArray[np.uint64], NDArray[np.uint64]],
    ratio: float,
    amounts: NDArray[np.float64],
    amount_digits: Places,
    type_top: int,
    spread: float,
    count: int,
) -> None:
    """Moves numbers by noise, in place.

    Args:
        heads, scales: As `read` gives them.
        seeds: Two random words below 2**60 for each.
        ratio: Noise in proportion to the number.
        amounts, amount_digits: Noise in units of the last digit, by scale, and the digits of its whole part.
        type_top: One more than the greatest head that the type takes.
        spread: 0 for uniform noise, else the standard deviation of the sum of six draws.
        count: Numbers.
    """
    for at in range(count):
        head, scale = heads[at], scales[at]
        reach = min(np.float64(head) * ratio + amounts[scale], 1e17)
        top = min(_TENS[max(_digits(head), amount_digits[scale])], type_top)
        up = max(top - 1 - head, 0)
        down = head - 1
        seed = seeds[0][at]
        if spread > 0.0:
            delta = int(np.int64(np.rint((_bell(seed, seeds[1][at]) - 3.0) / spread * reach)))
            delta = min(max(delta, -down), up)
            if delta == 0:
                delta = 1 if (seed >> np.uint64(59) != np.uint64(0) and up > 0) or down == 0 else -1
            heads[at] = head + delta
        else:
            steps = max(np.int64(reach), 1)
            up, down = min(up, steps), min(down, steps)
            draw = np.int64(_share(seed, np.uint64(up + down)))
            heads[at] = head - down + draw + (1 if draw >= down else 0)


@kernel
def write(
    data: Bytes,
    offsets: Places,
    kinds: Bytes,
    heads: Places,
    scales: Places,
    target: Bytes,
    ends: Places,
    place: int,
) -> int:
    """Writes numbers in the form of others.

    Args:
        data, offsets, kinds: n texts and what `read` found them to be; zeros are copied, what is no number left out.
        heads, scales: The k numbers among them.
        target: Takes the texts from `place` on; room for theirs and EXTRA bytes for each.
        ends: Takes where each of the n ends.
        place: Where to begin.

    Returns:
        Where the last one ends.
    """
    at = 0
    for row in range(len(offsets) - 1):
        first, last = offsets[row], offsets[row + 1]
        if kinds[row] == _ZERO:
            for source in range(first, last):
                target[place] = data[source]
                place += 1
        elif kinds[row] == _NUMBER:
            head, scale = heads[at], scales[at]
            at += 1
            if data[first] == 0x2D:
                target[place] = 0x2D
                place += 1
                first += 1
            digits = max(_digits(head), scale + (0 if data[first] == 0x2E else 1))
            if scale == 0:
                place = write_digits(target, place, head, digits)
            else:
                # Behind the point there may be more digits than a word holds: leading zeros then.
                split = _TENS[min(scale, 18)]
                place = write_digits(target, place, head // split, digits - scale)
                target[place] = 0x2E
                place = write_digits(target, place + 1, head % split, scale)
        ends[row] = place
    return place
