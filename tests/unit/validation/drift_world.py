"""A world of two tables for the drift tests: skewed, tied, clocked and correlated columns, drawn anew at will.

The orders of a world are drawn from fixed laws, so that two draws are two samples of the same data.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table
from testdata_assets.production.profile import TableProfile, TableProfiler
from testdata_assets.validation.drift import ColumnPromise, Comparison, Drift, candidates, judged
from testdata_assets.validation.rules import DriftLimits

NAME = TableName("public", "orders")
TYPES = {
    "id": ("int8", "N"),
    "customer_id": ("int4", "N"),
    "amount": ("numeric", "N"),
    "weight": ("float8", "N"),
    "rank": ("int4", "N"),
    "age": ("int4", "N"),
    "country": ("text", "S"),
    "city": ("text", "S"),
    "note": ("text", "S"),
    "code": ("text", "S"),
    "at": ("timestamp", "D"),
    "due": ("date", "D"),
    "paid": ("bool", "B"),
    "state": ("status", "E"),
    "email": ("text", "S"),
    "street": ("text", "S"),
}
MASKED = frozenset({"email", "street"})
TABLE = Table(NAME, 1, "r", tuple(Column(name, base, base, kind) for name, (base, kind) in TYPES.items()), NAME)
PROMISES = {
    "email": ColumnPromise(masked=True, lengths=False),
    "street": ColumnPromise(masked=True, distinct=False, lengths=False),
}
_HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 13, 12, 12, 12, 11, 10, 9, 8, 7, 6, 4, 2, 1], dtype=float)


def world(rows: int, seed: int) -> pl.DataFrame:
    """Orders in the text form of COPY, drawn independently of each other."""
    rng = np.random.default_rng(seed)
    amount = np.round(rng.lognormal(3, 1.2, rows), 2)
    country = rng.choice(["DE", "FR", "US", "JP", "BR"], rows, p=[0.6, 0.2, 0.1, 0.07, 0.03])
    customer = (rng.pareto(1.2, rows) * 400).astype(np.int64) % 6_000
    day = rng.integers(0, 700, rows)
    hour = rng.choice(24, rows, p=_HOURS / _HOURS.sum())
    seconds = 1_600_000_000 // 86_400 * 86_400 + day * 86_400 + hour * 3_600 + rng.integers(0, 3_600, rows)
    stamp = pl.Series(seconds * 1000).cast(pl.Datetime("ms"))
    due = pl.Series((seconds + rng.integers(1, 30, rows) * 86_400) * 1000).cast(pl.Datetime("ms"))
    city = np.char.add(np.char.add(country, "-city"), (rng.zipf(1.5, rows) % 60).astype(str))
    length = np.minimum(rng.geometric(0.04, rows), 200)
    note = pl.Series(["Call me " + "x" * each for each in length])
    return pl.DataFrame(
        {
            "id": pl.Series(rng.permutation(rows * 3)[:rows]).cast(pl.String),
            "customer_id": pl.Series(customer).cast(pl.String),
            "amount": pl.Series(amount).cast(pl.String).set(pl.Series(rng.random(rows) < 0.2), None),
            "weight": pl.Series(np.round(rng.normal(50, 20, rows), 3)).cast(pl.String),
            "rank": pl.Series(np.searchsorted([5, 20, 60], amount)).cast(pl.String),
            "age": pl.Series(np.clip(rng.normal(40, 15, rows), 18, 95).astype(np.int64)).cast(pl.String),
            "country": country,
            "city": city,
            "note": note.set(pl.Series(rng.random(rows) < 0.5), None),
            "code": [f"{a}{b:04d}" for a, b in zip(rng.choice(["A", "b", "ü-"], rows), customer, strict=True)],
            "at": stamp.dt.strftime("%Y-%m-%d %H:%M:%S"),
            "due": due.dt.strftime("%Y-%m-%d"),
            "paid": np.where(amount > 20, "t", "f"),
            "state": rng.choice(["new", "sent", "back"], rows, p=[0.2, 0.75, 0.05]),
            "email": [f"p{each}@mail.net" for each in customer],
            "street": [f"{each % 97} Linden Road" for each in customer],
        }
    )


def masked(data: pl.DataFrame) -> pl.DataFrame:
    """What masking makes of it: other e-mails one to one, streets anyhow."""
    return data.with_columns(
        email=pl.col("email").str.replace("p", "masked.person.").str.replace("mail.net", "example.org"),
        street=pl.lit("1 Any Road"),
    )


def profile(data: pl.DataFrame, *, rows: int | None = None) -> TableProfile:
    """Args: data, and how many rows the table has that it was drawn from (all of them if not given)."""
    profiler = TableProfiler(TABLE, MASKED)
    profiler.add(data)
    if rows is None:
        profiler.add_counts(data.height, {name: data.get_column(name).null_count() for name in data.columns})
    else:
        profiler.add_counts(rows)
    return profiler.finish()


def measures(before: TableProfile, after: TableProfile, *, same_rows: bool) -> list[Drift]:
    comparison = Comparison(PROMISES, {"customer_id"}, same_rows, {"id", "customer_id"})
    return judged(candidates(NAME, before, after, comparison, DriftLimits()))


def alarms(before: TableProfile, after: TableProfile, *, same_rows: bool) -> list[Drift]:
    return [each for each in measures(before, after, same_rows=same_rows) if each.exceeded]


def _scaled(name: str) -> pl.Expr:
    return (pl.col(name).cast(pl.Float64) * 1.2).round(3).cast(pl.String)


def _cut(name: str, share: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Numbers truncated at a limit that the given share of them passes."""

    def change(data: pl.DataFrame) -> pl.DataFrame:
        numbers = data.get_column(name).cast(pl.Float64)
        return data.with_columns(numbers.clip(upper_bound=numbers.quantile(1 - share)).cast(pl.String).alias(name))

    return change


