"""What `rules check` reports, and the weak choices it points out."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from testdata_assets.masking.rules_check import check_rules


def test_the_report_has_the_designs_shape(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.users", "id int4", "phone varchar(20)"),
        make.table("public.new", "x text", "y int8"),
        make.table("public.bare"),
    )
    rules = make.rules("public.users: {id: emial, gone: keep}\npublic.lost: {mode: keep}")
    check = check_rules(rules, catalog)
    document = json.loads(json.dumps(check.as_json()))
    assert document["ok"] is check.ok is False
    assert [(each["table"], each["column"], each["type"]) for each in document["unclassified"]] == [
        ("public.bare", None, None),
        ("public.new", "x", "text"),
        ("public.new", "y", "bigint"),
        ("public.users", "phone", "character varying(20)"),
    ]
    assert [(each["table"], each["column"], each["line"]) for each in document["stale"]] == [
        ("public.lost", None, 4),
        ("public.users", "gone", 3),
    ]
    assert [(each["kind"], each["column"], each["line"]) for each in document["errors"]] == [
        ("unknown_transformer", "id", 3)
    ]
    assert all({"message", "remedy", "file", "position"} <= set(each) for each in document["errors"])
    assert len(check.problems) == 7


def test_sound_rules_are_ok(make: SimpleNamespace) -> None:
    check = check_rules(make.rules("public.t: {x: hash}"), make.catalog(make.table("public.t", "x text")))
    assert check.as_json() == {"ok": True, "unclassified": [], "stale": [], "errors": [], "warnings": []}


@pytest.mark.parametrize(
    ("column", "warns"),
    [
        ("email text", True),
        ("userEmail text", True),
        ("contact_phone varchar(20)", True),
        ("birth_date timestamptz", True),
        ("last_name text", True),
        ("ip_address text", True),
        ("notes text", True),
        ("notes varchar(20)", False),
        ("prefs jsonb", True),
        ("search tsvector", True),
        ("email_verified bool", False),
        ("phone mood", False),
        ("emails_sent int4", False),
        ("nickel text", False),
        ("shape text", False),
        ("id int4", False),
        ("plan text", False),
        ("country text", False),
    ],
)
def test_kept_columns_that_look_personal_are_pointed_out(make: SimpleNamespace, column: str, warns: bool) -> None:
    catalog = make.catalog(make.table("public.t", column))
    name = catalog.tables[0].columns[0].name
    check = check_rules(make.rules(f"public.t: {{{name}: keep}}"), catalog)
    assert check.ok
    assert [(each.table, each.column) for each in check.warnings] == ([("public.t", name)] if warns else [])
    if warns:
        assert check.warnings[0].mark is not None
        assert check.warnings[0].mark.line == 3
    masked = check_rules(make.rules(f"public.t: {{{name}: null}}"), catalog)
    assert masked.warnings == ()


def test_a_column_marked_as_pii_and_kept_is_pointed_out(make: SimpleNamespace) -> None:
    rules = make.rules("public.t: {x: {transform: keep, pii: nickname}}")
    check = check_rules(rules, make.catalog(make.table("public.t", "x int4")))
    assert "marked as nickname" in check.warnings[0].message


def test_unique_with_case_in_a_domain_without(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.a", "x citext"),
        make.table("public.b", "x text"),
        unique=(make.unique("public.b(x)", "b_x_key"),),
    )
    rules = make.rules("public.a: {x: {transform: hash, domain: d}}\npublic.b: {x: {transform: hash, domain: d}}")
    (warning,) = check_rules(rules, catalog).warnings
    assert (warning.table, warning.column) == ("public.b", "x")
    assert "ignores case" in warning.message
