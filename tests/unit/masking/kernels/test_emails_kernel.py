"""Addresses and user names by kernels get the masks of the general way."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.kernels.texts import Masks
from testdata_assets.masking.text_arrays import string_bytes
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._compiled_handles import Handles
from testdata_assets.masking.transformers.base import MaskContext
from testdata_assets.masking.transformers.text import TextTransformer
from testdata_assets.production.catalog import Column
from tests.unit.masking.kernels.conftest import BothWays

RUNS = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
STYLES: list[dict[str, Any]] = [
    {},
    {"keep_domains": ["acme.org", "b"]},
    {"mail_domain": "test.example"},
    {"mail_domain": "x.y", "keep_domains": ["mail7.example.net"]},
    {"mail_domain": f"{'a' * 60}.{'b' * 60}.example"},
]

near = st.text(alphabet=st.sampled_from("abzABZ019._-+@ \t'<,é/|~\x7f"), min_size=0, max_size=40)
local = st.text(alphabet=st.sampled_from("abcxyzABZ0189._-+"), min_size=1, max_size=40)
hosts = st.sampled_from(
    ["x.com", "Acme.org", "ACME.ORG", "mail7.example.net", "b", "a.b.c", ".x", "x.", "a-b.de", "x@y", "sub.acme.org"]
)
address = st.builds("{}@{}".format, local, hosts)
odd = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=300)
texts = st.lists(st.one_of(address, address, local, near, odd), min_size=1, max_size=30)


def context(limit: int | None = None, fold: bool = False, domain: str = "d") -> MaskContext:
    column = Column(name="c", type="text", base_type="text", category="S", max_length=limit)
    return MaskContext(
        KeyedHash.derive(b"k" * 32, domain), column, fold, lambda name: KeyedHash.derive(b"k" * 32, name)
    )


def compiled(
    name: str, values: list[str], params: dict[str, Any] | None = None, limit: int | None = None
) -> Masks | None:
    transformer = registry.build(name, params or {})
    assert isinstance(transformer, TextTransformer)
    loaded = import_module("testdata_assets.masking.kernels.emails")
    return transformer.by_kernel(loaded, *string_bytes(pl.Series(values)), context(limit))


def compiled_share(name: str, values: list[str], params: dict[str, Any] | None = None) -> float:
    masks = compiled(name, values, params)
    assert masks is not None
    assert np.array_equal(np.diff(masks.offsets) > 0, masks.done)
    return float(masks.done.mean())


@RUNS
@given(texts, st.sampled_from(STYLES), st.sampled_from([None, 60, 44, 36, 25, 24, 23, 8]), st.booleans())
def test_addresses(both_ways: BothWays, values: list[str], params: dict[str, Any], limit: int | None, fold: bool):
    cut = [value[-limit:] for value in values] if limit else values
    one, other = both_ways(registry.build("email", params), cut, context(limit, fold))
    assert one == other


@RUNS
@given(texts, st.sampled_from([None, 60, 30, 24, 23, 19, 18, 12, 11]), st.booleans())
def test_names(both_ways: BothWays, values: list[str], limit: int | None, fold: bool):
    cut = [value[:limit] for value in values] if limit else values
    one, other = both_ways(registry.build("username", {}), cut, context(limit, fold))
    assert one == other


@pytest.mark.parametrize("params", STYLES)
@pytest.mark.parametrize("limit", [None, 40, 30])
def test_many_addresses(both_ways: BothWays, params: dict[str, Any], limit: int | None):
    values = [
        f"{first}{separator}{number}{tag}@{'MAIL' if number % 3 else 'mail'}{number % 700}.example.net"
        for number in range(1200)
        for first, separator, tag in (("Anna", ".", ""), ("o", "_", "+x"), ("JOE-", "", "+list.5"))
    ] + [f"user{number}@acme.org" for number in range(17000)]  # more than one batch
    one, other = both_ways(registry.build("email", params), values, context(limit))
    assert one == other


def test_hosts_beyond_the_table(both_ways: BothWays):
    values = [f"a@h{number}.example" for number in range(70_000)] + [f"b@h{number}.example" for number in range(70_000)]
    one, other = both_ways(registry.build("email", {}), values, context())
    assert one == other
    assert [mask.partition("@")[2] for mask in one[:70_000]] == [mask.partition("@")[2] for mask in one[70_000:]]


def test_every_ascii_character_everywhere(both_ways: BothWays):
    codes = [chr(code) for code in range(1, 128)]
    values = [
        text.replace("{}", symbol) for symbol in codes for text in ("{}a@b.c", "a{}@b.c", "a{}b@{}b.c", "ab@c{}", "{}")
    ]
    values += [f"{'x' * size}{symbol}@b.c" for symbol in codes for size in (6, 7, 8, 15, 54, 58, 59, 60, 61)]
    for name in ("email", "username"):
        for fold in (False, True):
            one, other = both_ways(registry.build(name, {}), values, context(fold=fold))
            assert one == other


def test_masks_that_equal_the_value_are_left_out(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("numba", reason="the extra `fast` is not installed")

    def zeros(_: Handles, data: Any, starts: Any, *others: Any) -> tuple[Any, Any]:
        return np.zeros(len(starts), np.uint64), np.zeros(len(starts), np.uint64)

    monkeypatch.setattr(Handles, "draws", zeros)
    same, others = ["a" * 12, "A" * 12, "aaaaaaaaaaaA"], ["a" * 11, "a" * 13, "aaaaaaaaaaab"]
    found = compiled("username", [*same, *others, *same], limit=18)
    assert found is not None
    assert found.done.tolist() == [False, False, False, True, True, True, False, False, False]
    assert found.data.tobytes() == b"a" * 36
    assert np.diff(found.offsets).tolist() == [0, 0, 0, 12, 12, 12, 0, 0, 0]


def test_nothing_to_read_and_columns_too_narrow():
    pytest.importorskip("numba", reason="the extra `fast` is not installed")
    assert compiled("username", ["", ""]) is None
    assert compiled("username", ["ann"], limit=11) is None
    assert compiled("email", ["ann@x.com"], limit=23) is None


def test_usual_values_are_compiled():
    pytest.importorskip("numba", reason="the extra `fast` is not installed")
    mails = [
        f"{first}{number}@mail{number % 7}.example.net" for number in range(500) for first in ("ann.", "Bo+x", "U")
    ]
    for params in STYLES:
        assert compiled_share("email", mails, params) == 1.0
    assert compiled_share("username", [*mails, "anna_1", "Joe", "X9", "John Smith", "x@y@z"]) == 1.0
    assert compiled_share("email", [*mails, "", "  ", "no address", "é@x.com", "a" * 300 + "@x.com"]) == len(mails) / (
        len(mails) + 5
    )
