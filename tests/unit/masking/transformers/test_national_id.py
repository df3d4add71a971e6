"""national_id: valid stays valid (python-stdnum judges), distinct distinct, sex and year where said."""

from __future__ import annotations

import datetime
import importlib
import random
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, Uniqueness
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[str]]
CHECKERS = {
    "AU": "au.tfn", "BE": "be.nn", "BR": "br.cpf", "CA": "ca.sin", "CH": "ch.ssn", "CN": "cn.ric", "DE": "de.idnr",
    "DK": "dk.cpr", "FI": "fi.hetu", "FR": "fr.nir", "IN": "in_.aadhaar", "IT": "it.codicefiscale", "NL": "nl.bsn",
    "NO": "no.fodselsnummer", "PL": "pl.pesel", "SE": "se.personnummer", "TR": "tr.tckimlik", "ZA": "za.idnr",
}  # fmt: skip
BORN = [0, 5, 29, 44, 58, 80, 99]


def checker(country: str, value: str = "") -> Callable[[str], bool]:
    if country == "ES":
        return importlib.import_module("stdnum.es.nie" if value[0] in "XYZ" else "stdnum.es.dni").is_valid
    if country == "GB":
        pattern = r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]"
        return lambda each: re.fullmatch(pattern, each.replace(" ", "")) is not None
    return importlib.import_module("stdnum." + CHECKERS[country]).is_valid


def dates(draw: random.Random) -> tuple[int, int, int]:
    day = datetime.date(1920, 1, 1) + datetime.timedelta(days=draw.randrange(104 * 365))
    return day.year, day.month, day.day


def candidates(country: str, draw: random.Random) -> str:
    """A number with the right date and form, whose check symbols are a guess."""
    year, month, day = dates(draw)
    tail = "".join(draw.choices("0123456789", k=12))
    two = f"{year % 100:02d}"
    sign = "-" if year < 2000 else "A"
    known = {
        "BE": f"{two}{month:02d}{day:02d}{tail[:5]}",
        "CN": f"110105{year}{month:02d}{day:02d}{tail[:3]}" + draw.choice("0123456789X"),
        "DK": f"{day:02d}{month:02d}{two}{draw.choice('0123') if year < 2000 else '4'}{tail[:3]}",
        "FI": f"{day:02d}{month:02d}{two}{sign}{tail[:3]}" + draw.choice("0123456789ABCDEFHJKLMNPRSTUVWXY"),
        "FR": f"{draw.choice('12')}{two}{month:02d}{draw.choice(['75', '13', '2A', '2B'])}{tail[:8]}",
        "IT": "".join(draw.choices("BCDFGLMNRST", k=6)) + two + "ABCDEHLMPRST"[month - 1]
        + f"{day + draw.choice([0, 40]):02d}H{tail[:3]}" + draw.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        "NO": f"{day:02d}{month:02d}{two}{draw.choice('01234') if year < 2000 else draw.choice('56789')}{tail[:4]}",
        "PL": f"{two}{month + (20 if year >= 2000 else 0):02d}{day:02d}{tail[:5]}",
        "SE": f"{two}{month:02d}{day:02d}{tail[:4]}",
        "ZA": f"{two}{month:02d}{day:02d}{tail[:4]}0{draw.choice('89')}{tail[4]}",
        "GB": "".join(draw.choices("ABCEGHJKLMNPRSTWXYZ", k=2)) + tail[:6] + draw.choice("ABCD"),
        "ES": draw.choice(["X", "Y", "Z", tail[9]]) + tail[:7] + draw.choice("TRWAGMYFPDXBNJZSQVHLCKE"),
        "CH": "756" + tail[:10],
        "IN": tail,
    }  # fmt: skip
    return known.get(country, tail[: 9 if country in ("AU", "CA", "NL") else 11])


def numbers(country: str, count: int, seed: int = 1) -> list[str]:
    """Valid numbers of a country, found by trial: independent of the code under test."""
    draw, found = random.Random(f"{country} {seed}"), set()
    while len(found) < count:
        value = candidates(country, draw)
        if country == "DE":  # one digit twice, the other eight once
            ten = draw.sample("0123456789", 9)
            ten.insert(draw.randrange(10), draw.choice(ten))
            value = "".join(ten) + value[-1]
        if checker(country, value)(value):
            found.add(value)
    return sorted(found)


ALL = sorted({*CHECKERS, "ES", "GB"})


