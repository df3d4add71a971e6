"""Fingerprints: what was added is found whatever its case, nothing else is, and short values do not count."""

from __future__ import annotations

import numpy as np
import polars as pl

from testdata_assets.masking.fingerprints import FingerprintCollector, Fingerprints


def test_finds_exactly_what_was_added() -> None:
    collector = FingerprintCollector(seed=7)
    collector.add("s.t.a", pl.Series([f"Person{i}@example.com" for i in range(5000)]))
    collector.add("s.t.b", pl.Series(["Main Street 5", "Main Street 5", "x", "12345"]))
    prints = Fingerprints.from_bytes(collector.finish().to_bytes())
    probe = pl.Series(["person17@EXAMPLE.com ", "person5000@example.com", "main street 5", "12345", "x"])
    hashes = prints.hash(probe)
    assert hashes.is_null().to_list() == [False, False, False, True, True]
    found = prints.contains(hashes.drop_nulls().to_numpy())
    assert found.tolist() == [True, False, True]
    assert prints.origin(int(hashes[0])) == "s.t.a"
    assert prints.origin(int(hashes[2])) == "s.t.b"
    assert len(prints.values) == 5001
    others = prints.hash(pl.Series([f"other{i}@example.org" for i in range(100_000)])).to_numpy()
    assert not prints.contains(others).any()


def test_seeds_differ_and_empty_sets_find_nothing() -> None:
    values = pl.Series(["somebody@example.com"])
    assert FingerprintCollector().finish().hash(values)[0] != FingerprintCollector().finish().hash(values)[0]
    empty = FingerprintCollector().finish()
    assert not empty.contains(np.array([1, 2], np.uint64)).any()
