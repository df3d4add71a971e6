"""Keyed fingerprints of production's sensitive values: what the image is searched for.

A fingerprint is the keyed hash of the value's canonical form (`canonical.py`), and one more of the local part of an
address; the seed is random and lives and dies with the snapshot, whose encrypted store holds the only copy at rest.
`fingerprint_collector.py` gathers them while masking. Few are searched in memory. Of many, filters are in memory, whose
size has a limit, and the few values that pass them are looked up in the store, block by block.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from testdata_assets.masking.canonical import TAG_BITS, Filter, forms
from testdata_assets.masking.fingerprint_filters import BitmapBuilder, Sieve
from testdata_assets.production.chunk_store import ChunkStore

STREAM = "fingerprints"
HEADER = "fingerprints-header"
ANYWHERE = "*"
# So many are searched in memory: 12 bytes each, and 2 to 4 for the bitmap.
IN_MEMORY = 4 << 20
_PAIR_BYTES = 12  # a fingerprint and the number of a column
_BLOCKS_HELD = 32
_ANSWERS_HELD = 1 << 20  # 12 bytes each
_AT_ONCE = 1 << 20  # values that are fingerprinted together

Hashes = npt.NDArray[np.uint64]
Origins = npt.NDArray[np.int32]


@dataclass(frozen=True)
class FingerprintBlock:
    """Neighbours among the sorted fingerprints.

    Attributes:
        values: Sorted distinct fingerprints, uint64 of shape (n,).
        origins: For each, the number of one column it came from, int32 of shape (n,).
        allowed: Those of them that a condition keeps in some column, sorted, uint64 of shape (m,).
        allowed_in: For each of these the number of a column that keeps it, int32 of shape (m,).
    """

    values: Hashes
    origins: Origins
    allowed: Hashes
    allowed_in: Origins

    def packed(self) -> bytes:
        """As one record of the store."""
        parts = (self.values, self.origins, self.allowed, self.allowed_in)
        return len(self.values).to_bytes(8, "little") + b"".join(part.tobytes() for part in parts)

    @classmethod
    def unpacked(cls, record: bytes) -> FingerprintBlock:
        count, pairs = int.from_bytes(record[:8], "little"), (len(record) - 8) // _PAIR_BYTES
        middle = 8 + _PAIR_BYTES * count
        return cls(*pairs_of(record[8:middle], count), *pairs_of(record[middle:], pairs - count))

    @classmethod
    def joined(cls, blocks: list[FingerprintBlock]) -> FingerprintBlock:
        """Neighbouring blocks as one."""
        if len(blocks) == 1:
            return blocks[0]
        return cls(
            np.concatenate([each.values for each in blocks]) if blocks else np.empty(0, np.uint64),
            np.concatenate([each.origins for each in blocks]) if blocks else np.empty(0, np.int32),
            np.concatenate([each.allowed for each in blocks]) if blocks else np.empty(0, np.uint64),
            np.concatenate([each.allowed_in for each in blocks]) if blocks else np.empty(0, np.int32),
        )

    def origins_of(self, hashes: Hashes) -> Origins:
        """The number of the column each hash came from; -1 for those that are no fingerprints of this block."""
        if not len(self.values):
            return np.full(len(hashes), -1, np.int32)
        places = np.minimum(np.searchsorted(self.values, hashes), len(self.values) - 1)
        return np.where(self.values[places] == hashes, self.origins[places], np.int32(-1))

    def is_allowed(self, hashes: Hashes, column: int | None) -> npt.NDArray[np.bool_]:
        """Which hashes a condition keeps in a column, or in any."""
        return among(hashes, self.allowed if column is None else self.allowed[self.allowed_in == column])


class Fingerprints:
    """A set of fingerprints with the columns they came from. Thread-safe.

    Args:
        header: What is known beside them.
        blocks: How many blocks of them there are.
        read: Gives one by its number; they ascend.

    Attributes:
        seed: Random 64-bit key of this snapshot.
        columns: Names `schema.table.column` that they came from.
        tags: How many came from each column, by what the lowest bits say they were made of, of shape (columns, 32).
        filter: Bitmap of all, for a first look.
    """

    def __init__(self, header: Header, blocks: int, read: Callable[[int], FingerprintBlock]) -> None:
        self.seed, self.columns, self._count = header.seed, header.columns, header.count
        self._allowed_columns = {column: number for number, column in enumerate(header.allowed)}
        self._read_again = lru_cache(_BLOCKS_HELD)(read)
        self._answers = _Answers()
        bitmap = BitmapBuilder(header.count)
        sieve = Sieve(header.count) if header.count > IN_MEMORY else None
        tags = np.zeros(len(self.columns) << TAG_BITS, np.int64)
        firsts: list[np.uint64] = []
        held: list[FingerprintBlock] = []
        for block in map(read, range(blocks)):
            bitmap.add(block.values)
            kinds = (block.values & np.uint64((1 << TAG_BITS) - 1)).astype(np.int64)
            tags += np.bincount((block.origins.astype(np.int64) << TAG_BITS) | kinds, minlength=len(tags))
            if sieve is None:
                held.append(block)
            else:
                sieve.add(block.values)
                firsts.append(block.values[0])
        self.tags = tags.reshape(len(self.columns), 1 << TAG_BITS)
        self.filter: Filter = bitmap.finish()
        self._sieve = sieve
        self._held = FingerprintBlock.joined(held)
        self._firsts = np.array(firsts, np.uint64)

    def __len__(self) -> int:
        return self._count

    @classmethod
    def load(cls, store: ChunkStore) -> Fingerprints:
        """Opens what a collector saved in a snapshot's store.

        Beyond `IN_MEMORY` of them it takes 5 to 7 bytes of memory each, and no more than 384 MB.
        """
        header = Header.unpacked(next(store.read(HEADER)))
        index = store.index(STREAM) if header.count else ()
        return cls(
            header, len(index), lambda number: FingerprintBlock.unpacked(store.read_record(STREAM, index[number]))
        )

    def contains(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which hashes are production's: the filters first, then an exact look at the few left."""
        if not len(self) or not len(hashes):
            return np.zeros(len(hashes), dtype=np.bool_)
        found = self.filter.passes(hashes)
        candidates = np.flatnonzero(found)
        found[candidates] = self.origins_of(hashes[candidates]) >= 0
        return found

    def origins_of(self, hashes: Hashes) -> Origins:
        """The number in `columns` of the column each hash came from; -1 for those that are none of production's."""
        if self._sieve is None:
            return self._held.origins_of(hashes)
        found = np.full(len(hashes), -1, np.int32)
        candidates = np.flatnonzero(self._sieve.passes(hashes))
        distinct, inverse = np.unique(hashes[candidates], return_inverse=True)
        known, answers = self._answers.of(distinct)
        unknown = np.flatnonzero(~known)
        for places, block in self._of_blocks(distinct[unknown]):
            answers[unknown[places]] = block.origins_of(distinct[unknown[places]])
        self._answers.keep(distinct[unknown], answers[unknown])
        found[candidates] = answers[inverse]
        return found

    def allowed(self, hashes: Hashes, column: str) -> npt.NDArray[np.bool_]:
        """Which fingerprints are of values that a condition keeps in a column, so that they are no leak there.

        Args:
            hashes: Of production's values.
            column: `schema.table.column` of the table that rules name, or `ANYWHERE`.
        """
        number = self._allowed_columns.get(column)
        found = np.zeros(len(hashes), np.bool_)
        if not self._allowed_columns or (number is None and column != ANYWHERE):
            return found
        if self._sieve is None:
            return self._held.is_allowed(hashes, number)
        distinct, inverse = np.unique(hashes, return_inverse=True)
        answers = np.zeros(len(distinct), np.bool_)
        for places, block in self._of_blocks(distinct):
            answers[places] = block.is_allowed(distinct[places], number)
        return answers[inverse]

    def _of_blocks(self, distinct: Hashes) -> Iterator[tuple[npt.NDArray[np.int64], FingerprintBlock]]:
        """The places of sorted hashes that would be in one block, and that block."""
        numbers = np.searchsorted(self._firsts, distinct, side="right") - 1
        bounds = np.flatnonzero(np.diff(numbers, prepend=-2, append=len(self._firsts)))
        for start, end in pairwise(bounds):
            if numbers[start] >= 0:
                yield np.arange(start, end), self._read_again(int(numbers[start]))


