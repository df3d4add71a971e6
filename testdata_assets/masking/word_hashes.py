"""Words and numbers of texts as keyed 64-bit hashes: what `canonical.py` makes forms of, with numpy alone.

`kernels/canonical.py` computes the same in one pass over the bytes; what is here is the definition, and the general way
where numba is absent.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

# The longest run of words that is looked for inside texts; longer values are looked for where they may begin.
MOST_WORDS = 13
MINIMUM_CHARACTERS = 5
# Short runs of digits are found by chance in any database; numbers need more digits than words need letters.
MINIMUM_DIGITS = 7
LOCAL_CHARACTERS = 8
LOCAL_WORDS = MOST_WORDS

TAG_BITS = 5
OPENING_TAG, LOCAL_TAG, LONG_TAG, FIRST_CODE_TAG = 0, 14, 15, 16
_TAGS = (1 << TAG_BITS) - 1
_CHUNK = 1 << 16  # bytes looked at together
_SEPARATOR, _LETTER, _DIGIT, BLANK, _AT = range(5)

CLASSES = np.zeros(256, np.uint8)
CLASSES[128:] = _LETTER
CLASSES[[ord(c) for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"]] = _LETTER
CLASSES[48:58] = _DIGIT
CLASSES[[9, 10, 11, 12, 13, 32]] = BLANK
CLASSES[64] = _AT

# Digits of a number with its calling code (ITU-T E.164), and those of national ones that may have a 1, 7 or 8 before.
_LEAST_INTERNATIONAL, _MOST_INTERNATIONAL, _WITH_ONE_MORE = 8, 15, 11


def _calling_codes() -> Bytes:
    """How many of its first three digits are the calling code of an international number; 0 for none."""
    two = {20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, *range(43, 50), *range(51, 59), *range(60, 67)}
    two |= {81, 82, 84, 86, 98, *range(90, 96)}
    return np.array(
        [0 if n < 100 else 1 if n // 100 in (1, 7) else 2 if n // 10 in two else 3 for n in range(1000)], np.uint8
    )


CALLING = _calling_codes()


def _splitmix(state: int, count: int) -> list[int]:
    """Sebastiano Vigna's splitmix64: `count` numbers that hang on the seed alone."""
    found = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        found.append(z ^ (z >> 31))
    return found


@dataclass(frozen=True)
class Keys:
    """What the hashes of one seed are made with.

    Attributes:
        table: A number for each byte, the same for both cases of a letter.
        base: Odd; a run of bytes hashes to the sum of their numbers times powers of it.
        mixers: Of words, of sets of words, of codes, of local parts.
    """

    table: Hashes
    base: int
    mixers: Hashes

    def powers(self, count: int) -> tuple[Hashes, Hashes]:
        """The first powers of the base and of its inverse."""
        return _powers(self.base, max(1 << 18, 1 << int(count).bit_length()))


@lru_cache(maxsize=8)
def keys_of(seed: int) -> Keys:
    """The keys of a seed."""
    numbers = _splitmix(seed & 0xFFFFFFFFFFFFFFFF, 261)
    table = np.array(numbers[:256], np.uint64)
    table[65:91] = table[97:123]
    return Keys(table, numbers[256] | 1, np.array(numbers[257:261], np.uint64))


@lru_cache(maxsize=2)
def _powers(base: int, count: int) -> tuple[Hashes, Hashes]:
    def run(factor: int) -> Hashes:
        steps = np.full(count, factor, np.uint64)
        steps[0] = 1
        found: Hashes = np.cumprod(steps, dtype=np.uint64)
        return found

    return run(base), run(pow(base, -1, 1 << 64))


