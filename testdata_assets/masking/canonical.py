"""Canonical forms of values as keyed 64-bit hashes, of whole values and of runs of words inside texts.

Two values have the same form if nobody would call them different: case, blanks and punctuation do not count, nor does
the order of words (`Dyke, Mary van`), nor how the digits of a number are grouped. A value is cut into words, runs of
letters and digits. If it has seven digits or more and fewer letters it is a code (a phone, a card, an IBAN), and its
form is all its characters end to end, leading zeros and a `(0)` left out; else its form is the set of its words. So a
run of words in a text has the form of the value it quotes, and no pattern of what a name or an address looks like is
needed.

A hash holds in its lowest five bits how many words, or digits of a code, it was made of. `kernels/canonical.py`
computes the same in one pass; what is here is the definition, and the general way where numba is absent.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from testdata_assets.masking import kernels
from testdata_assets.masking.text_arrays import bytes_to_series, string_bytes
from testdata_assets.production import bulky

Hashes = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

# The longest run of words that is looked for inside texts; longer values are found as whole values only.
MOST_WORDS = 13
MINIMUM_CHARACTERS = 5
# Short runs of digits are found by chance in any database; numbers need more digits than words need letters.
MINIMUM_DIGITS = 7
LOCAL_CHARACTERS = 8
LOCAL_WORDS = MOST_WORDS

TAG_BITS = 5
LOCAL_TAG, LONG_TAG, FIRST_CODE_TAG = 14, 15, 16
_TAGS = (1 << TAG_BITS) - 1
_CHUNK = 1 << 16  # bytes looked at together
LONGEST = 1 << 16  # characters of a value that its form is made of: what follows takes memory and tells nothing more
_PORTION = 1 << 20  # bytes of a long text that runs are looked for in at once
_OVERLAP = 1 << 12  # bytes of it that two portions share, so that no run falls between them
_SEPARATOR, _LETTER, _DIGIT, _BLANK, _AT = range(5)

_CLASSES = np.zeros(256, np.uint8)
_CLASSES[128:] = _LETTER
_CLASSES[[ord(c) for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"]] = _LETTER
_CLASSES[48:58] = _DIGIT
_CLASSES[[9, 10, 11, 12, 13, 32]] = _BLANK
_CLASSES[64] = _AT


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


def prepared(values: pl.Series) -> tuple[Bytes, Places]:
    """Bytes of values and their n + 1 offsets, everything beyond ASCII brought into one form.

    NFKC, lower case, `ß` as `ss`; what is neither letter, digit nor mark becomes a blank.

    Args:
        values: String series without nulls.
    """
    data, offsets = string_bytes(values)
    if len(data) and data.max() >= 0x80:
        wide = values.str.contains(r"[^\x00-\x7F]")
        folded = (
            values.filter(wide)
            .str.normalize("NFKC")
            .str.to_lowercase()
            .str.replace_many(["ß", "ς", "ı", "\u0307"], ["ss", "σ", "i", ""])
            .str.replace_all(r"[\p{Me}\x{FE00}-\x{FE0F}]", "")  # how an emoji is drawn
            .str.replace_all(r"[^\p{L}\p{N}\p{M}\x00-\x7F]", " ")
        )
        whole = values.to_frame("v").with_columns(wide.alias("w"))
        places = pl.Series(np.flatnonzero(wide.to_numpy()))
        data, offsets = string_bytes(whole.get_column("v").scatter(places, folded))
    return data, offsets


def forms(values: pl.Series, seed: int) -> tuple[Hashes, Hashes]:
    """The hash of each value's form, and of the local part of those that are e-mail addresses.

    Args:
        values: String series without nulls; of longer ones the first `LONGEST` characters count.
        seed: Key.

    Returns:
        Two arrays of shape (n,); 0 where a value says too little, or has no telling local part.
    """
    data, offsets = prepared(_beginnings(values))
    keys = keys_of(seed)
    found = kernels.load("canonical", len(values))
    if found is None:
        return _forms(data, offsets, keys)
    whole, local = np.zeros(len(values), np.uint64), np.zeros(len(values), np.uint64)
    found.forms(data, offsets, _CLASSES, keys.table, np.uint64(keys.base), keys.mixers, whole, local)
    return whole, local


def _beginnings(values: pl.Series) -> pl.Series:
    return bulky.beginnings(values, LONGEST) if bulky.is_bulky(values, LONGEST) else values


@dataclass(frozen=True)
class Filter:
    """Which hashes are worth an exact look: a bitmap of their highest bits, and which kinds there are at all.

    Attributes:
        bits: Eight to a byte.
        shift: How far down a hash is shifted for its place.
        kinds: Of shape (32,), by the lowest five bits.
    """

    bits: Bytes
    shift: int
    kinds: Bytes

    @classmethod
    def of(cls, hashes: Hashes) -> Filter:
        size = int(np.clip((16 * max(len(hashes), 1)).bit_length(), 16, 30))
        places = (hashes >> np.uint64(64 - size)).astype(np.int64)
        flags = np.zeros(1 << size, np.bool_)
        flags[places] = True
        kinds = np.zeros(1 << TAG_BITS, np.uint8)
        kinds[np.unique(hashes & np.uint64(_TAGS)).astype(np.int64)] = 1
        return cls(np.packbits(flags, bitorder="little"), 64 - size, kinds)

    def passes(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        places = hashes >> np.uint64(self.shift)
        bytes_ = self.bits[(places >> np.uint64(3)).astype(np.int64)]
        return ((bytes_ >> (places & np.uint64(7)).astype(np.uint8)) & 1).astype(np.bool_)


@dataclass(frozen=True)
class Runs:
    """Runs of words inside texts whose hashes pass a filter.

    Attributes:
        rows: Which text each is in.
        hashes: Of their forms.
        starts, ends: Where they are in `data`.
        data: The bytes of all texts, as `prepared` gives them.
        codes: Of shape (32,), by the lowest five bits of their hashes: how many codes of digits alone were held
            against the filter, found or not.
    """

    rows: Places
    hashes: Hashes
    starts: Places
    ends: Places
    data: Bytes
    codes: Places

    def chosen(self, places: Places) -> Runs:
        """Some of them."""
        return replace(
            self,
            rows=self.rows[places],
            hashes=self.hashes[places],
            starts=self.starts[places],
            ends=self.ends[places],
        )

    def texts(self) -> pl.Series:
        """What they say."""
        lengths = self.ends - self.starts
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        places = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - self.starts, lengths)
        return bytes_to_series(np.ascontiguousarray(self.data[places]), offsets).alias("v")


def runs(values: pl.Series, seed: int, wanted: Filter) -> Runs:
    """All runs of up to `MOST_WORDS` words inside texts that pass a filter, and what looks like local parts.

    Args:
        values: String series without nulls.
        seed: Key.
        wanted: Of the hashes looked for.
    """
    data, offsets = prepared(values)
    keys = keys_of(seed)
    portions = _portions(data, offsets)
    if len(portions) == 1:
        return _runs_of(data, offsets, keys, wanted)
    parts = []
    for row, start, within in portions:
        found = _runs_of(data[start : start + within[-1]], within, keys, wanted)
        parts.append((found.rows + row, found.hashes, found.starts + start, found.ends + start, found.codes))
    rows, hashes, starts, ends, codes = zip(*parts, strict=True)
    return Runs(
        np.concatenate(rows),
        np.concatenate(hashes),
        np.concatenate(starts),
        np.concatenate(ends),
        data,
        np.sum(codes, axis=0, dtype=np.int64),
    )


def _portions(data: Bytes, offsets: Places) -> list[tuple[int, int, Places]]:
    """Texts to look at together: the first one's number, where they begin, their offsets from there.

    A long text is cut between words into portions that overlap; memory then hangs on the portion.
    """
    long = np.flatnonzero(np.diff(offsets) > _PORTION)
    if not len(long):
        return [(0, 0, offsets)]
    found: list[tuple[int, int, Places]] = []
    first = 0
    for row in long.tolist():
        if first < row:
            found.append((first, int(offsets[first]), offsets[first : row + 1] - offsets[first]))
        start, end = int(offsets[row]), int(offsets[row + 1])
        while start < end:
            stop = min(start + _PORTION, end)
            if stop < end:
                stop = _between_words(data, start + _PORTION // 2, stop)
            found.append((row, start, np.array([0, stop - start], np.int64)))
            start = stop if stop == end else max(_between_words(data, start + 1, stop - _OVERLAP), start + 1)
        first = row + 1
    if first < len(offsets) - 1:
        found.append((first, int(offsets[first]), offsets[first:] - offsets[first]))
    return found


def _between_words(data: Bytes, least: int, most: int) -> int:
    """The last place from `least` to `most` that follows a blank, else `most`: text of no blanks is cut anywhere."""
    begin = max(least, most - _OVERLAP)
    blanks = np.flatnonzero(_CLASSES[data[begin:most]] == _BLANK)
    return begin + int(blanks[-1]) + 1 if len(blanks) else most


def _runs_of(data: Bytes, offsets: Places, keys: Keys, wanted: Filter) -> Runs:
    found = kernels.load("canonical", len(data) // 16)
    if found is None:
        return _runs(data, offsets, keys, wanted)
    longest = int(np.diff(offsets).max(initial=0)) // 2 + 2
    room = 1 << 14
    while True:
        rows, hashes = np.empty(room, np.int64), np.empty(room, np.uint64)
        starts, ends = np.empty(room, np.int64), np.empty(room, np.int64)
        codes = np.zeros(1 << TAG_BITS, np.int64)
        arguments = (np.uint64(keys.base), keys.mixers, wanted.bits, np.uint64(wanted.shift), wanted.kinds)
        places = (rows, hashes, starts, ends, codes)
        count = int(found.runs(data, offsets, _CLASSES, keys.table, *arguments, longest, *places))
        if count <= room:
            return Runs(rows[:count], hashes[:count], starts[:count], ends[:count], data, codes)
        room = count


# -- the general way -----------------------------------------------------------------------------------------------


def _finish(hashes: Hashes) -> Hashes:
    """Austin Appleby's finaliser of MurmurHash3."""
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return hashes ^ (hashes >> np.uint64(33))


