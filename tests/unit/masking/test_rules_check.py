"""What `rules check` reports, and the weak choices it points out."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from testdata_assets.masking.plan import compile_plan
from testdata_assets.masking.rules import RulesError, parse_rules
from testdata_assets.masking.rules_check import check_rules, whole_refusal
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, CatalogText, Column, Table, UniqueIndex


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
    assert check.as_json() == {"ok": True, "unclassified": [], "stale": [], "errors": [], "weak": [], "warnings": []}


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
        ("notes varchar(79)", False),
        ("notes varchar(80)", True),
        ("title varchar(255)", False),
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
def test_kept_columns_that_look_personal_fail_the_check(make: SimpleNamespace, column: str, warns: bool) -> None:
    catalog = make.catalog(make.table("public.t", column))
    name = catalog.tables[0].columns[0].name
    check = check_rules(make.rules(f"public.t: {{{name}: keep}}"), catalog)
    assert check.ok is not warns
    assert check.problems == ()  # a refresh would run
    assert [(each.table, each.column) for each in check.weak] == ([("public.t", name)] if warns else [])
    if warns:
        (told,) = check.as_json()["weak"]
        assert (told["file"], told["line"]) == ("masking.yaml", 3)
        assert "reason" in told["remedy"]
    for rule in ("null", "{transform: keep, reason: a list of words}"):
        better = check_rules(make.rules(f"public.t: {{{name}: {rule}}}"), catalog)
        assert (better.ok, better.weak, better.warnings) == (True, (), ())


@pytest.mark.parametrize("column", ["prefs jsonb", "search tsvector"])
def test_kept_documents_are_pointed_out(make: SimpleNamespace, column: str) -> None:
    catalog = make.catalog(make.table("public.t", column))
    check = check_rules(make.rules(f"public.t: {{{column.split()[0]}: keep}}"), catalog)
    assert check.ok
    assert [(each.table, each.column) for each in check.warnings] == [("public.t", column.split()[0])]


def test_a_reason_says_something_and_changes_no_mask(make: SimpleNamespace) -> None:
    for reason in ("''", "'  '", "5"):
        with pytest.raises(RulesError):
            make.rules(f"public.t: {{notes: {{transform: keep, reason: {reason}}}}}")
    rules = make.rules("public.t: {x: {transform: keep, reason: a list of words}}")
    plan = compile_plan(rules, make.catalog(make.table("public.t", "x text")), b"k" * 32)
    assert plan.tables[0].columns[0].reason == "a list of words"


def test_a_column_marked_as_pii_and_kept_is_pointed_out(make: SimpleNamespace) -> None:
    rules = make.rules("public.t: {x: {transform: keep, pii: nickname}}")
    check = check_rules(rules, make.catalog(make.table("public.t", "x int4")))
    assert "marked as nickname" in check.weak[0].message


def test_unique_with_case_in_a_domain_without(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.a", "x citext"),
        make.table("public.b", "x text"),
        unique=(make.unique("public.b(x)", "b_x_key"),),
    )
    rules = make.rules("public.a: {x: {transform: hash, domain: d}}\npublic.b: {x: {transform: hash, domain: d}}")
    (problem,) = check_rules(rules, catalog).errors
    assert (problem.table, problem.column, problem.kind) == ("public.b", "x", "uniqueness")
    assert "domain d ignores case" in problem.message
    assert "lower(x)" in problem.remedy
    text = "public.a: {{x: {{transform: hash, domain: d}}}}\npublic.b: {{x: {}}}"
    for own in ("{transform: hash, domain: e}", "{transform: hash, domain: d, reason: all in lower case}"):
        assert check_rules(make.rules(text.format(own)), catalog).ok
    keyed = make.catalog(
        *catalog.tables, unique=(*catalog.unique_indexes, make.unique("public.b()", "b_low", expressions=("lower(x)",)))
    )
    assert check_rules(make.rules(text.format("{transform: hash, domain: d}")), keyed).ok
    partly = make.unique("public.b()", "b_low", expressions=("lower(x)",), lowered=("x",), predicate="(x IS NOT NULL)")
    partly_keyed = make.catalog(*catalog.tables, unique=(*catalog.unique_indexes, partly))
    assert not check_rules(make.rules(text.format("{transform: hash, domain: d}")), partly_keyed).ok


def test_a_template_over_a_column_that_knows_case_is_not_unique_without() -> None:
    def problems(code: str, *more: UniqueIndex) -> list[str]:
        columns = tuple(
            Column(each, kind, kind, "S", not_null=True, position=place)
            for place, (each, kind) in enumerate((("code", code), ("login", "text"), ("mail", "citext")), start=1)
        )
        name = TableName("public", "t")
        unique = (
            UniqueIndex("t_code", name, ("code",)),
            UniqueIndex("t_login", name, (), ("lower(login)",), ("login",)),
            UniqueIndex("t_mail", name, ("mail",)),
            *more,
        )
        catalog = Catalog(180000, "1", "shop", (Table(name, 1, "r", columns, name),), (), unique)
        template = "{transform: template, template: 'u_{code}@test.example'}"
        rules = parse_rules(f"version: 1\ntables: {{public.t: {{code: keep, login: {template}, mail: {template}}}}}")
        return sorted(str(each.column) for each in check_rules(rules, catalog).errors)

    assert problems("text") == ["login", "mail"]
    assert problems("citext") == []
    assert problems("text", UniqueIndex("t_low", TableName("public", "t"), (), ("lower(code)",), ("code",))) == []


def test_what_the_file_says_beside_its_mistakes_is_examined(make: SimpleNamespace) -> None:
    """A mistake is named once: nothing is called uncovered or stale because its rule could not be read."""
    text = """
        users: {id: keep}
        public.a: {x: {transform: hash, when: "("}, y: {transform: emial, when: "("}, gone: keep}
        public.b: {a_x: {when: keep}}
        public.c: {mode: trunc}
        public.d: {x: {transform: keep, when: "x = ", else: hash}, y: hsah}
        public.e: {x: {transform: 5}, y: nothing}
    """
    catalog = make.catalog(
        make.table("public.users", "id int4"),
        make.table("public.a", "x text", "y text"),
        make.table("public.b", "a_x text", "z text"),
        make.table("public.c", "x text", row_security=True),
        make.table("public.d", "x text", "y text", "z text"),
        make.table("public.e", "x text", "y text"),
        make.table("public.f", "e_x text"),
        keys=(make.key("public.f(e_x)", "public.e(x)"),),
    )
    with pytest.raises(RulesError) as caught:
        make.rules(text)
    mistaken = caught.value
    assert [(each.line, each.table, each.name) for each in mistaken.problems] == [
        (3, None, None), (4, "public.a", "x"), (4, "public.a", "y"), (5, "public.b", "a_x"), (6, "public.c", None),
        (7, "public.d", "x"), (8, "public.e", "x"),
    ]  # fmt: skip
    assert mistaken.rest is not None
    check = check_rules(mistaken.rest, catalog, mistaken.problems)
    assert [(each.table, each.column) for each in check.unclassified] == [
        ("public.b", "z"), ("public.d", "z"), ("public.f", "e_x")
    ]  # fmt: skip
    assert [(each.table, each.column) for each in check.stale] == [("public.a", "gone")]
    others = [each for each in check.errors if each.kind != "rules_file"]
    assert [(each.table, each.column, each.kind) for each in others] == [
        ("public.a", "y", "unknown_transformer"),
        ("public.d", "y", "unknown_transformer"),
        ("public.e", "y", "unknown_transformer"),
    ]
    whole = whole_refusal(mistaken, catalog)
    assert len(whole.reasons) == len(mistaken.problems) + 7
    assert whole.what.startswith("masking.yaml has 14 problems: ")
    assert whole.exit_status == 2


def test_sections_that_cannot_be_read_are_not_taken_for_missing(make: SimpleNamespace) -> None:
    text = """
