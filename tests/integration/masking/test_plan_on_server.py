"""Plans over catalogs that a real server printed: how it spells expressions, bounds, predicates and comments."""

from __future__ import annotations

import pytest

from testdata_assets.masking.plan import PlanRefused, compile_plan
from testdata_assets.masking.rules import MaskingRules, parse_rules
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
    id int PRIMARY KEY, email mail UNIQUE, "Full Name" varchar(40), state varchar(20), gone timestamptz,
    nick varchar(10), code text, feeling mood,
    shout text GENERATED ALWAYS AS (upper("Full Name")) STORED
);
CREATE UNIQUE INDEX by_name ON users (lower("Full Name")) WHERE gone IS NULL;
CREATE UNIQUE INDEX by_state ON users (id) INCLUDE (code) WHERE state = 'Full Name';
CREATE UNIQUE INDEX by_start ON users (left(nick, 3));
CREATE TABLE audit (who citext REFERENCES users (email), boss int REFERENCES users, "user" text);
CREATE TABLE "user" (id int, k text, PRIMARY KEY (id, k)) PARTITION BY HASH (k);
CREATE TABLE "user 0" PARTITION OF "user" FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE "user 1" PARTITION OF "user" FOR VALUES WITH (modulus 2, remainder 1);
CREATE TABLE logs (day text, note text) PARTITION BY RANGE (day);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('a') TO ('b');
CREATE TABLE parent (a int);
CREATE TABLE child (b text) INHERITS (parent);
COMMENT ON TABLE users IS 'Ask Ann Smith';
CREATE VIEW v AS SELECT 1 AS x;
"""
DEFAULTS = {
    "EMAIL": "hash", "NAME": "hash", "STATE": "keep", "NICK": "keep", "CODE": "scramble", "KEY": "hash",
    "DAY": "keep", "GONE": "keep", "COMMENTS": "drop",
}  # fmt: skip
RULES = """\
version: 1
tables:
  public.users:
    id: keep
    email: {transform: EMAIL, domain: user.email}
    Full Name: NAME
    state: STATE
    nick: NICK
    code: CODE
    gone: GONE
    feeling: keep
  public.audit: {user: keep}
  public.user: {id: keep, k: KEY}
  public.logs: {day: DAY, note: null}
  public.parent: {a: keep}
  public.child: {b: null}
objects: {comments: COMMENTS}
"""


@pytest.fixture
def catalog(database: Dsn) -> Catalog:
    with connect(database) as conn:
        conn.execute(SCHEMA)
        return read_catalog(conn)


def rules_with(**words: str) -> MaskingRules:
    text = RULES
    for word, transform in {**DEFAULTS, **words}.items():
        text = text.replace(word, transform)
    return parse_rules(text)


def test_a_plan_over_a_real_catalog(catalog: Catalog) -> None:
    plan = compile_plan(rules_with(), catalog, b"k" * 32)
    assert {str(each.table.name): [one.transformer.name for one in each.columns] for each in plan.tables} == {
        "public.audit": ["hash", "keep", "keep"],
        "public.child": ["keep", "null"],
        "public.logs_1": ["keep", "null"],
        "public.parent": ["keep"],
        'public."user 0"': ["keep", "hash"],
        'public."user 1"': ["keep", "hash"],
        "public.users": ["keep", "hash", "hash", "keep", "keep", "keep", "scramble", "keep"],
    }
    who = plan.table(TableName("public", "audit")).columns[0]
    assert (who.domain, who.inherited_from, who.fold_case) == ("user.email", "public.users.email", True)
    routed = {str(each.table.name) for each in plan.tables if each.load_through_root}
    assert routed == {'public."user 0"', 'public."user 1"'}
    name = plan.table(TableName("public", "users")).columns[2]
    assert name.fold_case, "lower() in its unique index decides its domain's canonical form"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"STATE": "scramble"}, ("uniqueness", "public.users", "state", "by_state")),
        ({"NICK": "scramble"}, ("uniqueness", "public.users", "nick", "by_start")),
        ({"NAME": "{transform: hash, length: 4}"}, ("uniqueness", "public.users", "Full Name", "by_name")),
        ({"GONE": "null"}, ("uniqueness", "public.users", "gone", "by_name")),
        ({"EMAIL": "null"}, ("null_in_not_null", "public.users", "email", "NOT NULL")),
        ({"KEY": "null"}, ("null_in_not_null", "public.user", "k", "NOT NULL")),
        ({"DAY": "hash"}, ("partition_key", "public.logs", "day", "partitioned")),
        ({"COMMENTS": "block"}, ("objects", None, None, "table public.users")),
    ],
)
def test_what_a_real_catalog_refuses(
    catalog: Catalog, words: dict[str, str], expected: tuple[str, str | None, str | None, str]
) -> None:
    with pytest.raises(PlanRefused) as caught:
        compile_plan(rules_with(**words), catalog, b"k" * 32)
    (problem,) = caught.value.problems
    assert (problem.kind, problem.table, problem.column) == expected[:3]
    assert expected[3] in problem.message
    assert "Ann" not in str(caught.value)


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


def test_rules_of_all_parents_cover_a_table_that_inherits_from_several(database: Dsn) -> None:
    with connect(database) as conn:
        conn.execute(
            "CREATE TABLE named (name text); CREATE TABLE mailed (mail text, name text); CREATE TABLE top (code text);"
            "CREATE TABLE lower_one () INHERITS (top); CREATE TABLE gone (x text);"
            "CREATE TABLE both_of (own text) INHERITS (named, mailed, lower_one);"
            "CREATE TABLE lost () INHERITS (named, gone)"
        )
        catalog = read_catalog(conn)
    rules = parse_rules("""
version: 1
tables:
  public.named: {name: hash}
  public.mailed: {mail: {transform: email, domain: mail}, name: keep}
  public.top: {code: scramble}
  public.gone: {mode: truncate}
  public.both_of: {own: keep}
""")
    plan = compile_plan(rules, catalog, b"k" * 32)
    columns = plan.table(TableName("public", "both_of")).columns
    assert {each.column.name: each.transformer.name for each in columns} == {
        "name": "hash", "mail": "email", "code": "scramble", "own": "keep"
    }  # fmt: skip
    assert plan.table(TableName("public", "lost")).mode == "truncate"
    with pytest.raises(PlanRefused) as caught:
        compile_plan(parse_rules("version: 1\ntables: {public.both_of: {own: keep, mail: keep}}"), catalog, b"k" * 32)
    (stale,) = [each for each in caught.value.problems if each.kind == "stale"]
    assert (stale.column, stale.message) == ("mail", "the column comes from public.mailed, whose rule covers it")
