"""Closed lists (titles, regions, countries): a member of a list becomes another member of the same list.

A list is permuted by a keyed cycle, so members of one list stay distinct and none stays itself. The lists lie
in `masking/data`, headed by their names; a member that several lists hold belongs to the first of those looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.permutation import cycle_small
from testdata_assets.masking.text_arrays import Positions
from testdata_assets.masking.transformers.text import fold

PEERS_VERSION = 1


@cache
def read_lists(file: str) -> dict[str, tuple[str, ...]]:
    """The lists of a data file by name."""
    text = files("testdata_assets.masking.data").joinpath(file).read_text(encoding="utf-8")
    version, *lines = text.splitlines()
    if version != f"version {PEERS_VERSION}":
        raise ValueError(f"{file} is of another version than this code")
    return {
        heading.strip("[]"): tuple(content.split("|")) for heading, content in zip(lines[::2], lines[1::2], strict=True)
    }


@dataclass(frozen=True)
class Peers:
    """Lists laid end to end.

    Attributes:
        names: Of the lists.
        words: All members.
        first, count: Where each list lies.
        table: `form` (a member in lower case), and its `list` and `place` there.
    """

    names: tuple[str, ...]
    words: pl.Series
    first: Positions
    count: Positions
    table: pl.DataFrame

    def recognised(self, values: pl.Series) -> tuple[Positions, Positions]:
        """List (-1 where none knows it) and place in it of each value, whatever its case."""
        found = fold(values).rename("form").to_frame().join(self.table, on="form", how="left", maintain_order="left")
        return (
            found["list"].fill_null(-1).to_numpy().astype(np.int64),
            found["place"].fill_null(0).to_numpy().astype(np.int64),
        )

    def moved(self, lists: Positions, places: Positions, keyed: KeyedHash) -> pl.Series:
        """Another member of the same list for each; lists of one member keep it."""
        chosen = np.zeros(len(lists), np.int64)
        for number in np.unique(lists).tolist():
            rows = lists == number
            chosen[rows] = cycle_small(keyed.for_purpose(self.names[number]), places[rows], 0, int(self.count[number]))
        return self.words.gather(pl.Series(self.first[lists] + chosen))

    def picked(self, lists: Positions, draws: NDArray[np.uint64]) -> pl.Series:
        """A member of each list by a draw: for values that no list knows."""
        return self.words.gather(
            pl.Series(self.first[lists] + (draws % self.count[lists].astype(np.uint64)).astype(np.int64))
        )

    def listed(self, lists: Positions, places: Positions) -> pl.Series:
        """The members themselves."""
        return self.words.gather(pl.Series(self.first[lists] + places))


@cache
def peers(file: str, chosen: tuple[str, ...], limit: int | None = None) -> Peers:
    """The chosen lists of a file in that order; members a column would not admit are left out."""
    known = read_lists(file)
    lists = {name: [word for word in known[name] if limit is None or len(word) <= limit] for name in chosen}
    lists = {name: words for name, words in lists.items() if words}
    count = np.array([len(words) for words in lists.values()], np.int64)
    table = pl.DataFrame(
        {
            "form": fold(pl.Series([word for words in lists.values() for word in words], dtype=pl.String)),
            "list": np.repeat(np.arange(len(lists)), count),
            "place": np.concatenate([np.arange(each) for each in count]) if len(count) else np.zeros(0, np.int64),
        }
    ).unique("form", keep="first", maintain_order=True)
    words = pl.Series([word for words in lists.values() for word in words], dtype=pl.String)
    return Peers(tuple(lists), words, np.cumsum(count) - count, count, table)


def cased_like(values: pl.Series, words: pl.Series, listed: pl.Series | None = None) -> pl.Series:
    """Words in capitals or small letters where the values are wholly so; else as listed.

    Args:
        values: n values.
        words: What takes their places.
        listed: How lists write the values: where a value is written so (`USA`, `M.`), its case says nothing.
    """
    frame = pl.DataFrame({"v": values, "w": words, "l": values if listed is None else listed})
    upper, lower = pl.col("v").str.to_uppercase(), pl.col("v").str.to_lowercase()
    plain = pl.lit(False) if listed is None else pl.col("v") == pl.col("l")
    return frame.select(
        pl.when(plain)
        .then("w")
        .when((pl.col("v") == upper) & (pl.col("v") != lower))
        .then(pl.col("w").str.to_uppercase())
        .when((pl.col("v") == lower) & (pl.col("v") != upper))
        .then(pl.col("w").str.to_lowercase())
        .otherwise("w")
    ).to_series()
