"""Dictionaries of what people and places are called, for telling names from other words.

They are the tokens of our value pools and those of Faker's locales: wide rather than exact, since one word
decides nothing and only shares of many values count. Nothing of this enters a mask.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from testdata_assets.masking.pools import ROLES, Pools, pools

_TOKEN = re.compile(r"[^\W\d_]+", re.UNICODE)
_SHORTEST = 2


@dataclass(frozen=True)
class Dictionaries:
    """Case-folded words."""

    first: frozenset[str]
    last: frozenset[str]
    cities: frozenset[str]


_instead: Dictionaries | None = None


def use(instead: Dictionaries | None) -> None:
    """Puts other dictionaries in place of the built ones (None: the built ones again), for measuring."""
    global _instead
    _instead = instead


def dictionaries() -> Dictionaries:
    """The dictionaries, built once per process in about a second."""
    return _instead if _instead is not None else _built()


@cache
def _built() -> Dictionaries:
    first, cities = set(_pool_words("first")), set(_pool_words("city"))
    last: set[str] = set()
    for provider in _providers("person"):
        first.update(
            _listed(provider, ("first_names", "first_names_male", "first_names_female", "first_names_nonbinary"))
        )
        last.update(_listed(provider, ("last_names", "last_names_male", "last_names_female")))
    for provider in _providers("address"):
        cities.update(_listed(provider, ("cities", "city_names", "towns", "districts"), whole=True))
    return Dictionaries(frozenset(first), frozenset(last), frozenset(cities))


def _pool_words(role: str) -> Iterator[str]:
    """The words of a role's pools in every script; a script's words lie together."""
    every = pools()
    text = every.words.to_series()
    for script in range(len(every.first) // len(ROLES)):
        row = int(Pools.number(role, np.array([script]))[0])
        start = int(every.first[row].min())
        end = int((every.first[row] + every.count[row]).max())
        yield from (word for word in text.slice(start, end - start) if word)


def _providers(kind: str) -> Iterator[type]:
    package = importlib.import_module(f"faker.providers.{kind}")
    for module in pkgutil.iter_modules(package.__path__):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield importlib.import_module(f"faker.providers.{kind}.{module.name}").Provider


def _listed(provider: type, attributes: Iterable[str], *, whole: bool = False) -> Iterator[str]:
    """The words of a provider's lists; of weighted lists the keys, of pairs the first."""
    for attribute in attributes:
        entries = getattr(provider, attribute, ())
        if not isinstance(entries, Iterable):
            continue
        for entry in entries:
            text = entry if isinstance(entry, str) else entry[0] if isinstance(entry, tuple | list) and entry else ""
            if not isinstance(text, str):
                continue
            if whole and len(text) > _SHORTEST:
                yield text.casefold()
            yield from (word.casefold() for word in _TOKEN.findall(text) if len(word) > _SHORTEST - 1 and not whole)
