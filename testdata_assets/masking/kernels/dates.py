"""Dates and timestamps of the years 1 to 9999 in Postgres' ISO form: moved near by, or to another day of their year.

Usual is `YYYY-MM-DD`, for `timestamp_noise` also with ` HH:MM:SS`, up to six decimals and a zone as `+02` or `+05:30`.
A mask is as long as its original and differs from it in digits only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.kernels.compiled import kernel
from testdata_assets.masking.kernels.numbers import write_digits
from testdata_assets.masking.kernels.texts import Bytes, Places

CANONICAL = 32  # bytes at most: days, microseconds of the day, zone
_SECOND, _MINUTE, _DAY = 10**6, 60 * 10**6, 86_400 * 10**6
_FIRST, _LAST = -719162, 2932896  # days of 1 January of the year 1 and of 31 December 9999
_DATE, _CLOCK = 10, 19  # characters up to the day, and up to the second
_TENS = 10 ** np.arange(19, dtype=np.int64)
_FORM = np.frombuffer(b"0000-00-00 00:00:00", np.uint8)
_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365], np.int64)


@kernel
def _length_of_month(year: int, month: int) -> int:
    if month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        return 29
    return int(_BEFORE[month] - _BEFORE[month - 1])


@kernel
def _day_number(year: int, month: int, day: int) -> int:
    """Days from 1 January 1970; years are counted from March, see `_moments.days`."""
    from_march = year - (1 if month <= 2 else 0)
    of_year = (153 * (month + (9 if month <= 2 else -3)) + 2) // 5 + day - 1
    return from_march * 365 + from_march // 4 - from_march // 100 + from_march // 400 + of_year - 719468


@kernel
def _civil(number: int) -> tuple[int, int, int]:
    """Year, month and day of days from 1 January 1970, from _FIRST on."""
    since = number + 719468
    era, of_era = since // 146097, since % 146097
    of_era_year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * of_era_year + of_era_year // 4 - of_era_year // 100)
    from_march = (5 * of_year + 2) // 153
    month = from_march + (3 if from_march < 10 else -9)
    return era * 400 + of_era_year + (1 if month <= 2 else 0), month, of_year - (153 * from_march + 2) // 5 + 1


@kernel
def read_moments(
    data: Bytes,
    offsets: Places,
    done: NDArray[np.bool_],
    days: Places,
    micros: Places,
    decimals: Places,
    canonical: Bytes,
    starts: Places,
    lengths: Places,
) -> int:
    """Reads the usual moments and writes their canonical form, see `_moments.Moments`.

    Args:
        data, offsets: n texts.
        done: Takes for each of the n whether it is one.
        days, micros: Take the k moments: days from 1 January 1970 and microseconds of the day; room for n.
        decimals: Takes digits of a fraction of a second; -1 where there is no time.
        canonical: Takes the canonical forms end to end; CANONICAL bytes for each of the n.
        starts, lengths: Take where the k forms lie.

    Returns:
        k.
    """
    count, end = 0, 0
    for row in range(len(offsets) - 1):
        first, last = offsets[row], offsets[row + 1]
        size = last - first
        done[row] = False
        if size != _DATE and (size < _CLOCK or size > _CLOCK + 7 + 6):
            continue
        fields, good = 0, True
        for place in range(_DATE if size == _DATE else _CLOCK):
            symbol, form = int(np.int64(data[first + place])), int(np.int64(_FORM[place]))
            if form == 0x30:
                good = good and 0x30 <= symbol <= 0x39
                fields = fields * 10 + (symbol - 0x30)
            else:
                good = good and symbol == form
        micro, fraction, zone = 0, -1, size
        if size > _DATE:
            hour, minute, second = fields // 10**4 % 100, fields // 100 % 100, fields % 100
            fields //= 10**6
            good = good and hour < 24 and minute < 60 and second < 60
            micro, fraction, zone = (hour * 60 + minute) * _MINUTE + second * _SECOND, 0, _CLOCK
            if zone < size and data[first + zone] == 0x2E:
                zone += 1
                while zone < size and 0x30 <= data[first + zone] <= 0x39 and fraction < 6:
                    micro += int(np.int64(data[first + zone]) - 0x30) * _TENS[5 - fraction]
                    fraction += 1
                    zone += 1
                good = good and fraction > 0
            if zone < size:
                good = good and (data[first + zone] == 0x2B or data[first + zone] == 0x2D)
                good = good and (size - zone == 3 or size - zone == 6)
                for place in range(1, size - zone):
                    symbol = int(np.int64(data[first + zone + place]))
                    good = good and (symbol == 0x3A if place == 3 else 0x30 <= symbol <= 0x39)
        year, month, day = fields // 10**4, fields // 100 % 100, fields % 100
        if not good or year < 1 or month < 1 or month > 12 or day < 1 or day > _length_of_month(year, month):
            continue
        number = _day_number(year, month, day)
        days[count], micros[count], decimals[count] = number, micro, fraction
        starts[count] = end
        if number < 0:
            canonical[end] = 0x2D
            end += 1
            number = -number
        end = write_digits(canonical, end, number, _digits(number))
        canonical[end] = 0x20
        end = write_digits(canonical, end + 1, micro, _digits(micro))
        for place in range(zone, size):
            canonical[end] = data[first + place]
            end += 1
        lengths[count] = end - starts[count]
        done[row] = True
        count += 1
    return count


@kernel
def _digits(number: int) -> int:
    """Digits of a number from 0."""
    digits = 1
    while digits < 18 and number >= _TENS[digits]:
        digits += 1
    return digits


@kernel
def _noise(seed: np.uint64, micro: int, decimals: int, reach: int) -> int:
    """Microseconds to move a moment by, other than 0 and in units of what it shows."""
    unit = _DAY if decimals < 0 else int(_TENS[6 - decimals])
    if reach >= _SECOND and micro % _SECOND == 0:
        unit = max(unit, _SECOND)
    if reach >= _MINUTE and micro % _MINUTE == 0:
        unit = max(unit, _MINUTE)
    if reach >= _DAY and micro == 0:
        unit = _DAY
    steps = max(reach // unit, 1)
    step = int(np.int64(seed % np.uint64(2 * steps))) - steps
    return (step + (1 if step >= 0 else 0)) * unit


@kernel
def move_moments(
    data: Bytes,
    offsets: Places,
    done: NDArray[np.bool_],
    days: Places,
    micros: Places,
    decimals: Places,
    seeds: NDArray[np.uint64],
    reach: int,
    target: Bytes,
    ends: Places,
    end: int,
) -> int:
    """Writes moments moved by noise.

    Args:
        data, offsets, days, micros, decimals: As for `read_moments`.
        done: Which of the n texts are moments; unset where one would leave the years 1 to 9999.
        seeds: A random word for each of the k moments.
        reach: Greatest noise in microseconds.
        target: Takes the texts from `end` on; room for all of them.
        ends: Takes where each of the n ends.
        end: Where to begin.

    Returns:
        Where the last one ends.
    """
    at = 0
    for row in range(len(offsets) - 1):
        if done[row]:
            moment = micros[at] + _noise(seeds[at], micros[at], decimals[at], reach)
            number, micro, fraction = days[at] + moment // _DAY, moment % _DAY, decimals[at]
            at += 1
            if number < _FIRST or number > _LAST:
                done[row] = False
            else:
                first, size = offsets[row], offsets[row + 1] - offsets[row]
                for place in range(size):
                    target[end + place] = data[first + place]
                year, month, day = _civil(number)
                write_digits(target, end, year, 4)
                write_digits(target, end + 5, month, 2)
                write_digits(target, end + 8, day, 2)
                if fraction >= 0:
                    write_digits(target, end + 11, micro // (60 * _MINUTE), 2)
                    write_digits(target, end + 14, micro // _MINUTE % 60, 2)
                    write_digits(target, end + 17, micro // _SECOND % 60, 2)
                    write_digits(target, end + 20, micro % _SECOND // _TENS[6 - fraction], fraction)
                end += size
        ends[row] = end
    return end


@kernel
def read_births(
    data: Bytes,
    offsets: Places,
    last_year: int,
    passed: int,
    done: NDArray[np.bool_],
    starts: Places,
    ordinals: Places,
    spans: Places,
) -> int:
    """Reads bare dates other than 29 February.

    Args:
        data, offsets: n texts.
        last_year: Year of the limit; 0 where there is none.
        passed: Days of that year up to the limit.
        done: Takes for each of the n whether it is one.
        starts: Takes where the k dates lie, from the first of the n texts on.
        ordinals: Takes their days of the year from 0, in a common year.
        spans: Takes how many days of the year may be drawn.

    Returns:
        k.
    """
    count = 0
    for row in range(len(offsets) - 1):
        first = offsets[row]
        done[row] = False
        if offsets[row + 1] - first != _DATE:
            continue
        fields, good = 0, True
        for place in range(_DATE):
            symbol, form = int(np.int64(data[first + place])), int(np.int64(_FORM[place]))
            if form == 0x30:
                good = good and 0x30 <= symbol <= 0x39
                fields = fields * 10 + (symbol - 0x30)
            else:
                good = good and symbol == form
        month, day = fields // 100 % 100, fields % 100
        if not good or month < 1 or month > 12 or day < 1 or day > 31 or (month == 2 and day == 29):
            continue
        ordinal = _BEFORE[month - 1] + min(day, _BEFORE[month] - _BEFORE[month - 1]) - 1
        span = passed if last_year > 0 and fields // 10**4 == last_year and ordinal < passed else 365
        if span == 1:
            continue
        starts[count], ordinals[count], spans[count] = first - offsets[0], ordinal, span
        done[row] = True
        count += 1
    return count


@kernel
def move_births(
    data: Bytes,
    offsets: Places,
    done: NDArray[np.bool_],
    ordinals: Places,
    spans: Places,
    draws: NDArray[np.uint64],
    target: Bytes,
    ends: Places,
    end: int,
) -> int:
    """Writes another day of the same year.

    Args:
        data, offsets, done, ordinals, spans: As `read_births` left them.
        draws: (k, 2) random words.
        target, ends, end: As for `move_moments`.

    Returns:
        Where the last one ends.
    """
    at = 0
    for row in range(len(offsets) - 1):
        if done[row]:
            other = int(np.int64(draws[at, 0] % np.uint64(spans[at] - 1)))
            if other >= ordinals[at]:
                other += 1
            at += 1
            month = 1
            while other >= _BEFORE[month]:
                month += 1
            for place in range(_DATE):
                target[end + place] = data[offsets[row] + place]
            write_digits(target, end + 5, month, 2)
            write_digits(target, end + 8, other - _BEFORE[month - 1] + 1, 2)
            end += _DATE
        ends[row] = end
    return end
