"""Where a chunk store keeps its objects: a folder, or a prefix on S3 or any other file system that fsspec knows.

A place moves named byte objects and knows nothing of keys or records. An object becomes visible only when it is
complete; memory is bounded by one part, not by the object.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from testdata_assets.errors import EnvironmentLack, RefusedError, TestdataError

# S3 takes 10,000 parts an object, so a stream may grow to 156 GB; a part is held twice while it is sent.
PART_BYTES = 16 << 20
_SLICE_BYTES = 4 << 20

T = TypeVar("T")


class ChunkPlace(Protocol):
    """One snapshot's objects. Safe to share between threads."""

    location: str

    def create(self) -> None:
        """Makes the place; refuses one that exists or that cannot keep the store's promises."""

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Writes an object whole; if `pieces` or the writing fails, no object of that name appears."""

    def size(self, name: str) -> int | None:
        """Bytes of an object, None if there is none."""

    def read(self, name: str, start: int, length: int) -> bytes:
        """Bytes of an object from `start`; fewer than `length` where it ends before."""

    def drop(self, first: str) -> None:
        """Removes everything, the object `first` before all others. Nothing there is no error."""


def open_place(location: str | Path) -> ChunkPlace:
    """The place at a folder path or a URL such as `s3://bucket/prefix`.

    Raises:
        EnvironmentLack: The packages for that kind of URL are not installed.
    """
    text = str(location)
    scheme, separator, rest = text.partition("://")
    if not separator:
        return FolderPlace(Path(text))
    if scheme in ("file", "local"):
        return FolderPlace(Path(rest))
    return RemotePlace(text)


def absolute_location(configured: str, default: Path) -> str:
    """The base of all snapshots: the setting `chunk_store` as a URL or an absolute path, else `default`."""
    if not configured:
        return str(default)
    if "://" in configured:
        return configured.rstrip("/")
    return str(Path(configured).expanduser().absolute())


class FolderPlace:
    """A folder of this machine (or a shared file system), mode 0700."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.location = str(folder)

    def create(self) -> None:
        with self._translated():
            self.folder.mkdir(mode=0o700, parents=True)

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        path = self.folder / name
        part = path.with_name(f"{name}.part")
        with self._translated():
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb", buffering=0) as file:
            for piece in pieces:
                # Not around the loop: what goes wrong in making a piece is no fault of the disk.
                with self._translated():
                    view = memoryview(piece)
                    while view:
                        view = view[file.write(view) :]
        with self._translated():
            part.replace(path)

    def size(self, name: str) -> int | None:
        try:
            return (self.folder / name).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, name: str, start: int, length: int) -> bytes:
        with self._translated(reading=True), (self.folder / name).open("rb", buffering=0) as file:
            file.seek(start)
            found = file.read(length)
            while len(found) < length and (more := file.read(length - len(found))):
                found += more
            return found

    def drop(self, first: str) -> None:
        (self.folder / first).unlink(missing_ok=True)
        if self.folder.exists():
            shutil.rmtree(self.folder)

    @contextmanager
    def _translated(self, *, reading: bool = False) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._lack(error, reading=reading) from None

    def _lack(self, error: OSError, *, reading: bool) -> EnvironmentLack:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return EnvironmentLack(
                "The disk of the chunk store is full",
                where=self.location,
                remedy="Free space there, or set TESTDATA_HOME or TESTDATA_CHUNK_STORE to a larger disk; the snapshot "
                "needs about a third of the source's size.",
                code="disk-full",
            )
        return EnvironmentLack(
            f"The chunk store cannot be {'read' if reading else 'written'} ({error.strerror})",
            where=self.location,
            remedy="Make the folder accessible, or set TESTDATA_HOME or TESTDATA_CHUNK_STORE.",
            code="state-unreadable" if reading else "state-unwritable",
        )


