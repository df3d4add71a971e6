"""first_name: real first names from a pool. What all name transformers share is in test_names.py."""

from __future__ import annotations

from collections.abc import Callable

from testdata_assets.masking.pools import pools

Mask = Callable[..., list[str]]


def test_first_names_come_from_a_pool_of_real_ones(mask: Mask):
    masked = {name.lower() for name in mask("first_name", ["Robert", "Alice", "Sam", "Elizabeth"])}
    words = {
        "".join(map(chr, pools().words.codes[start:end]))
        for start, end in zip(pools().words.offsets, pools().words.offsets[1:], strict=False)
    }
    assert masked <= words
