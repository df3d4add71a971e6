"""Full-text vectors made by the server while COPY ... FREEZE loads masked rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sources import catalog_of, rules_keeping_all

from testdata_assets.errors import RefusedError
from testdata_assets.golden import recompute
from testdata_assets.masking.plan import PlanRefused, TablePlan, compile_plan
from testdata_assets.masking.rules import parse_rules
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName

SCHEMA = r"""
CREATE EXTENSION citext;
CREATE TEXT SEARCH CONFIGURATION public.own (COPY = pg_catalog.simple);
CREATE TABLE "Posts" (
    id int PRIMARY KEY, "Title" text, body citext, tags text[], doc jsonb, code char(9), plain tsvector,
    "Other Vector" tsvector
);
CREATE TABLE parts (id int, body text, v tsvector) PARTITION BY HASH (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
"""
PLAIN = {"transform": "tsvector", "mode": "recompute", "from": ["Title", "body"]}
OTHER = {
    "transform": "tsvector",
    "mode": "recompute",
    "from": ["tags", "doc", "code", "Title"],
    "config": "public.own",
}


def plan_of(dsn: Dsn, table: str, changes: dict[tuple[str, str], Any]) -> TablePlan:
    rules = parse_rules(yaml.safe_dump(rules_keeping_all(catalog_of(dsn), changes)))
    return compile_plan(rules, catalog_of(dsn), b"k" * 32).table(TableName("public", table))


@pytest.fixture
def image(database: Dsn) -> Dsn:
    with connect(database) as conn:
        conn.execute(SCHEMA.encode())
    return database


def load(conn: psycopg.Connection[Any], plan: TablePlan, target: str, rows: bytes, freeze: bool = True) -> None:
    """As `golden/load.py` does."""
    with conn.transaction(), conn.cursor() as cursor:
        if freeze:
            cursor.execute(f"TRUNCATE ONLY {target}".encode())
        recompute.before_load(conn, plan)
        with cursor.copy(f"COPY {target} FROM STDIN{' (FREEZE)' if freeze else ''}".encode()) as copy:
            copy.write(rows)
        recompute.after_load(conn, plan)


ROWS = (
    b'1\tGreat dogs\tThe cats running\t{red,"dark blue"}\t{"k": "json words"}\tcode9\t\t\n'
    b"2\t\\N\tAlone\t\\N\t\\N\t\\N\t\t\n"
    b"3\tThird\tx\t\\N\t\\N\t\\N\t\\N\t\\N\n"
    b"4\tFourth\tx\t\\N\t\\N\t\\N\t'kept':7\t\n"
)


def test_vectors_are_made_from_the_loaded_rows(image: Dsn) -> None:
    plan = plan_of(image, "Posts", {('public."Posts"', "plain"): PLAIN, ('public."Posts"', "Other Vector"): OTHER})
    with connect(image) as before, connect(image, autocommit=True) as conn:
        with before.transaction():
            before.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            before.execute("SELECT 1 FROM pg_class")  # its snapshot is older than the load
            load(conn, plan, '"Posts"', ROWS)
            seen = before.execute('SELECT count(*) FROM "Posts"').fetchone()
            assert seen == (4,), "rows were not frozen"
        found = conn.execute('SELECT plain::text, "Other Vector"::text FROM "Posts" ORDER BY id').fetchall()
        assert found[0][0] == "'cat':4 'dog':2 'great':1 'run':5"
        assert found[0][1] == "'blue':3 'code9':6 'dark':2 'dogs':8 'great':7 'json':4 'red':1 'words':5"
        assert found[1] == ("'alon':1", "")
        assert found[2] == (None, None)
        assert found[3] == ("'kept':7", "'fourth':1")
        computed = conn.execute(
            """SELECT plain = to_tsvector('english', concat_ws(' ', "Title", body)) FROM "Posts" WHERE id < 3"""
        ).fetchall()
        assert computed == [(True,), (True,)]


def test_nothing_is_left_behind(image: Dsn) -> None:
    plan = plan_of(image, "Posts", {('public."Posts"', "plain"): PLAIN, ('public."Posts"', "Other Vector"): OTHER})
    with connect(image, autocommit=True) as conn:
        load(conn, plan, '"Posts"', ROWS)
        left = conn.execute(
            "SELECT (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_proc WHERE proname ~ 'recompute')"
        ).fetchone()
        assert left == (0, 0)
        conn.execute("""INSERT INTO "Posts" (id, "Title", plain) VALUES (9, 'words', '')""")
        assert conn.execute('SELECT plain::text FROM "Posts" WHERE id = 9').fetchone() == ("",)


def test_rows_routed_through_a_partitioned_table(image: Dsn) -> None:
    rule = {"transform": "tsvector", "mode": "recompute", "from": ["body"], "config": "simple"}
    changes = {("public.parts", "v"): rule, ("public.parts", "id"): {"transform": "hash"}}
    plan = plan_of(image, "parts_0", changes)
    assert plan.load_through_root
    with connect(image, autocommit=True) as conn:
        load(conn, plan, "parts", b"1\tone two\t\n2\tthree\t\n3\tfour\t\\N\n", freeze=False)
        found = conn.execute("SELECT id, v::text FROM parts ORDER BY id").fetchall()
        assert found == [(1, "'one':1 'two':2"), (2, "'three':1"), (3, None)]
        assert conn.execute("SELECT count(*) FROM pg_trigger").fetchone() == (0,)


def test_empty_mode_needs_no_trigger(image: Dsn) -> None:
    plan = plan_of(image, "Posts", {('public."Posts"', "plain"): "tsvector"})
    with connect(image, autocommit=True) as conn:
        recompute.before_load(conn, plan)
        assert conn.execute("SELECT count(*) FROM pg_trigger").fetchone() == (0,)
        recompute.after_load(conn, plan)


def test_a_missing_configuration_is_named(image: Dsn) -> None:
    plan = plan_of(image, "Posts", {('public."Posts"', "plain"): PLAIN | {"config": "public.nothing"}})
    with connect(image) as conn, pytest.raises(RefusedError, match=r"public\.nothing") as caught:
        recompute.before_load(conn, plan)
    assert caught.value.where == 'public."Posts".plain'


def test_columns_it_is_made_of_must_exist(image: Dsn) -> None:
    with pytest.raises(PlanRefused, match="titel"):
        plan_of(image, "Posts", {('public."Posts"', "plain"): PLAIN | {"from": ["titel"]}})
