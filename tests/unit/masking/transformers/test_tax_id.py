"""tax_id: valid stays valid by python-stdnum's judgement; prefix and punctuation stay; numbers stay distinct."""

from __future__ import annotations

import importlib
import random
import re
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Uniqueness
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[str]]
# Country, prefix, form (digits by count, other characters as they are), library module.
KINDS = [
    ("AT", "AT", "U8", "at.uid"),
    ("BE", "BE", "10", "be.vat"),
    ("DE", "DE", "9", "de.vat"),
    ("DK", "DK", "8", "dk.cvr"),
    ("EE", "EE", "9", "ee.kmkr"),
    ("GR", "EL", "9", "gr.vat"),
    ("ES", "ES", "B8", "es.nif"),
    ("ES", "ES", "8K", "es.nif"),
    ("ES", "ES", "X7W", "es.nif"),
    ("ES", "ES", "Q7A", "es.nif"),
    ("FI", "FI", "8", "fi.alv"),
    ("FR", "FR", "11", "fr.tva"),
    ("GB", "GB", "9", "gb.vat"),
    ("HR", "HR", "11", "hr.oib"),
    ("HU", "HU", "8", "hu.anum"),
    ("IE", "IE", "7F", "ie.vat"),
    ("IT", "IT", "11", "it.iva"),
    ("LU", "LU", "8", "lu.tva"),
    ("NL", "NL", "9B01", "nl.btw"),
    ("PL", "PL", "10", "pl.nip"),
    ("PT", "PT", "9", "pt.nif"),
    ("SE", "SE", "1001", "se.vat"),
    ("SI", "SI", "8", "si.ddv"),
    ("CH", "CHE", "9", "ch.uid"),
    ("BR", "", "14", "br.cnpj"),
    ("AU", "", "11", "au.abn"),
]
DIGITS = "0123456789"
FORMS = {"SE": (10, "01"), "NL": (9, "B01")}


def library(module: str) -> Callable[[str], bool]:
    return importlib.import_module(f"stdnum.{module}").is_valid


def numbers(country: str, prefix: str, form: str, module: str, count: int) -> list[str]:
    """Valid numbers found by trial, the last digits by counting: independent of the code under test."""
    draw, valid, found = random.Random(country + form), library(module), set()
    while len(found) < count:
        if country in FORMS:
            size, end = FORMS[country]
            body = "".join(draw.choices(DIGITS, k=size)) + end
        else:
            start, size, end = re.fullmatch(r"([A-Z]?)(\d+)([A-Z]?)", form).groups()  # type: ignore[union-attr]
            body = start + "".join(draw.choices(DIGITS, k=int(size))) + end
        if country == "BE":
            body = "0" + body[1:8] + f"{97 - int('0' + body[1:8]) % 97:02d}"
        if country == "IT":
            body = body[:7] + f"{draw.randint(1, 100):03d}" + body[10]
        if country == "BR":
            body = body[:8] + "0001" + importlib.import_module("stdnum.br.cnpj").calc_check_digits(body[:8] + "0001")
        if country == "FR":
            siren = body[2:]
            body = f"{int(siren + '12') % 97:02d}" + siren
        if country == "NL" and not library("nl.bsn")(body[:9]):
            continue  # valid by chance as a sole trader's, whose check digits are never 01
        if country == "GB" and body[-2:] in ("00", "98", "99"):
            continue  # never computed, though the library takes them
        if valid((prefix if country == "CH" else "") + body):
            found.add(prefix + body)
    return sorted(found)


def judged(value: str, prefix: str, module: str) -> bool:
    return library(module)(value if prefix == "CHE" else value.removeprefix(prefix))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind[0]}-{kind[2]}")
def test_valid_numbers_stay_valid_and_distinct(mask: Mask, kind: tuple[str, str, str, str]):
    country, prefix, _, module = kind
    values = numbers(*kind, 40)
    for params in ({}, {"country": country}):
        masked = mask("tax_id", values, params=params)
        assert len(set(masked)) == len(values)
        for value, result in zip(values, masked, strict=True):
            assert value != result
            assert result.startswith(prefix)
            assert len(result) == len(value)
            assert judged(result, prefix, module)


