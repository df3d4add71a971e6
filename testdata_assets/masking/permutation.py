"""Keyed permutations: of integers below mixed radices, and of texts that keep their character classes.

The integer core is an alternating Feistel network (NIST SP 800-38G's shape) with AES as round function,
on pairs (left, right) with moduli of their own, so any product of two radices is a domain and no cycle
walking is needed. A masked value must never equal its input, so what is applied is not the network P itself
but `P^-1(P(x) + 1)`: a bijection that is one single cycle, hence without a fixed point.

A text's permutable characters are digits of a mixed-radix number (26 for a letter, 10 for a digit, ...).
Texts of up to about 120 bits (24 letters) are permuted whole. In longer ones the last ones are permuted under a
tweak hashed from the characters before them, and those get a keystream hashed from the permuted ones: both
steps can be undone, so distinct texts stay distinct at any length.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking import kernels
from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.hashing import KeyedHash, Prf, Words
from testdata_assets.masking.text_arrays import Codes, Positions, TextArray, offsets_of, ragged_indices

ROUNDS = 6  # there and back: a value passes twelve
_HALF_BITS = 60
PAIRS_AT_ONCE = 8192  # by kernels


def _network(
    prf: Prf, left: Words, right: Words, moduli: tuple[Words, Words], tweak: Words, numbers: Iterable[int]
) -> tuple[Words, Words]:
    """Rounds of x -> F(other half) - x: each undoes itself, so the reverse order undoes the whole."""
    masks = _masks(moduli)  # a division costs ten times what a mask does
    for number in numbers:
        step = tweak ^ np.uint64(number << 56)
        if number % 2 == 0:
            draws = prf.blocks(right, step)[:, 0] >> np.uint64(2)
            sums = draws + (moduli[0] - left)
            left = sums % moduli[0] if masks is None else sums & masks[0]
        else:
            draws = prf.blocks(left, step)[:, 0] >> np.uint64(2)
            sums = draws + (moduli[1] - right)
            right = sums % moduli[1] if masks is None else sums & masks[1]
    return left, right


def _masks(moduli: tuple[Words, Words]) -> tuple[Words, Words] | None:
    """What takes a remainder where all moduli are powers of two."""
    masks = moduli[0] - np.uint64(1), moduli[1] - np.uint64(1)
    powers = not (moduli[0] & masks[0]).any() and not (moduli[1] & masks[1]).any()
    return masks if powers else None


def cycle_pairs(prf: Prf, left: Words, right: Words, moduli: tuple[Words, Words], tweak: Words) -> tuple[Words, Words]:
    """Permutes pairs without a fixed point.

    Args:
        prf: Round function; its key chooses the permutation.
        left, right: Arrays of n words, each below its modulus.
        moduli: Two arrays of n words, each from 1 to 2**61, with a product of at least 2.
        tweak: Words below 2**56; another tweak, another permutation.

    Returns:
        The permuted pair.
    """
    loaded = kernels.load("permute", len(left))
    if loaded is not None:
        return _cycle_compiled(loaded, prf, left, right, moduli, tweak)
    left, right = _network(prf, left, right, moduli, tweak, range(ROUNDS))
    right = right + np.uint64(1)
    carry = right == moduli[1]
    right[carry] = 0
    left = (left + carry) % moduli[0]
    return _network(prf, left, right, moduli, tweak, range(ROUNDS - 1, -1, -1))


def _cycle_compiled(
    loaded: ModuleType, prf: Prf, left: Words, right: Words, moduli: tuple[Words, Words], tweak: Words
) -> tuple[Words, Words]:
    """What `cycle_pairs` does, by kernels."""
    values = np.empty((2, len(left)), np.uint64)
    batch = PairBatch(len(left))
    for start in range(0, len(left), max(batch.size, 1)):
        rows = slice(start, start + batch.size)
        count = len(left[rows])
        batch.values[:, :count] = left[rows], right[rows]
        batch.moduli[:, :count] = moduli[0][rows], moduli[1][rows]
        batch.tweaks[:count] = tweak[rows]
        batch.cycle(loaded, prf, count)
        values[:, rows] = batch.values[:, :count]
    return values[0], values[1]


class PairBatch:
    """Arrays that kernels permute pairs in.

    Attributes:
        size: Pairs that there is room for: as many as there are to permute, within bounds.
        values, moduli: (2, size): left and right halves.
        tweaks: size words below 2**56, zero unless set.
    """

    def __init__(self, wanted: int) -> None:
        self.size = size = max(1, min(wanted, PAIRS_AT_ONCE))
        self.values = np.empty((2, size), np.uint64)
        self.moduli = np.empty((2, size), np.uint64)
        self._inverses = np.empty((2, size), np.uint64)
        self.tweaks: Words = np.zeros(size, np.uint64)
        self._blocks = np.empty((size, 2), np.uint64)
        self._encrypted = np.empty((size + 1, 2), np.uint64)

    def cycle(self, loaded: ModuleType, prf: Prf, count: int) -> None:
        """Permutes the first `count` pairs as `cycle_pairs` does; `loaded` is the module `permute` of kernels."""
        if not count:
            return
        encrypt = prf.encryptor()
        arrays = (self.values, self.moduli, self._inverses, self.tweaks, self._blocks)
        numbers = [-1, *range(ROUNDS), *reversed(range(ROUNDS)), -1]
        for past, coming in itertools.pairwise(numbers):
            loaded.next_round(past, coming, count, self._encrypted, *arrays)
            if coming >= 0:
                encrypt(self._blocks[:count], self._encrypted)


def cycle_small(keyed: KeyedHash, index: NDArray[np.int64], klass: int, radix: int) -> NDArray[np.int64]:
    """Permutes numbers below a small radix along one keyed random cycle through all of them."""
    rank = keyed.prf("cycle").blocks(np.arange(radix, dtype=np.uint64), klass)[:, 0]
    order = np.argsort(rank, kind="stable")
    following = np.empty(radix, np.int64)
    following[order] = np.roll(order, -1)
    return following[index]


@dataclass(frozen=True)
class _Digits:
    """The permutable characters of n texts as mixed-radix digits, end to end."""

    index: NDArray[np.int64]
    radix: NDArray[np.int64]
    klass: NDArray[np.int16]
    offsets: Positions


def default_classes(codes: Codes) -> NDArray[np.int16]:
    """Every letter and digit in its alphabet's class; all else fixed."""
    return characters().klass.take(codes)


