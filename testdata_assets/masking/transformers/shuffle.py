"""shuffle: the column's own values, dealt out among other rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, field_validator

from testdata_assets.errors import RefusedError
from testdata_assets.masking.text_arrays import distinct
from testdata_assets.masking.transformers.base import (
    DEALT,
    Agreement,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Rows,
    RowTransformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.production.catalog import Column

# No Postgres text holds NUL, so these tell a NULL from any value and one column from the next.
_NULL, _BETWEEN = "\0n", "\0b"


class ShuffleParams(Params):
    """Parameters of `shuffle`."""

    by: tuple[str, ...] = Field(
        min_length=1,
        description="Columns that identify a row, usually the primary key: where a value goes hangs on them "
        "rather than on the order of rows.",
    )
    within: tuple[str, ...] = Field(
        (), description="Columns whose original values make the groups that values are dealt out within."
    )
    alone: Literal["null", "keep", "refuse"] = Field(
        "null",
        description="What becomes of a value that has no other row to go to: NULL, it stays with its row, or the "
        "refresh stops.",
    )
    nulls: Literal["stay", "move"] = Field(
        "stay", description="Whether NULL stays in its row, or is dealt out like a value."
    )

    @field_validator("by", "within", mode="before")
    @classmethod
    def _one_or_more(cls, names: object) -> object:
        return (names,) if isinstance(names, str) else names

    @field_validator("alone", mode="before")
    @classmethod
    def _null_in_yaml(cls, alone: object) -> object:
        return "null" if alone is None else alone

    @field_validator("by", "within")
    @classmethod
    def _named(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(names):
            raise ValueError("an empty name is no column")
        return names


@register
class Shuffle(RowTransformer[ShuffleParams]):
    """Deals a column's values out among the rows, so that every value is as frequent as before, exactly.

    The rows of a group are put in a secret order, by a keyed hash of their `by` columns, and each takes the value of
    the next one: no row keeps its own, though it may get an equal one. Rows are masked block by block (some
    megabytes of neighbouring rows), so values move within their block and group; which rows share a block hangs on
    the table's physical order, what happens within it does not. Columns with the same `domain`, `by` and `within`,
    both without NULLs or with `nulls: move`, are dealt out together, e.g. city and postcode.

    A value alone in its group and block has nowhere to go; kept, it would stay the value of its person. It becomes
    NULL unless `alone` says otherwise, and a NOT NULL column must say. Groups whose rows all have one value keep it:
    choose groups large and mixed enough. All values are real ones, so this is for measures and attributes that name
    nobody. Under a unique index it is refused: together with other columns, values that move may meet.
    """

    name = "shuffle"
    summary = "Deals the column's own values out among other rows, within groups, keeping frequencies exactly."
    params_model = ShuffleParams
    guarantees = Guarantees(
        uniqueness=Uniqueness.LOSSY,
        # Rows with frequent values often get an equal one: no rate of change can be asked for.
        coincidence=Coincidence.BY_PART,
        deterministic=False,
        preserves_format=True,
        nulls_stay_null=False,
    )
    distribution = DEALT

    def reads(self) -> tuple[str, ...]:
        return (*self.params.by, *self.params.within)

    def dealt_within(self) -> tuple[str, ...]:
        return self.params.within

    def guarantees_for(self, column: Column) -> Guarantees:
        stay = self.params.nulls == "stay" and self.params.alone != "null"
        return replace(self.guarantees, nulls_stay_null=stay)

    def expected_changes(self, column: Column, agreement: Agreement) -> float | None:
        """A row takes the value of another one of its block and group."""
        return 1.0 - agreement.nearby

    def problems(self, column: Column) -> tuple[str, ...]:
        if column.not_null and self.params.alone == "null":
            return (
                "shuffle makes a value NULL that has no other row to go to, and the column is NOT NULL: "
                "set `alone` to keep or refuse",
            )
        return super().problems(column)

    def apply_rows(self, values: pl.Series, rows: Rows, context: MaskContext) -> pl.Series:
        taking = (
            np.flatnonzero(values.is_not_null().to_numpy()) if self.params.nulls == "stay" else np.arange(len(values))
        )
        if not len(taking):
            return values
        chosen = pl.Series(taking)
        group = np.zeros(len(taking), np.int64)
        if self.params.within:
            group = distinct(_key(rows, self.params.within).gather(chosen))[1]
        first, second = context.hash.for_purpose("shuffle").draws(_key(rows, self.params.by).gather(chosen))
        order = np.lexsort((second, first, group))
        group, first, second = group[order], first[order], second[order]
        same_group = group[1:] == group[:-1]
        if (same_group & (first[1:] == first[:-1]) & (second[1:] == second[:-1])).any():
            raise RefusedError(
                f"shuffle cannot tell rows apart by {', '.join(self.params.by)}",
                where="",
                remedy="Name columns in `by` that identify a row, such as the primary key.",
                code="shuffle-ties",
            )
        begins = np.append(True, ~same_group)
        ends = np.append(~same_group, True)
        following = np.arange(1, len(order) + 1)
        following[ends] = np.flatnonzero(begins)
        source = np.arange(len(values))
        source[taking[order]] = taking[order[following]]
        result = values.gather(pl.Series(source))
        return self._without_lonely(result, taking[order[begins & ends]]).rename(values.name)

    def _without_lonely(self, values: pl.Series, lonely: NDArray[np.int64]) -> pl.Series:
        """The values, with those that went nowhere as `alone` says."""
        if self.params.alone == "keep":
            return values
        present = np.zeros(len(values), np.bool_)
        present[lonely] = True
        left = values.is_not_null() & pl.Series(present)
        count = int(left.sum())
        if not count:
            return values
        if self.params.alone == "refuse":
            raise RefusedError(
                f"shuffle finds no other row for the value of {count} row{'s' if count > 1 else ''}",
                where="",
                remedy="Choose larger groups in `within`, or set `alone` to null or keep.",
                code="shuffle-alone",
            )
        return pl.select(pl.when(~left).then(values)).to_series()


def _key(rows: Rows, columns: tuple[str, ...]) -> pl.Series:
    """One text per row that tells the columns' values from all others."""
    parts = [rows.original(name).fill_null(_NULL) for name in columns]
    return pl.select(pl.concat_str(parts, separator=_BETWEEN).alias("key")).to_series()
