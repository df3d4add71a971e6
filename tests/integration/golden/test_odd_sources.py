"""Honest databases with odd catalogs: what a dump leaves out, or lists twice, is no fault of the image."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sources import catalog_of, rules_keeping_all, scalar

from testdata_assets.golden import refresh
from testdata_assets.masking.plan_problems import PlanRefused
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import Settings
from testdata_assets.validation.report import ValidationReport
from testdata_assets.validation.run import validate_candidate

Proven = Callable[..., ValidationReport]


@pytest.fixture
def proven(server: EmbeddedServer, settings: Settings, database: Dsn, tmp_path: Path) -> Proven:
    """Refreshes from a source made of some SQL up to the verdicts; the image is dropped afterwards."""
    name = f"{database.database}_source"

    @contextmanager
    def source(statements: str) -> Iterator[Dsn]:
        with connect(server.dsn()) as conn:
            conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
            try:
                with connect(server.dsn(name)) as filling:
                    for statement in statements.split(";;"):
                        filling.execute(statement.encode())
                yield server.dsn(name)
            finally:
                with connect(server.dsn(name)) as emptying:
                    emptying.execute("DROP SUBSCRIPTION IF EXISTS from_it")
                conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def run(
        statements: str,
        changes: Mapping[tuple[str, str], Any] | None = None,
        look: Callable[[Dsn], None] | None = None,
        **others: Any,
    ) -> ValidationReport:
        with source(statements) as dsn:
            rules = rules_keeping_all(catalog_of(dsn), changes)
            rules = {**rules, **others, "tables": {**rules["tables"], **others.get("tables", {})}}
            (tmp_path / "masking.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
            values = settings.model_dump() | {"source_dsn": dsn.secret(), "rules_dir": tmp_path}
            mine = Settings.model_validate(values)
            places = open_places(mine)
            snapshot = refresh.take_snapshot(mine, places)
            image = refresh.build_image(mine, places, snapshot.snapshot_id)
            try:
                if look is not None:
                    look(places.server.with_database(image.database_name))
                return validate_candidate(mine, places, image.golden_id)
            finally:
                refresh.reject_image(mine, places, image.golden_id, "test")

    return run


def faults(report: ValidationReport) -> list[str]:
    return [f"{check.name}: {finding}" for check in report.checks for finding in check.findings]


USERS = """
CREATE TABLE users (id int PRIMARY KEY, name text) PARTITION BY HASH (id);
CREATE TABLE users_0 PARTITION OF users FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE users_1 PARTITION OF users FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE users_2 PARTITION OF users FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 200) AS i;
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users (id));
INSERT INTO orders SELECT i, 1 + i % 200 FROM generate_series(1, 500) AS i;
CREATE TABLE notes (id int, user_id int REFERENCES users (id)) PARTITION BY RANGE (id);
CREATE TABLE notes_old PARTITION OF notes FOR VALUES FROM (0) TO (100);
CREATE TABLE notes_new PARTITION OF notes FOR VALUES FROM (100) TO (1000);
INSERT INTO notes SELECT i, 1 + i % 200 FROM generate_series(1, 300) AS i;
CREATE TABLE pupils (born date NOT NULL, town text) PARTITION BY RANGE (born);
CREATE TABLE pupils_old PARTITION OF pupils FOR VALUES FROM (MINVALUE) TO ('1990-01-01') PARTITION BY LIST (town);
CREATE TABLE pupils_old_ulm PARTITION OF pupils_old FOR VALUES IN ('Ulm');
CREATE TABLE pupils_old_other PARTITION OF pupils_old DEFAULT;
CREATE TABLE pupils_new PARTITION OF pupils FOR VALUES FROM ('1990-01-01') TO (MAXVALUE);
INSERT INTO pupils SELECT date '1989-01-01' + i, (ARRAY['Ulm', 'Bern'])[1 + i % 2] FROM generate_series(1, 700) AS i;
"""


def test_keys_that_reference_a_partitioned_table_have_no_orphans(proven: Proven) -> None:
    """The catalog has one more constraint for each referenced partition, of which most rows know nothing."""
    report = proven(USERS)
    assert faults(report) == []
    assert report.check("referential_integrity").details["foreign_keys"] == 2


def test_a_masked_key_of_a_partitioned_table_moves_rows_and_keeps_references(proven: Proven) -> None:
    rule = {"transform": "integer_permute", "domain": "users.id"}
    places = (("public.users", "id"), ("public.orders", "user_id"), ("public.notes", "user_id"))
    rules = dict.fromkeys(places, rule) | {("public.pupils", "born"): "birth_date", ("public.pupils", "town"): "city"}
    report = proven(USERS, rules)
    assert faults(report) == []
    assert any(row["table"] == "public.users" for row in report.drift_table), "the union of partitions"

    def spoil(image: Dsn) -> None:
        with connect(image) as conn:
            conn.execute("UPDATE users SET name = NULL WHERE id % 5 = 0")

    report = proven(USERS, dict.fromkeys(places, rule), look=spoil)
    assert faults(report) == ["distribution_drift: public.users.name: drift of nulls (1)"]


def test_an_index_that_production_could_not_build_is_not_missed(proven: Proven) -> None:
    """A dump leaves them out; nor do they prove that anything is unique."""
    statements = """
