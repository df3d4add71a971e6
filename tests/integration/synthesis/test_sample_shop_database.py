"""The sample on a real server: complete, consistent, alive, and covered by its masking rules."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import psycopg
import pytest
from psycopg import sql

from testdata_assets.errors import RefusedError
from testdata_assets.masking.plan import Examination, examine
from testdata_assets.masking.rules import load_rules
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog
from testdata_assets.production.catalog_reader import read_catalog
from testdata_assets.synthesis.sample_shop import SampleSummary, create_sample
from testdata_assets.synthesis.sample_shop.__main__ import main

ROOT = Path(__file__).resolve().parents[3]
SCALE = 0.03
Row = tuple[object, ...]


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer) -> Iterator[tuple[Dsn, SampleSummary]]:
    name = f"shop_{secrets.token_hex(4)}"
    with connect(server.dsn()) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield server.dsn(name), create_sample(server.dsn(name), scale=SCALE)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def connection(shop: tuple[Dsn, SampleSummary]) -> Iterator[psycopg.Connection[Row]]:
    """A transaction that is rolled back."""
    with connect(shop[0], autocommit=False) as opened:
        yield opened
        opened.rollback()


def catalog_of(dsn: Dsn) -> Catalog:
    """Read on a connection of its own: the reader changes the session's search_path."""
    with connect(dsn, autocommit=False) as opened:
        opened.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return read_catalog(opened)


@pytest.fixture(scope="module")
def catalog(shop: tuple[Dsn, SampleSummary]) -> Catalog:
    return catalog_of(shop[0])


@pytest.fixture(scope="module")
def examination(catalog: Catalog) -> Examination:
    return examine(load_rules(ROOT / "rules" / "masking.yaml"), catalog)


def value(connection: psycopg.Connection[Row], query: str) -> object:
    found = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert found is not None
    return found[0]


def test_summary_counts_what_is_there(
    shop: tuple[Dsn, SampleSummary], connection: psycopg.Connection[Row], catalog: Catalog
) -> None:
    summary = shop[1]
    assert summary.rows == sum(summary.tables.values())
    assert {str(table.name) for table in catalog.tables if not table.is_partition} == {
        f"public.{name}" for name in summary.tables
    }
    for name, rows in summary.tables.items():
        count = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
        assert count == (rows,)
        assert rows > 0


def test_every_foreign_key_is_valid(connection: psycopg.Connection[Row], catalog: Catalog) -> None:
    assert value(connection, "SELECT count(*) FROM pg_constraint WHERE NOT convalidated") == 0
    keys = {(str(key.table), key.columns, str(key.referenced_table)) for key in catalog.foreign_keys}
    assert ("public.employees", ("manager_id",), "public.employees") in keys
    assert ("public.users", ("default_address_id",), "public.addresses") in keys
    assert ("public.addresses", ("user_id",), "public.users") in keys
    to_email = {table for table, _, target in keys if target == "public.newsletter_subscribers"}
    assert to_email == {"public.newsletter_deliveries", "public.coupon_claims"}
    for key in catalog.foreign_keys:  # the constraint could have been added NOT VALID; ask the rows themselves
        pairs = sql.SQL(" AND ").join(
            sql.SQL("a.{} = b.{}").format(sql.Identifier(ours), sql.Identifier(theirs))
            for ours, theirs in zip(key.columns, key.referenced_columns, strict=True)
        )
        nulls = sql.SQL(" AND ").join(sql.SQL("a.{} IS NOT NULL").format(sql.Identifier(one)) for one in key.columns)
        query = sql.SQL("SELECT count(*) FROM {} a WHERE {} AND NOT EXISTS (SELECT FROM {} b WHERE {})").format(
            sql.Identifier(key.table.schema, key.table.name),
            nulls,
            sql.Identifier(key.referenced_table.schema, key.referenced_table.name),
            pairs,
        )
        assert connection.execute(query).fetchone() == (0,), key.name


