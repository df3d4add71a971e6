"""A small masking of its own for these tests: an image cloned from a source and masked by UPDATE, with all evidence.

Validation must not depend on how masking works, so neither do its tests: evidence is gathered from the source
database itself, with stand-in transformers that only declare guarantees.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from psycopg import sql

from testdata_assets.masking import copy_text
from testdata_assets.masking.change_counts import ChangeCount
from testdata_assets.masking.fingerprint_collector import FingerprintCollector
from testdata_assets.masking.fingerprints import Fingerprints
from testdata_assets.masking.plan import ColumnPlan, MaskingPlan, TablePlan
from testdata_assets.masking.rule_models import ObjectsRule
from testdata_assets.masking.transformers.base import (
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import build
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.catalog import Catalog, Table
from testdata_assets.production.catalog_reader import read_catalog
from testdata_assets.production.profile import TableProfile, TableProfiler
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.report import ValidationReport
from testdata_assets.validation.rules import ValidationRules
from testdata_assets.validation.validate import validate_image


class _Declared(Transformer[Params]):
    """Says what it promises; of what it writes only NULL is ever asked for."""

    name = "declared"
    summary = "A stand-in."

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return pl.Series(values.name, [None] * len(values), dtype=pl.String)


class Keep(_Declared):
    name = "keep"
    guarantees = Guarantees(Uniqueness.INJECTIVE, Coincidence.UNCHANGED, preserves_length=True)


class Disjoint(_Declared):
    name = "disjoint"
    guarantees = Guarantees(Uniqueness.HASHED, Coincidence.DISJOINT)


class Prose(_Declared):
    name = "free_text"
    guarantees = Guarantees(Uniqueness.LOSSY, Coincidence.DISJOINT)


class MayCoincide(_Declared):
    name = "coincides"
    guarantees = Guarantees(Uniqueness.LOSSY, Coincidence.MAY_COINCIDE)


class Null(_Declared):
    name = "null"
    guarantees = Guarantees(Uniqueness.LOSSY, Coincidence.CONSTANT, nulls_stay_null=False)


Rule = type[_Declared] | Transformer[Any]
Rules = Mapping[str, Mapping[str, Rule] | str]
"""Table to columns that are masked, or to a mode; every other column is kept."""


@dataclass
class Evidence:
    """Everything `validate_image` wants, gathered before the image is made."""

    catalog: Catalog
    plan: MaskingPlan
    source_counts: dict[TableName, int]
    source_profiles: dict[TableName, TableProfile]
    fingerprints: Fingerprints
    change_counts: list[ChangeCount] = field(default_factory=list)

    def arguments(self) -> dict[str, Any]:
        return dict(vars(self))


def gather(source: Dsn, tools: PgTools, rules: Rules) -> Evidence:
    """Reads a source as a snapshot would."""
    reader = ImageReader(source, tools)
    with connect(source) as conn:
        catalog = read_catalog(conn)
    plan = MaskingPlan(
        tables=tuple(_table_plan(table, rules.get(str(table.rule_table), {})) for table in catalog.storing_tables),
        rules_digest="digest",
        key_id="key",
        objects=ObjectsRule(comments="keep"),
    )
    collector = FingerprintCollector(seed=7)
    evidence = Evidence(catalog, plan, {}, {}, collector.finish())
    with reader.connect() as conn:
        for table_plan in plan.tables:
            name = table_plan.table.name
            counts = reader.counts(conn, table_plan.table)
            evidence.source_counts[name] = counts.rows
            if table_plan.mode == "truncate" or not counts.rows:
                continue
            profiler = TableProfiler(table_plan.table, {column.column.name for column in table_plan.masked})
            profiler.add_counts(counts.rows, counts.nulls)
            for frame in reader.sample(table_plan.table, counts.rows, target=1 << 40):
                profiler.add(frame)
                for column in table_plan.masked:
                    _account(evidence, collector, name, column, frame)
            evidence.source_profiles[name] = profiler.finish()
    evidence.fingerprints = collector.finish()
    return evidence


def _table_plan(table: Table, rules: Mapping[str, Rule] | str) -> TablePlan:
    if rules == "truncate":
        return TablePlan(table, "truncate", ())
    assert not isinstance(rules, str)
    columns = tuple(
        ColumnPlan(
            column=column,
            transformer=_built(rules.get(column.name, Keep)),
            domain=column.name,
            pii=None,
            fold_case=False,
            inherited_from=None,
        )
        for column in table.stored_columns
    )
    return TablePlan(table, "mask" if rules else "keep", columns)


def _built(rule: Rule) -> Transformer[Any]:
    return rule if isinstance(rule, Transformer) else rule(Params())


def _account(
    evidence: Evidence, collector: FingerprintCollector, table: TableName, column: ColumnPlan, frame: pl.DataFrame
) -> None:
    values = copy_text.unescape(frame.get_column(column.column.name).drop_nulls())
    coincidence = column.guarantees.coincidence
    if coincidence is Coincidence.DISJOINT:
        collector.add(f"{table}.{column.column.name}", values)
    if coincidence is not Coincidence.CONSTANT and values.len():
        evidence.change_counts.append(ChangeCount(str(table), column.column.name, values.len(), values.len()))


# A shop in small: what validation looks at, once each. The first customers have names and addresses to plant.
SOURCE = """
CREATE EXTENSION citext;
CREATE TYPE status AS ENUM ('new', 'paid', 'shipped');
CREATE TABLE customers (
    customer_id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, email citext NOT NULL UNIQUE,
    full_name text, first_name text, phone text, street text, secret text, prefs jsonb, city text);
