"""Gathering fingerprints of sensitive values while masking; what exceeds a budget spills into the encrypted store.

Only columns whose transformer promises outputs disjoint from real values, or nearly so, give fingerprints.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from enum import IntEnum
from itertools import pairwise

import numpy as np
import polars as pl

from testdata_assets.masking import kernels
from testdata_assets.masking.fingerprints import (
    HEADER,
    STREAM,
    FingerprintBlock,
    Fingerprints,
    Hashes,
    Header,
    Origins,
    among,
    fingerprint,
    pairs_of,
)
from testdata_assets.production.chunk_store import ChunkStore

# A refresh holds this many in memory at a time: 12 bytes each, and 40 while they are sorted.
SPILL_FINGERPRINTS = 2 << 20
# So many are looked up at a time: 192 KB.
BLOCK = 1 << 14
_PART_BITS = 8
_BOUNDS = np.arange(1, 1 << _PART_BITS, dtype=np.uint64) << np.uint64(64 - _PART_BITS)
_PAIR_BYTES = 12
_RANK_BIT = 29  # ranks stand above the numbers of columns
_PERSONAL = r"@|(?:\d\D?){9}"

_Pairs = tuple[Hashes, Origins]


class Rank(IntEnum):
    """How much a match with a value of a column proves, the most first."""

    CERTAIN = 0  # its masks are never real
    COINCIDING = 1  # a mask may be somebody's real value by chance
    SHARED = 2  # many people's
    PARTS = 3  # out of prose or documents


class FingerprintCollector:
    """Gathers fingerprints from all threads of a refresh; what exceeds the budget goes to the encrypted store.

    Args:
        seed: Key of the fingerprints; drawn by default.
        store: Where to spill; without one everything stays in memory.
        budget: Fingerprints held in memory before they are spilled.
    """

    def __init__(
        self, seed: int | None = None, store: ChunkStore | None = None, budget: int = SPILL_FINGERPRINTS
    ) -> None:
        self.seed = secrets.randbits(63) if seed is None else seed
        self._columns: dict[str, int] = {}
        self._allowed_columns: dict[str, int] = {}
        self._sensitive = _Pile(f"{STREAM}-run", store, budget, _attributed)
        self._allowed = _Pile(f"{STREAM}-allowed-run", store, budget, _distinct)
        self._frequent: dict[int, Hashes] = {}
        self._vocabulary: set[int] = set()
        self._words = np.empty(0, np.uint64)
        self._lock = threading.Lock()

    def add(self, column: str, values: pl.Series, rank: Rank = Rank.CERTAIN) -> None:
        """Adds raw values.

        Args:
            column: `schema.table.column`.
            values: Strings without nulls, duplicates allowed.
            rank: What a match would prove; a value that several columns have is attributed to where it proves most.
        """
        self.add_hashes(column, fingerprint(values, self.seed), rank)

    def add_hashes(self, column: str, hashes: Hashes, rank: Rank = Rank.CERTAIN) -> None:
        """Adds fingerprints made elsewhere under the same seed."""
        with self._lock:
            number = self._columns.setdefault(column, len(self._columns))
        self._sensitive.add(hashes, rank << _RANK_BIT | number)

    def leave_out(self, column: str, values: pl.Series, *, vocabulary: bool) -> None:
        """Values of a column that say nothing, since many rows share them; addresses and long numbers stay.

        Args:
            column: As for `add`.
            values: Strings without nulls.
            vocabulary: Whether the column may hold states and the like: what is such a word in one column that may
                is one in all of them.
        """
        plain = fingerprint(values.filter(~values.str.contains(_PERSONAL)), self.seed)
        with self._lock:
            index = self._columns.setdefault(column, len(self._columns))
            if vocabulary:
                self._vocabulary.add(index)
                self._words = np.union1d(self._words, plain)
            else:
                self._frequent[index] = np.union1d(self._frequent.get(index, np.empty(0, np.uint64)), plain)

    def allow(self, column: str, values: pl.Series) -> None:
        """Values that a condition keeps in a column: no leak there, and one everywhere else if somebody masks them.

        Args:
            column: `schema.table.column` of the table that rules name.
            values: Strings without nulls.
        """
        self.allow_hashes(column, fingerprint(values, self.seed))

    def allow_hashes(self, column: str, hashes: Hashes) -> None:
        """The same for fingerprints made elsewhere under the same seed."""
        with self._lock:
            number = self._allowed_columns.setdefault(column, len(self._allowed_columns))
        self._allowed.add(hashes, number)

    def finish(self) -> Fingerprints:
        """Everything added so far, in memory."""
        blocks = list(self._blocks())
        return Fingerprints(self._header(sum(len(block.values) for block in blocks)), len(blocks), blocks.__getitem__)

    def save(self, store: ChunkStore) -> None:
        """Writes everything into a snapshot's store, one part of the range of fingerprints after the other."""
        count = 0

        def records() -> Iterator[bytes]:
            nonlocal count
            for block in self._blocks():
                count += len(block.values)
                yield block.packed()

        store.write(STREAM, records())
        store.write(HEADER, [self._header(count).packed()])

    def _header(self, count: int) -> Header:
        return Header(self.seed, count, list(self._columns), list(self._allowed_columns))

    def _blocks(self) -> Iterator[FingerprintBlock]:
        """Blocks of fingerprints in ascending order: parts of their range put together or cut."""
        held: list[FingerprintBlock] = []
        for (values, codes), (allowed, allowed_in) in zip(self._sensitive.parts(), self._allowed.parts(), strict=True):
            values, origins = self._telling(values, codes & ((1 << _RANK_BIT) - 1))
            known = among(allowed, values)  # what nobody masks needs no leave
            held.append(FingerprintBlock(values, origins, allowed[known], allowed_in[known]))
            if sum(len(block.values) for block in held) >= BLOCK:
                yield from _cut(FingerprintBlock.joined(held))
                held = []
        yield from _cut(FingerprintBlock.joined(held))

    def _telling(self, values: Hashes, origins: Origins) -> _Pairs:
        """Fingerprints without those that were left out of their column."""
        kept = np.ones(len(values), np.bool_)
        for columns, left_out in [
            (self._vocabulary, self._words),
            *(({index}, frequent) for index, frequent in self._frequent.items()),
        ]:
            found = np.searchsorted(values, left_out[among(left_out, values)])
            if not len(found):
                continue
            kept[found[np.isin(origins[found], list(columns))]] = False
        return (values, origins) if kept.all() else (values[kept], origins[kept])


