"""The chunk store: what is written is read, and nothing changed, moved or cut off is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from testdata_assets.errors import RefusedError
from testdata_assets.production.chunk_store import ChunkStore, ChunkStoreDamaged, drop_store

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
    assert list(ChunkStore.open(store.location, "s-1", KEY).read("b")) == BLOCKS


def test_an_empty_stream_is_one_empty_block(store: ChunkStore) -> None:
    store.write("empty", [])
    assert b"".join(store.read("empty")) == b""


def test_nothing_raw_on_disk(store: ChunkStore) -> None:
    for file in Path(store.location).iterdir():
        assert b"jane" not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0


def test_another_store_key_does_not_open(store: ChunkStore) -> None:
    with pytest.raises(ChunkStoreDamaged):
        ChunkStore.open(store.location, "s-1", b"x" * 32)
    with pytest.raises(ChunkStoreDamaged):
        ChunkStore.open(store.location, "s-2", KEY)


def _parts(path: Path) -> tuple[list[bytes], list[bytes]]:
    """A stream's records and the entries of its index, as stored."""
    data = path.read_bytes()
    count = int.from_bytes(data[-16:-8], "little")
    index = data[-16 - 16 * count : -16]
    entries = [index[16 * n : 16 * n + 16] for n in range(count)]
    records, start = [], 0
    for entry in entries:
        length = int.from_bytes(entry[:8], "little")
        records.append(data[start : start + length])
        start += length
    assert start == len(data) - 16 - len(index)
    return records, entries


def _joined(records: list[bytes], entries: list[bytes]) -> bytes:
    return b"".join([*records, *entries, len(entries).to_bytes(8, "little"), b"chunks01"])


@pytest.mark.parametrize(
    "change",
    ["flip", "cut", "swap", "drop_first", "drop_last", "repeat", "other_stream", "half", "no_index", "count", "empty"],
)
def test_changes_are_noticed(store: ChunkStore, change: str) -> None:
    path = Path(store.location) / "a.chunk"
    data = path.read_bytes()
    records, entries = _parts(path)
    assert len(records) == len(BLOCKS)
    assert _joined(records, entries) == data
    changed = {
        "flip": data[:40] + bytes([data[40] ^ 1]) + data[41:],
        "cut": data[:-5],
        "swap": _joined([records[1], records[0], *records[2:]], [entries[1], entries[0], *entries[2:]]),
        "drop_first": _joined(records[1:], entries[1:]),
        "drop_last": _joined(records[:-1], entries[:-1]),
        "repeat": _joined([*records, records[-1]], [*entries, entries[-1]]),
        "other_stream": (Path(store.location) / "b.chunk").read_bytes(),
        "half": data + b"\x01\x00",
        "no_index": b"".join(records),
        "count": data[:-16] + (2**62).to_bytes(8, "little") + data[-8:],
        "empty": b"",
    }[change]
    path.write_bytes(changed)
    with pytest.raises(ChunkStoreDamaged):
        list(store.read("a"))


def test_records_are_read_in_any_order(store: ChunkStore) -> None:
    assert store.records("a") == len(BLOCKS)
    for number in (2, 0, 3, 1):
        assert store.read_record("a", number) == BLOCKS[number]
    for record in reversed(store.index("a")):
        assert store.read_record("a", record) == BLOCKS[record.number]
        assert record.raw_bytes == len(BLOCKS[record.number])
    with pytest.raises(ChunkStoreDamaged):
        store.read_record("a", len(BLOCKS))


def test_a_record_does_not_pass_for_another_or_for_the_last(store: ChunkStore) -> None:
    first, second = store.index("a")[:2]
    for lie in (
        replace(first, number=1),
        replace(first, last=True),
        replace(store.index("a")[-1], last=False),
        replace(second, start=first.start, stored_bytes=first.stored_bytes),
        replace(first, stored_bytes=5),
        replace(first, start=10**9),
        replace(first, raw_bytes=0),
    ):
        with pytest.raises(ChunkStoreDamaged):
            store.read_record("a", lie)


def test_an_index_longer_than_one_read(store: ChunkStore) -> None:
    blocks = [str(number).encode() for number in range(5000)]
    size = store.write("many", iter(blocks))
    assert list(store.read("many")) == blocks
    assert size.blocks == 5000
    assert size.raw_bytes == sum(map(len, blocks))
    assert size.stored_bytes == (Path(store.location) / "many.chunk").stat().st_size


def test_a_stream_that_fails_is_not_there(store: ChunkStore) -> None:
    def failing() -> Iterator[bytes]:
        yield b"a row\n"
        raise OSError(5, "the pipe broke")

    with pytest.raises(OSError, match="the pipe broke"):  # not the disk's fault, so not translated
        store.write("broken", failing())
    with pytest.raises(ChunkStoreDamaged):
        store.records("broken")


def test_messages_and_secrets_belong_to_one_snapshot(store: ChunkStore, tmp_path: Path) -> None:
    sealed = store.seal_message("answer a 0", SECRET)
    assert SECRET not in sealed
    again = ChunkStore.open(store.location, "s-1", KEY)
    other = ChunkStore.create(tmp_path / "other", "s-1", KEY)
    assert again.open_message("answer a 0", sealed) == SECRET
    assert again.secret("seed", 8) == store.secret("seed", 8) != store.secret("other", 8)
    assert other.secret("seed", 8) != store.secret("seed", 8)
    for reader, purpose, message in (
        (again, "answer a 1", sealed),
        (other, "answer a 0", sealed),
        (again, "answer a 0", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (again, "answer a 0", b""),
    ):
        with pytest.raises(ChunkStoreDamaged):
            reader.open_message(purpose, message)


def test_dropping_removes_the_key_and_the_files(store: ChunkStore) -> None:
    drop_store(store.location)
    assert not Path(store.location).exists()
    with pytest.raises(RefusedError) as caught:
        ChunkStore.open(store.location, "s-1", KEY)
    assert caught.value.error_code == "snapshot-dropped"
    drop_store(store.location)
