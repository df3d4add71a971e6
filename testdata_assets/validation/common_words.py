"""What anybody may write: words of everyday language, fill-ins for names, and names of places.

A production value made of such words alone is no evidence wherever it turns up: a company called Best Buy, a user
called Test User, a birthplace New York. Words come from Faker's list of a thousand English ones; which of them a
release of Faker knows moves only how much such values count. Other languages' lists cost more than they bring: Marco
Fuentes is a frame and fountains in Spanish.
"""

from __future__ import annotations

from functools import cache

import polars as pl
from faker.providers.lorem.en_US import Provider

from testdata_assets.masking.canonical import folded
from testdata_assets.masking.transformers._places import gazetteer

_OTHERS = """
account admin administrator alley anonymous app avenue baker black blue bot boulevard brown button buyer checkout
client company contact coupon courier dear default deleted demo department desk dummy east elm empty example false
first foo bar baz gate gold grand gray green grey guest helpdesk hill house inactive info internal invalid invoice
item john doe jane lake lane last lead light line lorem ipsum mail main manager maple member middle mill mr mrs ms
na name new none normal north null oak office old orange order owner park payment pending pine pink placeholder
plaza premium private product profile public purple red regular removed request river road root sales sample score
second seller service shipping shop silver sir south square standard station store street support system tbd team
temp temporary test tester testing third ticket tower town true trusted undefined unknown unnamed user value vendor
view village visitor web west white yellow your
"""
_WORD = r"[\p{L}\p{M}\p{N}]+"
_SHORTEST_NAME = 8


@cache
def common_words() -> frozenset[str]:
    """Words in small letters."""
    return frozenset(_OTHERS.split()) | {word.lower() for word in Provider.word_list}


@cache
def places() -> frozenset[str]:
    """Cities, regions and countries of several words, as `telling` puts them: folded, blanks between words."""
    known = gazetteer()
    names = pl.concat([names.alias("v") for names in (known.cities, known.regions, known.names, known.local)])
    several = names.filter(names.str.contains(" ", literal=True)).unique()
    return frozenset(folded(several).str.extract_all(_WORD).list.join(" ").to_list())


def telling(values: pl.Series) -> pl.Series:
    """Which texts of several words say more than anybody may write.

    At least one word is not common, and a short text has two words of two letters and more: initials and a word are
    no name. A place's name tells of nobody.

    Args:
        values: String series without nulls.
    """
    frame = values.alias("v").to_frame().with_columns(w=folded(values).str.extract_all(_WORD))
    word = pl.element()
    rare = (word.str.len_chars() > 1) & ~word.is_in(list(common_words()))
    return frame.select(
        (
            pl.col("w").list.eval(rare).list.any()
            & (
                (pl.col("v").str.len_chars() >= _SHORTEST_NAME)
                | (pl.col("w").list.eval(word.str.len_chars() > 1).list.sum() > 1)
            )
            & ~pl.col("w").list.join(" ").is_in(list(places()))
        ).alias("telling")
    ).to_series()
