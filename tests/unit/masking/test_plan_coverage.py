"""Fail closed: what no rule covers, what no column needs, and what no rule can let through."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from testdata_assets.keys import key_id
from testdata_assets.masking.plan import PlanRefused, compile_plan, masking_data_version
from testdata_assets.masking.rules import rules_digest
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import CatalogText

KEY = b"k" * 32


def kinds(problems: list) -> set[tuple[str, str | None, str | None]]:
    return {(problem.kind, problem.table, problem.column) for problem in problems}


def test_a_full_plan(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.users", "id int4 not null", "email text", "shout text generated", "plan text"),
        make.table("public.sessions", "token text"),
        make.table('"Sales Dept"."Order"', '"E mail" text'),
        make.table("public.empty"),
    )
    text = """
        public.users: {email: {transform: email, pii: email}, id: keep, plan: {transform: hash, length: 20}}
        public.sessions: {mode: truncate}
        '"Sales Dept"."Order"': {E mail: null}
        public.empty: {}
    """
    plan = make.plan(text, catalog)
    users = plan.table(TableName("public", "users"))
    assert [each.column.name for each in users.columns] == ["id", "email", "plan"]
    assert [each.transformer.name for each in users.columns] == ["keep", "email", "hash"]
    assert [each.column.name for each in users.masked] == ["email", "plan"]
    assert users.columns[1].pii == "email"
    assert users.columns[2].transformer.params.length == 20
    assert users.columns[1].domain == "public.users.email"
    assert (users.mode, users.load_through_root) == ("mask", False)
    sessions = plan.table(TableName("public", "sessions"))
    assert (sessions.mode, sessions.columns) == ("truncate", ())
    order = plan.table(TableName("Sales Dept", "Order"))
    assert order.columns[0].transformer.name == "null"
    assert plan.table(TableName("public", "empty")).columns == ()
    assert plan.key_id == key_id(KEY)
    assert plan.rules_digest == rules_digest(make.rules(text), masking_data_version())
    assert KEY.decode() not in repr(plan)


@pytest.mark.parametrize("spec", ["int4", "text", "varchar(20)", "_text", "jsonb", "tsrange", "mood", "tsvector"])
def test_a_new_column_of_any_type_stops_the_refresh(make: SimpleNamespace, spec: str) -> None:
    catalog = make.catalog(make.table("public.users", "id int4", f"added {spec}"))
    with pytest.raises(PlanRefused) as caught:
        make.plan("public.users: {id: keep}", catalog)
    error = caught.value
    assert (error.exit_status, error.error_code) == (1, "plan-refused")
    (problem,) = error.problems
    assert (problem.kind, problem.table, problem.column) == ("unclassified", "public.users", "added")
    assert problem.type == catalog.tables[0].columns[1].type
    assert error.what.startswith("1 problem stops this refresh; no row was read")
    assert f"public.users.added ({problem.type})" in error.where
    assert "added: keep" in error.remedy


def test_every_problem_is_named_at_once(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.users", "id int4", "a text", "b text"),
        make.table("public.new", "x text"),
        make.table("public.bare"),
    )
    with pytest.raises(PlanRefused) as caught:
        make.plan("public.users: {id: keep, gone: keep}\npublic.gone: {mode: keep}", catalog)
    error = caught.value
    assert kinds(error.problems) == {
        ("unclassified", "public.users", "a"),
        ("unclassified", "public.users", "b"),
        ("unclassified", "public.new", None),
        ("unclassified", "public.bare", None),
        ("stale", "public.users", "gone"),
        ("stale", "public.gone", None),
    }
    assert error.what == "6 problems stop this refresh; no row was read"
    for word in ("public.users.a (text)", "public.users.gone", "public.new", "public.bare"):
        assert word in error.where
        assert word in str(error)
    assert len(error.as_json()["error"]["problems"]) == 6
    assert "masking.yaml:3:28: public.users.gone" in str(error)
    new = next(problem for problem in error.problems if problem.table == "public.new")
    assert "x (text)" in new.message


def test_more_problems_than_a_line_holds_are_counted(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.t", *(f"c{number} text" for number in range(15))))
    with pytest.raises(PlanRefused) as caught:
        make.plan("public.t: {}", catalog)
    assert caught.value.where.endswith("and 5 more")
    assert len(caught.value.details) == 15


def test_stale_rules_hint_at_what_was_meant(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.users", '"Full Name" text', "Email text"),
        views=(TableName("public", "v"),),
    )
    problems = make.refusal(
        """
        public.users: {'"Full Name"': keep, Full Name: keep, email: keep, Email: keep}
        public.user: {}
        public.v: {mode: keep}
        """,
        catalog,
    )
    messages = {(problem.table, problem.column): problem.message for problem in problems}
    assert "columns are written raw: Full Name" in messages["public.users", '"Full Name"']
    assert "did you mean 'Email'?" in messages["public.users", "email"]
    assert "did you mean 'public.users'?" in messages["public.user", None]
    assert "view" in messages["public.v", None]
    assert {problem.kind for problem in problems} == {"stale"}
    assert {problem.line for problem in problems} == {3, 4, 5}


def test_mode_keep_covers_a_table_and_says_so(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.a", "x text"), make.table("public.b", "x text", "y text"))
    plan = make.plan("public.a: {mode: keep}\npublic.b: {mode: keep, x: keep, y: keep}", catalog)
    assert [each.mode for each in plan.tables] == ["keep", "keep"]
    assert [each.masked for each in plan.tables] == [(), ()]
    assert [(each.table, each.column) for each in plan.warnings] == [("public.a", None)]
    problems = make.refusal("public.a: {mode: keep}\npublic.b: {mode: keep, x: keep}", catalog)
    assert kinds(problems) == {("unclassified", "public.b", "y")}


def test_generated_columns_take_no_rule(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.t", "x text", "y text generated"))
    problems = make.refusal("public.t: {x: hash, y: keep}", catalog)
    assert kinds(problems) == {("generated_column", "public.t", "y")}
    assert len(make.plan("public.t: {x: hash}", catalog).tables[0].columns) == 1


def test_row_security_is_refused_unless_no_row_is_read(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.t", "x text", row_security=True))
    assert kinds(make.refusal("public.t: {x: keep}", catalog)) == {("row_security", "public.t", None)}
    assert make.plan("public.t: {mode: truncate}", catalog).tables[0].mode == "truncate"


def test_foreign_tables_block_unless_emptied(make: SimpleNamespace) -> None:
    name = TableName("public", "far")
    catalog = make.catalog(make.table("public.far", "x text", kind="f"), foreign_tables=(name,))
    assert kinds(make.refusal("public.far: {x: keep}", catalog)) == {("foreign_table", "public.far", None)}
    assert ("foreign_table", "public.far", None) in kinds(make.refusal("version: 1\ntables: {}", catalog))
    assert make.plan("public.far: {mode: truncate}", catalog).tables == ()


def test_comments_and_large_objects_block_until_decided(make: SimpleNamespace) -> None:
    texts = tuple(CatalogText("comment", f"table public.t{number}", "Call Ann") for number in range(7))
    catalog = make.catalog(large_objects=3, texts=texts)
    problems = make.refusal("version: 1\ntables: {}", catalog)
    assert [problem.kind for problem in problems] == ["objects", "objects"]
    comments = next(problem for problem in problems if "comments" in problem.message)
    assert "table public.t0" in comments.message
    assert "and 2 more" in comments.message
    assert "Ann" not in comments.message
    plan = make.plan("version: 1\ntables: {}\nobjects: {comments: drop, large_objects: keep}", catalog)
    assert (plan.objects.comments, plan.objects.large_objects) == ("drop", "keep")
    other = make.catalog(texts=(CatalogText("default", "public.t.x", "1"),))
    assert make.plan("version: 1\ntables: {}", other).tables == ()


def test_relationships_must_name_what_is_there(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.a", "x text"))
    problems = make.refusal(
        """version: 1
tables: {public.a: {x: keep}}
relationships:
  - {from: public.a.y, to: public.a.x}
  - {from: public.a.x, to: public.b.x}
""",
        catalog,
    )
    assert kinds(problems) == {("stale", "public.a", "y"), ("stale", "public.b", "x")}
    assert {problem.line for problem in problems} == {4, 5}


def test_compile_plan_holds_no_key_but_its_id(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.a", "x text"))
    rules = make.rules("public.a: {x: hash}")
    one, other = compile_plan(rules, catalog, KEY), compile_plan(rules, catalog, b"z" * 32)
    assert one.key_id != other.key_id
    assert one.rules_digest == other.rules_digest
