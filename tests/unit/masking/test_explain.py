"""What `rules explain` says of a column, also of one that a refresh would refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace

import polars as pl
import pytest

from testdata_assets.errors import UsageFault
from testdata_assets.masking.explain import Explanation, explain
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.rules import MaskingRules, parse_rules
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import MaskContext
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table

TEXT = """
    public.users: {email: {transform: hash, length: 20, domain: mail, pii: email}}
    public.audit: {}
    public.gone: {mode: truncate}
"""


@pytest.fixture
def shop(make: SimpleNamespace) -> Catalog:
    return make.catalog(
        make.table("public.users", "email varchar(50)", "shout text generated"),
        make.table("public.audit", "who text"),
        make.table("public.gone", "x text"),
        make.table("other.gone", "x text"),
        keys=(make.key("public.audit(who)", "public.users(email)"),),
        unique=(make.unique("public.users(email)", "users_email_key"),),
    )


def test_a_column_that_inherits_its_rule(make: SimpleNamespace, shop: Catalog) -> None:
    found = explain(make.rules(TEXT), shop, "public.audit.who")
    document = json.loads(json.dumps(found.as_json()))
    assert document.pop("promises")[1].startswith("Distinct values: collision-checked")
    assert {each["name"] for each in document.pop("alternatives")} == {"email", "city", "keep", "null"}
    assert document == {
        "column": "public.audit.who",
        "path": None,
        "type": "text",
        "mode": "mask",
        "transformer": "hash",
        "summary": "Distinct stays distinct, on wide enough columns.",
        "origin": "built in",
        "params": {"length": 20},
        "pii": "email",
        "reason": None,
        "domain": "mail",
        "shared_with": ["public.users.email"],
        "fold_case": False,
        "canonical": "exact: case counts",
        "length_limit": 50,
        "inherited_from": "public.users.email",
        "place": "masking.yaml:3:18",
        "guarantees": {
            "uniqueness": "hashed",
            "coincidence": "disjoint",
            "deterministic": True,
            "preserves_length": False,
            "preserves_format": False,
            "nulls_stay_null": True,
        },
        "null": "NULL stays NULL.",
        "empty": "'' and blanks stay as they are.",
        "condition": None,
        "otherwise": [],
        "reads": [],
        "unique": [],
        "references": ["public.users.email"],
        "problems": [],
        "warnings": [],
    }


def test_names_are_found_as_people_write_them(make: SimpleNamespace, shop: Catalog) -> None:
    rules = make.rules(TEXT)
    assert explain(rules, shop, "PUBLIC.Users.Email").inherited_from is None
    assert explain(rules, shop, 'public."users"."email"').column == "public.users.email"
    assert explain(rules, shop, "users.email").unique == ("users_email_key: unique (email)",)
    assert explain(rules, shop, "public.gone.x").mode == "truncate"


@pytest.mark.parametrize(
    ("wanted", "code", "says"),
    [
        ("public.users.shout", "column-generated", "computed from"),
        ("public.users.emial", "no-such-column", "Did you mean public.users.email?"),
        ("public.user.email", "no-such-column", "public.users.email"),
        ("user.emails", "no-such-column", "public.users.email"),
        ("public.users.zzzzzzz", "no-such-column", "has the columns email, shout"),
        ("gone.x", "column-ambiguous", "public.gone or other.gone"),
        ("users", "usage", "schema.table.column"),
        ("public.users.email:$.a", "no-json-paths", "transformer json"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(
    make: SimpleNamespace, shop: Catalog, wanted: str, code: str, says: str
) -> None:
    with pytest.raises(UsageFault) as caught:
        explain(make.rules(TEXT), shop, wanted)
    assert caught.value.error_code == code
    assert says in caught.value.remedy


def test_refused_rules_are_explained_with_the_reason(make: SimpleNamespace, shop: Catalog) -> None:
    rules = make.rules("public.users: {email: city}\npublic.audit: {who: {transform: hsh}}")
    found = explain(rules, shop, "public.users.email")
    assert [problem["kind"] for problem in found.problems] == ["uniqueness"]
    assert found.problems[0]["place"] == "masking.yaml:3:25"
    assert [each.name for each in found.alternatives] == ["email", "hash", "keep", "null"]
    unknown = explain(rules, shop, "public.audit.who")
    assert (unknown.transformer, unknown.problems[0]["kind"]) == ("hsh", "unknown_transformer")
    uncovered = explain(rules, shop, "public.gone.x")
    assert (uncovered.transformer, uncovered.problems[0]["kind"]) == (None, "unclassified")


def test_kept_columns_have_no_domain(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.t", "a int4", "b text"))
    rules = make.rules("public.t: {a: keep, b: null}")
    kept, nulled = explain(rules, catalog, "public.t.a"), explain(rules, catalog, "public.t.b")
    assert (kept.domain, kept.empty, kept.guarantees["coincidence"]) == (None, None, "unchanged")
    assert (nulled.null, nulled.domain) == ("Every value becomes NULL.", None)


def test_conditions_are_told(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.t", "a text", "b text"))
    rules = make.rules("public.t: {a: {transform: hash, when: b == 'x', else: {transform: email}}, b: keep}")
    found = explain(rules, catalog, "public.t.a")
    assert found.condition == "b == 'x'"
    assert [(each.condition, each.transformer) for each in found.otherwise] == [("not (b == 'x')", "email")]


JSON = """\
version: 1
tables:
  public.users:
    prefs:
      transform: json
      paths:
        "$.contact.email": {transform: email, domain: user.email, pii: email}
        "$.contact.*": {transform: scramble}
        "$.phones[*]": {transform: phone}
        "$.**.note": null
        "$.theme": keep
    email: {transform: email, domain: user.email}
