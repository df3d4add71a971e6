"""number_bucket: the bucket a number falls into, in place of the number."""

from __future__ import annotations

import decimal
import itertools
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from testdata_assets.errors import RefusedError
from testdata_assets.masking.text_arrays import Positions, merge_rows
from testdata_assets.masking.transformers._decimals import Decimals, read_decimals
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

_MOST_UNITS = 10**16
_WORD_DIGITS = 17  # numbers of so many units are calculated as machine words
_FAR = 1 << 62
_WIDEST = 64  # bits of an integer type
_WIDTH = Decimal(10)
_EXACT = decimal.Context(prec=200_000, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)


class NumberBucketParams(Params):
    """Parameters of `number_bucket`."""

    size: Decimal | None = Field(
        None, gt=0, description="Width of buckets that count from 0; 10 (for 0, 10, 20, ...) without `edges`."
    )
    edges: list[Decimal] | None = Field(
        None, min_length=1, description="Lower edges of the buckets, ascending; the last bucket has no end."
    )
    value: Literal["lower", "middle"] = Field(
        "lower", description="What stands for a bucket: its lower edge or its middle."
    )

    @field_validator("size")
    @classmethod
    def _workable_size(cls, size: Decimal | None) -> Decimal | None:
        if size is not None and not _workable([size]):
            raise ValueError("the size has too many digits (16 at most, with as many decimals as written)")
        return size

    @field_validator("edges")
    @classmethod
    def _ascending(cls, edges: list[Decimal] | None) -> list[Decimal] | None:
        if edges is not None:
            if not _workable(edges):
                raise ValueError("an edge is no number, or has too many digits (16 at most, decimals included)")
            if any(one >= other for one, other in itertools.pairwise(edges)):
                raise ValueError("edges must ascend")
        return edges

    @model_validator(mode="after")
    def _one_way(self) -> NumberBucketParams:
        if self.size is not None and self.edges is not None:
            raise ValueError("give either size or edges")
        return self

    @property
    def width(self) -> Decimal | None:
        """Width of the buckets; None where they have edges."""
        return None if self.edges is not None else self.size or _WIDTH

    @property
    def numbers(self) -> list[Decimal]:
        """Width or edges."""
        return [self.size or _WIDTH] if self.edges is None else self.edges


