"""A branch's role against everything that is not its own: other databases, the cluster, the server's files."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import errors, sql
from pydantic import SecretStr

from testdata_assets.branches.hardening import harden_cluster
from testdata_assets.branches.lifecycle import BranchService
from testdata_assets.errors import RefusedError
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import Settings


@pytest.fixture
def attacker(world: Any) -> Any:
    world.service.create("attacker", pr_number=1)
    world.service.create("victim", pr_number=2)
    with world.branch("attacker") as conn:
        yield conn


def test_no_other_database_lets_the_role_in(world: Any, attacker: Any) -> None:
    """Every database of the cluster is tried for real, template1 and the control database among them."""
    names = [name for (name,) in world.server("SELECT datname FROM pg_database ORDER BY datname")]
    assert {"postgres", "template1", "branch_victim", world.image.database_name} <= set(names)
    assert world.places.control.database in names
    own = world.service.url("attacker")
    for name in names:
        if name == "branch_attacker":
            continue
        with pytest.raises(psycopg.OperationalError) as refusal:
            psycopg.connect(own.with_database(name).secret())
        assert "permission denied" in str(refusal.value) or "not currently accepting" in str(refusal.value), name


def test_no_role_but_its_own_and_the_administrator_gets_into_a_branch(world: Any, attacker: Any) -> None:
    granted = world.server(
        "SELECT coalesce(grantee.rolname, 'PUBLIC'), privilege_type FROM pg_database AS d,"
        " aclexplode(coalesce(datacl, acldefault('d', datdba))) AS a"
        " LEFT JOIN pg_roles AS grantee ON grantee.oid = a.grantee"
        " WHERE datname = 'branch_attacker' AND a.grantee <> d.datdba ORDER BY 2"
    )
    assert granted == [("branch_attacker", right) for right in ("CONNECT", "CREATE", "TEMPORARY")]
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(world.service.url("victim").with_database("branch_attacker").secret())


FORBIDDEN = [
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE CURRENT_USER CREATEDB",
    "COMMENT ON ROLE \"branch_attacker\" IS 'of another installation'",
    "ALTER ROLE CURRENT_USER CREATEROLE",
    "ALTER ROLE CURRENT_USER REPLICATION",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER ROLE CURRENT_USER CONNECTION LIMIT -1",
    "ALTER ROLE \"branch_victim\" PASSWORD 'x'",
    'ALTER DATABASE "branch_attacker" CONNECTION LIMIT -1',
    'ALTER DATABASE "branch_attacker" OWNER TO CURRENT_USER',
    "ALTER DATABASE \"branch_attacker\" SET work_mem TO '1GB'",
    'DROP DATABASE "branch_victim"',
    "CREATE DATABASE mine",
    "CREATE ROLE mine",
    'GRANT "branch_victim" TO CURRENT_USER',
    'SET ROLE "branch_victim"',
    'SET SESSION AUTHORIZATION "branch_victim"',
    "GRANT pg_read_server_files TO CURRENT_USER",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT pg_ls_dir('.')",
    "COPY app.users TO '/tmp/stolen'",
    "COPY app.users FROM '/etc/passwd'",
    "COPY app.users TO PROGRAM 'cat'",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(4711, '/tmp/stolen')",
    "SELECT rolpassword FROM pg_authid",
    "SELECT * FROM pg_user_mapping",
    "ALTER SYSTEM SET log_statement = 'none'",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION postgres_fdw",
    "CREATE EXTENSION file_fdw",
    "CREATE FUNCTION evil() RETURNS int LANGUAGE c AS 'libc', 'system'",
    "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p",
    "CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION app.audit()",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> CURRENT_USER",
    "CREATE TABLESPACE t LOCATION '/tmp'",
    "SELECT pg_create_physical_replication_slot('s')",
    "SELECT pg_reload_conf()",
    "SET event_triggers = off",
    "LOAD 'auth_delay'",
]


def test_what_the_role_cannot_do(attacker: Any) -> None:
    allowed = []
    for statement in FORBIDDEN:
        try:
            attacker.execute(statement)
        except (errors.InsufficientPrivilege, errors.UndefinedFile, errors.FeatureNotSupported):
            continue
        allowed.append(statement)
    assert allowed == []


@pytest.mark.parametrize("grantee", ["PUBLIC", '"branch_victim"'])
def test_the_role_cannot_let_others_in(world: Any, attacker: Any, grantee: str) -> None:
    attacker.execute(f'GRANT CONNECT ON DATABASE "branch_attacker" TO {grantee}')  # a warning, no error
    attacker.execute(f'GRANT ALL ON DATABASE "branch_attacker" TO {grantee}')
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(world.service.url("victim").with_database("branch_attacker").secret())


def test_dblink_of_the_image_leads_nowhere(world: Any, attacker: Any) -> None:
    """Where production uses dblink the extension is there, but the role has nobody else's password."""
    try:
        world.inside("branch_attacker", "CREATE EXTENSION dblink")
    except errors.FeatureNotSupported:
        pytest.skip("this Postgres has no dblink")
    own = world.service.url("attacker")
    for name in ("postgres", world.places.control.database, "branch_victim", world.image.database_name):
        with pytest.raises(errors.SqlclientUnableToEstablishSqlconnection):
            attacker.execute("SELECT dblink_connect(%s)", (own.with_database(name).conninfo(),))
    with pytest.raises(psycopg.Error, match="password"):
        attacker.execute(f"SELECT dblink_connect('host={own.host} port={own.port} dbname=postgres')")
    with pytest.raises(errors.InsufficientPrivilege):
        attacker.execute("SELECT dblink_connect_u('dbname=postgres')")


