"""Named SQL: every room's queries.sql parses."""

from __future__ import annotations

from importlib.resources import files

import pytest

from testdata_assets.postgres.control import migrations
from testdata_assets.postgres.sql_files import load_queries

ROOMS = [
    f"testdata_assets.{entry.name}"
    for entry in files("testdata_assets").iterdir()
    if entry.is_dir() and (entry / "queries.sql").is_file()
]


@pytest.mark.parametrize("room", ROOMS)
def test_blocks_have_names_and_bodies(room: str) -> None:
    queries = load_queries(room)
    assert queries
    assert all(body for body in queries.values())


def test_migrations_are_numbered_without_gaps() -> None:
    assert [number for number, _, _ in migrations()] == list(range(1, len(migrations()) + 1))
