"""rules/validation.yaml: defaults without a file, clear faults with a bad one, acceptances that expire."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from testdata_assets.errors import UsageFault
from testdata_assets.validation.report import Finding, sift
from testdata_assets.validation.rules import AcceptedFinding, ValidationRules, load_validation_rules

RULES = Path(__file__).resolve().parents[3] / "rules" / "validation.yaml"


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_validation_rules(tmp_path / "validation.yaml") == ValidationRules()


def test_the_shipped_file_states_the_defaults() -> None:
    assert RULES.exists()
    assert load_validation_rules(RULES) == ValidationRules()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("drift: {nulls: 2}", "drift.nulls"),
        ("drift: {nul: 0.1}", "drift.nul"),
        ("a: [", "not valid YAML"),
        ("accepted: [{check: no_pii_patterns, table: public.t, reason: short, expires: 2030-01-01}]", "accepted.0"),
        ("accepted: [{check: other, table: public.t, reason: long enough here, expires: 2030-01-01}]", "accepted.0"),
        ("accepted: [{check: row_counts, table: public.t, reason: long enough here}]", "expires"),
    ],
)
def test_a_bad_file_is_one_clear_fault(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "validation.yaml"
    path.write_text(text)
    with pytest.raises(UsageFault) as caught:
        load_validation_rules(path)
    assert told in caught.value.what
    assert str(path) in caught.value.where


def test_an_empty_file_and_a_full_one(tmp_path: Path) -> None:
    path = tmp_path / "validation.yaml"
    path.write_text("")
    assert load_validation_rules(path) == ValidationRules()
    path.write_text(
        "version: 1\nchange_rate: 0.9\naccepted:\n"
        "  - {check: no_pii_patterns, table: public.t, column: c, kind: email, reason: our own address,"
        " expires: 2030-01-01}\n"
    )
    rules = load_validation_rules(path)
    assert rules.change_rate == 0.9
    assert rules.accepted[0].expires == date(2030, 1, 1)


def test_acceptances_cover_what_they_name_and_no_longer_than_they_say() -> None:
    entry = AcceptedFinding(
        check="no_pii_patterns",
        table="public.t",
        column="c",
        kind="email",
        reason="our own address",
        expires=date(2030, 1, 1),
    )
    rules = ValidationRules(accepted=(entry,))
    email, phone = Finding("public.t", "c", "email", 3), Finding("public.t", "c", "phone", 1)
    today = sift("no_pii_patterns", [email, phone], rules, date(2030, 1, 1))
    assert (today.accepted, today.open, today.expired) == ((email,), (phone,), ())
    later = sift("no_pii_patterns", [email, phone], rules, date(2030, 1, 2))
    assert (later.accepted, later.open, later.expired) == ((), (email, phone), (entry,))
    other = sift("no_production_values", [email], rules, date(2030, 1, 1))
    assert other.open == (email,)
