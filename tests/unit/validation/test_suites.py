"""The adapter to Great Expectations and the verdicts: nothing lost, nothing leaked, errors fail."""

from __future__ import annotations

import gc
import json
import os
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from testdata_assets.errors import RefusedError
from testdata_assets.validation.expectations import Expected, Suite, run_suites
from testdata_assets.validation.report import CheckResult, Finding
from testdata_assets.validation.rules import AcceptedFinding, DriftLimits, ValidationRules
from testdata_assets.validation.suites import Measured, Row, sift_findings, suite_of, verdict

ZERO = {"column": "n", "value_set": [0]}
TODAY = date(2030, 1, 1)


def frame(*values: int) -> pd.DataFrame:
    return pd.DataFrame({"name": [f"row{index}" for index in range(len(values))], "n": list(values)})


def judge(measured: Measured, rules: ValidationRules | None = None) -> CheckResult:
    rules = rules or ValidationRules()
    sifted = sift_findings(measured, rules, TODAY)
    results, _ = run_suites([suite_of(measured, sifted, rules)])
    return verdict(measured, sifted, results[measured.name])


def test_results_are_mapped_by_id_whatever_their_order() -> None:
    expectations = tuple(
        Expected(f"id{limit}", "ExpectColumnMaxToBeBetween", {"column": "n", "max_value": limit})
        for limit in (9, 1, 5, 3)
    )
    results, page = run_suites([Suite("s", frame(0, 4), expectations)])
    assert {each.id: each.success for each in results["s"].outcomes.values()} == {
        "id9": True,
        "id1": False,
        "id5": True,
        "id3": False,
    }
    assert not results["s"].success
    assert page is None


def test_an_expectation_that_raises_has_failed() -> None:
    broken = Expected("broken", "ExpectColumnValuesToBeInSet", {"column": "not there", "value_set": [0]})
    fine = Expected("fine", "ExpectColumnValuesToBeInSet", ZERO)
    results, _ = run_suites([Suite("s", frame(0, 0), (broken, fine))])
    assert results["s"].outcomes["fine"].success
    assert not results["s"].outcomes["broken"].success
    assert results["s"].outcomes["broken"].error
    assert not results["s"].success


def test_no_cell_enters_results_or_pages(tmp_path: Path) -> None:
    data = pd.DataFrame({"name": ["public.users"], "n": ["mary.smith@corp.com"]})
    expected = Expected("none", "ExpectColumnValuesToBeInSet", {"column": "n", "value_set": ["x"]}, "Nothing there.")
    results, page = run_suites([Suite("s", data, (expected,))], tmp_path / "docs")
    assert results["s"].outcomes["none"].unexpected == 1
    assert page is not None
    assert Path(page).is_file()
    pages = list((tmp_path / "docs").rglob("*.html"))
    assert len(pages) >= 3
    assert not any("mary.smith" in each.read_text() for each in pages)
    assert any("Nothing there." in each.read_text() for each in pages)
    assert "mary.smith" not in json.dumps(results["s"].as_json())


def test_each_run_stands_for_itself(tmp_path: Path) -> None:
    expected = (Expected("zero", "ExpectColumnValuesToBeInSet", ZERO),)
    first, _ = run_suites([Suite("same", frame(0), expected)], tmp_path / "first")
    second, _ = run_suites([Suite("same", frame(1), expected)], tmp_path / "second")
    assert first["same"].success
    assert not second["same"].success
    assert len(list((tmp_path / "second" / "validations").rglob("*.html"))) == 1
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    gc.collect()  # an unclosed file of the library would warn here


def test_the_rate_of_change_is_told_of_the_masks_that_it_holds_for() -> None:
    measured = Measured("no_production_values", [Row({"table": "t", "column": "c", "values": 1})], "")
    suite = suite_of(measured, sift_findings(measured, ValidationRules(), TODAY), ValidationRules())
    notes = [expected.notes for expected in suite.expectations]
    assert any("Of columns whose masks are never the value, 98.0% of the values" in each for each in notes)


def test_two_expectations_of_one_id_are_refused() -> None:
    twice = (Expected("zero", "ExpectColumnValuesToBeInSet", ZERO),) * 2
    with pytest.raises(RefusedError):
        run_suites([Suite("s", frame(0), twice)])


