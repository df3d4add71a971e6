"""Permutations: onto, without fixed points, chosen by key and tweak."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testdata_assets.masking.characters import FIXED, SPECIAL, characters
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.permutation import cycle_pairs, cycle_small, default_classes, permute_text
from testdata_assets.masking.text_arrays import TextArray

KEYED = KeyedHash.derive(b"k" * 32, "permutation")


def whole(left: int, right: int, tweak: int = 0) -> np.ndarray:
    """The image of every pair, as one number."""
    pairs = np.arange(left * right, dtype=np.uint64)
    size = np.full(len(pairs), right, np.uint64)
    moduli = np.full(len(pairs), left, np.uint64), size
    one, two = cycle_pairs(KEYED.prf("p"), pairs // size, pairs % size, moduli, np.full(len(pairs), tweak, np.uint64))
    return (one * size + two).astype(np.int64)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**56 - 1))
def test_pairs_form_a_single_cycle(left: int, right: int, tweak: int):
    if left * right < 2:
        return
    image = whole(left, right, tweak)
    seen, at = 0, 0
    while seen == 0 or at != 0:
        at, seen = int(image[at]), seen + 1
    assert seen == left * right


def test_tweaks_choose_unrelated_permutations():
    one, two = whole(100, 100, 1), whole(100, 100, 2)
    assert (one == two).mean() < 0.01


def test_large_moduli_do_not_overflow():
    modulus = np.full(1000, 2**61, np.uint64)
    value = np.arange(1000, dtype=np.uint64) + np.uint64(2**61 - 1000)
    left, right = cycle_pairs(KEYED.prf("p"), value, value, (modulus, modulus), np.zeros(1000, np.uint64))
    assert (left < modulus).all()
    assert (right < modulus).all()
    assert len(np.unique(left)) == 1000


def test_outputs_are_spread_evenly():
    texts = TextArray.from_series(pl.Series([f"{number:04d}" for number in range(10_000)]))
    digits = permute_text(texts, KEYED).codes.reshape(-1, 4)
    firsts = Counter(digits[:1000, 0].tolist())
    assert max(firsts.values()) < 160
    # Neighbours do not stay neighbours.
    values = (digits - 0x30) @ [1000, 100, 10, 1]
    assert (np.abs(np.diff(values)) < 10).mean() < 0.01


@pytest.mark.parametrize("radix", [2, 3, 26, 500])
def test_small_cycles(radix: int):
    image = cycle_small(KEYED, np.arange(radix), 7, radix)
    assert sorted(image) == list(range(radix))
    assert not (image == np.arange(radix)).any()


@pytest.mark.parametrize("label", SPECIAL)
def test_special_classes_are_closed(label: str):
    klass = characters().special[label]
    members = SPECIAL[label]
    texts = TextArray.from_series(pl.Series([one + two for one in members for two in members]))
    masked = permute_text(texts, KEYED, np.full(len(texts.codes), klass, np.int16)).to_series()
    assert sorted(masked) == sorted(one + two for one in members for two in members)


def test_classes_are_closed_and_hold_their_capitals():
    table = characters()
    assert (table.radix >= 2).all()
    assert len(table.members) == table.radix.sum()
    for text in ("aZ", "éÉ", "жЖ", "αΑ", "字", "中", "가", "ب", "5", "٥", "ა"):
        codes = TextArray.from_strings([text]).codes
        classes = default_classes(codes)
        assert (classes != FIXED).all()
        assert len(set(classes.tolist())) == 1
    assert (default_classes(TextArray.from_strings([" -😀\u0301ー€"]).codes) == FIXED).all()


@settings(max_examples=60, deadline=None)
@given(st.sets(st.text(alphabet="ab1é日ー -", max_size=70), min_size=1, max_size=60))
def test_texts_stay_distinct_at_any_length(values: set[str]):
    texts = TextArray.from_series(pl.Series(sorted(values)))
    masked = permute_text(texts, KEYED).to_series().to_list()
    assert len(set(masked)) == len(values)
    for value, result in zip(sorted(values), masked, strict=True):
        assert len(result) == len(value)
        assert (result == value) == (not set(value) & set("ab1é日"))
