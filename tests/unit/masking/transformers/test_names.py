"""Names, streets, cities, companies: what stays of a text, and that the rest is nobody's."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from itertools import product

import pytest

from testdata_assets.masking.pools import POOL_VERSION, SCRIPTS, invented_words, pools

Mask = Callable[..., list[str]]

SAMPLES = {
    "LATIN": "James Smith", "CYRILLIC": "Иван Петров", "GREEK": "Ελένη Παππά", "ARABIC": "محمد الأحمد",
    "HEBREW": "דוד כהן", "DEVANAGARI": "राहुल शर्मा", "THAI": "สมชาย ใจดี", "CJK": "王小明", "HANGUL": "김민수",
    "KATAKANA": "ヤマダ タロウ", "HIRAGANA": "やまだ たろう", "GEORGIAN": "გიორგი მაისურაძე",
    "ARMENIAN": "Արամ Խաչատրյան",
}  # fmt: skip
NAMES = ("person_name", "first_name", "last_name")
WORDY = (*NAMES, "street_address", "city", "company", "free_text")


def scripts(text: str) -> set[str]:
    return {unicodedata.name(character).split()[0].split("-")[0] for character in text if character.isalpha()}


@pytest.mark.parametrize("script", SAMPLES)
@pytest.mark.parametrize("name", WORDY)
def test_the_script_stays(mask: Mask, name: str, script: str):
    if name == "free_text" and script in ("GEORGIAN", "ARMENIAN"):
        pytest.skip("no corpus: Latin")
    (masked,) = mask(name, [SAMPLES[script]])
    assert scripts(masked) == {script}


@pytest.mark.parametrize("name", NAMES)
def test_punctuation_words_and_emoji_stay(mask: Mask, name: str):
    for value in ("Anne-Marie O'Hara", "😀 Bob 😀", "Smith, John A.", "J. R. R. Tolkien", "María  José"):
        (masked,) = mask(name, [value])
        assert re.sub(r"[^\W\d_]+", "x", masked) == re.sub(r"[^\W\d_]+", "x", value)


@pytest.mark.parametrize("name", NAMES)
def test_particles_titles_and_suffixes_stay(mask: Mask, name: str):
    kept = {"Dr. Ludwig van der Berg Jr.": ["Dr. ", " van der ", " Jr."], "María de la Cruz": [" de la "],
            "Conan O'Brien": [" O'"], "Yusuf al-Qadi": [" al-"], "VAN GOGH": ["VAN "]}  # fmt: skip
    for value, parts in kept.items():
        (masked,) = mask(name, [value])
        assert all(part in masked for part in parts)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_particles_changes_all_the_same(mask: Mask, name: str):
    assert not {"le", "van"} & set(mask(name, ["Le Van"])[0].lower().split())


@pytest.mark.parametrize("name", NAMES)
def test_case_is_carried(mask: Mask, name: str):
    upper, lower, plain, inner, mixed = mask(name, ["MARIA", "maria", "Maria", "McDonald", "mARIA"])
    assert (upper.isupper(), lower.islower(), plain.istitle()) == (True, True, True)
    assert [letter.isupper() for letter in inner[:3]] == [True, False, True]
    assert not mixed[0].isupper()
    assert mixed[1:].isupper()


@pytest.mark.parametrize("name", [*NAMES, "company", "city"])
def test_lengths_stay_near(mask: Mask, name: str):
    for size in range(4, 13):
        values = ["".join(random.Random(seed).choices("abcdefghij", k=size)) for seed in range(200)]
        assert all(abs(len(masked) - size) <= 2 for masked in mask(name, values))


def test_full_names_of_a_real_directory_do_not_come_back(mask: Mask):
    from faker.providers.person.en_US import Provider

    firsts, lasts = sorted(Provider.first_names), sorted(Provider.last_names)
    draw = random.Random(5)
    people = {f"{draw.choice(firsts)} {draw.choice(lasts)}" for _ in range(50_000)}
    masked = mask("person_name", sorted(people))
    assert not people & set(masked)
    assert not set(lasts) & {full.split()[-1] for full in masked}


def test_first_names_come_from_a_pool_of_real_ones(mask: Mask):
    masked = {name.lower() for name in mask("first_name", ["Robert", "Alice", "Sam", "Elizabeth"])}
    words = {
        "".join(map(chr, pools().words.codes[start:end]))
        for start, end in zip(pools().words.offsets, pools().words.offsets[1:], strict=False)
    }
    assert masked <= words


def test_street_addresses_keep_their_form(mask: Mask):
    values = ["47 MySakila Drive", "123B Main St, Apt 4", "5 rue de la Paix", "PO Box 77 Elm Road"]
    patterns = [
        r"[1-9]\d \w+ Drive",
        r"[1-9]\d\d[A-Z] \w+ St, Apt \d",
        r"[1-9] rue de la \w+",
        r"PO Box [1-9]\d \w+ Road",
    ]
    for masked, pattern in zip(mask("street_address", values), patterns, strict=True):
        assert re.fullmatch(pattern, masked)
    assert "Square" not in mask("street_address", ["The Square"])[0]


def test_cities_keep_their_connecting_words(mask: Mask):
    one, two, three = mask("city", ["New York", "FRANKFURT am Main", "St. John's"])
    assert one.startswith("New ")
    assert " am " in two
    assert re.fullmatch(r"St\. \w+'\w+", three)


def test_companies_keep_their_legal_form_and_may_be_long(mask: Mask):
    one, two, long, words = mask(
        "company", ["Smith & Sons, Inc.", "Müller GmbH & Co. KG", "x" * 300, "word " * 59 + "end"]
    )
    assert re.fullmatch(r"\w+ & Sons, Inc\.", one)
    assert two.endswith(" GmbH & Co. KG")
    assert 270 <= len(long) <= 330
    assert len(words.split()) == 60
    assert "word" not in words.split()
    (tight,) = mask("company", ["x" * 300], base_type="varchar", limit=300)
    assert 270 <= len(tight) <= 300


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("Acme S.A.", r"[A-Z]\w+ S\.A\."),
        ("Banco Norte, S.A. de C.V.", r"\w+ \w+, S\.A\. de C\.V\."),
        ("Kowalski Sp. z o.o.", r"\w+ Sp\. z o\.o\."),
        ("Kowalski sp.z o.o. sp.k.", r"\w+ sp\.z o\.o\. sp\.k\."),
        ("Maersk A/S", r"\w+ A/S"),
        ("Rossi S.p.A.", r"\w+ S\.p\.A\."),
        ("Dupont S. à r. l.", r"\w+ S\. à r\. l\."),
        ("Novák s.r.o.", r"\w+ s\.r\.o\."),
        ("Jansen Beheer B.V.", r"\w+ \w+ B\.V\."),
        ("Smith L.L.C", r"\w+ L\.L\.C"),
        ("Demir A.Ş.", r"\w+ A\.Ş\."),
        ("ACME HOLDING S.A. (S.L.)", r"\w+ HOLDING S\.A\. \(S\.L\.\)"),
        ("株式会社山田製作所", r"株式会社\w{5}"),
        ("山田製作所株式会社", r"\w{5}株式会社"),
        ("株式会社トヨタ", r"株式会社[ァ-ヿ]{3}"),
        ("株式会社 山田", r"株式会社 \w\w"),
        ("华为技术有限公司", r"\w{4}有限公司"),
        ("삼성전자주식회사", r"\w{4}주식회사"),
    ],
)
def test_legal_forms_of_many_countries_stay(mask: Mask, value: str, pattern: str):
    for fold in (False, True):
        (masked,) = mask("company", [value], fold=fold)
        assert re.fullmatch(pattern, masked), masked
        assert not set(re.findall(r"\w{4,}", value)) & set(re.findall(r"\w{4,}", masked)) - {"HOLDING", "株式会社"}


@pytest.mark.parametrize("value", ["S.A.", "J.S. Bach Records", "U.S.A.", "株式会社", "A.B. Miller"])
def test_what_only_looks_like_a_legal_form_changes(mask: Mask, value: str):
    (masked,) = mask("company", [value])
    assert not set(re.findall(r"\w+", value)) & set(re.findall(r"\w+", masked))


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("Hauptstraße 5", r"\w{3,7}straße [1-9]"),
        ("Hauptstrasse 5", r"\w{3,7}strasse [1-9]"),
        ("HAUPTSTR. 17b", r"[A-Z]{3,7}STR\. [1-9]\d[a-z]"),
        ("Birkenweg 3", r"\w{4,8}weg [1-9]"),
        ("Kerkstraat 12", r"\w{2,6}straat [1-9]\d"),
        ("Kungsgatan 4", r"\w{3,7}gatan [1-9]"),
    ],
)
def test_the_kind_of_street_stays_at_the_end_of_a_word(mask: Mask, value: str, pattern: str):
    for fold in (False, True):
        (masked,) = mask("street_address", [value], fold=fold)
        assert re.fullmatch(pattern, masked), masked
        assert masked[:4].lower() != value[:4].lower()
    assert "straße" not in mask("street_address", ["Ringstraße"])[0]  # nothing else of it would change


def test_there_are_enough_invented_words_and_few_of_them_exist():
    from faker.providers.person.de_DE import Provider as German
    from faker.providers.person.en_US import Provider as American
    from faker.providers.person.pl_PL import Provider as Polish

    invented = set(invented_words("latin"))
    assert POOL_VERSION == 1
    assert len(invented) >= 20_000
    known = {name.lower() for provider in (American, German, Polish) for name in provider.last_names}
    assert not invented & known


@pytest.mark.parametrize(("script", "role"), list(product(SCRIPTS, ["first", "family", "city"])))
def test_pool_words_survive_a_change_of_case(script: str, role: str):
    from testdata_assets.masking.pools import _words_of

    for word in _words_of(role, script):
        assert word == word.lower() == word.upper().lower()
        assert len(word.upper()) == len(word)
