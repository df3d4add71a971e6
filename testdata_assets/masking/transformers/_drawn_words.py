"""Words drawn from the pools for whole columns, and the small things done to drawn texts: joining, case, fitting."""

from __future__ import annotations

import numpy as np
import polars as pl

from testdata_assets.masking.characters import characters
from testdata_assets.masking.hashing import Words
from testdata_assets.masking.pools import ALL_SCRIPTS, Pools, pools
from testdata_assets.masking.text_arrays import Pieces, TextArray, merge_rows

_LOW = np.uint64((1 << 40) - 1)


def pool_words(role: str, script: str, draws: Words, lengths: tuple[int, ...]) -> pl.Series:
    """Pool words of about some lengths, lower-case; each length is as likely as any other.

    Args:
        role: One of pools.ROLES.
        script: One of pools.SCRIPTS.
        draws: n words of 64 random bits.
        lengths: About how many characters a word may have.
    """
    table = pools()
    pool = int(Pools.number(role, np.array([ALL_SCRIPTS.index(script)]))[0])
    wanted = np.array(lengths)[((draws >> np.uint64(40)) % np.uint64(len(lengths))).astype(np.int64)]
    entry = (table.first[pool, wanted] + (draws & _LOW) % table.count[pool, wanted]).astype(np.int64)
    return table.words.take(entry).to_series()


def pool_characters(role: str, script: str, draws: Words, count: int) -> pl.Series:
    """Words of up to three characters in a script of pools.SINGLE_SCRIPTS."""
    table = pools()
    pool = int(Pools.number(role, np.array([ALL_SCRIPTS.index(script)]))[0])
    pieces = Pieces(len(draws))
    for number in range(count):
        source = pool if number == 0 else int(table.rest[pool])
        draw = draws >> np.uint64(1 + 18 * number)
        pieces.add_text(table.words, (table.first[source, 1] + draw % table.count[source, 1]).astype(np.int64))
    return pieces.join()[0].to_series()


def joined(*parts: pl.Series | pl.Expr) -> pl.Series:
    """Texts put together row by row."""
    return pl.select(pl.concat_str(*parts)).to_series()


def capitalised(words: pl.Series) -> pl.Series:
    """Words with a capital first letter, where their script has capitals."""
    return joined(words.str.slice(0, 1).str.to_uppercase(), words.str.slice(1))


def first_that_fits(forms: list[pl.Series], limit: int | None) -> pl.Series:
    """The first form of each text that a column admits, or the last one."""
    if limit is None:
        return forms[0]
    result = forms[-1]
    for form in reversed(forms[:-1]):
        result = pl.select(pl.when(form.str.len_chars() <= limit).then(form).otherwise(result)).to_series()
    return result


def in_case_of(values: pl.Series, drawn: pl.Series, letters: int = 1) -> pl.Series:
    """Drawn texts in capitals or small letters where the values are, letter by letter.

    Args:
        values: n values; nulls are of no case.
        drawn: n texts.
        letters: How many a value must have for its case to count.
    """
    filled = values.fill_null("")
    upper, lower = filled.str.to_uppercase(), filled.str.to_lowercase()
    cased = upper != lower
    table = characters()
    for same, counterpart in ((filled == upper, table.upper), (filled == lower, table.lower)):
        rows = np.flatnonzero((cased & same).to_numpy())
        if len(rows) and letters > 1:
            enough = filled.gather(pl.Series(rows)).str.count_matches(r"\p{L}") >= letters
            rows = rows[enough.to_numpy()]
        if len(rows):
            text = TextArray.from_series(drawn.gather(pl.Series(rows)))
            drawn = merge_rows(drawn, rows, text.with_codes(counterpart.take(text.codes)).to_series())
    return drawn


def cut(texts: pl.Series, limit: int | None) -> pl.Series:
    """Texts without what a column would not admit, and without blanks a cut leaves at the end."""
    if limit is None:
        return texts
    long = texts.str.len_chars() > limit
    return pl.select(pl.when(long).then(texts.str.slice(0, limit).str.strip_chars_end()).otherwise(texts)).to_series()