class _Answers:
    """Hashes that were looked up lately, with the answers: values that many rows have are looked up once."""

    def __init__(self) -> None:
        self._hashes, self._origins = np.empty(0, np.uint64), np.empty(0, np.int32)
        self._lock = threading.Lock()

    def of(self, distinct: Hashes) -> tuple[npt.NDArray[np.bool_], Origins]:
        """Which of these are known, and their answers, -1 for others."""
        with self._lock:
            hashes, origins = self._hashes, self._origins
        answers = np.full(len(distinct), -1, np.int32)
        if not len(hashes):
            return np.zeros(len(distinct), np.bool_), answers
        places = np.minimum(np.searchsorted(hashes, distinct), len(hashes) - 1)
        known = hashes[places] == distinct
        answers[known] = origins[places[known]]
        return known, answers

    def keep(self, hashes: Hashes, origins: Origins) -> None:
        """Remembers answers to hashes that were not known."""
        if not len(hashes):
            return
        with self._lock:
            if len(self._hashes) + len(hashes) <= _ANSWERS_HELD:
                hashes, origins = np.concatenate((self._hashes, hashes)), np.concatenate((self._origins, origins))
            order = np.argsort(hashes)
            self._hashes, self._origins = hashes[order], origins[order]


@dataclass(frozen=True)
class Header:
    """What the store keeps about fingerprints beside them.

    Attributes:
        seed: Key of the hashes.
        count: How many there are.
        columns: Names of those they came from, by number.
        allowed: Names of those in which a condition keeps values, by number.
    """

    seed: int
    count: int
    columns: list[str]
    allowed: list[str]

    def packed(self) -> bytes:
        return json.dumps(vars(self)).encode()

    @classmethod
    def unpacked(cls, record: bytes) -> Header:
        return cls(**json.loads(record))


def among(hashes: Hashes, values: Hashes) -> npt.NDArray[np.bool_]:
    """Which hashes are among sorted ones."""
    if not len(values):
        return np.zeros(len(hashes), np.bool_)
    places = np.minimum(np.searchsorted(values, hashes), len(values) - 1)
    found: npt.NDArray[np.bool_] = values[places] == hashes
    return found


def pairs_of(packed: bytes, count: int) -> tuple[Hashes, Origins]:
    """So many hashes and numbers of columns, one after the other."""
    return np.frombuffer(packed, np.uint64, count), np.frombuffer(packed, np.int32, count, offset=8 * count)


def fingerprint(values: pl.Series, seed: int) -> Hashes:
    """The fingerprints of raw values and of addresses' local parts, without those that are too short to count."""
    if len(values) <= _AT_ONCE:
        return _fingerprint(values, seed)
    # What is computed on the way takes ten times the room of what comes of it.
    return np.concatenate(
        [_fingerprint(values.slice(start, _AT_ONCE), seed) for start in range(0, len(values), _AT_ONCE)]
    )


def _fingerprint(values: pl.Series, seed: int) -> Hashes:
    both = np.concatenate(forms(values, seed))
    found: Hashes = both[both != 0]
    return found
