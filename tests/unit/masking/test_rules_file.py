"""Reading masking.yaml: every form of the design, every mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from testdata_assets.errors import UsageFault
from testdata_assets.masking.rules import (
    ColumnRef,
    MaskingRules,
    RulesError,
    load_rules,
    parse_rules,
    rules_digest,
)
from testdata_assets.postgres.identifiers import TableName

DESIGN = """\
version: 1                                   # masking.yaml is the only file that must exist
tables:                                      # every table and every column is named; what is not, blocks
  public.users:
    email:     {pii: email, transform: email, domain: user.email}
    prefs:     {transform: json, paths: {"$.contact.email": {transform: email, domain: user.email}, "$.**": keep}}
    plan:      keep
    fax:       null
    aliases:   {transform: array, items: {transform: email, domain: user.email}}
    attrs:     {transform: hstore, keys: {phone: {transform: phone, domain: user.phone}, "*": null}}
    born:      {transform: birth_date, when: "plan == 'free'", else: keep}
  public.sessions: {mode: truncate}          # mask | keep | truncate | synthesize
  '"Sales Dept"."Order"': {mode: keep}
  public.clash: {columns: {mode: keep, columns: email}}
relationships:                               # foreign keys the schema does not declare
  - {from: public.audit.user_email, to: public.users.email}
  - {from: 'public."Log"."User.Mail"', to: public.Users.Email}
objects: {comments: keep, large_objects: block}   # catalog text and objects: keep | drop | block
"""


def problems_of(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(RulesError) as caught:
        parse_rules(text)
    assert caught.value.exit_status == 2
    assert caught.value.error_code == "rules-invalid"
    return [(problem.line, problem.column, problem.message) for problem in caught.value.problems]


def test_the_designs_block_parses() -> None:
    rules = parse_rules(DESIGN)
    users = rules.tables[TableName("public", "users")].columns
    assert (users["email"].pii, users["email"].transform, users["email"].domain) == ("email", "email", "user.email")
    assert users["plan"].transform == "keep"
    assert users["fax"].transform == "null"
    assert users["prefs"].params == {
        "paths": {"$.contact.email": {"transform": "email", "domain": "user.email"}, "$.**": "keep"}
    }
    assert users["attrs"].params["keys"]["*"] is None
    assert users["born"].when == "plan == 'free'"
    assert users["born"].otherwise is not None
    assert users["born"].otherwise.transform == "keep"
    assert rules.tables[TableName("public", "sessions")].mode == "truncate"
    assert rules.tables[TableName("Sales Dept", "Order")].mode == "keep"
    clash = rules.tables[TableName("public", "clash")]
    assert clash.mode == "mask"
    assert {name: rule.transform for name, rule in clash.columns.items()} == {"mode": "keep", "columns": "email"}
    assert rules.relationships[1].from_ == ColumnRef(TableName("public", "Log"), "User.Mail")
    assert rules.relationships[1].to == ColumnRef(TableName("public", "users"), "email")
    assert (rules.objects.comments, rules.objects.large_objects) == ("keep", "block")


def test_what_no_rule_decides_about_objects_blocks() -> None:
    rules = parse_rules("version: 1\ntables: {}\nrelationships:\nobjects:\n")
    assert (rules.objects.comments, rules.objects.large_objects) == ("block", "block")
    assert rules.relationships == ()


def test_words_of_yaml_1_1_stay_words() -> None:
    rules = parse_rules(
        "version: 1\ntables:\n  public.t:\n    on: keep\n    no: keep\n    null: keep\n    1: keep\n"
        "    c: {transform: constant, value: no}\n    d: {transform: constant, value: 2020-01-01}\n"
        "    e: {transform: constant, value: 007}\n    f: {transform: constant, value: 1.50e1}\n"
        "    g: {transform: constant, value: true}\n    h: {transform: constant, value: !!str 7}\n"
    )
    columns = rules.tables[TableName("public", "t")].columns
    assert set(columns) == {"on", "no", "null", "1", *"cdefgh"}
    assert [columns[name].params["value"] for name in "cdefgh"] == ["no", "2020-01-01", "007", 15.0, True, "7"]


def test_anchors_and_merge_keys() -> None:
    rules = parse_rules(
        "version: 1\ntables:\n  public.a: &stamps\n    made: keep\n    by: &who {transform: email, domain: d}\n"
        "  public.b:\n    <<: *stamps\n    made: null\n    other: *who\n"
    )
    columns = rules.tables[TableName("public", "b")].columns
    assert {name: rule.transform for name, rule in columns.items()} == {"made": "null", "by": "email", "other": "email"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, 1, "the file is empty")]),
        ("- a", [(1, 1, "a rules file is a mapping")]),
        ("version: 1\ntables: {a: [}", [(2, 14, "YAML syntax")]),
        ("version: 1\ntables:\n\tx: 1", [(3, 1, "YAML syntax")]),
        ('version: 1\ntables:\n  "a"."b": {}', [(3, 6, "needs single quotes around it")]),
        ("version: 1\ntables: {}\n---\na: 1", [(3, 1, "YAML syntax")]),
        ("version: 1\ntables: {}\na: \x01", [(3, 4, "U+0001")]),
        ("[" * 100_000, [(1, 65, "nested deeper")]),
        ("version: 1\ntables: &a {public.x: *a}", [(2, 9, "alias points into itself")]),
        ("version: 1\ntables: {public.a: {b: !!python/name:os.system x}}", [(2, 24, "does not fit here")]),
        ("version: 2\ntables: {}", [(1, 10, "version must be the number 1")]),
        ("tables: {}", [(1, 1, "key 'version' is missing")]),
        ("version: 1\ntables: []", [(2, 9, "tables must be a mapping")]),
        ("version: 1\ntables: {}\n? [a]\n: 1", [(3, 3, "a key must be a word")]),
    ],
)  # fmt: skip
def test_single_mistakes(text: str, expected: list[tuple[int, int, str]]) -> None:
    found = problems_of(text)
    matching = [
        any(place[:2] == (line, column) and message in place[2] for place in found)
        for line, column, message in expected
    ]
    assert all(matching), found


def test_all_mistakes_come_at_once_with_their_places() -> None:
    found = problems_of(
        """\
