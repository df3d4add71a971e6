"""Plans over catalogs that a real server printed: how it spells expressions, bounds, predicates and comments."""

from __future__ import annotations

import pytest

from testdata_assets.masking.plan import PlanRefused, compile_plan
from testdata_assets.masking.rules import parse_rules
from testdata_assets.masking.rules_check import check_rules
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog
from testdata_assets.production.catalog_reader import read_catalog

SCHEMA = """
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE DOMAIN mail AS citext CHECK (VALUE ~ '@') NOT NULL;
CREATE TABLE users (
    id int PRIMARY KEY, email mail UNIQUE, "Full Name" varchar(40), state text, gone timestamptz,
    shout text GENERATED ALWAYS AS (upper("Full Name")) STORED, feeling mood
);
CREATE UNIQUE INDEX by_name ON users (lower("Full Name")) WHERE gone IS NULL;
CREATE UNIQUE INDEX by_state ON users (id) INCLUDE (email) WHERE state = 'Full Name';
CREATE TABLE audit (who citext REFERENCES users (email), boss int REFERENCES users, "user" text);
CREATE TABLE "user" (id int, k text, PRIMARY KEY (id, k)) PARTITION BY HASH (k);
CREATE TABLE "user 0" PARTITION OF "user" FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE "user 1" PARTITION OF "user" FOR VALUES WITH (modulus 2, remainder 1);
CREATE TABLE logs (day date, note text) PARTITION BY RANGE (day);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE parent (a int);
CREATE TABLE child (b text) INHERITS (parent);
COMMENT ON TABLE users IS 'Ask Ann Smith';
CREATE VIEW v AS SELECT 1 AS x;
"""
RULES = """\
version: 1
tables:
  public.users: {id: keep, email: {transform: EMAIL, domain: user.email}, Full Name: NAME, state: keep, gone: keep, feeling: keep}
  public.audit: {user: keep}
  public.user: {id: keep, k: KEY}
  public.logs: {day: keep, note: null}
  public.parent: {a: keep}
  public.child: {b: null}
objects: {comments: drop}
"""


@pytest.fixture
def catalog(database: Dsn) -> Catalog:
    with connect(database) as conn:
        conn.execute(SCHEMA)
        return read_catalog(conn)


def rules_with(**words: str):
    text = RULES
    for word, transform in {"EMAIL": "keep", "NAME": "null", "KEY": "keep", **words}.items():
        text = text.replace(word, transform)
    return parse_rules(text)


def problems_of(catalog: Catalog, **words: str) -> list[tuple[str, str | None, str | None]]:
    with pytest.raises(PlanRefused) as caught:
        compile_plan(rules_with(**words), catalog, b"k" * 32)
    return [(problem.kind, problem.table, problem.column) for problem in caught.value.problems]


def test_a_plan_over_a_real_catalog(catalog: Catalog) -> None:
    plan = compile_plan(rules_with(), catalog, b"k" * 32)
    assert {str(each.table.name): [one.transformer.name for one in each.columns] for each in plan.tables} == {
        "public.audit": ["keep", "keep", "keep"],
        "public.child": ["keep", "null"],
        "public.logs_1": ["keep", "null"],
        "public.parent": ["keep"],
        'public."user 0"': ["keep", "keep"],
        'public."user 1"': ["keep", "keep"],
        "public.users": ["keep", "keep", "null", "keep", "keep", "keep"],
    }
    audit = plan.table(TableName("public", "audit"))
    assert audit.columns[0].domain == "user.email"
    assert audit.columns[0].inherited_from == "public.users.email"
    assert audit.columns[1].domain == "public.users.id"


def test_real_bounds_predicates_and_keys(catalog: Catalog) -> None:
    assert problems_of(catalog, KEY="null") == [
        ("null_in_not_null", "public.user", "k"),
        ("null_in_not_null", 'public."user 0"', "k"),
        ("null_in_not_null", 'public."user 1"', "k"),
    ] or ("null_in_not_null", "public.user", "k") in problems_of(catalog, KEY="null")


def test_a_new_column_blocks_and_names_itself(database: Dsn, catalog: Catalog) -> None:
    with connect(database) as conn:
        conn.execute("ALTER TABLE users ADD COLUMN phones varchar(20)[]; ALTER TABLE logs ADD COLUMN x int")
        check = check_rules(rules_with(), read_catalog(conn))
    assert [(each.table, each.column, each.type) for each in check.unclassified] == [
        ("public.logs", "x", "integer"),
        ("public.users", "phones", "character varying(20)[]"),
    ]
    assert not check.ok
    assert check.stale == check.errors == ()
