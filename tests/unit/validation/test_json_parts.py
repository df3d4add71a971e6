"""Parting JSON by its rules: every string once, under the role its path has."""

from __future__ import annotations

import time
from typing import Any

import polars as pl
import pytest

from testdata_assets.masking.transformers.json import Json
from testdata_assets.masking.transformers.registry import build
from testdata_assets.production.catalog import Column
from testdata_assets.validation.json_parts import JsonParts

PATHS: dict[str, Any] = {
    "$.theme": "keep",
    "$.contact.email": {"transform": "email", "domain": "e"},
    "$.contact.**": "keep",
    "$.phones[*]": {"transform": "phone", "domain": "p"},
}


def parts(base: str = "jsonb", paths: dict[str, Any] = PATHS) -> JsonParts:
    transformer = build("json", {"paths": paths})
    assert isinstance(transformer, Json)
    return JsonParts(transformer, Column("c", base, base, "U"))


def parted(*documents: str, base: str = "jsonb") -> dict[str, list[str]]:
    return {role: sorted(found.to_list()) for role, found in parts(base).part(pl.Series(documents)).items()}


def test_each_string_goes_where_its_path_says() -> None:
    found = parted('{"theme": "dark", "contact": {"email": "a@b.de", "city": "K\\u00f6ln"}, "phones": ["1", "2"]}')
    assert found["disjoint"] == ["a@b.de"]
    assert found["masked"] == ["1", "2"]
    assert found["kept"] == sorted(["dark", "Köln", "theme", "contact", "email", "city", "phones"])


def test_leaves_without_a_rule_count_as_kept() -> None:
    assert parted('{"new": {"deep": ["x@y.de"]}}') == {"kept": ["deep", "new", "x@y.de"]}
    assert parted('"alone"', "null", "17") == {"kept": ["alone"]}


def test_what_is_no_json_counts_as_kept_text() -> None:
    found = parted('{"theme": "dark"}', "not json, a@b.de", base="text")
    assert {"not json, a@b.de", "dark"} <= set(found["kept"])


def test_prose_inside_is_told() -> None:
    assert not parts().holds_prose
    assert parts(paths={"$.note": {"transform": "free_text"}}).holds_prose


def test_parting_is_fast() -> None:
    documents = pl.Series(
        [f'{{"theme": "dark", "contact": {{"email": "a{i}@b.de", "city": "x"}}}}' for i in range(50_000)]
    )
    started = time.process_time()
    found = parts().part(documents)
    assert found["disjoint"].len() == 50_000
    assert time.process_time() - started < 3  # measured: about half a second


def test_long_numbers_go_where_their_path_says() -> None:
    found = parted('{"contact": {"email": 442079460958, "n": 12}, "phones": [14033335568, true], "theme": 4930901820}')
    assert found["disjoint"] == ["442079460958"]
    assert found["masked"] == ["14033335568"]
    assert "4930901820" in found["kept"]
    assert "12" not in found["kept"]
    assert "true" not in found["kept"]


def test_long_documents_are_parted_like_short_ones() -> None:
    short = '{"theme": "dark", "contact": {"email": "a@b.de", "city": "x"}, "phones": ["1", "2"]}'
    items = ", ".join(f'"phone {number}"' for number in range(300_000))
    long = f'{{"contact": {{"email": "c@d.de", "note": "{"many words " * 500_000}"}}, "phones": [{items}], "new": "y"}}'
    found: dict[str, list[pl.Series]] = {}
    for role, values in parts().portions(pl.Series([short, long])):
        assert values.estimated_size() < 16 << 20
        found.setdefault(role, []).append(values)
    together = {role: pl.concat([each.alias("v") for each in several]) for role, several in found.items()}
    whole = parts().part(pl.Series([short, long]))
    for role in ("disjoint", "masked"):
        assert together[role].sort().to_list() == whole[role].sort().to_list()
    assert together["disjoint"].to_list() == ["a@b.de", "c@d.de"]
    kept = together["kept"]  # pieces of a text overlap
    assert kept.filter(kept.str.contains("many words")).str.len_bytes().sum() >= 500_000 * 11
    assert {"dark", "x", "y", "new", "note"} <= set(kept)


def test_a_long_text_that_is_no_json_counts_as_kept_text() -> None:
    (text,) = parted(f"a@b.de, {'[1], ' * 10}", base="text")["kept"][:1]
    long = pl.Series(["] " + "a@b.de, " * 1_000_000])
    found = list(parts("text").portions(long))
    assert text.startswith("a@b.de")
    assert {role for role, _ in found} == {"kept"}
    assert sum(values.str.len_bytes().sum() for _, values in found) >= 8_000_000


@pytest.mark.parametrize("words", [1_000, 400_000, 1_000_000])
def test_what_is_no_json_is_kept_text_however_long(words: int) -> None:
    document = pl.Series(["note } about a@b.de " + "lorem " * words])
    found = list(parts("text").portions(document))
    assert {role for role, _ in found} == {"kept"}
    assert any(values.str.contains("a@b.de", literal=True).any() for _, values in found)
