"""Keyed, domain-separated hashing of text columns: the source of all determinism in masking.

H(value) = BLAKE3(subkey || value), where subkey is 64 hex characters derived from masking key, domain and
purpose by keyed BLAKE2b. The fixed length of the subkey keeps keys and values apart. polars-hash runs it
over whole columns.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import polars as pl
import polars_hash as plh


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
        digest = hashlib.blake2b(domain.encode(), key=masking_key[:64], digest_size=32, person=b"testdata-domain")
        return cls(digest.hexdigest())

    def for_purpose(self, purpose: str) -> KeyedHash:
        """An independent hash for another use of the same value (e.g. `first_name` inside person_name)."""
        digest = hashlib.blake2b(
            purpose.encode(), key=bytes.fromhex(self.prefix), digest_size=32, person=b"testdata-purpos"
        )
        return KeyedHash(digest.hexdigest())

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
        name = values.name or "value"
        digest = (
            values.rename(name)
            .to_frame()
            .select(plh.concat_str([pl.lit(self.prefix), pl.col(name)]).chash.blake3())
            .to_series()
        )
        return [
            digest.str.slice(16 * word, 15).str.to_integer(base=16, dtype=pl.UInt64).rename(f"h{word}")
            for word in range(count)
        ]
