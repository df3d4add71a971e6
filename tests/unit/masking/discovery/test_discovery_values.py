"""Looks at values: forms, checksums, dictionaries."""

from __future__ import annotations

from datetime import date

import pytest

from testdata_assets.masking.discovery import values as look
from testdata_assets.masking.discovery.identifiers import NATIONAL, TAX, scheme_share
from testdata_assets.masking.discovery.values import Values


@pytest.mark.parametrize(
    ("test", "good", "bad"),
    [
        (look.is_email, "ann.o'hara+x@mail.example.org", "ann at example"),
        (look.is_url, "https://example.org/a?b=c", "example"),
        (look.is_uuid, "123e4567-e89b-42d3-a456-426614174000", "123e4567"),
        (look.is_ip, "2001:db8::1", "1.2.3"),
        (look.is_mac, "02:00:5e:10:00:ff", "02:00:5e"),
        (look.is_iban, "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 33"),
        (look.is_card, "4111 1111 1111 1111", "4111 1111 1111 1112"),
        (look.looks_like_phone, "+49 30 901820", "2024-01-01"),
        (look.surely_phone, "(030) 901-8200", "901820"),
        (look.is_password_hash, "$2b$12$abcdefghijklmnopqrstuv", "dollar"),
        (look.is_token, "9f86d081884c7d659a2feaa0c55ad015", "internationalisation-service"),
        (look.is_user_agent, "Mozilla/5.0 (X11; Linux x86_64)", "hello/1.0"),
        (look.is_lat_lon, "52.5200, 13.4050", "52, 13"),
        (look.is_street, "12 Acacia Avenue", "Blue Widget"),
        (look.holds_contact, "write to a@b.example soon", "write soon"),
    ],
)
def test_forms(test: object, good: str, bad: str) -> None:
    assert callable(test)
    assert test(good)
    assert not test(bad)


def test_state_numbers_need_their_checksum() -> None:
    assert scheme_share(["12345678Z", "00000000T"], NATIONAL) == 1.0
    assert scheme_share(["111222333"], NATIONAL) == 1.0  # a Dutch test number
    assert scheme_share(["12345678A", "00000001T"], NATIONAL) == 0.0
    assert scheme_share(["DE123456789"], TAX) == 1.0
    assert scheme_share([], TAX) == 0.0


def test_names_are_told_from_things() -> None:
    people = Values.of(["Mary Smith", "John O'Brien", "Maria García", "Anna-Lena Müller"])
    things = Values.of(["Blue Widget", "Large Table", "Garden Hose 5m", "Desk Lamp"])
    assert look.full_name_share(people) >= 0.75
    assert look.full_name_share(things) <= 0.25


def test_few() -> None:
    assert Values.of(["a", "b"], 100).few
    assert not Values.of([str(each) for each in range(50)], 60).few
    assert not Values.of(["a"], 1).few


def test_births() -> None:
    today = date(2026, 1, 1)
    assert look.birth_like([1940, 1950, 1961, 1972, 1980, 1985, 1990, 1999, 2001], today)
    assert not look.birth_like([2019, 2020, 2021, 2022, 2023, 2024, 2024, 2025], today)
    assert look.of_all_ages([1968, 1975, 1983, 1999, 2004, 2009, 2015, 2020], today)
    assert not look.of_all_ages([1998, 2003, 2010, 2014, 2019, 2020, 2023, 2025], today)
    assert not look.of_all_ages([1968, 1975, 1983, 1999, 2004, 2009, 2015, 2030], today)


def test_values_are_not_printed() -> None:
    assert "Mary" not in repr(Values.of(["Mary Smith"]))
