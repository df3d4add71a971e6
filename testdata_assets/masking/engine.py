"""Masking one block of COPY lines: decode, mask the planned columns, encode; nothing row by row.

A block is a few megabytes of whole lines of one table. The result is a pure function of the block's bytes, the plan
and the key, so blocks may run anywhere and in any order.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from testdata_assets.errors import RefusedError, TestdataError
from testdata_assets.masking import copy_text, kernels
from testdata_assets.masking.block_rows import BlockRows, Values, take_apart
from testdata_assets.masking.change_counts import Changes, Ways, added, counted, grouped
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.memo import Memo, Memos
from testdata_assets.masking.plan import ColumnPlan, TablePlan
from testdata_assets.masking.plan_transformers import KEEP
from testdata_assets.masking.sensitive import (
    drawn_parts_of,
    holds_shared,
    is_searched,
    is_shared,
    name_pairs,
    pair_name,
)
from testdata_assets.masking.text_arrays import string_bytes
from testdata_assets.masking.transformers.base import Coincidence, MaskContext, Params, RowTransformer
from testdata_assets.production import bulky
from testdata_assets.production.profile import clipped, spread

# Above this share of distinct values it is cheaper to mask a column as it stands.
_DISTINCT_SHARE = 0.9
_BULKY_BYTES = 1 << 20
_PROBED = 4096
_SHOWN = 256
_MOSTLY = 0.8
_BEYOND_ASCII = 0x80


@dataclass
class MaskedBlock:
    """What comes of one block.

    Attributes:
        data: Masked COPY lines.
        rows: Lines in it.
        sample: Some raw rows, decoded and cut, for the profile (None if no sample was asked for).
        null_counts: NULLs in each column, exact.
        sensitive: Raw distinct values by column, and parts of values, that are searched for.
        kept: Raw distinct values by column that a rule with a condition keeps.
        changes: By column, for each of its ways; columns that become NULL or one constant apart.
        left_out: Rows that the table's filter left out.
        seconds: What decoding, masking and encoding took, on the clock.
    """

    data: bytes
    rows: int
    sample: pl.DataFrame | None = None
    null_counts: dict[str, int] | None = None
    sensitive: dict[str, pl.Series] = field(default_factory=dict)
    kept: dict[str, pl.Series] = field(default_factory=dict)
    changes: dict[str, Ways] = field(default_factory=dict)
    left_out: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def add_sensitive(self, column: str, parts: list[pl.Series]) -> None:
        """Adds raw values of a column."""
        parts = [*([self.sensitive[column]] if column in self.sensitive else []), *parts]
        if parts:
            self.sensitive[column] = parts[0] if len(parts) == 1 else pl.concat([part.rename("v") for part in parts])

    def add_kept(self, column: str, values: pl.Series) -> None:
        """Adds values that stay by rule."""
        known = [self.kept[column]] if column in self.kept else []
        self.kept[column] = pl.concat([*known, values.rename("v")]).unique()

    def add_changes(self, column: str, way: int, ways: int, changes: Changes) -> None:
        """Adds what one of so many ways did to a column."""
        one = tuple(changes if place == way else Changes() for place in range(ways))
        self.changes[column] = added(self.changes.get(column, ()), one)


class TableMasker:
    """Masks blocks of one table. Safe to share between threads."""

    def __init__(self, plan: TablePlan, hash_for: Callable[[str], KeyedHash], memos: Memos | None = None) -> None:
        self._memos = memos or Memos()
        self.plan = plan
        self._names = [column.name for column in plan.table.stored_columns]
        self._columns = {column.name: column for column in plan.table.stored_columns}
        self._hash_for = hash_for
        self._masked = in_reading_order(plan.masked)
        self._plans = {column.column.name: column for column in plan.columns}
        self._pairs = name_pairs(plan)
        self.shared = frozenset(column.column.name for column in plan.columns if holds_shared(column))

    @property
    def relays(self) -> bool:
        """Whether blocks pass through unparsed."""
        return not self._masked and self.plan.where is None

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
        clock = [time.perf_counter()]
        lines = take_apart(block, self._names)
        clock.append(time.perf_counter())
        del block  # the caller may have handed over the only reference
        left_out = 0
        if self.plan.where is not None:
            wanted = self.plan.where.evaluate(BlockRows(lines), self._columns)
            left_out = lines.height - int(wanted.sum())
            lines = lines.chosen(wanted) if left_out else lines
        sample = lines.sample(spread(lines.height, sample_every, number)) if sample_every else None
        result = MaskedBlock(b"", lines.height, sample, lines.null_counts(), left_out=left_out)
        rows = BlockRows(lines)
        for column in self._masked:
            rows.put(column.column.name, self._mask_column(column, rows, result, len(column.ways)))
        for first, last in self._pairs:
            pairs = rows.original(first) + " " + rows.original(last)
            for plan in (self._plans[first], self._plans[last]):
                if plan.condition is not None:
                    pairs = pl.select(pl.when(pl.Series(self._masks(plan, rows, pairs.len()))).then(pairs)).to_series()
            result.add_sensitive(pair_name(first, last), [pairs.drop_nulls().unique()])
        clock.append(time.perf_counter())
        result.data = lines.encoded(rows.results)
        clock.append(time.perf_counter())
        result.seconds = {
            stage: end - start
            for stage, (start, end) in zip(("decode", "mask", "encode"), itertools.pairwise(clock), strict=True)
        }
        return result

    def _masks(self, column: ColumnPlan, rows: BlockRows, count: int) -> npt.NDArray[np.bool_]:
        """In which of `count` rows a column is not kept."""
        masked = column.transformer.name != KEEP
        if column.condition is None or column.otherwise is None:
            return np.full(count, masked)
        holds = column.condition.evaluate(rows, self._columns).to_numpy()
        return np.where(holds, masked, self._masks(column.otherwise, rows, count))

    def _thinned(self, block: bytes, every: int, number: int) -> pl.DataFrame:
        """About every n-th line, decoded and cut, without parsing the others."""
        if every == 1:
            return clipped(copy_text.decode(block, self._names))
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1
        starts = np.concatenate(([0], ends[:-1]))
        chosen = spread(len(ends), every, number)
        lines = [block[start:end] for start, end in zip(starts[chosen], ends[chosen], strict=True)]
        return clipped(copy_text.decode(b"".join(lines), self._names))

    def _mask_column(self, column: ColumnPlan, rows: BlockRows, result: MaskedBlock, ways: int) -> Values:
        """Masks the rows that a condition chooses one way, the others the other way; of so many ways of the column."""
        if column.condition is None or column.otherwise is None:
            return self._mask_all(column, rows, result, ways)
        result.add_changes(column.column.name, 0, ways, Changes())  # counted, even if no row is chosen
        holds = column.condition.evaluate(rows, self._columns)
        if holds.all():
            return self._mask_all(column, rows, result, ways)
        if not holds.any():
            return self._mask_column(column.otherwise, rows, result, ways)
        first, second = np.flatnonzero(holds.to_numpy()), np.flatnonzero(~holds.to_numpy())
        both = pl.concat(
            [
                self._mask_all(column, rows.chosen(first), result, ways).of_all_rows(),
                self._mask_column(column.otherwise, rows.chosen(second), result, ways).of_all_rows(),
            ]
        )
        places = np.empty(len(holds), np.int64)
        places[np.concatenate((first, second))] = np.arange(len(holds))
        return Values(both.gather(pl.Series(places)))

    def _mask_all(self, column: ColumnPlan, rows: BlockRows, result: MaskedBlock, ways: int) -> Values:
        """Masks a column, or the chosen rows of it, by one transformer."""
        name = column.column.name
        way = ways - len(column.ways)
        if column.transformer.name == KEEP:
            kept = rows.original(name)
            result.add_kept(name, kept.drop_nulls().unique())
            result.add_changes(name, way, ways, Changes(len(kept) - kept.null_count()))
            return Values(kept)
        constant = column.transformer.guarantees_for(column.seen_as).coincidence is Coincidence.CONSTANT
        counts = ways > 1 or not constant
        where = f"{self.plan.table.name}.{name}"
        sensitive: list[pl.Series] = []
        drawn: list[pl.Series] = []
        context = replace(column.context(self._hash_for), collect=sensitive.append, collect_drawn=drawn.append)
        try:
            if isinstance(column.transformer, RowTransformer):
                masked, changes = self._mask_rows(column, column.transformer, rows, context, counts=counts)
            else:
                masked, changes = self._mask_values(rows.present(name), column, context, counts=counts)
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
        if changes is not None:
            result.add_changes(name, way, ways, changes)
        result.add_sensitive(name, sensitive)
        result.add_sensitive(drawn_parts_of(name), drawn)
        return masked

    @staticmethod
    def _mask_rows(
        column: ColumnPlan,
        transformer: RowTransformer[Any],
        rows: BlockRows,
        context: MaskContext,
        *,
        counts: bool,
    ) -> tuple[Values, Changes | None]:
        """Masks a column by the other columns of its rows, and counts what changed."""
        values = rows.original(column.column.name)
        masked = transformer.apply_rows(values, rows, context)
        present = values.is_not_null()
        if context.collect is not None and is_searched(column):
            context.collect(values.drop_nulls().unique())
        if not counts:
            return Values(masked), None
        groups = None
        if column.stays_by_chance and (within := transformer.dealt_within()):
            groups = grouped([rows.original(each).filter(present) for each in within])
        changes = counted(
            values.filter(present), masked.filter(present), by_chance=column.stays_by_chance, groups=groups
        )
        return Values(masked), changes

    def _mask_values(
        self, raw: Values, column: ColumnPlan, context: MaskContext, *, counts: bool
    ) -> tuple[Values, Changes | None]:
        """Masks a column value by value, repeated ones once, and counts what changed."""
        values = raw.values
        compiled = _compiled(column, values)
        repeats = not compiled and _repeats(values)
        remembers = not compiled and (repeats or column.shares) and not _bulky(values)
        memo = self._memos.of(_memo_kind(column)) if remembers else None
        distinct, positions = _distinct(values) if memo is not None and repeats else (values, None)
        masked = self._apply(column, context, memo, distinct)
        if positions is not None:
            masked = masked.gather(positions)
        changes = counted(values, masked, by_chance=column.stays_by_chance) if counts else None
        return Values(masked, raw.present), changes

    @staticmethod
    def _apply(column: ColumnPlan, context: MaskContext, memo: Memo | None, values: pl.Series) -> pl.Series:
        """Masks values, through the memo of this kind of column where that can help.

        Values masked for the first time are collected as sensitive; those the memo knows were so before.
        """
        transformer = column.transformer
        own = transformer.guarantees_for(column.seen_as)
        searched = is_searched(column)
        if own.coincidence in (Coincidence.BY_PART, Coincidence.CONSTANT):
            if searched and context.collect is not None and len(values):
                context.collect(values.unique())
            return transformer.apply(values, context)

        whole = is_shared(transformer)  # which values a column has counts there, also those another one had before
        if searched and whole and context.collect is not None and len(values):
            context.collect(values)

        def compute(missing: pl.Series) -> pl.Series:
            if searched and not whole and context.collect is not None and missing.len():
                context.collect(missing)
            return transformer.apply(missing, context)

        return compute(values) if memo is None else memo.mask(values, compute)


def in_reading_order(columns: tuple[ColumnPlan, ...]) -> tuple[ColumnPlan, ...]:
    """The masked columns, each after those whose masked values it reads; the plan refused circles."""
    waiting = {column.column.name: column for column in columns}
    ordered: list[ColumnPlan] = []

    def place(name: str) -> None:
        column = waiting.pop(name, None)
        if column is None:
            return
        each: ColumnPlan | None = column
        while each is not None:
            if isinstance(each.transformer, RowTransformer):
                for other in each.transformer.reads_masked():
                    place(other)
            each = each.otherwise
        ordered.append(column)

    for column in columns:
        place(column.column.name)
    return tuple(ordered)


def _repeats(values: pl.Series) -> bool:
    """Whether enough values seem to repeat for looking for them to pay.

    Of s values drawn from n with d different ones, about s^2 / 2d meet an equal one.
    """
    count = values.len()
    if count <= _PROBED:
        return True
    places = pl.Series(np.sort(np.random.default_rng(count).integers(0, count, _PROBED)))
    drawn = values.gather(places.unique(maintain_order=True))
    met = drawn.len() - drawn.n_unique()
    return met * 2 * _DISTINCT_SHARE * count > drawn.len() ** 2


def _compiled(column: ColumnPlan, values: pl.Series) -> bool:
    """Whether a kernel masks most of the values: that takes less than looking for them among those remembered."""
    name = getattr(column.transformer, "kernel", None)
    if name is None or kernels.load(name, len(values)) is None:
        return False
    data, offsets = string_bytes(values)
    if not len(data) or data.max() < _BEYOND_ASCII:
        return True
    probe = np.arange(0, len(values), max(1, len(values) // _SHOWN))
    wide = np.flatnonzero(data >= _BEYOND_ASCII)
    plain = np.searchsorted(wide, offsets[probe]) == np.searchsorted(wide, offsets[probe + 1])
    return bool(plain.mean() > _MOSTLY)


def _bulky(values: pl.Series) -> bool:
    """Whether values are too long to be remembered."""
    return bulky.is_bulky(values, _BULKY_BYTES)


class _Params:
    """Parameters as part of a memo's kind: their text alone may hide what tells two of them apart."""

    def __init__(self, params: Params) -> None:
        self._params, self._text = params, repr(params)

    def __hash__(self) -> int:
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Params) and (self._text, self._params) == (other._text, other._params)


def _memo_kind(column: ColumnPlan) -> tuple[object, ...]:
    """What decides a column's masks beside value and key.

    Columns of one domain that differ in type or length see the same narrowed column, hence have the same masks.
    """
    return (
        type(column.transformer),
        is_searched(column),
        _Params(column.transformer.params),
        column.domain,
        column.seen_as.base_type,
        column.seen_as.max_length,
        column.seen_as.type if column.seen_as.category == "N" else "",  # precision and scale
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
