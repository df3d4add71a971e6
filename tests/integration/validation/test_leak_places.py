"""Production's values are found wherever a database can hold one, and the rows that hold them are named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from testdata_assets.validation.report import ValidationReport

Validate = Callable[..., ValidationReport]

NAME, STREET, EMAIL, PHONE = "Mary van Dyke", "47 Sakila Drive", "person5@mail.net", "+49 30 9000008"
# A table of one column of some type, one row of which holds a value of production.
PLACES = {
    "other punctuation": ("text", f"replace('{PHONE}', ' ', '.')"),
    "double zero": ("text", "'0049 30 9000008'"),
    "order of words": ("text", "'Dyke, Mary van'"),
    "blanks": ("text", "E'Mary\\u00a0van\\n Dyke'"),
    "URL": ("text", "'https://x.test/?to=person5%40mail.net&y=1'"),
    "json in text": ("text", f"'was ' || json_build_object('a', '{NAME}')"),
    "json in json": ("jsonb", f"jsonb_build_object('a', jsonb_build_object('b', '{EMAIL}')::text)"),
    "json key": ("jsonb", f"jsonb_build_object('{EMAIL}', 1)"),
    "json number": ("jsonb", "'{\"a\": [4930900000800, 49309000008]}'"),
    "json escapes": ("json", r"""'{"a": "\u0050ERSON5@mail.net"}'"""),
    "bigint": ("bigint", "49309000008"),
    "numeric": ("numeric", "49309000008"),
    "array of numbers": ("bigint[]", "'{1,49309000008}'"),
    "array of documents": ("jsonb[]", f"ARRAY[jsonb_build_object('a', '{STREET}')]"),
    "bytea": ("bytea", f"convert_to('for {NAME}', 'UTF8')"),
    "xml text": ("xml", f"xmlelement(name a, '{NAME}')"),
    "xml section": ("xml", f"'<a><![CDATA[{STREET}]]></a>'"),
    "tsvector": ("tsvector", f"to_tsvector('simple', 'to {NAME}')"),
}


@pytest.mark.parametrize(("kind", "value"), PLACES.values(), ids=PLACES.keys())
def test_a_value_is_found_in_a_column_of_any_type(validate: Validate, kind: str, value: str) -> None:
    report = validate(
        f"CREATE TABLE more (id int PRIMARY KEY, c {kind});"
        f"INSERT INTO more SELECT i, NULL FROM generate_series(1, 30) AS i; UPDATE more SET c = {value} WHERE id = 17"
    )
    findings = report.check("no_production_values").findings
    assert {(each.table, each.column_or_object) for each in findings} == {("public.more", "c")}
    assert {each.keys for each in findings} == {("17",)}
    assert {each.count for each in findings} == {1}


OBJECTS = {
    "name of a column": (f'CREATE TABLE more ("{EMAIL}" int)', "column_name"),
    "large object": (f"SELECT lo_from_bytea(4711, convert_to('to {NAME}', 'UTF8'))", "large_object"),
    "large object that is no text": ("SELECT lo_from_bytea(4711, '\\xff00ff')", None),
    "predicate of an index": (f"CREATE INDEX more ON orders (note) WHERE note <> '{EMAIL}'", "index"),
    "statistics": (f"CREATE STATISTICS more ON (note = '{STREET}'), state FROM orders", "statistics"),
    "body of a function": (
        f"CREATE FUNCTION more() RETURNS int LANGUAGE sql AS $$ /* for {NAME} */ SELECT 1 $$",
        "function",
    ),
}


@pytest.mark.parametrize(("change", "kind"), OBJECTS.values(), ids=OBJECTS.keys())
def test_a_value_is_found_in_any_object(validate: Validate, change: str, kind: str | None) -> None:
    findings = validate(change).check("no_production_values").findings
    assert {each.table for each in findings} == ({kind} if kind else set())


def test_rows_are_named_by_masked_keys_or_by_where_they_are(validate: Validate) -> None:
    report = validate(
        f"UPDATE orders SET note = 'for {NAME}' WHERE order_id % 500 = 7;"
        "CREATE TABLE without (c text); INSERT INTO without VALUES ('x'), ('47 Sakila Drive');"
        "CREATE TABLE by_text (k text PRIMARY KEY, c text); INSERT INTO by_text VALUES ('Jo', '47 Sakila Drive');"
        "UPDATE customers SET prefs = jsonb_set(prefs, '{contact,email}', '\"person9@mail.net\"') WHERE customer_id = 9"
    )
    keys = {(each.table, each.column_or_object): each.keys for each in report.check("no_production_values").findings}
    rows = keys.pop(("public.orders", "note"))  # five of them, in whatever order they lie
    assert len(set(rows)) == 5
    assert all(int(row) % 500 == 7 for row in rows)
    assert keys == {
        ("public.without", "c"): ("ctid (0,2)",),
        ("public.by_text", "c"): ("ctid (0,1)",),
        ("public.customers", "prefs"): ("9",),
    }
    shown = report.as_json()["checks"][0]["findings"]
    assert {rows[0], "9", "ctid (0,1)"} <= {key for each in shown for key in each["keys"]}


def test_numbers_that_match_by_chance_are_no_findings(validate: Validate) -> None:
    """A column of ids so dense that some must be somebody's phone number."""
    dense = "CREATE TABLE dense (id bigint); INSERT INTO dense SELECT i FROM generate_series({}, {}) AS i"
    assert validate(dense.format(1_000_000, 1_030_000)).check("no_production_values").passed
    report = validate(dense.format(1, 30_000) + "; INSERT INTO dense VALUES (49309000008)")
    assert [each.count for each in report.check("no_production_values").findings] == [1]
