"""rules/validation.yaml: defaults without a file, clear faults with a bad one, acceptances that expire."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from testdata_assets.errors import UsageFault
from testdata_assets.masking.rule_errors import RulesError
from testdata_assets.validation.report import Finding, sift
from testdata_assets.validation.rules import (
    AcceptedFinding,
    FrequencyLimit,
    QuasiIdentifiers,
    UniquenessLimit,
    ValidationRules,
    digests,
    load_validation_rules,
    read_validation_rules,
)

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
        ("a: [", "YAML syntax"),
        ("- a", "must be a mapping"),
        ("drift: {nulls: 0.1, nulls: 0.2}", "stands here again"),
        ("accepted: [{check: no_pii_patterns, table: public.t, reason: short, expires: 2030-01-01}]", "accepted.0"),
        ("accepted: [{check: other, table: public.t, reason: long enough here, expires: 2030-01-01}]", "accepted.0"),
        ("reidentification: {quasi_identifiers: [{table: public.t, columns: []}]}", "quasi_identifiers.0.columns"),
        ("reidentification: {quasi_identifiers: [{table: public.t, columns: [a, a]}]}", "names a column twice"),
        ("reidentification: {quasi_identifiers: [{table: public.t, columns: [a], k: 1}]}", "quasi_identifiers.0.k"),
        ("reidentification: {quasi_identifiers: [{table: public.t, columns: [a], on_failure: stop}]}", "on_failure"),
        ("reidentification: {uniqueness: {share: 2}}", "uniqueness.share"),
        ("reidentification: {frequency: {most_values: 1}}", "frequency.most_values"),
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


def test_every_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "validation.yaml"
    path.write_text(
        "version: 1\n"
        "drift:\n"
        "  nulls: 2\n"
        "  lenghts: 0.1\n"
        "change_rate: 0.9\n"
        "accepted:\n"
        "  - {check: row_counts, table: public.t, reason: looked at by hand, expires: 2030-01-01}\n"
        "  - {check: row_counts, table: public.t, reason: short, expires: 2030-01-01}\n"
        "  - {check: row_counts, table: public.u, reason: looked at by hand, expires: soon}\n"
    )
    with pytest.raises(RulesError) as caught:
        load_validation_rules(path)
    places = [line.removeprefix(str(path)).split(": ")[0] for line in caught.value.details]
    assert places == [":3:10", ":4:3", ":8:50", ":9:78"]
    assert "drift.lenghts: unknown key (did you mean 'lengths'?)" in caught.value.details[1]
    reading = read_validation_rules(path)
    assert reading.rules.change_rate == 0.9, "the rest is read"
    assert reading.rules.drift == ValidationRules().drift
    assert [entry.table for entry in reading.rules.accepted] == ["public.t"]
    assert [mark.line for mark in reading.accepted] == [7]


def test_an_empty_file_and_a_full_one(tmp_path: Path) -> None:
    path = tmp_path / "validation.yaml"
    for nothing in ("", "# nothing yet\n\n"):
        path.write_text(nothing)
        assert load_validation_rules(path) == ValidationRules()
    path.write_text(
        "version: 1\nchange_rate: 0.9\naccepted:\n"
        "  - {check: no_pii_patterns, table: public.t, column: c, kind: email, reason: our own address,"
        " expires: 2030-01-01}\n"
    )
    rules = load_validation_rules(path)
    assert rules.change_rate == 0.9
    assert rules.accepted[0].expires == date(2030, 1, 1)


def test_sets_of_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "validation.yaml"
    path.write_text(
        "reidentification:\n"
        "  quasi_identifiers:\n"
        "    - {table: public.users, columns: [birth_date, gender], k: 3, tolerated: 0.1, on_failure: block}\n"
        "    - {table: public.orders, columns: [total]}\n"
        "  frequency: {share: 0.5}\n"
    )
    asked = load_validation_rules(path).reidentification
    first, second = asked.quasi_identifiers
    assert (first.columns, first.k, first.tolerated, first.on_failure) == (("birth_date", "gender"), 3, 0.1, "block")
    assert (second.k, second.tolerated, second.on_failure) == (5, 0.0, "warn")
    assert (asked.frequency.share, asked.uniqueness.share) == (0.5, None)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("quasi_identifiers[]", QuasiIdentifiers),
        ("uniqueness", UniquenessLimit),
        ("frequency", FrequencyLimit),
    ],
)
def test_every_key_of_reidentification_is_documented(name: str, model: type[BaseModel]) -> None:
    page = (RULES.parents[1] / "docs" / "how-to" / "validation-rules.md").read_text()
    for key, field in model.model_fields.items():
        default = "" if field.is_required() else str(field.default)
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}.{key}` |"))
        told = row.split("|")[2].strip().strip("`")
        assert (told or "") == {"None": "null", "0.0": "0"}.get(default, default)
        assert field.description


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


def _accepted(**others: Any) -> AcceptedFinding:
    known = {"check": "no_pii_patterns", "table": "public.t", "reason": "our own address", "expires": date(2030, 1, 1)}
    return AcceptedFinding.model_validate(known | others)


def test_an_acceptance_may_say_how_much() -> None:
    rules = ValidationRules(accepted=(_accepted(kind="email", count=3),))
    few, many = Finding("public.t", "c", "email", 3), Finding("public.t", "d", "email", 4)
    sifted = sift("no_pii_patterns", [few, many], rules, date(2030, 1, 1))
    assert (sifted.accepted, sifted.open, sifted.stale) == ((few,), (many,), ())


def test_acceptances_of_nothing_are_stale() -> None:
    entries = (_accepted(column="gone"), _accepted(kind="email"), _accepted(check="row_counts"))
    rules = ValidationRules(accepted=entries)
    sifted = sift("no_pii_patterns", [Finding("public.t", "c", "email", 1)], rules, date(2030, 1, 1))
    assert sifted.stale == (entries[0],)
    assert sift("no_pii_patterns", [], rules, date(2030, 1, 2)).stale == ()  # expired ones are told as such


def test_files_are_told_by_their_digests(tmp_path: Path) -> None:
    assert digests(tmp_path, []) == {"validation.yaml": None, "expectations": {}}
    (tmp_path / "validation.yaml").write_bytes(b"version: 1\n")
    (tmp_path / "own.json").write_bytes(b"{}")
    found = digests(tmp_path, [tmp_path / "own.json"])
    assert found["validation.yaml"] == hashlib.sha256(b"version: 1\n").hexdigest()
    assert found["expectations"] == {"own.json": hashlib.sha256(b"{}").hexdigest()}
