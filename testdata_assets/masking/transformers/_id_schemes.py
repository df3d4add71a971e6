"""What an identification number is made of, and its permutation among the valid ones.

A number is a row of symbol values: 0 to 9 for digits, 10 to 35 for letters. A scheme says which parts of it may
change, how its check symbols follow from the rest, and so which numbers are valid. A mask is a keyed permutation of
the changing parts; results that are not valid walk on along the permutation's cycle, which makes the
whole a permutation of the valid numbers without a fixed point.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.permutation import cycle_pairs
from testdata_assets.masking.transformers._checksums import Digits, number, spread
from testdata_assets.masking.transformers._forms import Flags

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MONTH_LETTERS = "ABCDEHLMPRST"  # of the Italian code
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
Atom = tuple[Digits, Digits]  # values and their moduli


def value_of(symbol: str) -> int:
    """Value of a digit or capital letter."""
    return int(symbol, 36)


class Part(ABC):
    """Places of a number that change together.

    Attributes:
        nominal: About how many values each of its atoms has: the same for all numbers.
    """

    nominal: tuple[int, ...]

    @abstractmethod
    def fits(self, values: Digits) -> Flags:
        """Whether the part is valid in each of n numbers."""

    @abstractmethod
    def read(self, values: Digits) -> list[Atom]:
        """The part as mixed-radix numbers, only where it fits; their moduli hang on what it keeps."""

    @abstractmethod
    def write(self, values: Digits, atoms: list[Digits]) -> None:
        """Puts other values there."""


class Free(Part):
    """Places that hold any symbol of an alphabet, each for itself."""

    def __init__(self, *places: int, alphabet: str = DIGITS) -> None:
        self.places = list(places)
        self.symbols = np.array([value_of(symbol) for symbol in alphabet], np.int64)
        self.index = np.full(36, -1, np.int64)
        self.index[self.symbols] = np.arange(len(alphabet))
        self.nominal = (len(alphabet),) * len(places)

    def fits(self, values: Digits) -> Flags:
        return np.asarray((self.index[values[:, self.places]] >= 0).all(axis=1))

    def read(self, values: Digits) -> list[Atom]:
        radix = np.full(len(values), len(self.symbols), np.int64)
        return [(self.index[values[:, place]], radix) for place in self.places]

    def write(self, values: Digits, atoms: list[Digits]) -> None:
        for place, atom in zip(self.places, atoms, strict=True):
            values[:, place] = self.symbols[atom]


class SameKind(Part):
    """Places where a digit stays a digit and a letter a letter."""

    def __init__(self, *places: int) -> None:
        self.places = list(places)
        self.nominal = (26,) * len(places)

    def fits(self, values: Digits) -> Flags:
        return np.ones(len(values), np.bool_)

    def read(self, values: Digits) -> list[Atom]:
        letter = values > 9
        return [
            (values[:, place] - np.where(letter[:, place], 10, 0), np.where(letter[:, place], 26, 10))
            for place in self.places
        ]

    def write(self, values: Digits, atoms: list[Digits]) -> None:
        for place, atom in zip(self.places, atoms, strict=True):
            values[:, place] = atom + np.where(values[:, place] > 9, 10, 0)


class Within(Part):
    """A number that stays within its band, and even or odd where `step` is 2.

    Args:
        start, stop: Places of its digits.
        bounds: Where bands begin, and where the last one ends; with a step of 2 all even.
        outside_stays: Numbers outside all bands are fine, and stay; else they are not valid.
    """

    def __init__(
        self, start: int, stop: int, bounds: Sequence[int], step: int = 1, outside_stays: bool = False
    ) -> None:
        self.slice, self.width, self.step = slice(start, stop), stop - start, step
        self.bounds = np.array(bounds, np.int64)
        self.outside_stays = outside_stays
        self.nominal = (int(np.diff(self.bounds).max()) // step,)

    def _band(self, values: Digits) -> tuple[Digits, Digits, Digits]:
        found = number(values[:, self.slice])
        band = np.searchsorted(self.bounds, found, side="right") - 1
        inside = (band >= 0) & (band < len(self.bounds) - 1)
        band = np.where(inside, band, 0)
        low = np.where(inside, self.bounds[band], found)
        high = np.where(inside, self.bounds[band + 1], found + self.step)
        return found, low, high

    def fits(self, values: Digits) -> Flags:
        found, low, high = self._band(values)
        flags: Flags = (found >= self.bounds[0]) & (found < self.bounds[-1]) | self.outside_stays
        return flags & (high > low)

    def read(self, values: Digits) -> list[Atom]:
        found, low, high = self._band(values)
        return [((found - low) // self.step, (high - low) // self.step)]

    def write(self, values: Digits, atoms: list[Digits]) -> None:
        found, low, _ = self._band(values)
        values[:, self.slice] = spread(low + atoms[0] * self.step + (found - low) % self.step, self.width)


class Birthday(Part):
    """Month and day of a birth date; the year stays, and what is added to month or day to tell something else.

    Args:
        month, day: First places; two digits each, or one letter for the month.
        year: Reads the full year, from places that stay.
        month_adds, day_adds: What may be added to them.
    """

    nominal = (366,)

    def __init__(
        self,
        month: int,
        day: int,
        year: Callable[[Digits], Digits],
        month_adds: Sequence[int] = (0,),
        day_adds: Sequence[int] = (0,),
        letter: bool = False,
    ) -> None:
        self.month, self.day, self.year, self.letter = month, day, year, letter
        self.adds = np.array(month_adds, np.int64), np.array(day_adds, np.int64)
        self.letters = np.full(36, 0, np.int64)
        self.letters[[value_of(symbol) for symbol in _MONTH_LETTERS]] = np.arange(1, 13)

    def _read(self, values: Digits) -> tuple[list[Digits], list[Digits], Digits]:
        """Month and day, what is added to each, and the table of days before each month (by leap year)."""
        month = self.letters[values[:, self.month]] if self.letter else number(values[:, self.month : self.month + 2])
        raw = [month, number(values[:, self.day : self.day + 2])]
        added = [adds[np.searchsorted(adds, each, side="right") - 1] for adds, each in zip(self.adds, raw, strict=True)]
        year = self.year(values)
        leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
        return [each - add for each, add in zip(raw, added, strict=True)], added, leap.astype(np.int64)

    def fits(self, values: Digits) -> Flags:
        (month, day), _, leap = self._read(values)
        known = (month >= 1) & (month <= 12)
        before = _BEFORE[leap]
        rows = np.arange(len(values))
        month = np.where(known, month, 1)
        flags: Flags = known & (day >= 1) & (day <= before[rows, month] - before[rows, month - 1])
        return flags

    def read(self, values: Digits) -> list[Atom]:
        (month, day), _, leap = self._read(values)
        return [(_BEFORE[leap, month - 1] + day - 1, _BEFORE[leap, 12])]

    def write(self, values: Digits, atoms: list[Digits]) -> None:
        _, added, leap = self._read(values)
        month = (_BEFORE[leap, 1:13] <= atoms[0][:, None]).sum(axis=1)
        values[:, self.day : self.day + 2] = spread(atoms[0] - _BEFORE[leap, month] + 1 + added[1], 2)
        if self.letter:
            values[:, self.month] = np.array([value_of(symbol) for symbol in _MONTH_LETTERS])[month]
        else:
            values[:, self.month : self.month + 2] = spread(month + 1 + added[0], 2)


_BEFORE = np.array([np.cumsum((0, *_DAYS)), np.cumsum((0, 31, 29, *_DAYS[2:]))], np.int64)

Check = Callable[[Digits, Digits], Digits]


def _always(values: Digits) -> Flags:
    return np.ones(len(values), np.bool_)


@dataclass(frozen=True)
class Scheme:
    """One kind of identification number.

    Attributes:
        name: What it is called, for parameters and documentation: a country's code, mostly.
        form: One sign for each place: D digit, A letter, * either.
        parts: What changes.
        check: From values and the number before masking, (n, c) check symbols; those above 9 where a digit is due
            mean that there is none.
        check_at: Places of the check symbols.
        written: Pattern (of digits, letters and punctuation) of the usual written form, which tells it from others
            as long; '' if there is none.
        only_written: Other written forms are not this kind.
        accepts: A condition on numbers beyond parts and check symbols.
        prefix: Symbols it begins with; the mask of what follows does not hang on them.
    """

    name: str
    form: str
    parts: tuple[Part, ...]
    check: Check | None = None
    check_at: tuple[int, ...] = ()
    written: str = ""
    only_written: bool = False
    accepts: Callable[[Digits], Flags] = _always
    prefix: str = ""

    def valid(self, values: Digits) -> Flags:
        """Which of n numbers of the right length are valid."""
        flags = np.ones(len(values), np.bool_)
        for place, symbol in enumerate(self.prefix):
            flags &= values[:, place] == value_of(symbol)
        if not flags.any():
            return flags
        for place, sign in enumerate(self.form):
            if sign == "D":
                flags &= values[:, place] <= 9
            elif sign == "A":
                flags &= values[:, place] >= 10
        rows = np.flatnonzero(flags)
        sound = values[rows]
        fine = self.accepts(sound)
        for part in self.parts:
            fine &= part.fits(sound)
        if self.check is not None:
            again = np.flatnonzero(fine)
            due = self.check(sound[again], sound[again])
            fine[again] = (due == sound[again][:, list(self.check_at)]).all(axis=1)
        flags[rows] = fine
        return flags

    def permute(self, values: Digits, keyed: KeyedHash, accepts: Callable[[Digits, NDArray[Any]], Flags]) -> Digits:
        """Permutes valid numbers.

        Args:
            values: (n, places) valid numbers.
            keyed: Chooses the permutation.
            accepts: From numbers and their rows, which results may stand beside being valid.

        Returns:
            (n, places) other valid numbers; symbols are letters where they were before.
        """
        prf = keyed.prf(f"{self.name} {len(self.form) - len(self.prefix)}")
        tweak = self._tweak(values)
        result = values.copy()
        rows = np.arange(len(values))
        while len(rows):
            result[rows] = self._step(result[rows], values[rows], tweak[rows], prf)
            fine = self.valid(result[rows]) & ((result[rows] > 9) == (values[rows] > 9)).all(axis=1)
            fine &= accepts(result[rows], rows)
            rows = rows[~fine]
        return result

    def _tweak(self, values: Digits) -> Words:
        """A number for what stays: the places that neither change nor follow from others."""
        kept = values.copy()
        for part in self.parts:
            part.write(kept, [np.zeros(len(values), np.int64) for _ in part.nominal])
        kept[:, list(self.check_at)] = 0
        tweak = np.zeros(len(values), np.uint64)
        for symbol in kept[:, len(self.prefix) :].T:
            tweak = (tweak * np.uint64(37) + symbol.astype(np.uint64)) & np.uint64((1 << 56) - 1)
        return tweak

    def _step(self, values: Digits, source: Digits, tweak: Words, prf: Any) -> Digits:
        atoms = [atom for part in self.parts for atom in part.read(values)]
        middle = self._middle()
        left, right = _Mixed(atoms[:middle], len(values)), _Mixed(atoms[middle:], len(values))
        permuted = cycle_pairs(prf, left.value, right.value, (left.modulus, right.modulus), tweak)
        numbers = left.split(permuted[0]) + right.split(permuted[1])
        result = values.copy()
        for part in self.parts:
            count = len(part.nominal)
            part.write(result, numbers[:count])
            numbers = numbers[count:]
        if self.check is not None:
            result[:, list(self.check_at)] = self.check(result, source)
        return result

    def _middle(self) -> int:
        """How many atoms make up the left half of the permutation's domain."""
        sizes = [math.log(max(size, 2)) for part in self.parts for size in part.nominal]
        halves = [abs(sum(sizes[:count]) - sum(sizes) / 2) for count in range(len(sizes) + 1)]
        return halves.index(min(halves))


class _Mixed:
    """Atoms as one number each."""

    def __init__(self, atoms: list[Atom], size: int) -> None:
        self.moduli = [modulus.astype(np.uint64) for _, modulus in atoms]
        self.value, self.modulus = np.zeros(size, np.uint64), np.ones(size, np.uint64)
        for (value, _), modulus in zip(atoms, self.moduli, strict=True):
            self.value = self.value * modulus + value.astype(np.uint64)
            self.modulus = self.modulus * modulus

    def split(self, value: Words) -> list[Digits]:
        numbers: list[Digits] = []
        for modulus in reversed(self.moduli):
            numbers.append((value % modulus).astype(np.int64))
            value = value // modulus
        return numbers[::-1]
