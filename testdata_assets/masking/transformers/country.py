"""country: another country in the same form."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field, field_validator

from testdata_assets.masking.text_arrays import Positions, merge_rows
from testdata_assets.masking.transformers._number_types import numeric_limits
from testdata_assets.masking.transformers._peers import Peers, cased_like, peers, read_lists
from testdata_assets.masking.transformers._present import on_present
from testdata_assets.masking.transformers.base import (
    NOTHING,
    TEXT_TYPES,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, fold, scrambled
from testdata_assets.production.catalog import Column

_FILE = "countries.txt"
_CODE_DIGITS = 3
_CODE_LISTS = ("codes 2", "codes 3", "codes n")
# What a text that no list knows is taken for, by its form.
_GUESSES = (
    ("codes 2", r"^[A-Za-z]{2}$"), ("codes 3", r"^[A-Za-z]{3}$"), ("codes n", r"^[0-9]{1,3}$"),
    ("names ja", r"[\p{Hiragana}\p{Katakana}]"), ("names ko", r"\p{Hangul}"), ("names zh", r"\p{Han}"),
    ("names ru", r"\p{Cyrillic}"), ("names el", r"\p{Greek}"), ("names he", r"\p{Hebrew}"), ("names th", r"\p{Thai}"),
    ("names hi", r"\p{Devanagari}"), ("names en", r"\p{Latin}"),
)  # fmt: skip


class CountryParams(Params):
    """Parameters of `country`."""

    form: Literal["any", "name", "code"] = Field(
        "any", description="What the column holds, where that is known: names only, or ISO codes only."
    )
    language: str | None = Field(
        None, description="Language of the names (en, de, fr, ...), for names that several languages share."
    )

    @field_validator("language")
    @classmethod
    def _known(cls, language: str | None) -> str | None:
        known = [name.partition(" ")[2] for name in read_lists(_FILE) if name.startswith("names ")]
        if language is not None and language not in known:
            raise ValueError(f"country names are known in {', '.join(known)}")
        return language


@register
class Country(Transformer[CountryParams]):
    """Replaces a country by another: names by names of the same language, ISO codes by codes of the same length.

    Distinct codes stay distinct, and so do known names of one language (where the column is wide enough for
    all); the case stays, and so do leading zeros of numeric codes. A name that several languages share counts
    as English unless `language` says which. Unknown names get one of the same script; what has no letter or
    digit of a known script is permuted.
    """

    name = "country"
    summary = "Replaces countries by others in the same form: name, two or three letters, or number."
    params_model = CountryParams
    base_types = frozenset({"text", "int2", "int4", "int8", "numeric"})
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)
    distribution = NOTHING

    def problems(self, column: Column) -> tuple[str, ...]:
        limits = numeric_limits(column.type)
        if limits is not None and limits[0] - limits[1] < _CODE_DIGITS:
            return (*super().problems(column), f"a country's number has {_CODE_DIGITS} digits, {column.type} fewer")
        return super().problems(column)

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return on_present(values, context, lambda present: self._moved(present, context))

    def _lists(self) -> tuple[str, ...]:
        language, form = self.params.language, self.params.form
        names = [name for name in read_lists(_FILE) if name.startswith("names ")]
        names.sort(key=lambda name: name != f"names {language}")
        return (*(() if form == "name" else _CODE_LISTS), *(() if form == "code" else names))

    def _moved(self, values: pl.Series, context: MaskContext) -> pl.Series:
        textual = context.column.base_type in TEXT_TYPES
        known = peers(_FILE, self._lists(), context.max_length if textual else None)
        keyed = context.hash.for_purpose(self.name)
        # Numeric codes have three digits; numbers and many a text leave the zeros out.
        short = values.str.contains(r"^[0-9]{1,2}$") if textual else pl.Series(np.ones(len(values), np.bool_))
        padded = (
            pl.DataFrame({"v": values, "s": short})
            .select(pl.when("s").then(pl.col("v").str.zfill(3)).otherwise("v"))
            .to_series()
        )
        lists, places = known.recognised(padded)
        rows, rest = np.flatnonzero(lists >= 0), np.flatnonzero(lists < 0)
        result = values
        if len(rows):
            moved = known.moved(lists[rows], places[rows], keyed)
            listed = known.listed(lists[rows], places[rows])
            result = merge_rows(result, rows, cased_like(values.gather(pl.Series(rows)), moved, listed))
        if len(rest):
            result = merge_rows(result, rest, self._guessed(values, rest, known, context))
        bare = result.str.strip_chars_start("0")
        return (
            pl.DataFrame({"c": result, "b": bare, "s": short})
            .select(
                pl.when(pl.col("s") & pl.col("c").str.contains(r"^[0-9]+$") & (pl.col("b") != ""))
                .then("b")
                .otherwise("c")
            )
            .to_series()
        )

    def _guessed(self, values: pl.Series, rows: Positions, known: Peers, context: MaskContext) -> pl.Series:
        """Masks what no list knows."""
        keyed = context.hash.for_purpose(f"{self.name} unknown")
        rest = values.gather(pl.Series(rows))
        guess = np.full(len(rest), -1)
        language = f"names {self.params.language or 'en'}"
        for name, pattern in reversed(_GUESSES):
            wanted = language if name == "names en" else name
            if wanted in known.names:
                guess[rest.str.contains(pattern).to_numpy()] = known.names.index(wanted)
        if context.column.base_type not in TEXT_TYPES and "codes n" in known.names:
            guess[:] = known.names.index("codes n")  # a number that is no country's code
        result = scrambled(Draw(rest, keyed, context))
        some = np.flatnonzero(guess >= 0)
        if not len(some):
            return result
        chosen = rest.gather(pl.Series(some))
        draws = keyed.draws(fold(chosen))[0]
        return merge_rows(result, some, cased_like(chosen, known.picked(guess[some], draws)))
