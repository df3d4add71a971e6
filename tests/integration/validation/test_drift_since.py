"""Drift against the image published before: production changed, which warns, or blocks where the rule says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from testdata_assets.validation.history import PastImage, past_image
from testdata_assets.validation.report import ValidationReport
from testdata_assets.validation.rules import DriftLimits, ValidationRules

Validate = Callable[..., ValidationReport]


def published(report: ValidationReport) -> PastImage:
    document = json.loads(json.dumps(dict(report.stored_profile)))
    return past_image("g-1", datetime(2026, 11, 1, tzinfo=UTC), document, masked_alike=True)


def test_a_changed_production_warns_or_blocks(validate: Validate) -> None:
    before = published(validate("UPDATE orders SET amount = amount / 2"))
    image = validate(past=[before])
    assert {(each["table"], each["column"]) for each in image.drift_since or () if each["drifted"]} == {
        ("public.orders", "amount")
    }
    check = image.check("distribution_drift")
    assert check.passed
    assert check.details["since_previous"]["drifted"] > 0
    assert "Warning: production changed" in check.summary
    assert set(image.pictures) == {"drift_map", "worst_drift", "drift_trend"}
    for draw in image.pictures.values():
        picture = draw()
        assert picture is not None
        assert picture.startswith(b"\x89PNG")
    strict = validate(past=[before], rules=ValidationRules(drift=DriftLimits(previous="block")))
    assert not strict.check("distribution_drift").passed
    assert {(each.table, each.column_or_object) for each in strict.check("distribution_drift").findings} == {
        ("public.orders", "amount")
    }
    assert validate(past=[before], rules=ValidationRules(drift=DriftLimits(previous="ignore"))).drift_since is None


def test_rows_for_each_value_of_a_foreign_key_are_compared(validate: Validate) -> None:
    report = validate("UPDATE orders SET customer_id = 1 + customer_id % 40")
    found = {(each["column"], each["measure"]) for each in report.drift_table if each["drifted"]}
    assert ("customer_id", "fan-out") in found
