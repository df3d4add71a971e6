"""The chunk store: what is written is read, and nothing changed, moved or cut off is."""

from __future__ import annotations

from pathlib import Path

import pytest

from testdata_assets.errors import RefusedError
from testdata_assets.production.chunk_store import ChunkStore, ChunkStoreDamaged, drop_folder

KEY = b"k" * 32
SECRET = b"jane.doe@example.com\t"
BLOCKS = [SECRET * 1000, b"second\n", b"", b"last\n"]


@pytest.fixture
def store(tmp_path: Path) -> ChunkStore:
    store = ChunkStore.create(tmp_path / "snap", "s-1", KEY)
    store.write("a", BLOCKS)
    store.write("b", BLOCKS)
    return store


def test_blocks_come_back_in_order(store: ChunkStore) -> None:
    assert list(store.read("a")) == BLOCKS
    assert list(ChunkStore.open(store.folder, "s-1", KEY).read("b")) == BLOCKS


def test_an_empty_stream_is_one_empty_block(store: ChunkStore) -> None:
    store.write("empty", [])
    assert b"".join(store.read("empty")) == b""


def test_nothing_raw_on_disk(store: ChunkStore) -> None:
    for file in store.folder.iterdir():
        assert b"jane" not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0


def test_another_store_key_does_not_open(store: ChunkStore) -> None:
    with pytest.raises(ChunkStoreDamaged):
        ChunkStore.open(store.folder, "s-1", b"x" * 32)
    with pytest.raises(ChunkStoreDamaged):
        ChunkStore.open(store.folder, "s-2", KEY)


def _records(data: bytes) -> list[bytes]:
    records = []
    while data:
        length = 4 + int.from_bytes(data[:4], "little")
        records.append(data[:length])
        data = data[length:]
    return records


@pytest.mark.parametrize("change", ["flip", "cut", "swap", "drop_first", "drop_last", "repeat", "other_stream", "half"])
def test_changes_are_noticed(store: ChunkStore, change: str) -> None:
    path = store.folder / "a.chunk"
    data = path.read_bytes()
    records = _records(data)
    assert len(records) == len(BLOCKS)
    changed = {
        "flip": data[:40] + bytes([data[40] ^ 1]) + data[41:],
        "cut": data[:-5],
        "swap": b"".join([records[1], records[0], *records[2:]]),
        "drop_first": b"".join(records[1:]),
        "drop_last": b"".join(records[:-1]),
        "repeat": data + records[-1],
        "other_stream": (store.folder / "b.chunk").read_bytes(),
        "half": data + b"\x01\x00",
    }[change]
    path.write_bytes(changed)
    with pytest.raises(ChunkStoreDamaged):
        list(store.read("a"))


def test_dropping_removes_the_key_and_the_files(store: ChunkStore) -> None:
    drop_folder(store.folder)
    assert not store.folder.exists()
    with pytest.raises(RefusedError) as caught:
        ChunkStore.open(store.folder, "s-1", KEY)
    assert caught.value.error_code == "snapshot-dropped"
    drop_folder(store.folder)
