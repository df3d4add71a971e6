"""redact: what is blackened, what may stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.masking.transformers import registry
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]
RUNS = settings(max_examples=60, deadline=None)
texts = st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=20)


def blank(value: str) -> bool:
    return all(character.isspace() and character not in "\x1c\x1d\x1e\x1f" for character in value)


@RUNS
@given(st.lists(texts, min_size=1, max_size=20))
def test_everything_is_blackened(mask: Mask, batch: list[str]):
    for value, masked in zip(batch, mask("redact", batch), strict=True):
        assert masked == (value if blank(value) else "*" * len(value))


@RUNS
@given(st.lists(texts, min_size=1, max_size=20), st.integers(0, 8), st.integers(0, 8))
def test_a_third_stays_at_most(mask: Mask, batch: list[str], first: int, last: int):
    params = {"keep_first": first, "keep_last": last, "char": "█"}
    for value, masked in zip(batch, mask("redact", batch, params=params), strict=True):
        if blank(value):
            continue
        kept = min(last, len(value) // 3)
        ahead = min(first, len(value) // 3 - kept)
        assert kept + ahead <= len(value) / 3
        middle = "█" * (len(value) - ahead - kept)
        assert masked == value[:ahead] + middle + value[len(value) - kept :]


@pytest.mark.parametrize(
    ("value", "params", "masked"),
    [
        ("4111111111111111", {"keep_last": 4}, "************1111"),
        ("12345678901234", {"keep_first": 1, "keep_last": 4}, "**********1234"),  # the beginning gives way
        ("123456789012345", {"keep_first": 1, "keep_last": 4}, "1**********2345"),
        ("ab", {"keep_last": 4}, "**"),
        ("abc", {"keep_last": 4}, "**c"),
        ("", {}, ""),
        ("  ", {}, "  "),
        ("é漢字😀xyz", {"keep_last": 4}, "*****yz"),
        ("Smith", {"char": "#"}, "#####"),
    ],
)
def test_examples(mask: Mask, value: str, params: dict[str, Any], masked: str):
    assert mask("redact", [value], params=params) == [masked]


def test_labels(mask: Mask):
    assert mask("redact", ["a", "bc", ""], params={"label": "[redacted]"}) == ["[redacted]", "[redacted]", ""]


def test_padding_is_no_part_of_the_value(mask: Mask):
    assert mask("redact", ["abc   "], base_type="bpchar", limit=6) == ["***"]


def test_nothing_to_do(mask: Mask):
    assert mask("redact", []) == []


@pytest.mark.parametrize(
    "params",
    [{"char": "x"}, {"char": "5"}, {"char": "**"}, {"char": ""}, {"char": " "}, {"char": "\u0301"}, {"label": " "},
     {"label": "a\0"}, {"label": "x", "keep_last": 2}, {"keep_first": -1}, {"keep": 1}],
)  # fmt: skip
def test_bad_parameters(params: dict[str, Any]):
    with pytest.raises(ValidationError):
        registry.build("redact", params)


def test_columns():
    labelled = registry.build("redact", {"label": "[redacted]"})
    assert labelled.problems(Column("c", "character varying(5)", "varchar", "S", 5))
    assert not labelled.problems(Column("c", "character varying(10)", "varchar", "S", 10))
    assert labelled.problems(Column("c", "integer", "int4", "N"))
    assert not labelled.guarantees_for(Column("c", "text", "text", "S")).preserves_length
    assert registry.build("redact").guarantees_for(Column("c", "text", "text", "S")).preserves_length
