"""Outputs pinned for one key: no upgrade of a library, and no edit here, may change masks unnoticed.

To accept a deliberate change run this file as a script; it writes `golden_vectors.json` anew. Data that
outputs depend on (pools, characters) gets a new version with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import MaskContext
from testdata_assets.production.catalog import Column

FILE = Path(__file__).parent / "golden_vectors.json"
KEY = bytes(range(32))
PEOPLE = ["John Smith", "O'BRIEN-jones", "Ludwig van Beethoven", "José Núñez", "Иван Петров", "王小明", "김민수", "J.",
          "ヤマダ タロウ", "Ελένη Παππά", "محمد الأحمد", "דוד כהן", "राहुल शर्मा", "สมชาย ใจดี", "😀 Bob"]  # fmt: skip
CASES: list[tuple[str, dict[str, Any], str, int | None, bool, list[str]]] = [
    ("birth_date", {}, "date", None, False, ["1980-05-03", "2000-02-29", "0044-03-15 BC", "infinity"]),
    ("birth_date", {"not_after": "2024-03-01"}, "timestamptz", None, False, ["2024-01-05 10:11:12.5+02"]),
    ("birth_date", {}, "text", None, False, ["03/15/1980", "31.12.1999", "19800503", "May"]),
    ("city", {}, "text", None, False, ["New York", "Berlin", "МОСКВА", "東京"]),
    ("company", {}, "text", None, False, ["Smith & Sons, Inc.", "3M", "x" * 40]),
    ("credit_card", {}, "text", None, False, ["4111 1111 1111 1111", "378282246310006", "**** 1234"]),
    ("email", {}, "text", None, False, ["john.smith@gmail.com", "JOHN+t@ACME.ORG", "jösé@x.de", "n/a"]),
    ("email", {"keep_domains": ["acme.org"]}, "citext", None, True, ["Bob@Acme.org", "bob@acme.org"]),
    ("email", {}, "varchar", 30, False, ["john.smith@gmail.com"]),
    ("email", {}, "varchar", 15, False, ["jo@gmail.com"]),
    ("first_name", {}, "text", None, False, PEOPLE),
    ("last_name", {}, "text", None, False, PEOPLE),
    ("last_name", {}, "varchar", 3, False, ["Lee", "Brown"[:3]]),
    ("person_name", {}, "text", None, False, PEOPLE),
    ("free_text", {}, "text", None, False, ["Call Jane\nat 5. 😀", "Привет, Иван!", "你好，王先生"]),
    ("hash", {}, "text", None, False, ["a", "A"]),
    ("hash", {"encoding": "base32", "length": 20}, "text", None, True, ["a", "A"]),
    ("hash", {}, "int4", None, False, ["7"]),
    ("hash", {}, "int8", None, False, ["7"]),
    ("hash", {}, "uuid", None, False, ["00000000-0000-0000-0000-000000000000"]),
    ("hash", {}, "bytea", None, False, ["\\x00"]),
    ("ip", {}, "inet", None, False, ["10.1.2.3", "8.8.8.8", "192.168.0.0/24", "2001:db8::1", "fe80::1/64"]),
    ("phone", {}, "text", None, False, ["+1 (555) 234-5678", "+44 20 7946 0958", "0151 23456789", "Bob"]),
    ("phone", {}, "varchar", 20, False, ["555-1234 x9"]),
    ("phone", {"country_code": "49"}, "text", None, False, ["0151 23456789"]),
    ("postcode", {}, "text", None, False, ["SW1A 1AA", "12345-6789"]),
    ("scramble", {}, "text", None, False, ["AB-12", "ab-12", "x", "Straße", "日本語", "long " * 12]),
    ("scramble", {}, "numeric", None, False, ["105.20", "-7", "0.5"]),
    ("street_address", {}, "text", None, False, ["47 MySakila Drive", "12B Main St, Apt 4", "ул. Ленина, д. 5"]),
    ("url", {}, "text", None, False, ["https://www.acme.com/u/jane?x=J%C3%A9#f", "acme.com/foo", "nothing"]),
    ("username", {}, "text", None, False, ["J.Smith", "мария_92", "bob@acme.co.uk"]),
    ("username", {}, "varchar", 8, False, ["jsmith42"]),
]  # fmt: skip


def masks(
    name: str, params: dict[str, Any], base_type: str, limit: int | None, fold: bool, values: list[str]
) -> list[str]:
    context = MaskContext(KeyedHash.derive(KEY, "golden"), Column("c", base_type, base_type, "S", limit), fold)
    return registry.build(name, params).apply(pl.Series("c", values, dtype=pl.String), context).to_list()


def label(case: tuple[Any, ...]) -> str:
    name, params, base_type, limit, fold, _ = case
    return json.dumps([name, params, base_type, limit, fold])


@pytest.mark.parametrize("case", CASES, ids=label)
def test_masks_are_as_recorded(case: tuple[Any, ...]):
    recorded = json.loads(FILE.read_text(encoding="utf-8"))[label(case)]
    assert dict(zip(case[-1], masks(*case), strict=True)) == recorded


def test_every_masking_transformer_has_vectors():
    without = {"keep", "null", "constant", "json"}  # nothing drawn, or drawn by those below
    assert {case[0] for case in CASES} | without == set(registry.all())


def write() -> None:
    recorded = {label(case): dict(zip(case[-1], masks(*case), strict=True)) for case in CASES}
    FILE.write_text(json.dumps(recorded, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
