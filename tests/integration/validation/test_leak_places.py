"""Production's values are found wherever a database can hold one, and the rows that hold them are named."""

from __future__ import annotations

import json
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
    "national number": ("text", "'call (030) 900-0008'"),
    "no calling code": ("numeric", "309000008"),
    "full-width letters": ("text", "'\uff2d\uff21\uff32\uff39 van Dyke'"),
    "entities": ("text", "'for &#77;ary &#x76;an Dyk&#101;.'"),
    "entities in xml": ("xml", "'<a>&#77;ary &#x76;an Dyk&#101;</a>'"),
    "percent signs": ("text", "'/q?n=%4Dary+van+%44yke&x'"),
    "percent signs twice": ("text", "'/q?n=person5%2540mail.net'"),
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
    "tsquery": ("tsquery", f"phraseto_tsquery('simple', '{EMAIL}')"),
    "array of bytes": ("bytea[]", f"ARRAY['x', convert_to('for {NAME}', 'UTF8')]"),
    "double precision": ("float8", "49309000008"),
    "money": ("money", "49309000008"),
    "numeric with a scale": ("numeric(20, 4)", "49309000008"),
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
    "name of a table": (f'CREATE TABLE "{EMAIL}" (id int)', "table_name"),
    "name of an index": (f'CREATE INDEX "{EMAIL}" ON orders (note)', "index_name"),
    "name of a sequence": (f'CREATE SEQUENCE "{EMAIL}"', "sequence_name"),
    "name of a trigger": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';"
        f'CREATE TRIGGER "{EMAIL}" BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f()',
        "trigger_name",
    ),
    "name of a policy": (f'CREATE POLICY "{EMAIL}" ON orders USING (true)', "policy_name"),
    "name of a rule": (f'CREATE RULE "{EMAIL}" AS ON DELETE TO orders DO NOTHING', "rule_name"),
    "name of statistics": (f'CREATE STATISTICS "{EMAIL}" ON note, state FROM orders', "statistics_name"),
    "name of a collation": (f"CREATE COLLATION \"{EMAIL}\" (locale = 'C')", "collation_name"),
    "name of a dictionary": (
        f'CREATE TEXT SEARCH DICTIONARY "{EMAIL}" (TEMPLATE = simple)',
        "text_search_dictionary_name",
    ),
    "name of an argument": (
        f"""CREATE FUNCTION f("{EMAIL}" int) RETURNS int LANGUAGE sql AS 'SELECT 1'""",
        "argument_name",
    ),
    "comment on schema public": (f"COMMENT ON SCHEMA public IS 'of {NAME}'", "comment"),
    "comment on a large object": (
        f"SELECT lo_from_bytea(4712, ''); COMMENT ON LARGE OBJECT 4712 IS 'of {NAME}'",
        "comment_not_restored",
    ),
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
    report = validate(change)
    found = {each.table for each in report.check("no_production_values").findings}
    # What an object is called stands in the texts that define it, too.
    assert found - {"trigger", "rule", "policy", "function"} == ({kind} if kind else set()) or found == {kind}
    assert EMAIL not in str(report.as_json()) + str(report.drift_table) + str(report.stored_profile)


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


# Half a minute each: long values of one kind are enough for every day.
@pytest.mark.parametrize(
    "kind", [pytest.param("text", marks=pytest.mark.slow), "json", pytest.param("bytea", marks=pytest.mark.slow)]
)
def test_rows_of_values_of_many_megabytes_are_named(validate: Validate, kind: str) -> None:
    """Those are searched in portions, and located in the same."""
    value = {
        "text": "filler || '{}' || filler",
        "json": "json_build_object('a', filler || '{}', 'b', json_build_array(filler))",
        "bytea": "convert_to(filler || '{}' || filler, 'UTF8')",
    }[kind]
    clean, leak, long = value.format("nobody"), value.format(f"for {NAME} here"), "repeat('words of no use. ', 200000)"
    report = validate(
        f"CREATE TABLE more (id int PRIMARY KEY, c {kind});"
        f"INSERT INTO more SELECT i, {clean} FROM generate_series(1, 3) AS i, {long} AS filler;"
        f"INSERT INTO more SELECT 7, {leak} FROM {long} AS filler;"
        f"INSERT INTO more SELECT 8, {leak} FROM CAST('short ' AS text) AS filler"
    )
    findings = report.check("no_production_values").findings
    assert {(each.table, each.column_or_object) for each in findings} == {("public.more", "c")}
    assert {key for each in findings for key in each.keys} == {"7", "8"}
    assert {each.count for each in findings} == {2}


