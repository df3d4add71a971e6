"""person_name: nobody's full names. What all name transformers share is in test_names.py."""

from __future__ import annotations

import random
from collections.abc import Callable

from testdata_assets.masking.pools import _words_of as words_of

Mask = Callable[..., list[str]]


def test_full_names_of_a_real_directory_do_not_come_back(mask: Mask):
    from faker.providers.person.en_US import Provider

    firsts, lasts = sorted(Provider.first_names), sorted(Provider.last_names)
    draw = random.Random(5)
    people = {f"{draw.choice(firsts)} {draw.choice(lasts)}" for _ in range(50_000)}
    masked = mask("person_name", sorted(people))
    assert not people & set(masked)
    assert not set(lasts) & {full.split()[-1] for full in masked}


def test_the_family_name_is_invented_and_the_first_name_real(mask: Mask):
    plain, turned = mask("person_name", ["Anna Kowalska", "Kowalska, Anna"])
    assert plain.split()[0].lower() in words_of("first", "latin")
    assert plain.split()[1].lower() in words_of("family", "latin")
    assert turned.split(",")[0].lower() in words_of("family", "latin")
