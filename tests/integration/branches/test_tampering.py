"""An image that was changed after it was attested, or whose attestation was, is refused with the reason."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from testdata_assets.errors import RefusedError
from testdata_assets.golden import attest
from testdata_assets.golden.verify import Verification, verify_image


@contextmanager
def opened(world: Any) -> Iterator[str]:
    """What whoever is superuser of the server can do: let themselves in, and close the door behind them."""
    name = world.image.database_name
    world.server(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    yield name
    world.server(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    world.server("CHECKPOINT")


def verified(world: Any) -> Verification:
    return verify_image(world.settings, world.places, world.image.golden_id)


def refused_branch(world: Any) -> RefusedError:
    with pytest.raises(RefusedError) as refusal:
        world.service.create("tampered")
    assert refusal.value.error_code == "attestation-refused"
    assert world.left_on_server("tampered") == []
    return refusal.value


def test_an_untouched_image_verifies_and_is_branched(world: Any) -> None:
    found = verified(world)
    assert found.problems == []
    assert found.tables > 3
    assert found.signed_by == attest.public_key_id(attest.signing_key(b"\x33" * 32).public_key())
    assert world.service.create("fine").status == "ready"
    assert verified(world).passed, "making a branch leaves the image as it was"
    assert world.server("SELECT 1 FROM pg_database WHERE datname LIKE 'verify%'") == []
    kept = world.control.execute("SELECT verification FROM testdata.golden_images").fetchone()
    assert kept["verification"]["passed"] is True


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "UPDATE app.users SET email = 'a@example.test' WHERE id = 1",
            "the contents of app.users are not those attested",
        ),
        ("COMMENT ON TABLE app.users IS 'call Ann at 555-0100'", "comments"),
        ("CREATE TABLE app.planted AS SELECT 'Ann' AS name", "app.planted is no table of the attested image"),
        ("GRANT SELECT ON app.users TO PUBLIC", "their owners and grants"),
        ("SELECT setval('app.users_id_seq', 100000)", "the contents of app.users_id_seq are not those attested"),
        ("CREATE FUNCTION app.planted() RETURNS int LANGUAGE sql AS 'SELECT 1'", "functions and their grants"),
        ("SELECT lo_from_bytea(0, 'Ann')", "the contents of its large objects are not those attested"),
        ("ANALYZE app.users", "the planner's statistics"),
    ],
)
def test_a_change_of_the_database_is_refused(world: Any, statement: str, problem: str) -> None:
    with opened(world) as name:
        world.inside(name, statement)
    assert "is not as attested" in refused_branch(world).what
    found = verified(world)
    assert any(problem in each for each in found.problems), found.problems
    assert found.as_json()["error"]["code"] == "verification-failed"


def test_settings_of_the_database_would_reach_branches(world: Any) -> None:
    world.server(f"ALTER DATABASE \"{world.image.database_name}\" SET search_path = 'planted'")
    assert "settings of the database changed" in refused_branch(world).what
    assert "settings of the database changed" in verified(world).problems


def test_a_change_that_forges_file_times_escapes_the_seal_but_not_the_verification(world: Any) -> None:
    """What docs/security.md says: times of files can be set back by whoever is root; rows cannot be forged."""
    folder = _files(world)
    before = {file.name: file.stat() for file in folder.iterdir()}
    with opened(world) as name:
        world.inside(name, "UPDATE app.users SET email = 'USER1@example.test' WHERE id = 1")
    for file in folder.iterdir():
        known = before.get(file.name)
        if known is None:
            file.unlink()
        else:
            os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert world.service.create("unsuspecting").status == "ready"
    found = verified(world)
    assert found.problems == ["the contents of app.users are not those attested"]
    assert "failed `testdata golden verify`" in refused_branch(world).what


def test_a_forged_catalog_is_seen_in_the_copy(world: Any) -> None:
    """File times set back do not help with anything in the catalogs: every copy's are read."""
    folder = _files(world)
    before = {file.name: file.stat() for file in folder.iterdir()}
    with opened(world) as name:
        world.inside(name, "COMMENT ON COLUMN app.users.email IS 'x'")
    grown = [file for file in folder.iterdir() if file.stat().st_size != before[file.name].st_size]
    for file in folder.iterdir():
        os.utime(file, ns=(before[file.name].st_atime_ns, before[file.name].st_mtime_ns))
    refusal = refused_branch(world)
    assert "comments" in refusal.what or grown


def _files(world: Any) -> Path:
    folder = world.places.data_dir
    if folder is None:
        pytest.skip("the server's files cannot be read from here")
    found = folder / "base" / str(world.image.database_oid)
    assert found.is_dir()
    return found  # type: ignore[no-any-return]


# -- the attestation ---------------------------------------------------------------------------------------------


def _store(world: Any, envelope: dict[str, Any]) -> None:
    world.control.execute("UPDATE testdata.golden_images SET attestation = %s", (Jsonb(envelope),))


def test_a_changed_attestation_is_refused(world: Any) -> None:
    envelope = dict(world.image.attestation)
    document = json.loads(base64.b64decode(envelope["payload"]))
    document["predicate"]["checks"][0]["passed"] = True
    document["predicate"]["rules_digest"] = "0" * 64
    _store(world, envelope | {"payload": base64.b64encode(attest.canonical_json(document)).decode()})
    assert "no trusted key signed" in refused_branch(world).what
    assert "has an attestation that no trusted key signed" in verified(world).problems


def test_an_attestation_by_a_stranger_is_refused(world: Any) -> None:
    document = json.loads(base64.b64decode(world.image.attestation["payload"]))
    _store(world, attest.sign(document, attest.signing_key(b"stranger" * 4)))
    assert "no trusted key signed" in refused_branch(world).what
    assert not verified(world).passed


def test_a_missing_attestation_is_refused(world: Any) -> None:
    world.control.execute("UPDATE testdata.golden_images SET attestation = NULL")
    assert "has no attestation" in refused_branch(world).what
    assert verified(world).problems == ["has no attestation"]


def test_a_registry_that_says_otherwise_is_found(world: Any) -> None:
    world.control.execute("UPDATE testdata.golden_images SET rules_digest = 'other'")
    assert verified(world).problems == ["the registry's rules_digest is not the attested one"]


def test_a_copy_that_a_crash_left_is_dropped(world: Any) -> None:
    world.server(f'CREATE DATABASE "verify_{world.image.database_name}"')
    assert verified(world).passed
    assert world.server("SELECT 1 FROM pg_database WHERE datname LIKE 'verify%'") == []


def test_a_session_that_ends_late_leaves_autovacuum_nothing_to_do(world: Any) -> None:
    """What it changed it counts when it ends: after the seal, that would make autovacuum write to the files."""
    with opened(world) as name:
        late = psycopg.connect(world.places.server.with_database(name).secret(), autocommit=True)
        late.execute("INSERT INTO app.users (email, age) SELECT 'late' || i, 1 FROM generate_series(1, 5000) i")
        world.attest_again()
        assert world.server("SELECT 1 FROM pg_stat_activity WHERE datname = %s", name) == []
        with pytest.raises(psycopg.OperationalError):
            late.execute("SELECT 1")
    with opened(world) as name:
        counted = "SELECT n_mod_since_analyze, n_ins_since_vacuum FROM pg_stat_user_tables WHERE relname = 'users'"
        assert world.inside(name, counted) == [(0, 0)]
