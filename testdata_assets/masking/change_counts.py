"""How many values of a column changed while masking, and how many would have stayed by chance: sums over blocks.

Rows that different rules of a column mask (`when`, `else`) are counted apart, in the order of `ColumnPlan.ways`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from testdata_assets.masking import kernels
from testdata_assets.masking.text_arrays import string_bytes
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production import bulky

TELLING = r"[\p{L}\p{N}]"  # values without a letter or digit say nothing: they stay as they are
_TELLING = re.compile(r"[^\W_]")
_DECIMALS = 3


@dataclass(frozen=True)
class Changes:
    """What one rule did to a column's values.

    Attributes:
        values: How many it met, NULLs left out.
        rows: Those of them that say something.
        changed: Those of `rows` that changed.
        anywhere: How many of `rows` were expected to stay, had masks nothing to do with values; where it was counted.
        nearby: The same, had each value been another one of those that it was dealt among.
    """

    values: int = 0
    rows: int = 0
    changed: int = 0
    anywhere: float = 0.0
    nearby: float = 0.0

    def __add__(self, other: Changes) -> Changes:
        return Changes(
            self.values + other.values,
            self.rows + other.rows,
            self.changed + other.changed,
            self.anywhere + other.anywhere,
            self.nearby + other.nearby,
        )


Ways = tuple[Changes, ...]


@dataclass(frozen=True)
class ChangeCount:
    """How many values of a masked column changed, row by row, NULLs left out; see `Changes`.

    Attributes:
        way: Which of the column's ways this is of, see `ColumnPlan.ways`.
        values: With those that say nothing.
        anywhere: How many of `rows` chance was expected to leave.
        nearby: The same, had the values been dealt out.
    """

    table: str
    column: str
    rows: int
    changed: int
    way: int = 0
    values: int = 0
    anywhere: float = 0.0
    nearby: float = 0.0

    @property
    def changes(self) -> Changes:
        return Changes(self.values or self.rows, self.rows, self.changed, self.anywhere, self.nearby)

    @classmethod
    def of(cls, table: TableName, column: str, ways: Ways) -> list[ChangeCount]:
        """One for each way of a column."""
        return [
            cls(
                str(table),
                column,
                each.rows,
                each.changed,
                way,
                each.values,
                round(each.anywhere, _DECIMALS),  # blocks come in any order
                round(each.nearby, _DECIMALS),
            )
            for way, each in enumerate(ways)
        ]


def added(first: Ways, second: Ways) -> Ways:
    """The sums of two counts of one column, way by way; either may be empty."""
    if not first or not second:
        return first or second
    return tuple(one + other for one, other in zip(first, second, strict=True))


def counted(values: pl.Series, masked: pl.Series, *, by_chance: bool, groups: pl.Series | None = None) -> Changes:
    """Counts the changes of one block's values, none of them null.

    Args:
        values: n values.
        masked: Their masks.
        by_chance: Whether it matters how many would have stayed by chance.
        groups: For each value the group that it was dealt out in; None for one group.
    """
    rows, changed = count_changes(values, masked)
    if not by_chance:
        return Changes(len(values), rows, changed)
    if bulky.is_bulky(values) or bulky.is_bulky(masked):
        return Changes(len(values), rows, changed, float(rows), float(rows))  # too long to be compared with others
    counts = values.alias("v").value_counts(name="f")
    anywhere = _anywhere(counts, masked)
    if groups is not None:
        counts = pl.DataFrame({"v": values, "g": groups}).group_by("g", "v").agg(pl.len().alias("f"))
    alone = _alone(groups, masked) if groups is not None or len(values) == 1 else 0
    return Changes(len(values), rows, changed, anywhere, _nearby(counts, within=groups is not None) + alone)


def grouped(columns: list[pl.Series]) -> pl.Series:
    """For each row the number of the group of rows that are equal in all columns; NULL equals NULL."""
    frame = pl.DataFrame([column.alias(str(place)) for place, column in enumerate(columns)])
    known = frame.unique().with_row_index("g")
    return frame.join(known, on=frame.columns, how="left", nulls_equal=True, maintain_order="left").get_column("g")


def _anywhere(counts: pl.DataFrame, masked: pl.Series) -> float:
    """How often a value and a mask of any two rows are equal, times the rows: sum of f(v) m(v) / n."""
    rows = max(int(counts.get_column("f").sum()), 1)
    masks = masked.alias("v").value_counts(name="m")
    both = counts.filter(pl.col("v").str.contains(TELLING)).join(masks, on="v", how="inner")
    return float(both.select((pl.col("f").cast(pl.Float64) * pl.col("m")).sum()).item()) / rows


def _nearby(counts: pl.DataFrame, *, within: bool) -> float:
    """How often values of any two rows of a group are equal, times the rows: sum of f(v) (f(v) - 1) / (n - 1)."""
    times, rows = pl.col("f").cast(pl.Float64), pl.col("f").sum()
    repeated = counts.with_columns((rows.over("g") if within else rows).alias("n")).filter(pl.col("f") > 1)
    repeated = repeated.filter(pl.col("v").str.contains(TELLING))
    return float(repeated.select((times * (times - 1) / (pl.col("n") - 1)).sum()).item())


def _alone(groups: pl.Series | None, masked: pl.Series) -> int:
    """Values that have no other row to go to and stay, rather than become NULL."""
    single = groups.is_unique() if groups is not None else pl.Series([True]).new_from_index(0, len(masked))
    return int((single & masked.is_not_null()).sum())


def count_changes(values: pl.Series, masked: pl.Series) -> tuple[int, int]:
    """(values that say something, those of them that changed); blanks, asterisks and emoji stay as they are."""
    if bulky.is_bulky(values):
        changed = (masked != values).fill_null(True).to_list()
        says = [view is not None and _says_something(view) for view in bulky.views(values)]
        return sum(says), sum(a and b for a, b in zip(says, changed, strict=True))
    loaded = kernels.load("changes", len(values))
    if loaded is None or masked.null_count():
        return _count_any_changes(values, masked)
    unsure = np.empty(len(values), np.bool_)
    rows, changed = loaded.count_changes(*string_bytes(values), *string_bytes(masked), unsure)
    if unsure.any():
        others = pl.Series(unsure)
        more_rows, more_changed = _count_any_changes(values.filter(others), masked.filter(others))
        return rows + more_rows, changed + more_changed
    return rows, changed


def _says_something(value: memoryview) -> bool:
    """Whether a text holds a letter or digit: of long ones the first piece tells, mostly."""
    return any(_TELLING.search(bytes(piece).decode()) for piece in bulky.pieces(value))


def _count_any_changes(values: pl.Series, masked: pl.Series) -> tuple[int, int]:
    telling = values.str.contains(TELLING)
    return int(telling.sum()), int(((masked != values).fill_null(True) & telling).sum())
