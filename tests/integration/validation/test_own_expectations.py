"""Users' own expectation suites on a real image, and Data Docs that load nothing and hold no value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testdata_assets.validation.report import ValidationReport
from testdata_assets.validation.user_suites import load_user_suites

Validate = Callable[..., ValidationReport]
SECRETS = ("Linden Road", "Mask Lane", "user7@example.com", "person7@", "Leave it at door", "Rome", "quoted value")


def write(folder: Path, stem: str, **suite: Any) -> Path:
    (folder / "expectations").mkdir(exist_ok=True)
    path = folder / "expectations" / f"{stem}.json"
    path.write_text(json.dumps(suite), encoding="utf-8")
    return path


def expectation(kind: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": f"expect_{kind}", "kwargs": kwargs, "meta": {}}


def test_suites_run_on_tables_and_queries(validate: Validate, tmp_path: Path) -> None:
    write(
        tmp_path,
        "orders",
        name="orders",
        table="public.orders",
        expectations=[
            expectation("column_values_to_not_be_null", column="amount"),
            expectation("column_values_to_be_between", column="amount", min_value=0),
            expectation("table_row_count_to_equal", value=3000),
        ],
    )
    write(
        tmp_path,
        "cities",
        query="SELECT city, count(*) AS people FROM public.customers GROUP BY city;",
        expectations=[expectation("column_values_to_be_between", column="people", min_value=1)],
    )
    report = validate(own_suites=load_user_suites(tmp_path), data_docs=tmp_path / "docs")
    check = report.check("schema_matches")
    assert check.passed, check.findings
    assert {name: [each["success"] for each in found] for name, found in check.details["own_suites"].items()} == {
        "own_cities": [True],
        "own_orders": [True, True, True],
    }
    assert (tmp_path / "docs" / "validations" / "own_orders").is_dir()


def test_what_is_not_met_or_raises_fails_without_a_value(
    validate: Validate, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    write(
        tmp_path,
        "wrong",
        table="public.customers",
        expectations=[
            expectation("column_values_to_be_in_set", column="street", value_set=["nowhere"]),
            expectation("column_distinct_values_to_equal_set", column="city", value_set=["A"]),
            expectation("column_values_to_not_be_null", column="missing"),
            expectation("column_values_to_not_be_null", column="email"),
        ],
    )
    raising = "SELECT ('quoted value ' || street)::int AS n FROM public.customers"
    write(tmp_path, "raising", query=raising, expectations=[expectation("column_values_to_be_unique", column="n")])
    report = validate(own_suites=load_user_suites(tmp_path), data_docs=tmp_path / "docs")
    check = report.check("schema_matches")
    assert not check.passed
    assert {each.table for each in check.findings} == {"expectations"}
    kinds = {each.column_or_object: each.kind for each in check.findings}
    assert kinds["own_wrong: 1 expect_column_values_to_be_in_set of street"] == "expectation not met"
    assert kinds["own_wrong: 3 expect_column_values_to_not_be_null of missing"] == "the expectation raised an exception"
    assert "own_wrong: 4 expect_column_values_to_not_be_null of email" not in kinds
    assert len(kinds) == 4
    printed = capfd.readouterr()
    texts = [json.dumps(report.as_json()), printed.out, printed.err, caplog.text]
    texts += [page.read_text() for page in (tmp_path / "docs").rglob("*.html")]
    for secret in SECRETS:
        assert not any(secret in text for text in texts), secret


def test_queries_may_begin_with_other_words(validate: Validate, tmp_path: Path) -> None:
    query = "WITH late AS (SELECT placed_at::time FROM public.orders) TABLE late;"
    write(tmp_path, "words", query=query, expectations=[expectation("table_row_count_to_equal", value=3000)])
    check = validate(own_suites=load_user_suites(tmp_path)).check("schema_matches")
    assert check.passed, check.findings


def test_a_suite_cannot_write(validate: Validate, tmp_path: Path) -> None:
    query = "SELECT setval('public.customers_customer_id_seq', 5000) AS n"
    write(tmp_path, "writes", query=query, expectations=[expectation("table_row_count_to_equal", value=1)])
    check = validate(own_suites=load_user_suites(tmp_path)).check("schema_matches")
    assert [each.table for each in check.findings] == ["expectations"]


LOADING = re.compile(
    r"""(?i)<(?:script|link|img|iframe|form)\b|(?:src|href|action|srcset)\s*=\s*["']?\s*(?:https?:)?//"""
)


def test_data_docs_load_nothing(validate: Validate, tmp_path: Path) -> None:
    report = validate("UPDATE orders SET note = 'a@b.org' WHERE order_id = 7", data_docs=tmp_path / "docs")
    pages = sorted((tmp_path / "docs").rglob("*.html"))
    assert len(pages) > 6
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not LOADING.search(text), page
        assert not re.search(r"(?i)url\s*\(|@import", text), page
        assert "<style>" in text, page
    first = Path(str(report.data_docs)).read_text(encoding="utf-8")
    links = re.findall(r'href="([^"]+)"', first)
    assert len(links) == 9  # six checks, three suites of the catalog
    assert all((tmp_path / "docs" / link).is_file() for link in links)
    assert first.count('class="failed"') == 1
    failed = (tmp_path / "docs" / links[1]).read_text(encoding="utf-8")
    assert "<table" in failed
    assert {each.suffix for each in (tmp_path / "docs").rglob("*") if each.is_file()} == {".html"}
