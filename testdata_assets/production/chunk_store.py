"""The encrypted store of one snapshot: named streams of blocks in a folder, readable only with its data key.

A stream is one file: records of a 4-byte length, a 12-byte random nonce and an AES-256-GCM ciphertext. Each record
holds one zstd-compressed block; its associated data are snapshot id, stream name, record number and whether it is the
last, so that records cannot be swapped, dropped or cut off unnoticed. The data key lies beside the streams, wrapped by
a key derived from STORE_KEY; removing that file makes the snapshot unreadable.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from testdata_assets.errors import EnvironmentLack, RefusedError

_LENGTH = struct.Struct("<I")
_NONCE_BYTES = 12
_KEY_FILE = "data.key"
_COMPRESSION_LEVEL = 1


class ChunkStoreDamaged(RefusedError):
    """A record does not decrypt: changed, cut off, moved, or under another key."""

    code = "chunk-store-damaged"


@dataclass(frozen=True)
class StreamSize:
    """What a written stream holds: blocks, raw bytes, bytes on disk."""

    blocks: int
    raw_bytes: int
    stored_bytes: int


class ChunkStore:
    """One snapshot's folder, open for reading and writing. Safe to share between threads: a stream has one writer."""

    def __init__(self, folder: Path, snapshot_id: str, data_key: bytes) -> None:
        self.folder = folder
        self.snapshot_id = snapshot_id
        self._cipher = AESGCM(data_key)

    @classmethod
    def create(cls, folder: Path, snapshot_id: str, store_key: bytes) -> ChunkStore:
        """Makes the folder (mode 0700) with a fresh data key."""
        data_key = secrets.token_bytes(32)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        wrapped = nonce + _wrapping(store_key).encrypt(nonce, data_key, snapshot_id.encode())
        try:
            folder.mkdir(mode=0o700, parents=True)
            with open(os.open(folder / _KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(wrapped)
        except OSError as error:
            raise _storage_error(error, folder) from None
        return cls(folder, snapshot_id, data_key)

    @classmethod
    def open(cls, folder: Path, snapshot_id: str, store_key: bytes) -> ChunkStore:
        """Opens an existing snapshot.

        Raises:
            RefusedError: It was dropped.
            ChunkStoreDamaged: STORE_KEY is another one, or the key file was changed.
        """
        try:
            wrapped = (folder / _KEY_FILE).read_bytes()
        except FileNotFoundError:
            raise RefusedError(
                f"Snapshot {snapshot_id} has no data key any more",
                where=str(folder),
                remedy="Take a new snapshot: testdata refresh.",
                code="snapshot-dropped",
            ) from None
        try:
            data_key = _wrapping(store_key).decrypt(
                wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], snapshot_id.encode()
            )
        except InvalidTag:
            raise ChunkStoreDamaged(
                f"The data key of snapshot {snapshot_id} does not unwrap",
                where=str(folder),
                remedy="Use the STORE_KEY that the snapshot was taken with, or take a new one.",
            ) from None
        return cls(folder, snapshot_id, data_key)

    def write(self, stream: str, blocks: Iterable[bytes]) -> StreamSize:
        """Writes a stream whole; a crash leaves only a `.part` file.

        Raises:
            EnvironmentLack: The disk is full or not writable.
        """
        compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL)
        count = raw = stored = 0
        path = self._path(stream)
        part = path.with_suffix(".part")
        held: bytes | None = None
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                for block in blocks:
                    if held is not None:
                        stored += file.write(self._seal(compressor, stream, count, held, last=False))
                        count += 1
                    raw += len(block)
                    held = block
                stored += file.write(self._seal(compressor, stream, count, held or b"", last=True))
            part.replace(path)
        except OSError as error:
            raise _storage_error(error, self.folder) from None
        return StreamSize(count + 1, raw, stored)

    def read(self, stream: str) -> Iterator[bytes]:
        """Yields a stream's blocks in order.

        Raises:
            ChunkStoreDamaged: Any record was changed, moved, or is missing.
        """
        decompressor = zstandard.ZstdDecompressor()
        number = 0
        last = False
        try:
            file = self._path(stream).open("rb")
        except FileNotFoundError:
            raise self._damaged(stream, number) from None
        with file:
            while header := file.read(_LENGTH.size):
                if last or len(header) < _LENGTH.size:
                    raise self._damaged(stream, number)
                record = file.read(_LENGTH.unpack(header)[0])
                block, last = self._open(decompressor, stream, number, record)
                number += 1
                yield block
        if not last:
            raise self._damaged(stream, number)

    def drop(self) -> None:
        """Makes the snapshot unreadable (removes the data key first), then removes its files."""
        (self.folder / _KEY_FILE).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=False)

    def _path(self, stream: str) -> Path:
        return self.folder / f"{stream}.chunk"

    def _seal(
        self, compressor: zstandard.ZstdCompressor, stream: str, number: int, block: bytes, *, last: bool
    ) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, compressor.compress(block), self._associated(stream, number, last))
        return b"".join((_LENGTH.pack(len(nonce) + len(sealed)), nonce, sealed))

    def _open(
        self, decompressor: zstandard.ZstdDecompressor, stream: str, number: int, record: bytes
    ) -> tuple[bytes, bool]:
        nonce, sealed = record[:_NONCE_BYTES], record[_NONCE_BYTES:]
        for last in (False, True):
            try:
                return decompressor.decompress(
                    self._cipher.decrypt(nonce, sealed, self._associated(stream, number, last))
                ), last
            except (InvalidTag, ValueError):
                continue
        raise self._damaged(stream, number)

    def _associated(self, stream: str, number: int, last: bool) -> bytes:
        return "\0".join((self.snapshot_id, stream, str(number), "last" if last else "more")).encode()

    def _damaged(self, stream: str, number: int) -> ChunkStoreDamaged:
        return ChunkStoreDamaged(
            f"Record {number} of stream {stream} of snapshot {self.snapshot_id} does not decrypt",
            where=str(self._path(stream)),
            remedy="The snapshot was changed or cut off; take a new one: testdata refresh.",
        )


def drop_folder(folder: Path) -> None:
    """Removes a snapshot's folder without opening it, its data key first."""
    (folder / _KEY_FILE).unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)


def _wrapping(store_key: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"testdata-assets snapshot data key").derive(store_key))


def _storage_error(error: OSError, folder: Path) -> EnvironmentLack:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return EnvironmentLack(
        "The disk of the chunk store is full" if full else f"The chunk store cannot be written ({error.strerror})",
        where=str(folder),
        remedy="Free space there, or set TESTDATA_HOME to a folder on a larger disk; the snapshot needs about a third "
        "of the source's size."
        if full
        else "Make the folder writable, or set TESTDATA_HOME.",
        code="disk-full" if full else "state-unwritable",
    )
