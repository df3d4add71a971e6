"""Kept texts that repeat a name of their own row: a reason that says `see file CHOPARD` in the row of Ms Chopard.

One surname proves nothing wherever it turns up, since others are called so, too. In the row of the person it is no
chance any more: it is there more often than in the rows of others. Looked at is the sample that profiles are made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from testdata_assets.masking import copy_text
from testdata_assets.masking.plan_models import TablePlan
from testdata_assets.masking.sensitive import part_of_name
from testdata_assets.masking.transformers.base import TEXT_TYPES

_ROWS = 10_000
_LEAST_LETTERS = 4  # shorter names are parts of too many words
_LEAST_ROWS = 5
_BEYOND_CHANCE = 3  # times as often as in the rows of others


@dataclass(frozen=True)
class Echo:
    """A kept column in which names of its own rows stand.

    Attributes:
        table: `schema.table`.
        column: The kept column.
        of: The masked column whose names it repeats.
        rows: In how many of the sampled rows.
    """

    table: str
    column: str
    of: str
    rows: int


def columns_looked_at(plan: TablePlan) -> tuple[list[str], list[str]]:
    """Kept texts of a table, and its masked names."""
    kept = [each.column.name for each in plan.columns if not each.masked and each.column.base_type in TEXT_TYPES]
    names = [
        each.column.name
        for each in plan.masked
        if part_of_name(each.transformer) is not None and each.column.base_type in TEXT_TYPES
    ]
    return kept, names


def find_echoes(plan: TablePlan, sample: pl.DataFrame) -> list[Echo]:
    """Which kept columns repeat names of their own rows.

    Args:
        plan: Of the table.
        sample: Raw rows, COPY escapes in place, with at least the columns of `columns_looked_at`.
    """
    kept, names = columns_looked_at(plan)
    if not names or not kept or sample.height < 2:
        return []
    sample = sample.head(_ROWS)
    texts = {name: _words(sample.get_column(name)) for name in kept}
    found = []
    for name in names:
        words = _words(sample.get_column(name)).str.strip_chars()
        for part in {"first": words.str.extract(r"^(\S+)"), "last": words.str.extract(r"(\S+)$")}.values():
            wanted = pl.select(
                pl.when(part.str.len_chars() >= _LEAST_LETTERS).then(pl.lit(" ") + part + pl.lit(" "))
            ).to_series()
            for column, text in texts.items():
                own = _holding(text, wanted)
                if own >= _LEAST_ROWS and own >= _BEYOND_CHANCE * (1 + _holding(text, _others(wanted))):
                    found.append(Echo(str(plan.table.name), column, name, own))
    return list({(each.column, each.of): each for each in sorted(found, key=lambda each: each.rows)}.values())


def _words(values: pl.Series) -> pl.Series:
    """Texts as words in small letters, a blank before, between and behind them."""
    plain = copy_text.unescape(values.fill_null("")).str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}]+", " ")
    return " " + plain + " "


def _holding(texts: pl.Series, wanted: pl.Series) -> int:
    frame = pl.DataFrame({"t": texts, "w": wanted})
    return int(frame.select(pl.col("t").str.contains(pl.col("w"), literal=True).fill_null(False).sum()).item())


def _others(wanted: pl.Series) -> pl.Series:
    """The names of other rows."""
    half = len(wanted) // 2
    return pl.concat([wanted.slice(half), wanted.slice(0, half)])
