"""Parts of arrays and composites count as members of their domains, with their own types and limits."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.nested_columns import part_rules
from testdata_assets.masking.plan import MaskingPlan, PlanRefused, compile_plan
from testdata_assets.masking.rules import parse_rules
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table, UniqueIndex

EMAIL = Column("email", "character varying(50)", "varchar", "S", 50, position=1)
NUMBER = Column("number", "integer", "int4", "N", position=2)


def array(name: str, element: Column, position: int = 3) -> Column:
    part = replace(element, name="", position=1)
    return Column(name, f"{element.type}[]", f"_{element.base_type}", "A", position=position, parts=(part,))


def plan_of(columns: tuple[Column, ...], rules: dict[str, str], *unique: UniqueIndex) -> MaskingPlan:
    table = Table(TableName("public", "t"), 1, "r", columns, TableName("public", "t"))
    catalog = Catalog(180000, "1", "shop", (table,), unique_indexes=unique)
    lines = [f"    {name}: {rule}" for name, rule in rules.items()]
    return compile_plan(parse_rules("version: 1\ntables:\n  public.t:\n" + "\n".join(lines)), catalog, b"k" * 32)


def test_the_narrowest_part_limits_its_domain():
    short = array("aliases", replace(EMAIL, max_length=20))
    plan = plan_of(
        (EMAIL, short),
        {
            "email": "{transform: email, domain: user.email}",
            "aliases": "{transform: array, items: {transform: email, domain: user.email}}",
        },
    )
    domain = plan.domains["user.email"]
    assert domain.length_limit == 20
    assert domain.members == ("public.t.email", "public.t.aliases:items")
    table = plan.table(TableName("public", "t"))
    hash_for = partial(KeyedHash.derive, b"k" * 32)
    email, aliases = (table.column(name) for name in ("email", "aliases"))
    assert email is not None
    assert aliases is not None
    assert email.seen_as.max_length == 20
    assert aliases.context(hash_for).limit_of("user.email") == 20


def test_items_without_a_domain_share_that_of_the_column():
    plan = plan_of(
        (EMAIL, array("aliases", replace(EMAIL, max_length=20))),
        {
            "email": "{transform: email, domain: user.email}",
            "aliases": "{transform: array, items: email, domain: user.email}",
        },
    )
    assert plan.domains["user.email"].length_limit == 20
    aliases = plan.table(TableName("public", "t")).column("aliases")
    assert aliases is not None
    assert aliases.seen_as.max_length == 20
    assert aliases.seen_as.base_type == "_varchar"


def test_the_narrowest_integer_is_that_of_all_parts():
    wide = replace(NUMBER, base_type="int8", type="bigint")
    for rule in (
        "{transform: array, items: {transform: hash, domain: id}}",
        "{transform: array, domain: id, items: hash}",
    ):
        plan = plan_of((NUMBER, array("ids", wide)), {"number": "{transform: hash, domain: id}", "ids": rule})
        assert plan.domains["id"].integer_type == "int4"
        ids = plan.table(TableName("public", "t")).column("ids")
        assert ids is not None
        assert ids.seen_as.base_type == "_int8"
        context = ids.context(partial(KeyedHash.derive, b"k" * 32))
        assert "int4" in (context.integer_type, context.integer_type_of("id"))


def test_case_blind_parts_make_their_domain_so():
    blind = array("aliases", Column("x", "public.citext", "citext", "S"))
    plan = plan_of((blind,), {"aliases": "{transform: array, items: {transform: email, domain: user.email}}"})
    assert plan.domains["user.email"].fold_case
    plan = plan_of((blind,), {"aliases": "{transform: array, items: email}"})
    assert plan.domains["public.t.aliases"].fold_case


def test_parts_are_followed_to_their_end_and_kept_ones_left_out():
    person = Column("", "person", "person", "C", parts=(EMAIL, NUMBER, array("tags", EMAIL)))
    people = Column("people", "person[]", "_person", "A", parts=(person,))
    params = {
        "items": {
            "transform": "composite",
            "domain": "d",
            "fields": {
                "email": {"transform": "email", "domain": "e"},
                "number": "keep",
                "tags": {"transform": "array", "items": "email"},
            },
        }
    }
    found = list(part_rules(params, people, "own"))
    assert [(path, domain, part.base_type) for path, domain, part in found] == [
        ("items.fields.email", "e", "varchar"),
        ("items.fields.tags.items", "d", "varchar"),
    ]
    assert list(part_rules({"items": None}, people, "own")) == []
    assert list(part_rules({"items": "hash"}, EMAIL, "own")) == []


def test_a_unique_array_needs_items_that_stay_distinct():
    index = UniqueIndex("t_key", TableName("public", "t"), ("aliases",))
    column = array("aliases", Column("x", "text", "text", "S"))
    assert plan_of((column,), {"aliases": "{transform: array, items: scramble}"}, index)
    with pytest.raises(PlanRefused, match="t_key"):
        plan_of((column,), {"aliases": "{transform: array, items: city}"}, index)