def _tagged(hashes: Hashes, tags: npt.NDArray[np.int64]) -> Hashes:
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


def _words(data: Bytes, offsets: Places, keys: Keys) -> _Words:
    classes = _CLASSES[data]
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
    return _Words(
        np.searchsorted(offsets, starts, side="right") - 1,
        starts,
        ends,
        ranks,
        zeros,
        np.concatenate(([0], np.cumsum(classes == _DIGIT))),
        np.concatenate(([0], np.cumsum(classes == _BLANK))),
        sums,
        _finish(hashes ^ keys.mixers[0]),
    )


def _form(words: _Words, keys: Keys, first: Places, last: Places) -> tuple[Hashes, Places, Places]:
    """Hashes of the runs of words from `first` up to and with `last`; 0 where they say too little."""
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
    set_ = _finish(totals[last + 1] - totals[first] + keys.mixers[1] * count.astype(np.uint64))
    tags = np.where(
        code, FIRST_CODE_TAG + np.minimum(digits, 22) - MINIMUM_DIGITS, np.where(count <= MOST_WORDS, count, LONG_TAG)
    )
    hashes = _tagged(np.where(code, _finish(joined ^ keys.mixers[2]), set_), tags)
    # Zeros count as characters where they are no part of a number.
    telling = code | ((letters > 0) & (size + skipped >= MINIMUM_CHARACTERS))
    return np.where(telling, hashes, np.uint64(0)), digits, letters


