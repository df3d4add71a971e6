"""Creating, using, resetting and deleting branches on a real server."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import structlog

from testdata_assets.branches.lifecycle import BranchService
from testdata_assets.branches.locks import branch_lock
from testdata_assets.errors import RefusedError, UsageFault
from testdata_assets.postgres.control import connect_control
from testdata_assets.settings import Settings


def test_a_branch_is_a_writable_copy_of_its_own(world: Any) -> None:
    branch = world.service.create("feature-1")
    document = branch.as_json(world.service.url("feature-1"))
    assert (branch.status, branch.created, branch.golden_id) == ("ready", True, world.image.golden_id)
    assert document["seconds"] > 0
    assert document["url"].startswith("postgresql://branch_feature-1:")
    world.service.create("feature-2")
    with world.branch("feature-1") as mine, world.branch("feature-2") as other:
        mine.execute("DELETE FROM app.users WHERE id <= 100")
        assert mine.execute("SELECT count(*) FROM app.users").fetchone() == (19900,)
        assert other.execute("SELECT count(*) FROM app.users").fetchone() == (20000,)
        mine.execute("INSERT INTO app.users (email, age) VALUES ('new@example.test', 1)")


def test_the_role_owns_everything_but_extensions_and_the_database(world: Any) -> None:
    world.service.create("owned")
    with world.branch("owned") as conn:
        for statement in (
            "ALTER TABLE app.users ADD COLUMN extra int",
            'ALTER TABLE "Mixed Case"."A ""quoted"" table" RENAME COLUMN note TO remark',
            "ALTER TYPE app.status ADD VALUE 'paused'",
            "ALTER TYPE app.pair ADD ATTRIBUTE c int",
            "ALTER DOMAIN app.positive ADD CHECK (VALUE < 1000000)",
            "REFRESH MATERIALIZED VIEW app.counts",
            "CREATE OR REPLACE FUNCTION app.twice(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * x'",
            "CREATE OR REPLACE VIEW app.open_users AS SELECT * FROM app.users",
            "ALTER STATISTICS app.users_statistics SET STATISTICS 10",
            "ALTER OPERATOR app.=== (int, int) SET (RESTRICT = NONE)",
            "DROP OPERATOR CLASS app.class USING btree",
            "DROP OPERATOR FAMILY app.family USING btree",
            "DROP AGGREGATE app.total(int)",
            "DROP AGGREGATE app.how_many(*)",
            "DROP PROCEDURE app.touch()",
            "ALTER SEQUENCE app.numbers RESTART",
            "DROP COLLATION app.plain",
            "DROP TEXT SEARCH CONFIGURATION app.search",
            "DROP TEXT SEARCH DICTIONARY app.words",
            "SELECT lo_unlink(4711)",
            "CREATE TABLE public.migrations (id int)",
            "CREATE SCHEMA later",
            "DROP TABLE app.events",
            "CREATE EXTENSION hstore",
            'DROP SCHEMA "Mixed Case" CASCADE',
            "CREATE TEMPORARY TABLE scratch (id int)",
        ):
            conn.execute(statement)
    left = world.inside(
        "branch_owned",
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname IN ('app', 'public') AND relkind IN ('r','v','m','S','p') AND NOT EXISTS ("
        "   SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
        " AND pg_get_userbyid(relowner) <> 'branch_owned'",
    )
    assert left == []
    owner = world.server("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'branch_owned'")
    assert owner == [(world.places.server.user,)]


def test_a_second_create_returns_the_ready_branch_and_renews_it(world: Any) -> None:
    first = world.service.create("again", ttl_hours=1)
    url = world.service.url("again").secret()
    second = world.service.create("again", repository="acme/shop", pr_number=4, head_sha="a" * 40, ttl_hours=5)
    assert (first.created, second.created) == (True, False)
    assert first.branch_id == second.branch_id
    assert second.expires_at > first.expires_at
    assert (second.repository, second.pr_number, second.head_sha) == ("acme/shop", 4, "a" * 40)
    assert world.service.url("again").secret() == url
    # A shorter life does not take away what was promised.
    assert world.service.create("again", ttl_hours=1).expires_at == second.expires_at


def test_time_to_live_is_the_settings_by_default(world: Any) -> None:
    branch = world.service.create("ttl")
    expected = datetime.now(UTC) + timedelta(hours=world.settings.branch_ttl_hours)
    assert abs(branch.expires_at - expected) < timedelta(minutes=1)
    with pytest.raises(UsageFault):
        world.service.create("ttl-0", ttl_hours=0)
    with pytest.raises(UsageFault):
        world.service.create("ttl-big", ttl_hours=10**9)


def test_listing_and_getting(world: Any) -> None:
    world.service.create("one")
    world.service.create("two")
    world.service.delete("one")
    assert [branch.name for branch in world.service.list()] == ["two"]
    assert [branch.name for branch in world.service.list(include_deleted=True)] == ["one", "two"]
    assert world.service.get("two").status == "ready"
    with pytest.raises(RefusedError) as refusal:
        world.service.get("one")
    assert refusal.value.error_code == "branch-unknown"


@pytest.mark.parametrize("operation", ["get", "url", "delete", "reset"])
def test_unknown_branches_are_refused(world: Any, operation: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        getattr(world.service, operation)("never-made")
    assert refusal.value.error_code == "branch-unknown"


def test_delete_removes_all_even_under_load_and_with_prepared_transactions(world: Any) -> None:
    world.service.create("busy")
    idle, worker = world.branch("busy"), world.branch("busy")
    worker.execute("BEGIN")
    worker.execute("DELETE FROM app.users WHERE id = 1")
    worker.execute("PREPARE TRANSACTION 'left behind'")
    worker.execute("BEGIN")
    worker.execute("LOCK TABLE app.events")
    deleted = world.service.delete("busy")
    assert deleted.status == "deleted"
    for conn in (idle, worker):
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")
        conn.close()
    assert world.left_on_server("busy") == []
    assert world.server("SELECT gid FROM pg_prepared_xacts WHERE database = 'branch_busy'") == []
    again = world.service.delete("busy")
    assert (again.branch_id, again.status) == (deleted.branch_id, "deleted")
    row = world.control.execute("SELECT password_sealed FROM testdata.branches WHERE name = 'busy'").fetchone()
    assert row["password_sealed"] is None
    assert world.service.create("busy").branch_id != deleted.branch_id


def test_delete_finishes_where_connections_were_already_barred(world: Any) -> None:
    world.service.create("barred")
    with world.branch("barred") as conn:
        conn.execute("BEGIN")
        conn.execute("DELETE FROM app.users WHERE id = 1")
        conn.execute("PREPARE TRANSACTION 'barred'")
    world.server('ALTER DATABASE "branch_barred" ALLOW_CONNECTIONS false')
    world.service.delete("barred")
    assert world.left_on_server("barred") == []


def test_reset_gives_back_the_image_under_the_same_url(world: Any) -> None:
    world.service.create("reset-me", pr_number=3)
    url = world.service.url("reset-me").secret()
    with world.branch("reset-me") as conn:
        conn.execute("DROP TABLE public.orders")
        conn.execute("DELETE FROM app.users")
        conn.execute("ALTER ROLE CURRENT_USER PASSWORD 'forgotten'")
        reset = world.service.reset("reset-me")
    assert (reset.status, reset.pr_number) == ("ready", 3)
    assert world.service.url("reset-me").secret() == url
    with psycopg.connect(url) as conn:
        assert conn.execute("SELECT count(*) FROM app.users").fetchone() == (20000,)
        assert conn.execute("SELECT count(*) FROM public.orders").fetchone() == (0,)


def test_database_settings_are_copied_except_read_only(world: Any) -> None:
    name = world.image.database_name
    for setting in (
        'search_path TO app, "Mixed Case", public',
        "work_mem TO '12MB'",
        "DateStyle TO 'SQL, DMY'",
        "custom.flag TO 'it''s'",
        "default_transaction_read_only TO on",
    ):
        world.server(f'ALTER DATABASE "{name}" SET {setting}')
    world.attest_again()
    world.service.create("settings")
    with world.branch("settings") as conn:
        values = [
            conn.execute("SELECT current_setting(%s)", (setting,)).fetchone()[0]
            for setting in ("search_path", "work_mem", "DateStyle", "custom.flag", "default_transaction_read_only")
        ]
        assert values == ['app, "Mixed Case", public', "12MB", "SQL, DMY", "it's", "off"]
        assert conn.execute("SELECT count(*) FROM users").fetchone() == (20000,)


def test_no_image_is_refused(world: Any) -> None:
    world.control.execute("UPDATE testdata.golden_images SET status = 'rejected'")
    with pytest.raises(RefusedError) as refusal:
        world.service.create("none")
    assert refusal.value.error_code == "no-golden-image"
    with pytest.raises(RefusedError) as refusal:
        world.service.create("none", golden_id=world.image.golden_id)
    assert refusal.value.error_code == "image-unpublished"
    assert world.service.list(include_deleted=True) == []


def test_an_image_that_does_not_verify_is_never_branched(world: Any) -> None:
    world.control.execute("UPDATE testdata.golden_images SET database_oid = 1, attestation = NULL")
    with pytest.raises(RefusedError) as refusal:
        world.service.create("forged")
    assert refusal.value.error_code == "attestation-refused"
    failed = world.service.get("forged")
    assert failed.status == "failed"
    assert failed.reason.startswith("attestation-refused")
    assert world.left_on_server("forged") == []


def test_an_image_made_over_after_signing_is_never_branched(world: Any) -> None:
    name = world.image.database_name
    world.server(f'ALTER DATABASE "{name}" IS_TEMPLATE false')
    world.server(f'DROP DATABASE "{name}"')
    world.server(f'CREATE DATABASE "{name}" IS_TEMPLATE true ALLOW_CONNECTIONS false')
    with pytest.raises(RefusedError) as refusal:
        world.service.create("forged")
    assert refusal.value.error_code == "attestation-refused"
    assert world.left_on_server("forged") == []


def test_a_branch_of_another_image_is_not_mistaken(world: Any) -> None:
    world.service.create("of-one")
    with pytest.raises(RefusedError) as refusal:
        world.service.create("of-one", golden_id="golden_other")
    assert refusal.value.error_code == "branch-exists"


def test_what_others_made_is_neither_used_nor_dropped(world: Any) -> None:
    world.server('CREATE ROLE "branch_taken-role"')
    world.server('CREATE DATABASE "branch_taken-database"')
    try:
        for name in ("taken-role", "taken-database"):
            with pytest.raises(RefusedError) as refusal:
                world.service.create(name)
            assert refusal.value.error_code == "branch-name-taken"
            assert world.service.get(name).status == "failed"
            world.service.delete(name)
        assert world.left_on_server("taken-role") == ["role"]
        assert world.left_on_server("taken-database") == ["database"]
    finally:
        world.server('DROP DATABASE "branch_taken-database"')
        world.server('DROP ROLE "branch_taken-role"')


def test_an_operation_in_progress_is_waited_for_and_left_alone(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("testdata_assets.branches.lifecycle.LOCK_SECONDS", 0.3)
    world.service.create("locked")
    world.control.execute("UPDATE testdata.branches SET status = 'creating' WHERE name = 'locked'")
    with connect_control(world.places.control) as elsewhere, branch_lock(elsewhere, "locked", wait_seconds=1):
        with pytest.raises(RefusedError) as refusal:
            world.service.delete("locked")
        assert refusal.value.error_code == "branch-busy"
        assert world.service.reconcile() == []
    world.service.delete("locked")


def test_one_connection_does_not_enter_its_own_lock_twice(world: Any) -> None:
    with (
        branch_lock(world.control, "same", wait_seconds=0),
        pytest.raises(RefusedError) as refusal,
        branch_lock(world.control, "same", wait_seconds=0),
    ):
        pytest.fail("the lock was entered twice")
    assert refusal.value.error_code == "branch-busy"
    with branch_lock(world.control, "same", wait_seconds=0):
        pass


def test_a_session_on_the_image_is_waited_for(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another session on the template makes the clone fail; a few attempts later it is named."""
    monkeypatch.setattr("testdata_assets.branches.providers.postgres._CLONE_ATTEMPTS", 1)
    monkeypatch.setattr("testdata_assets.golden.attest.verify_for_branching", lambda *_: {})
    monkeypatch.setattr("testdata_assets.golden.attest.verify_copy", lambda *_: None)
    name = world.image.database_name
    world.server(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    with psycopg.connect(world.places.server.with_database(name).secret()):
        with pytest.raises(RefusedError) as refusal:
            world.service.create("contended")
        assert refusal.value.error_code == "image-in-use"
    assert world.left_on_server("contended") == []
    assert world.service.create("contended").status == "ready"


def test_expired_branches_are_collected(world: Any) -> None:
    world.service.create("old")
    world.service.create("young")
    world.control.execute("UPDATE testdata.branches SET expires_at = now() WHERE name = 'old'")
    assert world.service.gc() == {"expired": ["old"], "leftovers": [], "orphaned_files": []}
    assert world.left_on_server("old") == []
    assert [branch.name for branch in world.service.list()] == ["young"]
    deleted = {branch.name: branch.reason for branch in world.service.list(include_deleted=True)}
    assert deleted["old"] == "expired"


def test_what_a_restored_registry_forgot_is_collected(world: Any) -> None:
    world.service.create("forgotten")
    world.control.execute("DELETE FROM testdata.branch_journal")
    world.control.execute("DELETE FROM testdata.branches")
    assert world.service.gc()["leftovers"] == ["branch_forgotten"]
    assert world.left_on_server("forgotten") == []


def test_a_branch_whose_database_was_dropped_is_made_anew(world: Any) -> None:
    first = world.service.create("vanished")
    world.server('DROP DATABASE "branch_vanished" WITH (FORCE)')
    second = world.service.create("vanished")
    assert second.created
    assert second.branch_id != first.branch_id
    with world.branch("vanished") as conn:
        assert conn.execute("SELECT count(*) FROM app.users").fetchone() == (20000,)


def test_another_store_key_says_so_and_reset_heals(world: Any) -> None:
    world.service.create("rekeyed")
    rekeyed = Settings.model_validate({**world.settings.model_dump(), "store_key": "44" * 32})
    service = BranchService(world.places, rekeyed, world.control)
    with pytest.raises(Exception, match="does not open") as lack:
        service.url("rekeyed")
    assert lack.value.error_code == "branch-password"
    service.reset("rekeyed")
    with psycopg.connect(service.url("rekeyed").secret()) as conn:
        assert conn.execute("SELECT count(*) FROM app.users").fetchone() == (20000,)


def test_the_journal_tells_every_step_and_no_secret(world: Any) -> None:
    with structlog.testing.capture_logs() as logs:
        world.service.create("told")
        password = world.service.url("told").password
        world.service.delete("told")
    steps = [(entry["operation"], entry["step"]) for entry in world.service.journal("told")]
    assert steps[0] == ("create", "begun")
    assert ("create", "attestation_verified") in steps
    assert steps.index(("create", "role_created")) < steps.index(("create", "database_created"))
    assert ("create", "ready") in steps
    assert steps[-1] == ("delete", "deleted")
    everything = json.dumps(world.service.journal("told"), default=str) + str(logs)
    assert password
    assert password not in everything
    assert "SCRAM" not in everything
    dump = world.control.execute("SELECT string_agg(b::text, '') AS t FROM testdata.branches AS b").fetchone()
    assert password not in dump["t"]


def test_password_reaches_no_server_log(world: Any, server: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world.server("ALTER SYSTEM SET log_statement = 'all'")
    world.server("SELECT pg_reload_conf()")
    try:
        world.service.create("logged")
        password = world.service.url("logged").password
    finally:
        world.server("ALTER SYSTEM RESET log_statement")
        world.server("SELECT pg_reload_conf()")
    log = (server.data_dir.parent / "server.log").read_text(errors="replace")
    assert 'CREATE DATABASE "branch_logged"' in log
    assert password
    assert password not in log
    assert password not in caplog.text
