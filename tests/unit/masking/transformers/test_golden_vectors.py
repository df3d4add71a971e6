"""Outputs pinned for one key: no upgrade of a library, and no edit here, may change masks unnoticed.

To record new cases:           .venv/bin/python tests/unit/masking/transformers/test_golden_vectors.py
To accept changed masks too:   .venv/bin/python tests/unit/masking/transformers/test_golden_vectors.py --accept-changes

The first adds what is missing and stops, writing nothing, where a recorded mask has changed; it shows the values. The
second writes all anew: masks of every golden image change with it, so say why in the commit. Data that outputs depend
on (pools, characters, lists) gets a new version with it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import transformer_cases as table

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import MaskContext, RowTransformer
from testdata_assets.production.catalog import Column

FILE = Path(__file__).parent / "golden_vectors.json"
KEY = bytes(range(32))
_TABLE_VALUES = 6  # of each case of the shared table
PEOPLE = ["John Smith", "O'BRIEN-jones", "Ludwig van Beethoven", "José Núñez", "Иван Петров", "王小明", "김민수", "J.",
          "ヤマダ タロウ", "Ελένη Παππά", "محمد الأحمد", "דוד כהן", "राहुल शर्मा", "สมชาย ใจดี", "😀 Bob"]  # fmt: skip
CASES: list[tuple[str, dict[str, Any], str, int | None, bool, list[str]]] = [
    ("birth_date", {}, "date", None, False, ["1980-05-03", "2000-02-29", "0044-03-15 BC", "infinity"]),
    ("birth_date", {"not_after": "2024-03-01"}, "timestamptz", None, False, ["2024-01-05 10:11:12.5+02"]),
    ("birth_date", {}, "text", None, False, ["03/15/1980", "31.12.1999", "19800503", "May", "1900-02-29"]),
    ("city", {}, "text", None, False, ["New York", "Berlin", "МОСКВА", "東京"]),
    ("company", {}, "text", None, False, ["Smith & Sons, Inc.", "3M", "x" * 40,
     "Acme S.A.", "Kowalski Sp. z o.o.", "株式会社山田製作所"]),
    ("credit_card", {}, "text", None, False, ["4111 1111 1111 1111", "378282246310006", "**** 1234"]),
    ("email", {}, "text", None, False, ["john.smith@gmail.com", "JOHN+t@ACME.ORG", "jösé@x.de", "n/a",
     "Anna <a@x.de>"]),
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
    ("phone", {}, "text", None, False, ["+1 (555) 234-5678", "+44 20 7946 0958", "0151 23456789", "Bob",
     "tel:+49-30-1234567", "+378 0549 886377", "+691 320 1234", "+672 106609"]),
    ("phone", {}, "varchar", 20, False, ["555-1234 x9"]),
    ("phone", {"country_code": "49"}, "text", None, False, ["0151 23456789"]),
    ("postcode", {}, "text", None, False, ["SW1A 1AA", "12345-6789"]),
    ("scramble", {}, "text", None, False, ["AB-12", "ab-12", "x", "Straße", "日本語", "long " * 12]),
    ("scramble", {}, "numeric", None, False, ["105.20", "-7", "0.5"]),
    ("street_address", {}, "text", None, False, ["47 MySakila Drive", "12B Main St, Apt 4", "ул. Ленина, д. 5",
     "Hauptstraße 5", "BIRKENWEG 17b"]),
    ("url", {}, "text", None, False, ["https://www.acme.com/u/jane?x=J%C3%A9#f", "acme.com/foo", "nothing",
     "https://[2001:db8::17]:8443/a?b=c"]),
    ("username", {}, "text", None, False, ["J.Smith", "мария_92", "bob@acme.co.uk"]),
    ("username", {}, "varchar", 8, False, ["jsmith42"]),
]  # fmt: skip
Recorded = dict[str, dict[str, str | None]]


def masks(
    name: str, params: dict[str, Any], base_type: str, limit: int | None, fold: bool, values: list[str]
) -> list[str | None]:
    context = MaskContext(KeyedHash.derive(KEY, "golden"), Column("c", base_type, base_type, "S", limit), fold)
    found: list[str | None] = (
        registry.build(name, params).apply(pl.Series("c", values, dtype=pl.String), context).to_list()
    )
    return found


def label(case: tuple[Any, ...]) -> str:
    name, params, base_type, limit, fold, _ = case
    return json.dumps([name, params, base_type, limit, fold])


def table_values(case: table.Case) -> list[str]:
    """A few values from all over a case's sample."""
    values = [value for value in table.samples(case) if len(value) <= 300]
    return values[:: max(len(values) // _TABLE_VALUES, 1)][:_TABLE_VALUES]


def table_masks(case: table.Case) -> dict[str, str | None]:
    """Masks of a case of the table; those that hang on the row carry it beside the value."""
    rows = [table.row_of(value, number) for number, value in enumerate(table_values(case))]
    built = case.build()
    read = (*built.reads(), *built.reads_masked()) if isinstance(built, RowTransformer) else ()
    shown = [" | ".join([str(row.value), *(f"{name}={getattr(row, name)}" for name in read)]) for row in rows]
    return dict(zip(shown, case.mask(rows, key=KEY, domain="golden"), strict=True))


def current() -> Recorded:
    """All vectors as the code makes them now."""
    found: Recorded = {label(case): dict(zip(case[-1], masks(*case), strict=True)) for case in CASES}
    for case in table.cases():
        found[str(case)] = table_masks(case)
    return found


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    loaded: Recorded = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("case", CASES, ids=label)
def test_masks_are_as_recorded(case: tuple[Any, ...], recorded: Recorded):
    assert dict(zip(case[-1], masks(*case), strict=True)) == recorded[label(case)]


@pytest.mark.parametrize("name", sorted(table.PARAMS))
def test_masks_of_the_shared_table_are_as_recorded(name: str, recorded: Recorded):
    for case in table.cases():
        if case.name == name:
            assert table_masks(case) == recorded[str(case)], str(case)


def test_every_transformer_has_vectors_and_no_vector_is_left_over(recorded: Recorded):
    assert {case.name for case in table.cases()} == set(registry.all())
    assert set(recorded) == {label(case) for case in CASES} | {str(case) for case in table.cases()}


def test_changed_masks_are_not_written_silently(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file, new = tmp_path / "vectors.json", {"case": {"value": "mask"}, "other": {"v": "m"}}
    file.write_text('{"case": {"value": "another mask"}, "gone": {}}', encoding="utf-8")
    before = file.read_bytes()
    assert write(file, new, accept=False) == 1
    assert file.read_bytes() == before
    assert "case: 'value' -> 'another mask', now 'mask'" in capsys.readouterr().out
    assert write(file, new, accept=True) == 0
    assert json.loads(file.read_text(encoding="utf-8")) == new
    assert write(file, {**new, "third": {"x": None}}, accept=False) == 0
    assert set(json.loads(file.read_text(encoding="utf-8"))) == {"case", "other", "third"}


def write(file: Path, found: Recorded, accept: bool) -> int:
    """Records vectors; without `accept` only such as contradict no recorded one. Returns an exit code."""
    known: Recorded = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    changed = [
        f"{case}: {value!r} -> {mask!r}, now {found[case].get(value)!r}"
        for case, vectors in known.items()
        if case in found
        for value, mask in vectors.items()
        if found[case].get(value) != mask
    ]
    gone = [f"{case}: recorded, but no case any more" for case in known if case not in found]
    print(*changed, *gone, sep="\n")
    print(f"{len(changed)} masks changed, {len(gone)} cases gone, {len(found.keys() - known.keys())} cases new")
    if (changed or gone) and not accept:
        print("Nothing written. If that is meant, run again with --accept-changes.")
        return 1
    file.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--accept-changes"]):
        sys.exit(__doc__)
    sys.exit(write(FILE, current(), accept=bool(sys.argv[1:])))
