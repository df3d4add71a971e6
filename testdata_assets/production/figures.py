"""Figures of one column of a sample: what `profile.py` remembers of it. None of them points at a row.

Distributions are known at points with `MIN_GROUP` rows on either side; categories have at least `MIN_GROUP`
rows; everything else is a count or a share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

MIN_GROUP = 20
QUANTILE_STEP = 0.005
MAX_CATEGORIES = 40
CLASS_ROWS = 10_000
CATEGORY_WIDTH = 64  # longer texts are prose, not categories
_TAIL_RATIO = 2.0

# Kinds of characters; a value counts for each kind it holds.
CLASSES = {
    "lower": r"\p{Ll}",
    "upper": r"\p{Lu}",
    "digit": r"\p{Nd}",
    "space": r"\s",
    "punctuation": r"[\p{P}\p{S}]",
    "beyond ascii": r"[^\x00-\x7F]",
}


@dataclass(frozen=True)
class Steps:
    """A cumulative distribution, known at some points.

    Attributes:
        at: Ascending values x (rounded to a few significant digits).
        below: Share of rows smaller than x.
        upto: Share of rows not larger than x.
    """

    at: tuple[float, ...]
    below: tuple[float, ...]
    upto: tuple[float, ...]


def steps(values: npt.NDArray[np.float64]) -> Steps | None:
    """The cumulative distribution at quantiles with `MIN_GROUP` rows on either side; None for few rows.

    Beside evenly spaced quantiles, some closer and closer to the ends, where a cut shows first.
    """
    count = len(values)
    if count < 2 * MIN_GROUP:
        return None
    ordered = np.sort(values)
    edge = max(QUANTILE_STEP, MIN_GROUP / count)
    levels = np.arange(edge, 1 - edge + 1e-9, QUANTILE_STEP)
    if MIN_GROUP / count < QUANTILE_STEP:
        doublings = int(np.log(QUANTILE_STEP * count / MIN_GROUP) / np.log(_TAIL_RATIO))
        tail = MIN_GROUP / count * _TAIL_RATIO ** np.arange(doublings + 1)
        levels = np.concatenate([tail, levels, 1 - tail])
    picked = np.unique(ordered[np.minimum((levels * count).astype(np.int64), count - 1)])
    below = np.searchsorted(ordered, picked, side="left") / count
    upto = np.searchsorted(ordered, picked, side="right") / count
    return Steps(tuple(picked.tolist()), tuple(np.round(below, 6).tolist()), tuple(np.round(upto, 6).tolist()))


def text_lengths(series: pl.Series) -> pl.Series:
    """Characters of each value, NULL as null; COPY writes what it escapes as two."""
    lengths = series.str.len_chars()
    if series.str.contains("\\", literal=True).any():
        lengths = lengths - series.str.count_matches(r"\\.")
    return lengths.cast(pl.Float64)


def categories(counted: pl.DataFrame, present: int) -> dict[str, float] | None:
    """Shares of the most frequent values that at least `MIN_GROUP` sampled rows have; None without any.

    Args:
        counted: Distinct values and their counts.
        present: Non-null rows.
    """
    if present == 0:
        return None
    value, count = counted.columns
    frequent = (
        counted.filter((pl.col(count) >= MIN_GROUP) & (pl.col(value).str.len_chars() <= CATEGORY_WIDTH))
        .sort(count, value, descending=[True, False])
        .head(MAX_CATEGORIES)
    )
    shares = {name: round(rows / present, 6) for name, rows in frequent.iter_rows()}
    return shares or None


def label(kind: str, category: str) -> str:
    """A category as it is compared with what a rule says: numbers to six digits, texts without blanks at their end.

    Postgres prints 5 as 5.00 where a column has two decimals, and fills character(n) with blanks.
    """
    if kind != "number":
        return category.rstrip(" ")
    return f"{float(category):.6g}"


def multiplicities(counts: pl.Series) -> tuple[tuple[int, int], ...]:
    """How many different values occur once, twice, ...: ascending (times, values) pairs; at most sqrt(2 n) of them.

    From it follow the distinct count of any smaller sample, how frequencies are spread, and of a foreign key how
    many children parents have.
    """
    if counts.len() == 0:
        return ()
    times, values = np.unique(counts.to_numpy(), return_counts=True)
    return tuple(zip(times.tolist(), values.tolist(), strict=True))


def character_classes(present: pl.Series) -> dict[str, float] | None:
    """Share of values that hold each kind of character, of at most about `CLASS_ROWS` values; None for few."""
    if present.len() < 2 * MIN_GROUP:
        return None
    some = present.gather_every(class_step(present.len())).alias("value").to_frame()
    found = some.select(
        pl.col("value").str.contains(pattern).mean().round(6).alias(name) for name, pattern in CLASSES.items()
    )
    return dict(zip(found.columns, found.row(0), strict=True))


def class_step(count: int) -> int:
    """Of so many values, every how many-th is looked at for its characters."""
    return max(1, count // CLASS_ROWS)


def clock(seconds: npt.NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Shares of the 24 hours and of the 7 weekdays (Monday first) of seconds since 1970; None for few."""
    if len(seconds) < 2 * MIN_GROUP:
        return None
    hours = np.floor(seconds / 3600).astype(np.int64) % 24
    days = (np.floor(seconds / 86_400).astype(np.int64) + 3) % 7  # 1970 began on a Thursday

    def shares(codes: npt.NDArray[np.int64], width: int) -> tuple[float, ...]:
        return tuple(np.round(np.bincount(codes, minlength=width) / len(codes), 6).tolist())

    return shares(hours, 24), shares(days, 7)


def magnitude(values: npt.NDArray[np.float64]) -> tuple[int, float, float] | None:
    """Count, mean and standard deviation of ln|x| over numbers other than 0; None for few.

    The mean of logarithms moves by ln(c) when a column is multiplied by c, whatever its distribution.
    """
    used = np.abs(values[values != 0])
    if len(used) < 2 * MIN_GROUP:
        return None
    logs = np.log(used)
    return len(used), round(float(logs.mean()), 6), round(float(logs.std()), 6)
