"""Associations between columns of a sample: each pair one number, with its standard error.

Between any two columns, cut into a few codes: Cramer's V with the bias correction of Bergsma (2013, "A
bias-correction for Cramer's V and Tschuprow's T"), so independent columns come out near 0 whatever the sample's
size. V does not care how codes are called, so it survives a mask that keeps different values different. Between
two columns of numbers or times also Spearman's rank correlation, which sees weaker monotone ties.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import numpy.typing as npt
import polars as pl

BINS = 8
# Many, because where the listing ends two samples may differ: what is listed last must weigh little.
CATEGORIES = 40
MIN_GROUP = 20
MAX_COLUMNS = 20
MAX_ROWS = 20_000
MIN_ROWS = 100
MIN_STORED = 0.05  # weaker pairs say nothing and would only fill the profile

_MOST_DIFFERENT = 0.6  # of so many rows
_GROUPED_ROWS = 8_000
MAX_GROUPED = 6
_LEAST_ROOM = 0.1  # of all rows: pairs that chance would add

Codes = npt.NDArray[np.int64]
# Column, column, strength, standard error of one sample's figure, dimensions that V averages over (else 1).
Association = tuple[str, str, float, float, int]


def pair_rows(rows: int) -> int:
    """How many of so many sampled rows associations are computed from."""
    step = max(1, rows // MAX_ROWS)
    return -(-rows // step)


def codes(series: pl.Series, numbers: pl.Series | None, *, categorical: bool) -> Codes | None:
    """Cuts numbers into `BINS` codes or takes up to `CATEGORIES` values, 0 for NULL; None without useful groups.

    Args:
        series: The column as text, n rows.
        numbers: The same rows as numbers, if it has any.
        categorical: Whether some values are frequent enough to be categories.
    """
    step = max(1, series.len() // MAX_ROWS)
    if series.len() < MIN_ROWS:
        return None
    if numbers is not None and numbers.null_count() < numbers.len():
        values = numbers.gather_every(step).fill_null(np.nan).to_numpy()
        known = values[~np.isnan(values)]
        if len(known) == 0:
            return None
        edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
        code = np.searchsorted(edges, values, side="left").astype(np.int64) + 1
        code[np.isnan(values)] = 0
    elif categorical:
        part = series.gather_every(step).alias("value")
        ranked = (
            part.drop_nulls()
            .value_counts(name="rows")
            .filter(pl.col("rows") >= MIN_GROUP)
            .sort("rows", "value", descending=[True, False])
            .head(CATEGORIES - 1)
        )
        mapping = {value: rank + 1 for rank, value in enumerate(ranked.get_column("value").to_list())}
        code = part.replace_strict(mapping, default=CATEGORIES, return_dtype=pl.Int64).to_numpy().copy()
        code[part.is_null().to_numpy()] = 0
    else:
        return None
    return code if len(np.unique(code)) > 1 else None


def presence(series: pl.Series) -> Codes | None:
    """Codes of a column of which only matters whether it is NULL; None where all or none are."""
    step = max(1, series.len() // MAX_ROWS)
    if series.len() < MIN_ROWS:
        return None
    code = series.gather_every(step).is_not_null().cast(pl.Int64).to_numpy()
    return code if 0 < code.sum() < len(code) else None


def associations(columns: Mapping[str, Codes]) -> tuple[Association, ...]:
    """Cramer's V of each pair of the first `MAX_COLUMNS` columns; pairs under `MIN_STORED` are left out."""
    names = list(columns)[:MAX_COLUMNS]
    found = []
    for first, second in combinations(names, 2):
        strength, error, width = cramers_v_with_error(columns[first], columns[second])
        if strength >= MIN_STORED:
            found.append((first, second, round(strength, 4), round(error, 5), width))
    return tuple(found)