def permute_text(
    text: TextArray,
    keyed: KeyedHash,
    classes: NDArray[np.int16] | None = None,
    tweak: NDArray[Any] | None = None,
) -> TextArray:
    """Permutes texts within their character classes: same length, same places of capitals, never the input.

    Letters that differ only in case permute alike, so case-folded equality survives. A text without a
    permutable character comes back as it is.

    Args:
        text: n texts.
        keyed: Chooses the permutation.
        classes: Class of every character, by default its alphabet's; FIXED leaves it.
        tweak: n words below 2**56: texts under different tweaks are permuted independently.
    """
    table = characters()
    codes = text.codes
    classes = default_classes(codes) if classes is None else classes
    chosen = np.flatnonzero(classes != FIXED)
    if not len(chosen):
        return text
    klass = classes[chosen]
    source = codes[chosen]
    first_special = min(table.special.values())
    index = table.index.take(source).astype(np.int64)
    special = np.flatnonzero(klass >= first_special)
    if len(special):
        index[special] = table.special_index[klass[special] - first_special, source[special]]
    offsets = np.searchsorted(chosen, text.offsets)
    digits = _Digits(index, table.radix[klass], klass, offsets)
    tweaks = np.zeros(len(text), np.uint64) if tweak is None else tweak.astype(np.uint64)
    permuted = _permute_digits(digits, keyed, tweaks)
    result = table.members.take(table.start[klass] + permuted)
    capital = np.flatnonzero(table.lower.take(source) != source)
    result[capital] = table.upper[result[capital]]
    output = codes.copy()
    output[chosen] = result
    return text.with_codes(output)


