"""The preview of COPY lines: the engine's masks, statuses, and nothing raw unless revealed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from testdata_assets.cli.preview import _one_line
from testdata_assets.cli.preview_page import render
from testdata_assets.errors import UsageFault
from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import MaskingPlan, compile_plan
from testdata_assets.masking.preview import (
    Cell,
    Preview,
    PreviewColumn,
    PreviewTable,
    _chosen,
    preview_rows,
    telling_rows,
)
from testdata_assets.masking.rules import parse_rules
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table

KEY = b"k" * 32
HASH_FOR: Callable[[str], KeyedHash] = partial(KeyedHash.derive, KEY)
COLUMNS = (
    ("id", "int4", "N"), ("email", "text", "S"), ("name", "text", "S"), ("prefs", "jsonb", "U"), ("gone", "text", "S"),
    ("secret", "text", "S"), ("plan", "text", "S"),
)  # fmt: skip
RULES = """
version: 1
tables:
  public.users:
    id: keep
    email: {transform: email, domain: user.email}
    name: {transform: person_name, when: plan != 'staff', else: keep}
    prefs: {transform: json, paths: {"$.mail": {transform: email, domain: user.email}, "$.theme": keep, "$.by.*": keep}}
    gone: null
    secret: {transform: constant, value: none}
    plan: keep
"""
LINES = (
    b'1\tanna.4711@mail.example\tAnna Smith\t{"mail": "anna.4711@mail.example", "theme": "midnight"}'
    b"\tx\ts3cret\tgold\n"
    b"22\t\\N\tBob Oneill\t{\"by\": {\"Zoe Kravitz\": \"friend\"}}\t\\N\t\\N\tstaff\n"
    b"333\t\tTab\\tNewline\\nName\t\\N\t\t\tgold\n"
)  # fmt: skip
RAW = ["4711", "Smith", "midnight", "s3cret", "gold", "Oneill", "Zoe", "Kravitz", "friend", "staff", "333", "Newline"]


def plan_of(rules: str = RULES, columns: tuple[tuple[str, str, str], ...] = COLUMNS) -> MaskingPlan:
    name = TableName("public", "users")
    table = Table(name, 1, "r", tuple(Column(n, t, t, c) for n, t, c in columns), name, pages=1)
    return compile_plan(parse_rules(rules), Catalog(180000, "1", "shop", (table,)), KEY)


def cells(*, reveal: bool = False, rules: str = RULES) -> list[dict[str, Cell]]:
    plan = plan_of(rules).tables[0]
    names = [each.column.name for each in plan.columns]
    return [dict(zip(names, row, strict=True)) for row in preview_rows(plan, LINES, HASH_FOR, reveal=reveal)]


def test_masks_are_the_engines() -> None:
    plan = plan_of().tables[0]
    masked = TableMasker(plan, HASH_FOR).mask(LINES).data.decode().splitlines()[0].split("\t")
    first = cells(reveal=True)[0]
    assert [each.after for each in first.values()] == [None if each == "\\N" else each for each in masked]
    assert first["email"].before == "anna.4711@mail.example"


def test_raw_values_are_shapes() -> None:
    first, second, third = cells()
    assert first["email"].before == "xxxx.9999@xxxx.xxxxxxx"
    assert str(first["email"].after).count("@") == 1
    assert first["prefs"].before == '{"mail": "xxxx.9999@xxxx.xxxxxxx", "theme": "xxxxxxxx"}'
    assert first["prefs"].after == f'{{"mail": "{first["email"].after}", "theme": "xxxxxxxx"}}'
    assert second["prefs"].after == '{"by": {"Xxx Xxxxxxx": "xxxxxx"}}', "a key that no rule names is data"
    assert third["name"].before == "Xxx\tXxxxxxx\nXxxx"
    shown = "\n".join(f"{cell.before}\n{cell.after}" for row in cells() for cell in row.values())
    assert [raw for raw in RAW if raw in shown] == []
    revealed = "\n".join(str(cell.before) for row in cells(reveal=True) for cell in row.values())
    assert [raw for raw in RAW if raw not in revealed] == []


def test_statuses() -> None:
    first, second, third = cells()
    assert [cell.status for cell in first.values()] == [
        "kept", "masked", "masked", "masked", "nulled", "masked", "kept",
    ]  # fmt: skip
    assert first["secret"].after == "none"
    assert (first["gone"].before, first["gone"].after) == ("x", None)
    assert second["email"] == Cell(None, None, "null")
    assert (second["name"].status, second["name"].after) == ("kept", "Xxx Xxxxxx")
    assert third["email"] == Cell("", "", "kept"), "'' and NULL are kept apart"


def test_rows_that_the_rules_leave_out_are_left_out() -> None:
    columns = RULES.partition("public.users:\n")[2].replace("    ", "      ")
    rules = RULES.partition("    id:")[0] + f"    where: plan == 'staff'\n    columns:\n{columns}"
    found = cells(rules=rules)
    assert [row["id"].before for row in found] == ["99"]


def test_rows_are_chosen_that_fill_every_column() -> None:
    plan = plan_of("version: 1\ntables:\n  public.users: {a: hash, b: hash, c: keep}", (
        ("a", "text", "S"), ("b", "text", "S"), ("c", "text", "S"),
    )).tables[0]  # fmt: skip
    lines = [b"\\N\t\\N\t%d\n" % number for number in range(20)]
    lines[7], lines[13] = b"x\t\\N\t7\n", b"\\N\ty\t13\n"
    chosen = telling_rows(plan, b"".join(lines), 4).splitlines(keepends=True)
    assert len(chosen) == 4
    assert {lines[7], lines[13]} <= set(chosen)
    assert telling_rows(plan, b"".join(lines[:3]), 4) == b"".join(lines[:3])
    assert telling_rows(plan, b"", 4) == b""


def test_tables_are_found_by_name() -> None:
    plan = plan_of()
    assert [*_chosen(plan, ["users"])] == [*_chosen(plan, ["Public.Users"])] == [*_chosen(plan, [])] == ["public.users"]
    with pytest.raises(UsageFault) as caught:
        _chosen(plan, ["public.user"])
    assert "public.users" in caught.value.remedy
    with pytest.raises(UsageFault):
        _chosen(plan, ['"'])


def page(*, revealed: bool = False) -> str:
    evil = "<script>alert('&\"x')</script>"
    column = PreviewColumn(evil, evil, evil, evil, evil, "masked")
    table = PreviewTable(evil, "mask", 10, (column,), ((Cell(evil, evil, "masked"),), (Cell(None, "", "nulled"),)))
    empty = PreviewTable("public.gone", "truncate", 0, (), ())
    return render(Preview((table, empty), revealed, evil, evil))


def test_the_page_escapes_everything_and_asks_for_nothing() -> None:
    text = page()
    assert "<script" not in text
    assert "&lt;script&gt;alert(&#x27;&amp;&quot;x&#x27;)" in text
    for outside in ("http:", "https:", "src=", "url(", "@import", "<link", "javascript:"):
        assert outside not in text, outside
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert "without rows" in text


def test_the_page_says_what_it_holds() -> None:
    assert "No production value is on this page" in page()
    assert "No production value" not in page(revealed=True)
    assert "holds real production values" in page(revealed=True)


def test_a_value_cannot_steer_the_terminal() -> None:
    assert _one_line("a\nb\tc\x1b[31m\u202e") == "a⏎b⇥c�[31m�"
    assert _one_line("山田\u3000太郎") == "山田\u3000太郎"
