"""number_noise: a number near the value."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from testdata_assets.masking import kernels
from testdata_assets.masking.hashing import Words
from testdata_assets.masking.kernels.texts import Masks
from testdata_assets.masking.permutation import permute_text
from testdata_assets.masking.text_arrays import Positions, TextArray, merge_rows, string_bytes
from testdata_assets.masking.transformers._by_kernel import completed
from testdata_assets.masking.transformers._decimals import Decimals, read_decimals
from testdata_assets.masking.transformers._money import digit_counts, money_numbers, with_digits
from testdata_assets.masking.transformers._number_types import INTEGER_BITS, numeric_limits
from testdata_assets.masking.transformers._present import on_present
from testdata_assets.masking.transformers.base import (
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
from testdata_assets.production.catalog import Column

_RATIO = 0.1
_FAR = 10.0**17
_FLOAT_LIMITS = {"float4": 38, "float8": 308}
_BELL_WORDS = 3  # 16-bit pieces of each seed
# Standard deviation of the sum of six uniform draws.
_BELL = 0.5**0.5
_AT_ONCE = 8192  # numbers that kernels work on: arrays stay in the processor's cache


class NumberNoiseParams(Params):
    """Parameters of `number_noise`."""

    ratio: float | None = Field(
        None, gt=0, le=1, description="Noise in proportion to the value; 0.1 (the default without `amount`) is 10 %."
    )
    amount: float | None = Field(None, gt=0, lt=1e30, description="Noise in units, added to that of `ratio`.")
    distribution: Literal["uniform", "normal"] = Field(
        "uniform", description="uniform: within the noise; normal: the noise is the standard deviation."
    )


@register
class NumberNoise(Transformer[NumberNoiseParams]):
    """Moves every number a little, by a draw that hangs on the number alone.

    Sign, zero, NaN and infinity stay, and so do the decimals as written: integers stay integers. What is not
    zero stays so and moves by at least one unit of its last digit, even where the noise is less than that. A
    number never gets more digits than it had, or than `amount` has, so precision and type always hold it; near
    a power of ten it rather moves down. Numbers of any precision keep it: digits beyond the seventeenth are
    redrawn. Amounts of type money keep their form and never get more digits.
    """

    name = "number_noise"
    summary = "Moves numbers by a share or an amount, keeping sign, zero and decimals."
    params_model = NumberNoiseParams
    base_types = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8", "money"})
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)
    distribution = Distribution(Kept.ROUGHLY)

    def problems(self, column: Column) -> tuple[str, ...]:
        found = super().problems(column)
        limits = numeric_limits(column.type)
        if found or limits is None:
            return found
        precision, scale = limits
        if scale < 0:
            return (f"number_noise does not know {column.type}: it would be rounded after the noise",)
        if self.params.amount is not None and self.params.amount >= 10.0 ** (precision - scale):
            return (f"the amount has more digits than {column.type} holds",)
        return ()

    def distribution_on(self, column: Column) -> Distribution:
        """Every number moves by the noise, or by a unit of its last digit where that is more."""
        limits = numeric_limits(column.type)
        unit = 1.0 if limits is None else float(f"1e{-limits[1]}")
        far = _BELL_WORDS / _BELL if self.params.distribution == "normal" else 1.0
        return replace(self.distribution, amount=far * (self.params.amount or 0.0), ratio=far * self._ratio, unit=unit)

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        if context.column.base_type == "money":
            return on_present(values, context, lambda present: self._moved_money(present, context))
        loaded = kernels.load("numbers", len(values))
        if loaded is None or not len(values) or context.column.base_type == "bpchar":
            return self._moved_present(values, context)
        return completed(
            values, self._by_kernel(loaded, values, context), lambda rest: self._moved_present(rest, context)
        )

    def _moved_present(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return on_present(values, context, lambda present: self._moved(present, context))

    def _by_kernel(self, loaded: ModuleType, values: pl.Series, context: MaskContext) -> Masks:
        """The usual numbers among n values, moved by compiled code."""
        data, offsets = string_bytes(values)
        keyed = context.hash.for_purpose(self.name)
        amounts = _in_units(self.params.amount or 0.0, np.arange(loaded.LONGEST + 1))
        noise = (
            self._ratio,
            amounts,
            _digits_of(amounts),
            int(_type_top(context.integer_type or context.column.base_type, np.zeros(1, np.int64))[0]),
            _BELL if self.params.distribution == "normal" else 0.0,
        )
        size = min(len(values), _AT_ONCE)
        heads, scales, starts, lengths = (np.empty(size, np.int64) for _ in range(4))
        canonical = np.empty(size * loaded.CANONICAL, np.uint8)
        kinds = np.empty(len(values), np.uint8)
        target = np.empty(len(data) + len(values) * loaded.EXTRA, np.uint8)
        ends = np.zeros(len(values) + 1, np.int64)
        place = 0
        for first in range(0, len(values), size):
            last = min(first + size, len(values))
            block = data, offsets[first : last + 1], kinds[first:last]
            count = loaded.read(*block, heads, scales, canonical, starts, lengths)
            seeds = keyed.draws_of(canonical, starts[:count], lengths[:count])
            loaded.move(heads, scales, seeds, *noise, count)
            place = loaded.write(*block, heads, scales, target, ends[first + 1 : last + 1], place)
        return Masks(target[:place], ends, kinds != 0)

    @property
    def _ratio(self) -> float:
        return self.params.ratio or (0.0 if self.params.amount else _RATIO)

    def _moved_money(self, values: pl.Series, context: MaskContext) -> pl.Series:
        moved = self._moved(money_numbers(values), context, digit_counts(values))
        return with_digits(values, moved)

    def _moved(self, values: pl.Series, context: MaskContext, places: Positions | None = None) -> pl.Series:
        keyed = context.hash.for_purpose(self.name)
        decimals, zero = read_decimals(values, context.column.base_type)
        seeds = keyed.draws(decimals.canonical)
        head = self._moved_heads(
            decimals,
            seeds,
            context.integer_type or context.column.base_type,
            None if places is None else places[decimals.rows],
        )
        written = decimals.written(head, decimals.redrawn_tail(keyed, seeds))
        result = merge_rows(values, decimals.rows, written) if len(decimals.rows) else values
        other = ~zero & ~values.str.contains(r"^(NaN|-?Infinity)$").to_numpy()
        other[decimals.rows] = False
        rest = np.flatnonzero(other)
        if not len(rest):
            return result
        # Nothing a number type holds; masked all the same.
        return merge_rows(
            result, rest, permute_text(TextArray.from_series(values.gather(pl.Series(rest))), keyed).to_series()
        )

    def _moved_heads(
        self, numbers: Decimals, seeds: tuple[Words, Words], base_type: str, places: Positions | None
    ) -> NDArray[np.int64]:
        head, tails = numbers.head, numbers.tail_digits
        amount = _in_units(self.params.amount or 0.0, -numbers.power - tails)
        reach = np.minimum(head * self._ratio + amount, _FAR)
        top = 10 ** np.maximum(numbers.digits, _digits_of(amount))
        if places is not None:
            top = np.minimum(top, 10 ** np.minimum(places - tails, 18))
        top = np.minimum(top, _type_top(base_type, tails))
        up = np.maximum(top - 1 - head, 0)
        if base_type in _FLOAT_LIMITS:
            # The greatest numbers of a type move down only.
            up[numbers.power + numbers.digits + tails > _FLOAT_LIMITS[base_type]] = 0
        down = head - 1
        if self.params.distribution == "normal":
            bell = np.zeros(len(head))
            for word in seeds:
                for piece in range(_BELL_WORDS):
                    bell += ((word >> np.uint64(16 * piece)) & np.uint64(0xFFFF)) / 65535.0
            delta = np.rint((bell - _BELL_WORDS) / _BELL * reach).astype(np.int64)
            delta = np.clip(delta, -down, up)
            sideways = np.where((seeds[0] >> np.uint64(59)).astype(np.bool_) & (up > 0) | (down == 0), 1, -1)
            shifted: NDArray[np.int64] = head + np.where(delta == 0, sideways, delta)
            return shifted
        steps = np.maximum(reach.astype(np.int64), 1)
        up, down = np.minimum(up, steps), np.minimum(down, steps)
        draw = _share(seeds[0], (up + down).astype(np.uint64)).astype(np.int64)
        moved: NDArray[np.int64] = head - down + draw + (draw >= down)
        return moved


def _share(seeds: Words, spans: Words) -> Words:
    """seeds / 2**60 of the spans, rounded down: equal numbers move alike however many decimals are written.

    Args:
        seeds: n words below 2**60.
        spans: n words below 2**60.
    """
    half, low = np.uint64(30), np.uint64((1 << 30) - 1)
    middle = (seeds >> half) * (spans & low) + (seeds & low) * (spans >> half) + ((seeds & low) * (spans & low) >> half)
    share: Words = (seeds >> half) * (spans >> half) + (middle >> half)
    return share


def _in_units(amount: float, powers: Positions) -> NDArray[np.float64]:
    """An amount in units of the heads' last digits: amount x 10**power, at most 10**17."""
    if not amount:
        return np.zeros(len(powers))
    kinds, kind = np.unique(np.clip(powers, -60, 60), return_inverse=True)
    # Python's own reading of 1e60 is exact to the last bit on every machine.
    factors = np.array([float(f"1e{each}") for each in kinds.tolist()])
    units: NDArray[np.float64] = np.minimum(amount * factors, _FAR)[kind]
    return units


def _digits_of(amount: NDArray[np.float64]) -> Positions:
    """Digits of the amounts' whole part."""
    digits: Positions = np.searchsorted(10 ** np.arange(18), np.floor(amount).astype(np.int64), side="right")
    return digits


def _type_top(base_type: str, tails: Positions) -> Positions:
    """One more than the greatest head that an integer type takes with any tail; where it is less, none goes up."""
    bits = 64 if base_type == "money" else INTEGER_BITS.get(base_type)
    if bits is None:
        return np.full(len(tails), np.iinfo(np.int64).max)
    greatest = (1 << (bits - 1)) - 1
    by_tail = np.array([greatest // 10**tail for tail in range(19)], np.int64)
    top: Positions = by_tail[np.minimum(tails, 18)] + ((tails == 0) & (greatest < np.iinfo(np.int64).max))
    return top
