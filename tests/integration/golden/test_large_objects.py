"""Large objects: kept with their numbers, or empty ones behind blanked columns, or none."""

from __future__ import annotations

import hashlib
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sources import catalog_of, rules_keeping_all

from testdata_assets.errors import RefusedError
from testdata_assets.golden.large_objects import create_large_objects
from testdata_assets.masking.plan import MaskingPlan, PlanRefused, compile_plan
from testdata_assets.masking.rules import parse_rules
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import Places
from testdata_assets.production.chunk_store import ChunkStore, ChunkStoreDamaged
from testdata_assets.production.large_objects import STREAM, extract_large_objects
from testdata_assets.production.source import open_source

BIG = bytes(range(256)) * 4096 * 3 + b"end"  # three mebibytes and a bit
SCHEMA = "CREATE DOMAIN lo AS oid; CREATE TABLE photos (id int PRIMARY KEY, photo lo, other oid)"
OBJECTS = {50_001: b"small \\ \n\t\0", 50_002: b"", 50_003: BIG}


@pytest.fixture
def source(database: Dsn) -> Dsn:
    with connect(database) as conn:
        conn.execute(SCHEMA.encode())
        for number, data in OBJECTS.items():
            conn.execute("SELECT lo_from_bytea(%s, %s)", (number, data))
        conn.execute("INSERT INTO photos VALUES (1, 50001, 60001), (2, 50002, NULL), (3, 60001, 0), (4, NULL, 60002)")
    return database


@pytest.fixture
def image(server: EmbeddedServer, source: Dsn) -> Iterator[tuple[Dsn, str]]:
    """A database with the same rows and no large objects, and the role that owns images."""
    name, owner = f"{source.database}_image", f"owner_{secrets.token_hex(4)}"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(owner)))
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        conn.execute(
            sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(owner))
        )
        image = server.dsn(name)
        with connect(image) as inner:
            inner.execute(SCHEMA.encode())
            inner.execute(sql.SQL("ALTER TABLE photos OWNER TO {}").format(sql.Identifier(owner)))
            inner.execute(
                "INSERT INTO photos VALUES (1, 50001, 60001), (2, 50002, NULL), (3, 60001, 0), (4, NULL, 60002)"
            )
        yield image, owner
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(owner)))


def plan_of(source: Dsn, mode: str, **columns: Any) -> MaskingPlan:
    catalog = catalog_of(source)
    changes = {("public.photos", name): rule for name, rule in columns.items()}
    document = rules_keeping_all(catalog, changes) | {"objects": {"large_objects": mode, "comments": "keep"}}
    return compile_plan(parse_rules(yaml.safe_dump(document)), catalog, b"k" * 32)


def snapshot(source: Dsn, places: Places, folder: Path, *, take: bool = True) -> ChunkStore:
    store = ChunkStore.create(folder / "store", "s-1", b"s" * 32)
    if take:
        with open_source(source) as opened:
            assert extract_large_objects(opened, store, places.tools) > 2 * len(BIG)
    return store


def objects(image: Dsn) -> dict[int, tuple[str, bytes]]:
    """Owner and contents by number."""
    with connect(image) as conn:
        rows = conn.execute(
            "SELECT oid::int, pg_get_userbyid(lomowner)::text, lo_get(oid) FROM pg_largeobject_metadata"
        ).fetchall()
    return {number: (owner, bytes(data)) for number, owner, data in rows}


def test_kept_objects_have_their_numbers_contents_and_the_images_owner(
    source: Dsn, image: tuple[Dsn, str], places: Places, tmp_path: Path
) -> None:
    dsn, owner = image
    store = snapshot(source, places, tmp_path)
    count = create_large_objects(dsn, catalog_of(source), store, plan_of(source, "keep"), owner)
    assert count == 3
    assert objects(dsn) == {number: (owner, data) for number, data in OBJECTS.items()}


def test_they_rest_encrypted(source: Dsn, places: Places, tmp_path: Path) -> None:
    snapshot(source, places, tmp_path)
    files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert sum(map(len, files)) > 1000
    assert not any(BIG[:64] in data or BIG[:64].hex().encode() in data for data in files)


def test_blanked_columns_get_empty_objects(source: Dsn, image: tuple[Dsn, str], places: Places, tmp_path: Path) -> None:
    dsn, owner = image
    store = snapshot(source, places, tmp_path, take=False)
    blank = {"transform": "large_object", "mode": "blank"}
    plan = plan_of(source, "drop", photo=blank, other=blank)
    assert create_large_objects(dsn, catalog_of(source), store, plan, owner) == 4
    assert objects(dsn) == {number: (owner, b"") for number in (50_001, 50_002, 60_001, 60_002)}
    with connect(dsn) as conn:
        assert conn.execute("SELECT count(lo_get(photo)) FROM photos").fetchone() == (3,)


def test_a_blanked_column_leaves_kept_objects_alone(
    source: Dsn, image: tuple[Dsn, str], places: Places, tmp_path: Path
) -> None:
    dsn, owner = image
    store = snapshot(source, places, tmp_path)
    plan = plan_of(source, "keep", photo={"transform": "large_object", "mode": "blank"})
    create_large_objects(dsn, catalog_of(source), store, plan, owner)
    found = {number: hashlib.sha256(data).digest() for number, (_, data) in objects(dsn).items()}
    expected = {number: hashlib.sha256(data).digest() for number, data in (OBJECTS | {60_001: b""}).items()}
    assert found == expected


def test_dropped_objects_are_not_there(source: Dsn, image: tuple[Dsn, str], places: Places, tmp_path: Path) -> None:
    dsn, owner = image
    store = snapshot(source, places, tmp_path, take=False)
    plan = plan_of(source, "drop", photo="large_object", other="large_object")
    assert create_large_objects(dsn, catalog_of(source), store, plan, owner) == 0


def test_a_snapshot_without_them_cannot_keep_them(
    source: Dsn, image: tuple[Dsn, str], places: Places, tmp_path: Path
) -> None:
    dsn, owner = image
    store = snapshot(source, places, tmp_path, take=False)
    with pytest.raises(ChunkStoreDamaged):
        create_large_objects(dsn, catalog_of(source), store, plan_of(source, "keep"), owner)
    store.write(STREAM, [b"50001\t0\t\\\\x00\n"])
    with pytest.raises(RefusedError) as caught:
        create_large_objects(dsn, catalog_of(source), store, plan_of(source, "keep"), owner)
    assert caught.value.error_code == "large-objects-missing"
    assert objects(dsn) == {}


def test_undecided_objects_stop_the_refresh(source: Dsn) -> None:
    with pytest.raises(PlanRefused, match="3 large objects"):
        plan_of(source, "block")
