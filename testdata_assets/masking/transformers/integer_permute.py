"""integer_permute: another integer of the same range, one for one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, StrictInt, model_validator

from testdata_assets.errors import RefusedError
from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.permutation import default_classes, permute_text
from testdata_assets.masking.text_arrays import TextArray, merge_rows
from testdata_assets.masking.transformers._number_types import INTEGER_BITS, numeric_limits
from testdata_assets.masking.transformers._present import on_present
from testdata_assets.masking.transformers._ranges import permute_in_ranges
from testdata_assets.masking.transformers.base import (
    NOTHING,
    TEXT_TYPES,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, scrambled
from testdata_assets.production.catalog import Column

_EDGE = 1 << 63
_WORD = 1 << 64
_NUMBER = r"^(-?)(0*)([1-9][0-9]{0,18}|0)(\.0+)?$"
_LONG = r"^-?0*[1-9][0-9]{19,}(\.0+)?$"
_DIGITS = 19
# The greatest number of each integer type that cuts the numbers of so many digits in two.
_CUTS = {5: (1 << 15) - 1, 10: (1 << 31) - 1, 19: _EDGE - 1}
_PADDED = 1 << 16


class IntegerPermuteParams(Params):
    """Parameters of `integer_permute`."""

    min: StrictInt | None = Field(None, description="Least number of the range; by default as many digits stay.")
    max: StrictInt | None = Field(None, description="Greatest number of the range; goes with `min`.")

    @model_validator(mode="after")
    def _whole_range(self) -> IntegerPermuteParams:
        if (self.min is None) != (self.max is None):
            raise ValueError("give min and max together, or neither")
        if self.min is not None and self.max is not None:
            if self.min >= self.max:
                raise ValueError("min must be less than max")
            if self.min < -_EDGE or self.max >= _EDGE:
                raise ValueError("min and max must be numbers that a bigint holds")
            if self.max - self.min >= _EDGE:
                raise ValueError("the range may hold 2^63 numbers at most")
        return self


@register
class IntegerPermute(Transformer[IntegerPermuteParams]):
    """Replaces integers by a keyed bijection, for keys, account and customer numbers.

    By default the number of digits and the sign stay, and whatever integer type held the number holds its mask
    too; 0 is the only number of no sign and stays. With `min` and `max` the whole range is permuted and every
    number changes; a number outside it is refused. Columns that reference the column inherit the rule.

    In text, digits are a number: 7 and '7' mask alike. Leading zeros stay as many as they were, and by default
    '007' gets the mask of 7 behind them ('004'); with a range, zero-padded texts are permuted among those of
    the same width, so that they never outgrow it. Texts of 20 digits and more are permuted digit by digit,
    other texts character by character. A numeric with a fraction other than zero is refused.
    """

    name = "integer_permute"
    summary = "Replaces integers one for one within a range or among those of as many digits; for keys."
    params_model = IntegerPermuteParams
    base_types = frozenset({"int2", "int4", "int8", "numeric", "text"})
    alike = frozenset({"text", "integer"})
    same_numbers = True
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.MAY_COINCIDE,
        searchable=True,
        preserves_length=True,
        preserves_format=True,
    )
    distribution = NOTHING
    tells_case = True

    def guarantees_for(self, column: Column) -> Guarantees:
        return self.guarantees if self.params.min is None else replace(self.guarantees, preserves_length=False)

    def own_limit_suffices(self, column: Column) -> bool:
        """Each column must hold the whole range, see `problems`; without one, masks are as long as values."""
        return True

    def problems(self, column: Column) -> tuple[str, ...]:
        found = super().problems(column)
        low, high = self.params.min, self.params.max
        if found or low is None or high is None:
            return found
        if not _holds(column, low, high):
            return (f"the range from {low} to {high} does not fit {column.type}, or a narrower column of its domain",)
        return ()

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return on_present(values, context, lambda present: self._permuted(present, context))

    def _permuted(self, values: pl.Series, context: MaskContext) -> pl.Series:
        keyed = context.hash.for_purpose(self.name)
        parts = values.str.extract_groups(_NUMBER).struct.unnest()
        sign, zeros, digits, fraction = (parts.to_series(place) for place in range(4))
        textual = context.column.base_type in TEXT_TYPES
        # In text a decimal point makes it another thing than a number.
        is_number = digits.is_not_null() & (fraction.is_null() if textual else True)
        number = is_number.to_numpy()
        result = values
        others = np.flatnonzero(~number)
        if len(others):
            result = merge_rows(result, others, self._others(values.gather(pl.Series(others)), context, textual))
        rows = np.flatnonzero(number)
        where = pl.Series(rows)
        amount = digits.gather(where).cast(pl.UInt64).to_numpy()
        negative = (sign.gather(where) == "-").to_numpy()
        leading = zeros.gather(where).str.len_bytes().to_numpy().astype(np.int64)
        width = digits.gather(where).str.len_bytes().to_numpy().astype(np.int64)
        if self.params.min is None or self.params.max is None:
            amount, negative, pad = _same_digits(keyed, amount, negative, width), negative, leading + width
        else:
            amount, negative = self._in_range(
                keyed, amount, negative, np.where(leading > 0, leading + width, 0), context
            )
            pad = np.where(leading > 0, leading + width, 0)
        frame = pl.DataFrame({"s": negative, "n": amount, "f": fraction.gather(where), "w": pad})
        frame = frame.with_columns(
            # '-0' is not made: only what was written so stays so.
            s=pl.when("s").then(pl.lit("-")).otherwise(pl.lit("")),
            n=pl.col("n").cast(pl.String),
        )
        written = pl.concat_str(
            "s", pl.lit("0").repeat_by((pl.col("w") - pl.col("n").str.len_bytes()).clip(0)).list.join(""), "n",
            pl.col("f").fill_null(""),
        )  # fmt: skip
        if (pad == width).all():
            written = pl.concat_str("s", "n", pl.col("f").fill_null(""))
        return merge_rows(result, rows, frame.select(written).to_series()) if len(rows) else result

    def _others(self, values: pl.Series, context: MaskContext, textual: bool) -> pl.Series:
        """What is no number of up to 19 digits."""
        is_long = values.str.contains(_LONG)
        if textual:  # the point in a text is no decimal point
            is_long &= ~values.str.contains(".", literal=True)
        if self.params.min is not None and is_long.any():
            raise _outside(context)
        endless = values.str.contains(r"^(NaN|-?Infinity)$")
        if not textual and (~is_long & ~endless).any():
            raise RefusedError(
                "integer_permute met a number with a fraction",
                where=context.column.name,
                remedy="Use scramble or number_noise for numbers that are no integers.",
                code="not-an-integer",
            )
        draw = Draw(values, context.hash.for_purpose(self.name), context)
        if not is_long.any():
            return scrambled(draw) if textual else values
        rows = np.flatnonzero(is_long.to_numpy())
        text = TextArray.from_series(values.gather(pl.Series(rows)))
        long = permute_text(text, draw.hash, _digits_after_zeros(text)).to_series()
        rest = scrambled(draw) if textual else values
        return merge_rows(rest, rows, long)

    def _in_range(
        self,
        keyed: KeyedHash,
        amount: Words,
        negative: NDArray[np.bool_],
        padded: NDArray[np.int64],
        context: MaskContext,
    ) -> tuple[Words, NDArray[np.bool_]]:
        """Permutes within the range; zero-padded texts among those of as many characters."""
        low, high = self.params.min, self.params.max
        assert low is not None  # noqa: S101 - the caller looked
        assert high is not None  # noqa: S101
        # As numbers modulo 2**64, as bigint does it.
        value = np.where(negative, np.uint64(0) - amount, amount)
        offset = value - np.uint64(low % _WORD)
        fits = np.where(negative, amount <= np.uint64(_EDGE), amount < np.uint64(_EDGE))
        if not (fits & (offset < np.uint64(high - low + 1))).all():
            raise _outside(context)
        stays = negative & (amount == 0)  # '-0' in text: no number of its own
        kind = np.where(padded > 0, np.minimum(padded, 2 * _DIGITS) * 2 + negative, 0)
        starts, sizes = np.empty(len(kind), np.uint64), np.empty(len(kind), np.uint64)
        for each in np.unique(kind).tolist():
            first, last = low, high
            if each:
                most = 10 ** (each // 2 - 1) - 1
                first, last = (max(low, -most), min(high, -1)) if each % 2 else (max(low, 0), min(high, most))
            starts[kind == each] = first % _WORD
            sizes[kind == each] = max(last - first + 1, 1)
        rows = np.flatnonzero(~stays)
        moved = permute_in_ranges(
            keyed, (value - starts)[rows], sizes[rows], (np.uint64(_PADDED) + kind.astype(np.uint64))[rows]
        )
        value[rows] = starts[rows] + moved
        below = value >= np.uint64(_EDGE)
        return np.where(below, np.uint64(0) - value, value), below | stays


def _same_digits(keyed: KeyedHash, amount: Words, negative: NDArray[np.bool_], width: NDArray[np.int64]) -> Words:
    """Permutes among the numbers of as many digits and the same sign that the same integer types hold."""
    power = np.array([10**place for place in range(_DIGITS + 1)], np.uint64)
    low, high = power[width - 1], power[width] - np.uint64(1)
    cuts = np.array([_CUTS.get(place, 10**place - 1) for place in range(_DIGITS + 1)], np.uint64)
    # The least number of a type lies one further from zero than its greatest.
    cut = cuts[width] + (negative & (cuts[width] != high))
    above = amount > cut
    low = np.where(above, cut + np.uint64(1), low)
    high = np.where(above, high, cut)
    tweak = (width * 4 + above * 2 + negative).astype(np.uint64)
    rows = np.flatnonzero(amount)
    result = amount.copy()
    low, size = low[rows], (high - low + np.uint64(1))[rows]
    result[rows] = low + permute_in_ranges(keyed, amount[rows] - low, size, tweak[rows])
    return result


def _digits_after_zeros(text: TextArray) -> NDArray[np.int16]:
    """Classes that keep leading zeros, the number of digits and a fraction of zeros."""
    codes = text.codes
    digit = (codes >= 0x30) & (codes <= 0x39)
    first = text.first(digit & (codes != 0x30))
    stop = text.first(codes == 0x2E)
    places = np.arange(len(codes))
    inside = digit & (places >= np.repeat(first, text.lengths)) & (places < np.repeat(stop, text.lengths))
    classes = np.where(inside, default_classes(codes), np.int16(FIXED))
    classes[first] = characters().special["digit_1_9"]
    return classes


def _holds(column: Column, low: int, high: int) -> bool:
    """Whether every number of a range can be written to a column."""
    if column.base_type in INTEGER_BITS:
        half = 1 << (INTEGER_BITS[column.base_type] - 1)
        return -half <= low and high < half
    if column.base_type == "numeric":
        limits = numeric_limits(column.type)
        return limits is None or max(abs(low), abs(high)) < 10 ** max(limits[0] - limits[1], 0)
    limit = 63 if column.base_type == "name" else column.max_length
    return limit is None or max(len(str(low)), len(str(high))) <= limit


def _outside(context: MaskContext) -> RefusedError:
    return RefusedError(
        "integer_permute met a number outside its range, which would leave it unmasked",
        where=context.column.name,
        remedy="Widen min and max until they take in every value, or leave both out.",
        code="value-outside-range",
    )