version: one
tabels: {}
tables:
  users: {}
  public.a:
    unfinished:
    number: 5
    typo: {transfrom: keep}
    types: {transform: 5, pii: 3, domain: ""}
    twice: keep
    twice: null
    alone: {transform: keep, else: keep}
  public.b: {mode: trunc}
  PUBLIC.B: {}
  public.c:
  public.d: truncate
  public.e: {columns: {}, x: keep}
  public.f: {mode: keep, secret: email, plan: keep}
  public.g: {mode: truncate, x: keep}
relationships: [{from: a.b, too: a.b.c}, 5, {from: a.b.c, to: a.b.c}]
objects: {comment: keep, large_objects: maybe, comments: [keep]}
"""
    )
    places = {(line, column): message for line, column, message in found}
    expected = {
        (1, 10): "version must be the number 1",
        (2, 1): "unknown key 'tabels' (did you mean 'tables'?)",
        (4, 3): "'users' is not a table name",
        (6, 16): "column 'unfinished' has no rule",
        (7, 13): "column 'number' needs the name of a transformer",
        (8, 12): "names no `transform` (did you mean it by 'transfrom'?)",
        (9, 24): "transform must be text",
        (9, 32): "pii must be text",
        (9, 43): "domain cannot be empty",
        (11, 5): "key 'twice' stands here again; it is first on line 10",
        (12, 36): "`else` of column 'alone' has no `when`",
        (13, 20): "a table's mode is mask, keep, truncate or synthesize",
        (14, 3): "table public.b stands here again; it is first on line 13",
        (15, 12): "a table's value is a mapping",
        (16, 13): "{mode: truncate}",
        (17, 27): "'x' stands beside `columns:`",
        (18, 26): "column 'secret' has a rule although its table's mode is keep",
        (19, 30): "column 'x' has a rule although its table's mode is truncate",
        (20, 17): "key 'to' is missing",
        (20, 24): "'a.b' is not a column name",
        (20, 29): "unknown key 'too' (did you mean 'to'?)",
        (20, 42): "a relationship is {from",
        (20, 45): "from a column to itself",
        (21, 11): "unknown key 'comment' (did you mean 'comments'?)",
        (21, 41): "large_objects must be keep, drop or block",
        (21, 58): "comments must be keep, drop or block",
    }
    wrong = {place: (places.get(place), text) for place, text in expected.items() if text not in places.get(place, "")}
    assert not wrong, found
    assert len(found) == len(expected), sorted(set(places) - set(expected))


def test_the_error_summarises_and_lists() -> None:
    with pytest.raises(RulesError) as caught:
        parse_rules("version: 2\ntables: []", file="rules/masking.yaml")
    error = caught.value
    assert error.what == "rules/masking.yaml has 2 problems: version must be the number 1 and 1 more"
    assert error.where == "rules/masking.yaml:1:10"
    assert "rules/masking.yaml:2:9: tables must be a mapping" in str(error)
    listed = error.as_json()["error"]["problems"]
    assert [(each["line"], each["position"]) for each in listed] == [(1, 10), (2, 9)]


def test_a_missing_file_names_path_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageFault) as caught:
        load_rules(tmp_path / "masking.yaml")
    assert caught.value.exit_status == 2
    assert caught.value.error_code == "rules-missing"
    assert str(tmp_path / "masking.yaml") in caught.value.what
    assert "TESTDATA_RULES_DIR" in caught.value.remedy


def test_a_folder_stands_for_its_masking_yaml(tmp_path: Path) -> None:
    (tmp_path / "masking.yaml").write_text("\ufeffversion: 1\ntables: {public.a: {}}\n", encoding="utf-8")
    assert list(load_rules(tmp_path).tables) == [TableName("public", "a")]


def test_a_file_that_is_not_utf8_says_where(tmp_path: Path) -> None:
    path = tmp_path / "masking.yaml"
    path.write_bytes(b"version: 1\ntables:\n  x\xff: 1\n")
    with pytest.raises(RulesError) as caught:
        load_rules(path)
    assert [(each.line, each.column) for each in caught.value.problems] == [(3, 4)]


def test_places_of_parameters_are_known() -> None:
    rules = parse_rules(DESIGN, file="m.yaml")
    base = ("tables", "public.users", "columns", "prefs", "params", "paths", "$.contact.email")
    assert str(rules.mark(*base, "transform")) == "m.yaml:5:62"
    assert str(rules.mark(*base, "nothing", "there")) == "m.yaml:5:42"
    assert str(rules.mark("nothing")) == "m.yaml:1:1"
    assert MaskingRules(tables={}).mark("nothing") is None


def test_the_digest_follows_meaning_only() -> None:
    first = parse_rules(
        "version: 1\ntables:\n  public.a: {x: keep, y: null}\n"
        "  public.b: {mode: mask, z: {transform: hash, length: 9}}\n"
    )
    second = parse_rules(
        """
        # the same, written differently
        tables:
          '"public"."b"':
            columns:
              z:
                length: 9
                transform: "hash"
          public.a:
            "y": {transform: null}
            x: {transform: keep}
        objects: {comments: block}
        relationships: []
        version: 1
        """
    )
    assert rules_digest(first) == rules_digest(second)
    changed = parse_rules(
        "version: 1\ntables:\n  public.a: {x: keep, y: keep}\n  public.b: {z: {transform: hash, length: 9}}\n"
    )
    assert rules_digest(first) != rules_digest(changed)
    assert rules_digest(first) != rules_digest(first, "pools 2")
    assert rules_digest(first) == "8fc745058a7307d2869dbdbbf741927920244a31854688be7b911c6a3cbb2f17"


@pytest.mark.parametrize("text", ["public.users", "users.email", "a.b.c.d", 'public."a.b', "", "..", "a..c"])
def test_column_references_need_three_parts(text: str) -> None:
    with pytest.raises(UsageFault):
        ColumnRef.parse(text)


def test_column_references_round_trip() -> None:
    for reference in (
        ColumnRef(TableName("public", "users"), "email"),
        ColumnRef(TableName("Sales Dept", 'a"b'), "E.mail"),
        ColumnRef(TableName("x", "y"), 'quo"te'),
    ):
        assert ColumnRef.parse(str(reference)) == reference


@pytest.mark.parametrize(
    ("written", "turned"),
    [
        ("{transform: keep, when: a = 1, else: null}", ("null", "not (a = 1)", "keep")),
        ("{transform: keep, when: a = 1, else: {transform: constant, value: x}}", ("constant", "not (a = 1)", "keep")),
        ("{transform: keep, when: a = 1, else: email}", ("email", "not (a = 1)", "keep")),
        ("{transform: null, when: a = 1, else: email}", ("email", "not (a = 1)", "null")),
        ("{transform: null, when: a = 1, else: keep}", ("null", "a = 1", "keep")),
        ("{transform: keep, when: a = 1, else: keep}", ("keep", "a = 1", "keep")),
        ("{transform: keep, when: a = 1, else: {transform: keep, when: b = 1, else: null}}", ("keep", "a = 1", "null")),
    ],
)
def test_what_keeps_rows_comes_last(written: str, turned: tuple[str, str, str]) -> None:
    rule = (
        parse_rules(f"version: 1\ntables: {{public.t: {{x: {written}}}}}").tables[TableName("public", "t")].columns["x"]
    )
    assert rule.otherwise is not None
    assert (rule.transform, rule.when, rule.otherwise.transform) == turned
