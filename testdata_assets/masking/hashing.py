"""Keyed, domain-separated hashing of text columns: the source of all determinism in masking.

H(value) = BLAKE3(subkey || value), where subkey is 64 hex characters derived from masking key, domain and
purpose by keyed BLAKE2b. The fixed length of the subkey keeps keys and values apart. polars-hash runs it
over whole columns. Where one value needs more randomness than a digest holds, or a permutation needs a
round function, `Prf` runs AES-256 over pairs of 64-bit words (the construction of NIST SP 800-38G).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import polars_hash as plh
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

Words = NDArray[np.uint64]


@dataclass(frozen=True)
class KeyedHash:
    """A keyed hash bound to one domain. Never printed: `prefix` is secret.

    Attributes:
        prefix: 64 hex characters derived from masking key and domain; hashed before every value.
    """

    prefix: str

    def __repr__(self) -> str:
        return "KeyedHash(***)"

    @classmethod
    def derive(cls, masking_key: bytes, domain: str) -> KeyedHash:
        """Binds the masking key to a domain: keyed BLAKE2b-256 of the domain's name."""
        key = masking_key if len(masking_key) <= 64 else hashlib.blake2b(masking_key).digest()
        digest = hashlib.blake2b(domain.encode(), key=key, digest_size=32, person=b"testdata-domain")
        return cls(digest.hexdigest())

    def for_purpose(self, purpose: str) -> KeyedHash:
        """An independent hash for another use of the same value (e.g. `first_name` inside person_name)."""
        digest = hashlib.blake2b(
            purpose.encode(), key=bytes.fromhex(self.prefix), digest_size=32, person=b"testdata-purpos"
        )
        return KeyedHash(digest.hexdigest())

    def digests(self, values: pl.Series) -> pl.Series:
        """The whole digest of every value: 64 lower-case hex characters each."""
        name = values.name or "value"
        return (
            values.rename(name)
            .to_frame()
            .select(plh.concat_str([pl.lit(self.prefix), pl.col(name)]).chash.blake3())
            .to_series()
        )

    def words(self, values: pl.Series, count: int = 1) -> list[pl.Series]:
        """Hashes every value.

        Args:
            values: String series of n values without nulls.
            count: 1 to 4.

        Returns:
            `count` independent UInt64 series of n values, each uniform in [0, 2**60).
        """
        if not 1 <= count <= 4:
            raise ValueError("one hash holds at most four words")
        digest = self.digests(values)
        return [
            digest.str.slice(16 * word, 15).str.to_integer(base=16, dtype=pl.UInt64).rename(f"h{word}")
            for word in range(count)
        ]

    def seeds(self, values: pl.Series) -> tuple[Words, Words]:
        """Two independent words per value as arrays of n, each uniform in [0, 2**60)."""
        if not len(values):
            return np.zeros(0, np.uint64), np.zeros(0, np.uint64)
        first, second = self.words(values, 2)
        return first.to_numpy(), second.to_numpy()

    def prf(self, purpose: str) -> Prf:
        """A pseudo-random function over pairs of words for one purpose."""
        return Prf(bytes.fromhex(self.for_purpose(purpose).prefix))


class Prf:
    """AES-256 on single blocks: a pseudo-random function from two 64-bit words to two."""

    def __init__(self, key: bytes) -> None:
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - as a PRF on distinct blocks, not for hiding text

    def __repr__(self) -> str:
        return "Prf(***)"

    def blocks(self, first: Words | int, second: Words | int) -> Words:
        """Encrypts blocks.

        Args:
            first: Array of n words, or one for all.
            second: Likewise; at least one of both is an array.

        Returns:
            Array (n, 2), each word uniform in [0, 2**64).
        """
        size = max(np.size(first), np.size(second))
        if np.size(first) == 0 or np.size(second) == 0:
            return np.zeros((0, 2), np.uint64)
        block: NDArray[np.uint64] = np.empty((size, 2), np.dtype("<u8"))
        block[:, 0] = first
        block[:, 1] = second
        encrypted = bytearray(block.nbytes + 15)
        self._cipher.encryptor().update_into(block.data.cast("B"), encrypted)
        return np.frombuffer(encrypted, dtype="<u8", count=2 * size).reshape(size, 2).astype(np.uint64, copy=False)

    def stream(self, seeds: tuple[Words, Words], lengths: NDArray[np.int64]) -> NDArray[np.uint32]:
        """A keystream for texts of different lengths, laid end to end.

        Args:
            seeds: Two words per text.
            lengths: Number of draws each text needs.

        Returns:
            Flat array of sum(lengths) draws, uniform in [0, 2**32).
        """
        blocks = (lengths + 3) >> 2
        ends = np.cumsum(blocks)
        counter = np.arange(ends[-1] if len(ends) else 0, dtype=np.int64) - np.repeat(ends - blocks, blocks)
        # The second seed's low 32 bits make room for the counter: 92 bits of seed remain.
        second = ((seeds[1] << np.uint64(32)).repeat(blocks)) | counter.astype(np.uint64)
        draws: NDArray[np.uint32] = self.blocks(seeds[0].repeat(blocks), second).view(np.uint32).reshape(-1)
        if not len(draws):
            return draws
        starts = (ends - blocks) * 4
        total = np.cumsum(lengths)
        where = np.arange(total[-1], dtype=np.int64) + np.repeat(starts - (total - lengths), lengths)
        chosen: NDArray[np.uint32] = draws[where]
        return chosen


def choose(draws: Words, pool: Sequence[str]) -> pl.Series:
    """Indexes a short list of strings by draws."""
    return pl.Series(list(pool), dtype=pl.String).gather((draws % np.uint64(len(pool))).astype(np.uint32))
