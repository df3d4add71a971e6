"""The file: readable by the rules reader whatever names a database has, and never written over another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from testdata_assets.errors import RefusedError
from testdata_assets.masking.discovery.write import ColumnEntry, TableEntry, render, write_rules
from testdata_assets.masking.rules import load_rules, parse_rules
from testdata_assets.postgres.identifiers import TableName

ODD = ["on", "null", "a: b", "#x", 'quo"te', "it's", "line\nbreak", "Größe", "", "\u2028", "\\", "no", "1", "-", "*a"]


def test_any_identifier_reads_back() -> None:
    columns = [ColumnEntry(name or " ", {"transform": "keep"}, "0.90: why\nnot") for name in ODD]
    name = TableName("Sales Dept", 'Or"der: #1')
    rules = parse_rules(render([TableEntry(name, columns)], {"comments": "keep"}))
    assert list(rules.tables[name].columns) == [each or " " for each in ODD]


def test_a_table_with_columns_called_like_keys() -> None:
    columns = [ColumnEntry(each, {"transform": None}, "") for each in ("mode", "columns", "id")]
    rules = parse_rules(render([TableEntry(TableName("public", "t"), columns)], {}))
    assert set(rules.tables[TableName("public", "t")].columns) == {"mode", "columns", "id"}


def test_tables_without_rules_of_their_own() -> None:
    only = [ColumnEntry("user_id", None, "as public.users.id, which it references")]
    text = render(
        [TableEntry(TableName("public", "t"), only), TableEntry(TableName("public", "f"), mode="truncate")], {}
    )
    rules = parse_rules(text)
    assert rules.tables[TableName("public", "t")].columns == {}
    assert rules.tables[TableName("public", "f")].mode == "truncate"
    assert parse_rules(render([], {})).tables == {}


def test_existing_rules_stay_without_force(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "rules"
    file = write_rules(folder, render([], {}))
    assert load_rules(folder).tables == {}
    with pytest.raises(RefusedError) as refused:
        write_rules(folder, "other")
    assert "--force" in refused.value.remedy
    assert file.read_text(encoding="utf-8") == render([], {})
    write_rules(folder, "version: 1\ntables: {}\n", force=True)
    assert file.read_text(encoding="utf-8") == "version: 1\ntables: {}\n"
    assert [each.name for each in folder.iterdir()] == ["masking.yaml"]
