"""Extensions are tried before they are relied on, and nothing of the trial stays."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from testdata_assets.errors import EnvironmentLack
from testdata_assets.golden.build import preflight
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.extensions import unusable
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.source import open_source


@pytest.fixture
def broken(database: Dsn) -> Iterator[Dsn]:
    """A database whose sessions see one more extension, `broken`, whose library is not there."""
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path) / "extension"
        folder.mkdir(mode=0o755)
        Path(path).chmod(0o755)  # the server runs under another account
        (folder / "broken.control").write_text("default_version = '1'\n")
        (folder / "broken--1.sql").write_text(
            "CREATE FUNCTION broken() RETURNS int AS '/nowhere/broken', 'broken' LANGUAGE c;\n"
        )
        yield database.with_options(f"-c extension_control_path={path}:$system")


def _extensions(dsn: Dsn) -> set[str]:
    with connect(dsn) as conn:
        return {row[0] for row in conn.execute("SELECT extname FROM pg_extension")}


def test_what_cannot_be_made_is_told_and_nothing_stays(broken: Dsn) -> None:
    before = _extensions(broken)
    with connect(broken) as conn:
        found = unusable(conn, ["citext", "broken", "plpgsql"])
    assert [each.name for each in found] == ["broken"]
    assert _extensions(broken) == before


def test_the_preflight_refuses_before_a_row_is_read(broken: Dsn, server: EmbeddedServer, database: Dsn) -> None:
    tools = PgTools(server.bin_dir, server.binaries.environment)
    with open_source(database) as source:
        catalog = replace(source.catalog, extensions=(("plpgsql", "1"), ("broken", "1")))
    with pytest.raises(EnvironmentLack) as caught:
        preflight(catalog, broken, database, tools)
    assert caught.value.exit_status == 3
    assert "extension broken" in caught.value.what
    assert "No row was read" in caught.value.remedy


def test_uuid_ossp_is_told_with_its_library_or_works(server: EmbeddedServer, database: Dsn) -> None:
    with connect(database) as conn:
        found = unusable(conn, ["uuid-ossp"])
        try:
            conn.execute('CREATE EXTENSION "uuid-ossp"')
        except psycopg.Error:
            assert str(found[0]) == "extension uuid-ossp (libossp-uuid.so.16 is missing)"
            assert found[0].remedy == "apt-get install libossp-uuid16"
        else:
            assert found == []