@dataclass(frozen=True)
class Filter:
    """Which hashes are worth an exact look: a bitmap of their highest bits, and which kinds there are at all.

    Attributes:
        bits: Eight to a byte.
        shift: How far down a hash is shifted for its place.
        kinds: Of shape (32,), by the lowest five bits.
        nationals: Whether numbers are held against others without regard to their calling codes, too.
    """

    bits: Bytes
    shift: int
    kinds: Bytes
    nationals: bool = True

    def passes(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        places = hashes >> np.uint64(self.shift)
        bytes_ = self.bits[(places >> np.uint64(3)).astype(np.int64)]
        return ((bytes_ >> (places & np.uint64(7)).astype(np.uint8)) & 1).astype(np.bool_)


def finish(hashes: Hashes) -> Hashes:
    """Austin Appleby's finaliser of MurmurHash3."""
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return hashes ^ (hashes >> np.uint64(33))


def tagged(hashes: Hashes, tags: npt.NDArray[np.int64]) -> Hashes:
    """Hashes that tell in their lowest five bits what they were made of."""
    return (hashes & np.uint64(0xFFFFFFFFFFFFFFFF ^ _TAGS)) | tags.astype(np.uint64)


@dataclass(frozen=True)
class _Words:
    """The words of all values of a chunk.

    Attributes:
        owners: Which value each is of.
        starts, ends: In bytes.
        ranks: Letters and digits before each, and n + 1st before the end.
        zeros: Leading zeros of each.
        digit_sums, blank_sums: Digits and blanks before each byte.
        sums: Of bytes' numbers times powers of the inverse, before each rank.
        mixed: Each word's hash, mixed for its place in a set.
        solid: The letters and digits.
        others: Ranks of those that are no zeros, and one behind the last.
        plus: Whether a plus stands before the word.
    """

    owners: Places
    starts: Places
    ends: Places
    ranks: Places
    zeros: Places
    digit_sums: Places
    blank_sums: Places
    sums: Hashes
    mixed: Hashes
    solid: Bytes
    others: Places
    plus: npt.NDArray[np.bool_]


def _words(data: Bytes, offsets: Places, keys: Keys) -> _Words:
    classes = CLASSES[data]
    if len(data) > 2:  # the trunk zero in +44 (0)20 is not dialled
        trunk = (data[:-2] == 40) & (data[1:-1] == 48) & (data[2:] == 41)
        inside = np.ones(len(data), np.bool_)
        inside[offsets[:-1][offsets[:-1] < len(data)]] = False  # the first byte of a value continues nothing
        classes[1:-1][trunk & inside[1:-1] & inside[2:]] = _SEPARATOR
    solid = (classes == _LETTER) | (classes == _DIGIT)
    first = solid.copy()
    first[1:] &= ~solid[:-1]
    begins = offsets[:-1][offsets[:-1] < len(data)]
    first[begins] = solid[begins]
    starts = np.flatnonzero(first)
    counts = np.concatenate(([0], np.cumsum(solid)))
    last = solid.copy()
    last[:-1] &= ~solid[1:] | first[1:]
    ends = np.flatnonzero(last) + 1
    ranks = np.append(counts[starts], counts[-1])
    forward, backward = keys.powers(int(counts[-1]) + 1)
    numbers = keys.table[data[solid]]
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(numbers * backward[: len(numbers)], dtype=np.uint64)))
    lengths = np.diff(ranks)
    hashes = (sums[ranks[1:]] - sums[ranks[:-1]]) * forward[np.maximum(ranks[1:] - 1, 0)]
    # Zeros that lead a word: the distance to its first byte that is none.
    others = np.append(np.flatnonzero(data[solid] != 48), counts[-1])
    zeros = np.minimum(others[np.searchsorted(others, ranks[:-1])] - ranks[:-1], lengths)
    owners = np.searchsorted(offsets, starts, side="right") - 1
    before = starts - 1
    before -= (before >= offsets[owners]) & (data[before] == 40)
    return _Words(
        owners,
        starts,
        ends,
        ranks,
        zeros,
        np.concatenate(([0], np.cumsum(classes == _DIGIT))),
        np.concatenate(([0], np.cumsum(classes == BLANK))),
        sums,
        finish(hashes ^ keys.mixers[0]),
        data[solid],
        others,
        (before >= offsets[owners]) & (data[before] == 43),
    )


