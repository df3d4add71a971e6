"""Accounts and personal numbers: valid ones are seen, python-stdnum being the judge; serial numbers are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from stdnum import iban
from stdnum.br import cpf
from stdnum.de import idnr
from stdnum.nl import bsn
from stdnum.pl import pesel

from testdata_assets.validation.pattern_chance import REMEMBERED, Chance
from testdata_assets.validation.patterns import PatternHits, look


def found(values: list[str], column: str = "c") -> dict[str, int]:
    hits = PatternHits()
    look(pl.Series(values, dtype=pl.String), None, hits)
    return {finding.kind: finding.count for finding in hits.findings("t", column)}


IBANS = [
    "DE89370400440532013000",
    "GB29 NWBK 6016 1331 9268 19",
    "FR14 2004 1010 0505 0001 3M02 606",
    "NL91 ABNA 0417 1643 00",
    "ES9121000418450200051332",
    "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
    "NO93 8601 1117 947",
]


@pytest.mark.parametrize("text", IBANS)
def test_accounts(text: str) -> None:
    assert iban.is_valid(text)
    assert found([text, "nothing"]) == {"iban": 1}
    assert found([f"paid to {text}, thanks"]) == {"iban": 1}
    assert found([f"paid to {text} PAID"]) == {"iban": 1}
    last = "1" if text[-1] != "1" else "2"
    assert found([text[:-1] + last]) == {}


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("536-90-4399", "US"),
        ("ssn: 536904399", "US"),
        ("AB 12 34 56 C", "GB"),
        ("National insurance AB123456C", "GB"),
        ("1 85 05 78 006 084 91", "FR"),
        ("RSSMRA85T10A562S", "IT"),
        ("756.9217.0769.85", "CH"),
        ("111.444.777-35", "BR"),
        ("cpf 11144477735", "BR"),
        ("131052A308T", "FI"),
        ("DNI 12345678Z", "ES"),
        ("85.07.30-033.28", "BE"),
        ("PESEL 44051401359", "PL"),
        ("BSN 111222333", "NL"),
        ("SIN 130692544", "CA"),
        ("TFN 123 456 782", "AU"),
        ("aadhaar 2341 2341 2346", "IN"),
        ("personnummer 811218-9876", "SE"),
    ],
)
def test_personal_numbers_that_are_sure(text: str, country: str) -> None:
    assert found([text, "nothing"]) == {f"national id ({country})": 1}
    assert found([f"as told: {text}; done"]) == {f"national id ({country})": 1}


@pytest.mark.parametrize(
    "text",
    [
        "900-12-3456",  # what masking makes of US numbers: never issued
        "666-12-3456",
        "1 85 05 78 006 084 92",
        "RSSMRA85T10A562X",
        "756.9217.0769.86",
        "111.444.777-36",
        "131052A308U",
        "85.07.30-033.29",
        "PESEL 44051401358",
        "44051401359",  # one number alone may have its check digit by chance
        "12345678Z",
        "111222333",
        "732 829 320",  # a French company
        "order 240115-0001",
        "AB123456C",
        "business 130692544",
        "/p/536904399",
        "0.12345678901",
        "2341 2341 2346",
    ],
)
def test_numbers_that_are_not(text: str) -> None:
    assert found([text, "nothing"]) == {}


@pytest.mark.parametrize(
    ("label", "is_valid", "low", "high"),
    [
        ("NL", bsn.is_valid, 10**8, 10**9),
        ("PL", pesel.is_valid, 10**10, 10**11),
        ("BR", cpf.is_valid, 10**10, 10**11),
        ("DE", idnr.is_valid, 10**10, 10**11),
    ],
)
def test_bare_numbers_show_by_their_share(label: str, is_valid: Callable[[str], bool], low: int, high: int) -> None:
    rng = np.random.default_rng(6)
    drawn = [str(number) for number in rng.integers(low, high, 20_000)]
    valid = [text for text in drawn if is_valid(text)][:60]
    assert len(valid) >= 20
    assert found(valid) == {f"national id ({label})": len(valid)}
    assert found([f"no. {text} of the list" for text in valid]) == {f"national id ({label})": len(valid)}
    assert found(drawn) == {}


@pytest.mark.parametrize(
    ("low", "digits"), [(1, 9), (123_456_789, 9), (10**10, 11), (20_240_101_001, 11), (10**12, 13)]
)
@pytest.mark.parametrize("step", [1, 7, 10])
def test_serial_numbers_are_nobodys(low: int, digits: int, step: int) -> None:
    assert found([f"{low + step * place:0{digits}d}" for place in range(3_000)]) == {}


def test_a_columns_name_needs_less_evidence() -> None:
    two = ["111222333", "123456782"]
    assert all(map(bsn.is_valid, two))
    assert found(two) == {}
    assert found(two, "customer_bsn") == {"national id (NL)": 2}
    assert found(two, "customerBsn") == {"national id (NL)": 2}


def test_what_is_remembered_hangs_on_neither_order_nor_size() -> None:
    numbers = pl.Series([str(number) for number in range(20_000)])
    passed = (numbers.cast(pl.Int64) % 7 == 0).to_numpy()
    rows = np.ones(20_000, np.int64)
    whole, parts = Chance(), Chance()
    whole.add(numbers, passed, rows)
    for start in (15_000, 0, 5_000, 10_000, 0):
        some = slice(start, start + 5_000)
        parts.add(numbers[some], passed[some], rows[some])
    assert (whole.hashes == parts.hashes).all()
    assert (whole.passed == parts.passed).all()
    assert len(whole.hashes) == REMEMBERED
    assert whole.rows_beyond(0.1, 1e-6) == int(passed.sum())
    assert whole.rows_beyond(0.2, 1e-6) == 0
