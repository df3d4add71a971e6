"""Suites from the source's catalog, run over SQL: odd names pass, each fault is told with its place."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg import sql

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.catalog_reader import read_catalog
from testdata_assets.validation import catalog_suites, expectations
from testdata_assets.validation.catalog_suites import CATALOG, COLUMNS, DUPLICATES, KEYS, NULLS, ROWS
from testdata_assets.validation.expectations import SuiteResult, session
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.report import ValidationReport
from testdata_assets.validation.suites import Measured

from .conftest import Evidence, Rules, gather

Validate = Callable[..., ValidationReport]

ODD = r"""
CREATE EXTENSION citext;
CREATE EXTENSION btree_gist;
CREATE SCHEMA "Sales: Dept";
CREATE TYPE "Sales: Dept"."Mood's" AS ENUM ('it''s fine', 'a:b', 'half "quoted"', '100 %');
CREATE DOMAIN "Sales: Dept".sure AS citext NOT NULL;
CREATE TYPE "Sales: Dept".pair AS (a int, "B" text);
CREATE TABLE "Sales: Dept"."or""der :x %s %% {batch} \:y 'q' $1" (
    "select" int PRIMARY KEY, "a:b" text NOT NULL, "%(c)s" "Sales: Dept"."Mood's" NOT NULL, "{d}" "Sales: Dept".sure,
    "e\:f" "Sales: Dept".pair, "g""h" int[] NOT NULL UNIQUE, "naïve 😀" int4range NOT NULL, "table_name" text NOT NULL,
    EXCLUDE USING gist ("naïve 😀" WITH &&));
INSERT INTO "Sales: Dept"."or""der :x %s %% {batch} \:y 'q' $1"
VALUES (1, 'x', 'a:b', 'y', ROW (1, 'z'), ARRAY[1], '[1,2)', 't'), (2, 'x', '100 %', 'y', NULL, ARRAY[2], '[3,4)', 't');
CREATE TABLE a_name_as_long_as_postgres_lets_it_be_which_is_sixty_three_byte (
    a_column_as_long_as_postgres_lets_it_be_which_is_sixty_three_by int NOT NULL, twice int
    GENERATED ALWAYS AS (1) VIRTUAL NOT NULL,
    stored int NOT NULL
    GENERATED ALWAYS AS (a_column_as_long_as_postgres_lets_it_be_which_is_sixty_three_by * 2) STORED);
