"""What the transformers of names, streets, cities and companies share: script, case, punctuation and length stay."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from itertools import product

import pytest

from testdata_assets.masking.pools import POOL_VERSION, SCRIPTS, invented_words

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
