"""`testdata rules init` on a real server: what CHECK constraints and neighbouring columns say decides on the masks."""

from __future__ import annotations

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName
from tests.integration.masking.test_rules_init import drafted

CHECKED = """
CREATE DOMAIN mrn AS text CHECK (VALUE ~ '^MRN-[0-9]{6}$');
CREATE FUNCTION fits(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 <> $1';
CREATE TABLE patients (
    mrn mrn PRIMARY KEY, full_name text NOT NULL, cvv smallint CHECK (cvv BETWEEN 0 AND 999),
    card_number text CHECK (card_number ~ '^[0-9]{16}$'), born date, died date, work_email text,
    CHECK (died >= born), CHECK (work_email LIKE '%@clinic.example'), CHECK (fits(work_email) OR true)
);
INSERT INTO patients SELECT 'MRN-' || 100000 + 7919 * n % 900000, 'Martha Sample', n * 7 % 1000,
    4000000000000000 + n * 9973, date '1950-01-01' + n, date '2020-01-01' + n,
    'm' || n || '@clinic.example' FROM generate_series(1, 200) n;
CREATE TABLE visits (mrn mrn REFERENCES patients, reason text);
"""


def test_masks_that_a_check_refuses_give_way_to_others(database: Dsn) -> None:
    with connect(database) as conn:
        conn.execute(CHECKED)
    found = drafted(database, set())
    patients = found.rules.tables[TableName("public", "patients")].columns
    assert (patients["mrn"].transform, patients["mrn"].params) == ("scramble", {"keep_start": 4})
    assert patients["cvv"].transform == "integer_permute"
    assert patients["card_number"].transform == "credit_card"
    assert patients["work_email"].transform == "null"
    assert patients["died"].transform == "birth_date"


BESIDE = """
CREATE EXTENSION ltree;
CREATE TABLE firms (id uuid PRIMARY KEY, domain text UNIQUE, settings jsonb, team ltree, contact_name text);
INSERT INTO firms SELECT gen_random_uuid(), 'corp' || n || '.io', jsonb_build_object('smtp', jsonb_build_object('host',
    'smtp.corp' || n || '.io'), 'logo', 'https://cdn.corp' || n || '.io/logo.png', 'Plan type', 'free'),
    ('org.sales.' || lower(surname))::ltree, 'Martha ' || surname
    FROM generate_series(1, 60) n, LATERAL (SELECT (ARRAY['Okafor', 'Nguyen', 'Schmidt', 'Garcia', 'Rossi', 'Novak',
    'Silva', 'Haddad', 'Larsen', 'Petrov'])[1 + n % 10] AS surname) AS named;
CREATE TABLE settings (k text PRIMARY KEY, v text);
INSERT INTO settings SELECT 'seen_' || n, '2024-01-01' FROM generate_series(1, 300) n;
INSERT INTO settings VALUES ('smtp_password', 'hunter2');
CREATE TABLE things (k text PRIMARY KEY, v text);
INSERT INTO things SELECT 'size_' || n, 'large' FROM generate_series(1, 60) n;
CREATE TABLE person (id int PRIMARY KEY, surname text, iban text, cv oid, gender text NOT NULL);
CREATE TABLE guests (id int PRIMARY KEY, full_name text, gender text NOT NULL, anrede text);
INSERT INTO guests SELECT n, 'Martha Sample', CASE WHEN n % 2 = 0 THEN 'M' ELSE 'F' END,
    CASE WHEN n % 2 = 0 THEN 'Herr' ELSE 'Frau' END FROM generate_series(1, 60) n;
CREATE TABLE worker (salary_range int4range, PRIMARY KEY (id)) INHERITS (person);
INSERT INTO worker SELECT n, 'Family' || n, 'DE' || lpad((n * 7919)::text, 20, '0'), lo_from_bytea(0, 'x'), 'm',
    int4range(n, n + 9) FROM generate_series(1, 200) n;
CREATE TABLE payouts (iban text);
INSERT INTO payouts SELECT regexp_replace(iban, '(....)', '\\1 ', 'g') FROM worker;
CREATE TABLE patients (clinic int, no int, religion text NOT NULL, PRIMARY KEY (clinic, no));
INSERT INTO patients SELECT n % 3, n, 'none' FROM generate_series(1, 60) n;
CREATE TABLE customers (customer_no int PRIMARY KEY, full_name text);
INSERT INTO customers SELECT 40000 + n * 7, 'Martha Sample' FROM generate_series(1, 60) n;
CREATE TABLE invoices (customer_no int REFERENCES customers, body xml);
INSERT INTO invoices SELECT customer_no, ('<bill><customer no="' || customer_no || '"/></bill>')::xml FROM customers;
"""


def test_what_stands_beside_a_column_decides(database: Dsn) -> None:
    with connect(database) as conn:
        conn.execute(BESIDE)
        conn.execute("ANALYZE")
    found = drafted(database, set())
    tables = {str(name): table.columns for name, table in found.rules.tables.items()}
    firms = tables["public.firms"]
    assert firms["settings"].params["paths"] == {
        "$.smtp.host": {"transform": "scramble", "pii": "unknown", "domain": "firms.domain"},
        "$.logo": {"transform": "url", "pii": "url", "domain": "firms.settings.logo"},
        "$['Plan type']": "keep",
        "$.**": "scramble",
    }
    assert firms["team"].transform == "null"
    assert tables["public.settings"]["v"].transform == "scramble"
    assert tables["public.things"]["v"].transform == "keep"
    person = tables["public.person"]
    assert person["cv"].transform == "large_object"
    assert person["iban"].domain == tables["public.payouts"]["iban"].domain
    assert tables["public.guests"]["gender"].transform == "shuffle"
    assert tables["public.guests"]["anrede"].transform == "gender_title"
    assert tables["public.worker"]["salary_range"].transform == "null"
    religion = tables["public.patients"]["religion"]
    assert (religion.transform, religion.params) == ("shuffle", {"by": ["clinic", "no"], "alone": "keep"})
    number = tables["public.invoices"]["body"].params["paths"]["/bill/customer/@no"]
    customer = tables["public.customers"]["customer_no"]
    assert (number["transform"], number["domain"]) == (customer.transform, customer.domain)
    assert customer.transform == "integer_permute"
