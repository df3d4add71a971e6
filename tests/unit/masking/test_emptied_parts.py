"""Parts that nested rules empty are handed on to the search, but for times and for what many rows have."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import polars as pl
import pytest

from testdata_assets.masking.emptied_parts import empties_parts, frequent_parts
from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import TablePlan
from testdata_assets.masking.plan_models import ColumnPlan
from testdata_assets.masking.sensitive import drawn_parts_of
from testdata_assets.masking.transformers import registry
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table

HASH_FOR = partial(KeyedHash.derive, b"k" * 32)
TEXT, NUMBER = Column("t", "text", "text", "S"), Column("n", "int4", "int4", "N")
SOMEBODY = {"transform": "constant", "value": "somebody"}


def planned(transformer: str, params: dict[str, Any], column: Column) -> ColumnPlan:
    return ColumnPlan(column, registry.build(transformer, params), "d", None, False, None)


def collected(plan: ColumnPlan, *lines: str) -> dict[str, list[str]]:
    name = TableName("public", "t")
    table = TablePlan(Table(name, 1, "r", (plan.column,), name), "mask", (plan,))
    masked = TableMasker(table, HASH_FOR).mask("".join(f"{line}\n" for line in lines).encode())
    return {column: sorted(values.to_list()) for column, values in masked.sensitive.items()}


COLUMNS = {
    "json": (
        {"paths": {"$.n": "keep", "$.**": None}},
        Column("c", "jsonb", "jsonb", "U"),
        ['{"n": "x", "to": ["Ann Lee", "", null, true, 7]}', '{"at": "Ann Lee"}'],
    ),
    "json under constant": ({"paths": {"$.to": SOMEBODY}}, Column("c", "json", "json", "U"), ['{"to": "Ann Lee"}']),
    "hstore": ({"keys": {"*": None}}, Column("c", "hstore", "hstore", "U"), ['"to"=>"Ann Lee", "b"=>NULL']),
    "xml": ({"paths": {"**": None}}, Column("c", "xml", "xml", "U"), ["<a b='Ann Lee'>Ann Lee</a>"]),
    "array": ({"items": SOMEBODY}, Column("c", "text[]", "_text", "A", parts=(TEXT,)), ['{"Ann Lee",NULL}']),
    "composite": (
        {"fields": {"t": None, "n": None}},
        Column("c", "parcel", "parcel", "C", parts=(TEXT, NUMBER)),
        ['("Ann Lee",1234567890)'],
    ),
    "array of json": (
        {"items": {"transform": "json", "paths": {"$.**": None}}},
        Column("c", "jsonb[]", "_jsonb", "A", parts=(Column("j", "jsonb", "jsonb", "U"),)),
        [r'{"{\\"to\\": \\"Ann Lee\\"}"}'],
    ),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_emptied_parts_are_searched_for(kind: str) -> None:
    params, column, lines = COLUMNS[kind]
    assert collected(planned(kind.split()[0], params, column), *lines) == {drawn_parts_of("c"): ["Ann Lee"]}


@pytest.mark.parametrize(
    "time", ["2024-01-31", "2024-01-31T10:00Z", "2024-01-31 10:00:05.123+01:00", "2024-01-31T10:00:05"]
)
def test_times_are_nobodys(time: str) -> None:
    plan = planned("json", {"paths": {"$.**": None}}, Column("c", "jsonb", "jsonb", "U"))
    document = f'{{"at": "{time}", "to": "{time} Ann Lee"}}'
    assert collected(plan, document) == {drawn_parts_of("c"): [f"{time} Ann Lee"]}


def test_a_part_of_many_rows_is_vocabulary() -> None:
    params = {
        "paths": {
            "$.state": None,
            "$.boss": {"transform": "null", "pii": "person_name"},
            "$.log[*]": None,
            "$.mail": "hash",
        }
    }
    plan = planned("json", params, Column("c", "jsonb", "jsonb", "U"))
    documents = [
        f'{{"state": "waiting for papers", "boss": "Ann Lee", "log": ["Zed Quux {number}"], "mail": "a b c"}}'
        for number in range(30)
    ]
    documents.append(json.dumps({"log": ["Bob Ray"] * 40}))
    assert empties_parts(plan)
    assert frequent_parts(plan, pl.Series(documents), least=20).to_list() == ["waiting for papers"]


@pytest.mark.parametrize(
    ("params", "empties"),
    [
        ({"$.a": None}, True),
        ({"$.a": SOMEBODY}, True),
        ({"$.a": {"transform": "null", "pii": "unknown"}}, True),
        ({"$.a": {"transform": "null", "pii": "email"}}, False),
        ({"$.a": "hash", "$.b": "keep"}, False),
    ],
)
def test_rules_that_say_of_whom_have_no_vocabulary(params: dict[str, Any], empties: bool) -> None:
    plan = planned("json", {"paths": params}, Column("c", "jsonb", "jsonb", "U"))
    assert empties_parts(plan) == empties


def test_values_that_a_branch_refuses_are_passed_over() -> None:
    plan = planned("json", {"paths": {"$.state": None}}, Column("c", "jsonb", "jsonb", "U"))
    assert frequent_parts(plan, pl.Series(['{"other": 1}'] * 30), least=20).to_list() == []