INSERT INTO a_name_as_long_as_postgres_lets_it_be_which_is_sixty_three_byte SELECT generate_series(1, 7);
CREATE TABLE "Table" (email citext, tier int, gone int, note text);
ALTER TABLE "Table" DROP COLUMN gone;
CREATE UNIQUE INDEX "by lower" ON "Table" (lower(note));
CREATE UNIQUE INDEX some_of_them ON "Table" (email, tier) WHERE tier > 1;
CREATE UNIQUE INDEX nulls_too ON "Table" (tier, email) NULLS NOT DISTINCT;
INSERT INTO "Table" VALUES ('a', 1, 'b'), (NULL, 1, 'c');
CREATE TABLE nulls_before_the_constraint (i int, j int NOT NULL);
INSERT INTO nulls_before_the_constraint VALUES (NULL, 1), (NULL, 2);
ALTER TABLE nulls_before_the_constraint ADD CONSTRAINT later NOT NULL i NOT VALID;
CREATE TABLE parent (id int PRIMARY KEY, at date NOT NULL);
CREATE TABLE child (more text NOT NULL) INHERITS (parent);
INSERT INTO parent VALUES (1, '2024-01-01');
INSERT INTO child VALUES (1, '2024-01-01', 'x'), (1, '2024-01-01', 'y');
CREATE TABLE parted (id int, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE "parted 1" PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2024-02-01') PARTITION BY LIST (id);
CREATE TABLE "parted 1: 1" PARTITION OF "parted 1" FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
CREATE UNIQUE INDEX waiting ON ONLY parted (at, id);
INSERT INTO parted VALUES (1, '2024-01-05'), (5, '2024-02-05');
CREATE TABLE rooms (room int, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS));
INSERT INTO rooms VALUES (1, '[2024-01-01,2024-01-03)');
CREATE TABLE later_unique (i int UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;
CREATE UNLOGGED TABLE "empty" (i money NOT NULL, j xid8 UNIQUE, k tsvector, l pg_lsn, m jsonpath, n bit(3), o box);
CREATE TABLE guarded (i int NOT NULL);
INSERT INTO guarded VALUES (1);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
ALTER TABLE guarded FORCE ROW LEVEL SECURITY;
"""


def sessions(image: Dsn) -> int:
    with connect(image) as conn:
        query = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
        return int((conn.execute(query).fetchone() or (0,))[0])


def run(
    image: Dsn, tools: PgTools, evidence: Evidence, counts: Mapping[TableName, int] | None = None
) -> dict[str, SuiteResult]:
    reader = ImageReader(image, tools)
    with reader.connect() as conn:
        here = read_catalog(conn)
    suites = catalog_suites.catalog_suites(
        reader, evidence.catalog, here, evidence.plan, evidence.source_counts, counts or {}
    )
    with session() as running:
        return running.run_on_image(suites, image, ours=True)


def unmet(results: dict[str, SuiteResult]) -> set[tuple[str, str]]:
    return {
        (name, each.id) for name, result in results.items() for each in result.outcomes.values() if not each.success
    }


def test_odd_names_and_types_are_as_expected(database: Dsn, shop_tools: PgTools) -> None:
    with connect(database) as conn:
        conn.execute(ODD.encode())
    evidence = gather(database, shop_tools, {})
    results = run(database, shop_tools, evidence)
    assert {name: len(result.outcomes) for name, result in results.items()} == {ROWS: 3, COLUMNS: 3, KEYS: 3}
    assert unmet(results) == set()
    assert sessions(database) == 0, "one that stayed would keep anybody from branching the image"


def test_odd_names_are_told_as_rules_write_them(database: Dsn, shop_tools: PgTools) -> None:
    with connect(database) as conn:
        conn.execute(ODD.encode())
        evidence = gather(database, shop_tools, {})
        table = r'''"Sales: Dept"."or""der :x %s %% {batch} \:y 'q' $1"'''
        conn.execute(
            f"""ALTER TABLE {table} ALTER "a:b" DROP NOT NULL, ALTER "g""h" DROP NOT NULL;
                ALTER TABLE {table} DROP CONSTRAINT "or""der :x %s %% {{batch}} \\:y 'q' $1_g""h_key";
                UPDATE {table} SET "a:b" = NULL, "g""h" = CASE WHEN "select" = 1 THEN ARRAY[7] END;
                INSERT INTO {table} VALUES (3, NULL, 'a:b', 'y', NULL, ARRAY[7], '[5,6)', 't')""".encode()
        )
    results = run(database, shop_tools, evidence)
    assert unmet(results) == {
        (ROWS, "rows"),
        (ROWS, "not null"),
        (COLUMNS, "columns"),
        (KEYS, "keys in force"),
        (KEYS, "no duplicates"),
    }
    rows = catalog_suites.joined_to(Measured("row_counts", [], ""), results)
    assert [(each.table, each.kind, each.count) for each in rows.findings] == [(table, "rows too many", 1)]
    keys = catalog_suites.joined_to(Measured("referential_integrity", [], ""), results)
    assert [(each.table, each.kind, each.count) for each in keys.findings] == [(table, DUPLICATES, 1)]
    schema = catalog_suites.joined_to(Measured("schema_matches", [], ""), results)
    assert {(each.table, each.column_or_object, each.count) for each in schema.findings if each.kind == NULLS} == {
        (table, 'a:b, g"h', 4)
    }
    assert ("schema", f"{table}.a:b", "columns: different") in {
        (each.table, each.column_or_object, each.kind) for each in schema.findings
    }


FAULTS = {
    "a row less": (
        "DELETE FROM events WHERE event_id = 5",
        "row_counts",
        {("public.events_1", "*", "missing rows", 1)},
    ),
    "rows in an emptied table": (
        "INSERT INTO sessions VALUES (1, 'x'), (2, 'y')",
        "row_counts",
        {("public.sessions", "*", "rows too many", 2)},
    ),
    "a table less": (
        "DROP TABLE sessions",
        "row_counts",
        {("public.sessions", "*", "missing table", 1)},
    ),
    "a table more": (
        "CREATE TABLE extra (i int); INSERT INTO extra VALUES (1)",
        "row_counts",
        {("public.extra", "*", "table that the snapshot does not know", 1)},
    ),
    "a key twice": (
        "ALTER TABLE shops DROP CONSTRAINT shops_pkey; UPDATE shops SET shop_id = 1",
        "referential_integrity",
        {("public.shops", "shops_pkey", DUPLICATES, 1)},
    ),
    "NULL where there was none": (
        "ALTER TABLE customers ALTER email DROP NOT NULL; ALTER TABLE orders DROP CONSTRAINT orders_email_fkey;"
        "UPDATE customers SET email = NULL WHERE customer_id < 4",
        "schema_matches",
        {("public.customers", "email", NULLS, 3)},
    ),
    "another label": (
        "ALTER TYPE status ADD VALUE 'lost'",
        "schema_matches",
        {("schema", "public.orders.state", "enum labels: different", 1)},
    ),
    "a column of another type": (
        "ALTER TABLE shops ALTER shop_name TYPE varchar(50)",
        "schema_matches",
        {("schema", "public.shops.shop_name", "columns: different", 1)},
    ),
    "a column more": (
        "ALTER TABLE shops ADD extra int",
        "schema_matches",
        {("schema", "public.shops.extra", "columns: not in the source", 1)},
    ),
    "an index under a key's name": (
        "ALTER TABLE shops DROP CONSTRAINT shops_pkey; CREATE INDEX shops_pkey ON shops (shop_id)",
        "schema_matches",
        {("schema", "public.shops.shops_pkey", "unique indexes: different", 1)},
    ),
}


@pytest.mark.parametrize(("change", "check", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_fails_its_check_and_is_told_once(
    server: EmbeddedServer,
    shop: tuple[Dsn, Evidence],
    shop_tools: PgTools,
    change: str,
    check: str,
    expected: set[tuple[str, str, str, int]],
) -> None:
    """The suites alone find it, without what the check measures itself."""
    source, evidence = shop
    name = f"image_{secrets.token_hex(4)}"
    with connect(server.dsn()) as admin:
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        admin.execute(made.format(sql.Identifier(name), sql.Identifier(f"{source.database}_clean")))
        try:
            with connect(server.dsn(name)) as conn:
                conn.execute(change.encode())
            results = run(server.dsn(name), shop_tools, evidence)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    findings = catalog_suites.joined_to(Measured(check, [], ""), results).findings  # type: ignore[arg-type]
    told = {(each.table, each.column_or_object, each.kind, each.count) for each in findings}
    assert expected <= told
    assert not any(each.table == CATALOG for each in findings)


def test_results_count_into_their_checks_and_pages(validate: Validate, tmp_path: Path) -> None:
    change = (
        "ALTER TYPE status ADD VALUE '47 Sakila Drive'; DELETE FROM events WHERE event_id = 5;"
        "ALTER TABLE customers ADD mary_van_dyke int"
    )
    report = validate(change, data_docs=tmp_path / "docs")
    rows = report.check("row_counts")
    assert rows.details["findings"] == 1, "both counts of one table are one finding"
    assert {(each["suite"], each["id"]): each["success"] for each in rows.details["catalog_suites"]} == {
        (ROWS, "everything looked at"): True,
        (ROWS, "rows"): False,
    }
    kinds = {each.kind for each in report.check("schema_matches").findings}
    assert "enum labels: different" in kinds
    assert all(report.check(name).details["catalog_suites"] for name in ("referential_integrity", "schema_matches"))
    first = Path(str(report.data_docs)).read_text()
    for suite in (ROWS, COLUMNS, KEYS):
        (page,) = (tmp_path / "docs" / "validations" / suite).rglob("*.html")
        assert page.relative_to(tmp_path / "docs").as_posix() in first
        text = page.read_text()
        for hidden in ("Sakila", "mary_van_dyke", "pg_attribute", "public.events_1"):
            assert hidden not in text, "pages hold counts, neither names nor our queries"
        meant = (tmp_path / "docs" / "expectations" / f"{suite}.html").read_text()
        assert "Nothing that the source" in meant


def test_what_cannot_be_run_fails_every_check_it_counts_into(
    shop: tuple[Dsn, Evidence], shop_tools: PgTools, server: EmbeddedServer
) -> None:
    source, evidence = shop
    image = server.dsn(f"{source.database}_clean")
    reader = ImageReader(image, shop_tools)
    with reader.connect() as conn:
        here = read_catalog(conn)
    gone = replace(here.tables[0], name=replace(here.tables[0].name, name="gone"))
    suites = catalog_suites.catalog_suites(
        reader, evidence.catalog, replace(here, tables=(*here.tables, gone)), evidence.plan, evidence.source_counts, {}
    )
    with session() as running:
        results = running.run_on_image(suites, image, ours=True)
    for check in ("row_counts", "schema_matches"):
        measured = catalog_suites.joined_to(Measured(check, [], ""), results)  # type: ignore[arg-type]
        assert {(each.table, each.kind) for each in measured.findings} == {
            (CATALOG, "catalog suite: the expectation raised an exception")
        }
    assert "gone" not in json.dumps([result.as_json() for result in results.values()])


@pytest.mark.parametrize("most", [catalog_suites.MOST_LEAVES, 1], ids=["in one statement", "in several"])
def test_partitions_that_rows_move_between_are_counted_together(
    server: EmbeddedServer,
    shop: tuple[Dsn, Evidence],
    shop_tools: PgTools,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
) -> None:
    monkeypatch.setattr(catalog_suites, "MOST_LEAVES", most)
    source, evidence = shop
    plan = replace(
        evidence.plan,
        tables=tuple(
            replace(each, load_through_root=str(each.table.rule_table) == "public.events")
            for each in evidence.plan.tables
        ),
    )
    counts = {
        name: {"events_1": 0, "events_2": 600}.get(name.name, rows) for name, rows in evidence.source_counts.items()
    }
    moved = replace(evidence, plan=plan, source_counts=counts)
    image = server.dsn(f"{source.database}_clean")
    assert unmet(run(image, shop_tools, moved, evidence.source_counts)) == set()
    wrong = {name: rows + (name.name == "events_2") for name, rows in evidence.source_counts.items()}
    assert bool(unmet(run(image, shop_tools, moved, wrong))) is (most == 1)
    alone = replace(evidence, source_counts=counts)
    assert {id_ for _, id_ in unmet(run(image, shop_tools, alone))} == {"rows"}


def test_many_tables_are_counted_in_several_statements(
    server: EmbeddedServer,
    shop: tuple[Dsn, Evidence],
    shop_tools: PgTools,
    validate: Validate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One would lock them all, with all their indexes, and the server has room for so many locks only."""
    monkeypatch.setattr(catalog_suites, "MOST_LEAVES", 2)
    source, evidence = shop
    image = server.dsn(f"{source.database}_clean")
    tables = {str(name) for name in evidence.source_counts}
    parts = [ROWS, f"{ROWS}_2", f"{ROWS}_3"]
    assert len(tables) in (5, 6)
    results = run(image, shop_tools, evidence)
    assert list(results) == [*parts, COLUMNS, KEYS]
    assert unmet(results) == set()

    missing = replace(evidence, source_counts={name: rows + 1 for name, rows in evidence.source_counts.items()})
    results = run(image, shop_tools, missing)
    assert unmet(results) == {(name, "rows") for name in parts}
    rows = catalog_suites.joined_to(Measured("row_counts", [], ""), results)
    assert {each.table for each in rows.findings} == tables - {"public.sessions"}, "which is emptied"
    assert len(rows.findings) == len(tables) - 1

    docs = tmp_path / "docs"
    report = validate("DELETE FROM events WHERE event_id = 5; DELETE FROM orders WHERE order_id = 5", data_docs=docs)
    told = report.check("row_counts").details["catalog_suites"]
    assert {each["suite"] for each in told if each["id"] == "everything looked at" and each["success"]} == set(parts)
    assert {each.table for each in report.check("row_counts").findings} == {"public.events_1", "public.orders"}
    first = Path(str(report.data_docs)).read_text()
    for part in parts:
        (page,) = (docs / "validations" / part).rglob("*.html")
        assert page.relative_to(docs).as_posix() in first


def test_a_passing_run_reads_every_row_once(database: Dsn, shop_tools: PgTools) -> None:
    with connect(database) as conn:
        conn.execute(
            "CREATE TABLE t (i int, j text NOT NULL); INSERT INTO t SELECT n, 'x' FROM generate_series(1, 500) n"
        )
    evidence = gather(database, shop_tools, {})
    with connect(database) as conn:
        conn.execute("SELECT pg_stat_reset()")
    assert unmet(run(database, shop_tools, evidence)) == set()
    with connect(database) as conn:  # its sessions are over, so that they have told what they did
        read = conn.execute("SELECT seq_tup_read FROM pg_stat_user_tables").fetchone()
    assert read == (500,)


def test_pages_stay_clean_if_rows_that_fail_cannot_be_told(
    validate: Validate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise ConnectionError("the server went away")

    monkeypatch.setattr(expectations, "_failing_rows", lost)
    report = validate("DELETE FROM events WHERE event_id = 5", data_docs=tmp_path / "docs")
    assert {each.kind for each in report.check("schema_matches").findings} == {"catalog suite: cannot be run"}
    (page,) = (tmp_path / "docs" / "validations" / ROWS).rglob("*.html")
    for hidden in ("pg_attribute", "events_1", "UNION ALL"):
        assert hidden not in page.read_text()


def test_a_source_without_tables_has_no_suites(database: Dsn, shop_tools: PgTools) -> None:
    none: Rules = {}
    assert run(database, shop_tools, gather(database, shop_tools, none)) == {}