@register
class NumberBucket(Transformer[NumberBucketParams]):
    """Replaces numbers by the lower edge or the middle of their bucket, so that they say no more than that.

    A number on the very edge stays what it is. With `edges`, numbers before the first one get it, and the last
    bucket is represented by its edge. NaN and infinity stay. In integer columns a middle is rounded down, and
    what a type cannot hold is cut to its bounds: those of the narrowest integer type of the domain that holds the
    number itself. Numbers of more than 17 digits are calculated one by one.
    """

    name = "number_bucket"
    summary = "Replaces numbers by the lower edge or the middle of their bucket."
    params_model = NumberBucketParams
    base_types = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE)
    distribution = Distribution(Kept.ROUGHLY)
    often_stays = True
    settles = True
    own_type = True

    def problems(self, column: Column) -> tuple[str, ...]:
        found = super().problems(column)
        if found:
            return found
        numbers = self.params.numbers
        if column.base_type in INTEGER_BITS and any(number % 1 for number in numbers):
            return (f"size or edges have decimals, which {column.type} does not hold",)
        least, most = _bounds(column)
        if self.params.edges and (numbers[0] < least or numbers[-1] > most):
            return (f"an edge is no value of type {column.type}, or of a narrower column of its domain",)
        return ()

    def distribution_on(self, column: Column) -> Distribution:
        width = self.params.width
        if width is not None:
            return replace(self.distribution, amount=float(width))
        return replace(self.distribution, edges=tuple(map(float, self.params.numbers)))

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return on_present(values, context, lambda present: self._bucketed(present, context))

    def _bucketed(self, values: pl.Series, context: MaskContext) -> pl.Series:
        numbers, zero = read_decimals(values, context.column.base_type)
        other = ~zero & ~values.str.contains(r"^(NaN|-?Infinity)$").to_numpy()
        other[numbers.rows] = False
        if other.any():
            raise RefusedError(
                "number_bucket met a value that is no number",
                where=context.column.name,
                remedy="Use hash, redact or null for it.",
                code="not-a-number",
            )
        digits = numbers.digits + numbers.tail_digits + numbers.power + self._scale
        hard = (numbers.tail_digits > 0) | (digits > _WORD_DIGITS)
        units = np.zeros(len(values), np.int64)
        units[numbers.rows] = np.where(hard, 0, self._floors(numbers))
        small = zero.copy()
        small[numbers.rows] = ~hard
        result = values
        rows = np.flatnonzero(small)
        if len(rows):
            result = merge_rows(result, rows, self._written(self._represented(units[rows]), units[rows], context))
        rest = numbers.rows[hard]
        if len(rest):
            exact = [self._exactly(Decimal(value), context) for value in values.gather(pl.Series(rest)).to_list()]
            result = merge_rows(result, rest, pl.Series(exact, dtype=pl.String))
        return result

    @cached_property
    def _scale(self) -> int:
        return max(_decimals(number) for number in self.params.numbers)

    @cached_property
    def _units(self) -> NDArray[np.int64]:
        """Size or edges in units of their last decimal."""
        return np.array([int(number.scaleb(self._scale)) for number in self.params.numbers], np.int64)

    def _floors(self, numbers: Decimals) -> Positions:
        """The numbers in those units, rounded down: enough to find their buckets."""
        power = numbers.power + self._scale
        raised = numbers.head * 10 ** np.clip(power, 0, _WORD_DIGITS - np.minimum(numbers.digits, _WORD_DIGITS))
        divisor = 10 ** np.clip(-power, 0, 18)
        up, rest = np.divmod(raised, divisor)
        floors: Positions = np.where(numbers.negative, -(up + (rest > 0)), up)
        return floors

    def _represented(self, units: Positions) -> Positions:
        """What stands for the buckets, in tenths of units (so that a middle is a whole number)."""
        if self.params.width is not None:
            size = self._units[0]
            tenths: Positions = units // size * size * 10
            return tenths + size * 5 if self.params.value == "middle" else tenths
        edges = self._units
        place = np.maximum(np.searchsorted(edges, units, side="right") - 1, 0)
        if self.params.value == "lower":
            return np.asarray(edges[place] * 10, np.int64)
        middles = np.append((edges[:-1] + edges[1:]) * 5, edges[-1] * 10)
        found: Positions = np.where(units < edges[0], edges[0] * 10, middles[place])
        return found

    def _written(self, tenths: Positions, units: Positions, context: MaskContext) -> pl.Series:
        """Tenths of units as decimal numbers, cut to what the column holds.

        Args:
            tenths: What stands for n numbers.
            units: The numbers themselves, rounded down to units.
            context: Column and domain.
        """
        scale = self._scale + 1
        least, most = _bounds(context.column)
        factor = 10**scale
        if least.is_finite():
            tenths = np.clip(tenths, max(int(least * factor), -_FAR), min(int(most * factor), _FAR))
        for bottom, top in _narrower(context):
            low, high = max(bottom * factor, -_FAR), min(top * factor, _FAR)
            inside = (units >= low // 10) & (units <= high // 10)
            tenths = np.where(inside, np.clip(tenths, low, high), tenths)
        if context.column.base_type in INTEGER_BITS:
            return pl.Series(tenths // factor).cast(pl.String)
        frame = pl.DataFrame({"s": tenths < 0, "d": pl.Series(np.abs(tenths)).cast(pl.String).str.zfill(scale + 1)})
        fraction = pl.col("d").str.slice(-scale).str.strip_chars_end("0")
        return frame.select(
            pl.when("s").then(pl.lit("-")).otherwise(pl.lit(""))
            + pl.col("d").str.head(-scale)
            + pl.when(fraction == "").then(pl.lit("")).otherwise("." + fraction)
        ).to_series()

    def _exactly(self, number: Decimal, context: MaskContext) -> str:
        with decimal.localcontext(_EXACT):
            size, edges, middle = self.params.width, self.params.edges, self.params.value == "middle"
            if size is not None:
                whole, rest = divmod(number, size)  # towards zero
                found = (whole - (rest < 0)) * size + (size / 2 if middle else 0)
            elif edges is None or number < edges[0]:
                found = self.params.numbers[0]
            else:
                place = sum(edge <= number for edge in edges) - 1
                found = edges[place]
                if middle and place + 1 < len(edges):
                    found = (found + edges[place + 1]) / 2
            least, most = _bounds(context.column)
            found = min(max(found, least), most)
            for bottom, top in _narrower(context):
                if bottom <= number <= top:
                    found = min(max(found, Decimal(bottom)), Decimal(top))
            if context.column.base_type in INTEGER_BITS:
                found = found.to_integral_value(decimal.ROUND_FLOOR)
            text = format(found, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text


def _narrower(context: MaskContext) -> list[tuple[int, int]]:
    """Bounds of integer types narrower than the column's, from the widest to the narrowest of its domain.

    A number that such a column holds as well gets the same mask in both.
    """
    narrowest = INTEGER_BITS.get(context.integer_type or "")
    own = INTEGER_BITS.get(context.column.base_type, _WIDEST + 1)
    if narrowest is None:
        return []
    halves = [1 << (bits - 1) for bits in sorted(INTEGER_BITS.values(), reverse=True) if narrowest <= bits < own]
    return [(-half, half - 1) for half in halves if half < _FAR]


def _bounds(column: Column) -> tuple[Decimal, Decimal]:
    """Least and greatest number of a column's type."""
    if column.base_type in INTEGER_BITS:
        half = 1 << (INTEGER_BITS[column.base_type] - 1)
        return Decimal(-half), Decimal(half - 1)
    limits = numeric_limits(column.type)
    if limits is None:
        return Decimal("-Infinity"), Decimal("Infinity")
    with decimal.localcontext(_EXACT):
        most = Decimal(10 ** limits[0] - 1).scaleb(-limits[1])
        return -most, most


def _decimals(number: Decimal) -> int:
    exponent = number.normalize(_EXACT).as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _workable(numbers: list[Decimal]) -> bool:
    """Whether all are finite and of so few digits, counted in units of the finest, that words hold them."""
    if not all(number.is_finite() and abs(number) < _MOST_UNITS for number in numbers):
        return False
    scale = max(_decimals(number) for number in numbers)
    return scale <= 16 and all(abs(number) * 10**scale < _MOST_UNITS for number in numbers)
