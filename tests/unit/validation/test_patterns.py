"""Patterns of personal data: what fires, and the look-alikes that must not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from testdata_assets.production.catalog import Column
from testdata_assets.validation import pattern_addresses
from testdata_assets.validation.pattern_addresses import valid_phone
from testdata_assets.validation.pattern_chance import binomial_tail
from testdata_assets.validation.pattern_numbers import issuer_fits, luhn
from testdata_assets.validation.patterns import PatternHits, look


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
        ("paid with 4111 1111 1111 1111.", "card"),
        ("2 times 4111.1111.1111.1111, as agreed", "card"),
        ("tel 00493012345678", "phone"),
        ("login from 8.8.8.8", "ip address"),
        ("81.2.69.142", "ip address"),
        ("http://81.2.69.142:8080/x", "ip address"),
        ("81.2.69.142/24", "ip address"),
        ("2a00:1450:4001:82b::200e", "ip address"),
        ("from [2a00:1450:4001:082b:0000:0000:0000:200e]:80", "ip address"),
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
        "logo@2x.png",
        "git@github.com:owner/name.git",
        "ref 1234 0049 3012 3456",
        "1234-0012-0255-0143",
        "0012345678901",  # padded with zeros
        "00491234-5678-4012-8d3e-6f7a8b9c0d1e",  # a UUID
        "10.0.0.200",
        "172.20.200.3",
        "198.51.100.7",
        "203.0.113.200",
        "169.254.169.254",
        "1.2.3.4",  # a version or a chapter
        "version 120.1.2.3",
        "Mozilla/5.0 (X11) Chrome/119.0.12.4 Safari/537.36",
        "116.0.5845.97",
        "119.0.0.0",
        "1.3.6.1.4.1.200",
        "01.12.120.24",
        "2001:db8::1",
        "2001:0db8:0000:0000:0000:0000:0000:0001",
        "2024:01:15 10:11:12",
        "23:45:67:89:ab:cd",
        "2fa3::zz",
    ],
)
def test_look_alikes_are_not(text: str) -> None:
    assert found([text, "nothing"]) == {}


def test_a_grouped_card_is_no_phone() -> None:
    """Found where a run was searched for the way out of a country: 00, 1, 234 567 8901."""
    assert found(["5105 1051 0012 0255"]) == {}
    assert found(["4000 0012 3456 7899"]) == {"card": 1}


def test_numbers_with_a_plus_break_nothing() -> None:
    for text in ("+4930901820123456", "+49 30 9018 2012 3456 78", "+++4111111111111111", "+41111111111111111"):
        assert set(found([text])) <= {"phone"}


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


def test_versions_beside_keep_addresses_from_counting() -> None:
    versions = [f"116.0.{build}.97" for build in range(200, 400)]
    assert found(versions) == {}
    assert found(["116.0.200.97"]) == {"ip address": 1}


def of(name: str, base_type: str, values: list[str]) -> dict[str, int]:
    """What is found in a column of a name and a type."""
    hits = PatternHits(Column(name, base_type, base_type, "?"))
    look(pl.Series(values, dtype=pl.String), None, hits)
    return {finding.kind: finding.count for finding in hits.findings("t", name)}


@pytest.mark.parametrize("name", ["firmware", "fwVersion", "client_version", "app_version", "build", "driver_release"])
def test_a_column_of_versions_holds_no_addresses(name: str) -> None:
    assert of(name, "text", ["4.18.0.240", "92.0.4515.159"]) == {}


@pytest.mark.parametrize("name", ["client", "login_ip", "version_ip", "remoteAddr", "x"])
def test_another_column_does(name: str) -> None:
    assert of(name, "text", ["x", "81.2.69.142"]) == {"ip address": 1}


def test_columns_of_addresses() -> None:
    public = ["8.8.8.8", "81.2.69.142/24", "2a00:1450:4001:82b::200e"]
    nobody = ["10.0.0.1", "192.168.1.7/24", "fe80::1", "2001:db8::1", "::1", "81.2.69.0/24", "2a00:1450::/32"]
    for kind in ("inet", "cidr"):
        assert of("c", kind, [*public, *nobody]) == {"ip address": 3}
    given = ["08:00:2b:01:02:03", "00:1b:63:84:45:e6"]
    chosen = ["02:42:ac:11:00:02", "01:00:5e:00:00:fb", "00:00:5e:00:53:01", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"]
    assert of("c", "macaddr", given + chosen) == {"mac address": 2}
    assert of("c", "macaddr8", ["08:00:2b:ff:fe:01:02:03", "02:42:ac:ff:fe:11:00:02"]) == {"mac address": 1}


def cards(count: int) -> list[str]:
    rng = np.random.default_rng(9)
    numbers = pl.Series([f"4{number:015d}" for number in rng.integers(0, 10**15, 12 * count + 100)])
    return numbers.filter(pl.Series(luhn(numbers))).to_list()[:count]


@pytest.mark.parametrize("kind", ["int8", "numeric", "float8"])
def test_columns_of_numbers_that_are_cards(kind: str) -> None:
    assert of("c", kind, cards(10)) == {"card": 10}
    assert of("c", kind, [*cards(10), "4111111111111112"]) == {"card": 10}
    assert of("c", kind, cards(4)) == {}
    assert of("pan", kind, cards(4)) == {"card": 4}


def test_columns_of_numbers_that_are_something_else() -> None:
    """Ids of all lengths, one by one and by steps, random ones, amounts, moments since 1970 in all units."""
    rng = np.random.default_rng(7)
    columns = []
    for digits in range(9, 19):
        low = 4 * 10 ** (digits - 1)
        columns += [range(low, low + 5_000), range(low, low + 500_000, 100), range(low, low + 35_000, 7)]
        columns += [range(low, low + 180_000, 36), rng.integers(10 ** (digits - 1), 10**digits, 5_000).tolist()]
    for unit in (1, 1_000, 1_000_000):
        columns += [range(1_700_000_000 * unit, 1_731_536_000 * unit, 3_600 * unit)]
        columns += [(rng.integers(1_600_000_000, 1_750_000_000, 5_000) * unit).tolist()]
    for values in columns:
        assert of("id", "int8", [str(value) for value in values]) == {}
    assert of("amount", "numeric", [f"{value / 100:.2f}" for value in columns[0]]) == {}


def test_columns_of_numbers_that_are_personal() -> None:
    numbers = ["11144477735", "39053344705", "52998224725", "86288366757", "15350946056", "40364478829", "28625587887"]
    assert of("c", "int8", numbers) == {"national id (BR)": 7}


def test_one_number_in_many_blocks_is_one_number() -> None:
    """A bare number that passes Luhn's check by chance, referenced from everywhere."""
    hits = PatternHits()
    for _ in range(50):
        look(pl.Series(["4111111111111111"]), pl.Series([7]), hits)
    assert hits.findings("t", "c") == []
    assert hits.anything


def test_numbers_of_french_establishments_are_no_diners_cards() -> None:
    """All have Luhn's check digit, and some begin like cards."""
    rng = np.random.default_rng(4)
    numbers = pl.Series([f"{number:014d}" for number in rng.integers(3 * 10**13, 9 * 10**13, 20_000)])
    assert found(numbers.filter(pl.Series(luhn(numbers))).to_list()) == {}


def test_no_value_is_shown() -> None:
    hits = PatternHits()
    look(pl.Series(["ring +44 20 7946 0958, ann@corp.com, 4111 1111 1111 1111"]), None, hits)
    shown = repr(hits) + repr(hits.findings("t", "c"))
    assert not any(part in shown for part in ("7946", "ann", "4111"))


def test_few_phones_are_put_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def count(text: str, region: str | None) -> None:
        asked.append(text)

    monkeypatch.setattr(pattern_addresses, "valid_phone", count)
    found([f"+44 20 7946 {number:04d}" for number in range(5_000)])
    assert 100 < len(asked) <= 400
    assert valid_phone("+44 20 7946 0958", None) == "+442079460958"
