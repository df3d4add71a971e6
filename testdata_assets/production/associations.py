"""Associations between columns of a sample: each column cut into a few codes, each pair one number.

The number is Cramer's V with the bias correction of Bergsma (2013, "A bias-correction for Cramer's V and
Tschuprow's T"), so independent columns come out near 0 whatever the sample's size.
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

Codes = npt.NDArray[np.int64]


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


def associations(columns: Mapping[str, Codes]) -> tuple[tuple[str, str, float], ...]:
    """Cramer's V of each pair of the first `MAX_COLUMNS` columns; pairs under `MIN_STORED` are left out."""
    names = list(columns)[:MAX_COLUMNS]
    found = []
    for first, second in combinations(names, 2):
        strength = cramers_v(columns[first], columns[second])
        if strength >= MIN_STORED:
            found.append((first, second, round(strength, 4)))
    return tuple(found)


def cramers_v(first: Codes, second: Codes) -> float:
    """Bias-corrected Cramer's V of two code columns of equal length, 0 (independent) to 1."""
    count = len(first)
    width = CATEGORIES + 1
    table = np.bincount(first * width + second, minlength=width * width).reshape(width, width).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, cols = table.shape
    if min(rows, cols) < 2 or count < 2:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / count
    phi2 = float(((table - expected) ** 2 / expected).sum()) / count
    phi2 = max(0.0, phi2 - (rows - 1) * (cols - 1) / (count - 1))
    rows_corrected = rows - (rows - 1) ** 2 / (count - 1)
    cols_corrected = cols - (cols - 1) ** 2 / (count - 1)
    return float(np.sqrt(phi2 / max(min(rows_corrected, cols_corrected) - 1, 1e-9)))
