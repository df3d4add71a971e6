"""The compliance report: says what was recorded, claims nothing more, holds no foreign resource, escapes everything."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from testdata_assets.golden import attest
from testdata_assets.golden.compliance import duties, facts, markdown, page
from testdata_assets.golden.compliance.categories import CATEGORIES, HIPAA_IDENTIFIERS
from testdata_assets.golden.registry import GoldenImage

KEY = attest.signing_key(b"1" * 32)
CHECKS = [
    {
        "name": "no_production_values",
        "passed": True,
        "severity": "error",
        "summary": "clean",
        "details": {"cells": 12345},
    },
    {"name": "no_pii_patterns", "passed": True, "severity": "error", "summary": "clean", "details": {}},
    {"name": "row_counts", "passed": True, "severity": "error", "summary": "equal", "details": {"tables": 2}},
]


def column(name: str, transformer: str, **changes: Any) -> dict[str, Any]:
    told = {
        "column": name,
        "type": "text",
        "transformer": transformer,
        "masked": transformer != "keep",
        "pii": None,
        "domain": None,
        "key_id": None,
        "inherited_from": None,
        "coincidence": "disjoint",
        "conditional": False,
        "parts": [],
    }
    return told | changes


PREFERENCES = [
    {"path": "$.contact.email", "transformer": "email", "pii": None},
    {"path": "$.theme", "transformer": "keep", "pii": None},
]
COLUMNS = [
    column("id", "keep", type="bigint"),
    column("email", "email", pii="email", domain="user.email"),
    column("card", "credit_card", pii="credit_card"),
    column("blood_group", "keep", pii="health", reason="needed for <the> trial"),
    column("joined_on", "keep", type="date"),
    column("first_name", "first_name", pii="first_name", coincidence="may coincide"),
    column("preferences", "json", parts=PREFERENCES),
    column("<b>odd|name</b>", "null"),
]


def image(**changes: Any) -> GoldenImage:
    tables = [
        {"table": f"public.{name}", "rule_table": "public.users", "mode": "mask", "filtered": False, "columns": COLUMNS}
        for name in ("users_a", "users_b")
    ]
    tables.append(
        {
            "table": "public.sessions",
            "rule_table": "public.sessions",
            "mode": "truncate",
            "filtered": False,
            "columns": [],
        }
    )
    values: dict[str, Any] = dict.fromkeys((field.name for field in fields(GoldenImage)), None)
    values |= {
        "golden_id": "g-1",
        "database_name": "golden_1",
        "snapshot_id": "s-1",
        "status": "published",
        "system_identifier": "77",
        "database_oid": 16400,
        "rules_digest": "d",
        "key_id": "k",
        "row_counts": {"public.users_a": 3},
        "checks": CHECKS,
        "plan": {"version": 1, "objects": {"comments": "keep", "large_objects": "drop"}, "tables": tables},
        "created_at": datetime.now(UTC),
        "published_at": datetime.now(UTC),
    }
    return GoldenImage(**(values | changes))


def signed(**changes: Any) -> GoldenImage:
    made = image(**changes)
    return GoldenImage(
        **(made.__dict__ | {"attestation": attest.sign(attest.statement(made, {"code_version": "0"}), KEY)})
    )


def told(made: GoldenImage) -> facts.Facts:
    return facts.gather(made, [KEY.public_key()])


def test_partitions_count_once_and_documents_by_their_parts() -> None:
    found = told(signed())
    assert len(found.columns) == len(COLUMNS)
    named = {each.name: each for each in found.categories}
    assert [column.name for column in named["email"].masked] == [
        "public.users.email",
        "public.users.preferences → $.contact.email",
    ]
    assert [column.column for column in named["health"].kept] == ["blood_group"]
    assert "keep" not in named
    assert found.tables_of("truncate") == ["public.sessions"]


def test_a_document_whose_leaves_are_all_kept_is_kept() -> None:
    made = image()
    assert made.plan is not None
    made.plan["tables"][0]["columns"] = [column("attributes", "json", parts=[PREFERENCES[1]])]
    (attributes, *_) = [each for each in facts.gather(made, []).columns if each.column == "attributes"]
    assert not attributes.masked
    assert attributes.treatment == "kept (json)"


def test_only_what_is_signed_counts() -> None:
    good = told(signed())
    assert good.signed_by == attest.public_key_id(KEY.public_key())
    assert {each.state for each in duties.frameworks(good)[0].duties} >= {duties.SHOWN, duties.OPEN}
    for unsigned in (told(image()), facts.gather(signed(), [])):
        assert unsigned.signed_by is None
        assert not any(each.state == duties.SHOWN for frame in duties.frameworks(unsigned) for each in frame.duties)
        assert "Not evidence" in page.render(unsigned)
        assert "Not evidence" in markdown.render(unsigned)


def test_the_registry_cannot_speak_for_the_signature() -> None:
    """Whoever edits the registry row changes nothing of the report: it reads the signed plan and checks."""
    made = signed()
    forged = GoldenImage(**(made.__dict__ | {"plan": {"version": 1, "objects": {}, "tables": []}, "checks": []}))
    assert len(told(forged).columns) == len(COLUMNS)
    assert len(told(forged).checks) == len(CHECKS)


def test_a_failed_verification_is_told_first() -> None:
    made = GoldenImage(**(signed().__dict__ | {"verification": {"passed": False, "verified_at": "2026-01-01"}}))
    for text in (page.render(told(made)), markdown.render(told(made))):
        assert "Not evidence any more" in text


def test_all_18_identifiers_stand_there_with_what_was_kept() -> None:
    found = duties.identifiers(told(signed()))
    assert [each.number for each in found] == list(range(1, 19))
    by_title = {each.title: each for each in found}
    assert by_title["E-mail addresses"].state == duties.SHOWN
    assert by_title["Fax numbers"].note == "no column is classified so"
    dates = by_title["Dates of a person, except the year; ages over 89"]
    assert "1 date column kept" in dates.note
    assert dates.state == duties.OPEN
    assert all(0 <= each.hipaa <= len(HIPAA_IDENTIFIERS) for each in CATEGORIES.values())


def test_what_it_does_not_show_names_the_images_own_gaps() -> None:
    found = " ".join(duties.limits(told(signed())))
    assert "Rules call public.users.blood_group personal, and keep it." in found
    assert "1 masked column may hold masks that are also real values" in found
    assert "2 columns kept" in found
    assert "no legal advice" in found


def test_the_reason_why_a_column_is_kept_is_shown() -> None:
    assert "because: needed for &lt;the&gt; trial" in page.render(told(signed()))
    assert "kept (needed for" in markdown.render(told(signed()))


def test_a_kept_card_number_is_never_called_shown() -> None:
    columns = [column("pan", "keep", pii="credit_card")]
    tables = [{"table": "t", "rule_table": "t", "mode": "keep", "filtered": False, "columns": columns}]
    made = signed(plan={"version": 1, "objects": {}, "tables": tables})
    (pci,) = [each for each in duties.frameworks(told(made)) if each.name.startswith("PCI")]
    assert pci.duties[0].reference == "6.5.5"
    assert pci.duties[0].state == duties.OPEN


def test_images_without_a_recorded_plan_say_so() -> None:
    masked = [{"table": "t", "column": "c", "transformer": "email", "pii": "email", "domain": "d"}]
    found = told(signed(plan=None, masked_columns=masked))
    assert "before plans were recorded" in duties.limits(found)[0]
    assert "g-1" in page.render(found)


class Resources(HTMLParser):
    """Collects whatever would make a browser fetch or run something, and the balance of tags."""

    VOID = frozenset({"meta", "br", "link", "img", "hr", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        if tag in ("script", "link", "img", "iframe", "object"):
            self.found.append(tag)
        self.found += [
            f"{tag} {name}" for name, value in attrs if name in ("src", "href") and not (value or "").startswith("#")
        ]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("made", [signed(), image(status="rejected")])
def test_the_page_is_whole_fetches_nothing_and_escapes_names(made: GoldenImage) -> None:
    html = page.render(told(made))
    parser = Resources()
    parser.feed(html)
    assert parser.found == []
    assert parser.open == []
    assert "url(" not in html
    assert "@import" not in html
    assert "<b>odd" not in html
    assert "&lt;b&gt;odd|name&lt;/b&gt;" in html
    for reference in (
        "Art. 5(1)",
        "164.514(b)(2)(i)",
        "6.5.5",
        "CC8.1",
        "1798.100(c)",
        "What this report does not show",
    ):
        assert reference in html


def test_markdown_tables_keep_their_shape() -> None:
    text = markdown.render(told(signed()))
    assert r"\<b\>odd\|name\</b\>" in text
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1, block
