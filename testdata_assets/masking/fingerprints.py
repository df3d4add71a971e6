"""Keyed fingerprints of production's sensitive values, collected while masking and searched for in the image.

Only columns whose transformer promises outputs disjoint from real values, or nearly so, give fingerprints. A
fingerprint is the keyed hash of the value's canonical form (`canonical.py`), and one more of an e-mail address's local
part; the seed is random and lives and dies with the snapshot, whose encrypted store holds the only copy at rest.
"""

from __future__ import annotations

import itertools
import json
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from testdata_assets.masking.canonical import MINIMUM_CHARACTERS, Filter, forms
from testdata_assets.production.chunk_store import ChunkStore

__all__ = ["MINIMUM_CHARACTERS", "ChangeCount", "FingerprintCollector", "Fingerprints", "fingerprint"]

STREAM = "fingerprints"
ALLOWED = "fingerprints-allowed"
# A refresh holds this many in memory at a time: 12 bytes each, and 40 while they are sorted.
SPILL_FINGERPRINTS = 2 << 20
_PARTS = 64
_BOUNDS = np.arange(_PARTS, dtype=np.uint64) << np.uint64(58)
_PROSE_BIT = 30
_PROSE = 1 << _PROSE_BIT
_PERSONAL = r"@|(?:\d\D?){9}"
_BYTES = 12  # a fingerprint and the number of its column

Hashes = npt.NDArray[np.uint64]
Origins = npt.NDArray[np.int32]


@dataclass(frozen=True)
class ChangeCount:
    """How many values of a masked column that may coincide with real ones changed, row by row (NULLs left out)."""

    table: str
    column: str
    rows: int
    changed: int


