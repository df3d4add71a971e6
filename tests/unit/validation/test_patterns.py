"""Patterns of personal data: what fires, and the look-alikes that must not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from testdata_assets.validation import patterns
from testdata_assets.validation.patterns import PatternHits, binomial_tail, issuer_fits, look, luhn, valid_phone


def found(values: list[str], counts: list[int] | None = None, *, emails_only: bool = False) -> dict[str, int]:
    hits = PatternHits()
    look(
        pl.Series(values, dtype=pl.String),
        None if counts is None else pl.Series(counts, dtype=pl.Int64),
        hits,
        emails_only=emails_only,
    )
    return {finding.kind: finding.count for finding in hits.findings("t", "c")}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ann@corp.com", "email"),
        ("<ann.o'hara+x@sub.corp.co.uk>", "email"),
        ("юлия@почта.рф", "email"),
        ("ann@notexample.com", "email"),
        ("ann@example.de", "email"),
        ("+44 20 7946 0958", "phone"),
        ("ring 0049 30 901820 today", "phone"),
        ("(212) 736-5000", "phone"),
        ("212-736-5000", "phone"),
        ("call:+14155552671;", "phone"),
        ("4111 1111 1111 1111", "card"),
        ("5500-0000-0000-0004", "card"),
        ("3782 822463 10005", "card"),
        ("visa 4111111111111111 used", "card"),
    ],
)
def test_personal_data_is_seen(text: str, kind: str) -> None:
    assert found(["nothing", text]) == {kind: 1}


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.com",
        "ann@mail.example.org",
        "x@y.test",
        "root@localhost",
        "a@b",
        "@handle",
        "price @ 5.00",
        "icon@2x.png1",
        "2024-01-15 10:11:12+00",
        "4000123412341234",  # a bare number may be an order's
        "1234 5678 9012 3456",  # no issuer
        "4111 1111 1111 1112",  # Luhn says no
        "+1 202 555 0123",  # reserved for fiction
        "+999 1234567",
        "192.168.100.200",
        "7364-5000",
        "100-200-3000",  # no such area code
        "a3f0c9-555-1234-88",
        "1.23e+10",
        "",
    ],
)
def test_look_alikes_are_not(text: str) -> None:
    assert found([text, "nothing"]) == {}


def test_counts_are_rows() -> None:
    assert found(["ann@corp.com", "x"], [12, 3]) == {"email": 12}


def test_partly_masked_columns_are_searched_for_emails_only() -> None:
    assert found(["ann@corp.com +44 20 7946 0958"], emails_only=True) == {"email": 1}


def test_bare_card_numbers_show_by_their_share() -> None:
    rng = np.random.default_rng(3)
    series = pl.Series([f"4{number:015d}" for number in rng.integers(0, 10**15, 6_000)])
    bare = series[:2_000].to_list()
    real = series[2_000:].filter(pl.Series(luhn(series[2_000:]))).to_list()
    assert found(bare) == {}  # one in ten passes Luhn, as chance has it
    assert found(real[:3]) == {"card": 3}
    assert found(real[:1]) == {}
    assert found(bare + real)["card"] > len(real)


def test_luhn_agrees_with_the_rule_of_the_book() -> None:
    def by_hand(text: str) -> bool:
        digits = [int(letter) for letter in reversed(text)]
        doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
        return (sum(digits[::2]) + sum(doubled)) % 10 == 0

    rng = np.random.default_rng(5)
    texts = [str(number) for number in rng.integers(10**12, 10**18, 500)] + ["4111111111111111", "79927398713"]
    assert luhn(pl.Series(texts)).tolist() == [by_hand(text) for text in texts]


def test_issuers() -> None:
    known = ["4111111111111111", "5555555555554444", "2221000000000009", "378282246310005", "6011111111111117"]
    known += ["30569309025904", "3530111333300000"]
    assert issuer_fits(pl.Series(known)).all()
    assert not issuer_fits(pl.Series(["1111111111111111", "2220000000000000", "41111111111", "99"])).any()


def test_the_chance_of_luhn_is_bounded() -> None:
    assert binomial_tail(0, 0, 0.1) == 1
    assert binomial_tail(10, 100, 0.1) == 1
    assert binomial_tail(3, 3, 0.1) == pytest.approx(1e-3)
    assert binomial_tail(60, 100, 0.1) < 1e-20


def test_few_phones_are_put_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def count(text: str, region: str | None) -> None:
        asked.append(text)

    monkeypatch.setattr(patterns, "valid_phone", count)
    found([f"+44 20 7946 {number:04d}" for number in range(5_000)])
    assert 100 < len(asked) <= 400
    assert valid_phone("+44 20 7946 0958", None) == "+442079460958"