@pytest.mark.parametrize("country", ALL)
def test_valid_numbers_stay_valid_and_distinct(mask: Mask, country: str):
    values = numbers(country, 150)
    masked = mask("national_id", values, params={"country": country})
    assert len(set(masked)) == len(values)
    for value, result in zip(values, masked, strict=True):
        assert value != result
        assert len(result) == len(value)
        assert checker(country, result)(result) or born_this_year(country, result)


def born_this_year(country: str, value: str) -> bool:
    """Births of this year may come to lie in the future."""
    return f"{datetime.date.today().year % 100:02d}" in value[:6] and country in ("NO", "DK", "SE")


@pytest.mark.parametrize("country", sorted({*ALL} - {"DK", "GB", "FI"}))
def test_invalid_numbers_change_and_stay_invalid(mask: Mask, country: str):
    values = numbers(country, 60)
    broken = []
    for value in values:
        place = next(at for at in range(len(value) - 1, -1, -1) if value[at].isdigit())
        other = value[:place] + str((int(value[place]) + 1) % 10) + value[place + 1 :]
        if not checker(country, other)(other):
            broken.append(other)
    masked = mask("national_id", broken, params={"country": country})
    for value, result in zip(broken, masked, strict=True):
        assert value != result
        assert not checker(country, result)(result)
    assert len({*masked, *mask("national_id", values, params={"country": country})}) == len(broken) + len(values)


@pytest.mark.parametrize("country", ["BE", "CN", "DK", "FI", "IT", "NO", "PL", "SE", "ZA"])
def test_year_of_birth_and_sex_stay(mask: Mask, country: str):
    module = importlib.import_module("stdnum." + CHECKERS[country])
    values = numbers(country, 100)
    masked = mask("national_id", values, params={"country": country})
    moved = 0
    for value, result in zip(values, masked, strict=True):
        if hasattr(module, "get_birth_date"):
            before, after = module.get_birth_date(value), module.get_birth_date(result)
            assert before.year == after.year
            moved += before != after
        if hasattr(module, "get_gender"):
            assert module.get_gender(value) == module.get_gender(result)
    assert moved > 90 or country == "FI"


def test_documented_parts_stay(mask: Mask):
    (french,) = mask("national_id", ["2 55 08 14 168 025 38"], params={"country": "FR"})
    assert re.fullmatch(r"2 55 (0[1-9]|1[0-2]) 14 \d{3} \d{3} \d\d", french)
    (chinese,) = mask("national_id", ["11010519491231002X"], params={"country": "CN"})
    assert re.fullmatch(r"1101051949\d{4}\d\d[02468]X", chinese)
    (british,) = mask("national_id", ["AB 12 34 56 C"], params={"country": "GB"})
    assert re.fullmatch(r"[A-Z]{2} \d\d \d\d \d\d C", british)


def test_leap_days_are_days(mask: Mask):
    values = [each for each in numbers("PL", 4000, seed=3) if each[2:6] in ("0229", "2229")]
    assert values
    for result in mask("national_id", values, params={"country": "PL"}):
        assert checker("PL")(result)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("123.456.789-09", r"\d{3}\.\d{3}\.\d{3}-\d\d"),
        ("756.9217.0769.85", r"756\.\d{4}\.\d{4}\.\d\d"),
        ("131052-308T", r"\d{4}52-\d{3}[A-Z]"),
        ("131052a308t", r"[a-z0-9]+"),
        ("rccmnl83s18d969h", r"[a-z]{6}83[a-z]\d\d[a-z]\d{3}[a-z]"),
        ("54362315-K", r"\d{8}-[A-Z]"),
        ("x-2482300-W", r"[xyz]-\d{7}-[A-Z]"),
        ("670919-9530", r"67\d{4}-\d{4}"),
        ("19670919-9530", r"1967\d{4}-\d{4}"),
        ("85.07.30-033 28", r"85\.\d\d\.\d\d-\d{3} \d\d"),
        ("2341 2341 2346", r"\d{4} \d{4} \d{4}"),
    ],
)
def test_punctuation_and_case_stay_and_do_not_count(mask: Mask, value: str, form: str):
    masked, bare = mask("national_id", [value, re.sub(r"[ .]", "", value)])
    assert re.fullmatch(form, masked)
    assert masked != value
    assert bare == re.sub(r"[ .]", "", masked)