class RemotePlace:
    """A prefix on an object store, through fsspec: objects are sent in parts and committed at the end."""

    def __init__(self, location: str) -> None:
        self.location = location
        self._fs, self._root = _file_system(location)

    def create(self) -> None:
        self._refuse_versions()
        if self._call(lambda: self._fs.exists(self._root)):
            raise EnvironmentLack(
                "The place of the new snapshot is taken",
                where=self.location,
                remedy="Set TESTDATA_CHUNK_STORE to a prefix that nothing else writes to.",
                code="state-unwritable",
            )
        with suppress(NotImplementedError):  # object stores know no folders
            self._call(lambda: self._fs.makedirs(self._root, exist_ok=True) if _has_folders(self._fs) else None)

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        path = self._path(name)
        file = self._call(lambda: self._fs.open(path, "wb", block_size=PART_BYTES, autocommit=False))
        try:
            for piece in pieces:
                self._send(file, piece)
            self._call(file.close)
            self._call(file.commit)
        except BaseException:
            # Not `close`: that would complete what is only half there.
            with suppress(TestdataError):
                self._call(file.discard)
            file.closed = True
            raise

    def _send(self, file: Any, piece: bytes) -> None:
        view = memoryview(piece)
        for start in range(0, len(view), _SLICE_BYTES):
            self._call(partial(file.write, view[start : start + _SLICE_BYTES]))

    def size(self, name: str) -> int | None:
        try:
            return int(self._call(lambda: self._fs.info(self._path(name)), missing=True)["size"])
        except FileNotFoundError:
            return None

    def read(self, name: str, start: int, length: int) -> bytes:
        if not length:
            return b""
        return bytes(self._call(lambda: self._fs.cat_file(self._path(name), start=start, end=start + length)))

    def drop(self, first: str) -> None:
        with suppress(FileNotFoundError):
            self._call(lambda: self._fs.rm_file(self._path(first)), missing=True)
        with suppress(FileNotFoundError):
            names = self._call(lambda: self._fs.find(self._root), missing=True)
            if names:
                self._call(lambda: self._fs.rm(names), missing=True)
            if _has_folders(self._fs):
                self._call(lambda: self._fs.rm(self._root, recursive=True), missing=True)
        self._abort_uploads()

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _refuse_versions(self) -> None:
        """A bucket that keeps old versions would keep the data key of every dropped snapshot."""
        ask = getattr(self._fs, "is_bucket_versioned", None)
        if ask is None:
            return
        bucket = self._root.partition("/")[0]
        if self._call(lambda: ask(bucket), missing=False):
            raise RefusedError(
                "The bucket of the chunk store keeps old versions, so a dropped data key would stay readable",
                where=self.location,
                remedy="Use a bucket without versioning for TESTDATA_CHUNK_STORE.",
                code="chunk-store-versioned",
            )

    def _abort_uploads(self) -> None:
        """Removes the parts of uploads that a crash left unfinished; S3 would keep them for ever."""
        listing = getattr(self._fs, "list_multipart_uploads", None)
        if listing is None:
            return
        bucket, _, prefix = self._root.partition("/")
        try:
            uploads = self._call(lambda: listing(bucket), missing=True)
        except FileNotFoundError:  # not even the bucket
            return
        for upload in uploads or ():
            if str(upload["Key"]).startswith(f"{prefix}/"):
                self._call(partial(self._fs.abort_mpu, bucket, upload["Key"], upload["UploadId"]))

    def _call(self, work: Callable[[], T], *, missing: bool = False) -> T:
        """Runs one operation of the file system; whatever goes wrong becomes an error without the driver's text."""
        failure: EnvironmentLack
        try:
            return work()
        except NotImplementedError:
            raise
        except Exception as error:  # each fsspec back end raises its own driver's
            if missing and isinstance(error, FileNotFoundError):
                raise
            failure = self._lack(error)
        raise failure

    def _lack(self, error: Exception) -> EnvironmentLack:
        kind = type(error).__name__
        if isinstance(error, FileNotFoundError):
            return EnvironmentLack(
                "The bucket or the object is not there",
                where=self.location,
                remedy="Make the bucket, or correct TESTDATA_CHUNK_STORE.",
                code="chunk-store-missing",
            )
        if isinstance(error, PermissionError) or "Credential" in kind:
            return EnvironmentLack(
                f"The chunk store refuses access ({kind})",
                where=self.location,
                remedy="Give this process credentials that may read, write, list and delete there and, on S3, ask for "
                "the bucket's versioning (AWS_ACCESS_KEY_ID and the like, or an instance role).",
                code="chunk-store-refused",
            )
        return EnvironmentLack(
            f"The chunk store does not answer as it should ({kind})",
            where=self.location,
            remedy="Check the network and the endpoint (AWS_ENDPOINT_URL), then try again.",
            code="connection-failed",
        )


def _file_system(location: str) -> tuple[Any, str]:
    """The fsspec file system of a URL and the path in it."""
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]

        # Listings change under our own hands; a cached one would hide what was just written.
        file_system, path = url_to_fs(location, use_listings_cache=False)
    except ImportError:
        raise EnvironmentLack(
            "A chunk store at a URL needs packages that are not installed",
            where=location,
            remedy="pip install testdata-assets[s3], or the fsspec package of that kind of store.",
            code="extra-missing",
        ) from None
    except ValueError:
        raise EnvironmentLack(
            "No file system is known for this URL",
            where=location,
            remedy="Set TESTDATA_CHUNK_STORE to a folder or to s3://bucket/prefix.",
            code="chunk-store-unknown",
        ) from None
    return file_system, str(path).rstrip("/")


def _has_folders(file_system: Any) -> bool:
    return not hasattr(file_system, "abort_mpu") and type(file_system).__name__ != "GCSFileSystem"