@pytest.mark.parametrize("kind", KINDS[:4] + KINDS[10:12] + KINDS[-2:], ids=lambda kind: f"{kind[0]}-{kind[2]}")
def test_invalid_numbers_change_and_stay_invalid(mask: Mask, kind: tuple[str, str, str, str]):
    country, prefix, _, module = kind
    values = [value[:-1] + str((int(value[-1]) + 1) % 10) for value in numbers(*kind, 30)]
    values = [value for value in values if not judged(value, prefix, module)]
    assert values
    masked = mask("tax_id", values, params={"country": country})
    # A scrambled prefix is no number of the country either.
    assert not any(result.startswith(prefix) and judged(result, prefix, module) for result in masked)
    assert all(one != two for one, two in zip(values, masked, strict=True))
    assert len(set(masked)) == len(values)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind[1]], ids=lambda kind: f"{kind[0]}-{kind[2]}")
def test_prefixed_and_bare_agree_where_the_country_is_given(mask: Mask, kind: tuple[str, str, str, str]):
    country, prefix, _, _ = kind
    values = numbers(*kind, 10)
    whole = mask("tax_id", values, params={"country": country})
    bare = mask("tax_id", [value.removeprefix(prefix) for value in values], params={"country": country})
    assert [value.removeprefix(prefix) for value in whole] == bare


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("12-3456789", r"12-\d{7}"),
        ("16.727.230/0001-97", r"\d\d\.\d{3}\.\d{3}/0001-\d\d"),
        ("83 914 571 673", r"\d\d \d{3} \d{3} \d{3}"),
        ("CHE-107.787.577 IVA", r"CHE-\d{3}\.\d{3}\.\d{3} IVA"),
        ("atu 13585627", r"atu \d{8}"),
        ("NL 4495445B01", r"[A-Z]{2} \d{7}[A-Z]\d\d"),
        ("DE 136.695.976", r"DE \d{3}\.\d{3}\.\d{3}"),
        ("BE 0403.019.261", r"BE 0\d{3}\.\d{3}\.\d{3}"),
    ],
)
def test_punctuation_stays(mask: Mask, value: str, form: str):
    (masked,) = mask("tax_id", [value])
    assert re.fullmatch(form, masked)
    assert masked != value


def test_dutch_sole_traders(mask: Mask):
    values = ["NL" + each for each in ("000099998B57", "123456789B13")]
    assert all(library("nl.btw")(value) for value in values)
    for value, result in zip(values, mask("tax_id", values), strict=True):
        assert library("nl.btw")(result)
        assert value[:11] != result[:11]


def test_employer_numbers_stay_distinct(mask: Mask):
    values = [f"12-{number:07d}" for number in range(3000)]
    assert len(set(mask("tax_id", values))) == len(values)
    assert all(one != two for one, two in zip(values, mask("tax_id", values), strict=True))


def test_other_things_change_and_blank_stays(mask: Mask):
    values = ["", "none", "A-1", "DE"]
    masked = mask("tax_id", values)
    assert masked[0] == ""
    assert all(one != two for one, two in zip(values[1:], masked[1:], strict=True))


def test_keys_and_domains_matter(mask: Mask):
    values = numbers(*KINDS[2], 30)
    plain = mask("tax_id", values)
    assert not set(plain) & set(mask("tax_id", values, key=b"another key of the tests, 32 bytes"))
    assert not set(plain) & set(mask("tax_id", values, domain="other"))


def test_parameters_and_columns():
    with pytest.raises(ValidationError, match="country"):
        registry.build("tax_id", {"country": "XX"})
    assert registry.build("tax_id").problems(Column("c", "bigint", "int8", "N"))
    text = Column("c", "text", "text", "S")
    assert registry.build("tax_id").guarantees_for(text).uniqueness is Uniqueness.INJECTIVE