def _local(words: _Words, keys: Keys, first: Places, last: Places) -> Hashes:
    """Hashes of runs of words as local parts of addresses; 0 where they say too little or hold a blank."""
    count = last - first + 1
    totals = np.concatenate((np.zeros(1, np.uint64), np.cumsum(words.mixed, dtype=np.uint64)))
    set_ = _finish(totals[last + 1] - totals[first] + keys.mixers[1] * count.astype(np.uint64))
    size = words.ranks[last + 1] - words.ranks[first]
    digits = words.digit_sums[words.ends[last]] - words.digit_sums[words.starts[first]]
    blanks = words.blank_sums[words.ends[last]] - words.blank_sums[words.starts[first]]
    fits = (size >= LOCAL_CHARACTERS) & (size > digits) & ((digits > 0) | (count > 1))
    fits &= (blanks == 0) & (count <= LOCAL_WORDS)
    return np.where(fits, _tagged(_finish(set_ ^ keys.mixers[3]), np.full(len(first), LOCAL_TAG)), np.uint64(0))


def _forms(data: Bytes, offsets: Places, keys: Keys) -> tuple[Hashes, Hashes]:
    whole, local = np.zeros(len(offsets) - 1, np.uint64), np.zeros(len(offsets) - 1, np.uint64)
    for start, end in _chunks(offsets):
        here = data[offsets[start] : offsets[end]]
        within = offsets[start : end + 1] - offsets[start]
        words = _words(here, within, keys)
        if not len(words.starts):
            continue
        filled, first, counts = np.unique(words.owners, return_index=True, return_counts=True)
        whole[start + filled], _, _ = _form(words, keys, first, first + counts - 1)
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
    return whole, local


