"""iban: country, structure and validity stay, by python-stdnum's registry; numbers stay distinct."""

from __future__ import annotations

import importlib
import random
import re
from collections.abc import Callable
from importlib.resources import files

import pytest
from stdnum import iban

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._iban_registry import iban_schemes
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[str]]
LETTERS, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
KNOWN = {
    country: re.findall(r"(\d+)!([nac])", bban)
    for country, bban in re.findall(
        r'^([A-Z]{2}) .*bban="([^"]+)"', files("stdnum").joinpath("iban.dat").read_text(encoding="utf-8"), re.M
    )
}
SAMPLES = [
    "GB82 WEST 1234 5698 7654 32", "DE89 3704 0044 0532 0130 00", "FR14 2004 1010 0505 0001 3M02 606",
    "ES91 2100 0418 4502 0005 1332", "IT60 X054 2811 1010 0000 0123 456", "BE68 5390 0754 7034",
    "NO93 8601 1117 947", "PT50 0002 0123 1234 5678 9015 4", "FI21 1234 5600 0007 85", "HR12 1001 0051 8630 0016 0",
    "PL61 1090 1014 0000 0712 1981 2874", "SI56 2633 0001 2039 086", "RS35 2600 0560 1001 6113 79",
]  # fmt: skip


def sound(value: str) -> bool:
    """Valid as the country has it; Belgium's library check wants a known bank besides, which need not stay."""
    bare = value.replace(" ", "").upper()
    if not bare.startswith("BE"):
        return iban.is_valid(value)
    return iban.is_valid(value, check_country=False) and int(bare[4:14]) % 97 == int(bare[14:]) % 97


def made(country: str, draw: random.Random) -> str:
    choices = {"n": DIGITS, "a": LETTERS, "c": LETTERS + DIGITS}
    bban = "".join("".join(draw.choices(choices[sign], k=int(count))) for count, sign in KNOWN[country])
    return country + iban.calc_check_digits(country + "00" + bban) + bban


def test_the_registry_is_complete():
    ours = {scheme.prefix: scheme.form for scheme in iban_schemes(False)}
    theirs = {
        country: "AADD" + "".join({"n": "D", "a": "A", "c": "*"}[sign] * int(count) for count, sign in groups)
        for country, groups in KNOWN.items()
    }
    assert ours == theirs


@pytest.mark.parametrize("country", sorted(KNOWN))
def test_every_country_stays_valid_and_distinct(mask: Mask, country: str):
    draw = random.Random(country)
    values = sorted({made(country, draw) for _ in range(60)})
    masked = mask("iban", values)
    assert len(set(masked)) == len(values)
    for value, result in zip(values, masked, strict=True):
        assert iban.is_valid(result, check_country=False)
        assert result[:2] == country
        assert value[4:] != result[4:]
        assert [symbol.isdigit() for symbol in value] == [symbol.isdigit() for symbol in result]


@pytest.mark.parametrize("value", SAMPLES)
def test_real_ones_keep_national_check_digits_and_blanks(mask: Mask, value: str):
    masked, small, bare = mask("iban", [value, value.lower(), value.replace(" ", "")])
    assert sound(value)
    assert sound(masked)
    assert [at for at, sign in enumerate(value) if sign == " "] == [at for at, sign in enumerate(masked) if sign == " "]
    assert small == masked.lower()
    assert bare == masked.replace(" ", "")
    assert masked[5:9] != value[5:9] or masked[10:14] != value[10:14]


def french_key(bban: str) -> bool:
    table = str.maketrans(LETTERS, "12345678912345678923456789")
    return int(bban.translate(table)) % 97 == 0


def test_national_check_digits_beyond_the_library(mask: Mask):
    values = [f"2004101005{number:010d}M" for number in range(50)]
    table = str.maketrans(LETTERS, "12345678912345678923456789")
    full = [bban + f"{97 - int(bban.translate(table)) * 100 % 97:02d}" for bban in values]
    assert all(french_key(bban) for bban in full)
    ibans = ["FR" + iban.calc_check_digits("FR00" + bban) + bban for bban in full]
    assert all(french_key(result[4:]) and iban.is_valid(result) for result in mask("iban", ibans))
    luhn = importlib.import_module("stdnum.luhn")
    assert all(luhn.is_valid(each.replace(" ", "")[4:]) for each in mask("iban", [SAMPLES[8]]))


def test_banks_can_be_kept(mask: Mask):
    masked = [each.replace(" ", "") for each in mask("iban", SAMPLES, params={"keep_bank": True})]
    bare = [each.replace(" ", "") for each in SAMPLES]
    assert all(sound(each) for each in masked)
    kept = {"GB": (4, 14), "DE": (4, 12), "FR": (4, 14), "ES": (4, 12), "IT": (5, 15), "BE": (4, 7), "NO": (4, 8)}
    for value, result in zip(bare, masked, strict=True):
        start, stop = kept.get(value[:2], (4, 7))
        assert value[start:stop] == result[start:stop]
        assert value[stop:] != result[stop:]
    plain = [each.replace(" ", "") for each in mask("iban", SAMPLES)]
    assert all(value[4:12] != result[4:12] for value, result in zip(bare, plain, strict=True))


def test_invalid_ones_change_and_stay_invalid(mask: Mask):
    values = ["DE89 3704 0044 0532 0130 01", "DE89 3704", "ZZ89370400440532013000", "n/a", "",
              *(f"DE88 3704 0044 0532 {number:04d} 00" for number in range(200))]  # fmt: skip
    values = [value for value in values if not iban.is_valid(value)]
    masked = mask("iban", values)
    assert not any(iban.is_valid(each) for each in masked)
    assert all(one != two for one, two in zip(values, masked, strict=True) if one)
    assert len(set(masked)) == len(values)


def test_small_sets_stay_within_one_bank(mask: Mask):
    values = []
    for number in range(3000):
        bban = f"WEST123456{number:08d}"
        values.append("GB" + iban.calc_check_digits("GB00" + bban) + bban)
    masked = mask("iban", values, params={"keep_bank": True})
    assert len(set(masked)) == len(values)
    assert all(each[4:14] == "WEST123456" for each in masked)


def test_keys_and_domains_matter(mask: Mask):
    plain = mask("iban", SAMPLES)
    assert not set(plain) & set(mask("iban", SAMPLES, key=b"another key of the tests, 32 bytes"))
    assert not set(plain) & set(mask("iban", SAMPLES, domain="other"))


def test_what_is_guaranteed():
    text = Column("c", "text", "text", "S")
    assert registry.build("iban").guarantees_for(text).searchable
    assert not registry.build("iban", {"keep_bank": True}).guarantees_for(text).searchable
    assert registry.build("iban").problems(Column("c", "bigint", "int8", "N"))
