"""Whose rule applies: keys over several hops, composite, to itself, in cycles; partitions; inheritance; domains."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from testdata_assets.masking.plan import ColumnPlan, MaskingPlan
from testdata_assets.masking.rules import ColumnRef


def column(plan: MaskingPlan, reference: str) -> ColumnPlan:
    found = plan.covering(ColumnRef.parse(reference))
    assert found is not None
    return found[1]


def summary(plan: MaskingPlan, reference: str) -> tuple[str, str, str | None]:
    each = column(plan, reference)
    return each.transformer.name, each.domain, each.inherited_from


def test_several_hops(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.a", "x text"),
        make.table("public.b", "x text"),
        make.table("public.c", "x text"),
        keys=(make.key("public.c(x)", "public.b(x)"), make.key("public.b(x)", "public.a(x)")),
    )
    plan = make.plan("public.a: {x: hash}\npublic.b: {}\npublic.c: {}", catalog)
    assert summary(plan, "public.c.x") == ("hash", "public.a.x", "public.a.x")
    assert summary(plan, "public.b.x") == ("hash", "public.a.x", "public.a.x")
    assert summary(plan, "public.a.x") == ("hash", "public.a.x", None)


def test_an_explicit_domain_travels_with_the_rule(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.a", "x text"),
        make.table("public.b", "x text"),
        keys=(make.key("public.b(x)", "public.a(x)"),),
    )
    own_rule = "public.a: {x: {transform: hash, domain: d}}\npublic.b: {x: hash}"
    assert summary(make.plan(own_rule, catalog), "public.b.x") == ("hash", "d", None)
    plan = make.plan("public.a: {x: {transform: hash, domain: d}}\npublic.b: {}", catalog)
    assert summary(plan, "public.b.x") == ("hash", "d", "public.a.x")


def test_an_own_rule_without_domain_masks_in_the_root_columns_domain(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.a", "x text"),
        make.table("public.b", "x text"),
        keys=(make.key("public.b(x)", "public.a(x)"),),
    )
    plan = make.plan("public.a: {x: hash}\npublic.b: {x: hash}", catalog)
    assert summary(plan, "public.b.x") == ("hash", "public.a.x", None)


def test_composite_keys_pair_by_position(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.a", "tenant int4", "mail text"),
        make.table("public.b", "who text", "org int4"),
        keys=(make.key("public.b(org, who)", "public.a(tenant, mail)"),),
    )
    plan = make.plan("public.a: {tenant: keep, mail: email}\npublic.b: {}", catalog)
    assert summary(plan, "public.b.who") == ("email", "public.a.mail", "public.a.mail")
    assert summary(plan, "public.b.org") == ("keep", "public.a.tenant", "public.a.tenant")


def test_a_self_reference(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.staff", "mail text", "boss text"),
        keys=(make.key("public.staff(boss)", "public.staff(mail)"),),
    )
    plan = make.plan("public.staff: {mail: email}", catalog)
    assert summary(plan, "public.staff.boss") == ("email", "public.staff.mail", "public.staff.mail")


def test_cycles(make: SimpleNamespace) -> None:
    tables = (make.table("public.m", "x text"), make.table("public.n", "x text"), make.table("public.a", "x text"))
    keys = (
        make.key("public.m(x)", "public.n(x)"),
        make.key("public.n(x)", "public.m(x)"),
        make.key("public.a(x)", "public.n(x)"),
    )
    catalog = make.catalog(*tables, keys=keys)
    plan = make.plan("public.m: {}\npublic.n: {x: hash}\npublic.a: {}", catalog)
    for table in "mna":
        assert column(plan, f"public.{table}.x").domain == "public.m.x"
        assert column(plan, f"public.{table}.x").transformer.name == "hash"
    problems = make.refusal("public.m: {}\npublic.n: {}\npublic.a: {}", catalog)
    assert {(problem.kind, problem.table) for problem in problems} == {
        ("unclassified", f"public.{table}") for table in "mna"
    }


def test_a_column_with_two_keys_joins_both_roots(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.a", "x text"),
        make.table("public.b", "x text"),
        make.table("public.c", "x text"),
        keys=(make.key("public.c(x)", "public.b(x)", "k1"), make.key("public.c(x)", "public.a(x)", "k2")),
    )
    plan = make.plan("public.a: {x: hash}\npublic.b: {x: hash}\npublic.c: {}", catalog)
    assert {column(plan, f"public.{table}.x").domain for table in "abc"} == {"public.a.x"}
    problems = make.refusal("public.a: {x: hash}\npublic.b: {x: email}\npublic.c: {}", catalog)
    assert [(problem.kind, problem.table, problem.column) for problem in problems] == [("foreign_key", "public.c", "x")]
    assert "k2 points to public.a.x" in problems[0].message


@pytest.mark.parametrize(
    ("referenced", "own", "difference"),
    [
        ("hash", "email", "hash there, email here"),
        ("hash", "keep", "hash there, keep here"),
        ("keep", "hash", "keep there, hash here"),
        ("{transform: hash, length: 9}", "hash", "other parameters of hash"),
        ("hash", "{transform: hash, domain: d}", "domain public.a.x there, d here"),
    ],
)
def test_a_reference_that_masks_differently_is_refused(
    make: SimpleNamespace, referenced: str, own: str, difference: str
) -> None:
    tables = make.table("public.a", "x text"), make.table("public.b", "x text")
    catalog = make.catalog(*tables, keys=(make.key("public.b(x)", "public.a(x)", "b_x_fkey"),))
    (problem,) = make.refusal(f"public.a: {{x: {referenced}}}\npublic.b: {{x: {own}}}", catalog)
    assert (problem.kind, problem.table, problem.column, problem.line) == ("foreign_key", "public.b", "x", 4)
    assert "b_x_fkey" in problem.message
    assert difference in problem.message
    text = f"version: 1\ntables:\n  public.a: {{x: {referenced}}}\n  public.b: {{x: {own}}}\n"
    text += "relationships: [{from: public.b.x, to: public.a.x}]"
    (problem,) = make.refusal(text, make.catalog(*tables))
    assert (problem.kind, problem.line) == ("foreign_key", 4)


def test_a_reference_may_be_nulled_or_agree(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.a", "x text"),
        make.table("public.b", "x text"),
        keys=(make.key("public.b(x)", "public.a(x)"),),
    )
    for own in ("null", "hash", "{transform: hash, domain: public.a.x}", "{transform: hash, length: 16}"):
        assert make.plan(f"public.a: {{x: hash}}\npublic.b: {{x: {own}}}", catalog)


def test_references_to_an_emptied_table_are_refused(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.a", "x text"),
        make.table("public.b", "x text", "y text"),
        keys=(make.key("public.b(x)", "public.a(x)", "b_x_fkey"),),
    )
    (problem,) = make.refusal("public.a: {mode: truncate}\npublic.b: {x: keep, y: keep}", catalog)
    assert (problem.kind, problem.table, problem.column) == ("foreign_key", "public.b", "x")
    assert "emptied" in problem.message
    assert make.plan("public.a: {mode: truncate}\npublic.b: {x: null, y: keep}", catalog)
    assert make.plan("public.a: {mode: truncate}\npublic.b: {mode: truncate}", catalog)
    assert make.plan("public.a: {x: hash}\npublic.b: {mode: truncate}", catalog)


def test_relationships_inherit_like_keys(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.users", "email text"), make.table("public.audit", "who text"))
    plan = make.plan(
        """version: 1
