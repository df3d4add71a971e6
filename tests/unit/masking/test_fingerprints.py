"""Fingerprints: what was added is found whatever its case, nothing else is, and short values do not count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from testdata_assets.masking.fingerprints import FingerprintCollector, Fingerprints
from testdata_assets.production.chunk_store import ChunkStore


@pytest.fixture
def store(tmp_path: Path) -> ChunkStore:
    return ChunkStore.create(tmp_path / "s", "s-1", b"w" * 32)


def _saved(collector: FingerprintCollector, store: ChunkStore) -> Fingerprints:
    collector.save(store)
    return Fingerprints.load(store)


def test_finds_exactly_what_was_added(store: ChunkStore) -> None:
    collector = FingerprintCollector(seed=7)
    collector.add("s.t.a", pl.Series([f"Person{i}@example.com" for i in range(5000)]))
    collector.add("s.t.b", pl.Series(["Main Street 5", "Main Street 5", "x", "12345"]))
    prints = _saved(collector, store)
    probe = pl.Series(["person17@EXAMPLE.com ", "person5000@example.com", "main street 5", "12345", "x"])
    hashes = prints.hash(probe)
    assert hashes.is_null().to_list() == [False, False, False, True, True]
    found = prints.contains(hashes.drop_nulls().to_numpy())
    assert found.tolist() == [True, False, True]
    assert prints.origin(int(hashes[0])) == "s.t.a"
    assert prints.origin(int(hashes[2])) == "s.t.b"
    assert len(prints.values) == 5001 + 4990  # and local parts of eight characters and more
    others = prints.hash(pl.Series([f"other{i}@example.org" for i in range(100_000)])).to_numpy()
    assert not prints.contains(others).any()


def test_spilling_changes_nothing(store: ChunkStore, tmp_path: Path) -> None:
    spilling, whole = FingerprintCollector(5, store, budget=700), FingerprintCollector(5)
    for number in range(40):
        values = pl.Series([f"value number {number * 37 + i}" for i in range(100)])
        for collector in (spilling, whole):
            collector.add(f"s.t.c{number % 3}", values, prose=number % 2 == 0)
    for collector in (spilling, whole):
        collector.allow("s.t.c0", pl.Series(["value number 50", "VALUE NUMBER 51"]))
        collector.allow("s.t.c1", pl.Series(["value number 52", "value number 52"]))
    assert len(list((tmp_path / "s").glob("fingerprints-run-*"))) == 5
    expected, found = whole.finish(), _saved(spilling, store)
    assert np.array_equal(found.values, expected.values)
    assert len(found.values) == 39 * 37 + 100
    allowed = found.hash(pl.Series(["value number 50", "value number 51", "value number 52"])).to_numpy()
    assert found.contains(allowed).all()
    assert {name: sorted(hashes.tolist()) for name, hashes in found.allowed.items()} == {
        "s.t.c0": sorted(allowed[:2].tolist()),
        "s.t.c1": [int(allowed[2])],
    }


def test_prose_is_attributed_to_who_else_has_the_value(store: ChunkStore) -> None:
    for budget in (10, 10_000):
        collector = FingerprintCollector(3, store, budget=budget)
        collector.add("s.t.notes", pl.Series([f"value number {i}" for i in range(30)]), prose=True)
        collector.add("s.t.name", pl.Series([f"value number {i}" for i in range(20)]))
        found = _saved(collector, store)
        origins = [found.origin(int(each)) for each in found.hash(pl.Series(["value number 7", "value number 25"]))]
        assert origins == ["s.t.name", "s.t.notes"]


def test_seeds_differ_and_empty_sets_find_nothing(store: ChunkStore) -> None:
    values = pl.Series(["somebody@example.com"])
    assert FingerprintCollector().finish().hash(values)[0] != FingerprintCollector().finish().hash(values)[0]
    empty = _saved(FingerprintCollector(), store)
    assert not empty.contains(np.array([1, 2], np.uint64)).any()


@pytest.mark.parametrize("budget", [1 << 20, 10])
def test_vocabulary_of_one_column_is_vocabulary_of_all_such_columns(budget: int, store: ChunkStore) -> None:
    collector = FingerprintCollector(seed=5, store=store, budget=budget)
    collector.add("t.old", pl.Series(["awaiting reply", "telling words", "ann.lee@corp.com"]), prose=True)
    collector.add("t.new", pl.Series(["awaiting reply", "other sentences"]), prose=True)
    collector.add("t.name", pl.Series(["Mary van Dyke", "other sentences"]))
    collector.leave_out("t.old", pl.Series([], dtype=pl.String), vocabulary=True)
    frequent = pl.Series(["awaiting reply", "other sentences", "ann.lee@corp.com"])
    collector.leave_out("t.new", frequent, vocabulary=True)
    found = _saved(collector, store)
    known = found.contains(
        found.hash(pl.Series(["awaiting reply", "telling words", "other sentences", "ann.lee@corp.com"]))
        .fill_null(0)
        .to_numpy()
    )
    assert known.tolist() == [False, True, True, True]
