"""Places on earth as numbers in texts: reading them, moving them within a ring, writing them with as many decimals.

Everything is made of additions, multiplications, divisions and square roots, which IEEE 754 fixes to the bit; the
trigonometry of C libraries differs between machines in the last place, and masks must not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.hashing import KeyedHash, Words

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]

NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
LAT, LON = 90, 180  # the largest value of each
METRES_PER_DEGREE = 111_195.08  # of a great circle on the sphere of the mean radius 6371.0088 km (IUGG)
MOST_DECIMALS = 12  # more than a double holds for degrees
_SAME_PLACE = 10**7  # places are told apart by a centimetre
_UNKNOWN = np.uint64(1 << 63)
_TERMS = 16
_POWERS = np.array([10**number for number in range(MOST_DECIMALS + 1)], np.int64)


@dataclass(frozen=True)
class Numbers:
    """n numbers read from texts.

    Attributes:
        value: Degrees; 0 where there is none.
        decimals: Digits written after the point; 0 before an exponent.
        good: Which texts are numbers within the range.
    """

    value: Floats
    decimals: Counts
    good: Flags


def read_numbers(texts: pl.Series, largest: int) -> Numbers:
    """Reads n texts, or nulls, as degrees from -largest to largest."""
    bare = texts.str.strip_chars()
    shaped = pl.select(pl.when(bare.str.contains(rf"\A{NUMBER}\z")).then(bare)).to_series()
    value = shaped.cast(pl.Float64).fill_null(math.nan).to_numpy()
    good: Flags = np.abs(value) <= largest
    written = shaped.str.extract(r"\.([0-9]*)\z").str.len_chars().fill_null(0).to_numpy().astype(np.int64)
    return Numbers(np.where(good, value, 0.0), written, good)


def needed_decimals(radius: float) -> int:
    """Decimals whose unit is at most a tenth of a radius in metres."""
    return next(number for number in range(MOST_DECIMALS + 1) if radius * 10**number >= 10 * METRES_PER_DEGREE)


def move(
    lat: Numbers, lon: Numbers, keyed: KeyedHash, smallest: float, largest: float
) -> tuple[tuple[Floats, Flags], tuple[Floats, Flags]]:
    """Moves places by a distance and in a direction that hang on both coordinates, uniform over a ring.

    Distances are right to the square of their share of the earth's radius, and near the poles within `largest`.

    Args:
        lat, lon: n places; where one coordinate is not good it counts as 0, and another place.
        keyed: Chooses the moves.
        smallest, largest: Radii of the ring, metres.

    Returns:
        New latitudes and longitudes, each with whether it was moved towards larger values.
    """
    draws = keyed.prf("place").blocks(_place(lat), _place(lon))
    first, second = (_unit(draws[:, column]) for column in (0, 1))
    distance = np.sqrt(smallest * smallest + first * (largest * largest - smallest * smallest)) / METRES_PER_DEGREE
    angle = (2.0 * second - 1.0) * math.pi
    north, east = distance * _cosine(angle), distance * _sine(angle)
    new_lat = lat.value + north
    widest = _cosine(np.minimum(np.abs((lat.value + new_lat) / 2.0), 90.0) * (math.pi / 180.0))
    step = np.clip(east / np.maximum(widest, 1e-9), -180.0, 180.0)
    over = np.abs(new_lat) > LAT
    new_lat = np.where(over, np.copysign(2.0 * LAT, new_lat) - new_lat, new_lat)
    new_lon = lon.value + step + np.where(over, 180.0, 0.0)
    new_lon = np.where(new_lon > LON, new_lon - 360.0, np.where(new_lon < -LON, new_lon + 360.0, new_lon))
    return (new_lat, new_lat > lat.value), (new_lon, east >= 0)


def write_numbers(old: Floats, new: Floats, upward: Flags, decimals: Counts, largest: int) -> pl.Series:
    """Writes numbers with given decimals; one that would read as before moves by one in its last place.

    Args:
        old: What they were.
        new: What they shall be.
        upward: Which way to go where both read alike.
        decimals: For each 0 to 12.
        largest: They stay within -largest and largest.
    """
    power = _POWERS[decimals]
    limit = largest * power
    scaled = np.clip(np.rint(new * power).astype(np.int64), -limit, limit)
    same = scaled == np.rint(old * power).astype(np.int64)
    scaled = np.where(same, scaled + np.where(upward, 1, -1), scaled)
    scaled = np.where(np.abs(scaled) > limit, np.where(scaled > 0, limit - 1, 1 - limit), scaled)
    return scaled_texts(scaled, decimals)


def scaled_texts(scaled: Counts, decimals: Counts) -> pl.Series:
    """Writes numbers that come as whole ones of their last decimal: 1234 with two decimals is `12.34`."""
    power = _POWERS[decimals]
    whole, rest = np.abs(scaled) // power, np.abs(scaled) % power
    frame = pl.DataFrame({"sign": scaled < 0, "whole": whole, "rest": rest, "decimals": decimals})
    fraction = pl.lit("")
    for number in np.unique(decimals[decimals > 0]).tolist():
        digits = pl.lit(".") + pl.col("rest").cast(pl.String).str.zfill(number)
        fraction = pl.when(pl.col("decimals") == number).then(digits).otherwise(fraction)
    sign = pl.when("sign").then(pl.lit("-")).otherwise(pl.lit(""))
    return frame.select(pl.concat_str(sign, pl.col("whole").cast(pl.String), fraction).alias("v")).to_series()


def _place(numbers: Numbers) -> Words:
    scaled = np.rint(numbers.value * _SAME_PLACE).astype(np.int64).view(np.uint64)
    return np.where(numbers.good, scaled, _UNKNOWN)


def _unit(words: Words) -> Floats:
    """Words as fractions, uniform in [0, 1)."""
    found: Floats = (words >> np.uint64(11)).astype(np.float64) / float(1 << 53)
    return found


def _cosine(angle: Floats) -> Floats:
    """Of angles within -pi and pi, by Taylor's series."""
    return _series(angle * angle, 1)


def _sine(angle: Floats) -> Floats:
    return angle * _series(angle * angle, 2)


def _series(square: Floats, first: int) -> Floats:
    """1 - x / (f (f + 1)) (1 - x / ((f + 2) (f + 3)) (1 - ...)): the cosine for f = 1, the sine over x for f = 2."""
    result = np.ones_like(square)
    for term in reversed(range(first, first + 2 * _TERMS, 2)):
        result = 1.0 - square / float(term * (term + 1)) * result
    return result