class _Pile:
    """Pairs of a hash and a number that arrive in any order and leave sorted, by parts of the hashes' range.

    Args:
        name: Of the streams that are spilled.
        store: Where to.
        budget: Pairs held in memory.
        sort: Sorts pairs and leaves out those that say nothing new; once more for what it gave is no harm.
    """

    def __init__(self, name: str, store: ChunkStore | None, budget: int, sort: Callable[[Hashes, Origins], _Pairs]):
        self._name, self._store, self._budget, self._sort = name, store, budget, sort
        self._held: list[tuple[Hashes, int]] = []
        self._count = self._runs = 0
        self._lock = threading.Lock()

    def add(self, hashes: Hashes, number: int) -> None:
        """Adds hashes that all have one number; spills what is held if that is too much."""
        for start in range(0, len(hashes), self._budget):
            self._add(hashes[start : start + self._budget], number)

    def _add(self, hashes: Hashes, number: int) -> None:
        with self._lock:
            self._held.append((hashes, number))
            self._count += len(hashes)
            if self._store is None or self._count <= self._budget:
                return
            spilled, self._held, self._count = self._held, [], 0
            run, self._runs = self._runs, self._runs + 1
        values, numbers = self._sorted(spilled)
        bounds = [0, *np.searchsorted(values, _BOUNDS), len(values)]
        records = (values[start:end].tobytes() + numbers[start:end].tobytes() for start, end in pairwise(bounds))
        self._store.write(self._stream(run), records)

    def parts(self) -> Iterator[_Pairs]:
        """All pairs, sorted, by parts of their range."""
        values, numbers = self._sorted(self._held)
        bounds = [0, *np.searchsorted(values, _BOUNDS), len(values)]
        runs = [] if self._store is None else [self._store.read(self._stream(run)) for run in range(self._runs)]
        for start, end in pairwise(bounds):
            pieces = [(values[start:end], numbers[start:end])]
            for run in runs:
                record = next(run)
                pieces.append(pairs_of(record, len(record) // _PAIR_BYTES))
            if len(pieces) == 1:
                yield pieces[0]
            else:
                yield self._sort(*(np.concatenate(each) for each in zip(*pieces, strict=True)))

    def _sorted(self, held: list[tuple[Hashes, int]]) -> _Pairs:
        if not held:
            return np.empty(0, np.uint64), np.empty(0, np.int32)
        return self._sort(
            np.concatenate([hashes for hashes, _ in held]),
            np.concatenate([np.full(len(hashes), number, np.int32) for hashes, number in held]),
        )

    def _stream(self, run: int) -> str:
        return f"{self._name}-{run:05d}"


def _attributed(values: Hashes, numbers: Origins) -> _Pairs:
    """Each hash once, with its least number: of the first rank, and there of the first column. May write to both."""
    if not len(values):
        return values, numbers
    compiled = kernels.load("sorting", len(values))
    if compiled is not None:
        found: _Pairs = compiled.attributed(values, numbers)
        return found
    order = np.argsort(values)  # not stable: several times faster, and equal ones are told apart by number
    values = values[order]
    firsts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    return values[firsts], np.minimum.reduceat(numbers[order], firsts)


def _distinct(values: Hashes, numbers: Origins) -> _Pairs:
    """Each pair once."""
    order = np.lexsort((numbers, values))
    values, numbers = values[order], numbers[order]
    first = np.ones(len(values), np.bool_)
    first[1:] = (values[1:] != values[:-1]) | (numbers[1:] != numbers[:-1])
    return values[first], numbers[first]


def _cut(block: FingerprintBlock) -> Iterator[FingerprintBlock]:
    """A block in pieces of at most `BLOCK` fingerprints."""
    for start in range(0, len(block.values), BLOCK):
        values = block.values[start : start + BLOCK]
        first, end = np.searchsorted(block.allowed, values[0]), np.searchsorted(block.allowed, values[-1], side="right")
        yield FingerprintBlock(
            values, block.origins[start : start + BLOCK], block.allowed[first:end], block.allowed_in[first:end]
        )
