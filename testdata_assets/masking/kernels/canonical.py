"""Hashes of canonical forms in one pass over the bytes; the definition is in `masking/canonical.py`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.kernels.compiled import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_TAGS = np.uint64(31)
_M1, _M2, _33 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)
_ZERO, _ONE, _THREE, _SEVEN = np.uint64(0), np.uint64(1), np.uint64(3), np.uint64(7)
_MOST_HASHES = 5  # of one run of words
_POWERS = 64  # most words are shorter


@kernel
def _finish(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> _33)) * _M1
    value = (value ^ (value >> _33)) * _M2
    return value ^ (value >> _33)


@kernel
def _power(base: np.uint64, exponent: int) -> np.uint64:
    power = _ONE
    for _ in range(exponent):
        power = power * base
    return power


@kernel
def _is_trunk(data: Bytes, place: int, start: int, end: int) -> bool:
    """Whether a place is the zero in +44 (0)20, which is none of the number."""
    around = place > start and place + 1 < end
    return bool(around and data[place] == 48 and data[place - 1] == 40 and data[place + 1] == 41)


@kernel
def _is_signed(data: Bytes, begin: int, start: int) -> bool:
    """Whether a plus stands before a number."""
    before = start - 1
    if before >= begin and data[before] == 40:
        before -= 1
    return bool(before >= begin and data[before] == 43)


@kernel
def _is_international(data: Bytes, begin: int, start: int, digits: int, zeros: int) -> bool:
    """Whether digits that begin at `start`, in a text that does at `begin`, may be a calling code and a number."""
    lengthy = digits >= 8 and digits <= 15
    return lengthy and (zeros >= 2 or (zeros == 0 and digits == 11) or _is_signed(data, begin, start))


@kernel
def _national(
    data: Bytes,
    begin: int,
    start: int,
    end: int,
    digits: int,
    zeros: int,
    joined: np.uint64,
    classes: Bytes,
    table: Hashes,
    base: np.uint64,
    mixers: Hashes,
    calling: Bytes,
) -> np.uint64:
    """The hash of a number without its calling code, 0 where it has none.

    Args:
        data: Bytes of texts.
        begin: Where the text begins.
        start, end: Where the number is, of digits alone.
        digits: How many, those after leading zeros.
        zeros: Leading zeros.
        joined: The digits after leading zeros, summed up as `word_hashes.py` has it.
        classes, table, base, mixers, calling: As `word_hashes.py` has them.
    """
    if not _is_international(data, begin, start, digits, zeros):
        return _ZERO
    seen = prefix = fifth = 0
    for place in range(start, end):
        if classes[data[place]] == 2 and (seen > 0 or data[place] != 48):
            if _is_trunk(data, place, start, end):
                continue
            seen += 1
            if seen <= 3:
                prefix = prefix * 10 + data[place] - 48
            if seen == 5:
                fifth = data[place] - 48
                break
    code = 0
    if zeros >= 2 or _is_signed(data, begin, start):
        code = int(calling[prefix])
    else:
        second = prefix // 10 % 10
        american = prefix // 100 == 1 and second >= 2 and fifth >= 2
        russian = prefix // 100 in (7, 8) and second in (3, 4, 8, 9)
        code = 1 if american or russian else 0
    if code == 0:
        return _ZERO
    # What comes before the national number is taken out of the sum.
    before = _ZERO
    seen = 0
    for place in range(start, end):
        if classes[data[place]] == 2 and (seen > 0 or data[place] != 48):
            if _is_trunk(data, place, start, end):
                continue
            if seen >= code and data[place] != 48:
                break
            seen += 1
            before = before * base + table[data[place]]
    size = digits - seen
    if size < 7:
        return _ZERO
    for _ in range(size):
        before = before * base
    return (_finish((joined - before) ^ mixers[2]) & ~_TAGS) | np.uint64(16 + size - 7)


@kernel
def forms(
    data: Bytes,
    offsets: Places,
    classes: Bytes,
    table: Hashes,
    base: np.uint64,
    mixers: Hashes,
    calling: Bytes,
    whole: Hashes,
    local: Hashes,
    national: Hashes,
    opening: Hashes,
) -> None:
    """Fills `whole`, `local`, `national` and `opening`, which hold zeros."""
    powers = np.empty(_POWERS, np.uint64)
    powers[0] = _ONE
    for exponent in range(1, _POWERS):
        powers[exponent] = powers[exponent - 1] * base
    for row in range(len(offsets) - 1):
        start, end = offsets[row], offsets[row + 1]
        joined = total = _ZERO
        words = digits = size = skipped = blanks = ats = 0
        local_total = opening_total = _ZERO
        local_words = local_digits = local_size = 0
        all_digits = 0
        leading = True
        first = last = -1
        place = start
        while place < end:
            byte = data[place]
            kind = classes[byte]
            if kind == 1 or kind == 2:
                begin = place
                numbers = 0
                word = _ZERO
                while kind == 1 or kind == 2:
                    word = word * base + table[byte]
                    numbers += kind >> 1
                    place += 1
                    if place == end:
                        break
                    byte = data[place]
                    kind = classes[byte]
                length = place - begin
                words += 1
                if words == 1:
                    first = begin
                elif words == 14:
                    opening_total = total
                last = place - 1
                total += _finish(word ^ mixers[0])
                all_digits += numbers
                if not leading:
                    joined = joined * (powers[length] if length < _POWERS else _power(base, length)) + word
                    size += length
                    digits += numbers
                else:
                    joined = word
                    zeros = 0
                    while zeros < length and data[begin + zeros] == 48:
                        zeros += 1
                    if zeros:
                        joined = _ZERO
                        for each in range(begin + zeros, place):
                            joined = joined * base + table[data[each]]
                    leading = zeros == length
                    skipped += zeros
                    size += length - zeros
                    digits += numbers - zeros
                continue
            if kind == 3:
                blanks += 1
            elif kind == 4:
                ats += 1
                if ats == 1:
                    local_total, local_words = total, words
                    local_digits, local_size = all_digits, size + skipped
            elif byte == 40 and place + 2 < end and data[place + 1] == 48 and data[place + 2] == 41:
                place += 1  # the zero in +44 (0)20 is none of the number
            place += 1
        if words == 0:
            continue
        letters = size - digits
        if digits >= 7 and digits > letters:
            tag = 16 + min(digits, 22) - 7
            whole[row] = (_finish(joined ^ mixers[2]) & ~_TAGS) | np.uint64(tag)
            if letters == 0 and _is_international(data, start, first, digits, skipped):
                national[row] = _national(
                    data, start, first, last + 1, digits, skipped, joined, classes, table, base, mixers, calling
                )
        elif letters > 0 and size + skipped >= 5:
            value = _finish(total + mixers[1] * np.uint64(words))
            whole[row] = (value & ~_TAGS) | np.uint64(words if words <= 13 else 15)
            if words > 13:
                value = _finish(opening_total + mixers[1] * np.uint64(13))
                opening[row] = _finish(value ^ mixers[2]) & ~_TAGS
        telling = local_size >= 8 and local_size > local_digits and (local_digits > 0 or local_words > 1)
        if telling and ats == 1 and blanks == 0 and local_words <= 13:
            value = _finish(local_total + mixers[1] * np.uint64(local_words))
            local[row] = (_finish(value ^ mixers[3]) & ~_TAGS) | np.uint64(14)


@kernel
def runs(
    data: Bytes,
    offsets: Places,
    classes: Bytes,
    table: Hashes,
    base: np.uint64,
    mixers: Hashes,
    calling: Bytes,
    bits: Bytes,
    shift: np.uint64,
    kinds: Bytes,
    nationals: bool,
    longest: int,
    rows: Places,
    hashes: Hashes,
    starts: Places,
    ends: Places,
    codes: Places,
) -> int:
    """Writes the runs of words that pass the filter, as many as fit; returns how many there are, and counts codes."""
    mixed = np.empty(longest, np.uint64)  # the word for a set
    bare = np.empty(longest, np.uint64)  # without leading zeros
    bare_power = np.empty(longest, np.uint64)
    full = np.empty(longest, np.uint64)
    full_power = np.empty(longest, np.uint64)
    first_byte = np.empty(longest, np.int64)
    last_byte = np.empty(longest, np.int64)
    sizes = np.empty(longest, np.int64)
    digit_counts = np.empty(longest, np.int64)
    zero_counts = np.empty(longest, np.int64)
    blanks_before = np.empty(longest, np.int64)
    candidates = np.empty(_MOST_HASHES, np.uint64)
    count = 0
    locals_wanted = kinds[14] == 1
    for row in range(len(offsets) - 1):
        start, end = offsets[row], offsets[row + 1]
        words = 0
        inside = False
        blanks = 0
        trunk = -1
        for place in range(start, end):
            byte = data[place]
            kind = classes[byte]
            if byte == 40 and place + 2 < end and data[place + 1] == 48 and data[place + 2] == 41:
                trunk = place + 1  # the zero in +44 (0)20 is none of the number
            if place == trunk:
                kind = np.uint8(0)
            if kind == 1 or kind == 2:
                if not inside:
                    inside = True
                    first_byte[words] = place
                    blanks_before[words] = blanks
                    sizes[words] = digit_counts[words] = zero_counts[words] = 0
                    full[words] = bare[words] = _ZERO
                    full_power[words] = bare_power[words] = _ONE
                number = table[byte]
                full[words] = full[words] * base + number
                full_power[words] = full_power[words] * base
                if byte == 48 and zero_counts[words] == sizes[words]:
                    zero_counts[words] += 1
                else:
                    bare[words] = bare[words] * base + number
                    bare_power[words] = bare_power[words] * base
                sizes[words] += 1
                if kind == 2:
                    digit_counts[words] += 1
            else:
                if inside:
                    inside = False
                    last_byte[words] = place
                    mixed[words] = _finish(full[words] ^ mixers[0])
                    words += 1
                if kind == 3:
                    blanks += 1
        if inside:
            last_byte[words] = end
            mixed[words] = _finish(full[words] ^ mixers[0])
            words += 1
        for first in range(words):
            joined = total = _ZERO
            size = digits = skipped = all_digits = 0
            leading = True
            for last in range(first, min(first + 13, words)):
                total += mixed[last]
                all_digits += digit_counts[last]
                length = last - first + 1
                if leading:
                    skipped += zero_counts[last]
                    joined = bare[last]
                    size = sizes[last] - zero_counts[last]
                    digits = digit_counts[last] - zero_counts[last]
                    leading = size == 0
                else:
                    joined = joined * full_power[last] + full[last]
                    size += sizes[last]
                    digits += digit_counts[last]
                letters = size - digits
                found = 0
                if digits >= 7 and digits > letters:
                    tag = 16 + min(digits, 22) - 7
                    if kinds[tag] == 1:
                        codes[tag] += letters == 0
                        value = (_finish(joined ^ mixers[2]) & ~_TAGS) | np.uint64(tag)
                        candidates[found] = value
                        found += 1
                        if nationals and letters == 0:
                            candidates[found] = (_finish(value ^ mixers[3]) & ~_TAGS) | np.uint64(tag)
                            found += 1
                elif letters > 0 and size + skipped >= 5 and kinds[length] == 1:
                    candidates[found] = (_finish(total + mixers[1] * np.uint64(length)) & ~_TAGS) | np.uint64(length)
                    found += 1
                if nationals and letters == 0 and _is_international(data, start, first_byte[first], digits, skipped):
                    value = _national(
                        data,
                        start,
                        first_byte[first],
                        last_byte[last],
                        digits,
                        skipped,
                        joined,
                        classes,
                        table,
                        base,
                        mixers,
                        calling,
                    )
                    if value != _ZERO and kinds[value & _TAGS] == 1:
                        codes[value & _TAGS] += 1
                        candidates[found] = value
                        found += 1
                if length == 13 and kinds[0] == 1:
                    candidates[found] = _finish(_finish(total + mixers[1] * np.uint64(13)) ^ mixers[2]) & ~_TAGS
                    found += 1
                together = size + skipped
                telling = together >= 8 and together > all_digits and (all_digits > 0 or length > 1)
                if locals_wanted and telling and blanks_before[last] == blanks_before[first]:
                    value = _finish(_finish(total + mixers[1] * np.uint64(length)) ^ mixers[3])
                    candidates[found] = (value & ~_TAGS) | np.uint64(14)
                    found += 1
                for each in range(found):
                    value = candidates[each]
                    spot = value >> shift
                    if (bits[spot >> _THREE] >> np.uint8(spot & _SEVEN)) & np.uint8(1):
                        if count < len(rows):
                            rows[count], hashes[count] = row, value
                            starts[count], ends[count] = first_byte[first], last_byte[last]
                        count += 1
    return count
