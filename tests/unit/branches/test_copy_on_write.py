"""Copy-on-write is measured: what counts as shared, and what stays unmeasured."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from testdata_assets.branches.copy_on_write import SharedBlocks, file_extents, measure_shared_blocks


def test_more_than_half_must_be_shared() -> None:
    assert SharedBlocks("fiemap", 100, 51).copy_on_write
    assert not SharedBlocks("fiemap", 100, 50).copy_on_write
    assert not SharedBlocks("fiemap", 0, 0).copy_on_write


def test_a_server_elsewhere_stays_unmeasured() -> None:
    found = measure_shared_blocks(None, 5, 1)
    assert (found.evidence, found.copy_on_write) == ("unmeasured", False)
    assert found.reason


def test_a_folder_of_another_cluster_stays_unmeasured(tmp_path: Path) -> None:
    (tmp_path / "global").mkdir()
    (tmp_path / "global" / "pg_control").write_bytes(struct.pack("=Q", 41) + b"\0" * 100)
    assert measure_shared_blocks(tmp_path, 5, 42).reason == "the data directory belongs to another cluster"


def test_a_missing_database_stays_unmeasured(tmp_path: Path) -> None:
    (tmp_path / "global").mkdir()
    (tmp_path / "global" / "pg_control").write_bytes(struct.pack("=Q", 42))
    found = measure_shared_blocks(tmp_path, 5, 42)
    assert found.evidence == "unmeasured"
    assert found.reason.startswith("extent map not readable")


def test_extents_of_a_plain_file_add_up(tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.write_bytes(b"x" * 1_000_000)
    try:
        extents = list(file_extents(path))
    except OSError as error:
        pytest.skip(f"this file system has no extent maps: {error.strerror}")
    assert sum(length for length, _ in extents) >= 1_000_000
    assert not any(shared for _, shared in extents)


def test_an_empty_file_has_no_extents(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    try:
        assert list(file_extents(path)) == []
    except OSError as error:
        pytest.skip(f"this file system has no extent maps: {error.strerror}")
