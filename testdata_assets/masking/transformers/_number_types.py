"""What number types hold."""

from __future__ import annotations

import re

import polars as pl

INTEGER_BITS = {"int2": 16, "int4": 32, "int8": 64}
_NUMERIC = re.compile(r"numeric\((\d+)(?:,(-?\d+))?\)\Z")


def numeric_limits(type_name: str) -> tuple[int, int] | None:
    """Precision and scale of a type as `format_type` prints it, `numeric(p,s)`; None where it has none."""
    match = _NUMERIC.match(type_name)
    return (int(match[1]), int(match[2] or 0)) if match else None


def without_trailing_zeros(values: pl.Series) -> pl.Series:
    """Numbers as texts, equal ones alike: `7.50` as `7.5`, `7.00` as `7`, `-0.0` as `0`; what has an exponent stays."""
    decimal = values.str.contains(r"\A-?[0-9]+\.[0-9]*\z")
    bare = values.str.strip_chars_end("0").str.strip_chars_end(".")
    bare = pl.select(pl.when(bare == "-0").then(pl.lit("0")).otherwise(bare)).to_series()
    return pl.select(pl.when(decimal).then(bare).otherwise(values)).to_series()
