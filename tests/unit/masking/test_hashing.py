"""Keyed hashing: separated by key, domain and purpose; pinned; never printed."""

from __future__ import annotations

import numpy as np
import polars as pl
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from testdata_assets.masking.hashing import KeyedHash

KEYED = KeyedHash.derive(b"k" * 32, "user.email")


def test_domains_purposes_and_keys_are_unrelated():
    others = [
        KeyedHash.derive(b"k" * 32, "user.name"),
        KeyedHash.derive(b"l" * 32, "user.email"),
        KEYED.for_purpose("tag"),
        KeyedHash.derive(b"k" * 100, "user.email"),
        KeyedHash.derive(b"k" * 101, "user.email"),
    ]
    assert len({KEYED.prefix, *(each.prefix for each in others)}) == 6


def test_words_are_sixty_bits_and_pinned():
    words = KEYED.words(pl.Series(["a", "", "a"]), 4)
    assert words[0][0] == words[0][2] != words[0][1]
    assert all(word.max() < 2**60 for word in words)
    assert len({word[0] for word in words}) == 4
    first, second = KEYED.seeds(pl.Series(["a", "", "a"]))
    assert first.tolist() == words[0].to_list()
    assert second.tolist() == words[1].to_list()
    assert [len(seed) for seed in KEYED.seeds(pl.Series([], dtype=pl.String))] == [0, 0]
    assert int(first[0]) == 798480551314514569


def test_draws_authenticate_length_and_bytes():
    values = ["", "\0", "a", "é" * 40, *("x" * size for size in range(1, 300))]
    first, second = KEYED.draws(pl.Series(values))
    assert len({*first.tolist()}) == len(values)
    assert max(first.max(), second.max()) < 2**60
    for place in (0, 3, 20, 70, 150, 258):  # CBC as the library has it
        assert len(values[place].encode()) < 256
        message = bytes([len(values[place].encode())]) + values[place].encode()
        cipher = Cipher(algorithms.AES(bytes.fromhex(KEYED.for_purpose("draws").prefix)), modes.CBC(bytes(16)))
        tag = cipher.encryptor().update(message + bytes(-len(message) % 16))[-16:]
        assert int.from_bytes(tag[:8], "little") >> 4 == first[place]
        assert int.from_bytes(tag[8:], "little") >> 4 == second[place]
    long = KEYED.for_purpose("long draws").seeds(pl.Series(values[-1:]))
    assert (first[-1], second[-1]) == (long[0][0], long[1][0])
    # Neither order nor company matters.
    again = KEYED.draws(pl.Series(values[::-7]))
    assert again[0].tolist() == first[::-7].tolist()
    assert [len(draw) for draw in KEYED.draws(pl.Series([], dtype=pl.String))] == [0, 0]


def test_streams_depend_on_seed_and_place_alone():
    seeds = np.array([1, 2, 1], np.uint64), np.array([5, 5, 5], np.uint64)
    lengths = np.array([3, 9, 7])
    stream = KEYED.prf("p").stream(seeds, lengths)
    assert len(stream) == 19
    assert stream[:3].tolist() == stream[12:15].tolist() != stream[3:6].tolist()
    assert len(set(stream.tolist())) == 16
    assert len(KEYED.prf("p").stream((seeds[0][:0], seeds[1][:0]), lengths[:0])) == 0


def test_keys_are_not_printed():
    for each in (KEYED, KEYED.prf("p")):
        assert KEYED.prefix[:8] not in repr(each)
        assert repr(each).endswith("(***)")
