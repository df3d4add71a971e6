"""The editors' JSON Schema says of a rules file what the parser says."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import yaml

from testdata_assets.masking.rules import json_schema


def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(json.dumps(json_schema()))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(
    "table",
    [
        "{x: keep}",
        "{x: null}",
        "{x: {transform: null}}",
        "{x: {transform: hash, length: 9, domain: d, pii: email}}",
        "{x: {transform: json, paths: {$.a: keep}}}",
        "{x: {transform: hash, when: 'a == 1', else: keep}}",
        "{mode: truncate}",
        "{columns: {mode: keep}}",
        "{}",
    ],
)
def test_it_accepts_rules(make: SimpleNamespace, table: str) -> None:
    make.rules(f"public.t: {table}")
    validator().validate({"version": 1, "tables": {"public.t": yaml.safe_load(table)}, "objects": {"comments": "keep"}})


@pytest.mark.parametrize(
    "document",
    [
        {"version": 2, "tables": {}},
        {"version": 1},
        {"version": 1, "tables": {}, "more": 1},
        {"version": 1, "tables": {"a.b": {"x": "no_such"}}},
        {"version": 1, "tables": {"a.b": {"x": {"transform": "hash", "lenght": 9}}}},
        {"version": 1, "tables": {"a.b": {"x": {"transform": "hash", "length": 2}}}},
        {"version": 1, "tables": {"a.b": {"x": {"transform": "json"}}}},
        {"version": 1, "tables": {"a.b": {"x": "json"}}},
        {"version": 1, "tables": {"a.b": {"mode": "trunc"}}},
        {"version": 1, "tables": {}, "objects": {"comments": "maybe"}},
        {"version": 1, "tables": {}, "relationships": [{"from": "a.b.c"}]},
    ],
)
def test_it_refuses_what_is_no_rule(make: SimpleNamespace, document: dict[str, Any]) -> None:
    assert not validator().is_valid(document)


def test_it_holds_for_the_real_transformers() -> None:
    check = validator()
    assert check.is_valid({"version": 1, "tables": {"a.b": {"x": "keep", "y": None}}})
    names = {variant.get("title") for variant in json_schema()["$defs"]["columnRule"]["anyOf"]}
    assert {"keep", "null"} <= names
