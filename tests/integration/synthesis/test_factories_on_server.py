"""Factories against real schemas: which tables take their rows, what refuses, and that nothing stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from testdata_assets.errors import UsageFault
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.tools import PgTools
from testdata_assets.synthesis.factories import derive_factories
from testdata_assets.synthesis.factory_check import FactoryResult, verify_factories
from testdata_assets.synthesis.factory_schema import read_facts
from testdata_assets.synthesis.sample_shop import create_sample
from tests.sources import catalog_of, contents, fill

TRAPS = Path(__file__).resolve().parents[2] / "fixtures" / "traps.sql"

REFUSING = """
CREATE TABLE plain (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, self int REFERENCES plain, v text NOT NULL);
CREATE TABLE strict (id int PRIMARY KEY, secret text, CONSTRAINT never_true CHECK (length(secret) < 0));
CREATE TABLE needs_strict (strict_id int NOT NULL REFERENCES strict);
CREATE TABLE may_need_strict (strict_id int REFERENCES strict);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not %', NEW.v; END $$;
CREATE TABLE guarded (v text);
CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TABLE swallowing (v text);
CREATE TRIGGER swallow BEFORE INSERT ON swallowing FOR EACH ROW EXECUTE FUNCTION drop_row();
CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
CREATE TABLE colours (c colour PRIMARY KEY);
CREATE TABLE painted (colour colour REFERENCES colours UNIQUE, plain_id int NOT NULL REFERENCES plain,
                      size text NOT NULL CHECK (size IN ('s', 'm', 'it''s large')), PRIMARY KEY (plain_id));
CREATE TABLE yin (id int PRIMARY KEY, yang int NOT NULL);
CREATE TABLE yang (id int PRIMARY KEY, yin int NOT NULL REFERENCES yin DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE yin ADD CONSTRAINT yin_needs_yang FOREIGN KEY (yang) REFERENCES yang DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE monthly (id bigint, at date NOT NULL, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE monthly_1 PARTITION OF monthly FOR VALUES FROM ('2019-03-01') TO ('2019-04-01');
CREATE TABLE own_row (id int PRIMARY KEY, boss int NOT NULL REFERENCES own_row);
CREATE TABLE booking (room int4range NOT NULL, EXCLUDE USING gist (room WITH &&));
"""


def by_table(results: list[FactoryResult]) -> dict[str, FactoryResult]:
    return {str(result.table).removeprefix("public."): result for result in results}


def refused(results: list[FactoryResult]) -> dict[str, str | None]:
    return {name: result.reason for name, result in by_table(results).items() if not result.verified}


def test_the_traps_take_fabricated_rows_and_keep_none(database: Dsn, server: EmbeddedServer) -> None:
    fill(PgTools(server.bin_dir), database, TRAPS)
    catalog = catalog_of(database)
    before = contents(database, catalog)
    results = verify_factories(database, catalog)
    assert refused(results) == {"audited": "SQLSTATE 23514, constraint not_checked"}
    found = by_table(results)
    roots = {str(table.name) for table in catalog.tables if not table.is_partition}
    assert {str(result.table) for result in results} == roots
    assert all(result.rows == 5 for result in results if result.verified)
    assert found['"Sales Dept"."Order ""Ünits"""'].verified
    assert contents(database, catalog) == before


def test_all_of_the_sample_shop_verifies_but_a_check_across_columns(database: Dsn) -> None:
    create_sample(database, scale=0.01)
    catalog = catalog_of(database)
    before = contents(database, catalog)
    results = verify_factories(database, catalog)
    assert refused(results) == {
        "payments": "SQLSTATE 23514, table public.payments_before_2025, constraint payments_partial_is_partial"
    }
    assert sum(result.verified for result in results) == 15
    assert contents(database, catalog) == before


def test_who_refuses_is_named_and_no_value_is(database: Dsn) -> None:
    with connect(database) as conn:
        conn.execute(REFUSING)
    catalog = catalog_of(database)
    results = verify_factories(database, catalog)
    assert refused(results) == {
        "strict": "SQLSTATE 23514, constraint never_true",
        "needs_strict": "foreign key needs_strict_strict_id_fkey needs rows of public.strict, which was not verified",
        "guarded": "SQLSTATE P0001",
        "swallowing": "5 rows vanished in a trigger or rule",
        "yang": "foreign key yang_yin_fkey closes a cycle and may not be NULL",
        "yin": "foreign key yin_needs_yang needs rows of public.yang, which was not verified",
    }
    rows = {name: result.rows for name, result in by_table(results).items()}
    assert (rows["colours"], rows["painted"], rows["plain"], rows["strict"]) == (3, 3, 5, 0)
    assert all(not lines for lines in contents(database, catalog).values())


def test_equal_seeds_fabricate_equal_rows_and_others_do_not(database: Dsn, server: EmbeddedServer) -> None:
    fill(PgTools(server.bin_dir), database, TRAPS)
    catalog = catalog_of(database)
    with connect(database) as conn:
        facts = read_facts(conn)

    def rows(seed: int) -> dict[TableName, object]:
        return {factory.table: factory.build(7) for factory in derive_factories(catalog, facts, seed=seed)}

    assert rows(1) == rows(1)
    assert rows(1) != rows(2)


def test_no_rows_are_no_verification(database: Dsn) -> None:
    with pytest.raises(UsageFault, match="say nothing"):
        verify_factories(database, catalog_of(database), 0)
