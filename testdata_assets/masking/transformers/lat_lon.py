"""lat_lon: places moved by a secret, bounded distance."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from testdata_assets.masking.text_arrays import merge_rows
from testdata_assets.masking.transformers import _coordinates as coordinates
from testdata_assets.masking.transformers._coordinates import LAT, LON, NUMBER, Counts, Numbers
from testdata_assets.masking.transformers._number_types import numeric_limits
from testdata_assets.masking.transformers.base import (
    TEXT_TYPES,
    Coincidence,
    Distribution,
    Guarantees,
    Kept,
    MaskContext,
    Params,
    Rows,
    RowTransformer,
    Unheld,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, scrambled
from testdata_assets.production.catalog import Column

_PAIR = rf"\A(\s*\(?\s*)({NUMBER})(\s*[,;]\s*|\s+)({NUMBER})(\s*\)?\s*)\z"
_SHARE = 10  # by default nothing moves by less than this part of the radius
_POLAR, _FAR_NORTH = 80, 5.8  # of the degrees of longitude at the equator, as many go into a metre 80 degrees from it
_FURTHEST = 200_000.0
_DOUBLE_EDGES = (("e+308", "e+307"), ("e-324", "e-323"))
_EDGES = {"float4": (("e+38", "e+37"), ("e-45", "e-44")), "float8": _DOUBLE_EDGES, "point": _DOUBLE_EDGES}


class LatLonParams(Params):
    """Parameters of `lat_lon`."""

    part: Literal["lat", "lon", "point", "text"] = Field(
        description="What the column holds: a latitude, a longitude, a point, or both in a text such as '52.52, 13.40'."
    )
    other: str | None = Field(
        None, min_length=1, description="Column that holds the other coordinate, for the parts lat and lon."
    )
    radius_m: float = Field(1000.0, ge=1, le=_FURTHEST, description="Places move by at most so many metres.")
    min_radius_m: float | None = Field(
        None, ge=0, description="They move by at least so many metres; by default a tenth of the radius."
    )
    first: Literal["lat", "lon"] | None = Field(
        None, description="Which coordinate comes first; by default the longitude in points, the latitude in texts."
    )
    group: str = Field(
        "place", min_length=1, description="In one group the same place always moves the same way, in every table."
    )

    @property
    def smallest(self) -> float:
        """Least distance, metres."""
        return self.radius_m / _SHARE if self.min_radius_m is None else self.min_radius_m

    @model_validator(mode="after")
    def _fitting(self) -> LatLonParams:
        single = self.part in ("lat", "lon")
        if single and self.other is None:
            raise ValueError(f"`other` must name the column of the {'longitude' if self.part == 'lat' else 'latitude'}")
        if not single and self.other is not None:
            raise ValueError("`other` goes with the parts lat and lon only")
        if single and self.first is not None:
            raise ValueError("`first` goes with the parts point and text only")
        if self.smallest > self.radius_m:
            raise ValueError("`min_radius_m` is larger than `radius_m`")
        return self


@register
class LatLon(RowTransformer[LatLonParams]):
    """Moves places within a ring around them: by 100 to 1000 metres, unless told otherwise.

    Distance and direction hang on the key, the group and both coordinates (to a centimetre), so a place moves the
    same way wherever it occurs, and asking again teaches nothing. But two readings of one place that differ in the
    sixth decimal move apart, and the mean of many tells the place: round those first, or use another transformer.
    Latitude and longitude columns name each other as `other`.

    Keeps the number of decimals, or writes as many as it takes to see the move. Works across the poles and the date
    line. Where the other coordinate is NULL only this one moves. Numbers that are no coordinates (out of range, e.g.
    projected ones) and other texts are permuted digit by digit.
    """

    name = "lat_lon"
    summary = "Moves coordinates by a bounded distance; the same place always moves the same way."
    params_model = LatLonParams
    guarantees = Guarantees(
        uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True, searchable=True
    )
    distribution = Distribution(Kept.ROUGHLY)
    base_types = frozenset({"text", "float4", "float8", "numeric", "point"})

    def distribution_on(self, column: Column) -> Distribution:
        """Within the radius and a unit of the last place; a longitude up to 80 degrees from the equator.

        Numbers that are no coordinates go anywhere, and so do longitudes nearer to the poles or across the date line.
        """
        degrees = 1.2 * self.params.radius_m / coordinates.METRES_PER_DEGREE
        pole = math.nextafter(LAT, math.inf)
        if self.params.part != "lon":
            return replace(self.distribution, amount=degrees, unheld=(Unheld((-math.inf, -LAT, pole, math.inf)),))
        degrees *= _FAR_NORTH
        across = Unheld((-math.inf, degrees - LON, LON - degrees, math.inf))
        polar = Unheld((-LAT, -_POLAR, _POLAR, pole), self.params.other)
        return replace(self.distribution, amount=degrees, unheld=(across, polar))

    def reads(self) -> tuple[str, ...]:
        return () if self.params.other is None else (self.params.other,)

    def problems(self, column: Column) -> tuple[str, ...]:
        found = super().problems(column)
        if found:
            return found
        numbers = {"float4", "float8", "numeric"}
        also = {"point": {"point"}, "text": set[str]()}.get(self.params.part, numbers)
        if column.base_type not in TEXT_TYPES | also:
            return (f"lat_lon's {self.params.part} cannot be written to a column of type {column.type}",)
        limits = numeric_limits(column.type)
        needed = coordinates.needed_decimals(self.params.radius_m)
        if limits is not None and limits[1] < needed:
            return (f"a move by {self.params.radius_m:g} m needs {needed} decimals, {column.type} has {limits[1]}",)
        return ()

    def apply_rows(self, values: pl.Series, rows: Rows, context: MaskContext) -> pl.Series:
        part = self.params.part
        if part in ("lat", "lon"):
            own = coordinates.read_numbers(values, LAT if part == "lat" else LON)
            other = coordinates.read_numbers(rows.original(str(self.params.other)), LON if part == "lat" else LAT)
            good = own.good
            lat, lon = (own, other) if part == "lat" else (other, own)
            written = self._moved(lat, lon, context)[0 if part == "lat" else 1]
        else:
            pieces = [values.str.extract(_PAIR, group) for group in range(1, 6)]
            swapped = (self.params.first or ("lon" if part == "point" else "lat")) == "lon"
            lat = coordinates.read_numbers(pieces[3 if swapped else 1], LAT)
            lon = coordinates.read_numbers(pieces[1 if swapped else 3], LON)
            good = lat.good & lon.good
            moved = self._moved(lat, lon, context)
            pieces[1], pieces[3] = moved[::-1] if swapped else moved
            written = pl.select(pl.concat_str(pieces)).to_series()
        if context.max_length is not None:
            written = written.str.slice(0, context.max_length).str.strip_chars_end(".")
        masked = pl.select(pl.when(pl.Series(good)).then(written).otherwise(values)).to_series()
        return self._rest_scrambled(masked, ~good, context).rename(values.name)

    def _moved(self, lat: Numbers, lon: Numbers, context: MaskContext) -> tuple[pl.Series, pl.Series]:
        keyed = context.hash_for(self.params.group).for_purpose("lat_lon")
        new_lat, new_lon = coordinates.move(lat, lon, keyed, self.params.smallest, self.params.radius_m)
        return (
            coordinates.write_numbers(lat.value, *new_lat, self._decimals(lat, context), LAT),
            coordinates.write_numbers(lon.value, *new_lon, self._decimals(lon, context), LON),
        )

    def _decimals(self, numbers: Numbers, context: MaskContext) -> Counts:
        """As many as were written, and as a move takes to show, within what the column holds."""
        limits = numeric_limits(context.column.type)
        most = coordinates.MOST_DECIMALS if limits is None else min(limits[1], coordinates.MOST_DECIMALS)
        wanted: Counts = np.maximum(numbers.decimals, coordinates.needed_decimals(self.params.radius_m))
        return np.minimum(wanted, most)

    def _rest_scrambled(self, values: pl.Series, rest: coordinates.Flags, context: MaskContext) -> pl.Series:
        """What was no coordinate, permuted; NULLs and blank texts stay."""
        filled = values.is_not_null() & (values.str.strip_chars() != "")
        rows = np.flatnonzero(rest & filled.fill_null(False).to_numpy())
        if not len(rows):
            return values
        column = context.column
        if column.base_type not in TEXT_TYPES:
            column = replace(column, base_type="numeric")  # digits only: NaN and Infinity are words of the type
        inner = replace(context, column=column)
        texts = values.gather(pl.Series(rows))
        masked = scrambled(Draw(texts, context.hash.for_purpose(self.name), inner))
        for edge, within in _EDGES.get(context.column.base_type, ()):
            # No coordinate, but a number still: other digits must not carry it over the end of its type.
            masked = masked.str.replace_all(edge, within, literal=True)
        return merge_rows(values, rows, masked)