def row(table: str, source: int, image: int) -> Row:
    findings = [Finding(table, "*", "missing rows", source - image)] if source != image else []
    return Row({"table": table, "source_rows": source, "image_rows": image}, findings)


def test_a_check_passes_only_if_nothing_is_open() -> None:
    good = judge(Measured("row_counts", [row("public.a", 3, 3), row("public.b", 0, 0)], "all there"))
    assert (good.passed, good.summary) == (True, "all there")
    bad = judge(Measured("row_counts", [row("public.a", 3, 3), row("public.b", 5, 4)], "all there"))
    assert not bad.passed
    assert bad.summary == "public.b.*: missing rows (1)"
    failed = {each["id"] for each in bad.details["expectations"] if not each["success"]}
    assert failed == {"same rows", "nothing found"}
    json.dumps(bad.as_json())


def test_figures_alone_fail_a_check() -> None:
    """A fault in our own counting of findings does not let a wrong figure through."""
    wrong = Row({"table": "public.a", "source_rows": 3, "image_rows": 2})
    result = judge(Measured("row_counts", [wrong], "all there"))
    assert not result.passed
    assert result.summary == "Not met: same rows"


def test_accepted_findings_leave_the_frame() -> None:
    accepted = AcceptedFinding(
        check="row_counts", table="public.b", reason="loaded by hand later", expires=date(2030, 2, 1)
    )
    measured = Measured("row_counts", [row("public.a", 3, 3), row("public.b", 5, 4)], "all there")
    result = judge(measured, ValidationRules(accepted=(accepted,)))
    assert result.passed
    assert result.details["accepted"][0]["table"] == "public.b"


def test_acceptances_of_nothing_are_a_warning() -> None:
    stale = AcceptedFinding(
        check="row_counts", table="public.c", reason="loaded by hand later", expires=date(2030, 2, 1)
    )
    result = judge(Measured("row_counts", [row("public.a", 3, 3)], "all there"), ValidationRules(accepted=(stale,)))
    assert result.passed
    assert result.summary == "all there. Warning: 1 accepted findings are not there any more (public.c.* (*))"
    assert result.details["stale_acceptances"] == ["public.c.* (*)"]


def test_a_check_of_nothing_passes_and_says_so() -> None:
    result = judge(Measured("referential_integrity", [], "0 foreign keys hold"))
    assert result.passed
    assert result.details["measured"] == 0


def drift(measure: str, value: float, limit: float, exact: bool = False) -> Row:
    cells = {"table": "public.a", "column": "c", "measure": measure, "value": value, "limit": limit, "exact": exact}
    return Row(cells)


def test_drift_is_held_to_the_limits_of_the_rules() -> None:
    measured = Measured(
        "distribution_drift", [drift("nulls", 0.01, 0.04), drift("fan-out", 0.0, 0.06)], "within limits"
    )
    good = judge(measured)
    assert good.passed
    assert {each["id"] for each in good.details["expectations"]} >= {"limit of nulls", "limit of fan-out"}
    strict = judge(measured, ValidationRules(drift=DriftLimits(nulls=0.5)))
    assert not strict.passed
    assert strict.summary == "Not met: limit of nulls"
    suite = suite_of(measured, sift_findings(measured, ValidationRules(), TODAY), ValidationRules())
    assert any(
        "nulls may move by 0.03, says drift in rules/validation.yaml" in each.notes for each in suite.expectations
    )


def test_what_is_dealt_out_is_held_to_less_than_the_rules_allow() -> None:
    rows = [drift("nulls", 0.0, 0.0001, exact=True), drift("lengths", 0.0, 0.0001, exact=True)]
    honest = judge(Measured("distribution_drift", [*rows, drift("nulls", 0.0, 0.04)], "within limits"))
    assert honest.passed
    assert "limit of lengths" not in {each["id"] for each in honest.details["expectations"]}
    bent = judge(Measured("distribution_drift", [drift("nulls", 0.01, 0.0001, exact=True)], "within limits"))
    assert bent.summary == "Not met: within limits"
