"""A failed check says what to do about every kind of finding."""

from __future__ import annotations

import pytest

from testdata_assets.validation.remedies import remedy, what_to_do
from testdata_assets.validation.report import Finding
from testdata_assets.validation.rules import CHECK_NAMES, CheckName


@pytest.mark.parametrize(
    ("check", "kind", "word"),
    [
        ("no_production_values", "changes not counted", "not masked at all"),
        ("no_production_values", "unchanged values", "change_rate"),
        ("no_production_values", "values that null does not write", "empty or constant"),
        ("no_production_values", "value of public.users.email inside", "masking.yaml"),
        ("no_pii_patterns", "GitHub token", "revoked"),
        ("no_pii_patterns", "email", "rules init"),
        ("distribution_drift", "drift of values", "histogram"),
        ("distribution_drift", "since the image before, drift of values", "Production changed"),
        ("referential_integrity", "orphaned rows", "domain"),
        ("referential_integrity", "foreign key missing", "restored"),
        ("row_counts", "missing rows", "where"),
        ("row_counts", "rows too many", "insert"),
        ("schema_matches", "expectation not met", "rules/expectations"),
        ("schema_matches", "another owner", "administrator"),
        ("schema_matches", "columns: missing", "migrated"),
    ],
)
def test_each_kind_has_a_remedy(check: CheckName, kind: str, word: str) -> None:
    assert word in remedy(check, kind)


def test_a_page_names_each_remedy_once() -> None:
    findings = [Finding("public.a", column, "missing rows", 1) for column in "ab"]
    shown = what_to_do("row_counts", [*findings, Finding("public.b", "*", "rows too many", 1)])
    assert shown.count("- **") == 2
    assert "accepted" in shown


@pytest.mark.parametrize("check", CHECK_NAMES)
def test_a_check_that_found_nothing_and_failed_says_so(check: CheckName) -> None:
    assert "did not work" in what_to_do(check, [])
    assert remedy(check, "something new")
