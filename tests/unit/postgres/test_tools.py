"""Errors of client programs name objects, never values."""

from __future__ import annotations

import pytest

from testdata_assets.postgres.tools import without_values


@pytest.mark.parametrize(
    ("message", "kept", "gone"),
    [
        ('psql: error: ERROR:  could not create unique index "users_email"\nDETAIL:  Key (email)=(a@b.c) exists.',
         'unique index "users_email"', "a@b.c"),
        ('ERROR:  invalid input syntax for type inet: "Jane Doe"\nCONTEXT:  COPY t, line 1', "invalid input", "Jane"),
        ("ERROR:  duplicate key value (jane@x.org) exists", "duplicate key", "jane"),
        ("ERROR:  permission denied for table users", "table users", "DETAIL"),
    ],
)  # fmt: skip
def test_quoted_values_are_blanked(message: str, kept: str, gone: str) -> None:
    text = without_values(message)
    assert kept in text
    assert gone not in text
