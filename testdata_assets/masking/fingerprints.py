"""Keyed fingerprints of production's sensitive values, collected while masking and searched for in the image.

Only columns whose transformer promises outputs disjoint from real values give fingerprints. A fingerprint is a seeded
xxh3-64 of the case-folded value; the seed is random and lives and dies with the snapshot, whose encrypted store holds
the only copy at rest.
"""

from __future__ import annotations

import io
import secrets
import threading
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl
import polars_hash as plh

MINIMUM_CHARACTERS = 5
# Short runs of digits are found by chance in any database; numbers need more digits than words need letters.
MINIMUM_DIGITS = 7

_TELLING = rf"[^\d\s.,:+()/-]|(?:\d\D*){{{MINIMUM_DIGITS}}}"

Hashes = npt.NDArray[np.uint64]


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
    """

    seed: int
    values: Hashes
    origins: npt.NDArray[np.int32]
    columns: list[str]
    _bitmap: npt.NDArray[np.bool_] | None = field(default=None, repr=False)

    def hash(self, values: pl.Series) -> pl.Series:
        """Fingerprints of strings, case-folded first: UInt64, nulls where a value is too short to count."""
        return _hash(values, self.seed)

    def contains(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which hashes are production's: a bitmap of their top 24 bits first, then an exact look at the few left."""
        if not len(self.values) or not len(hashes):
            return np.zeros(len(hashes), dtype=np.bool_)
        if self._bitmap is None:
            self._bitmap = np.zeros(1 << 24, dtype=np.bool_)
            self._bitmap[self.values >> np.uint64(40)] = True
        found: npt.NDArray[np.bool_] = self._bitmap[hashes >> np.uint64(40)]
        candidates = np.flatnonzero(found)
        positions = np.minimum(np.searchsorted(self.values, hashes[candidates]), len(self.values) - 1)
        found[candidates] = self.values[positions] == hashes[candidates]
        return found

    def origin(self, fingerprint: int) -> str:
        """The column a fingerprint came from."""
        position = int(np.searchsorted(self.values, np.uint64(fingerprint)))
        return self.columns[int(self.origins[position])]

    def to_bytes(self) -> bytes:
        """For the encrypted store."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            seed=np.array([self.seed], dtype=np.uint64),
            values=self.values,
            origins=self.origins,
            columns=np.array(self.columns, dtype=np.str_),
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Fingerprints:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return cls(
                int(arrays["seed"][0]),
                arrays["values"],
                arrays["origins"],
                [str(name) for name in arrays["columns"]],
            )


class FingerprintCollector:
    """Gathers fingerprints from all threads of a refresh."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = secrets.randbits(63) if seed is None else seed
        self._columns: dict[str, int] = {}
        self._parts: list[tuple[int, Hashes]] = []
        self._prose: list[tuple[int, Hashes]] = []
        self._lock = threading.Lock()

    def add(self, column: str, values: pl.Series, *, prose: bool = False) -> None:
        """Adds raw values.

        Args:
            column: `schema.table.column`.
            values: Strings without nulls, duplicates allowed.
            prose: Whether they come out of free text or documents: a value known from elsewhere, too, is then
                attributed there.
        """
        hashes = _hash(values, self.seed).drop_nulls().unique().to_numpy()
        with self._lock:
            index = self._columns.setdefault(column, len(self._columns))
            (self._prose if prose else self._parts).append((index, hashes))

    def finish(self) -> Fingerprints:
        """Sorts and joins everything added so far."""
        parts = self._parts + self._prose
        if not parts:
            return Fingerprints(self.seed, np.empty(0, np.uint64), np.empty(0, np.int32), list(self._columns))
        everything = np.concatenate([hashes for _, hashes in parts])
        origins = np.concatenate([np.full(len(hashes), index, np.int32) for index, hashes in parts])
        values, first = np.unique(everything, return_index=True)
        return Fingerprints(self.seed, values, origins[first], list(self._columns))


def _hash(values: pl.Series, seed: int) -> pl.Series:
    folded = pl.col("v").str.strip_chars().str.to_lowercase()
    return (
        values.to_frame("v")
        .with_columns(folded)
        .with_columns(
            pl.when((pl.col("v").str.len_chars() >= MINIMUM_CHARACTERS) & pl.col("v").str.contains(_TELLING)).then(
                pl.col("v")
            )
        )
        .select(plh.col("v").nchash.xxh3_64(seed=seed))
        .to_series()
    )
