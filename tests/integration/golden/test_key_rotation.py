"""Rotating the masking key: two keys in force for one refresh, and what the attestation says of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg import sql

from testdata_assets.errors import EnvironmentLack
from testdata_assets.golden import attest, refresh
from testdata_assets.golden.registry import GoldenImage
from testdata_assets.keys import key_id
from testdata_assets.masking.plan import PlanRefused
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import Settings
from testdata_assets.validation.run import validate_candidate

OLD, NEW = "aa" * 32, "bb" * 32
TABLES: dict[str, Any] = {
    "public.people": {
        "id": "keep",
        "email": {"transform": "email", "pii": "email", "domain": "user.email"},
        "login": {"transform": "username", "domain": "user.login"},
        "doc": {"transform": "json", "paths": {"$.code": {"transform": "hash", "domain": "user.code"}}},
        "called": {"transform": "identity", "part": "full_name", "entity": "id", "group": "staff"},
    }
}


@pytest.fixture
def source(server: EmbeddedServer, database: Dsn) -> Iterator[Dsn]:
    name = f"{database.database}_source"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        with connect(server.dsn(name)) as filling:
            filling.execute("CREATE TABLE people (id int PRIMARY KEY, email text, login text, doc jsonb, called text)")
            filling.execute(
                "INSERT INTO people SELECT i, 'mail' || i || '@source-mail.net', 'login.name.' || i,"
                " jsonb_build_object('code', 'C' || md5(i::text)), 'Kim Jung ' || md5(i::text)"
                " FROM generate_series(1, 500) i"
            )
        yield server.dsn(name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class Deployment:
    """One deployment whose keys and rules change from refresh to refresh."""

    def __init__(self, settings: Settings, source: Dsn, folder: Path) -> None:
        self._values = settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": folder}
        self._folder = folder

    def refresh(self, key: str, previous: str | None = None, hold: list[str] | None = None) -> GoldenImage:
        document: dict[str, Any] = {"version": 1, "tables": TABLES}
        if hold is not None:
            document["rotation"] = {"hold": hold}
        (self._folder / "masking.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        settings = Settings.model_validate(self._values | {"masking_key": key, "masking_key_previous": previous})
        places = open_places(settings)
        snapshot = refresh.take_snapshot(settings, places)
        image = refresh.build_image(settings, places, snapshot.snapshot_id)
        self.dsn = places.server.with_database(image.database_name)
        with connect(self.dsn) as conn:
            self.rows = {row[0]: row[1:] for row in conn.execute("SELECT id, email, login FROM people")}
        report = validate_candidate(settings, places, image.golden_id)
        assert report.passed, [(check.name, check.details) for check in report.checks if not check.passed]
        return refresh.publish_image(settings, places, image.golden_id)


@pytest.fixture
def deployment(settings: Settings, source: Dsn, tmp_path: Path) -> Deployment:
    return Deployment(settings, source, tmp_path)


def _keys(image: GoldenImage) -> dict[str, Any]:
    assert image.attestation is not None
    found: dict[str, Any] = attest.predicate(image.attestation)["keys"]
    return found


def test_two_keys_are_in_force_for_one_refresh(deployment: Deployment) -> None:
    old, new = key_id(bytes.fromhex(OLD)), key_id(bytes.fromhex(NEW))
    first = deployment.refresh(OLD)
    before = deployment.rows
    assert _keys(first) == {"in_force": [old], "held_domains": [], "changed_domains": [], "guessable": [old]}

    second = deployment.refresh(NEW, previous=OLD, hold=["user.login"])
    between = deployment.rows
    assert all(between[n][1] == before[n][1] and between[n][0] != before[n][0] for n in before)
    assert second.key_id == new
    assert _keys(second) == {
        "in_force": sorted([old, new]),
        "held_domains": ["user.login"],
        "changed_domains": [
            "group staff of identity",
            "public.people.called",
            "public.people.doc",
            "user.code",
            "user.email",
        ],
        "guessable": [new, old],
    }

    third = deployment.refresh(NEW)
    after = deployment.rows
    assert all(after[n][0] == between[n][0] and after[n][1] != between[n][1] for n in before)
    changed = ["user.login"]
    assert _keys(third) == {"in_force": [new], "held_domains": [], "changed_domains": changed, "guessable": [new]}


def test_holding_needs_the_previous_key_and_a_domain_that_is_there(deployment: Deployment) -> None:
    with pytest.raises(EnvironmentLack) as lacking:
        deployment.refresh(NEW, hold=["user.login"])
    assert lacking.value.where == "TESTDATA_MASKING_KEY_PREVIOUS"
    with pytest.raises(PlanRefused) as refused:
        deployment.refresh(NEW, previous=OLD, hold=["user.logins"])
    (problem,) = refused.value.problems
    assert "'user.logins'" in problem.message
    assert "did you mean 'user.login'" in problem.message
    assert problem.line is not None