version: 2
tables: {public.t: {x: hash}}
relationships: [{from: public.u.x, ot: public.t.x}]
objects: {comments: maybe}
"""
    catalog = make.catalog(
        make.table("public.t", "x text"), make.table("public.u", "x text"),
        texts=(CatalogText("comment", "public.t", "Ask Ann"),),
    )  # fmt: skip
    with pytest.raises(RulesError) as caught:
        make.rules(text)
    assert caught.value.rest is not None
    (uncovered,) = check_rules(caught.value.rest, catalog).problems
    assert (uncovered.table, uncovered.column) == ("public.u", "x")  # the table has no entry at all


def test_every_problem_has_a_place(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.new", "x text"), make.table("public.old", "x text"),
        texts=(CatalogText("comment", "public.t", "Ask Ann"),),
    )  # fmt: skip
    check = check_rules(make.rules("public.old: {}"), catalog)
    assert [(each.table, str(each.mark)) for each in check.problems] == [
        ("public.new", "masking.yaml:3:3"), ("public.old", "masking.yaml:3:3"), (None, "masking.yaml:1:1")
    ]  # fmt: skip


def test_each_bad_path_and_each_nested_misfit_is_named_where_it_stands() -> None:
    text = """\
version: 1
tables:
  public.t:
    doc:
      transform: json
      paths:
        bad: keep
        "$..worse": keep
        "$.good": keep
    note:
      transform: json
      paths: {"$.a": keep, "$.b": integer_permute, "$.c": {transform: tsvector}}
    mixed:
      transform: keep
      when: "note is null"
      else: {transform: first_name}
"""
    columns = (
        Column("doc", "jsonb", "jsonb", "U", position=1),
        Column("note", "jsonb", "jsonb", "U", position=2),
        Column("mixed", "inet", "inet", "I", position=3),
    )
    name = TableName("public", "t")
    catalog = Catalog(180000, "1", "shop", (Table(name, 1, "r", columns, name),))
    check = check_rules(parse_rules(text), catalog)
    assert sorted((each.column, each.mark.line, each.mark.column) for each in check.errors if each.mark) == [
        ("doc", 7, 9), ("doc", 8, 9), ("mixed", 16, 25), ("note", 12, 52)
    ]  # fmt: skip
    assert len(check.as_json()["errors"]) == 4
