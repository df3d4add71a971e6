"""A column that repeats its own row is told from one that agrees with it by chance."""

from __future__ import annotations

import random

import pytest

from testdata_assets.masking.discovery.echoes import echo, is_made_of, quotes, slug

FAMILIES = [
    f"{start}{end}" for start in ("Bran", "Kor", "Tal", "Vess", "Dun") for end in ("dt", "ovic", "mann", "elli")
]


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("anna-huber", "Anna Huber"),
        ("anna-huber-17", "Anna Huber"),
        ("HUBER, ANNA", "Anna Huber"),
        ("a.huber", "Anna Huber"),
        ("ahuber3", "Anna Huber"),
        ("hubera", "Anna Huber"),
        ("anna.huber", "anna.huber@mail.example"),
        ("les-freres-dubois", "Les Frères Dubois"),
    ],
)
def test_rewritten_values_are_known(mine: str, theirs: str) -> None:
    assert is_made_of(mine, theirs)


@pytest.mark.parametrize(
    ("mine", "theirs"), [("open", "Anna Huber"), ("A", "Anna Huber"), ("12345", "12345"), ("Nike", "Nike Shoe Roma 12")]
)
def test_others_are_not(mine: str, theirs: str) -> None:
    assert not is_made_of(mine, theirs)


def test_a_quotation_is_a_word_and_not_a_part_of_one() -> None:
    assert quotes("please call HUBER first", "Anna Huber")
    assert not quotes("annual report", "Ann Lee")


def test_a_few_rows_that_quote_their_own_name_are_enough() -> None:
    chance = random.Random(3)
    pairs = [("left for family reasons", chance.choice(FAMILIES)) for _ in range(60)]
    assert echo(pairs, "surname") is None
    pairs += [(f"see file {name}", name) for name in FAMILIES[:6]]
    found = echo(pairs, "surname")
    assert found is not None
    assert not found.made


def test_what_agrees_by_chance_is_no_echo() -> None:
    chance = random.Random(4)
    # A column of few values beside another one of few: they agree in many rows, whichever row is taken.
    pairs = [(chance.choice(("paris", "rome")), chance.choice(("Paris", "Rome"))) for _ in range(200)]
    assert echo(pairs, "town") is None


def test_a_slug_is_told_from_a_slug_with_more_behind_it() -> None:
    names = [f"{first} {family}" for first in ("Ida", "José") for family in FAMILIES]
    exact, numbered = (echo([(slug(name) + end, name) for name in names], "title") for end in ("", "-9"))
    assert exact is not None
    assert exact.made
    assert exact.slug
    assert numbered is not None
    assert numbered.made
    assert not numbered.slug
