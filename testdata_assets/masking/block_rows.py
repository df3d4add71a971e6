"""The rows of one block: what the engine, row transformers and conditions read of them, and how they go back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking import copy_text, kernels
from testdata_assets.production.profile import clipped

_NEWLINE = 0x0A


@dataclass(frozen=True)
class Values:
    """Values of a column, COPY's escapes undone.

    Attributes:
        values: n strings.
        present: Which rows they stand for, the others being NULL; None where there is one for each row, perhaps null.
    """

    values: pl.Series
    present: pl.Series | None = None

    def of_all_rows(self) -> pl.Series:
        """One value a row, NULL as null."""
        if self.present is None:
            return self.values
        if not len(self.values):
            return pl.Series(self.values.name, [None], pl.String).new_from_index(0, len(self.present))
        positions = self.present.cum_sum().cast(pl.Int64) - 1
        return (
            pl.DataFrame({"present": self.present, "v": self.values.gather(positions.clip(lower_bound=0))})
            .select(pl.when("present").then("v").alias(self.values.name))
            .to_series()
        )

    @classmethod
    def without_nulls(cls, values: pl.Series) -> Values:
        """From one value a row: those that are there."""
        if not values.null_count():
            return cls(values)
        return cls(values.drop_nulls(), values.is_not_null())


class Lines(Protocol):
    """Whole COPY lines, taken apart."""

    @property
    def height(self) -> int:
        """How many."""

    def null_counts(self) -> dict[str, int]:
        """NULLs by column."""

    def values(self, column: str) -> Values:
        """What is there in a column; no nulls among the values."""

    def sample(self, rows: NDArray[np.intp]) -> pl.DataFrame:
        """Some rows, ascending, as `copy_text.decode` gives them, each value cut (see `profile.clipped`)."""

    def chosen(self, wanted: pl.Series) -> Lines:
        """The flagged ones."""

    def encoded(self, masks: Mapping[str, Values]) -> bytes:
        """The lines with some columns replaced."""


class FrameLines:
    """Lines as a frame of strings."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    @property
    def height(self) -> int:
        return self._frame.height

    def null_counts(self) -> dict[str, int]:
        return {str(name): int(count) for name, count in self._frame.null_count().row(0, named=True).items()}

    def values(self, column: str) -> Values:
        raw = Values.without_nulls(self._frame.get_column(column))
        return Values(copy_text.unescape(raw.values), raw.present)

    def sample(self, rows: NDArray[np.intp]) -> pl.DataFrame:
        return clipped(self._frame)[rows]  # before rows are copied

    def chosen(self, wanted: pl.Series) -> FrameLines:
        return FrameLines(self._frame.filter(wanted))

    def encoded(self, masks: Mapping[str, Values]) -> bytes:
        masked = {
            name: Values(copy_text.escape(mask.values), mask.present).of_all_rows().rename(name)
            for name, mask in masks.items()
        }
        return copy_text.encode(pl.DataFrame([masked.get(each.name, each) for each in self._frame.iter_columns()]))


def take_apart(block: bytes, columns: list[str]) -> Lines:
    """Reads whole COPY lines, each ended by a newline, of so many columns.

    Raises:
        RefusedError: They are not what COPY writes.
    """
    loaded = kernels.load("lines", int(np.count_nonzero(np.frombuffer(block, np.uint8) == _NEWLINE)))
    if loaded is None:
        return FrameLines(copy_text.decode(block, columns))
    lines: Lines = loaded.SplitLines(block, columns)
    return lines


class BlockRows:
    """The rows of one block, or some of them, as row transformers and conditions see them."""

    def __init__(
        self,
        lines: Lines,
        results: dict[str, Values] | None = None,
        places: NDArray[np.int64] | None = None,
    ) -> None:
        self._lines = lines
        self._results = results if results is not None else {}
        self._places = places
        self._texts: dict[str, pl.Series] = {}

    @property
    def results(self) -> dict[str, Values]:
        """The columns masked so far."""
        return self._results

    def put(self, column: str, masked: Values) -> None:
        """Remembers a masked column."""
        self._results[column] = masked

    def chosen(self, places: NDArray[np.int64]) -> BlockRows:
        """Some of the rows, by their places among these."""
        return BlockRows(self._lines, self._results, places if self._places is None else self._places[places])

    def present(self, column: str) -> Values:
        """Production's values that are there."""
        if self._places is None and column not in self._texts:
            return self._lines.values(column)
        return Values.without_nulls(self.original(column))

    def original(self, column: str) -> pl.Series:
        """Production's values, escapes undone, NULL as null."""
        if column not in self._texts:
            self._texts[column] = self._here(self._lines.values(column))
        return self._texts[column]

    def masked(self, column: str) -> pl.Series:
        """The values as they will be in the image; of a kept column the original ones."""
        found = self._results.get(column)
        return self.original(column) if found is None else self._here(found)

    def _here(self, whole: Values) -> pl.Series:
        values = whole.of_all_rows()
        return values if self._places is None else values.gather(pl.Series(self._places))
