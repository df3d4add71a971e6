"""Which ASCII words a text has, which of them stay, and what replaces the others: the word transformers, compiled.

Kernels that hand arrays to each other count references at every call, which costs more than the call does. So each
here is a pass over a batch of values of its own, and they meet in arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.hashing import Words
from testdata_assets.masking.kernels.compiled import kernel
from testdata_assets.masking.kernels.texts import Bytes, Places
from testdata_assets.masking.words import KEEP, LONGEST_KNOWN, POWERS, REDRAW, SLOT_BITS

WordTable = NDArray[np.int32]
integer = cast("Callable[[Any], int]", np.int64)  # kernels know no Python integers, type checkers no others that grow
PLACE, LENGTH, STATE, CASE = range(4)  # columns of a table of words
COLUMNS = 4
SMALL, CAPITALISED, MIXED = range(3)  # case of a word: no capital, the first letter alone, any other

# What is known of a word before it is chosen, as bits of its state.
_KEPT, _ALWAYS, _PART, _ELISION, _COMMA = 1, 2, 4, 8, 16

_SHIFT = np.uint64(64 - SLOT_BITS)
_ONE = np.uint64(1)
_LAST_POWER = len(POWERS) - 1


@kernel
def find_words(
    data: Bytes,
    starts: Places,
    lengths: Places,
    ends: Bytes,
    kept: Words,
    kept_salt: np.uint64,
    always: Words,
    always_salt: np.uint64,
    words: WordTable,
    counts: WordTable,
) -> None:
    """Finds the words of n values.

    Args:
        data: Bytes that hold the values.
        starts, lengths: Where they lie.
        ends: `Vocabulary.ends` of two vocabularies: bit 0 of the first, bit 1 of the second.
        kept, kept_salt, always, always_salt: Their slots and salts.
        words: Becomes place in its value, length, what is known, and case of every word.
        counts: (n, 2), becomes the number of words and of digits of each value.
    """
    total = 0
    for row in range(len(starts)):
        start = integer(starts[row])
        end = start + integer(lengths[row])
        first = total
        digits = 0
        place = start
        state = 0
        while place < end:
            code = integer(data[place])
            if not 0x61 <= code | 0x20 <= 0x7A:
                digits += 0x30 <= code <= 0x39
                if code == 0x20 or 0x09 <= code <= 0x0D:
                    state = _PART
                place += 1
                continue
            begin = place
            capital = code < 0x60
            inner = False
            last = code
            place += 1
            while place < end:
                code = integer(data[place])
                if not 0x61 <= code | 0x20 <= 0x7A:
                    break
                inner |= code < 0x60
                last = code
                place += 1
            length = place - begin
            if place < end:
                if code == 0x2C:
                    state |= _COMMA
                elif code == 0x27 or code == 0x60:
                    state |= _ELISION
            like = ends[data[begin] & 0x1F, last & 0x1F, min(length, LONGEST_KNOWN)]
            if like:
                key = np.uint64(0)
                for letter in range(length):
                    power = POWERS[min(letter, _LAST_POWER)]
                    key += (np.uint64(integer(data[begin + letter]) | 0x20) + _ONE) * power
                if like & 1 and kept[(key * kept_salt) >> _SHIFT] == key:
                    state |= _KEPT
                if like & 2 and always[(key * always_salt) >> _SHIFT] == key:
                    state |= _ALWAYS
            words[total, PLACE] = begin - start
            words[total, LENGTH] = length
            words[total, STATE] = state
            words[total, CASE] = MIXED if inner else CAPITALISED if capital else SMALL
            total += 1
            state = 0
        counts[row, 0] = total - first
        counts[row, 1] = digits


@kernel
def choose_listed(words: WordTable, counts: WordTable, role: int, kept_from: int, name_from: int) -> None:
    """Turns what is known of words into KEEP, REDRAW or the number of a role: listed words stay.

    Args:
        words, counts: As `find_words` left them.
        role: Number of the pool.
        kept_from, name_from: See `WordRule`.
    """
    first = 0
    for row in range(len(counts)):
        last = first + integer(counts[row, 0])
        named = False
        for word in range(first, last):
            length = integer(words[word, LENGTH])
            if words[word, STATE] & _KEPT and length >= kept_from:
                words[word, STATE] = KEEP
            else:
                words[word, STATE] = role if length > 1 else REDRAW
                named |= length >= name_from
        if not named:
            for word in range(first, last):
                words[word, STATE] = role if words[word, LENGTH] > 1 else REDRAW
        first = last


@kernel
def choose_names(words: WordTable, counts: WordTable, role: int, first_role: int, full: bool) -> None:
    """The same for names: particles stay before another name, titles and suffixes anywhere.

    Args:
        words, counts: As `find_words` left them.
        role: Number of the pool, of the family name's if `full`.
        first_role: Number of that of other words if `full`.
        full: Whether values are full names. The family name is the last part of which any word changes, or the first
            part before a comma; parts are what blanks separate.
    """
    first = 0
    for row in range(len(counts)):
        last = first + integer(counts[row, 0])
        last_name = -1
        for word in range(first, last):
            # The O of O'Brien counts as a particle.
            if words[word, STATE] & _ELISION and words[word, LENGTH] == 1:
                words[word, STATE] |= _KEPT
            if not words[word, STATE] & (_KEPT | _ALWAYS):
                last_name = word
        changes = False
        for word in range(first, last):
            state = integer(words[word, STATE])
            if state & _ALWAYS or (state & _KEPT and word < last_name):
                words[word, STATE] = state | _ALWAYS
            else:
                words[word, STATE] = state & ~_ALWAYS
                changes = True
        part = found = first  # first words of the part looked at, and of the last one that changes
        second = found_to = last  # first words of the second part, and of what follows the one found
        comma = False
        for word in range(first, last):
            state = integer(words[word, STATE])
            if word > first and state & _PART:
                if second == last:
                    second = word
                if part == found and found_to == last:
                    found_to = word
                part = word
            comma |= state & _COMMA != 0 and second == last
            if not (state & _ALWAYS and changes):
                found, found_to = part, last
        if comma and found > first:
            found, found_to = first, second
        for word in range(first, last):
            if words[word, STATE] & _ALWAYS and changes:
                words[word, STATE] = KEEP
            elif words[word, LENGTH] == 1:
                words[word, STATE] = REDRAW
            else:
                words[word, STATE] = role if not full or found <= word < found_to else first_role
        first = last