"""


def documents() -> tuple[MaskingRules, Catalog]:
    name = TableName("public", "users")
    columns = (Column("prefs", "jsonb", "jsonb", "U"), Column("email", "text", "text", "S"))
    return parse_rules(JSON), Catalog(180000, "1", "shop", (Table(name, 1, "r", columns, name),))


def of_path(path: str) -> Explanation:
    return explain(*documents(), f"public.users.prefs:{path}")


def test_a_json_path() -> None:
    found = of_path("$.contact.email")
    assert (found.transformer, found.domain, found.pii) == ("email", "user.email", "email")
    assert found.shared_with == ("public.users.email",)
    assert found.place == "masking.yaml:7:9"
    assert found.condition is None


@pytest.mark.parametrize(
    ("path", "transformer", "by"),
    [
        ("$.contact.phone", "scramble", "$.contact.*"),
        ("$['contact']['email']", "email", "$.contact.email"),
        ("$.phones[3]", "phone", "$.phones[*]"),
        ("$.contact.note", "scramble", "$.contact.*"),
        ("$.a.b[0].note", "null", "$.**.note"),
        ("$.theme", "keep", None),
    ],
)
def test_the_most_specific_path_wins(path: str, transformer: str, by: str | None) -> None:
    found = of_path(path)
    assert found.transformer == transformer
    assert found.condition == (f"the path is covered by {by}" if by else None)


def test_the_winner_is_the_one_that_masks() -> None:
    """What explain names is what `json` writes: every path writes its own text."""
    patterns = [
        "$.contact.email",
        "$.contact.*",
        "$.contact.**",
        "$.**.note",
        "$.**",
        "$.list[*]",
        "$.list[0]",
        "$.x.**",
    ]
    document = {
        "contact": {"email": "a", "phone": "b", "note": "c", "deep": {"note": "d", "other": "e"}},
        "list": ["f", "g"],
        "x": {"note": "h", "y": "i"},
        "z": "j",
    }
    params = {"paths": {text: {"transform": "constant", "value": text} for text in patterns}}
    masked = registry.build("json", params).apply(pl.Series([json.dumps(document)]), context())[0]
    rules, catalog = documents()
    rules = parse_rules(
        json.dumps({"version": 1, "tables": {"public.users": {"prefs": {"transform": "json", **params}}}})
    )
    for path, written in leaves(json.loads(masked)):
        assert explain(rules, catalog, f"public.users.prefs:{path}").params == {"value": written}, path


def leaves(part: object, path: str = "$") -> Iterator[tuple[str, object]]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield from leaves(value, f"{path}.{key}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from leaves(value, f"{path}[{index}]")
    else:
        yield path, part


def context() -> MaskContext:
    return MaskContext(KeyedHash.derive(b"k" * 32, "d"), Column("prefs", "jsonb", "jsonb", "U"))


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("$.theem", "json-path-unlisted", "$.theme"),
        ("$.a b", "json-path", "as in the rules"),
        ("$", "json-path-unlisted", ""),
    ],
)
def test_paths_that_no_rule_covers(path: str, code: str, says: str) -> None:
    with pytest.raises(UsageFault) as caught:
        of_path(path)
    assert caught.value.error_code == code
    assert says in caught.value.remedy
