"""keep: nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, Uniqueness

Mask = Callable[..., list[Any]]


def test_values_stay_byte_for_byte(mask: Mask):
    values = ["a", "", " ", "\\x00", "日本 😀", "O'Brien"]
    assert mask("keep", values) == values
    assert mask("keep", ["\\x00ff"], base_type="bytea") == ["\\x00ff"]


def test_it_promises_that_nothing_changes():
    found = registry.build("keep").guarantees
    assert (found.uniqueness, found.coincidence) == (Uniqueness.INJECTIVE, Coincidence.UNCHANGED)