def test_numbers_that_match_by_chance_are_no_findings(validate: Validate) -> None:
    """A column of ids so dense that some must be somebody's phone number."""
    dense = "CREATE TABLE dense (id bigint); INSERT INTO dense SELECT i FROM generate_series({}, {}) AS i"
    assert validate(dense.format(1_000_000, 1_030_000)).check("no_production_values").passed
    report = validate(dense.format(1, 30_000) + "; INSERT INTO dense VALUES (49309000008)")
    assert [each.count for each in report.check("no_production_values").findings] == [1]


def test_names_that_are_leaks_are_told_by_their_places(validate: Validate) -> None:
    """Everywhere: also where tables are counted and schemas compared."""
    report = validate(
        f'CREATE TABLE "{EMAIL}" (id int, "{STREET}" text, fine text);'
        f"""INSERT INTO "{EMAIL}" VALUES (1, '{NAME}'); COMMENT ON COLUMN "{EMAIL}".fine IS '{NAME}'""",
    )
    found = {(each.table, each.column_or_object) for each in report.check("no_production_values").findings}
    assert ("table_name", "table 6 of public") in found
    table = "public.[table 6 of public]"
    assert found == {
        ("table_name", "table 6 of public"),
        ("column_name", f"column 2 of {table}"),
        (table, f"[column 2 of {table}]"),
        ("comment", f"column fine of table {table}"),
    }
    shown = json.dumps(report.as_json()) + repr(report.checks) + repr(report.drift_table) + repr(report.stored_profile)
    for name in (EMAIL, STREET, NAME):
        assert name not in shown
    assert not report.pictures


def test_a_generated_column_is_searched_too(validate: Validate) -> None:
    report = validate(
        "CREATE TABLE more (id int PRIMARY KEY, a text, b text, c text GENERATED ALWAYS AS (a || ' ' || b) STORED);"
        "INSERT INTO more SELECT i, 'x', 'y' FROM generate_series(1, 20) AS i; "
        "UPDATE more SET a = 'Mary van', b = 'Dyke' WHERE id = 17"
    )
    findings = report.check("no_production_values").findings
    assert {(each.table, each.column_or_object, each.keys) for each in findings} == {("public.more", "c", ("17",))}


PATTERNS = {
    "cards as numbers": (
        "CREATE TABLE payments (id int, pan bigint); INSERT INTO payments VALUES (1, 4111111111111111),"
        "(2, 5500000000000004), (3, 4012888888881881), (4, 6011111111111117)",
        ("public.payments", "pan", "card", 4),
    ),
    "public addresses": (
        "CREATE TABLE logins (id int, client inet); INSERT INTO logins VALUES (1, '8.8.8.8'), (2, '10.0.0.1')",
        ("public.logins", "client", "ip address", 1),
    ),
    "array of addresses": (
        "CREATE TABLE logins (id int, client inet[]); INSERT INTO logins VALUES (1, '{8.8.8.8,10.0.0.1}')",
        ("public.logins", "client", "ip address", 1),
    ),
    "large object": (
        "SELECT lo_from_bytea(4711, 'card 4111 1111 1111 1111')",
        ("large_object", "4711", "card", 1),
    ),
    "name of a table": ('CREATE TABLE "ann@corp.com" (id int)', ("table_name", "table 1 of public", "email", 1)),
}


@pytest.mark.parametrize(("change", "finding"), PATTERNS.values(), ids=PATTERNS.keys())
def test_a_pattern_is_found_anywhere(validate: Validate, change: str, finding: tuple[str, str, str, int]) -> None:
    report = validate(change)
    findings = report.check("no_pii_patterns").findings
    assert finding in {(each.table, each.column_or_object, each.kind, each.count) for each in findings}
    assert "ann@corp.com" not in str(report.as_json())
