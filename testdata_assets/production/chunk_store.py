"""The encrypted store of one snapshot: named streams of blocks in one place, readable only with its data key.

A stream is one object: records of a 12-byte random nonce and an AES-256-GCM ciphertext, then an index of the records'
lengths. Each record holds one zstd-compressed block; its associated data are snapshot id, stream name, record number
and whether it is the last, so that records cannot be swapped, dropped or cut off unnoticed. (The index needs no seal:
a changed one leads to records that do not decrypt.) The data key lies beside the streams, wrapped by a key derived
from STORE_KEY; removing it makes the snapshot unreadable. Where the objects lie is `chunk_places.py`'s matter.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from testdata_assets.errors import RefusedError
from testdata_assets.keys import key_id
from testdata_assets.production.chunk_places import ChunkPlace, open_place

_ENTRY = struct.Struct("<QQ")
_TAIL = struct.Struct("<Q8s")
_MAGIC = b"chunks01"
_TAIL_READ = 64 << 10  # read at once from a stream's end: the index of 4,000 records
_NONCE_BYTES = 12
_KEY_OBJECT = "data.key"
_KEY_BYTES = 4096  # more than any wrapped key
_COMPRESSION_LEVEL = -5  # snapshots live as long as a refresh: half as large again as at -1, for two thirds of the time


class ChunkStoreDamaged(RefusedError):
    """A record does not decrypt: changed, cut off, moved, or under another key."""

    code = "chunk-store-damaged"


@dataclass(frozen=True)
class StreamSize:
    """What a written stream holds: blocks, raw bytes, bytes stored."""

    blocks: int
    raw_bytes: int
    stored_bytes: int


@dataclass(frozen=True)
class RecordPlace:
    """Where one record lies in its stream.

    Attributes:
        number: From 0.
        start: First byte.
        stored_bytes: Length with nonce.
        raw_bytes: Length of the block it holds.
        last: Whether it is the stream's last.
    """

    number: int
    start: int
    stored_bytes: int
    raw_bytes: int
    last: bool


class ChunkStore:
    """One snapshot's objects, open for reading and writing. Safe to share between threads: a stream has one writer."""

    def __init__(self, place: ChunkPlace, snapshot_id: str, data_key: bytes, store_key_id: str) -> None:
        self.place = place
        self.snapshot_id = snapshot_id
        self.store_key_id = store_key_id
        self._data_key = data_key
        self._cipher = AESGCM(data_key)
        self._messages = AESGCM(self.secret("messages"))

    @property
    def location(self) -> str:
        """The folder or URL, by which another process finds it."""
        return self.place.location

    @classmethod
    def create(cls, location: str | Path, snapshot_id: str, store_key: bytes) -> ChunkStore:
        """Makes the place (a folder gets mode 0700) with a fresh data key.

        Raises:
            EnvironmentLack: It cannot be written, or a package for that kind of URL is missing.
            RefusedError: It would keep what is dropped.
        """
        place = open_place(location)
        data_key = secrets.token_bytes(32)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        wrapped = nonce + _wrapping(store_key).encrypt(nonce, data_key, snapshot_id.encode())
        place.create()
        place.write(_KEY_OBJECT, [wrapped])
        return cls(place, snapshot_id, data_key, key_id(store_key))

    @classmethod
    def open(cls, location: str | Path, snapshot_id: str, store_key: bytes) -> ChunkStore:
        """Opens an existing snapshot.

        Raises:
            RefusedError: It was dropped.
            ChunkStoreDamaged: STORE_KEY is another one, or the key object was changed.
        """
        place = open_place(location)
        if place.size(_KEY_OBJECT) is None:
            raise RefusedError(
                f"Snapshot {snapshot_id} has no data key any more",
                where=place.location,
                remedy="Take a new snapshot: testdata refresh.",
                code="snapshot-dropped",
            )
        wrapped = place.read(_KEY_OBJECT, 0, _KEY_BYTES)
        try:
            data_key = _wrapping(store_key).decrypt(
                wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], snapshot_id.encode()
            )
        except (InvalidTag, ValueError):
            raise ChunkStoreDamaged(
                f"The data key of snapshot {snapshot_id} does not unwrap",
                where=place.location,
                remedy="Use the STORE_KEY that the snapshot was taken with, or take a new one.",
            ) from None
        return cls(place, snapshot_id, data_key, key_id(store_key))

    def write(self, stream: str, blocks: Iterable[bytes]) -> StreamSize:
        """Writes a stream whole; if that fails, there is none of that name.

        Raises:
            EnvironmentLack: The disk is full, or the place cannot be written.
        """
        entries: list[tuple[int, int]] = []
        self.place.write(_object(stream), self._records(stream, blocks, entries))
        stored = sum(length for length, _ in entries) + _ENTRY.size * len(entries) + _TAIL.size
        return StreamSize(len(entries), sum(raw for _, raw in entries), stored)

    def _records(self, stream: str, blocks: Iterable[bytes], entries: list[tuple[int, int]]) -> Iterator[bytes]:
        """The bytes of a stream; one compressed block is held back until it is known whether another follows."""
        compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL)
        held: bytes | None = None
        held_raw = 0
        for block in blocks:
            if held is not None:
                yield from self._seal(stream, held, held_raw, entries, last=False)
            held, held_raw = compressor.compress(block), len(block)
            del block
        yield from self._seal(stream, compressor.compress(b"") if held is None else held, held_raw, entries, last=True)
        yield b"".join(_ENTRY.pack(*entry) for entry in entries)
        yield _TAIL.pack(len(entries), _MAGIC)

    def _seal(
        self, stream: str, packed: bytes, raw_bytes: int, entries: list[tuple[int, int]], *, last: bool
    ) -> Iterator[bytes]:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, packed, self._associated(stream, len(entries), last))
        entries.append((len(nonce) + len(sealed), raw_bytes))
        yield nonce
        yield sealed

    def index(self, stream: str) -> tuple[RecordPlace, ...]:
        """Where each record of a stream lies; at least one.

        Raises:
            ChunkStoreDamaged: There is no such stream, or its end is not that of one.
        """
        size = self.place.size(_object(stream))
        if size is None or size < _TAIL.size + _ENTRY.size:
            raise self._damaged(stream, 0)
        tail = self.place.read(_object(stream), max(0, size - _TAIL_READ), min(size, _TAIL_READ))
        if len(tail) < _TAIL.size:
            raise self._damaged(stream, 0)
        count, magic = _TAIL.unpack(tail[-_TAIL.size :])
        length = _ENTRY.size * count
        records_end = size - _TAIL.size - length
        if magic != _MAGIC or not count or records_end < 0:
            raise self._damaged(stream, 0)
        if length + _TAIL.size <= len(tail):
            packed = tail[-_TAIL.size - length : -_TAIL.size]
        else:
            packed = self.place.read(_object(stream), records_end, length)
        if len(packed) != length:
            raise self._damaged(stream, 0)
        places, start = [], 0
        for number, (stored, raw) in enumerate(_ENTRY.iter_unpack(packed)):
            places.append(RecordPlace(number, start, stored, raw, number == count - 1))
            start += stored
        if start != records_end:
            raise self._damaged(stream, 0)
        return tuple(places)

    def records(self, stream: str) -> int:
        """How many records a stream has."""
        return len(self.index(stream))

    def read_record(self, stream: str, record: RecordPlace | int) -> bytes:
        """Reads one block, in any order.

        Args:
            stream: The stream.
            record: Its place, as `index` gave it to this or another process; or its number.

        Raises:
            ChunkStoreDamaged: The record was changed, moved, or is missing.
        """
        if isinstance(record, int):
            index = self.index(stream)
            if not 0 <= record < len(index):
                raise self._damaged(stream, record)
            record = index[record]
        if record.stored_bytes <= _NONCE_BYTES:
            raise self._damaged(stream, record.number)
        # Views, so that a large record is not copied only to cut off its nonce.
        sealed = memoryview(self.place.read(_object(stream), record.start, record.stored_bytes))
        try:
            packed = self._cipher.decrypt(
                bytes(sealed[:_NONCE_BYTES]),
                sealed[_NONCE_BYTES:],
                self._associated(stream, record.number, record.last),
            )
        except (InvalidTag, ValueError):
            raise self._damaged(stream, record.number) from None
        del sealed
        block = zstandard.ZstdDecompressor().decompress(packed)
        if len(block) != record.raw_bytes:
            raise self._damaged(stream, record.number)
        return block

    def read(self, stream: str) -> Iterator[bytes]:
        """Yields a stream's blocks in order.

        Raises:
            ChunkStoreDamaged: Any record was changed, moved, or is missing.
        """
        for record in self.index(stream):
            yield self.read_record(stream, record)

    def secret(self, purpose: str, length: int = 32) -> bytes:
        """Bytes that whoever can open this snapshot derives alike, and that are gone with its data key."""
        info = f"testdata-assets snapshot {purpose}".encode()
        return HKDF(SHA256(), length, salt=None, info=info).derive(self._data_key)

    def seal_message(self, purpose: str, data: bytes) -> bytes:
        """Encrypts what one process tells another about this snapshot; `purpose` is authenticated with it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        packed = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL).compress(data)
        return nonce + self._messages.encrypt(nonce, packed, self._purpose(purpose))

    def open_message(self, purpose: str, message: bytes) -> bytes:
        """What `seal_message` sealed for the same purpose.

        Raises:
            ChunkStoreDamaged: It was changed, or is about something else.
        """
        view = memoryview(message)
        try:
            packed = self._messages.decrypt(bytes(view[:_NONCE_BYTES]), view[_NONCE_BYTES:], self._purpose(purpose))
        except (InvalidTag, ValueError):
            raise ChunkStoreDamaged(
                f"An answer about snapshot {self.snapshot_id} does not decrypt",
                where=purpose,
                remedy="Something between this process and the workers changes what they send; try again.",
            ) from None
        return zstandard.ZstdDecompressor().decompress(packed)

    def drop(self) -> None:
        """Makes the snapshot unreadable (removes the data key first), then removes its objects."""
        self.place.drop(_KEY_OBJECT)

    def _associated(self, stream: str, number: int, last: bool) -> bytes:
        return "\0".join((self.snapshot_id, stream, str(number), "last" if last else "more")).encode()

    def _purpose(self, purpose: str) -> bytes:
        return "\0".join((self.snapshot_id, purpose)).encode()

    def _damaged(self, stream: str, number: int) -> ChunkStoreDamaged:
        return ChunkStoreDamaged(
            f"Record {number} of stream {stream} of snapshot {self.snapshot_id} does not decrypt",
            where=f"{self.location}/{_object(stream)}",
            remedy="The snapshot was changed or cut off; take a new one: testdata refresh.",
        )


def drop_store(location: str | Path) -> None:
    """Removes a snapshot without opening it, its data key first."""
    open_place(location).drop(_KEY_OBJECT)


def _object(stream: str) -> str:
    return f"{stream}.chunk"


def _wrapping(store_key: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"testdata-assets snapshot data key").derive(store_key))
