"""A clean image passes; each kind of fault planted in it is found by its check, and named without its value."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from testdata_assets.masking.change_counts import ChangeCount
from testdata_assets.validation.report import ValidationReport
from testdata_assets.validation.rules import CHECK_NAMES, AcceptedFinding, DriftLimits, ValidationRules

Validate = Callable[..., ValidationReport]


def failed(report: ValidationReport) -> set[str]:
    return {check.name for check in report.checks if not check.passed}


def places(report: ValidationReport, check: str) -> set[tuple[str, str]]:
    return {(finding.table, finding.column_or_object) for finding in report.check(check).findings}


def test_a_clean_image_passes_every_check(validate: Validate, tmp_path: Path) -> None:
    report = validate(data_docs=tmp_path / "docs")
    assert [check.name for check in report.checks] == list(CHECK_NAMES)
    assert failed(report) == set(), [check.findings for check in report.checks]
    assert report.passed
    assert report.data_docs is not None
    assert Path(report.data_docs).read_text().startswith("<!DOCTYPE html>")
    picture = report.pictures["worst_drift"]()
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
    document = json.dumps(report.as_json())
    assert json.loads(document)["passed"] is True
    assert "Sakila Drive" not in document
    assert all(check.details["measured"] for check in report.checks)
    assert {str(name) for name in report.image_profiles} >= {"public.customers", "public.orders", "public.events_1"}


LEAKS = {
    "e-mail inside a JSON leaf": (
        """UPDATE customers SET prefs = '{"a": {"b": ["x", "person9@mail.net"]}}' WHERE customer_id = 3""",
        ("public.customers", "prefs"),
    ),
    "e-mail in other case inside prose": (
        "UPDATE orders SET note = 'mailed to PERSON7@MAIL.NET, twice' WHERE order_id = 7",
        ("public.orders", "note"),
    ),
    "full name inside prose": (
        "UPDATE orders SET note = 'call Mary van Dyke before noon' WHERE order_id = 7",
        ("public.orders", "note"),
    ),
    "street inside prose": (
        "UPDATE orders SET note = 'bring it to 47 Sakila Drive, please' WHERE order_id = 7",
        ("public.orders", "note"),
    ),
    "phone inside prose": (
        "UPDATE orders SET note = 'ring (+49 30 9000008)!' WHERE order_id = 7",
        ("public.orders", "note"),
    ),
    "one row left raw": (
        "UPDATE customers SET street = '8 Linden Road' WHERE customer_id = 8",
        ("public.customers", "street"),
    ),
    "raw value in another masked column": (
        "UPDATE customers SET full_name = '+49 30 9000012' WHERE customer_id = 8",
        ("public.customers", "full_name"),
    ),
    "array element": (
        "UPDATE orders SET tags = ARRAY['gift', 'Mary van Dyke'] WHERE order_id = 7",
        ("public.orders", "tags"),
    ),
    "name in a comment": (
        "COMMENT ON COLUMN orders.note IS 'as Mary van Dyke wished'",
        ("comment", "column note of table public.orders"),
    ),
    "e-mail in a default": (
        "ALTER TABLE orders ALTER note SET DEFAULT 'person5@mail.net'",
        ("default", "public.orders.note"),
    ),
    "street in an enum label": ("ALTER TYPE status ADD VALUE '47 Sakila Drive'", ("enum_label", "public.status")),
    "e-mail in a view": (
        "CREATE OR REPLACE VIEW paid AS SELECT order_id, amount FROM orders WHERE email = 'person5@mail.net'",
        ("view", "public.paid"),
    ),
    "value in a new column": (
        "ALTER TABLE shops ADD COLUMN owner text; UPDATE shops SET owner = 'Mary van Dyke'",
        ("public.shops", "owner"),
    ),
    "stale materialized view": (
        "ALTER TABLE customers ADD COLUMN was text; UPDATE customers SET was = '47 Sakila Drive' WHERE city = 'Rome';"
        "CREATE MATERIALIZED VIEW old AS SELECT was FROM customers; ALTER MATERIALIZED VIEW old RENAME TO older;"
        "UPDATE customers SET was = NULL",
        ("public.older", "was"),
    ),
    "not null as promised": (
        "UPDATE customers SET secret = 'something' WHERE customer_id = 5",
        ("public.customers", "secret"),
    ),
}


@pytest.mark.parametrize(("change", "place"), LEAKS.values(), ids=LEAKS.keys())
def test_a_planted_leak_is_found(validate: Validate, change: str, place: tuple[str, str]) -> None:
    report = validate(change)
    assert "no_production_values" in failed(report)
    assert places(report, "no_production_values") == {place}
    shown = json.dumps(report.as_json()) + "".join(check.summary for check in report.checks)
    for value in ("Mary van Dyke", "47 Sakila Drive", "person5@", "person9@", "PERSON7@", "9000008"):
        assert value not in shown


PATTERNS = {
    "email": "write to somebody@company.org",
    "phone": "ring +44 20 7946 0958 now",
    "card": "paid with 4111-1111-1111-1111",
}


@pytest.mark.parametrize(("kind", "text"), PATTERNS.items())
def test_patterns_in_kept_text_are_found(validate: Validate, kind: str, text: str) -> None:
    report = validate(f"UPDATE orders SET note = '{text}' WHERE order_id = 11")
    assert failed(report) == {"no_pii_patterns"}
    findings = report.check("no_pii_patterns").findings
    assert [(each.table, each.column_or_object, each.kind, each.count) for each in findings] == [
        ("public.orders", "note", kind, 1)
    ]


def test_patterns_in_kept_json_leaves_are_found_and_in_masked_ones_not(validate: Validate) -> None:
    """Masked phones in the clean image are valid numbers; the same number in a kept leaf is a finding."""
    change = (
        """UPDATE customers SET prefs = jsonb_set(prefs, '{note}', '"ring +44 20 7946 0958"') WHERE customer_id = 9"""
    )
    report = validate(change)
    assert failed(report) == {"no_pii_patterns"}
    assert [(each.column_or_object, each.kind) for each in report.check("no_pii_patterns").findings] == [
        ("prefs", "phone")
    ]


def test_masked_and_reserved_addresses_are_no_patterns(validate: Validate) -> None:
    report = validate("UPDATE orders SET note = 'write to a.b@sub.example.org' WHERE order_id = 11")
    assert report.passed


DRIFTS = {
    "scaled": ("UPDATE orders SET amount = amount * 1.2", ("public.orders", "amount")),
    "five points more nulls": (
        "UPDATE orders SET note = NULL WHERE order_id % 20 = 0",
        ("public.orders", "note"),
    ),
    "nulls in a masked column": (
        "UPDATE customers SET phone = NULL WHERE customer_id % 20 = 0",
        ("public.customers", "phone"),
    ),
    "a category dropped": ("UPDATE orders SET state = 'new' WHERE state = 'paid'", ("public.orders", "state")),
    "masked values made equal": (
        "UPDATE customers SET street = '9 Same Lane' WHERE customer_id % 10 = 0",
        ("public.customers", "street"),
    ),
    "shuffled": (
        "UPDATE orders SET placed_at = timestamptz '2024-01-01' + (1 + order_id * 1013 % 3000) * interval '1 hour'",
        ("public.orders", "order_id ~ placed_at"),
    ),
}


@pytest.mark.parametrize(("change", "place"), DRIFTS.values(), ids=DRIFTS.keys())
def test_drift_is_found(validate: Validate, change: str, place: tuple[str, str]) -> None:
    report = validate(change)
    assert failed(report) == {"distribution_drift"}
    assert place in places(report, "distribution_drift")
    assert report.drift_table[0]["drifted"]


def test_a_table_without_a_source_profile_fails(validate: Validate, shop_evidence: Any) -> None:
    profiles = {name: each for name, each in shop_evidence.source_profiles.items() if str(name) != "public.orders"}
    report = validate(source_profiles=profiles)
    assert places(report, "distribution_drift") == {("public.orders", "*")}


def test_swapped_columns_are_found(validate: Validate) -> None:
    report = validate("UPDATE orders SET note = tags[1], tags = ARRAY[note, 'gift']")
    assert failed(report) == {"distribution_drift"}
    assert {("public.orders", "note"), ("public.orders", "tags")} <= places(report, "distribution_drift")


def test_orphans_are_found_even_under_a_key_that_is_not_validated(validate: Validate) -> None:
    report = validate(
        "ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey;"
        "UPDATE orders SET customer_id = 9000 + order_id WHERE order_id IN (5, 6);"
        "ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey"
        " FOREIGN KEY (customer_id) REFERENCES customers NOT VALID"
    )
    findings = report.check("referential_integrity").findings
    assert {(each.kind, each.count) for each in findings} == {
        ("orphaned rows", 2),
        ("foreign key not validated", 1),
    }
    assert {each.column_or_object for each in findings} == {"orders_customer_id_fkey"}


def test_orphans_that_production_has_too_are_told_but_pass(validate: Validate, shop_evidence: Any) -> None:
    catalog = shop_evidence.catalog
    keys = tuple(
        replace(each, validated=False) if each.name == "orders_customer_id_fkey" else each
        for each in catalog.foreign_keys
    )
    change = (
        "ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey;"
        "UPDATE orders SET customer_id = 9000 + order_id WHERE order_id IN (5, 6);"
        "ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey"
        " FOREIGN KEY (customer_id) REFERENCES customers NOT VALID"
    )
    check = validate(change, catalog=replace(catalog, foreign_keys=keys)).check("referential_integrity")
    assert check.passed, check.findings
    told = check.details["orphans_under_keys_production_never_validated"]
    assert told == {"public.orders.orders_customer_id_fkey": 2}


def test_a_missing_foreign_key_is_found(validate: Validate) -> None:
    report = validate("ALTER TABLE orders DROP CONSTRAINT orders_email_fkey")
    assert failed(report) == {"referential_integrity", "schema_matches"}


def test_missing_and_extra_rows_are_found(validate: Validate) -> None:
    report = validate("DELETE FROM events WHERE event_id = 5; INSERT INTO sessions VALUES (1, 'x')")
    findings = {(each.table, each.kind, each.count) for each in report.check("row_counts").findings}
    assert findings == {("public.events_1", "missing rows", 1), ("public.sessions", "rows too many", 1)}


SCHEMA = {
    "new column": ("ALTER TABLE shops ADD COLUMN extra int", "public.shops.extra"),
    "other type": ("ALTER TABLE shops ALTER shop_name TYPE varchar(50)", "public.shops.shop_name"),
    "nullable": ("ALTER TABLE customers ALTER email DROP NOT NULL", "public.customers.email"),
    "lost index": (
        "ALTER TABLE shops DROP CONSTRAINT shops_pkey",
        "public.shops.shops_pkey",
    ),
    "new table": ("CREATE TABLE extra (i int)", "public.extra"),
    "lost view": ("DROP VIEW paid", "public.paid"),
    "view not filled": ("REFRESH MATERIALIZED VIEW per_city WITH NO DATA", "public.per_city"),
    "sequence behind": (
        "SELECT setval('customers_customer_id_seq', 399)",
        "public.customers_customer_id_seq",
    ),
    "sequence behind a default": (
        "CREATE SEQUENCE loose; ALTER TABLE shops ALTER shop_id SET DEFAULT nextval('loose')",
        "public.loose",
    ),
    "check not validated": (
        "ALTER TABLE shops DROP CONSTRAINT named;"
        "ALTER TABLE shops ADD CONSTRAINT named CHECK (shop_name <> '') NOT VALID",
        "check public.shops.named",
    ),
    "no uniqueness": (
        "ALTER TABLE customers DROP CONSTRAINT customers_email_key CASCADE",
        "public.customers.customers_email_key",
    ),
    "right of another role": ("GRANT SELECT ON customers TO pg_monitor", "relation public.customers"),
    "right on a column": ("GRANT UPDATE (city) ON customers TO pg_monitor", "column public.customers.city"),
    "rights of everybody": ("GRANT SELECT ON paid TO PUBLIC", "relation public.paid"),
    "rights to come": (
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor",
        "default privileges of the database",
    ),
    "other owner": ("ALTER TABLE shops OWNER TO pg_monitor", "relation public.shops"),
    "publication": ("CREATE PUBLICATION all_of_it FOR TABLE shops", "all_of_it"),
    "foreign server": (
        "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER elsewhere FOREIGN DATA WRAPPER far;"
        "CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (password 'x')",
        "elsewhere",
    ),
    "index not valid": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shops_pkey'::regclass",
        "public.shops_pkey",
    ),
}


@pytest.mark.parametrize(("change", "object_"), SCHEMA.values(), ids=SCHEMA.keys())
def test_a_different_schema_is_found(validate: Validate, change: str, object_: str) -> None:
    report = validate(change)
    assert "schema_matches" in failed(report)
    assert object_ in {each.column_or_object for each in report.check("schema_matches").findings}


def test_a_view_that_cannot_be_planned_is_found(validate: Validate) -> None:
    report = validate(
        "CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';"
        "CREATE OR REPLACE VIEW paid AS SELECT order_id, (amount * one())::numeric(10, 2) AS amount FROM orders;"
        "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1 / 0; END'"
    )
    found = [each for each in report.check("schema_matches").findings if "not selectable" in each.kind]
    assert [(each.column_or_object, each.kind) for each in found] == [
        ("public.paid", "view not selectable (SQLSTATE 22012)")
    ]


def test_masked_columns_must_have_changed(validate: Validate, shop_evidence: Any) -> None:
    """Whether their masks may coincide with real values or not."""
    for column in ("first_name", "street"):

        def with_changes(changed: int | None, column: str = column) -> list[ChangeCount]:
            others = [each for each in shop_evidence.change_counts if each.column != column]
            return others if changed is None else [*others, ChangeCount("public.customers", column, 400, changed)]

        assert validate(change_counts=with_changes(399)).passed
        report = validate(change_counts=with_changes(380))
        assert places(report, "no_production_values") == {("public.customers", column)}
        assert report.check("no_production_values").findings[0].count == 20
        report = validate(change_counts=with_changes(None))
        assert [each.kind for each in report.check("no_production_values").findings] == ["changes not counted"]


def test_documents_none_of_which_changed_are_tried(validate: Validate, shop_evidence: Any) -> None:
    """Their masking may have been skipped, or there was nothing to mask in them: the rule itself tells."""
    others = [each for each in shop_evidence.change_counts if each.column != "prefs"]
    unchanged = [*others, ChangeCount("public.customers", "prefs", 400, 0)]
    report = validate(change_counts=unchanged)
    assert [(each.column_or_object, each.kind) for each in report.check("no_production_values").findings] == [
        ("prefs", "unchanged values")
    ]
    report = validate("UPDATE customers SET prefs = prefs - 'contact'", change_counts=unchanged)
    assert report.check("no_production_values").passed


def test_an_accepted_finding_passes_until_it_expires(validate: Validate) -> None:
    change = "UPDATE orders SET note = 'write to somebody@company.org' WHERE order_id = 11"
    accepted = AcceptedFinding(
        check="no_pii_patterns",
        table="public.orders",
        column="note",
        kind="email",
        reason="our own published address",
        expires=date(2030, 1, 31),
    )
    rules = ValidationRules(accepted=(accepted,))
    report = validate(change, rules=rules, today=date(2030, 1, 31))
    assert report.passed
    assert report.check("no_pii_patterns").details["accepted"][0]["kind"] == "email"
    report = validate(change, rules=rules, today=date(2030, 2, 1))
    assert failed(report) == {"no_pii_patterns"}
    assert report.check("no_pii_patterns").details["expired_acceptances"]


def test_limits_come_from_the_rules(validate: Validate) -> None:
    change = "UPDATE orders SET note = NULL WHERE order_id % 20 = 0"
    assert validate(change, rules=ValidationRules(drift=DriftLimits(nulls=0.06))).passed


def test_masking_with_the_identity_is_found_in_every_column(validate: Validate) -> None:
    report = validate(
        "UPDATE orders SET email = NULL; UPDATE customers SET email = 'person' || customer_id || '@mail.net',"
        "phone = '+49 30 ' || 9000000 + customer_id, street = customer_id || ' Linden Road'"
    )
    found = places(report, "no_production_values")
    assert found == {("public.customers", name) for name in ("email", "phone", "street")}
    counts = {each.column_or_object: each.count for each in report.check("no_production_values").findings}
    assert counts == {"email": 400, "phone": 400, "street": 399}  # one street is another one in the source
