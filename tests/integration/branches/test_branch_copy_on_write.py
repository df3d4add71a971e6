"""Copy-on-write on real file systems: XFS with and without reflinks in a loop device, and the plain folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from testdata_assets.branches.lifecycle import BranchService
from testdata_assets.branches.registry import Branch
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import Places, open_places
from testdata_assets.settings import Settings

MAKE_DATA = """
CREATE TABLE filler AS SELECT n, repeat(md5(n::text), 30) AS text FROM generate_series(1, 60000) AS n;
CREATE INDEX ON filler (n);
"""


@pytest.fixture
def xfs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A mounted XFS of its own; the parameter is `reflink=1` or `reflink=0`."""
    if os.geteuid() != 0:
        pytest.skip("mounting a loop device needs root")
    if shutil.which("mkfs.xfs") is None:
        pytest.skip("mkfs.xfs is not installed (Debian: xfsprogs)")
    disk, folder = tmp_path / "disk", tmp_path / "xfs"
    folder.mkdir()
    with disk.open("wb") as file:
        file.truncate(2 * 1024**3)
    subprocess.run(["mkfs.xfs", "-q", "-m", request.param, str(disk)], check=True)
    mounted = subprocess.run(["mount", "-o", "loop", str(disk), str(folder)], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"loop devices cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def xfs_places(xfs: Path, server: EmbeddedServer) -> Iterator[Places]:
    """Places whose embedded server lives on that XFS, with nothing else set."""
    places = open_places(
        Settings.model_validate(
            {
                "home": xfs / "state",
                "pg_bin": server.bin_dir,
                "store_key": "22" * 32,
                "signing_key": "33" * 32,
                "rules_dir": xfs / "rules",
            }
        )
    )
    assert places.embedded is not None
    yield places
    places.embedded.stop()


def used(folder: Path) -> int:
    os.sync()
    facts = os.statvfs(folder)
    return (facts.f_blocks - facts.f_bfree) * facts.f_frsize


def branch_of_big_image(places: Places, make_image: Any) -> tuple[Branch, list[dict[str, Any]], int, int]:
    """The branch, its journal, the image's bytes, and how much fuller the disk is for the branch."""
    with connect_control(places.control) as control:
        image = make_image(places, places.settings, control, MAKE_DATA)
        service = BranchService(places, places.settings, control)
        folder = places.settings.home
        before = used(folder)
        branch = service.create("measured")
        grown = used(folder) - before
        with psycopg.connect(service.url("measured").secret(), autocommit=True) as conn:
            assert conn.execute("SELECT count(*) FROM filler").fetchone() == (60000,)
            conn.execute("UPDATE filler SET text = '' WHERE n <= 10")
        assert image.golden_id == branch.golden_id
        return branch, service.journal("measured"), branch.size or 0, grown


@pytest.mark.parametrize("xfs", ["reflink=1"], indirect=True)
def test_reflinks_are_seen_and_save_the_space(xfs_places: Places, image_maker: Any) -> None:
    branch, journal, size, grown = branch_of_big_image(xfs_places, image_maker)
    measured = next(entry["details"] for entry in journal if entry["step"] == "copy_on_write_measured")
    assert branch.copy_on_write is True
    assert branch.copy_on_write_evidence == "fiemap"
    assert measured["shared_bytes"] > 60_000_000
    assert measured["shared_bytes"] > 0.9 * measured["measured_bytes"]
    assert size > 60_000_000
    assert grown < size / 4


@pytest.mark.parametrize("xfs", ["reflink=0"], indirect=True)
def test_without_reflinks_a_full_copy_is_reported_as_one(xfs_places: Places, image_maker: Any) -> None:
    branch, _, size, grown = branch_of_big_image(xfs_places, image_maker)
    assert (branch.copy_on_write, branch.copy_on_write_evidence) == (False, "fiemap")
    assert grown > size / 2


def test_the_plain_folder_is_what_its_file_system_is(world: Any, tmp_path: Path) -> None:
    """The session's server lies where temporary files do: a full copy on ext4, overlay or tmpfs."""
    kind = subprocess.run(
        ["stat", "-f", "-c", "%T", str(world.places.data_dir)], check=True, capture_output=True, text=True
    ).stdout.strip()
    branch = world.service.create("plain")
    if kind in {"ext2/ext3", "tmpfs"}:
        assert branch.copy_on_write is False
    assert branch.copy_on_write_evidence == ("unmeasured" if kind == "tmpfs" else "fiemap")


def test_a_data_directory_out_of_reach_is_reported_as_unmeasured(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(world.places), "data_dir", None)
    document = world.service.create("remote").as_json()
    assert (document["copy_on_write"], document["copy_on_write_evidence"]) == (False, "unmeasured")
    assert world.service.gc()["orphaned_files"] == []
