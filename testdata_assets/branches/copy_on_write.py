"""Whether a branch truly shares blocks with its image: read from the file system, never assumed.

The extent map of the biggest relation files (ioctl FS_IOC_FIEMAP, Linux
`Documentation/filesystems/fiemap.rst`) flags extents that another file shares. A plain copy has none. Needs
the server's data directory to be readable here; a remote server stays unmeasured and is reported as a full
copy.
"""

from __future__ import annotations

import array
import fcntl
import heapq
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Evidence = Literal["fiemap", "unmeasured"]

_FS_IOC_FIEMAP = 0xC020660B  # _IOWR('f', 11, struct fiemap)
_FIEMAP_FLAG_SYNC = 0x1
_EXTENT_LAST = 0x1
_EXTENT_SHARED = 0x2000
_HEADER = struct.Struct("=QQLLLL")  # start, length, flags, mapped extents, extent count, reserved
_EXTENT = struct.Struct("=QQQQQLLLL")  # logical, physical, length, 2 reserved, flags, 3 reserved
_EXTENTS_A_CALL = 512
_WHOLE_FILE = 2**64 - 1
_FILES = 64
_RELATION_FILE = re.compile(r"\d+(\.\d+)?\Z")


@dataclass(frozen=True)
class SharedBlocks:
    """What the extent maps said.

    Attributes:
        evidence: `fiemap`, or `unmeasured` where nothing could be read.
        measured_bytes: Bytes of all extents looked at.
        shared_bytes: Those that another file shares.
        reason: Why it stayed unmeasured, or an empty string.
    """

    evidence: Evidence
    measured_bytes: int = 0
    shared_bytes: int = 0
    reason: str = ""

    @property
    def copy_on_write(self) -> bool:
        """True only if more than half of what was measured is shared."""
        return self.measured_bytes > 0 and self.shared_bytes * 2 > self.measured_bytes


def measure_shared_blocks(data_dir: Path | None, database_oid: int, system_identifier: int) -> SharedBlocks:
    """Measures the 64 biggest relation files of one database.

    Args:
        data_dir: The server's data directory, or None where the server is not on this machine.
        database_oid: Whose `base/<oid>` to look into.
        system_identifier: As the server reports it; guards against a folder of another cluster.
    """
    if data_dir is None:
        return SharedBlocks("unmeasured", reason="the server's data directory is not readable from here")
    try:
        if cluster_identifier(data_dir) != system_identifier:
            return SharedBlocks("unmeasured", reason="the data directory belongs to another cluster")
        measured = shared = 0
        for path in _biggest_files(data_dir / "base" / str(database_oid)):
            for length, is_shared in file_extents(path):
                measured += length
                shared += length if is_shared else 0
    except OSError as error:
        return SharedBlocks("unmeasured", reason=f"extent map not readable: {error.strerror}")
    return SharedBlocks("fiemap", measured, shared)


def cluster_identifier(data_dir: Path) -> int:
    """The system identifier in `global/pg_control`: its first eight bytes, in the machine's byte order."""
    with open(data_dir / "global" / "pg_control", "rb") as control:
        (identifier,) = struct.unpack("=Q", control.read(8))
    return int(identifier)


def file_extents(path: Path) -> Iterator[tuple[int, bool]]:
    """Yields (length in bytes, shared) for every extent of a file.

    Raises:
        OSError: The file or its extent map cannot be read (EOPNOTSUPP on file systems without FIEMAP).
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        start = 0
        while True:
            buffer = array.array("B", bytes(_HEADER.size + _EXTENTS_A_CALL * _EXTENT.size))
            _HEADER.pack_into(buffer, 0, start, _WHOLE_FILE - start, _FIEMAP_FLAG_SYNC, 0, _EXTENTS_A_CALL, 0)
            fcntl.ioctl(descriptor, _FS_IOC_FIEMAP, buffer, True)
            mapped = _HEADER.unpack_from(buffer, 0)[3]
            flags = _EXTENT_LAST
            for index in range(mapped):
                logical, _, length, _, _, flags, *_ = _EXTENT.unpack_from(buffer, _HEADER.size + index * _EXTENT.size)
                yield length, bool(flags & _EXTENT_SHARED)
                start = logical + length
            if flags & _EXTENT_LAST:
                return
    finally:
        os.close(descriptor)


def _biggest_files(folder: Path) -> list[Path]:
    """The biggest files of relations' main forks, so that a few of them speak for nearly all bytes."""
    with os.scandir(folder) as entries:
        sized = [(entry.stat().st_size, entry.path) for entry in entries if _RELATION_FILE.match(entry.name)]
    return [Path(path) for size, path in heapq.nlargest(_FILES, sized) if size > 0]
