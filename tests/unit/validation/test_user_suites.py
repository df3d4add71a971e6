"""Users' suites: what a file may say, and the one clear reason why it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from testdata_assets.errors import UsageFault
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.validation.offline_pages import offline
from testdata_assets.validation.user_suites import load_user_suites, read_user_suites

NOT_NULL = {
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "email"},
    "meta": {},
    "severity": "critical",
}
GOOD: dict[str, Any] = {"name": "users", "table": "public.users", "expectations": [NOT_NULL], "meta": {}}


def write(folder: Path, text: str, stem: str = "users") -> Path:
    (folder / "expectations").mkdir(exist_ok=True)
    (folder / "expectations" / f"{stem}.json").write_text(text, encoding="utf-8")
    return folder


def test_no_folder_is_no_suites(tmp_path: Path) -> None:
    assert load_user_suites(tmp_path) == []


def test_a_suite_as_great_expectations_writes_it(tmp_path: Path) -> None:
    (found,) = load_user_suites(write(tmp_path, json.dumps(GOOD)))
    assert found.suite.name == "own_users"
    assert found.suite.table == TableName("public", "users")
    (expected,) = found.suite.expectations
    assert expected.id == "1 expect_column_values_to_not_be_null of email"
    assert expected.arguments == {"column": "email"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "line 1 is not JSON"),
        ("[]", "valid dictionary"),
        (json.dumps(GOOD | {"table": None}), "either `table` or `query`"),
        (json.dumps(GOOD | {"query": "SELECT 1"}), "either `table` or `query`"),
        (json.dumps(GOOD | {"table": "users"}), "schema.table"),
        (json.dumps(GOOD | {"table": None, "query": "DELETE FROM users"}), "one SELECT"),
        (json.dumps(GOOD | {"table": None, "query": "SELECT 1; DROP TABLE users"}), "one SELECT"),
        (json.dumps(GOOD | {"expectations": []}), "at least 1 item"),
        (json.dumps(GOOD | {"tables": 1}), "tables"),
        (json.dumps(GOOD | {"expectations": [NOT_NULL | {"type": "os.system"}]}), "expect_something"),
        (json.dumps(GOOD | {"expectations": [NOT_NULL | {"type": "expect_the_unexpected"}]}), "not known"),
        (json.dumps(GOOD | {"expectations": [NOT_NULL | {"kwargs": {"colum": "email"}}]}), "column"),
    ],
)
def test_a_broken_file_is_refused_with_file_and_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UsageFault) as caught:
        load_user_suites(write(tmp_path, text))
    assert caught.value.where.endswith("users.json")
    assert reason in caught.value.what


def test_every_broken_file_is_told(tmp_path: Path) -> None:
    write(tmp_path, "{", "first")
    unknown = NOT_NULL | {"type": "expect_the_unexpected"}
    write(tmp_path, json.dumps(GOOD | {"expectations": [unknown, NOT_NULL, unknown]}), "second")
    write(tmp_path, json.dumps(GOOD), "third")
    with pytest.raises(UsageFault) as caught:
        load_user_suites(tmp_path)
    assert [Path(reason["file"]).name for reason in caught.value.reasons] == [
        "first.json",
        "second.json",
        "second.json",
    ]
    found, faults = read_user_suites(tmp_path)
    assert [each.suite.name for each in found] == ["own_third"]
    assert "1 expect_the_unexpected" in faults[1].what


def test_a_file_name_becomes_a_folder_of_data_docs(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="letters, digits"):
        load_user_suites(write(tmp_path, json.dumps(GOOD), "my users"))


def test_pages_keep_their_text_and_lose_what_loads() -> None:
    page = (
        '<!DOCTYPE html><html><head><link rel="stylesheet" href="https://x.org/a.css"><style>a{}</style>'
        '<script src="//x.org/a.js">var a = "</div>";</script></head><body onload="x()">'
        '<a href="../index.html">back</a><a href="https://x.org">out</a><img src="https://x.org/p.png"/>'
        '<p style="background: url(https://x.org/b.png)">1 &lt; 2 &amp; 3</p></body></html>'
    )
    shown = offline(page)
    assert "x.org" not in shown
    assert "onload" not in shown
    assert "var a" not in shown
    assert '<a href="../index.html">back</a><a>out</a><p>1 &lt; 2 &amp; 3</p></body></html>' in shown