def scores(numbers: pl.Series) -> npt.NDArray[np.float64] | None:
    """Mid-ranks around 0, of length 1 as a vector; NULL scores 0. None for constants and few rows."""
    if numbers.len() < MIN_ROWS:
        return None
    ranks = numbers.gather_every(max(1, numbers.len() // MAX_ROWS)).rank("average").cast(pl.Float64)
    if ranks.null_count() == ranks.len():
        return None
    centred = (ranks - ranks.mean()).fill_null(0.0).to_numpy()
    norm = float(np.sqrt(np.square(centred).sum()))
    return centred / norm if norm > 0 else None


def correlations(columns: Mapping[str, npt.NDArray[np.float64]]) -> tuple[Association, ...]:
    """Spearman's rank correlation of each pair of the first `MAX_COLUMNS` columns, -1 to 1.

    The error is an upper bound: the variance of a mean of products of two standardised scores is at most
    sqrt(kurtosis * kurtosis) / n (Cauchy and Schwarz), 1.8 / n without ties, more where one value prevails.

    Args:
        columns: What `scores` returned, all of one length.
    """
    names = list(columns)[:MAX_COLUMNS]
    if len(names) < 2:
        return ()
    matrix = np.stack([columns[name] for name in names])
    count = matrix.shape[1]
    together = np.clip(matrix @ matrix.T, -1, 1)
    kurtosis = count * np.power(matrix, 4).sum(axis=1)
    found = []
    for i, j in combinations(range(len(names)), 2):
        if abs(together[i, j]) >= MIN_STORED:
            error = float((kurtosis[i] * kurtosis[j]) ** 0.25 / np.sqrt(count))
            found.append((names[i], names[j], round(float(together[i, j]), 4), round(error, 5), 1))
    return tuple(found)


def groups(series: pl.Series) -> Codes | None:
    """The column as numbers that only tell equal values from different ones, NULL a value of its own.

    None where hardly anything repeats, or so few values do that `codes` says it all.
    """
    part = series.gather_every(max(1, series.len() // _GROUPED_ROWS))
    code = part.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    different = int(code.max(initial=0))
    return code if CATEGORIES < different <= _MOST_DIFFERENT * len(code) else None


def dependencies(columns: Mapping[str, Codes]) -> tuple[Association, ...]:
    """How far one of two columns of many values determines the other, as a customer's id does her e-mail.

    1 where the pair has no more different values than the richer of both, 0 where it has as many as by chance (with
    the rows of one column moved by half of them all). The standard error follows from the pairs met once, which
    bound the variance of a distinct count.

    Args:
        columns: What `groups` returned, all of one length; the first `MAX_GROUPED` are looked at.
    """
    found = []
    for first, second in combinations(list(columns)[:MAX_GROUPED], 2):
        one, other = columns[first], columns[second]
        width = int(other.max()) + 1
        least = max(len(np.unique(one)), len(np.unique(other)))
        _, times = np.unique(one * width + other, return_counts=True)
        chance = len(np.unique(one * width + np.roll(other, len(other) // 2)))
        room = chance - least
        if room < _LEAST_ROOM * len(one):
            continue
        strength = min(max((chance - len(times)) / room, 0.0), 1.0)
        error = float(np.sqrt((times == 1).sum())) / room
        found.append((first, second, round(strength, 4), round(error, 5), 1))
    return tuple(found)


def cramers_v(first: Codes, second: Codes) -> float:
    """Bias-corrected Cramer's V of two code columns of equal length, 0 (independent) to 1."""
    return cramers_v_with_error(first, second)[0]


def cramers_v_with_error(first: Codes, second: Codes) -> tuple[float, float, int]:
    """Bias-corrected Cramer's V of two code columns of equal length, its standard error, its dimensions.

    V squared is the mean of that many squared canonical correlations: one less than the smaller count of codes.

    The error is the delta method's for phi squared (Bishop, Fienberg and Holland 1975, Discrete Multivariate
    Analysis, section 11.3), plus the variance 2 df / n^2 that phi squared has under independence.
    """
    count = len(first)
    width = CATEGORIES + 1
    table = np.bincount(first * width + second, minlength=width * width).reshape(width, width).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, cols = table.shape
    if min(rows, cols) < 2 or count < 2:
        return 0.0, 0.0, 1
    down, across = table.sum(axis=1), table.sum(axis=0)
    squares = table * table / np.outer(down, across)  # p_ij^2 / (p_i p_j)
    whole = float(squares.sum())
    phi2 = max(0.0, whole - 1 - (rows - 1) * (cols - 1) / (count - 1))
    rows_corrected = rows - (rows - 1) ** 2 / (count - 1)
    cols_corrected = cols - (cols - 1) ** 2 / (count - 1)
    width_corrected = max(min(rows_corrected, cols_corrected) - 1, 1e-9)
    strength = float(np.sqrt(phi2 / width_corrected))
    if strength < MIN_STORED:
        return strength, 0.0, min(rows, cols) - 1
    slope = (
        2 * table * count / np.outer(down, across)
        - (squares.sum(axis=1) * count / down)[:, None]
        - (squares.sum(axis=0) * count / across)[None, :]
    )
    share = table / count
    delta = float((share * slope * slope).sum() - (share * slope).sum() ** 2)
    spread = np.sqrt(max(delta, 0.0) / count + 2 * (rows - 1) * (cols - 1) / count**2)
    return strength, float(spread / (2 * strength * width_corrected)), min(rows, cols) - 1
