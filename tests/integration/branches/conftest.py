"""A small attested image on a real server, and the service that branches it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from testdata_assets.branches.lifecycle import BranchService
from testdata_assets.golden import attest
from testdata_assets.golden.closing import close_image
from testdata_assets.golden.database import ImageDatabase
from testdata_assets.golden.registry import GoldenImage, GoldenRegistry
from testdata_assets.keys import load_key
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import ControlConnection, connect_control
from testdata_assets.postgres.places import Places
from testdata_assets.settings import Settings

CONTENTS = (Path(__file__).parent / "image.sql").read_text(encoding="utf-8")


@dataclass
class World:
    """Everything a branch test touches."""

    places: Places
    settings: Settings
    control: ControlConnection
    image: GoldenImage
    service: BranchService

    def server(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Runs a statement as the administrator in the maintenance database."""
        return self.inside("postgres", statement, *parameters)

    def inside(self, database: str, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Runs a statement as the administrator in a database."""
        with connect(self.places.server.with_database(database)) as conn:
            cursor = conn.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def attest_again(self, places: Places | None = None) -> None:
        """Attests the image as it is now: for tests that make it another one on purpose."""
        name, key = self.image.database_name, attest.signing_key(load_key(self.settings, "signing"))
        used = places or self.places
        closed = close_image(ImageDatabase(used.server, name, name), used.tools, workers=1)
        image = GoldenRegistry(self.control).get(self.image.golden_id)
        self.control.execute(
            "UPDATE testdata.golden_images SET attestation = %s WHERE golden_id = %s",
            (Jsonb(attest.sign(attest.statement(image, closed), key)), image.golden_id),
        )

    def branch(self, name: str, **options: Any) -> psycopg.Connection[Any]:
        """A connection of the branch's own role."""
        return psycopg.connect(self.service.url(name).secret(), autocommit=True, **options)

    def left_on_server(self, name: str) -> list[str]:
        """What the server still has of a branch: its database, its role."""
        database = f"branch_{name}"
        rows = self.server(
            "SELECT 'database' FROM pg_database WHERE datname = %s"
            " UNION ALL SELECT 'role' FROM pg_roles WHERE rolname = %s",
            database,
            database,
        )
        return [row[0] for row in rows]


def make_image(places: Places, settings: Settings, control: ControlConnection, contents: str) -> GoldenImage:
    """Builds, freezes, signs and publishes an image the way the golden room does."""
    name = f"golden_{secrets.token_hex(4)}"
    identifier = sql.Identifier(name)
    with connect(places.server) as conn:
        conn.execute(sql.SQL("CREATE ROLE {} NOLOGIN SUPERUSER").format(identifier))
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(identifier))
        conn.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(identifier))
        with connect(places.server.with_database(name)) as image:
            image.execute(sql.SQL("SET ROLE {}").format(identifier))
            image.execute(contents)  # type: ignore[arg-type]  # the test's own file
        conn.execute(sql.SQL("ALTER ROLE {} NOSUPERUSER").format(identifier))
        identity = conn.execute(
            "SELECT (SELECT system_identifier FROM pg_control_system())::text, oid::bigint FROM pg_database"
            " WHERE datname = %s",
            (name,),
        ).fetchone()
    assert identity is not None
    control.execute(
        "INSERT INTO testdata.snapshots (snapshot_id, folder) VALUES (%s, '-') ON CONFLICT DO NOTHING", (name,)
    )
    control.execute(
        "INSERT INTO testdata.golden_images (golden_id, database_name, owner_role, snapshot_id, status, rules_digest,"
        " key_id, system_identifier, database_oid, checks) VALUES (%(n)s, %(n)s, %(n)s, %(n)s, 'candidate', 'r', 'k',"
        ' %(system)s, %(oid)s, \'[{"name": "no_production_values", "passed": true}]\')',
        {"n": name, "system": identity[0], "oid": identity[1]},
    )
    registry = GoldenRegistry(control)
    closed = close_image(ImageDatabase(places.server, name, name), places.tools, workers=1)
    key = attest.signing_key(load_key(settings, "signing"))
    return registry.publish(name, attest.sign(attest.statement(registry.get(name), closed), key))


def drop_image(places: Places, image: GoldenImage) -> None:
    with connect(places.server) as conn:
        name = sql.Identifier(image.database_name)
        conn.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(name))
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
        conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(image.owner_role)))


@pytest.fixture
def world(places: Places, settings: Settings) -> Iterator[World]:
    """A control database, one published image and a service; all branches are removed afterwards."""
    with connect_control(places.control) as control:
        image = make_image(places, settings, control, CONTENTS)
        service = BranchService(places, settings, control)
        yield World(places, settings, control, image, service)
    with connect_control(places.control) as control:
        service = BranchService(places, settings, control)
        for branch in service.list():
            service.delete(branch.name)
        service.gc()
    drop_image(places, image)


@pytest.fixture
def image_maker() -> Callable[..., GoldenImage]:
    """`image_maker(places, settings, control, contents)`, for servers other than the session's."""
    return make_image
