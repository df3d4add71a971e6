"""Masking one block of COPY lines: decode, mask the planned columns, encode; nothing row by row.

A block is a few megabytes of whole lines of one table. The result is a pure function of the block's bytes, the plan
and the key, so blocks may run anywhere and in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from testdata_assets.errors import RefusedError, TestdataError
from testdata_assets.masking import copy_text
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.memo import Memo, Memos
from testdata_assets.masking.plan import ColumnPlan, TablePlan
from testdata_assets.masking.transformers.base import Coincidence, MaskContext
from testdata_assets.production.profile import spread

# Above this share of distinct values it is cheaper to mask a column as it stands.
_DISTINCT_SHARE = 0.9


@dataclass
class MaskedBlock:
    """What comes of one block.

    Attributes:
        data: Masked COPY lines.
        rows: Lines in it.
        sample: Some raw rows, decoded, for the profile (None if no sample was asked for).
        null_counts: NULLs in each column, exact.
        sensitive: Raw distinct values by column, of transformers with disjoint outputs.
        changes: (rows, changed) by column, of transformers whose outputs may coincide with real values.
    """

    data: bytes
    rows: int
    sample: pl.DataFrame | None = None
    null_counts: dict[str, int] | None = None
    sensitive: dict[str, pl.Series] = field(default_factory=dict)
    changes: dict[str, tuple[int, int]] = field(default_factory=dict)


class TableMasker:
    """Masks blocks of one table. Safe to share between threads."""

    def __init__(self, plan: TablePlan, hash_for: Callable[[str], KeyedHash], memos: Memos | None = None) -> None:
        self._memos = memos or Memos()
        self.plan = plan
        self._names = [column.name for column in plan.table.stored_columns]
        self._hash_for = hash_for
        self._masked = plan.masked

    @property
    def relays(self) -> bool:
        """Whether blocks pass through unparsed."""
        return not self._masked

    def mask(self, block: bytes, sample_every: int = 0, number: int = 0) -> MaskedBlock:
        """Masks a block.

        Args:
            block: Whole COPY lines.
            sample_every: Hand out about every n-th raw row for the profile; 0 for none.
            number: Of the block; the draw of the sample hangs on it.

        Raises:
            TestdataError: A transformer refused; table and column are named, values are not.
        """
        if self.relays:
            sample = self._thinned(block, sample_every, number) if sample_every and self._names else None
            return MaskedBlock(block, block.count(b"\n"), sample)
        frame = copy_text.decode(block, self._names)
        sample = frame[spread(frame.height, sample_every, number)] if sample_every else None
        result = MaskedBlock(b"", frame.height, sample, _null_counts(frame))
        masked = [self._mask_column(frame.get_column(column.column.name), column, result) for column in self._masked]
        result.data = copy_text.encode(frame.with_columns(masked))
        return result

    def _thinned(self, block: bytes, every: int, number: int) -> pl.DataFrame:
        """About every n-th line, decoded, without parsing the others."""
        if every == 1:
            return copy_text.decode(block, self._names)
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1
        starts = np.concatenate(([0], ends[:-1]))
        chosen = spread(len(ends), every, number)
        lines = [block[start:end] for start, end in zip(starts[chosen], ends[chosen], strict=True)]
        return copy_text.decode(b"".join(lines), self._names)

    @staticmethod
    def _apply(column: ColumnPlan, context: MaskContext, memo: Memo, values: pl.Series) -> pl.Series:
        """Masks values, through the memo of this kind of column where that can help.

        Values masked for the first time are collected as sensitive; those the memo knows were so before.
        """
        transformer = column.transformer
        coincidence = column.guarantees.coincidence
        if coincidence in (Coincidence.BY_PART, Coincidence.CONSTANT):
            return transformer.apply(values, context)
        searched = coincidence is Coincidence.DISJOINT or column.guarantees.searchable

        def compute(missing: pl.Series) -> pl.Series:
            if searched and context.collect is not None and missing.len():
                context.collect(missing)
            return transformer.apply(missing, context)

        return memo.mask(values, compute)

    def _mask_column(self, raw: pl.Series, column: ColumnPlan, result: MaskedBlock) -> pl.Series:
        where = f"{self.plan.table.name}.{column.column.name}"
        values = copy_text.unescape(raw.drop_nulls())
        memo = self._memos.of(_memo_kind(column))
        distinct, positions = _distinct(values) if memo.repeats else (values, None)
        memo.saw(values.len(), distinct.len())
        sensitive: list[pl.Series] = []
        context = replace(column.context(self._hash_for), collect=sensitive.append)
        try:
            masked = self._apply(column, context, memo, distinct)
        except TestdataError as error:
            error.where = where if error.where in ("", where) else f"{where} {error.where}"
            raise
        except (pl.exceptions.PolarsError, ValueError, OverflowError) as error:
            raise RefusedError(
                f"{column.transformer.name} cannot mask a value of this column ({type(error).__name__})",
                where=where,
                remedy="Choose a transformer that fits the column's values, e.g. hash, scramble or null.",
                code="transformer-failed",
            ) from None
        guarantees = column.guarantees
        if sensitive:
            result.sensitive[column.column.name] = pl.concat(part.rename("v") for part in sensitive)
        if positions is not None:
            masked = masked.gather(positions)
        if guarantees.coincidence is Coincidence.MAY_COINCIDE:
            result.changes[column.column.name] = _changes(values, masked)
        masked = copy_text.escape(masked)
        if values.len() == raw.len():
            return masked.rename(raw.name)
        return _spread(raw, masked)


def _memo_kind(column: ColumnPlan) -> tuple[object, ...]:
    """What decides a column's masks beside value and key.

    Columns of one domain that differ in type or length see the same narrowed column, hence have the same masks.
    """
    return (
        column.transformer.name,
        repr(column.transformer.params),
        column.domain,
        column.seen_as.base_type,
        column.seen_as.max_length,
        column.fold_case,
    )


def _distinct(values: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Distinct values and, for each value, its position among them; or the values themselves where few repeat."""
    frame = values.to_frame("v")
    distinct = frame.unique()
    if distinct.height > _DISTINCT_SHARE * frame.height:
        return values, None
    positions = frame.join(distinct.with_row_index("i"), on="v", how="left", maintain_order="left").get_column("i")
    return distinct.get_column("v"), positions


def _spread(raw: pl.Series, masked: pl.Series) -> pl.Series:
    """Puts masked values back into the rows whose raw value is not null."""
    present = raw.is_not_null()
    positions = present.cum_sum().cast(pl.Int64) - 1
    if not masked.len():
        return raw
    return (
        pl.DataFrame({"present": present, "v": masked.gather(positions.clip(lower_bound=0))})
        .select(pl.when("present").then("v").alias(raw.name))
        .to_series()
    )


def _changes(values: pl.Series, masked: pl.Series) -> tuple[int, int]:
    """(values that say something, those of them that changed); '' and blanks stay as they are by design."""
    telling = values.str.strip_chars() != ""
    return int(telling.sum()), int(((masked != values).fill_null(True) & telling).sum())


def _null_counts(frame: pl.DataFrame) -> dict[str, int]:
    return {str(name): int(count) for name, count in frame.null_count().row(0, named=True).items()}
