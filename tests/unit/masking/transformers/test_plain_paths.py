"""The cheap ways for usual values give the masks of the general ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testdata_assets.masking.text_arrays import string_bytes
from testdata_assets.masking.transformers import _addresses, ip
from testdata_assets.masking.transformers._plain_addresses import PlainAddresses
from testdata_assets.masking.transformers._plain_v4 import read_plain_v4

Mask = Callable[..., list[str]]
RUNS = settings(max_examples=150, deadline=None)

usual = st.text(alphabet=st.sampled_from("abzABZ019._-+@"), min_size=1, max_size=24)
address = st.builds("{}@{}".format, usual, st.sampled_from(["x.com", "Acme.org", "mail7.example.net", "b", "a.b.c"]))
octet = st.one_of(st.integers(0, 300).map(str), st.sampled_from(["01", "", "1000", "10", "192", "203", "240"]))
quads = st.lists(octet, min_size=3, max_size=5).map(".".join)
endings = st.sampled_from(["", "", "", "/24", " ", "a"])


def both(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, replacement: Any, masks: Callable[[], Any]
) -> tuple[Any, Any]:
    cheap = masks()
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, replacement)
        return cheap, masks()


@RUNS
@given(
    st.lists(address, min_size=1, max_size=20),
    st.booleans(),
    st.sampled_from([{}, {"keep_domains": ["acme.org"]}, {"mail_domain": "test.example"}]),
    st.sampled_from([None, 44, 30]),
)
def test_addresses(mask: Mask, values: list[str], fold: bool, params: dict[str, Any], limit: int | None):
    cut = [value[-limit:] if limit else value for value in values]
    with pytest.MonkeyPatch.context() as patch:
        one, other = both(
            patch, _addresses, "fits", lambda *_: False,
            lambda: mask("email", cut, params=params, fold=fold, limit=limit),
        )  # fmt: skip
    assert one == other


@RUNS
@given(st.lists(st.builds("{}{}".format, quads, endings), min_size=1, max_size=20))
def test_quads(mask: Mask, values: list[str]):
    none = np.zeros(0, np.int64), np.zeros(0, np.uint64)
    with pytest.MonkeyPatch.context() as patch:
        one, other = both(patch, ip, "read_plain_v4", lambda *_: none, lambda: mask("ip", values))
    assert one == other


def test_usual_values_do_go_the_cheap_way():
    mails = string_bytes(pl.Series(["person.1@mail7.example.net", "Ann+x@x.com", "ANN@X.COM", "é@x.com"]))
    assert PlainAddresses.read(*mails, folds=False).rows.tolist() == [0, 1]
    assert PlainAddresses.read(*mails, folds=True).rows.tolist() == [0]
    rows, found = read_plain_v4(*string_bytes(pl.Series(["10.1.2.3", "10.1.2.3/8", "255.255.255.255", "1.2.3.256"])))
    assert rows.tolist() == [0, 2]
    assert found.tolist() == [0x0A010203, 0xFFFFFFFF]