def test_schema_has_what_masking_must_survive(connection: psycopg.Connection[Row], catalog: Catalog) -> None:
    columns = {(table.name.name, column.name): column for table in catalog.tables for column in table.columns}
    assert columns["users", "email"].base_type == "citext"
    assert columns["users", "status"].category == "E"
    assert columns["users", "id"].identity == "a"
    assert columns["users", "display_name"].generated
    assert columns["users", "search"].base_type == "tsvector"
    assert columns["subscriptions", "billing_email"].base_type == "text"
    assert columns["subscriptions", "billing_email"].type.endswith("email_text")
    payments = catalog.table(TableName("public", "payments"))
    assert payments is not None
    assert payments.kind == "p"
    leaves = catalog.leaves_of(payments.name)
    assert len(leaves) == 14
    assert value(connection, "SELECT count(*) FROM payments_from_2026") == 0
    assert catalog.materialized_views == (TableName("public", "customer_lifetime_value"),)
    assert {view.name for view in catalog.views} == {"customer_overview", "ticket_queue"}
    assert [ext for ext, _ in catalog.extensions if ext != "plpgsql"] == ["citext"]
    assert any(index.lowered == ("username",) for index in catalog.unique_indexes)
    assert {text.kind for text in catalog.texts} >= {"comment", "check", "view", "matview", "enum_label"}


def test_views_show_customers(connection: psycopg.Connection[Row]) -> None:
    buyers = value(
        connection, "SELECT count(DISTINCT user_id) FROM orders WHERE status NOT IN ('cancelled', 'returned')"
    )
    assert value(connection, "SELECT count(*) FROM customer_lifetime_value") == buyers
    assert value(connection, "SELECT count(*) FROM customer_lifetime_value v JOIN users u USING (email)") == buyers
    assert value(connection, "SELECT sum(orders) FROM customer_overview") == value(
        connection, "SELECT count(*) FROM orders"
    )
    assert value(connection, "SELECT count(*) FROM ticket_queue WHERE customer LIKE '%@%'") != 0