INSERT INTO customers (email, full_name, first_name, phone, street, secret, prefs, city)
SELECT 'person' || i || '@mail.net', 'Given' || chr(65 + i % 26) || ' Family' || md5(i::text), 'Given' || i,
       '+49 30 ' || 9000000 + i, i || ' Linden Road', 'secret' || i,
       jsonb_build_object('theme', 'dark', 'contact',
                          jsonb_build_object('email', 'person' || i || '@mail.net', 'phone', '+44 20 7946 0991')),
       (ARRAY['Berlin', 'Paris', 'Rome'])[1 + i % 3]
FROM generate_series(1, 400) AS i;
UPDATE customers SET full_name = 'Mary van Dyke', street = '47 Sakila Drive' WHERE customer_id = 1;
CREATE TABLE orders (
    order_id int PRIMARY KEY, customer_id int REFERENCES customers, email citext REFERENCES customers (email),
    amount numeric(10, 2), placed_at timestamptz, state status, note text, tags text[], shipped_at timestamptz);
INSERT INTO orders
SELECT i, 1 + (i * 7919) % 400, 'person' || 1 + (i * 7919) % 400 || '@mail.net',
       exp((i * 37 % 1000) / 250.0)::numeric(10, 2),
       timestamptz '2024-01-01' + i * interval '1 hour', (ARRAY['new', 'paid', 'shipped'])[1 + (i * 31) % 3]::status,
       'Leave it at door number ' || i % 50, ARRAY['tag' || i % 7, 'gift'],
       CASE WHEN i % 3 = 0 THEN timestamptz '2024-01-02' + i * interval '1 hour' END
FROM generate_series(1, 3000) AS i;
CREATE TABLE events (event_id bigint, at date, what text, PRIMARY KEY (event_id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
INSERT INTO events SELECT i, date '2024-01-01' + i % 60, 'click ' || i % 9 FROM generate_series(1, 600) AS i;
CREATE TABLE sessions (session_id int PRIMARY KEY, token text);
INSERT INTO sessions SELECT i, md5(i::text) FROM generate_series(1, 50) AS i;
CREATE TABLE shops (shop_id int PRIMARY KEY, shop_name text CONSTRAINT named CHECK (shop_name <> ''));
INSERT INTO shops VALUES (1, 'North'), (2, 'South');
CREATE VIEW paid AS SELECT order_id, amount FROM orders WHERE state = 'paid';
CREATE MATERIALIZED VIEW per_city AS SELECT city, count(*) AS people FROM customers GROUP BY city;
COMMENT ON TABLE orders IS 'one row an order';
"""

MASKING = """
UPDATE orders SET email = NULL;
UPDATE customers SET email = 'user' || customer_id || '@example.com', full_name = 'Zed Quux' || md5('k' || full_name),
    first_name = 'X' || first_name, phone = '+999 ' || 1000000 + customer_id,
    street = '9' || customer_id || ' Mask Lane', secret = NULL,
    prefs = jsonb_set(jsonb_set(prefs, '{contact,email}', to_jsonb('user' || customer_id || '@example.com')),
                      '{contact,phone}', '"+44 20 7946 0958"');
UPDATE orders SET email = 'user' || customer_id || '@example.com';
TRUNCATE sessions;
"""

RULES: Rules = {
    "public.customers": {
        "email": Disjoint,
        "full_name": Disjoint,
        "first_name": MayCoincide,
        "phone": Disjoint,
        "street": Disjoint,
        "secret": Null,
        "prefs": build(
            "json",
            {
                "paths": {
                    "$.**": "keep",
                    "$.contact.email": {"transform": "email", "domain": "customers.email"},
                    "$.contact.phone": {"transform": "phone", "domain": "customers.phone"},
                }
            },
        ),
    },
    "public.orders": {"email": Disjoint},
    "public.sessions": "truncate",
}

Validate = Callable[..., ValidationReport]


@pytest.fixture(scope="session")
def shop_tools(server: EmbeddedServer) -> PgTools:
    return PgTools(server.binaries.bin_dir, server.binaries.environment)


@pytest.fixture(scope="session")
def shop(server: EmbeddedServer, shop_tools: PgTools) -> Iterator[tuple[Dsn, Evidence]]:
    """The source with the evidence of its masking, and beside it a database `<name>_clean` that is masked."""
    name = f"shop_{secrets.token_hex(4)}"
    source = server.dsn(name)
    with connect(server.dsn()) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        with connect(source) as conn:
            conn.execute(SOURCE.encode())
        evidence = gather(source, shop_tools, RULES)
        clean = sql.Identifier(f"{name}_clean")
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(clean, sql.Identifier(name)))
        with connect(server.dsn(f"{name}_clean")) as conn:
            conn.execute(MASKING.encode())
        yield source, evidence
        for each in (sql.Identifier(name), clean):
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(each))


@pytest.fixture
def validate(server: EmbeddedServer, shop: tuple[Dsn, Evidence], shop_tools: PgTools) -> Iterator[Validate]:
    """Validates a copy of the clean image after some SQL was run on it."""
    source, evidence = shop
    made: list[str] = []

    def run(change: str = "", *, data_docs: Path | None = None, **others: Any) -> ValidationReport:
        name = f"image_{secrets.token_hex(4)}"
        with connect(server.dsn()) as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(f"{source.database}_clean")
                )
            )
        made.append(name)
        with connect(server.dsn(name)) as conn:
            conn.execute(change.encode())
        arguments = {**evidence.arguments(), "rules": ValidationRules(), **others}
        return validate_image(image_dsn=server.dsn(name), data_docs_dir=data_docs, tools=shop_tools, **arguments)

    yield run
    with connect(server.dsn()) as admin:
        for name in made:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def shop_evidence(shop: tuple[Dsn, Evidence]) -> Evidence:
    return shop[1]
