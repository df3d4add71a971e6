"""constant: one value of the column's own type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from testdata_assets.masking.transformers import registry
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]


@pytest.mark.parametrize(("value", "text"), [("x", "x"), (7, "7"), (True, "t"), (False, "f"), (1.5, "1.5"), ("", "")])
def test_constants(mask: Mask, value: object, text: str):
    assert mask("constant", ["a", ""], params={"value": value}) == [text, text]


@pytest.mark.parametrize(
    ("value", "base_type", "limit", "fits"),
    [
        ("abc", "varchar", 3, True), ("abcd", "varchar", 3, False), ("x" * 64, "name", None, False),
        (5, "int2", None, True), (40000, "int2", None, False), (40000, "int4", None, True), ("a", "int4", None, False),
        (1.5, "numeric", None, True), ("NaN", "float8", None, True), ("x", "numeric", None, False),
        (True, "bool", None, True), (2, "bool", None, False),
        ("1980-01-01", "date", None, True), ("soon", "date", None, False),
        ("1980-01-01 10:00+02", "timestamptz", None, True), ("10:00", "timestamp", None, False),
        ("00000000-0000-0000-0000-000000000000", "uuid", None, True), ("0", "uuid", None, False),
        ("a\0b", "text", None, False), ("anything", "mood", None, True),
    ],
)  # fmt: skip
def test_constants_are_checked_against_the_column(value: object, base_type: str, limit: int | None, fits: bool):
    column = Column("c", base_type, base_type, "S", limit)
    assert (registry.build("constant", {"value": value}).problems(column) == ()) is fits