def test_trigger_writes_the_audit_log_from_now_on(connection: psycopg.Connection[Row]) -> None:
    before = value(connection, "SELECT max(id) FROM audit_log")
    connection.execute("UPDATE users SET email = 'someone.new@fastmail.com' WHERE id = 1")
    row = connection.execute(
        "SELECT id, row_id, new_email, old_email <> new_email FROM audit_log ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert row is not None
    assert isinstance(before, int)
    assert row[0] == before + 1  # the sequence stood behind the loaded rows
    assert row[1:] == (1, "someone.new@fastmail.com", True)
    assert value(connection, "SELECT updated_at = now() FROM users WHERE id = 1")


def test_rows_can_be_added(connection: psycopg.Connection[Row]) -> None:
    connection.execute(
        "INSERT INTO orders (order_number, user_id, status, currency, total, contact_email, ship_name, ship_street,"
        " ship_city, ship_country, placed_at, placed_local, time_zone)"
        " VALUES ('SO-NEW', 1, 'placed', 'USD', 1, 'a@b.c', 'n', 's', 'c', 'US', now(), now(), 'UTC')"
    )
    assert value(connection, "SELECT id = (SELECT count(*) FROM orders) FROM orders WHERE order_number = 'SO-NEW'")


def test_odd_text_arrives_as_written(connection: psycopg.Connection[Row]) -> None:
    assert value(connection, r"SELECT count(*) FROM users WHERE full_name = E'Tab\tTyper' AND bio LIKE E'%\r\n%'") == 1
    assert value(connection, r"SELECT count(*) FROM users WHERE bio = '\N'") == 1
    assert value(connection, r"SELECT count(*) FROM support_tickets WHERE body LIKE E'%\n\\\\.\n%'") != 0
    assert value(connection, "SELECT count(*) FROM users WHERE preferences -> 'devices' -> 0 ? 'last_ip'") != 0


def test_a_database_with_tables_is_refused_and_left_alone(shop: tuple[Dsn, SampleSummary]) -> None:
    with pytest.raises(RefusedError, match="not empty"):
        create_sample(shop[0], scale=SCALE)
    with connect(shop[0]) as connection:
        assert value(connection, "SELECT count(*) FROM users") == shop[1].tables["users"]


def test_command_line_fills_a_database(database: Dsn, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dsn", database.secret(), "--scale", "0.02", "--seed", "7"]) == 0
    assert "users" in capsys.readouterr().out
    assert main(["--dsn", database.secret(), "--scale", "0.02"]) == 1
    captured = capsys.readouterr()
    assert "not empty" in captured.err
    assert (database.password or "") not in captured.err


def test_rules_cover_and_fit_the_sample(examination: Examination) -> None:
    assert [str(problem) for problem in examination.problems] == []
    assert [str(warning) for warning in examination.warnings if warning.weak] == []


def test_rules_cover_and_fit_pagila(database: Dsn, server: EmbeddedServer) -> None:
    sample = ROOT.parent / "shared" / "samples" / "pagila.sql"
    if not sample.exists():
        pytest.skip("shared/samples/pagila.sql is not beside this checkout")
    subprocess.run(
        [server.bin_dir / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", sample, database.secret()],
        check=True,
        capture_output=True,
    )
    found = examine(load_rules(ROOT / "tests" / "fixtures" / "pagila_rules" / "masking.yaml"), catalog_of(database))
    assert [str(problem) for problem in found.problems] == []
    assert [str(warning) for warning in found.warnings if warning.weak] == []


def test_kept_columns_hold_nobodys_data(connection: psycopg.Connection[Row], examination: Examination) -> None:
    """Searches every kept column for every customer's and employee's own values, the way a leak scan would."""
    secret_values: set[str] = set()
    for query in (
        "SELECT lower(email::text) FROM users",
        "SELECT lower(username) FROM users",
        "SELECT lower(full_name) FROM users",
        "SELECT phone FROM users",
        "SELECT DISTINCT lower(company) FROM users",
        "SELECT lower(email::text) FROM employees",
        "SELECT lower(first_name || ' ' || last_name) FROM employees",
        "SELECT phone FROM employees",
        "SELECT DISTINCT lower(street) FROM addresses",
        "SELECT DISTINCT replace(card_number, ' ', '') FROM payments",
        "SELECT DISTINCT lower(card_holder) FROM payments",
        "SELECT DISTINCT lower(email) FROM newsletter_subscribers",
        "SELECT DISTINCT lower(old_email) FROM audit_log",
        "SELECT host(last_login_ip) FROM users",
    ):
        secret_values |= _texts(connection, query)
    needles = sorted(each for each in secret_values if len(each) >= 5)
    assert len(needles) > 2_000
    kept = 0
    for table in examination.draft.catalog.storing_tables:
        if examination.draft.untouched(table.name):
            continue
        for column in table.stored_columns:
            transformer = examination.draft.transformer(table.name, column.name)
            if transformer is None or transformer.name != "keep" or column.category in "NDBT":
                continue
            kept += 1
            values = pl.Series(sorted(_column_texts(connection, table.name, column.name)), dtype=pl.String)
            hits = values.filter(values.str.to_lowercase().str.contains_any(needles))
            assert hits.to_list() == [], f"{table.name}.{column.name}"
            assert not values.str.contains(r"\S@\S").any(), f"{table.name}.{column.name}"
    assert kept > 20


def _texts(connection: psycopg.Connection[Row], query: str) -> set[str]:
    return {str(row[0]) for row in connection.execute(query) if row[0] is not None}  # type: ignore[arg-type]


def _column_texts(connection: psycopg.Connection[Row], table: TableName, column: str) -> set[str]:
    query = sql.SQL("SELECT DISTINCT {}::text FROM {}").format(
        sql.Identifier(column), sql.Identifier(table.schema, table.name)
    )
    return {str(row[0]) for row in connection.execute(query) if row[0] is not None}


def test_every_json_leaf_has_a_rule(connection: psycopg.Connection[Row]) -> None:
    """The rules list leaves one by one; the generator must not write another."""
    rules = load_rules(ROOT / "rules" / "masking.yaml")
    for table, column in (("users", "preferences"), ("audit_log", "changes"), ("products", "attributes")):
        listed = set(rules.tables[TableName("public", table)].columns[column].params["paths"])
        query = sql.SQL("SELECT {}::text FROM {} WHERE {} IS NOT NULL").format(
            *(sql.Identifier(name) for name in (column, table, column))
        )
        found: set[str] = set()
        for (document,) in connection.execute(query):
            found |= _leaves(json.loads(str(document)), "$")
        assert found <= listed, f"{table}.{column} has leaves without a rule"
        assert listed <= found, f"{table}.{column} never has these leaves"


def _leaves(part: object, path: str) -> set[str]:
    if isinstance(part, dict):
        return {leaf for key, inner in part.items() for leaf in _leaves(inner, f"{path}.{key}")}
    if isinstance(part, list):
        return {leaf for inner in part for leaf in _leaves(inner, f"{path}[*]")}
    return {path}
