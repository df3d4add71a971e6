"""Shapes tell what kind of value production holds, and nothing else."""

from __future__ import annotations

import pytest

from testdata_assets.cli.shapes import shape


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Óscar O'Neill-42", "Aaaaa A'Aaaaa-99"),
        ("ada.lovelace+shop@mail.example", "aaa.aaaaaaaa+aaaa@aaaa.aaaaaaa"),
        ("+49 30 901820", "+99 99 999999"),
        ("山田太郎", "xxxx"),
        ("Zoë 🎉", "Aaa *"),
        ("", ""),
    ],
)
def test_shape(raw: str, expected: str) -> None:
    assert shape(raw) == expected