def _emptied(name: str) -> Callable[[pl.DataFrame, int], pl.DataFrame]:
    """Five rows in a hundred, which were not NULL, become so."""

    def change(data: pl.DataFrame, seed: int) -> pl.DataFrame:
        present = data.get_column(name).is_not_null()
        rate = 0.05 * data.height / int(present.sum())
        lost = pl.Series(np.random.default_rng(seed).random(data.height) < rate) & present
        return data.with_columns(pl.Series(name, data.get_column(name)).set(lost, None))

    return change


Change = Callable[[pl.DataFrame, int], pl.DataFrame]


def _shuffled(name: str) -> Change:
    return lambda data, seed: data.with_columns(pl.col(name).sample(fraction=1, shuffle=True, seed=seed))


# Name: what is done to the data, and the column (or a side of the pair) that must alarm.
CHANGES: dict[str, tuple[Change, str]] = {
    "amount shuffled": (_shuffled("amount"), "amount"),
    "city shuffled": (_shuffled("city"), "city"),
    "due shuffled": (_shuffled("due"), "due"),
    "masked e-mail shuffled": (_shuffled("email"), "email"),
    "amount scaled": (lambda data, _: data.with_columns(_scaled("amount")), "amount"),
    "weight scaled": (lambda data, _: data.with_columns(_scaled("weight")), "weight"),
    "age scaled": (
        lambda data, _: data.with_columns(_scaled("age").str.head(2)),
        "age",
    ),
    "amount cut, 1 in 100": (lambda data, _: _cut("amount", 0.01)(data), "amount"),
    "weight cut, 1 in 20": (lambda data, _: _cut("weight", 0.05)(data), "weight"),
    "note cut at 80": (lambda data, _: data.with_columns(pl.col("note").str.slice(0, 80)), "note"),
    "amount emptied": (_emptied("amount"), "amount"),
    "note emptied": (_emptied("note"), "note"),
    "country emptied": (_emptied("country"), "country"),
    "masked e-mail emptied": (_emptied("email"), "email"),
    "country dropped": (lambda data, _: data.with_columns(pl.col("country").replace("BR", "JP")), "country"),
    "state dropped": (lambda data, _: data.with_columns(pl.col("state").replace("back", "new")), "state"),
    "rank dropped": (lambda data, _: data.with_columns(pl.col("rank").replace("0", "1")), "rank"),
}


def found(drifts: list[Drift], column: str) -> bool:
    return any(column in each.column.split(" ~ ") for each in drifts)