def _permute_digits(digits: _Digits, keyed: KeyedHash, tweaks: Words) -> NDArray[np.int64]:
    counts = np.diff(digits.offsets)
    index = digits.index.copy()
    single = np.flatnonzero(counts == 1)
    if len(single):
        where = digits.offsets[single]
        for klass in np.unique(digits.klass[where]):
            rows = where[digits.klass[where] == klass]
            index[rows] = cycle_small(keyed, index[rows], int(klass), int(digits.radix[rows[0]]))
    many = np.flatnonzero(counts > 1)
    if not len(many):
        return index
    head, left, right = _split(digits, counts, many)
    tweak = tweaks[many]
    long = np.flatnonzero(head[1])
    if len(long):
        summary = _summaries(keyed.for_purpose("head"), index, digits, head[0][long], head[1][long])
        tweak = tweak.copy()
        tweak[long] ^= summary[0] >> np.uint64(4)
    halves = _Half.of(index, digits.radix, *left), _Half.of(index, digits.radix, *right)
    permuted = cycle_pairs(
        keyed.prf("feistel"),
        halves[0].value,
        halves[1].value,
        (halves[0].modulus, halves[1].modulus),
        tweak,
    )
    halves[0].write(permuted[0], index)
    halves[1].write(permuted[1], index)
    if len(long):
        tail_length = left[1][long] + right[1][long]
        seeds = _summaries(keyed.for_purpose("tail"), index, digits, left[0][long], tail_length)
        stream = keyed.prf("stream").stream(seeds, head[1][long])
        where = ragged_indices(head[0][long], head[1][long])
        index[where] = (index[where] + stream) % digits.radix[where]
    return index


_Slices = tuple[Positions, Positions]


def _split(digits: _Digits, counts: Positions, rows: Positions) -> tuple[_Slices, _Slices, _Slices]:
    """Where head, left half and right half of each text's digits lie: (starts, lengths) each."""
    filled = np.flatnonzero(counts)
    widest = np.zeros(len(counts), np.int64)
    widest[filled] = np.maximum.reduceat(characters().bits.take(digits.klass), digits.offsets[filled])
    ends, count = digits.offsets[rows + 1], counts[rows]
    tail = np.minimum(count, 2 * (_HALF_BITS // widest[rows]))
    right = (tail + 1) // 2
    return (ends - count, count - tail), (ends - tail, tail - right), (ends - right, right)


@dataclass(frozen=True)
class _Half:
    """One half of each text's tail as a number.

    Attributes:
        where: (k, n): position of each text's digits, most significant first; one past the end where a text
            has fewer than k.
        radix: (k, n): their radices, 1 where there is no digit.
        value, modulus: n words.
    """

    where: Positions
    radix: Words
    value: Words
    modulus: Words

    @classmethod
    def of(cls, index: NDArray[np.int64], radix: NDArray[np.int64], starts: Positions, lengths: Positions) -> _Half:
        places = np.arange(int(lengths.max(initial=0)))[:, None]
        where = np.where(places < lengths, starts + places, len(index))
        bases = np.append(radix, 1).take(where).view(np.uint64)
        numbers = np.append(index, 0).take(where).view(np.uint64)
        value = np.zeros(len(starts), np.uint64)
        modulus = np.ones(len(starts), np.uint64)
        for base, number in zip(bases, numbers, strict=True):
            value = value * base + number
            modulus = modulus * base
        return cls(where, bases, value, modulus)

    def write(self, value: Words, index: NDArray[np.int64]) -> None:
        """Sets the digits to those of another number."""
        numbers = np.empty(self.where.shape, np.uint64)
        for place in reversed(range(len(numbers))):
            quotient = value // self.radix[place]
            numbers[place] = value - quotient * self.radix[place]
            value = quotient
        target = np.append(index, 0)
        target[self.where] = numbers.view(np.int64)
        index[:] = target[:-1]


def _summaries(
    keyed: KeyedHash, index: NDArray[np.int64], digits: _Digits, starts: Positions, lengths: Positions
) -> tuple[Words, Words]:
    """Keyed hashes of digit runs, through the characters that the digits stand for."""
    table = characters()
    where = ragged_indices(starts, lengths)
    codes = table.members[table.start[digits.klass[where]] + index[where]]
    return keyed.seeds(TextArray(codes, offsets_of(lengths)).to_series())
