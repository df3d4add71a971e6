"""Invented people: names, e-mail addresses and user names that belong together, drawn from two words each.

Latin first names are told by sex and frozen in data/given_names.txt; other scripts' come from the pools, which do
not tell. Family names are the pools' invented ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.pools import SINGLE_SCRIPTS
from testdata_assets.masking.transformers._drawn_words import (
    capitalised,
    first_that_fits,
    joined,
    pool_characters,
    pool_words,
)
from testdata_assets.masking.transformers._handles import HASH_CHARACTERS, RESERVED, base32

HANDLE_WORD = 10  # characters of a name in an e-mail address
_VERSION = 1
_FIRST_LENGTHS = (4, 5, 6, 7, 8)
_FAMILY_LENGTHS = (5, 6, 7, 8, 9)
# Characters of family and given names in scripts whose names are made of single ones, and what is between both.
_SINGLES = {"han": (1, 2, ""), "hangul": (1, 2, ""), "katakana": (3, 3, " "), "hiragana": (3, 3, " ")}


@cache
def given_names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Latin first names of women and of men, capitalised ASCII words."""
    text = files("testdata_assets.masking.data").joinpath("given_names.txt").read_text(encoding="utf-8")
    version, female, women, male, men = text.splitlines()
    if (version, female, male) != (f"version {_VERSION}", "[female]", "[male]"):
        raise ValueError("given_names.txt is of another version than this code")
    return tuple(women.split()), tuple(men.split())


@dataclass(frozen=True)
class People:
    """n people of one script.

    Attributes:
        seeds: Two words for each.
        keyed: Hash of their group.
        script: Of their names, one of pools.ALL_SCRIPTS.
    """

    seeds: tuple[Words, Words]
    keyed: KeyedHash
    script: str

    @cached_property
    def _draws(self) -> Words:
        return self.keyed.prf("person").blocks(*self.seeds)

    @cached_property
    def female(self) -> NDArray[np.bool_]:
        """Whether each is a woman."""
        found: NDArray[np.bool_] = (self._draws[:, 0] & np.uint64(1)) == 1
        return found

    @cached_property
    def first(self) -> pl.Series:
        """First names, capitalised where the script has capitals."""
        if self.script == "latin":
            return self._latin_first
        if self.script in SINGLE_SCRIPTS:
            return pool_characters("first", self.script, self._draws[:, 0], _SINGLES[self.script][1])
        return capitalised(pool_words("first", self.script, self._draws[:, 0] >> np.uint64(1), _FIRST_LENGTHS))

    @cached_property
    def family(self) -> pl.Series:
        """Invented family names."""
        if self.script in SINGLE_SCRIPTS:
            return pool_characters("family", self.script, self._draws[:, 1], _SINGLES[self.script][0])
        return capitalised(pool_words("family", self.script, self._draws[:, 1], _FAMILY_LENGTHS))

    @cached_property
    def full(self) -> pl.Series:
        """Full names in the order that the script is written in."""
        if self.script in SINGLE_SCRIPTS:
            return joined(self.family, pl.lit(_SINGLES[self.script][2]), self.first)
        return joined(self.first, pl.lit(" "), self.family)

    @property
    def family_first(self) -> pl.Series:
        """Full names as in directories: `Family, First`."""
        return joined(self.family, pl.lit(", "), self.first)

    @property
    def middle(self) -> pl.Series:
        """A letter for a middle name."""
        letters = np.frombuffer(b"ABCDEFGHIJKLMNOPRSTVWYZ", "S1").astype("U1").tolist()
        place = (self._draws[:, 1] >> np.uint64(56)) % np.uint64(len(letters))
        return pl.Series(letters).gather(pl.Series(place.astype(np.uint32)))

    @cached_property
    def handles(self) -> pl.Series:
        """60 random bits as 12 characters a person: what keeps addresses and user names apart."""
        words = self.keyed.prf("handle").blocks(*self.seeds)[:, 0] >> np.uint64(4)
        return base32(words, HASH_CHARACTERS).to_series()

    def user_names(self, limit: int | None) -> pl.Series:
        """`marta.k3f9qz2a1b2c`, or the 12 characters alone where that does not fit."""
        return first_that_fits([joined(self._handle_first, pl.lit("."), self.handles), self.handles], limit)

    def emails(self, limit: int | None, mail_domain: str | None) -> pl.Series:
        """`marta.vlofek.k3f9qz2a1b2c@example.org`, with fewer names where that does not fit."""
        if mail_domain is None:
            place = (self.keyed.prf("host").blocks(*self.seeds)[:, 0] % np.uint64(len(RESERVED))).astype(np.uint32)
            host = pl.Series(RESERVED).gather(pl.Series(place))
        else:
            host = pl.Series([mail_domain]).new_from_index(0, len(self.handles))
        tail = joined(self.handles, pl.lit("@"), host)
        family = pool_words("family", "latin", self._draws[:, 1], _FAMILY_LENGTHS).str.slice(0, HANDLE_WORD)
        dot = pl.lit(".")
        short = joined(self._handle_first, dot, tail)
        return first_that_fits([joined(self._handle_first, dot, family, dot, tail), short, tail], limit)

    @cached_property
    def _handle_first(self) -> pl.Series:
        return self._latin_first.str.to_lowercase().str.slice(0, HANDLE_WORD)

    @cached_property
    def _latin_first(self) -> pl.Series:
        women, men = given_names()
        draw = self._draws[:, 0] >> np.uint64(1)
        place = np.where(self.female, draw % np.uint64(len(women)), len(women) + draw % np.uint64(len(men)))
        return pl.Series([*women, *men]).gather(pl.Series(place.astype(np.uint32)))