@dataclass
class Fingerprints:
    """A set of fingerprints with the columns they came from.

    Attributes:
        seed: Random 64-bit key of this snapshot.
        values: Sorted distinct fingerprints, uint64 of shape (n,).
        origins: For each fingerprint, the index into `columns` of one column it came from, int32 of shape (n,).
        columns: Names `schema.table.column`.
        allowed: Sorted fingerprints by column (of the table that rules name) of values that a condition keeps there.
    """

    seed: int
    values: Hashes
    origins: npt.NDArray[np.int32]
    columns: list[str]
    allowed: dict[str, Hashes] = field(default_factory=dict)
    _filter: Filter | None = field(default=None, repr=False)

    @property
    def filter(self) -> Filter:
        """Made when it is first asked for: 2 bytes a fingerprint, and up to 4."""
        if self._filter is None:
            self._filter = Filter.of(self.values)
        return self._filter

    def hash(self, values: pl.Series) -> pl.Series:
        """Fingerprints of strings' canonical forms: UInt64, nulls where a value is too short to count."""
        whole, _ = forms(values, self.seed)
        return pl.select(pl.when(pl.Series(whole) != 0).then(pl.Series(whole))).to_series()

    def contains(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which hashes are production's: a bitmap of their top bits first, then an exact look at the few left."""
        if not len(self.values) or not len(hashes):
            return np.zeros(len(hashes), dtype=np.bool_)
        found = self.filter.passes(hashes)
        candidates = np.flatnonzero(found)
        positions = np.minimum(np.searchsorted(self.values, hashes[candidates]), len(self.values) - 1)
        found[candidates] = self.values[positions] == hashes[candidates]
        return found

    def origin(self, fingerprint: int) -> str:
        """The column a fingerprint came from."""
        position = int(np.searchsorted(self.values, np.uint64(fingerprint)))
        return self.columns[int(self.origins[position])]

    @classmethod
    def load(cls, store: ChunkStore) -> Fingerprints:
        """Reads what a collector saved in a snapshot's store; takes 12 bytes of memory a fingerprint."""
        blocks = store.read(STREAM)
        header = json.loads(next(blocks))
        values = np.empty(header["count"], np.uint64)
        origins = np.empty(header["count"], np.int32)
        done = 0
        for block in blocks:
            here = len(block) // _BYTES
            values[done : done + here] = np.frombuffer(block, np.uint64, here)
            origins[done : done + here] = np.frombuffer(block, np.int32, here, offset=8 * here)
            done += here
        allowed = dict(
            zip(header["allowed"], (np.frombuffer(block, np.uint64) for block in store.read(ALLOWED)), strict=False)
        )  # the stream of none holds one empty block
        return cls(header["seed"], values, origins, header["columns"], allowed)


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
        self._store, self._budget = store, budget
        self._columns: dict[str, int] = {}
        self._held: list[tuple[int, Hashes]] = []
        self._allowed: dict[str, list[Hashes]] = {}
        self._frequent: dict[int, Hashes] = {}
        self._vocabulary: set[int] = set()
        self._words = np.empty(0, np.uint64)
        self._count = self._runs = 0
        self._lock = threading.Lock()

    def add(self, column: str, values: pl.Series, *, prose: bool = False) -> None:
        """Adds raw values.

        Args:
            column: `schema.table.column`.
            values: Strings without nulls, duplicates allowed.
            prose: Whether they come out of free text or documents: a value known from elsewhere, too, is then
                attributed there.
        """
        self.add_hashes(column, fingerprint(values, self.seed), prose=prose)

    def add_hashes(self, column: str, hashes: Hashes, *, prose: bool = False) -> None:
        """Adds fingerprints made elsewhere under the same seed."""
        spilled: list[tuple[int, Hashes]] = []
        with self._lock:
            index = self._columns.setdefault(column, len(self._columns))
            self._held.append((2 * index + prose, hashes))
            self._count += len(hashes)
            if self._store is not None and self._count > self._budget:
                spilled, self._held, self._count = self._held, [], 0
                number, self._runs = self._runs, self._runs + 1
        if spilled and self._store is not None:
            values, codes = _sorted(spilled)
            bounds = np.searchsorted(values, _BOUNDS)
            self._store.write(
                _run(number),
                (
                    _packed(values[start:end], codes[start:end])
                    for start, end in zip(bounds, [*bounds[1:], len(values)], strict=True)
                ),
            )

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
            parts = self._allowed.setdefault(column, [])
            parts.append(hashes)
            if len(parts) > _PARTS:
                parts[:] = [np.unique(np.concatenate(parts))]

    def finish(self) -> Fingerprints:
        """Everything added so far, in memory."""
        parts = list(self._merged())
        columns = list(self._columns)
        if not parts:
            return Fingerprints(self.seed, np.empty(0, np.uint64), np.empty(0, np.int32), columns, self._all_allowed())
        values, origins = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Fingerprints(self.seed, values, origins, columns, self._all_allowed())

    def _all_allowed(self) -> dict[str, Hashes]:
        return {column: np.unique(np.concatenate(parts)) for column, parts in sorted(self._allowed.items())}

    def save(self, store: ChunkStore) -> None:
        """Writes everything into a snapshot's store, one part of the range of fingerprints after the other."""
        count = sum(len(values) for values, _ in self._merged()) if self._runs else None
        if count is None:
            ready = self.finish()
            count, parts = len(ready.values), iter([(ready.values, ready.origins)])
        else:
            parts = self._merged()
        allowed = self._all_allowed()
        store.write(ALLOWED, (hashes.tobytes() for hashes in allowed.values()))
        header = json.dumps(
            {"seed": self.seed, "count": count, "columns": list(self._columns), "allowed": list(allowed)}
        ).encode()
        store.write(STREAM, itertools.chain([header], (_packed(values, origins) for values, origins in parts)))

    def _merged(self) -> Iterator[tuple[Hashes, Origins]]:
        """Distinct fingerprints in ascending order with their origins, by parts of their range."""
        held = _sorted(self._held)
        if not self._runs or self._store is None:
            yield self._telling(*_attributed([held]))
            return
        runs = [self._store.read(_run(number)) for number in range(self._runs)]
        bounds = np.searchsorted(held[0], _BOUNDS)
        for start, end in zip(bounds, [*bounds[1:], len(held[0])], strict=True):
            pieces = [_unpacked(next(run)) for run in runs]
            yield self._telling(*_attributed([*pieces, (held[0][start:end], held[1][start:end])]))

    def _telling(self, values: Hashes, origins: Origins) -> tuple[Hashes, Origins]:
        """Fingerprints without those that were left out of their column."""
        kept = np.ones(len(values), np.bool_)
        for columns, left_out in [
            (self._vocabulary, self._words),
            *(({index}, frequent) for index, frequent in self._frequent.items()),
        ]:
            places = np.searchsorted(values, left_out)
            found = places[places < len(values)]
            found = found[np.isin(values[found], left_out) & np.isin(origins[found], list(columns))]
            kept[found] = False
        return (values, origins) if kept.all() else (values[kept], origins[kept])


def _sorted(parts: list[tuple[int, Hashes]]) -> tuple[Hashes, Origins]:
    """Fingerprints in ascending order, each once, with its code; one not out of prose goes first."""
    if not parts:
        return np.empty(0, np.uint64), np.empty(0, np.int32)
    everything = np.concatenate([hashes for _, hashes in parts])
    ranks = np.concatenate([np.full(len(hashes), _rank(code), np.int32) for code, hashes in parts])
    if not len(everything):
        return everything, ranks
    order = np.argsort(everything)  # not stable: several times faster, and equal ones are told apart by rank
    values = everything[order]
    firsts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    least = np.minimum.reduceat(ranks[order], firsts)
    return values[firsts], (least & (_PROSE - 1)) << 1 | least >> _PROSE_BIT


def _rank(code: int) -> int:
    """A code with its prose bit above the column."""
    return (code & 1) << _PROSE_BIT | code >> 1


def _attributed(pieces: list[tuple[Hashes, Origins]]) -> tuple[Hashes, Origins]:
    """One of several sorted pieces: each fingerprint once, codes turned into columns."""
    values = np.concatenate([piece[0] for piece in pieces])
    codes = np.concatenate([piece[1] for piece in pieces])
    if len(pieces) > 1:
        order = np.lexsort((codes & 1, values))
        values, codes = values[order], codes[order]
        first = np.ones(len(values), np.bool_)
        first[1:] = values[1:] != values[:-1]
        values, codes = values[first], codes[first]
    return values, codes >> 1


def _packed(values: Hashes, codes: Origins) -> bytes:
    return values.tobytes() + codes.tobytes()


def _unpacked(block: bytes) -> tuple[Hashes, Origins]:
    count = len(block) // _BYTES
    return np.frombuffer(block, np.uint64, count), np.frombuffer(block, np.int32, count, offset=8 * count)


def _run(number: int) -> str:
    return f"{STREAM}-run-{number:05d}"


def fingerprint(values: pl.Series, seed: int) -> Hashes:
    """The fingerprints of raw values and of addresses' local parts, without those that are too short to count."""
    both = np.concatenate(forms(values, seed))
    found: Hashes = both[both != 0]
    return found