def _form(words: _Words, keys: Keys, first: Places, last: Places) -> tuple[Hashes, Hashes, npt.NDArray[np.bool_]]:
    """Hashes of the runs of words from `first` up to and with `last`; 0 where they say too little.

    Returns:
        Of the runs; of those that are numbers with their calling codes, without these; which are of digits alone.
    """
    # Zeros before the number begins may fill several words.
    solid = np.append(np.flatnonzero(words.zeros < np.diff(words.ranks)), len(words.zeros))
    begin = solid[np.searchsorted(solid, first)]
    begin = np.minimum(begin, last)
    skipped = words.ranks[begin] - words.ranks[first] + words.zeros[begin]
    digits = words.digit_sums[words.ends[last]] - words.digit_sums[words.starts[first]] - skipped
    size = words.ranks[last + 1] - words.ranks[first] - skipped
    letters = size - digits
    code = (digits >= MINIMUM_DIGITS) & (digits > letters)
    forward, _ = keys.powers(int(words.ranks[-1]) + 1)
    from_, to = words.ranks[first] + skipped, words.ranks[last + 1]
    joined = (words.sums[to] - words.sums[from_]) * forward[np.maximum(to - 1, 0)]
    totals = np.concatenate((np.zeros(1, np.uint64), np.cumsum(words.mixed, dtype=np.uint64)))
    count = last - first + 1
    set_ = finish(totals[last + 1] - totals[first] + keys.mixers[1] * count.astype(np.uint64))
    tags = np.where(
        code, FIRST_CODE_TAG + np.minimum(digits, 22) - MINIMUM_DIGITS, np.where(count <= MOST_WORDS, count, LONG_TAG)
    )
    hashes = tagged(np.where(code, finish(joined ^ keys.mixers[2]), set_), tags)
    # Zeros count as characters where they are no part of a number.
    telling = code | ((letters > 0) & (size + skipped >= MINIMUM_CHARACTERS))
    hashes = np.where(telling, hashes, np.uint64(0))
    return hashes, _national(words, keys, first, last, skipped, digits * (letters == 0)), (hashes != 0) & (letters == 0)


def _national(words: _Words, keys: Keys, first: Places, last: Places, skipped: Places, digits: Places) -> Hashes:
    """Hashes of numbers without their calling codes; 0 where there is none.

    Args:
        words: Of all values.
        keys: Of the seed.
        first, last: Words of the runs.
        skipped: Their leading zeros.
        digits: Their other digits; 0 for what is no number.
    """
    found = np.zeros(len(first), np.uint64)
    abroad = words.plus[first] | (skipped >= 2)
    fits = (digits >= _LEAST_INTERNATIONAL) & (digits <= _MOST_INTERNATIONAL)
    chosen = np.flatnonzero(fits & (abroad | ((skipped == 0) & (digits == _WITH_ONE_MORE))))
    if not len(chosen):
        return found
    begin, end = words.ranks[first[chosen]] + skipped[chosen], words.ranks[last[chosen] + 1]
    one, two, three, fifth = (words.solid[begin + place].astype(np.int64) - 48 for place in (0, 1, 2, 4))
    american = (one == 1) & (two >= 2) & (fifth >= 2)
    russian = np.isin(one, (7, 8)) & np.isin(two, (3, 4, 8, 9))
    code = np.where(abroad[chosen], CALLING[100 * one + 10 * two + three], american | russian).astype(np.int64)
    begin = words.others[np.searchsorted(words.others, begin + code)]
    size = end - begin
    right = (code > 0) & (size >= MINIMUM_DIGITS)
    begin, end, size = begin[right], end[right], size[right]
    forward, _ = keys.powers(int(words.ranks[-1]) + 1)
    joined = (words.sums[end] - words.sums[begin]) * forward[end - 1]
    found[chosen[right]] = tagged(finish(joined ^ keys.mixers[2]), FIRST_CODE_TAG + size - MINIMUM_DIGITS)
    return found


