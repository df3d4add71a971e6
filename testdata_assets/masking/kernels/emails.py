"""Reading e-mail addresses and user names of ASCII, and writing their masks; `_compiled_handles` puts both together.

A reading pass notes what a mask hangs on besides draws (a row of `SHAPE` bytes a value) and numbers the hosts: equal
hosts mostly get one number, so that each is hashed once. A writing pass lays the masks end to end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.kernels.compiled import kernel
from testdata_assets.masking.kernels.eight_bytes import base32, bits_of, kept, load, lowest, store
from testdata_assets.masking.kernels.texts import Bytes, Places

Words = NDArray[np.uint64]
Numbers = NDArray[np.int32]

SHAPE = 4  # bytes: length wanted of the word, separator or 0, characters of the tag or NO_TAG, case
NO_TAG = 255
HOST = 20  # bytes of a reserved host
MARGIN = 16  # bytes that writing may spoil behind a mask
LONGEST = 64  # bytes of a value: what was found in it is kept as bits of a word

_SHORTEST, _LONGEST = 3, 6  # wanted lengths of words
_HASHED = 12
_NAME = _LONGEST + 1 + _HASHED
_AT_BIT, _PLUS_BIT, _MARK_BIT, _SMALL_BIT, _CAPITAL_BIT, _ODD_BIT, _SPACE_BIT, _BAD_BIT = range(8)
_LEADING, _ALL_CAPITALS = 1, 2
_AT, _PLUS, _DOT = 0x40, 0x2B, 0x2E
_PROBES = 32  # places of the table of hosts to look at; then a host gets a second number
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # odd, without pattern: 2**64 divided by the golden ratio
_HALF = np.uint64(32)
_26, _CASE = np.uint8(26), np.uint8(0x20)


def _words_of(text: bytes) -> Words:
    return np.frombuffer(text.ljust(-(-len(text) // 8) * 8, b"\0"), "<u8").astype(np.uint64)


_TOPS = _words_of(b"".join(top.ljust(16, b"\0") for top in (b".example.com", b".example.org", b".example.net")))
_LAST_RESORT = _words_of(b"@example.com")


@kernel
def classify(data: Bytes, first: int, last: int, classes: Bytes, lowered: Bytes) -> None:
    """What each of some ASCII characters is, as bits, and its small letter.

    One simple loop, so that many characters are worked on at a time.

    Args:
        data: Bytes, of which those from `first` to before `last` are looked at.
        first, last: See there.
        classes, lowered: As many, filled: the bits are at, plus, mark (. _ -), small letter, capital, odd (what no
            address holds), blank, and bad (controls and all beyond ASCII).
    """
    begin = np.uint64(first)
    for place in range(last - first):
        symbol = data[begin + np.uint64(place)]
        capital = np.uint8(symbol - np.uint8(0x41)) < _26
        mark = (np.uint8(symbol - np.uint8(0x2D)) < np.uint8(2)) | (symbol == np.uint8(0x5F))
        odd = (np.uint8(symbol - np.uint8(0x28)) < np.uint8(2)) | (symbol == np.uint8(0x22))  # ( ) "
        odd |= (np.uint8(symbol - np.uint8(0x3A)) < np.uint8(3)) | (symbol == np.uint8(0x3E))  # : ; < >
        odd |= (np.uint8(symbol - np.uint8(0x5B)) < np.uint8(3)) | (symbol == np.uint8(0x2C))  # [ \ ] ,
        found = np.uint8(symbol == np.uint8(_AT)) | np.uint8(np.uint8(symbol == np.uint8(_PLUS)) << _PLUS_BIT)
        found |= np.uint8(np.uint8(mark) << _MARK_BIT)
        found |= np.uint8(np.uint8(np.uint8(symbol - np.uint8(0x61)) < _26) << _SMALL_BIT)
        found |= np.uint8(np.uint8(capital) << _CAPITAL_BIT)
        found |= np.uint8(np.uint8(odd) << _ODD_BIT)
        found |= np.uint8(np.uint8(symbol == np.uint8(0x20)) << _SPACE_BIT)
        found |= np.uint8(np.uint8(np.uint8(symbol - np.uint8(0x20)) > np.uint8(0x5E)) << _BAD_BIT)
        classes[place] = found
        lowered[place] = symbol | np.uint8(np.uint8(capital) << np.uint8(5))


@kernel
def read(
    data: Bytes,
    offsets: Places,
    classes: Bytes,
    lowered: Bytes,
    takes: tuple[bool, bool, bool],
    folds: bool,
    rows: Places,
    shapes: Bytes,
    host_of: Numbers,
    table: Numbers,
    hosts: Bytes,
    host_offsets: Places,
    known: int,
) -> tuple[int, int]:
    """Finds the values that `write` can mask, in order.

    Args:
        data, offsets: n values.
        classes, lowered: From `classify` of these values, each with 8 bytes behind.
        takes: Whether to take addresses, to number their hosts, and to take all else as user names.
        folds: Whether case counts for nothing; then values with capitals are left out.
        rows, shapes, host_of: Filled, for at most n values: their rows, shapes and the numbers of their hosts (-1 for
            names, 0 where hosts are not numbered).
        table: Numbers of hosts, plus one: a power of two of them, at first all zero.
        hosts, host_offsets: The hosts known, in small letters, and where they lie; added to. There must be room for
            8 bytes more than all hosts take.
        known: Hosts known.

    Returns:
        Number of values found, and of hosts known now.
    """
    addresses, numbered, names = takes
    base, mask = offsets[0], len(table) - 1
    found = 0
    for row in range(len(offsets) - 1):
        start, size = offsets[row], offsets[row + 1] - offsets[row]
        if size < 1 or size > LONGEST:
            continue
        at_bits, plus_bits, mark_bits, seen = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
        for place in range(0, size, 8):
            word = kept(load(classes, start - base + place), size - place)
            seen |= word
            shift = np.uint64(place)
            at_bits |= bits_of(word, _AT_BIT) << shift
            plus_bits |= bits_of(word, _PLUS_BIT) << shift
            mark_bits |= bits_of(word, _MARK_BIT) << shift
        kinds = _folded(seen)
        if kinds & (1 << _BAD_BIT) or (folds and kinds & (1 << _CAPITAL_BIT)):
            continue
        at, plus = lowest(at_bits), lowest(plus_bits)
        address = at_bits & (at_bits - np.uint64(1)) == np.uint64(0) and 0 < at < size - 1
        if address:
            address = not kinds & (1 << _ODD_BIT | 1 << _SPACE_BIT) and data[start] != _DOT and data[start] != _PLUS
            address = address and data[start + size - 1] != _DOT
            address = address and data[start + at - 1] != _DOT and data[start + at + 1] != _DOT
        if not (addresses if address else names):
            continue
        if kinds == 1 << _SPACE_BIT and _blank(data, start, size):
            continue
        stem = min(plus, at) if address else size
        separator = lowest(mark_bits & ~np.uint64(1))
        separated = separator < stem - 1
        shape = found * SHAPE
        shapes[shape] = min(max(separator if separated else stem, _SHORTEST), _LONGEST)
        shapes[shape + 1] = data[start + separator] if separated else 0
        shapes[shape + 2] = min(at - plus - 1, 3) if address and plus < at else NO_TAG
        case = 0
        if kinds & (1 << _CAPITAL_BIT):
            if not kinds & (1 << _SMALL_BIT):
                case = _ALL_CAPITALS
            elif classes[start - base] & (1 << _CAPITAL_BIT):
                case = _LEADING
        shapes[shape + 3] = case
        rows[found] = row
        number = 0 if address else -1
        if address and numbered:
            host, length = start - base + at + 1, size - at - 1
            digest = np.uint64(length)
            for place in range(0, length, 8):
                digest = (digest ^ kept(load(lowered, host + place), length - place)) * _MIXER
                digest ^= digest >> _HALF
            # No function of its own: calling one with so many arrays costs more than all it does.
            number = -1
            for probe in range(_PROBES):
                cell = (int(digest) + probe) & mask
                number = int(table[cell]) - 1
                if number < 0:
                    table[cell] = known + 1
                    break
                begin = host_offsets[number]
                if host_offsets[number + 1] - begin == length:
                    apart = np.uint64(0)
                    for place in range(0, length, 8):
                        apart |= kept(load(lowered, host + place) ^ load(hosts, begin + place), length - place)
                    if apart == np.uint64(0):
                        break
                number = -1
            if number < 0:
                number = known
                begin = host_offsets[known]
                for place in range(0, length, 8):
                    store(hosts, begin + place, load(lowered, host + place))
                known += 1
                host_offsets[known] = begin + length
        host_of[found] = number
        found += 1
    return found, known


@kernel
def _folded(seen: np.uint64) -> int:
    """All bytes of a word in one."""
    seen |= seen >> np.uint64(32)
    seen |= seen >> np.uint64(16)
    seen |= seen >> np.uint64(8)
    return int(seen & np.uint64(0xFF))


@kernel
def _blank(data: Bytes, start: int, size: int) -> bool:
    place = 0
    while place < size and data[start + place] == 0x20:
        place += 1
    return place == size


@kernel
def write_hosts(first: Words, second: Words, texts: Words) -> None:
    """Reserved hosts of n pairs of draws: three words each, of which `HOST` bytes count."""
    for row in range(len(first)):
        top = np.int64(second[row] % np.uint64(3)) * 2
        texts[3 * row] = base32(first[row])
        texts[3 * row + 1] = _TOPS[top]
        texts[3 * row + 2] = _TOPS[top + 1]


@kernel
def write(
    data: Bytes,
    offsets: Places,
    rows: Places,
    shapes: Bytes,
    host_of: Numbers,
    stays: Bytes,
    host_texts: Words,
    host_size: int,
    draws: tuple[Words, Words],
    words: Words,
    word_lengths: Bytes,
    ranges: Words,
    limit: int,
    target: Bytes,
    position: int,
    target_offsets: Places,
    done: NDArray[np.bool_],
) -> int:
    """Lays the masks of what `read` found.

    Args:
        data, offsets, rows, shapes, host_of: As for `read`; of the last three, only what it filled.
        stays: For each host whether it does.
        host_texts: Masked hosts by number, each padded to whole words.
        host_size: Bytes of each.
        draws: Two words for each value found.
        words: The pool's words, eight bytes each.
        word_lengths: Bytes of each that count, at most six.
        ranges: First word and number of words for each wanted length from 3 to 6: eight numbers.
        limit: Characters that the column admits: 24 at least, 12 where there are names only.
        target: Room for the masks from `position` on, with `MARGIN` to spare.
        position: See there.
        target_offsets: n + 1 places, filled.
        done: n flags: set where there is a mask.

    Returns:
        Position behind the last mask.
    """
    host_words = (host_size + 7) // 8
    laid = 0
    for found in range(len(rows)):
        row = rows[found]
        while laid <= row:
            target_offsets[laid] = position
            laid += 1
        first, second = draws[0][found], draws[1][found]
        shape = found * SHAPE
        separator, tag, case = shapes[shape + 1], int(shapes[shape + 2]), shapes[shape + 3]
        host = int(host_of[found])
        start, end = int(offsets[row]), int(offsets[row + 1])
        host_length = 0
        if host >= 0:
            host_length = host_size
            if stays[host]:
                host_length = end - start - 1
                while data[end - 1 - host_length] != _AT:
                    host_length -= 1
        range_at = 2 * (np.int64(shapes[shape]) - _SHORTEST)
        word = np.int64(ranges[range_at] + second % ranges[range_at + 1])
        word_length = int(word_lengths[word])
        tagged = 0 if tag == NO_TAG else 1 + tag
        behind = _HASHED + 1 + host_length
        worded, hosted = True, True
        if host < 0:
            worded = limit >= _NAME
        elif word_length + (separator != 0) + tagged + behind > limit:
            worded = False
            tagged = min(tagged, 2)
            if tagged + behind > limit:
                hosted = False
                tagged = 0
        cursor = position
        if worded:
            store(target, cursor, words[word])
            cursor += word_length
            if separator != 0:
                target[cursor] = separator
                cursor += 1
        store(target, cursor, base32(first))
        store(target, cursor + 8, base32(first >> np.uint64(40)))
        cursor += _HASHED
        if tagged > 0:
            target[cursor] = _PLUS
            store(target, cursor + 1, base32(second))
            cursor += tagged
        if host >= 0:
            if not hosted:
                store(target, cursor, _LAST_RESORT[0])
                store(target, cursor + 8, _LAST_RESORT[1])
                cursor += 12
            else:
                target[cursor] = _AT
                cursor += 1
                if stays[host]:
                    for place in range(host_length):
                        target[cursor + place] = data[end - host_length + place]
                else:
                    for place in range(host_words):
                        store(target, cursor + 8 * place, host_texts[host * host_words + place])
                cursor += host_length
        if case == _ALL_CAPITALS:
            for place in range(position, cursor):
                if target[place] >= 0x61 and target[place] <= 0x7A:
                    target[place] &= 0xDF
        elif case == _LEADING and target[position] >= 0x61:
            target[position] &= 0xDF
        if cursor - position == end - start and _same(data, start, target, position, end - start):
            continue
        done[row] = True
        position = cursor
    while laid < len(target_offsets):
        target_offsets[laid] = position
        laid += 1
    return position


@kernel
def _same(left: Bytes, left_start: int, right: Bytes, right_start: int, length: int) -> bool:
    """Whether two texts agree but for the case of letters."""
    for place in range(length):
        one, other = left[left_start + place], right[right_start + place]
        if one != other and ((one ^ other) != 0x20 or (one | 0x20) < 0x61 or (one | 0x20) > 0x7A):
            return False
    return True
