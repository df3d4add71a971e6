"""Relationships that begin at a JSON path or in an array: the rules they become, and what contradicts them."""

from __future__ import annotations

import pytest

from testdata_assets.masking.plan import MaskingPlan, compile_plan
from testdata_assets.masking.plan_problems import PlanRefused, Problem
from testdata_assets.masking.rule_models import ColumnRef
from testdata_assets.masking.rules import RulesError, parse_rules, rules_digest
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table

TEXT = Column("", "text", "text", "S")
USERS, EVENTS = TableName("public", "users"), TableName("public", "events")


def _catalog() -> Catalog:
    users = (Column("email", "text", "text", "S", position=1), Column("plan", "text", "text", "S", position=2))
    events = (
        Column("doc", "jsonb", "jsonb", "U", position=1),
        Column("mails", "text[]", "_text", "A", position=2, parts=(TEXT,)),
    )
    return Catalog(180000, "1", "shop", (Table(USERS, 1, "r", users, USERS), Table(EVENTS, 2, "r", events, EVENTS)))


def _text(doc: str, mails: str, email: str, *more: str) -> str:
    columns = "".join(f", {name}: {rule}" for name, rule in (("doc", doc), ("mails", mails)) if rule)[2:]
    lines = [
        "version: 1",
        "tables:",
        f"  public.users: {{email: {email}, plan: keep}}",
        f"  public.events: {{{columns}}}",
    ]
    return "\n".join([*lines, "relationships:", *(f"  - {each}" for each in more), ""])


def _plan(doc: str = "", mails: str = "", email: str = "{transform: email, domain: d}", *more: str) -> MaskingPlan:
    return compile_plan(parse_rules(_text(doc, mails, email, *more)), _catalog(), b"k" * 32)


DOC = '{from: "public.events.doc:$.user.email", to: public.users.email}'
MAILS = "{from: 'public.events.mails[]', to: public.users.email}"


def test_what_it_becomes() -> None:
    plan = _plan(
        '{transform: json, paths: {"$.**": keep}}',
        "",
        "{pii: email, transform: email, mail_domain: corp.example}",
        DOC,
        MAILS,
    )
    doc, mails = plan.table(EVENTS).columns
    nested = {"transform": "email", "mail_domain": "corp.example", "pii": "email", "domain": "public.users.email"}
    assert doc.transformer.params.model_dump()["paths"]["$.user.email"] == nested
    assert doc.transformer.params.model_dump()["paths"]["$.**"] == {"transform": "keep"}
    assert mails.transformer.params.model_dump() == {"items": nested}
    members = ("public.users.email", "public.events.doc:paths.$.user.email", "public.events.mails:items")
    assert sorted(plan.domains["public.users.email"].members) == sorted(members)


@pytest.mark.parametrize("email", ["keep", "null", "{transform: constant, value: x}"])
def test_what_draws_nothing_nests_as_it_is(email: str) -> None:
    plan = _plan("", "", email, DOC, MAILS)
    transform = parse_rules(_text("", "", email)).tables[USERS].columns["email"].transform
    assert plan.table(EVENTS).columns[1].transformer.params.model_dump()["items"]["transform"] == transform


@pytest.mark.parametrize(
    ("doc", "email"),
    [
        ("null", "email"),
        (
            "{transform: json, paths: {\"$['user'].email\": {transform: email, domain: d}}}",
            "{transform: email, domain: d}",
        ),
        ('{transform: json, paths: {"$.user.email": {transform: email, domain: public.users.email}}}', "email"),
        ('{transform: json, paths: {"$.user.email": null}}', "email"),
        ('{transform: json, domain: d, paths: {"$.user.email": email}}', "{transform: email, domain: d}"),
    ],
)
def test_a_rule_that_masks_alike_or_leaves_nothing_stays(doc: str, email: str) -> None:
    rules = parse_rules(_text(doc, "null", email, DOC, MAILS))
    plan = compile_plan(rules, _catalog(), b"k" * 32)
    own = rules.tables[EVENTS].columns["doc"]
    assert plan.table(EVENTS).columns[0].transformer.name == own.transform
    assert len(own.params.get("paths", ())) <= 1


@pytest.mark.parametrize(
    ("doc", "mails", "email", "message"),
    [
        ("keep", "null", "email", "email there, keep of the whole column here"),
        ('{transform: json, paths: {"$.user.email": keep}}', "null", "email", "email there, keep here"),
        ('{transform: json, paths: {"$.user.email": email}}', "null", "email", "domain public.users.email there"),
        ('{transform: json, paths: {"$.user.email": {transform: email, mail_domain: corp.example, domain: d}}}', "null",
         "{transform: email, domain: d}", "other parameters of email"),
        ("null", "{transform: array, items: keep}", "email", "email there, keep here"),
        ("null", "", "{transform: email, when: plan is null, else: keep}", "its rule hangs on a condition"),
    ],
)  # fmt: skip
def test_contradictions_are_refused_where_the_relationship_stands(
    doc: str, mails: str, email: str, message: str
) -> None:
    with pytest.raises(PlanRefused) as caught:
        _plan(doc, mails, email, DOC, MAILS)
    found: list[Problem] = [each for each in caught.value.problems if each.kind == "foreign_key"]
    (problem,) = found
    assert message in problem.message
    assert problem.mark is not None
    assert problem.mark.line == (6 if doc != "null" else 7)


def test_two_relationships_of_one_part_must_agree() -> None:
    with pytest.raises(PlanRefused) as caught:
        _plan("", "null", "email", DOC, '{from: "public.events.doc:$.user.email", to: public.users.plan}')
    assert [each.mark.line for each in caught.value.problems if each.mark] == [7]


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("{from: 'public.events.doc:$..x', to: public.users.email}", "does not make sense"),
        ("{from: 'public.events.doc', to: 'public.users.email[]'}", "points to a whole column"),
    ],
)
def test_ends_that_are_none(end: str, message: str) -> None:
    with pytest.raises(RulesError) as caught:
        parse_rules(_text("keep", "keep", "email", end))
    assert any(message in each.message for each in caught.value.problems)


def test_quoted_ends_and_the_digest() -> None:
    column = ColumnRef(TableName("public", "Odd:$x"), "A[]:$.b")
    for text, inside in (('public."Odd:$x"."A[]:$.b":$.c', "$.c"), ('public."Odd:$x"."A[]:$.b"[]', "[]")):
        assert ColumnRef.parse_end(text) == (column, inside)
        assert (
            parse_rules(_text("", "", "email", f"{{from: '{text}', to: public.users.email}}")).relationships[0].source
            == text
        )
    assert ColumnRef.parse_end('public."Odd:$x"."A[]:$.b"') == (column, None)
    digests = {rules_digest(parse_rules(_text("", "", "email", *each))) for each in ((), (DOC,), (MAILS,))}
    assert len(digests) == 3