tables:
  public.users: {email: {transform: email, domain: user.email}}
  public.audit: {}
relationships:
  - {from: public.audit.who, to: public.users.email}
""",
        catalog,
    )
    assert summary(plan, "public.audit.who") == ("email", "user.email", "public.users.email")


def test_partitions_take_their_roots_rule(make: SimpleNamespace) -> None:
    columns = ("id int4", "mail text")
    catalog = make.catalog(
        make.table("public.t", *columns, kind="p", partition_columns=("id",)),
        make.table("public.t1", *columns, kind="p", parent="public.t", is_partition=True, partition_columns=("id",)),
        make.table("public.t11", *columns, parent="public.t1", root="public.t", is_partition=True),
        make.table("public.r", "mail text"),
        keys=(make.key("public.r(mail)", "public.t(mail)"), make.key("public.r(mail)", "public.t11(mail)", "leaf")),
    )
    plan = make.plan("public.t: {id: keep, mail: email}\npublic.r: {}", catalog)
    assert [str(each.table.name) for each in plan.tables] == ["public.t11", "public.r"]
    assert summary(plan, "public.t11.mail") == ("email", "public.t.mail", None)
    assert summary(plan, "public.r.mail") == ("email", "public.t.mail", "public.t.mail")
    problems = make.refusal("public.t: {id: keep, mail: email}\npublic.r: {}\npublic.t1: {mode: keep}", catalog)
    assert [(problem.kind, problem.table, problem.line) for problem in problems] == [("stale", "public.t1", 5)]
    assert "partition of public.t" in problems[0].message


def family(make: SimpleNamespace):
    return make.catalog(
        make.table("public.person", "mail text"),
        make.table("public.worker", "mail text", "badge text", parent="public.person"),
        make.table("public.boss", "mail text", "badge text", "car text", parent="public.worker", root="public.person"),
        make.table("public.idle", "mail text", parent="public.person"),
    )


def test_children_name_only_their_own_columns(make: SimpleNamespace) -> None:
    plan = make.plan(
        "public.person: {mail: email}\npublic.worker: {badge: hash}\npublic.boss: {car: keep}", family(make)
    )
    assert {str(each.table.name): [one.transformer.name for one in each.columns] for each in plan.tables} == {
        "public.person": ["email"],
        "public.worker": ["email", "hash"],
        "public.boss": ["email", "hash", "keep"],
        "public.idle": ["email"],
    }
    assert summary(plan, "public.boss.badge") == ("hash", "public.worker.badge", None)


def test_unnamed_columns_of_children_block(make: SimpleNamespace) -> None:
    for person in ("{mail: email}", "{mode: keep}"):
        problems = make.refusal(f"public.person: {person}", family(make))
        assert {(problem.kind, problem.table, problem.column) for problem in problems} == {
            ("unclassified", "public.worker", "badge"),
            ("unclassified", "public.boss", "car"),
        }


def test_children_cannot_override_their_parent(make: SimpleNamespace) -> None:
    problems = make.refusal(
        """
        public.person: {mail: email}
        public.worker: {badge: hash, mail: keep}
        public.boss: {car: keep}
        public.idle: {mode: keep}
        """,
        family(make),
    )
    assert {(problem.kind, problem.table, problem.column) for problem in problems} == {
        ("stale", "public.worker", "mail"),
        ("stale", "public.idle", None),
    }


def test_emptying_a_parent_empties_its_children(make: SimpleNamespace) -> None:
    plan = make.plan("public.person: {mode: truncate}", family(make))
    assert {each.mode for each in plan.tables} == {"truncate"}
    plan = make.plan("public.person: {mail: email}\npublic.worker: {mode: truncate}\npublic.idle: {}", family(make))
    assert {str(each.table.name): each.mode for each in plan.tables} == {
        "public.person": "mask",
        "public.worker": "truncate",
        "public.boss": "truncate",
        "public.idle": "mask",
    }


def test_a_domain_ignores_case_if_one_member_does(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.a", "x citext"),
        make.table("public.b", "x text", "y text"),
        make.table("public.c", "x text", "j jsonb"),
        unique=(make.unique("public.c()", "c_x", expressions=("lower(x)",), lowered=("x",)),),
    )
    plan = make.plan(
        """
        public.a: {x: {transform: hash, domain: mail}}
        public.b: {x: {transform: hash, domain: mail}, y: hash}
        public.c:
          x: {transform: hash, domain: other}
          j: {transform: json, paths: {$.m: {transform: email, domain: mail}, $.l: [{transform: email, domain: q}]}}
        """,
        catalog,
    )
    assert column(plan, "public.a.x").fold_case
    assert column(plan, "public.b.x").fold_case
    assert not column(plan, "public.b.y").fold_case
    assert column(plan, "public.c.x").fold_case
    document = column(plan, "public.c.j")
    assert not document.fold_case
    assert document.folded == {"mail"}
    assert plan.domains["mail"].members == ("public.a.x", "public.b.x", "public.c.j:paths.$.m")
    assert set(plan.domains) == {"mail", "other", "public.b.y", "public.c.j", "q"}


def test_the_narrowest_member_limits_a_domain(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.a", "x text"),
        make.table("public.b", "x varchar(40)"),
        make.table("public.c", "x varchar(99)"),
    )
    plan = make.plan(
        """
        public.a: {x: {transform: hash, domain: d}}
        public.b: {x: {transform: hash, domain: d}}
        public.c: {x: keep}
        """,
        catalog,
    )
    assert [column(plan, f"public.{table}.x").seen_as.max_length for table in "abc"] == [40, 40, 99]


def test_the_context_of_a_column(make: SimpleNamespace) -> None:
    from functools import partial

    from testdata_assets.masking.hashing import KeyedHash

    catalog = make.catalog(make.table("public.a", "x citext"), make.table("public.b", "x varchar(40)"))
    plan = make.plan(
        "public.a: {x: {transform: hash, domain: d}}\npublic.b: {x: {transform: hash, domain: d}}", catalog
    )
    hash_for = partial(KeyedHash.derive, b"k" * 32)
    context = column(plan, "public.a.x").context(hash_for)
    assert context.hash == hash_for("d")
    assert context.max_length == 40
    assert context.fold_case
    assert context.hash_for("e") == hash_for("e")
    assert not context.folds("e")


def test_the_narrowest_integer_type_of_a_domain_counts(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.a", "x int8"),
        make.table("public.b", "x int4"),
        keys=(make.key("public.b(x)", "public.a(x)"),),
    )
    plan = make.plan("public.a: {x: hash}\npublic.b: {}", catalog)
    assert [column(plan, f"public.{table}.x").seen_as.base_type for table in "ab"] == ["int4", "int4"]
    assert [column(plan, f"public.{table}.x").column.base_type for table in "ab"] == ["int8", "int4"]


def test_references_across_kinds_of_type_are_refused_when_masked(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.a", "x int4"), make.table("public.b", "x text"))
    text = "version: 1\ntables: {public.a: {x: %s}, public.b: {}}\n"
    text += "relationships: [{from: public.b.x, to: public.a.x}]"
    (problem,) = make.refusal(text % "hash", catalog)
    assert (problem.kind, problem.table) == ("foreign_key", "public.b")
    assert "type integer there, text here" in problem.message
    assert make.plan(text % "keep", catalog)
    shared = "public.a: {x: {transform: hash, domain: d}}\npublic.b: {x: {transform: hash, domain: d}}"
    (warning,) = make.plan(shared, catalog).warnings
    assert "integer and text" in warning.message
