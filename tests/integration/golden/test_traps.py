"""A refresh of a database full of traps: kept data come through byte for byte, and everything around them works."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sources import catalog_of, contents, fill, rules_keeping_all, scalar

from testdata_assets.golden import refresh
from testdata_assets.golden.registry import GoldenImage
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import Places, open_places
from testdata_assets.production.catalog import Catalog
from testdata_assets.production.catalog_reader import read_definitions
from testdata_assets.settings import Settings

TRAPS = Path(__file__).resolve().parents[2] / "fixtures" / "traps.sql"


@pytest.fixture
def source(server: EmbeddedServer, database: Dsn, places: Places) -> Iterator[Dsn]:
    name = f"{database.database}_source"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        fill(places.tools, server.dsn(name), TRAPS)
        yield server.dsn(name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def candidate(settings: Settings, source: Dsn, rules: dict[str, object], folder: Path) -> tuple[Places, GoldenImage]:
    (folder / "masking.yaml").write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
    values = settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": folder}
    settings = Settings.model_validate(values)
    places = open_places(settings)
    snapshot = refresh.take_snapshot(settings, places)
    return places, refresh.build_image(settings, places, snapshot.snapshot_id)


@pytest.fixture
def built(settings: Settings, source: Dsn, tmp_path: Path) -> Iterator[tuple[Dsn, Catalog, GoldenImage]]:
    catalog = catalog_of(source)
    places, image = candidate(settings, source, rules_keeping_all(catalog), tmp_path)
    yield places.server.with_database(image.database_name), catalog, image
    refresh.reject_image(settings, places, image.golden_id, "test")


def test_kept_rows_come_through_byte_for_byte(source: Dsn, built: tuple[Dsn, Catalog, GoldenImage]) -> None:
    image, catalog, record = built
    expected = contents(source, catalog)
    assert contents(image, catalog) == expected
    assert record.row_counts == {name: len(rows) for name, rows in expected.items()}
    assert sum(map(len, expected.values())) > 40


def test_schema_is_the_same(source: Dsn, built: tuple[Dsn, Catalog, GoldenImage]) -> None:
    image, _, _ = built
    with connect(source) as theirs, connect(image) as ours:
        assert read_definitions(ours) == read_definitions(theirs)


def test_what_surrounds_the_rows(built: tuple[Dsn, Catalog, GoldenImage]) -> None:
    image, _, record = built
    with connect(image) as conn:
        assert scalar(conn, "SELECT count(*) FROM audit") == 10, "a trigger ran while loading"
        assert scalar(conn, "SELECT n FROM aa_on_top") == 10
        assert scalar(conn, "SELECT nextval('free_standing')") == 50
        assert scalar(conn, "SELECT nextval('untouched')") == 7
        assert scalar(conn, "INSERT INTO kinds (small) VALUES (1) RETURNING id") == 4
        assert scalar(conn, "INSERT INTO animal (name) VALUES ('new') RETURNING id") == 4
        assert scalar(conn, "SELECT count(*) FROM pg_publication") == 0
        assert scalar(conn, "SELECT count(*) FROM pg_class WHERE relacl IS NOT NULL AND relname = 'audited'") == 0
        owners = conn.execute(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relkind IN ('r', 'p', 'S', 'v', 'm')"
            " AND relnamespace IN ('public'::regnamespace, '\"Sales Dept\"'::regnamespace)"
        ).fetchall()
        assert owners == [(record.owner_role,)]
        assert (
            scalar(conn, f"SELECT rolsuper OR rolcanlogin FROM pg_roles WHERE rolname = '{record.owner_role}'") is False
        )
        assert scalar(conn, "SELECT count(*) FROM pg_stats WHERE schemaname = 'public'") != 0
        with pytest.raises(psycopg.errors.CheckViolation):
            conn.execute("INSERT INTO audited VALUES (2000, 'x')")


def test_nothing_raw_lies_on_disk_between_the_stages(settings: Settings, source: Dsn, tmp_path: Path) -> None:
    catalog = catalog_of(source)
    places, image = candidate(settings, source, rules_keeping_all(catalog), tmp_path)
    files = [file for file in (settings.state_dir / "snapshots").rglob("*") if file.is_file()]
    assert len(files) > len(catalog.storing_tables)
    for file in files:
        data = file.read_bytes()
        assert b"happened" not in data
        assert b"audited" not in data
        assert b"fido" not in data
    refresh.reject_image(settings, places, image.golden_id, "test")
    assert not list((settings.state_dir / "snapshots").iterdir())


def test_rejecting_leaves_no_database_and_no_role(settings: Settings, source: Dsn, tmp_path: Path) -> None:
    places, image = candidate(settings, source, rules_keeping_all(catalog_of(source)), tmp_path)
    refresh.reject_image(settings, places, image.golden_id, "test")
    with connect(places.server) as conn:
        assert not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (image.database_name,)).fetchone()
        assert not conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (image.owner_role,)).fetchone()
