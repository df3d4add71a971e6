"""What stops a refresh, and what it leaves: nothing, with the published image as it was."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sources import catalog_of, rules_keeping_all, scalar

from testdata_assets.errors import EnvironmentLack, RefusedError
from testdata_assets.golden import attest, refresh
from testdata_assets.golden.database import ImageDatabase
from testdata_assets.golden.registry import GoldenRegistry
from testdata_assets.keys import load_key
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import Places, open_places
from testdata_assets.production.catalog_reader import read_catalog
from testdata_assets.production.source import open_source
from testdata_assets.settings import Settings

PASSED = [{"name": "row_counts", "passed": True, "severity": "error"}]


@pytest.fixture
def source(server: EmbeddedServer, database: Dsn) -> Iterator[Dsn]:
    name = f"{database.database}_source"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        with connect(server.dsn(name)) as filling:
            filling.execute("CREATE TABLE people (id int PRIMARY KEY, email text)")
            filling.execute(
                "INSERT INTO people SELECT i, md5(i::text) || '@example.net' FROM generate_series(1, 20000) i"
            )
            filling.execute("CREATE TABLE other (id int)")
        yield server.dsn(name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def deployment(settings: Settings, source: Dsn, tmp_path: Path) -> tuple[Settings, Places]:
    rules = rules_keeping_all(catalog_of(source), {("public.people", "email"): "hash"})
    (tmp_path / "masking.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    changed = Settings.model_validate(settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": tmp_path})
    return changed, open_places(changed)


def leftovers(settings: Settings, places: Places) -> list[str]:
    """Folders of snapshots, and image databases and roles that no published image explains."""
    folder = settings.state_dir / "snapshots"
    found = [entry.name for entry in folder.iterdir()] if folder.exists() else []
    with connect_control(places.control) as control:
        known = {image.database_name for image in GoldenRegistry(control).list() if image.status == "published"}
        mine = {image.database_name for image in GoldenRegistry(control).list()}
    with connect(places.server) as conn:
        names = {row[0] for row in conn.execute("SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles")}
    return found + sorted(names & (mine - known))


def test_a_table_without_privileges_is_named(deployment: tuple[Settings, Places], source: Dsn) -> None:
    settings, _ = deployment
    role, password = f"reader_{secrets.token_hex(4)}", secrets.token_hex(8)
    with connect(source) as conn:
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
        conn.execute(sql.SQL("GRANT SELECT ON people TO {}").format(sql.Identifier(role)))
        try:
            values = settings.model_dump() | {"source_dsn": source.with_user(role, password).secret()}
            reading = Settings.model_validate(values)
            places = open_places(reading)
            with pytest.raises(EnvironmentLack) as caught:
                refresh.take_snapshot(reading, places)
            assert "public.other" in caught.value.what
            assert "public.people" not in caught.value.what
            assert leftovers(reading, places) == []
            conn.execute(sql.SQL("GRANT SELECT ON other TO {}").format(sql.Identifier(role)))
            assert refresh.take_snapshot(reading, places).row_count == 20000
        finally:
            conn.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
            conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_hidden_rows_are_refused_not_left_out(deployment: tuple[Settings, Places], source: Dsn) -> None:
    settings, _ = deployment
    role, password = f"reader_{secrets.token_hex(4)}", secrets.token_hex(8)
    with connect(source) as conn:
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
        conn.execute(sql.SQL("GRANT SELECT ON people, other TO {}").format(sql.Identifier(role)))
        conn.execute("ALTER TABLE people ENABLE ROW LEVEL SECURITY")
        try:
            values = settings.model_dump() | {"source_dsn": source.with_user(role, password).secret()}
            reading = Settings.model_validate(values)
            places = open_places(reading)
            with pytest.raises(RefusedError) as caught:
                refresh.take_snapshot(reading, places)
            assert "public.people" in str(caught.value)
        finally:
            conn.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
            conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")
def test_a_full_disk_is_one_clear_error(deployment: tuple[Settings, Places]) -> None:
    settings, places = deployment
    folder = settings.state_dir / "snapshots"
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("tmpfs cannot be mounted here")
    try:
        with pytest.raises(EnvironmentLack) as caught:
            refresh.take_snapshot(settings, places)
        assert caught.value.error_code == "disk-full"
        assert leftovers(settings, places) == []
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    assert refresh.take_snapshot(settings, places).row_count == 20000


def test_rows_that_do_not_fit_reject_the_image_and_name_the_constraint(
    deployment: tuple[Settings, Places], source: Dsn
) -> None:
    settings, places = deployment
    with connect(source) as conn:
        conn.execute("ALTER TABLE people ADD CONSTRAINT looks_like_mail CHECK (email LIKE '%@%')")
    snapshot = refresh.take_snapshot(settings, places)
    with pytest.raises(RefusedError) as caught:
        refresh.build_image(settings, places, snapshot.snapshot_id)
    assert "looks_like_mail" in caught.value.what
    assert caught.value.where == "public.people"
    assert "@example.net" not in str(caught.value)
    assert leftovers(settings, places) == []


def test_only_validated_candidates_are_published_and_a_crash_is_cleaned_up(
    deployment: tuple[Settings, Places],
) -> None:
    settings, places = deployment
    image = refresh.build_image(settings, places, refresh.take_snapshot(settings, places).snapshot_id)
    with pytest.raises(RefusedError, match="not been validated"):
        refresh.publish_image(settings, places, image.golden_id)
    with connect_control(places.control) as control:
        registry = GoldenRegistry(control)
        registry.checked(image.golden_id, PASSED, {}, {})
        published = refresh.publish_image(settings, places, image.golden_id)
        key = attest.signing_key(load_key(settings, "signing"))
        attest.verify_for_branching(published, places.server, [key.public_key()])

        # A refresh that dies after building leaves a candidate and a snapshot; the next one removes both.
        lost = refresh.build_image(settings, places, refresh.take_snapshot(settings, places).snapshot_id)
        assert leftovers(settings, places) != []
        following = refresh.take_snapshot(settings, places)
        assert registry.get(lost.golden_id).status == "rejected"
        assert leftovers(settings, places) == [following.snapshot_id]

        # The next published image retires the one that nobody branched.
        newer = refresh.build_image(settings, places, following.snapshot_id)
        registry.checked(newer.golden_id, PASSED, {}, {})
        refresh.publish_image(settings, places, newer.golden_id)
        assert registry.get(published.golden_id).status == "retired"
        current = registry.published()
        assert current is not None
        assert current.golden_id == newer.golden_id
        assert leftovers(settings, places) == []

        # An image that was opened again, or replaced, does not pass its seal.
        with connect(places.server) as conn:
            name = sql.Identifier(newer.database_name)
            conn.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(name))
            with pytest.raises(RefusedError, match="admits connections"):
                attest.verify_for_branching(registry.get(newer.golden_id), places.server, [key.public_key()])
            assert scalar(conn, "SELECT 1") == 1
            conn.execute(sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE false").format(name))
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
            conn.execute(sql.SQL("CREATE DATABASE {} ALLOW_CONNECTIONS false").format(name))
            with pytest.raises(RefusedError, match="another database"):
                attest.verify_for_branching(registry.get(newer.golden_id), places.server, [key.public_key()])
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def test_two_refreshes_do_not_run_at_once(deployment: tuple[Settings, Places]) -> None:
    _, places = deployment
    with connect_control(places.control) as one, connect_control(places.control) as two:
        assert not refresh.refresh_is_running(two)
        with refresh.refresh_lock(one):
            assert refresh.refresh_is_running(two)
            with pytest.raises(RefusedError) as caught, refresh.refresh_lock(two):
                pass
        assert caught.value.error_code == "refresh-running"
        with refresh.refresh_lock(two):
            pass


def test_a_preflight_names_what_the_server_lacks(deployment: tuple[Settings, Places], source: Dsn) -> None:
    settings, places = deployment
    catalog = catalog_of(source)
    from dataclasses import replace

    from testdata_assets.golden.build import preflight

    wanting = replace(catalog, extensions=(("postgis", "3"), ("timescaledb", "2")), collations=("xx-x-icu",))
    with pytest.raises(EnvironmentLack) as caught:
        preflight(wanting, places.server, places.source, places.tools)
    for name in ("postgis", "timescaledb", "xx-x-icu"):
        assert name in caught.value.what
    assert settings.state_dir.exists() is False or leftovers(settings, places) == []


def test_a_role_that_may_not_read_sequences_is_refused(deployment: tuple[Settings, Places], source: Dsn) -> None:
    settings, _ = deployment
    role = f"reader_{secrets.token_hex(4)}"
    password = secrets.token_hex(16)
    with connect(source) as conn:
        conn.execute("CREATE SEQUENCE numbers; CREATE TABLE counted (id bigserial, n int GENERATED ALWAYS AS IDENTITY)")
        conn.execute("SELECT nextval('numbers')")
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
        conn.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(sql.Identifier(role)))
        reader = source.with_user(role, password)
        changed = Settings.model_validate(settings.model_dump() | {"source_dsn": reader.secret()})
        try:
            with pytest.raises(EnvironmentLack) as caught:
                refresh.take_snapshot(changed, open_places(changed))
            assert caught.value.error_code == "source-privileges"
            for name in ("counted_id_seq", "counted_n_seq", "numbers"):
                assert f"public.{name}" in caught.value.what
            assert "SELECT ON ALL SEQUENCES" in caught.value.remedy
            conn.execute(sql.SQL("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(sql.Identifier(role)))
            with connect(reader) as reading:
                found = {each.name.name: each for each in read_catalog(reading).sequences}
            assert (found["numbers"].last_value, found["numbers"].is_called) == (1, True)
        finally:
            conn.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(role)))


def test_money_is_read_and_loaded_in_one_form_whatever_the_servers_currency(source: Dsn, places: Places) -> None:
    name = sql.Identifier(source.database)
    with connect(source) as conn:
        conn.execute(sql.SQL("ALTER DATABASE {} SET lc_monetary = 'C.utf8'").format(name))
        image = ImageDatabase(source, source.database, "nobody")
        with open_source(source) as opened, connect(image.dsn) as loading, connect(source) as plain:
            assert scalar(plain, "SHOW lc_monetary") == "C.utf8"
            assert scalar(opened.conn, "SHOW lc_monetary") == "C"
            assert scalar(loading, "SHOW lc_monetary") == "C"