def test_restricted_functions_of_an_images_extension_stay_the_administrators(world: Any) -> None:
    """The image's owner, a superuser while building, owns the extension; REASSIGN OWNED would hand it over."""
    name = world.image.database_name
    world.server(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    world.server(f'ALTER ROLE "{name}" SUPERUSER')
    try:
        world.inside(name, f'SET ROLE "{name}"; CREATE EXTENSION dblink')
        world.inside(
            name,
            f'SET ROLE "{name}"; CREATE EXTENSION postgres_fdw;'
            " CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
            " CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION app.on_ddl()",
        )
    except errors.FeatureNotSupported:
        pytest.skip("this Postgres has no dblink or postgres_fdw")
    finally:
        world.server(f'ALTER ROLE "{name}" NOSUPERUSER')
        world.server(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    world.attest_again()
    world.service.create("extended")
    with world.branch("extended") as conn:
        with pytest.raises(errors.InsufficientPrivilege):
            conn.execute("SELECT dblink_connect_u('dbname=postgres')")
        with pytest.raises(errors.InsufficientPrivilege):
            conn.execute("CREATE SERVER away FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'elsewhere')")
        conn.execute("CREATE TABLE public.still_works (id int)")


def test_code_planted_in_a_branch_never_runs_as_the_administrator(world: Any, attacker: Any) -> None:
    """Deleting connects to the branch as administrator: shadowed functions and event triggers must not fire."""
    world.inside(
        "branch_attacker",
        "CREATE FUNCTION app.on_login() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
        ' ALTER FUNCTION app.on_login() OWNER TO "branch_attacker";'
        " CREATE EVENT TRIGGER planted ON login EXECUTE FUNCTION app.on_login();"
        " ALTER EVENT TRIGGER planted ENABLE ALWAYS",
    )
    attacker.execute(
        "CREATE OR REPLACE FUNCTION app.on_login() RETURNS event_trigger LANGUAGE plpgsql AS"
        " $$BEGIN IF current_setting('is_superuser')::boolean THEN"
        " EXECUTE 'ALTER ROLE \"branch_victim\" SUPERUSER'; END IF; END$$"
    )
    attacker.execute("BEGIN")
    attacker.execute("DELETE FROM app.users WHERE id = 1")
    attacker.execute("PREPARE TRANSACTION 'bait'")
    world.service.delete("attacker")
    assert world.server("SELECT rolsuper FROM pg_roles WHERE rolname = 'branch_victim'") == [(False,)]


def test_an_image_with_a_foreign_server_is_never_branched(world: Any) -> None:
    name = world.image.database_name
    world.server(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    world.inside(name, "CREATE FOREIGN DATA WRAPPER bare; CREATE SERVER away FOREIGN DATA WRAPPER bare")
    world.attest_again()
    with pytest.raises(RefusedError) as refusal:
        world.service.create("leaky")
    assert refusal.value.error_code == "image-not-isolated"
    assert world.left_on_server("leaky") == []


def test_an_image_owner_with_a_database_is_refused_before_it_is_given_away(world: Any) -> None:
    name = world.image.database_name
    world.server(f'ALTER DATABASE "{name}" OWNER TO "{name}"')
    world.attest_again()
    try:
        with pytest.raises(RefusedError) as refusal:
            world.service.create("owner")
    finally:
        (administrator,) = world.server("SELECT current_user")[0]
        world.server(f'ALTER DATABASE "{name}" OWNER TO "{administrator}"')
    assert refusal.value.error_code == "image-owner-owns-databases"
    assert world.left_on_server("owner") == []


def test_hardening_closes_our_databases_once(world: Any) -> None:
    world.server("CREATE DATABASE left_open")
    try:
        with connect(world.places.server) as conn:
            assert "left_open" in harden_cluster(conn)
            assert harden_cluster(conn) == []
        granted = world.server("SELECT count(*) FROM pg_database, aclexplode(datacl) AS a WHERE a.grantee = 0")
        assert granted == [(0,)]
    finally:
        world.server("DROP DATABASE left_open")


def test_an_open_database_of_another_owner_stops_branching(world: Any) -> None:
    world.server("CREATE ROLE somebody")
    world.server("CREATE DATABASE somebodys OWNER somebody")
    try:
        with pytest.raises(RefusedError) as refusal:
            world.service.create("exposed")
        assert refusal.value.error_code == "server-not-isolated"
        assert 'REVOKE ALL ON DATABASE "somebodys" FROM PUBLIC' in refusal.value.remedy
        assert world.left_on_server("exposed") == []
    finally:
        world.server("DROP DATABASE somebodys")
        world.server("DROP ROLE somebody")


def test_connections_of_a_role_are_limited(world: Any, attacker: Any) -> None:
    (limit,) = world.server("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'branch_attacker'")[0]
    assert 10 <= limit <= 100
    stored = world.server("SELECT rolpassword FROM pg_authid WHERE rolname = 'branch_attacker'")
    assert stored[0][0].startswith("SCRAM-SHA-256$")


def test_a_role_granted_elsewhere_names_what_holds_it(world: Any) -> None:
    world.service.create("granted")
    name = world.places.control.database
    with connect(world.places.control) as conn:
        conn.execute(sql.SQL("GRANT USAGE ON SCHEMA testdata TO {}").format(sql.Identifier("branch_granted")))
        with pytest.raises(RefusedError) as refusal:
            world.service.delete("granted")
        assert refusal.value.error_code == "branch-role-in-use"
        assert world.service.get("granted").status == "deleting"
        conn.execute('DROP OWNED BY "branch_granted"')
    assert world.service.reconcile() == [{"branch": "granted", "was": "deleting", "is": "deleted"}]
    assert world.left_on_server("granted") == [], name


def test_an_administrator_without_superuser_can_branch(world: Any, image_maker: Any) -> None:
    """Managed servers give no superuser: CREATEDB and CREATEROLE must do."""
    for statement in (
        "CREATE ROLE boss LOGIN PASSWORD 'boss' CREATEDB CREATEROLE",
        "REVOKE ALL ON DATABASE postgres, template0, template1 FROM PUBLIC",
        "GRANT CONNECT ON DATABASE postgres TO boss",
        f'GRANT "{world.image.owner_role}" TO boss',
        f'ALTER DATABASE "{world.image.database_name}" OWNER TO boss',
    ):
        world.server(statement)
    settings = Settings.model_validate(
        {
            **world.settings.model_dump(),
            "server_dsn": SecretStr(world.places.server.with_user("boss", "boss").secret()),
        }
    )
    service = BranchService(open_places(settings), settings, world.control)
    try:
        with connect(world.places.server) as conn:
            harden_cluster(conn)
        world.attest_again(open_places(settings))
        service.create("modest")
        with psycopg.connect(service.url("modest").secret(), autocommit=True) as conn:
            conn.execute("ALTER TABLE app.users ADD COLUMN extra int")
            conn.execute("BEGIN")
            conn.execute("DELETE FROM app.users WHERE id = 1")
            conn.execute("PREPARE TRANSACTION 'modest'")
        service.reset("modest")
        service.delete("modest")
        assert world.left_on_server("modest") == []
        assert service.gc()["orphaned_files"] == []
    finally:
        (administrator,) = world.server("SELECT current_user")[0]
        world.server(f'ALTER DATABASE "{world.image.database_name}" OWNER TO "{administrator}"')
        world.server("DROP OWNED BY boss")
        world.server("DROP ROLE boss")
