"""timestamp_noise: a moment near the value."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import polars as pl
from pydantic import Field, field_validator

from testdata_assets.masking import kernels
from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.kernels.texts import Masks
from testdata_assets.masking.text_arrays import Positions, merge_rows, string_bytes
from testdata_assets.masking.transformers._by_kernel import completed
from testdata_assets.masking.transformers._moments import (
    DAY,
    MINUTE,
    SECOND,
    Moments,
    endless,
    parse_span,
    read_clocks,
    read_moments,
)
from testdata_assets.masking.transformers._present import on_present
from testdata_assets.masking.transformers.base import (
    TEXT_TYPES,
    Coincidence,
    Distribution,
    Guarantees,
    Kept,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, scrambled
from testdata_assets.production.catalog import Column

_AT_ONCE = 8192  # moments that kernels work on: arrays stay in the processor's cache
_CLOCKS = frozenset({"time", "timetz"})
_MOMENTS = frozenset({"date", "timestamp", "timestamptz"})


class TimestampNoiseParams(Params):
    """Parameters of `timestamp_noise`."""

    within: str = Field("3 days", description="Greatest noise either way, e.g. '3 days', '2 hours', '1 day 12 hours'.")

    @field_validator("within")
    @classmethod
    def _a_span(cls, within: str) -> str:
        parse_span(within)
        return within


@register
class TimestampNoise(Transformer[TimestampNoiseParams]):
    """Moves dates, timestamps and times of day a little, by a draw that hangs on the value alone.

    Infinity, era and time-zone suffix stay, and so does the resolution: a date moves by days, a timestamp at
    midnight by whole days (where `within` is a day or more), one on the minute by whole minutes, others by
    units of their last digit. The noise is never 0. A time of day stays on its side of midnight: where the
    noise would cross it, it goes the other way. At year 1, year 9999 and the type's ends it turns likewise.
    In text columns ISO forms are understood, with a blank or a T; other texts are permuted.
    """

    name = "timestamp_noise"
    summary = "Moves dates, timestamps and times by a little, keeping their resolution."
    params_model = TimestampNoiseParams
    base_types = _MOMENTS | _CLOCKS | {"text"}
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)
    distribution = Distribution(Kept.ROUGHLY)

    def problems(self, column: Column) -> tuple[str, ...]:
        found = super().problems(column)
        if not found and column.base_type == "date" and self._reach < DAY:
            return ("noise within less than a day does not show in a date",)
        return found

    def distribution_on(self, column: Column) -> Distribution:
        return replace(self.distribution, amount=max(self._reach, SECOND) / SECOND)

    @property
    def _reach(self) -> int:
        return parse_span(self.params.within)

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        loaded = kernels.load("dates", len(values))
        if loaded is None or not len(values) or context.column.base_type in _CLOCKS | {"bpchar"}:
            return self._moved_present(values, context)
        found = self._by_kernel(loaded, values, context)
        return completed(values, found, lambda rest: self._moved_present(rest, context))

    def _moved_present(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return on_present(values, context, lambda present: self._moved(present, context))

    def _by_kernel(self, loaded: ModuleType, values: pl.Series, context: MaskContext) -> Masks:
        """The usual moments among n values, moved by compiled code."""
        data, offsets = string_bytes(values)
        keyed = context.hash.for_purpose(self.name)
        size = min(len(values), _AT_ONCE)
        days, micros, decimals, starts, lengths = (np.empty(size, np.int64) for _ in range(5))
        canonical = np.empty(size * loaded.CANONICAL, np.uint8)
        done = np.empty(len(values), np.bool_)
        target = np.empty(len(data), np.uint8)
        ends = np.zeros(len(values) + 1, np.int64)
        end = 0
        for first in range(0, len(values), size):
            last = min(first + size, len(values))
            block = data, offsets[first : last + 1], done[first:last]
            moments = days, micros, decimals
            count = loaded.read_moments(*block, *moments, canonical, starts, lengths)
            seeds = keyed.draws_of(canonical, starts[:count], lengths[:count])
            end = loaded.move_moments(*block, *moments, seeds[0], self._reach, target, ends[first + 1 : last + 1], end)
        return Masks(target[:end], ends, done)

    def _moved(self, values: pl.Series, context: MaskContext) -> pl.Series:
        keyed = context.hash.for_purpose(self.name)
        base_type = context.column.base_type
        result = values
        # Where case does not count, `bc` and `INFINITY` are read as what they are in other spelling.
        other = ~endless(values.str.to_lowercase() if context.fold_case else values)
        read = values.str.to_uppercase() if context.fold_case else values
        if base_type not in _CLOCKS:
            moments = read_moments(read, base_type)
            if len(moments.rows):
                result = merge_rows(result, moments.rows, self._noisy(moments, keyed))
                other[moments.rows] = False
        if base_type in _CLOCKS | TEXT_TYPES:
            clocks = read_clocks(read)
            if len(clocks.rows):
                micro = self._noisy_clock(clocks.micro, clocks.unit, keyed.draws(clocks.canonical))
                result = merge_rows(result, clocks.rows, clocks.written(micro))
                other[clocks.rows] = False
        rest = np.flatnonzero(other)
        if not len(rest):
            return result
        return merge_rows(result, rest, scrambled(Draw(values, keyed, context), rest))

    def _noisy(self, moments: Moments, keyed: KeyedHash) -> pl.Series:
        unit = _coarsened(moments.unit, moments.micro, self._reach)
        unit = np.where((moments.micro == 0) & (self._reach >= DAY), DAY, unit)
        seeds = keyed.draws(moments.canonical)
        steps = np.maximum(self._reach // unit, 1)
        draw = (seeds[0] % (2 * steps).astype(np.uint64)).astype(np.int64)
        noise = np.where(draw < steps, draw - steps, draw - steps + 1) * unit
        return moments.moved(*np.divmod(noise, DAY))

    def _noisy_clock(self, micro: Positions, unit: Positions, seeds: tuple[Words, Words]) -> Positions:
        unit = _coarsened(unit, micro, self._reach)
        steps = np.maximum(self._reach // unit, 1)
        down = np.minimum(micro // unit, steps)
        up = np.maximum(np.minimum((DAY - 1 - micro) // unit, steps), 0)
        draw = (seeds[0] % np.maximum(up + down, 1).astype(np.uint64)).astype(np.int64)
        moved: Positions = micro + (draw - down + (draw >= down)) * unit
        return moved


def _coarsened(unit: Positions, micro: Positions, reach: int) -> Positions:
    """The unit of each, in microseconds: no finer than a second or a minute where the value lies on one."""
    for coarse in (SECOND, MINUTE):
        if reach >= coarse:
            unit = np.where(micro % coarse == 0, np.maximum(unit, coarse), unit)
    # Written coarser than the noise reaches: one step of what is written is the least that shows.
    return unit