def test_usual_forms_tell_the_country(mask: Mask):
    values = [f"{each[:3]}.{each[3:6]}.{each[6:9]}-{each[9:]}" for each in numbers("BR", 300)]
    assert all(checker("BR")(each) for each in mask("national_id", values))
    values = [f"{each[:6]} {each[6:]}" for each in numbers("NO", 100)]
    masked = mask("national_id", values)
    assert sum(checker("NO")(each) for each in masked) >= 99


@pytest.mark.parametrize("country", ["IT", "FR", "CN", "IN", "ES", "FI", "NO", "PL", "BE"])
def test_specific_numbers_are_told_bare(mask: Mask, country: str):
    values = numbers(country, 150)
    masked = mask("national_id", values)
    assert sum(checker(country, each)(each) for each in masked) >= 147


@settings(max_examples=30, deadline=None)
@given(st.sets(st.from_regex(r"[0-9]{3}-[0-9]{2}-[0-9]{4}", fullmatch=True), min_size=1, max_size=30))
def test_social_security_numbers_become_nobodys(mask: Mask, found: set[str]):
    values = sorted(found)
    for params in ({}, {"country": "US"}):
        for value, result in zip(values, mask("national_id", values, params=params), strict=True):
            assert value != result
            assert re.fullmatch(r"9\d\d-(0[1-9]|[1-4]\d)-\d{4}", result)
            assert result[-4:] != "0000"
    plain = mask("national_id", [value.replace("-", "") for value in values], params={"country": "US"})
    assert plain == [each.replace("-", "") for each in mask("national_id", values, params={"country": "US"})]


def test_social_security_numbers_can_stay_distinct(mask: Mask):
    ssn = importlib.import_module("stdnum.us.ssn")
    draw = random.Random(2)
    values = sorted({f"{draw.randint(1, 899):03d}-{draw.randint(1, 99):02d}-{draw.randint(1, 9999):04d}"
                     for _ in range(3000)} - {"666"})  # fmt: skip
    values = [value for value in values if ssn.is_valid(value)]
    masked = mask("national_id", values, params={"country": "US", "never_issued": False})
    assert len(set(masked)) == len(values)
    assert all(ssn.is_valid(each) for each in masked)


def test_small_kinds_are_permuted_onto_themselves(mask: Mask):
    """All Finnish codes of men born in 1950: a closed set."""
    hetu = importlib.import_module("stdnum.fi.hetu")
    table = "0123456789ABCDEFHJKLMNPRSTUVWXY"
    values = []
    for day in range(1, 13):
        for serial in range(3, 900, 2):
            stem = f"{day:02d}01", f"50{serial:03d}"
            values.append(f"{stem[0]}50-{serial:03d}" + table[int(stem[0] + stem[1]) % 31])
    masked = mask("national_id", values, params={"country": "FI"})
    assert len(set(masked)) == len(values)
    assert all(hetu.is_valid(each) and each[4:7] == "50-" and int(each[9]) % 2 for each in masked)


@pytest.mark.parametrize("country", ["DE", "NO", "PL"])
def test_keys_and_domains_matter(mask: Mask, country: str):
    values = numbers(country, 50)
    params = {"country": country}
    plain = mask("national_id", values, params=params)
    assert plain == mask("national_id", values, params=params)
    for other in (
        mask("national_id", values, params=params, key=b"another key of the tests, 32 bytes"),
        mask("national_id", values, params=params, domain="other"),
    ):
        assert sum(one == two for one, two in zip(plain, other, strict=True)) < 5


def test_other_things_change_too(mask: Mask):
    values = ["", "unknown", "N/A", "12", "A123", "123-45-678"]
    masked = mask("national_id", values)
    assert masked[0] == ""
    assert all(one != two for one, two in zip(values[1:], masked[1:], strict=True))


def test_what_is_guaranteed():
    column = Column("c", "text", "text", "S")

    def promised(**params: object) -> tuple[Uniqueness, Coincidence]:
        found = registry.build("national_id", params).guarantees_for(column)
        return found.uniqueness, found.coincidence

    assert promised(country="US") == (Uniqueness.LOSSY, Coincidence.DISJOINT)
    assert promised(country="US", never_issued=False) == (Uniqueness.INJECTIVE, Coincidence.MAY_COINCIDE)
    assert promised(country="PL") == (Uniqueness.INJECTIVE, Coincidence.MAY_COINCIDE)
    assert promised() == (Uniqueness.LOSSY, Coincidence.MAY_COINCIDE)
    assert registry.build("national_id").problems(Column("c", "integer", "int4", "N"))