def as_national(hashes: Hashes, keys: Keys) -> Hashes:
    """What is kept of numbers without their calling codes, and what others are held against: of codes, 0 for others.

    It differs from the form of the same digits, since it proves less: two numbers may differ in their calling codes.
    """
    tags = hashes & np.uint64(_TAGS)
    mixed = (finish(hashes ^ keys.mixers[3]) & ~np.uint64(_TAGS)) | tags
    return np.where(tags >= FIRST_CODE_TAG, mixed, np.uint64(0))


def _opening(words: _Words, keys: Keys, first: Places) -> Hashes:
    """Hashes of the `MOST_WORDS` words from each place on, as that with which a longer value begins."""
    totals = np.concatenate((np.zeros(1, np.uint64), np.cumsum(words.mixed, dtype=np.uint64)))
    set_ = finish(totals[first + MOST_WORDS] - totals[first] + keys.mixers[1:2] * np.uint64(MOST_WORDS))
    return tagged(finish(set_ ^ keys.mixers[2]), np.full(len(first), OPENING_TAG))


def _local(words: _Words, keys: Keys, first: Places, last: Places) -> Hashes:
    """Hashes of runs of words as local parts of addresses; 0 where they say too little or hold a blank."""
    count = last - first + 1
    totals = np.concatenate((np.zeros(1, np.uint64), np.cumsum(words.mixed, dtype=np.uint64)))
    set_ = finish(totals[last + 1] - totals[first] + keys.mixers[1] * count.astype(np.uint64))
    size = words.ranks[last + 1] - words.ranks[first]
    digits = words.digit_sums[words.ends[last]] - words.digit_sums[words.starts[first]]
    blanks = words.blank_sums[words.ends[last]] - words.blank_sums[words.starts[first]]
    fits = (size >= LOCAL_CHARACTERS) & (size > digits) & ((digits > 0) | (count > 1))
    fits &= (blanks == 0) & (count <= LOCAL_WORDS)
    return np.where(fits, tagged(finish(set_ ^ keys.mixers[3]), np.full(len(first), LOCAL_TAG)), np.uint64(0))


def forms(data: Bytes, offsets: Places, keys: Keys) -> tuple[Hashes, Hashes, Hashes, Hashes]:
    """Of n values the hashes of whole forms, local parts, numbers without calling codes, and openings; 0 for none."""
    whole, local, national, opening = (np.zeros(len(offsets) - 1, np.uint64) for _ in range(4))
    for start, end in _chunks(offsets):
        here = data[offsets[start] : offsets[end]]
        within = offsets[start : end + 1] - offsets[start]
        words = _words(here, within, keys)
        if not len(words.starts):
            continue
        filled, first, counts = np.unique(words.owners, return_index=True, return_counts=True)
        whole[start + filled], national[start + filled], _ = _form(words, keys, first, first + counts - 1)
        long = np.flatnonzero(whole[start + filled] & np.uint64(_TAGS) == LONG_TAG)
        opening[start + filled[long]] = _opening(words, keys, first[long])
        # Addresses: one @, no blank, words on both sides of it.
        ats = np.flatnonzero(here == 64)
        owners = np.searchsorted(within, ats, side="right") - 1
        single = np.flatnonzero(np.bincount(owners, minlength=end - start)[owners] == 1)
        before = np.searchsorted(words.starts, ats[single]) - 1
        value = owners[single]
        place = np.minimum(np.searchsorted(filled, value), len(filled) - 1)
        blanks = words.blank_sums[within[value + 1]] - words.blank_sums[within[value]]
        fits = (filled[place] == value) & (before >= first[place]) & (blanks == 0)
        local[start + value[fits]] = _local(words, keys, first[place[fits]], before[fits])
    return whole, local, national, opening


