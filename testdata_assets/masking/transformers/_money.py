"""Amounts of type money, in whatever form the server's locale gives them: digits change in their places."""

from __future__ import annotations

import numpy as np
import polars as pl

from testdata_assets.masking.text_arrays import Positions, TextArray


def money_numbers(values: pl.Series) -> pl.Series:
    """The amounts as plain numbers: `-$1,234.56` and `(1.234,56 EUR)` give 1234.56 (the sign stays outside)."""
    # One or two digits behind the last separator are decimals, three a group of thousands.
    decimals = values.str.extract(r"[.,]([0-9]{1,2})[^0-9]*$", 1).fill_null("")
    digits = values.str.replace_all(r"[^0-9]", "")
    frame = pl.DataFrame({"d": digits, "s": decimals.str.len_bytes().cast(pl.Int64)})
    point = pl.col("d").str.len_bytes().cast(pl.Int64) - pl.col("s")
    return frame.select(
        pl.when(pl.col("s") > 0)
        .then(pl.concat_str(pl.col("d").str.slice(0, point), pl.lit("."), pl.col("d").str.slice(point)))
        .otherwise("d")
    ).to_series()


def digit_counts(values: pl.Series) -> Positions:
    """Digits in each text."""
    return values.str.count_matches(r"[0-9]").to_numpy().astype(np.int64)


def with_digits(values: pl.Series, numbers: pl.Series) -> pl.Series:
    """The texts with the digits of other numbers, no longer than theirs, in the places of their digits."""
    text = TextArray.from_series(values)
    places = (text.codes >= 0x30) & (text.codes <= 0x39)
    frame = pl.DataFrame({"n": numbers.str.replace_all(r"[^0-9]", ""), "w": text.count(places)})
    digits = TextArray.from_series(frame.select(pl.col("n").str.zfill(pl.col("w"))).to_series())
    codes = text.codes.copy()
    codes[places] = digits.codes
    return text.with_codes(codes).to_series()