CREATE TABLE people (id int PRIMARY KEY, mail text, city text);
CREATE INDEX on_city ON people (lower(city)) WHERE city <> 'c1';
CREATE UNIQUE INDEX on_mail ON people (mail);
UPDATE pg_index SET indisvalid = false, indisready = false
WHERE indexrelid IN ('on_city'::regclass, 'on_mail'::regclass);
INSERT INTO people SELECT i, 'm' || i % 50, 'c' || i % 7 FROM generate_series(1, 100) AS i;
COMMENT ON INDEX on_city IS 'to be made again';
CREATE TABLE parted (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE INDEX half_way ON ONLY parted (id);
INSERT INTO parted SELECT i, '2024-05-01' FROM generate_series(1, 100) AS i;
"""
    report = proven(statements, {("public.people", "mail"): {"transform": "constant", "value": "x"}})
    assert faults(report) == []


def test_keys_do_not_reach_tables_that_inherit(proven: Proven) -> None:
    """Neither are rows of children held to their parent's key, nor do they count as referenced."""
    statements = """
CREATE TABLE makers (id int PRIMARY KEY);
INSERT INTO makers SELECT generate_series(1, 20);
CREATE TABLE things (id int, maker int REFERENCES makers);
CREATE TABLE gadgets () INHERITS (things);
INSERT INTO things SELECT i, 1 + i % 20 FROM generate_series(1, 50) AS i;
INSERT INTO gadgets SELECT i, 900 + i FROM generate_series(1, 50) AS i;
"""
    assert faults(proven(statements)) == []


FOREIGN = """
CREATE FOREIGN DATA WRAPPER far OPTIONS (debug 'x');
COMMENT ON FOREIGN DATA WRAPPER far IS 'w';
CREATE SERVER elsewhere FOREIGN DATA WRAPPER far OPTIONS (host 'prod.internal');
COMMENT ON SERVER elsewhere IS 's';
CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (password 'hush');
CREATE SCHEMA "Odd Names";
CREATE TYPE "Odd Names".size AS ENUM ('s', 'm', 'l');
CREATE FUNCTION positive(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0';
CREATE SEQUENCE "Odd Names".numbers;
CREATE FOREIGN TABLE "Odd Names"."a far table" (
    id int OPTIONS (column_name 'x') DEFAULT nextval('"Odd Names".numbers') NOT NULL, size "Odd Names".size,
    label text COLLATE "C" DEFAULT 'none', twice int GENERATED ALWAYS AS (id * 2) STORED,
    CONSTRAINT above CHECK (positive(id))) SERVER elsewhere OPTIONS (table_name 'secret');
ALTER SEQUENCE "Odd Names".numbers OWNED BY "Odd Names"."a far table".id;
COMMENT ON FOREIGN TABLE "Odd Names"."a far table" IS 't';
COMMENT ON COLUMN "Odd Names"."a far table".label IS 'c';
COMMENT ON CONSTRAINT above ON "Odd Names"."a far table" IS 'k';
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER note BEFORE INSERT ON "Odd Names"."a far table" FOR EACH ROW EXECUTE FUNCTION noted();
ALTER TABLE "Odd Names"."a far table" DISABLE TRIGGER note;
COMMENT ON TRIGGER note ON "Odd Names"."a far table" IS 'g';
CREATE TABLE base (id int, v text);
INSERT INTO base SELECT i, 'v' FROM generate_series(1, 10) AS i;
CREATE FOREIGN TABLE below (more int) INHERITS (base) SERVER elsewhere;
CREATE VIEW of_far AS SELECT id, label, twice FROM "Odd Names"."a far table" WHERE size = 's';
CREATE VIEW of_both AS SELECT f.id FROM of_far f JOIN base USING (id);
CREATE MATERIALIZED VIEW stored AS SELECT count(*) FROM ONLY base;
CREATE FUNCTION of_row("Odd Names"."a far table") RETURNS int LANGUAGE sql AS 'SELECT $1.id';
CREATE EVENT TRIGGER on_any ON ddl_command_start EXECUTE FUNCTION on_event();
COMMENT ON EVENT TRIGGER on_any IS 'e';
CREATE PUBLICATION all_of_it FOR TABLE ONLY base;
COMMENT ON PUBLICATION all_of_it IS 'p';
CREATE SUBSCRIPTION from_it CONNECTION 'dbname=nowhere' PUBLICATION x WITH (connect = false, slot_name = NONE);
COMMENT ON SUBSCRIPTION from_it IS 'q';
COMMENT ON TABLE base IS 'kept';
COMMENT ON SCHEMA public IS 'of our own';
COMMENT ON COLUMN of_far.label IS 'of a view';
"""


def test_what_leads_out_of_the_image_is_not_missed(proven: Proven) -> None:
    """Neither are comments on it, nor is what is made of foreign tables, which empty tables stand in for."""

    def look(image: Dsn) -> None:
        with connect(image) as conn:
            assert scalar(conn, "SELECT count(*) FROM pg_foreign_data_wrapper") == 0
            assert scalar(conn, "SELECT count(*) FROM of_both") == 0
            assert scalar(conn, "SELECT obj_description('public'::regnamespace)") == "of our own"
            assert (
                scalar(conn, """INSERT INTO "Odd Names"."a far table" (size) VALUES ('s') RETURNING label""") == "none"
            )
            with pytest.raises(psycopg.errors.CheckViolation):
                conn.execute("""INSERT INTO "Odd Names"."a far table" (id) VALUES (-1)""")
            conn.execute('TRUNCATE "Odd Names"."a far table"')
            comments = conn.execute("SELECT description FROM pg_description WHERE objoid > 16384 ORDER BY 1").fetchall()
            assert [row[0] for row in comments] == ["kept", "of a view"]

    event = "CREATE FUNCTION on_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';;"
    truncated = {'"Odd Names"."a far table"': {"mode": "truncate"}, "public.below": {"mode": "truncate"}}
    assert faults(proven(event + FOREIGN, look=look, tables=truncated)) == []


def test_a_rule_is_not_needed_for_a_comment_that_is_never_restored(proven: Proven) -> None:
    statements = "CREATE TABLE t (id int); CREATE PUBLICATION p; COMMENT ON PUBLICATION p IS 'x'"
    assert faults(proven(statements, objects={"comments": "block"})) == []


@pytest.mark.parametrize("comments", ["block", "drop", "keep"])
def test_the_comment_that_comes_with_an_extension_needs_no_rule(proven: Proven, comments: str) -> None:
    statements = "CREATE EXTENSION citext; CREATE TABLE t (id int, email citext)"
    assert faults(proven(statements, objects={"comments": comments})) == []


def test_a_comment_of_ones_own_on_an_extension_needs_a_rule(proven: Proven) -> None:
    statements = "CREATE EXTENSION citext; COMMENT ON EXTENSION citext IS 'asked for by X'; CREATE TABLE t (id int)"
    with pytest.raises(PlanRefused, match="on extension citext"):
        proven(statements, objects={"comments": "block"})


RELATED = """
CREATE EXTENSION citext;
CREATE TABLE users (id int PRIMARY KEY, email citext);
INSERT INTO users SELECT i, 'user' || i || '@corp.com' FROM generate_series(1, 300) AS i;
CREATE TABLE seen (id int, email text, at date) PARTITION BY RANGE (id);
CREATE TABLE seen_1 PARTITION OF seen FOR VALUES FROM (0) TO (200);
CREATE TABLE seen_2 PARTITION OF seen FOR VALUES FROM (200) TO (1000);
INSERT INTO seen SELECT i, 'user' || i % 250 || '@corp.com' FROM generate_series(1, 400) AS i;
INSERT INTO seen SELECT 401, 'User3@CORP.com' UNION ALL SELECT 402, NULL;
"""
RELATIONSHIP = {"from": "public.seen.email", "to": "public.users.email"}


def test_a_relationship_of_the_rules_keeps_its_partners(proven: Proven) -> None:
    rules = {
        ("public.users", "email"): "email",
        ("public.seen", "email"): {"transform": "email", "domain": "public.users.email"},
    }
    report = proven(RELATED, rules, relationships=[RELATIONSHIP])
    assert faults(report) == []
    (told,) = report.check("referential_integrity").details["relationships"]
    # One points to user 0, and one is written in another case.
    assert (told["without_partner_in_source"], told["without_partner_in_image"]) == (2, 2)


def test_rows_that_lose_their_partners_are_found(proven: Proven) -> None:
    def lose(image: Dsn) -> None:
        with connect(image) as conn:
            conn.execute("UPDATE users SET email = 'x' || email WHERE id <= 10")

    rules = {
        ("public.users", "email"): "email",
        ("public.seen", "email"): {"transform": "email", "domain": "public.users.email"},
    }
    report = proven(RELATED, rules, look=lose, relationships=[RELATIONSHIP])
    (finding,) = report.check("referential_integrity").findings
    assert (finding.table, finding.column_or_object) == ("public.seen", "email")
    assert finding.kind == "rows without a partner in public.users.email"
    assert finding.count > 10