Found = tuple[Places, Hashes, Places, Places, Places]


def runs(data: Bytes, offsets: Places, keys: Keys, wanted: Filter) -> Found:
    """Runs of words whose hashes pass a filter: their rows, hashes, starts and ends; and how many codes were tested."""
    codes = np.zeros(1 << TAG_BITS, np.int64)
    found: list[tuple[Places, Hashes, Places, Places]] = []
    for start, end in _chunks(offsets):
        words = _words(data[offsets[start] : offsets[end]], offsets[start : end + 1] - offsets[start], keys)
        count = len(words.starts)
        for length in range(1, min(MOST_WORDS, count) + 1):
            first = np.arange(count - length + 1)
            first = first[words.owners[first] == words.owners[first + length - 1]]
            last = first + length - 1
            hashes, national, numbers = _form(words, keys, first, last)
            tags = (hashes & np.uint64(_TAGS)).astype(np.int64)
            tested = [tags[numbers]]
            both = [hashes]
            if wanted.nationals:
                both += [np.where(numbers, as_national(hashes, keys), np.uint64(0)), national]
                tested.append((national[national != 0] & np.uint64(_TAGS)).astype(np.int64))
            for some in tested:
                counted = np.bincount(some, minlength=1 << TAG_BITS)
                codes[FIRST_CODE_TAG:] += counted[FIRST_CODE_TAG:] * wanted.kinds[FIRST_CODE_TAG:]
            if wanted.kinds[LOCAL_TAG]:
                both.append(_local(words, keys, first, last))
            if length == MOST_WORDS and wanted.kinds[OPENING_TAG]:
                both.append(_opening(words, keys, first))
            for each in both:
                chosen = np.flatnonzero(each)
                chosen = chosen[wanted.kinds[(each[chosen] & np.uint64(_TAGS)).astype(np.int64)] == 1]
                chosen = chosen[wanted.passes(each[chosen])]
                rows = start + words.owners[first[chosen]]
                base = offsets[start]
                found.append((rows, each[chosen], base + words.starts[first[chosen]], base + words.ends[last[chosen]]))
    if not found:
        nothing = np.zeros(0, np.int64)
        return nothing, np.zeros(0, np.uint64), nothing, nothing, codes
    rows, all_hashes, starts, ends = (np.concatenate(each) for each in zip(*found, strict=True))
    return rows, all_hashes, starts, ends, codes


def longer(data: Bytes, offsets: Places, keys: Keys, wanted: Filter) -> tuple[Places, Hashes, Places]:
    """Beginnings of texts, of more words than `runs` takes together, whose hashes pass a filter.

    Returns:
        Which text each is of, its hash, and where it ends.
    """
    words = _words(data, offsets, keys)
    totals = np.concatenate((np.zeros(1, np.uint64), np.cumsum(words.mixed, dtype=np.uint64)))
    _, first, owner = np.unique(words.owners, return_index=True, return_inverse=True)
    count = np.arange(len(words.starts)) - first[owner] + 1
    set_ = finish(totals[1:] - totals[first[owner]] + keys.mixers[1] * count.astype(np.uint64))
    hashes = tagged(set_, np.full(len(set_), LONG_TAG))
    chosen = np.flatnonzero(count > MOST_WORDS)
    chosen = chosen[wanted.passes(hashes[chosen])]
    return words.owners[chosen], hashes[chosen], words.ends[chosen]


def _chunks(offsets: Places) -> list[tuple[int, int]]:
    """Runs of values of about `_CHUNK` bytes, each at least one value."""
    bounds = [0]
    while bounds[-1] < len(offsets) - 1:
        behind = int(np.searchsorted(offsets, offsets[bounds[-1]] + _CHUNK, side="right")) - 1
        bounds.append(max(behind, bounds[-1] + 1))
    return list(itertools.pairwise(bounds))
