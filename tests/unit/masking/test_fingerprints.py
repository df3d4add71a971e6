"""Fingerprints: what was added is found whatever its case, nothing else is, and short values do not count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from testdata_assets.masking.canonical import probes
from testdata_assets.masking.fingerprint_collector import FingerprintCollector, Rank
from testdata_assets.masking.fingerprint_filters import Sieve
from testdata_assets.masking.fingerprints import ANYWHERE, Fingerprints, Hashes
from testdata_assets.production.chunk_store import ChunkStore


@pytest.fixture
def store(tmp_path: Path) -> ChunkStore:
    return ChunkStore.create(tmp_path / "s", "s-1", b"w" * 32)


def _saved(collector: FingerprintCollector, store: ChunkStore) -> Fingerprints:
    collector.save(store)
    return Fingerprints.load(store)


def _probed(prints: Fingerprints, values: list[str]) -> Hashes:
    """What the scan holds against the fingerprints for whole values."""
    return probes(pl.Series(values), prints.seed)[0]


def _origins(prints: Fingerprints, values: list[str]) -> list[str]:
    return [prints.columns[number] for number in prints.origins_of(_probed(prints, values))]


def test_finds_exactly_what_was_added(store: ChunkStore) -> None:
    collector = FingerprintCollector(seed=7)
    collector.add("s.t.a", pl.Series([f"Person{i}@example.com" for i in range(5000)]))
    collector.add("s.t.b", pl.Series(["Main Street 5", "Main Street 5", "x", "12345"]))
    prints = _saved(collector, store)
    hashes = _probed(prints, ["person17@EXAMPLE.com ", "person5000@example.com", "main street 5", "12345", "x"])
    assert (hashes == 0).tolist() == [False, False, False, True, True]
    assert prints.contains(hashes).tolist() == [True, False, True, False, False]
    assert _origins(prints, ["person17@example.com", "Main Street 5"]) == ["s.t.a", "s.t.b"]
    assert len(prints) == 5001 + 4990  # and local parts of eight characters and more
    assert not prints.contains(_probed(prints, [f"other{i}@example.org" for i in range(100_000)])).any()


def test_spilling_changes_nothing(store: ChunkStore, tmp_path: Path) -> None:
    spilling, whole = FingerprintCollector(5, store, budget=700), FingerprintCollector(5)
    for number in range(40):
        values = pl.Series([f"value number {number * 37 + i}" for i in range(100)])
        for collector in (spilling, whole):
            collector.add(f"s.t.c{number % 3}", values, Rank.PARTS if number % 2 == 0 else Rank.CERTAIN)
    for collector in (spilling, whole):
        collector.allow("s.t.c0", pl.Series(["value number 50", "VALUE NUMBER 51"]))
        collector.allow("s.t.c1", pl.Series(["value number 52", "value number 52"]))
    assert len(list((tmp_path / "s").glob("fingerprints-run-*"))) == 5
    expected, found = whole.finish(), _saved(spilling, store)
    for ours, theirs in zip(vars(found._held).values(), vars(expected._held).values(), strict=True):
        assert np.array_equal(ours, theirs)
    assert len(found) == len(expected) == 39 * 37 + 100
    allowed = _probed(found, ["value number 50", "value number 51", "value number 52"])
    assert found.contains(allowed).all()
    told = {column: found.allowed(allowed, column).tolist() for column in ("s.t.c0", "s.t.c1", "s.t.c2", ANYWHERE)}
    assert told == {
        "s.t.c0": [True, True, False],
        "s.t.c1": [False, False, True],
        "s.t.c2": [False, False, False],
        ANYWHERE: [True, True, True],
    }


def test_too_many_for_memory_are_looked_up_in_the_store(store: ChunkStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("testdata_assets.masking.fingerprint_collector.BLOCK", 1000)
    collector = FingerprintCollector(seed=7, store=store, budget=9000)
    for part in range(10):
        values = pl.Series([f"value number {i}" for i in range(part * 2000, part * 2000 + 2000)])
        collector.add(f"s.t.c{part % 2}", values)
        collector.allow("s.t.kept", values.head(20 * part))
        collector.allow("s.t.other", pl.Series([f"nobody masks {i}" for i in range(2000)]))
    collector.save(store)
    assert list(Path(store.location).glob("fingerprints-allowed-run-*"))
    in_memory = Fingerprints.load(store)
    monkeypatch.setattr("testdata_assets.masking.fingerprints.IN_MEMORY", 5000)
    stored = Fingerprints.load(store)
    assert stored._sieve is not None
    assert in_memory._sieve is None
    assert stored.tags.tolist() == in_memory.tags.tolist()
    assert len(stored) == 20_000
    # Every value, three times over and among others; then once more, when the answers are known.
    hashes = _probed(stored, [f"value number {i % 30_000}" for i in range(0, 90_000, 7)])
    for _ in range(2):
        assert stored.contains(hashes).tolist() == in_memory.contains(hashes).tolist()
        assert stored.origins_of(hashes).tolist() == in_memory.origins_of(hashes).tolist()
    assert 0.6 < stored.contains(hashes).mean() < 0.7
    for column in ("s.t.kept", "s.t.other", "s.t.c0", ANYWHERE):
        assert stored.allowed(hashes, column).tolist() == in_memory.allowed(hashes, column).tolist()
    assert stored.allowed(hashes, "s.t.kept").sum() > 300
    assert not stored.allowed(hashes, "s.t.other").any()


def test_the_sieve_lets_all_fingerprints_pass_and_few_others() -> None:
    draw = np.random.default_rng(5)
    known = np.sort(draw.integers(0, 2**64, 100_000, np.uint64))
    sieve = Sieve(len(known))
    for start in range(0, len(known), 30_000):
        sieve.add(known[start : start + 30_000])
    assert sieve.passes(known).all()
    assert sieve.passes(draw.integers(0, 2**64, 200_000, np.uint64)).mean() < 0.006


def test_prose_is_attributed_to_who_else_has_the_value(store: ChunkStore) -> None:
    for budget in (10, 10_000):
        collector = FingerprintCollector(3, store, budget=budget)
        collector.add("s.t.notes", pl.Series([f"value number {i}" for i in range(30)]), Rank.PARTS)
        collector.add("s.t.name", pl.Series([f"value number {i}" for i in range(20)]))
        found = _saved(collector, store)
        assert _origins(found, ["value number 7", "value number 25"]) == ["s.t.name", "s.t.notes"]


def test_seeds_differ_and_empty_sets_find_nothing(store: ChunkStore) -> None:
    one, other = (_probed(FingerprintCollector().finish(), ["somebody@example.com"]) for _ in range(2))
    assert one[0] != other[0]
    empty = _saved(FingerprintCollector(), store)
    assert not empty.contains(np.array([1, 2], np.uint64)).any()


@pytest.mark.parametrize("budget", [1 << 20, 10])
def test_vocabulary_of_one_column_is_vocabulary_of_all_such_columns(budget: int, store: ChunkStore) -> None:
    collector = FingerprintCollector(seed=5, store=store, budget=budget)
    collector.add("t.old", pl.Series(["awaiting reply", "telling words", "ann.lee@corp.com"]), Rank.PARTS)
    collector.add("t.new", pl.Series(["awaiting reply", "other sentences"]), Rank.PARTS)
    collector.add("t.name", pl.Series(["Mary van Dyke", "other sentences"]))
    collector.leave_out("t.old", pl.Series([], dtype=pl.String), vocabulary=True)
    frequent = pl.Series(["awaiting reply", "other sentences", "ann.lee@corp.com"])
    collector.leave_out("t.new", frequent, vocabulary=True)
    found = _saved(collector, store)
    values = ["awaiting reply", "telling words", "other sentences", "ann.lee@corp.com"]
    assert found.contains(_probed(found, values)).tolist() == [False, True, True, True]
