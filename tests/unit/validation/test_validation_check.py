"""What `testdata rules check` says of validation.yaml and of users' suites, held against a catalog."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, ForeignKey, Table
from testdata_assets.validation.rules_check import check_validation

TODAY = date(2030, 1, 1)


def table(name: TableName, *columns: str) -> Table:
    return Table(name, 1, "r", tuple(Column(column, "text", "text", "S") for column in columns), name)


USERS, ORDERS = TableName("public", "users"), TableName("Sales", "Order")
CATALOG = Catalog(
    180000,
    "1",
    "shop",
    (table(USERS, "id", "email", "city"), table(ORDERS, "id", "user_id")),
    foreign_keys=(ForeignKey("orders_user_fkey", ORDERS, ("user_id",), USERS, ("id",)),),
    materialized_views=(TableName("public", "per_city"),),
    views=(TableName("public", "paid"),),
)


def accepted(check: str, table: str, column: str = "*", expires: str = "2030-01-01") -> str:
    entry = {"check": check, "table": table, "column": column, "reason": "looked at by hand", "expires": expires}
    return f"accepted:\n  - {json.dumps(entry)}\n"


def test_nothing_said_is_nothing_wrong(tmp_path: Path) -> None:
    found = check_validation(tmp_path, CATALOG, TODAY)
    assert (found.errors, found.warnings) == ([], [])


@pytest.mark.parametrize(
    ("check", "table", "column"),
    [
        ("no_pii_patterns", "public.users", "email"),
        ("no_pii_patterns", "public.users", "*"),
        ("no_pii_patterns", "public.users", "email, city"),
        ("no_pii_patterns", "comment", "column note of table public.orders"),
        ("no_pii_patterns", "public.per_city", "people"),
        ("distribution_drift", '"Sales"."Order"', "id ~ user_id"),
        ("referential_integrity", '"Sales"."Order"', "orders_user_fkey"),
        ("schema_matches", "schema", "public.users.email"),
        ("schema_matches", "expectations", "own_orders: 1 expect_it"),
    ],
)
def test_what_may_match_is_no_warning(tmp_path: Path, check: str, table: str, column: str) -> None:
    (tmp_path / "validation.yaml").write_text(accepted(check, table, column))
    found = check_validation(tmp_path, CATALOG, TODAY)
    assert (found.errors, found.warnings) == ([], [])


@pytest.mark.parametrize(
    ("check", "table", "column", "told"),
    [
        ("no_pii_patterns", "public.user", "*", "no such table (did you mean 'public.users'?)"),
        ("no_pii_patterns", "users", "*", "written with their schema, public.users"),
        ("no_pii_patterns", "public.users", "emial", "no such column or key (did you mean 'email'?)"),
        ("referential_integrity", '"Sales"."Order"', "orders_fkey", "no such column or key"),
        ("row_counts", "Sales.Order", "*", "no such table"),
    ],
)
def test_what_can_match_nothing_is_stale(tmp_path: Path, check: str, table: str, column: str, told: str) -> None:
    file = tmp_path / "validation.yaml"
    file.write_text("version: 1\n" + accepted(check, table, column))
    found = check_validation(tmp_path, CATALOG, TODAY)
    assert found.errors == []
    (warning,) = found.warnings
    assert told in warning["message"]
    assert (warning["file"], warning["line"], warning["position"]) == (str(file), 3, 5)
    assert warning["table"] == table
    assert warning["remedy"]


def test_what_has_expired_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "validation.yaml").write_text(accepted("row_counts", "public.users", expires="2029-12-31"))
    (warning,) = check_validation(tmp_path, CATALOG, TODAY).warnings
    assert "counts no more since 2029-12-31" in warning["message"]


def test_sets_of_columns_that_are_not_there(tmp_path: Path) -> None:
    """An image would be rejected for one that blocks: nobody may believe that it is watched."""
    (tmp_path / "validation.yaml").write_text(
        "reidentification:\n"
        "  quasi_identifiers:\n"
        "    - {table: public.users, columns: [city, zip], on_failure: block}\n"
        "    - {table: public.person, columns: [city]}\n"
        "    - {table: public.users, columns: [city, email], on_failure: block}\n"
    )
    found = check_validation(tmp_path, CATALOG, TODAY)
    assert [(each["table"], each["column"], each["line"]) for each in found.errors] == [("public.users", "zip", 3)]
    assert [(each["table"], each["line"]) for each in found.warnings] == [("public.person", 4)]


@pytest.mark.parametrize(
    ("table", "extensions", "error"),
    [
        ("pg_catalog.pg_class", (), False),
        ("information_schema.tables", (), False),
        ("public.spatial_ref_sys", (("postgis", "3.5.0"),), False),
        ("public.spatial_ref_sys", (), True),
    ],
)
def test_a_suite_may_be_on_what_no_catalog_lists(
    tmp_path: Path, table: str, extensions: tuple[tuple[str, str], ...], error: bool
) -> None:
    """A refresh runs it; only a source without extensions is known not to have such a table."""
    (tmp_path / "expectations").mkdir()
    expected = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}}
    file = tmp_path / "expectations" / "system.json"
    file.write_text(json.dumps({"table": table, "expectations": [expected]}))
    found = check_validation(tmp_path, replace(CATALOG, extensions=extensions), TODAY)
    told, silent = (found.errors, found.warnings) if error else (found.warnings, found.errors)
    assert silent == []
    assert [(each["table"], each["file"]) for each in told] == [(table, str(file))]
    assert "no such table" in told[0]["message"]
    assert ("an extension's" in told[0]["message"]) is not error


def test_suites_are_held_against_the_catalog(tmp_path: Path) -> None:
    folder = tmp_path / "expectations"
    folder.mkdir()

    def write(stem: str, table: str, column: str) -> None:
        expected = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": column}}
        (folder / f"{stem}.json").write_text(json.dumps({"table": table, "expectations": [expected]}))

    write("fine", "public.users", "email")
    write("on_a_view", "public.paid", "whatever")
    write("column", "public.users", "emial")
    write("table", "public.gone", "email")
    (folder / "broken.json").write_text("{")
    errors = check_validation(tmp_path, CATALOG, TODAY).errors
    assert {(Path(each["file"]).name, each["table"], each["column"]) for each in errors} == {
        ("broken.json", None, None),
        ("column.json", "public.users", "emial"),
        ("table.json", "public.gone", None),
    }
