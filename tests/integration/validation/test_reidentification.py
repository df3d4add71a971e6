"""k-anonymity, unique combinations and frequencies, measured on images whose figures are known."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import sql

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.catalog_reader import read_catalog
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.reidentification import Reidentification, measure_reidentification
from testdata_assets.validation.report import ValidationReport
from testdata_assets.validation.rules import (
    AcceptedFinding,
    FrequencyLimit,
    QuasiIdentifiers,
    ReidentificationRules,
    UniquenessLimit,
    ValidationRules,
)

Validate = Callable[..., ValidationReport]
Measure = Callable[..., Reidentification]

# Four customers are told apart by city and theme: one alone, three together. Nothing that other checks mind.
SMALL_GROUPS = """
UPDATE customers SET city = 'Ulm' WHERE customer_id = 5;
UPDATE customers SET city = 'Oslo' WHERE customer_id IN (7, 8, 10);
"""


@pytest.fixture
def measure(server: EmbeddedServer, shop: Any, shop_tools: PgTools) -> Iterator[Measure]:
    """Measures a copy of the clean image after some SQL was run on it."""
    source, evidence = shop
    made: list[str] = []

    def run(change: str = "", rules: ValidationRules | None = None) -> Reidentification:
        made.append(f"told_{secrets.token_hex(4)}")
        image = server.dsn(made[-1])
        with connect(server.dsn()) as admin:
            names = sql.Identifier(made[-1]), sql.Identifier(f"{source.database}_clean")
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        with connect(image) as conn:
            conn.execute(change.encode())
            catalog = read_catalog(conn)
        reader = ImageReader(image, shop_tools)
        return measure_reidentification(reader, catalog, evidence.plan, rules or ValidationRules(), workers=2)

    yield run
    with connect(server.dsn()) as admin:
        for name in made:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def rules(**changes: Any) -> ValidationRules:
    return ValidationRules(reidentification=ReidentificationRules(**changes))


def cities(k: int = 5, **changes: Any) -> ValidationRules:
    asked = {"table": "public.customers", "columns": ("city",), "k": k, **changes}
    return rules(quasi_identifiers=(QuasiIdentifiers.model_validate(asked),))


def figures(found: Reidentification, measure: str, table: str) -> list[dict[str, Any]]:
    return [each.as_json() for each in found.outcomes if each.measure == measure and each.table == table]


def failures(found: Reidentification) -> list[tuple[str, str, str, int, str]]:
    return [
        (finding.table, finding.column_or_object, finding.kind, finding.count, each.on_failure)
        for each in found.outcomes
        if (finding := each.finding) is not None
    ]


def test_a_set_that_is_anonymous_enough(measure: Measure) -> None:
    found = measure(rules=cities(k=100, on_failure="block"))
    assert figures(found, "k_anonymity", "public.customers") == [
        {
            "table": "public.customers",
            "columns": ["city"],
            "k": 100,
            "rows": 400,
            "groups": 3,
            "smallest_k": 133,
            "rows_below_k": 0,
            "unique_rows": 0,
        }
    ]
    assert found.smallest_k == 133
    assert failures(found) == []


def test_small_groups_warn(validate: Validate) -> None:
    check = validate(SMALL_GROUPS, rules=cities()).check("no_pii_patterns")
    assert check.passed
    assert check.findings == ()
    told = check.details["reidentification"]
    (found,) = told["k_anonymity"]
    assert (found["groups"], found["smallest_k"], found["rows_below_k"], found["unique_rows"]) == (5, 1, 4, 1)
    assert (told["smallest_k"], told["rows_below_k"]) == (1, 4)
    assert told["warnings"] == [
        {"table": "public.customers", "column": "city", "kind": "rows in groups below k=5", "count": 4}
    ]
    assert "re-identification" in check.summary


def test_small_groups_block_and_no_value_is_shown(validate: Validate) -> None:
    report = validate(SMALL_GROUPS, rules=cities(on_failure="block"))
    check = report.check("no_pii_patterns")
    assert not check.passed
    assert [(each.table, each.column_or_object, each.kind, each.count) for each in check.findings] == [
        ("public.customers", "city", "rows in groups below k=5", 4)
    ]
    shown = json.dumps(check.as_json())
    assert not [name for name in ("Ulm", "Oslo", "Berlin", "Paris", "Rome") if name in shown]


def test_k_and_what_is_tolerated_decide(measure: Measure) -> None:
    alone = ("public.customers", "city", "rows in groups below k=2", 1, "block")
    assert failures(measure(SMALL_GROUPS, cities(k=2, on_failure="block"))) == [alone]
    assert failures(measure(SMALL_GROUPS, cities(k=2, on_failure="block", tolerated=0.01))) == []
    assert failures(measure(SMALL_GROUPS, cities(k=4, on_failure="block", tolerated=0.01))) == []


def test_a_blocking_finding_can_be_accepted(validate: Validate) -> None:
    accepted = AcceptedFinding.model_validate(
        {
            "check": "no_pii_patterns",
            "table": "public.customers",
            "column": "city",
            "kind": "rows in groups below k=5",
            "reason": "these are our own offices",
            "expires": "2999-01-01",
        }
    )
    both = cities(on_failure="block").model_copy(update={"accepted": (accepted,)})
    assert validate(SMALL_GROUPS, rules=both).check("no_pii_patterns").passed


def test_masked_columns_do_not_count(measure: Measure) -> None:
    """Nobody outside knows a masked street: only the city tells customers apart."""
    asked = QuasiIdentifiers(table="public.customers", columns=("city", "street"), on_failure="block")
    only = QuasiIdentifiers(table="public.customers", columns=("street",), on_failure="block")
    found = measure(rules=rules(quasi_identifiers=(asked, only)))
    both, street = figures(found, "k_anonymity", "public.customers")
    assert (both["masked"], both["groups"], both["smallest_k"]) == ("street", 3, 133)
    assert (street["masked"], street["rows"], street["rows_below_k"]) == ("street", 0, 0)
    assert failures(found) == []


def test_what_is_not_there_fails(measure: Measure) -> None:
    column = QuasiIdentifiers(table="public.customers", columns=("city", "postcode"), on_failure="block")
    table = QuasiIdentifiers(table="public.clients", columns=("city",))
    missing = "quasi-identifier not in the image"
    assert failures(measure(rules=rules(quasi_identifiers=(column, table)))) == [
        ("public.customers", "city, postcode", missing, 1, "block"),
        ("public.clients", "city", missing, 1, "warn"),
    ]


def test_partitions_are_one_table_and_nulls_are_alike(measure: Measure) -> None:
    asked = QuasiIdentifiers(table="public.events", columns=("what",), k=60)
    found = measure("UPDATE events SET what = NULL WHERE event_id <= 2", rules(quasi_identifiers=(asked,)))
    (events,) = figures(found, "k_anonymity", "public.events")
    assert (events["rows"], events["groups"], events["smallest_k"]) == (600, 10, 2)
    assert events["rows_below_k"] == 2


def test_types_without_equality_are_compared_as_text(measure: Measure) -> None:
    change = "ALTER TABLE shops ADD doc json, ADD at point; UPDATE shops SET doc = '{}', at = '(1,2)'"
    asked = QuasiIdentifiers(table="public.shops", columns=("doc", "at"), k=2)
    (shops,) = figures(measure(change, rules(quasi_identifiers=(asked,))), "k_anonymity", "public.shops")
    assert (shops["rows"], shops["groups"], shops["smallest_k"]) == (2, 1, 2)


def test_kept_combinations_of_their_own(measure: Measure) -> None:
    """Of orders, amount, state, note and tags are kept beside the masked address; here all are alike but two rows."""
    change = (
        "UPDATE orders SET amount = 1, state = 'new', tags = NULL,"
        " note = CASE order_id WHEN 5 THEN 'x' WHEN 6 THEN 'y' END"
    )
    (found,) = figures(measure(change), "uniqueness", "public.orders")
    assert found == {
        "table": "public.orders",
        "columns": ["amount", "state", "note", "tags"],
        "rows": 3000,
        "unique_rows": 2,
        "share": 0.0007,
    }
    limit = UniquenessLimit(share=0.0001, on_failure="block")
    own = ("public.orders", "amount, state, note, tags", "rows with a kept combination of their own", 2, "block")
    assert own in failures(measure(change, rules(uniqueness=limit)))
    few = measure(change, rules(uniqueness=UniquenessLimit(most_rows=2999)))
    (left_out,) = figures(few, "uniqueness", "public.orders")
    assert left_out["left_out"] == "more than 2999 rows"


def test_frequencies_of_masked_values(measure: Measure) -> None:
    """100 customers at one address, 50 at each of two others, the rest at addresses of their own: 100 are exposed."""
    change = (
        "UPDATE customers SET street = CASE WHEN customer_id <= 100 THEN 'Mask A' WHEN customer_id <= 150 THEN 'Mask B'"
        " WHEN customer_id <= 200 THEN 'Mask C' ELSE 'Mask ' || customer_id END"
    )
    measured = measure(change)
    (found,) = [each for each in figures(measured, "frequency", "public.customers") if each["columns"] == ["street"]]
    assert found == {
        "table": "public.customers",
        "columns": ["street"],
        "domain": "street",
        "rows": 400,
        "values": 203,
        "exposed_rows": 100,
        "exposed_values": 1,
        "share": 0.25,
    }
    assert failures(measured) == []
    exposed = ("public.customers", "street", "rows linkable by frequency", 100, "block")
    assert failures(measure(change, rules(frequency=FrequencyLimit(share=0.2, on_failure="block")))) == [exposed]
    few = measure(change, rules(frequency=FrequencyLimit(most_values=200)))
    assert figures(few, "frequency", "public.customers") == []
    assert "Mask" not in repr(measured)
