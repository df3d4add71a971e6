"""Numbers as texts of digits: taken apart without loss at any precision, changed in their leading digits, written back.

A number is sign, significant digits and a power of ten. The leading digits (up to 17) are a machine word that
arithmetic works on; further ones are a tail of which only the length matters, since they are redrawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.text_arrays import Positions, TextArray

_PLAIN = r"^(-?)([0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]+)?$"
HEAD = 17
_FLOAT_DIGITS = 15
_TYPE_DIGITS = {"float4": 6}


@dataclass(frozen=True)
class Decimals:
    """n numbers other than zero, as written.

    Attributes:
        rows: Which of the values they are.
        sign: '-' or ''.
        whole: Whether a digit stands before the point.
        exponent: The exponent as written, or ''.
        scale: Digits behind the point.
        power: Power of ten that the last digit stands for.
        head: The leading digits as a number, from 1.
        digits: Digits in the head.
        tail: The digits behind the head.
        canonical: One text for equal numbers, however written.
    """

    rows: Positions
    sign: pl.Series
    whole: NDArray[np.bool_]
    exponent: pl.Series
    scale: Positions
    power: Positions
    head: NDArray[np.int64]
    digits: Positions
    tail: pl.Series
    canonical: pl.Series

    @property
    def tail_digits(self) -> Positions:
        return self.tail.str.len_bytes().to_numpy().astype(np.int64)

    @property
    def negative(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (self.sign == "-").to_numpy()
        return found

    def redrawn_tail(self, keyed: KeyedHash, seeds: tuple[Words, Words]) -> pl.Series:
        """Random digits in the tails' places; zeros at their ends stay."""
        lengths = self.tail_digits
        if not lengths.any():
            return self.tail
        text = TextArray.from_series(self.tail)
        drawn = keyed.prf("tail").stream(seeds, lengths) % np.uint32(10)
        last = text.last(text.codes != 0x30)
        kept = np.arange(len(text.codes)) > np.repeat(last, lengths)
        return text.with_codes(np.where(kept, 0x30, drawn.astype(np.int32) + 0x30)).to_series()

    def written(self, head: NDArray[np.int64], tail: pl.Series) -> pl.Series:
        """Other digits in the same form."""
        frame = pl.DataFrame(
            {
                "sign": self.sign,
                "digits": pl.Series(head).cast(pl.String) + tail,
                "scale": self.scale,
                "least": self.scale + self.whole,
                "exponent": self.exponent,
            }
        ).with_columns(pl.col("digits").str.zfill(pl.col("least")))
        point = pl.col("digits").str.len_bytes().cast(pl.Int64) - pl.col("scale")
        fraction = pl.when(pl.col("scale") > 0).then("." + pl.col("digits").str.slice(point)).otherwise(pl.lit(""))
        return frame.select(
            pl.concat_str("sign", pl.col("digits").str.slice(0, point), fraction, "exponent")
        ).to_series()


def read_decimals(values: pl.Series, base_type: str) -> tuple[Decimals, NDArray[np.bool_]]:
    """Takes numbers apart.

    Args:
        values: n texts.
        base_type: Says how many digits a number with an exponent is written out to.

    Returns:
        The numbers among them other than zero, and for each value whether it is a zero.
    """
    parts = values.str.extract_groups(_PLAIN).struct.unnest()
    names = ("sign", "int", "frac", "exponent")
    frame = pl.DataFrame([parts.to_series(place).rename(name) for place, name in enumerate(names)])
    frame = frame.with_columns(pl.col("frac").str.slice(1).fill_null(""), pl.col("exponent").fill_null(""))
    frame = frame.with_columns(written=pl.col("int") + pl.col("frac"))
    number = (frame["written"].fill_null("") != "").to_numpy()
    frame = frame.with_columns(significant=pl.col("written").str.strip_chars_start("0"))
    zero = number & (frame["significant"].fill_null("") == "").to_numpy()
    rows = np.flatnonzero(number & ~zero)
    frame = frame[rows]
    # Exponents beyond all types' reach would not be written by Postgres; JSON documents may hold them.
    exponent = frame["exponent"].str.slice(1).cast(pl.Int64, strict=False).fill_null(0).to_numpy()
    scale = frame["frac"].str.len_bytes().to_numpy().astype(np.int64)
    significant = frame["significant"]
    length = significant.str.len_bytes().to_numpy().astype(np.int64)
    power = exponent - scale
    stripped = significant.str.strip_chars_end("0")
    full_power = power + length - stripped.str.len_bytes().to_numpy().astype(np.int64)
    canonical = frame["sign"] + stripped + "e" + pl.Series(full_power).cast(pl.String)
    # '1e+15' has one digit as written and many more to vary; integers stay integers.
    shown = (frame["exponent"] != "").to_numpy()
    more = np.where(shown, np.maximum(_TYPE_DIGITS.get(base_type, _FLOAT_DIGITS) - length, 0), 0)
    more = np.where(power >= 0, np.minimum(more, power), more)
    if more.any():
        filled = pl.DataFrame({"s": significant, "w": length + more})
        significant = filled.select(pl.col("s").str.pad_end(pl.col("w"), "0")).to_series()
    return (
        Decimals(
            rows=rows,
            sign=frame["sign"],
            whole=(frame["int"] != "").to_numpy(),
            exponent=frame["exponent"],
            scale=scale + more,
            power=power - more,
            head=significant.str.slice(0, HEAD).cast(pl.Int64).to_numpy(),
            digits=np.minimum(length + more, HEAD),
            tail=significant.str.slice(HEAD),
            canonical=canonical,
        ),
        zero,
    )
