"""Verdicts: type veto, names held against values, values alone, and the safe side."""

from __future__ import annotations

import json

import pytest

from testdata_assets.masking.discovery.choose import BLOCK, KEEP, choices, fits
from testdata_assets.masking.discovery.classify import Surroundings, Verdict, classify
from testdata_assets.masking.discovery.documents import read_documents
from testdata_assets.masking.discovery.domains import Candidate, group
from testdata_assets.masking.discovery.values import Values
from testdata_assets.masking.rule_models import ColumnRef
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column
from testdata_assets.production.sampling import Sketch

PEOPLE = Surroundings(kind="person", table="users")
THINGS = Surroundings(kind="thing", table="products")


def text(name: str, **more: object) -> Column:
    return Column(name, "text", "text", "S", **more)  # type: ignore[arg-type]


def test_types_have_a_veto() -> None:
    assert classify(Column("email", "boolean", "bool", "B"), Values.of([]), PEOPLE).category is None
    assert classify(Column("email_sent", "timestamptz", "timestamptz", "D"), Values.of([]), PEOPLE).category is None
    assert classify(Column("x", "inet", "inet", "I"), Values.of([]), THINGS).category == "ip"
    assert classify(Column("emails", "integer", "int4", "N"), Values.of(["3"]), PEOPLE).category is None


def test_values_speak_where_names_do_not() -> None:
    emails = Values.of([f"user{each}@example.org" for each in range(30)])
    assert classify(text("c7"), emails, Surroundings()).category == "email"
    cards = Values.of(["4111111111111111", "5500005555555559", "340000000000009", "6011000000000004"])
    assert classify(text("c8"), cards, Surroundings()).category == "credit_card"


def test_names_of_people_and_of_things() -> None:
    widgets = Values.of([f"Widget {each}" for each in range(40)])
    assert classify(text("name"), widgets, THINGS).category is None
    assert classify(text("name"), Values.of([]), PEOPLE).category == "person_name"


def test_a_harmless_name_does_not_hide_contacts() -> None:
    quoted = Values.of([f"call +49 30 9018{each:04d}" for each in range(30)])
    assert classify(text("status"), quoted, THINGS).category == "free_text"


def test_undecided_text_is_masked_and_enumerations_stay() -> None:
    odd = classify(text("zorbl"), Values.of([f"q{each}x{each * 7}" for each in range(50)]), Surroundings())
    assert odd.undecided
    assert odd.category is not None
    assert classify(text("zorbl"), Values.of([]), Surroundings()).undecided
    assert classify(text("zorbl"), Values.of(["new", "paid"], 300), Surroundings()).category is None


def test_reasons_hold_no_value() -> None:
    found = classify(text("c7"), Values.of([f"secretperson{each}@example.org" for each in range(9)]), PEOPLE)
    assert "secretperson" not in found.why


def test_documents_by_path() -> None:
    documents = [
        json.dumps({"contact": {"email": f"u{each}@example.org"}, "theme": "dark", "items": [{"qty": 1, "ok": True}]})
        for each in range(30)
    ]
    found = read_documents(documents, "prefs", PEOPLE)
    kinds = {part.path: part.verdict.category for part in found.parts}
    assert kinds == {"$.contact.email": "email", "$.theme": None, "$.items[*].qty": None, "$.items[*].ok": None}
    assert not found.personal_keys


def test_keys_that_are_data_are_not_listed() -> None:
    documents = [json.dumps({f"user{each}@example.org": {"seen": each}}) for each in range(30)]
    found = read_documents(documents, "by_mail", PEOPLE)
    assert found.personal_keys
    assert all("example" not in part.path for part in found.parts)


@pytest.mark.parametrize("category", ["email", "secret", "unknown", "free_text", "national_id", "customer_id"])
def test_every_choice_fits_and_blocking_comes_last(category: str) -> None:
    column = text("c", max_length=12, not_null=True)
    found = choices(Verdict(category, 0.9, ""), column)
    assert found[-1] == BLOCK
    assert len(found) > 1
    assert KEEP not in found
    assert all(fits(each, column) for each in found[:-1])


def test_columns_with_the_same_values_share_a_domain() -> None:
    def candidate(table: str, column: str, hashes: range, *, unique: bool = False) -> Candidate:
        reference = ColumnRef(TableName("public", table), column)
        return Candidate(reference, "email", "text", len(hashes), unique, None, Sketch(frozenset(hashes), True))

    users = candidate("users", "email", range(100), unique=True)
    orders = candidate("orders", "billing_email", range(50))
    staff = candidate("staff", "email", range(900, 930))
    found = group([users, orders, staff])
    assert found[users.reference] == found[orders.reference] == "users.email"
    assert found[staff.reference] == "staff.email"
