"""job_title: another job title."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import polars as pl

from testdata_assets.masking.text_arrays import merge_rows
from testdata_assets.masking.transformers._peers import cased_like, read_lists
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer, scrambled

_FILE = "jobs.txt"
_OTHER_SCRIPT = r"[\p{L}--\p{Latin}]"


@cache
def _titles(words: int, limit: int | None) -> pl.Series:
    """Titles of one, two or three words that a column admits, in a fixed order."""
    lists = read_lists(_FILE)
    parts = {1: ("singles",), 2: ("fields", "roles"), 3: ("levels", "fields", "roles")}[words]
    made = (" ".join(each) for each in itertools.product(*(lists[part] for part in parts)))
    return pl.Series([title for title in made if limit is None or len(title) <= limit], dtype=pl.String)


@register
class JobTitle(TextTransformer[Params]):
    """Puts together a title of level, field and role (`Senior Payments Analyst`), or takes a trade (`Baker`).

    One word stays one, two stay two, more become three; all capitals and all small letters stay so. Titles are
    English, whatever Latin-written language the value is in; values in other scripts, and those that no title
    short enough stands for, are permuted within their character classes.
    """

    name = "job_title"
    summary = "Replaces job titles by others of about as many words."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE)
    distribution = NOTHING

    def draw(self, draw: Draw) -> pl.Series:
        canonical = draw.canonical
        latin = (canonical.str.contains(r"\p{L}") & ~canonical.str.contains(_OTHER_SCRIPT)).to_numpy()
        words = np.clip(canonical.str.count_matches(r"[^\s]+").to_numpy().astype(np.int64), 1, 3)
        result = draw.values
        left = ~latin
        for count in (3, 2, 1):
            rows = np.flatnonzero(latin & (words == count))
            if not len(rows):
                continue
            # A narrow column may have room for no title of so many words, but for one of fewer.
            titles = next((found for each in range(count, 0, -1) if len(found := _titles(each, draw.limit))), None)
            if titles is None:
                left[rows] = True
                continue
            places = (draw.seeds[0][rows] % np.uint64(len(titles))).astype(np.uint32)
            cased = cased_like(draw.values.gather(pl.Series(rows)), titles.gather(pl.Series(places)))
            result = merge_rows(result, rows, cased)
        rest = np.flatnonzero(left)
        return merge_rows(result, rest, scrambled(draw, rest)) if len(rest) else result
