"""Draws postal addresses and time zones: streets from the pools, house numbers and postcodes at random."""

from __future__ import annotations

import numpy as np
import polars as pl

from testdata_assets.synthesis.sample_shop.countries import COUNTRIES, Country
from testdata_assets.synthesis.sample_shop.draw import (
    Bools,
    Ints,
    Rng,
    chance,
    choose,
    digits,
    fill,
    fill_each,
    only,
    pick,
    skewed_index,
    weighted_index,
)
from testdata_assets.synthesis.sample_shop.pools import street_pool

_LETTERS = tuple("ABDEFGHJLNPQRSTUWXYZ")
_SECOND_LINES = ("Apt {n}", "Apt. {n}B", "Unit {n}", "Suite {n}00", "c/o Front Desk", "#{n}", "Floor {n}")


def each_country(country: Ints) -> list[tuple[Country, Ints]]:
    """The countries that occur, each with the rows it occurs in."""
    return [(COUNTRIES[number], np.flatnonzero(country == number)) for number in np.unique(country)]


def in_row_order(parts: list[tuple[Ints, pl.DataFrame]]) -> pl.DataFrame:
    """Puts frames drawn country by country back into the order of the rows they were drawn for."""
    order = np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable")
    return pl.concat([frame for _, frame in parts])[order]


def draw_addresses(rng: Rng, country: Ints) -> pl.DataFrame:
    """Draws addresses.

    Args:
        country: Position in `COUNTRIES` of each of n addresses.

    Returns:
        street, street2 (null or '' for most), city, region, postcode (null for some), country; n rows.
    """
    return in_row_order([(rows, _addresses_in(rng, place, len(rows))) for place, rows in each_country(country)])


def draw_time_zones(rng: Rng, country: Ints) -> pl.Series:
    """Draws an IANA time zone of each row's country."""
    parts = [
        (rows, pl.DataFrame({"zone": pick(rng, len(rows), names, weights)}))
        for place, rows in each_country(country)
        for names, weights in [tuple(zip(*place.zones, strict=True))]
    ]
    return in_row_order(parts)["zone"]


def _addresses_in(rng: Rng, place: Country, count: int) -> pl.DataFrame:
    city = skewed_index(rng, count, len(place.cities), 1.5)
    names, regions, starts = (pl.Series(values, dtype=pl.String) for values in zip(*place.cities, strict=True))
    streets = pl.Series(street_pool(place.culture), dtype=pl.String)
    return pl.DataFrame(
        {
            "street": fill(
                place.street,
                {
                    "n": _house_numbers(rng, place, count),
                    "street": streets.gather(skewed_index(rng, count, len(streets), 1.3)),
                },
            ),
            "street2": _second_lines(rng, count),
            "city": names.gather(city),
            "region": only(regions.gather(city), chance(rng, count, 0.95)),
            "postcode": only(starts.gather(city) + _shaped(rng, place.postcode, count), chance(rng, count, 0.985)),
            "country": constant(place.code, count),
        }
    )


def constant(value: str, count: int) -> pl.Series:
    """The same text `count` times."""
    return pl.Series([value], dtype=pl.String).gather(np.zeros(count, np.int64))


def _house_numbers(rng: Rng, place: Country, count: int) -> pl.Series:
    if place.code == "JP":  # chome, block and house instead of a number in a street
        return fill(
            "{a}-{b}-{c}",
            {name: digits(rng.integers(1, top, count), 1) for name, top in (("a", 6), ("b", 30), ("c", 20))},
        )
    return digits(1 + skewed_index(rng, count, 9900 if place.code == "US" else 180, 2.0), 1)


def _second_lines(rng: Rng, count: int) -> pl.Series:
    """A second line for a fifth; of the others a third has typed nothing ('') and the rest never saw the field."""
    lines = fill_each(
        rng.integers(0, len(_SECOND_LINES), count), _SECOND_LINES, {"n": digits(rng.integers(1, 60, count), 1)}
    )
    empty: Bools = chance(rng, count, 0.3)
    return choose(chance(rng, count, 0.22), lines, only(constant("", count), empty))


def _shaped(rng: Rng, shape: str, count: int) -> pl.Series:
    """Random characters in a shape: `#` a digit, `@` a letter, anything else itself."""
    letters = pl.Series(_LETTERS, dtype=pl.String)
    pieces = []
    for character in shape:
        if character == "#":
            pieces.append(digits(rng.integers(0, 10, count), 1))
        elif character == "@":
            pieces.append(letters.gather(weighted_index(rng, count, [1.0] * len(_LETTERS))))
        else:
            pieces.append(constant(character, count))
    frame = pl.DataFrame({str(place): piece for place, piece in enumerate(pieces)})
    return frame.select(pl.concat_str(pl.all())).to_series()