def _runs(data: Bytes, offsets: Places, keys: Keys, wanted: Filter) -> Runs:
    codes = np.zeros(1 << TAG_BITS, np.int64)
    found: list[tuple[Places, Hashes, Places, Places]] = []
    for start, end in _chunks(offsets):
        words = _words(data[offsets[start] : offsets[end]], offsets[start : end + 1] - offsets[start], keys)
        count = len(words.starts)
        for length in range(1, min(MOST_WORDS, count) + 1):
            first = np.arange(count - length + 1)
            first = first[words.owners[first] == words.owners[first + length - 1]]
            last = first + length - 1
            hashes, _, letters = _form(words, keys, first, last)
            tags = (hashes & np.uint64(_TAGS)).astype(np.int64)
            counted = np.bincount(tags[(hashes != 0) & (letters == 0)], minlength=1 << TAG_BITS)
            codes[FIRST_CODE_TAG:] += counted[FIRST_CODE_TAG:] * wanted.kinds[FIRST_CODE_TAG:]
            both = [hashes]
            if wanted.kinds[LOCAL_TAG]:
                both.append(_local(words, keys, first, last))
            for each in both:
                chosen = np.flatnonzero(each)
                chosen = chosen[wanted.kinds[(each[chosen] & np.uint64(_TAGS)).astype(np.int64)] == 1]
                chosen = chosen[wanted.passes(each[chosen])]
                rows = start + words.owners[first[chosen]]
                base = offsets[start]
                found.append((rows, each[chosen], base + words.starts[first[chosen]], base + words.ends[last[chosen]]))
    if not found:
        nothing = np.zeros(0, np.int64)
        return Runs(nothing, np.zeros(0, np.uint64), nothing, nothing, data, codes)
    rows, all_hashes, starts, ends = (np.concatenate(each) for each in zip(*found, strict=True))
    return Runs(rows, all_hashes, starts, ends, data, codes)


def _chunks(offsets: Places) -> list[tuple[int, int]]:
    """Runs of values of about `_CHUNK` bytes, each at least one value."""
    bounds = [0]
    while bounds[-1] < len(offsets) - 1:
        behind = int(np.searchsorted(offsets, offsets[bounds[-1]] + _CHUNK, side="right")) - 1
        bounds.append(max(behind, bounds[-1] + 1))
    return list(itertools.pairwise(bounds))
