"""Names of columns and tables in several languages and spellings."""

from __future__ import annotations

import pytest

from testdata_assets.masking.discovery.names import read_name, table_kind, words


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("email", "email"),
        ("billingEmail", "email"),
        ("EMAIL_ADDRESS", "email"),
        ("correo_electronico", "email"),
        ("Telefonnummer", "phone"),
        ("handy_nr", "phone"),
        ("tel_portable", "phone"),
        ("Nachname", "last_name"),
        ("prénom", "first_name"),
        ("CUST_NM", "person_name"),
        ("Geburtsdatum", "birth_date"),
        ("fecha_nacimiento", "birth_date"),
        ("data_nascita", "birth_date"),
        ("geboortedatum", "birth_date"),
        ("Straße", "street_address"),
        ("Hauptstrasse", "street_address"),
        ("address_line_2", "street_address"),
        ("zip_code", "postcode"),
        ("huisnr", "street_address"),
        ("client_ip", "ip"),
        ("ssn", "national_id"),
        ("codice_fiscale", "national_id"),
        ("passwordHash", "secret"),
        ("api_key", "secret"),
        ("order_notes", "free_text"),
        ("bank_account_holder", "person_name"),
        ("company_phone", "phone"),
    ],
)
def test_personal_names(name: str, category: str) -> None:
    sign = read_name(name)
    assert sign is not None
    assert sign.category == category
    assert sign.strong


@pytest.mark.parametrize(
    "name",
    ["phone_type", "email_verified", "is_phone_verified", "address_id", "email_template_id", "payment_method",
     "country_code", "product_name", "order_number", "password_changed_at", "status"],
)  # fmt: skip
def test_names_of_things_about_people(name: str) -> None:
    sign = read_name(name)
    assert sign is not None
    assert sign.category is None


def test_weak_names_only_hint() -> None:
    for name in ("name", "owner", "created_by", "erstellt_von"):
        sign = read_name(name)
        assert sign is not None
        assert not sign.strong
        assert sign.category == "person_name"
    assert read_name("zorbl") is None
    assert read_name("") is None


def test_words() -> None:
    assert words("KundenNr2") == ("kunden", "nr", "2")
    assert words("HTTPServerName") == ("http", "server", "name")
    assert words("Straße_Ñu") == ("strasse", "nu")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("users", "person"),
        ("customer_addresses", "person"),
        ("tbl_mitarbeiter", "person"),
        ("pacientes", "person"),
        ("suppliers", "organisation"),
        ("product_categories", "thing"),
        ("user_roles", "thing"),
        ("zorbl", "other"),
        ("", "other"),
    ],
)
def test_tables(name: str, kind: str) -> None:
    assert table_kind(name) == kind
