"""Keyed, domain-separated hashing of text columns: the source of all determinism in masking.

H(value) = BLAKE3(subkey || value), where subkey is 64 hex characters derived from masking key, domain and
purpose by keyed BLAKE2b. The fixed length of the subkey keeps keys and values apart. polars-hash runs it
over whole columns. Where one value needs more randomness than a digest holds, or a permutation needs a
round function, `Prf` runs AES-256 over pairs of 64-bit words (the construction of NIST SP 800-38G). The same
cipher authenticates short values (CBC-MAC of length and bytes) at a fifth of what BLAKE3 costs: see `draws`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import polars_hash as plh
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from testdata_assets.masking import kernels
from testdata_assets.masking.text_arrays import bytes_to_series, slices_of, string_bytes, take_slices
from testdata_assets.production import bulky

Words = NDArray[np.uint64]

_CIPHER_BLOCK = 16
_WIDTHS = (64, 128, 256)  # short values, with the byte for their length, are padded to one of these
_HASHED_AT_ONCE = 4096
_ENCRYPTED_AT_ONCE = 8192  # blocks a kernel's step works on: a quarter of a megabyte before and after


@cache
def _kept_bytes(width: int) -> NDArray[np.void]:
    """Item n keeps the first n + 1 bytes of a padded value: the one for its length, and n."""
    kept = np.where(np.tri(width, dtype=np.bool_), np.uint8(0xFF), np.uint8(0))
    items: NDArray[np.void] = kept.view(f"V{width}")[:, 0]
    return items


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
        if bulky.is_bulky(values):  # prefixed by polars, a long one would be in memory seven times
            prefix = self.prefix.encode()
            prefixed = (bulky.one_value(prefix + (view or b"")).rename(name) for view in bulky.views(values))
            return pl.concat([each.to_frame().select(plh.col(name).chash.blake3()).to_series() for each in prefixed])
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

    def draws(self, values: pl.Series) -> tuple[Words, Words]:
        """Two independent words per value, as `seeds` gives, but others and several times cheaper.

        Values of up to 255 bytes pass through AES-256 in CBC-MAC mode, their length first: no padded value is then
        the beginning of another, which is what makes that mode a pseudo-random function (Petrank and Rackoff,
        2000). Longer ones are hashed by BLAKE3 under another key. Which of both is a matter of the value alone.

        Args:
            values: String series of n values without nulls.

        Returns:
            Two arrays of n words, each uniform in [0, 2**60).
        """
        data, offsets = string_bytes(values)
        return self.draws_of(data, offsets[:-1], np.diff(offsets))

    def draws_of(
        self, data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> tuple[Words, Words]:
        """`draws` of values that are pieces of a buffer of UTF-8 bytes, in ascending order."""
        result: NDArray[np.uint64] = np.zeros((2, len(starts)), np.uint64)
        loaded = kernels.load("draws", len(starts))
        if loaded is None:
            self._draw_short(data, starts, lengths, result)
        else:
            _draw_short_compiled(loaded, self.prf("draws"), data, starts, lengths, result)
        long = np.flatnonzero(lengths >= _WIDTHS[-1])
        if len(long):
            ends = np.append(0, np.cumsum(lengths[long]))
            pieces = bytes_to_series(take_slices(data, starts[long], lengths[long]), ends)
            result[:, long] = self.for_purpose("long draws").seeds(pieces)
        return result[0], result[1]

    def _draw_short(
        self, data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64], result: Words
    ) -> None:
        prf = self.prf("draws")
        for first in range(0, len(starts), _HASHED_AT_ONCE):
            block = slice(first, first + _HASHED_AT_ONCE)
            least = 0
            for width in _WIDTHS:
                rows = np.flatnonzero((lengths[block] >= least) & (lengths[block] < width)) + first
                least = width
                if len(rows):
                    result[:, rows] = prf.authenticate(data, starts[rows], lengths[rows], width)

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
        return self._encrypt(block)

    def authenticate(
        self, data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64], width: int
    ) -> Words:
        """CBC-MAC of each value's length and bytes.

        Args:
            data: Bytes that hold the values.
            starts, lengths: n values, in ascending order.
            width: More than the longest value, a multiple of 16; makes no difference to the result.

        Returns:
            Array (2, n), each word uniform in [0, 2**60).
        """
        first, last = int(starts[0]), int(starts[-1] + lengths[-1])
        # One byte before each value makes room for its length.
        buffer: NDArray[np.uint8] = np.empty(last - first + 1 + width, np.uint8)
        buffer[1 : 1 + last - first] = data[first:last]
        padded = slices_of(buffer, width)[starts - first].view("<u8").reshape(len(starts), -1)
        padded &= _kept_bytes(width)[lengths].view("<u8").reshape(len(starts), -1)
        padded.view(np.uint8).reshape(len(starts), -1)[:, 0] = lengths
        cipher_blocks = padded.view(f"V{_CIPHER_BLOCK}")  # items, as rows of words index three times slower
        state = self._encrypt(padded[:, :2])
        count = 1 + (lengths >> 4)
        for number in range(1, int(count.max())):
            rows = np.flatnonzero(count > number)
            items = state.view(f"V{_CIPHER_BLOCK}")[:, 0]
            mixed = cipher_blocks[:, number][rows].view("<u8") ^ items[rows].view("<u8")
            items[rows] = self._encrypt(mixed.reshape(-1, 2)).view(f"V{_CIPHER_BLOCK}")[:, 0]
        return state.T >> np.uint64(4)

    def encryptor(self) -> Callable[[Words, Words], None]:
        """A function for one thread that encrypts an array (n, 2) of words, n from 1, into one of n + 1 rows or more.

        Rows beyond n are undefined afterwards.
        """
        update = self._cipher.encryptor().update_into

        def encrypt(blocks: Words, encrypted: Words) -> None:
            update(blocks.data.cast("B"), encrypted.data.cast("B"))

        return encrypt

    def _encrypt(self, block: Words) -> Words:
        """Encrypts an array (n, 2) of little-endian words, n from 1."""
        encrypted = bytearray(block.nbytes + _CIPHER_BLOCK - 1)
        self._cipher.encryptor().update_into(np.ascontiguousarray(block).data.cast("B"), encrypted)
        flat = np.frombuffer(encrypted, dtype="<u8", count=block.size)
        return flat.reshape(block.shape).astype(np.uint64, copy=False)

    def stream(self, seeds: tuple[Words, Words], lengths: NDArray[np.int64]) -> NDArray[np.uint32]:
        """A keystream for texts of different lengths, laid end to end.

        Args:
            seeds: Two words per text.
            lengths: Number of draws each text needs.

        Returns:
            Flat array of sum(lengths) draws, uniform in [0, 2**32).
        """
        loaded = kernels.load("draws", int(lengths.sum()))
        if loaded is not None:
            return _stream_compiled(loaded, self, seeds, lengths)
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


def _draw_short_compiled(
    loaded: ModuleType,
    prf: Prf,
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    result: Words,
) -> None:
    """What `_draw_short` does, by kernels."""
    values = read_only(data), read_only(starts), read_only(lengths)
    size = max(1, min(len(starts), _ENCRYPTED_AT_ONCE))
    blocks, rows = np.empty((size, 2), np.uint64), np.empty(size, np.int64)
    encrypted, encrypt = np.empty((size + 1, 2), np.uint64), prf.encryptor()
    for first in range(0, len(starts), size):
        count = loaded.first_blocks(*values, first, min(first + size, len(starts)), blocks, rows)
        number = 1
        while count:
            encrypt(blocks[:count], encrypted)
            count = loaded.next_blocks(*values, number, count, encrypted, blocks, rows, result)
            number += 1


def _stream_compiled(
    loaded: ModuleType, prf: Prf, seeds: tuple[Words, Words], lengths: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """What `Prf.stream` does, by kernels."""
    first, second, lengths = read_only(seeds[0]), read_only(seeds[1]), read_only(lengths)
    blocks = np.empty((_ENCRYPTED_AT_ONCE, 2), np.uint64)
    encrypted, encrypt = np.empty((_ENCRYPTED_AT_ONCE + 1, 2), np.uint64), prf.encryptor()
    drawn = np.empty(int(lengths.sum()), np.uint32)
    text = counter = filled = 0
    while filled < len(drawn):
        count = loaded.stream_blocks(first, second, lengths, text, counter, blocks)
        encrypt(blocks[:count], encrypted)
        text, counter, filled = loaded.stream_draws(lengths, text, counter, count, encrypted, drawn, filled)
    return drawn


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A contiguous view that cannot be written to: kernels would be compiled once more for arrays that can."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def choose(draws: Words, pool: Sequence[str]) -> pl.Series:
    """Indexes a short list of strings by draws."""
    return pl.Series(list(pool), dtype=pl.String).gather((draws % np.uint64(len(pool))).astype(np.uint32))
