"""lat_lon: places moved within a ring."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.masking.block_rows import BlockRows, FrameLines
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import _coordinates, registry
from testdata_assets.masking.transformers.base import MaskContext, RowTransformer
from testdata_assets.production.catalog import Column

KEY = b"a key of the tests, 32 bytes long"
TYPES = {
    "float8": ("double precision", "N"), "float4": ("real", "N"), "text": ("text", "S"), "point": ("point", "G"),
    "numeric": ("numeric(9,6)", "N"), "int4": ("integer", "N"), "varchar": ("character varying(9)", "S"),
}  # fmt: skip


def column(base_type: str, name: str = "c", limit: int | None = None) -> Column:
    return Column(name, TYPES[base_type][0], base_type, TYPES[base_type][1], limit)


def build(**params: Any) -> RowTransformer[Any]:
    made = registry.build("lat_lon", params)
    assert isinstance(made, RowTransformer)
    return made


def mask(
    values: list[str | None],
    base_type: str = "float8",
    others: list[str | None] | None = None,
    key: bytes = KEY,
    limit: int | None = None,
    **params: Any,
) -> list[str | None]:
    hash_for = partial(KeyedHash.derive, key)
    context = MaskContext(hash_for("d"), column(base_type, limit=limit), hash_for=hash_for)
    rows = BlockRows(FrameLines(pl.DataFrame({"o": others or []}, schema={"o": pl.String})))
    result = build(**params).apply_rows(pl.Series("c", values, dtype=pl.String), rows, context)
    assert (result.name, result.dtype, len(result)) == ("c", pl.String, len(values))
    return result.to_list()


def moved(lat: list[str], lon: list[str], **params: Any) -> tuple[list[str], list[str]]:
    base_type = params.pop("base_type", "float8")
    one: Any = mask(list(lat), base_type, list(lon), part="lat", other="o", **params)
    two: Any = mask(list(lon), base_type, list(lat), part="lon", other="o", **params)
    return one, two


def distance(one: tuple[float, float], two: tuple[float, float]) -> float:
    """Metres along a great circle, by the haversine formula."""
    (lat, lon), (other_lat, other_lon) = (tuple(map(math.radians, each)) for each in (one, two))
    square = math.sin((other_lat - lat) / 2) ** 2
    square += math.cos(lat) * math.cos(other_lat) * math.sin((other_lon - lon) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(min(1.0, math.sqrt(square)))


degrees = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@settings(max_examples=200, deadline=None)
@given(degrees, st.sampled_from([5.0, 1000.0, 50_000.0]))
@example((90.0, 0.0), 1000.0)
@example((-89.99999, 179.99999), 1000.0)
@example((0.0, -180.0), 1000.0)
@example((0.0, 0.0), 1000.0)
def test_places_move_within_the_ring(place: tuple[float, float], radius: float):
    lat, lon = f"{place[0]:.8f}", f"{place[1]:.8f}"
    (new_lat,), (new_lon,) = moved([lat], [lon], radius_m=radius, min_radius_m=radius / 2)
    assert abs(float(new_lat)) <= 90
    assert abs(float(new_lon)) <= 180
    found = distance((float(lat), float(lon)), (float(new_lat), float(new_lon)))
    assert found <= radius * 1.001
    if abs(place[0]) < 80:
        assert found >= radius / 2 * 0.999
    assert (new_lat, new_lon) != (lat, lon)
    assert len(new_lat.partition(".")[2]) == len(new_lon.partition(".")[2]) == 8


def test_the_ring_is_filled_evenly():
    lat, lon = [f"{50 + number / 10_000:.6f}" for number in range(4000)], ["8.000000"] * 4000
    new_lat, new_lon = moved(lat, lon, min_radius_m=0)
    places = zip(lat, lon, new_lat, new_lon, strict=True)
    far = [distance((float(a), float(b)), (float(c), float(d))) for a, b, c, d in places]
    assert sum(each <= 1000 / math.sqrt(2) for each in far) == pytest.approx(2000, abs=150)
    north = [float(new) > float(old) for old, new in zip(lat, new_lat, strict=True)]
    east = [float(new) > 8 for new in new_lon]
    for quarter in ((True, True), (True, False), (False, True), (False, False)):
        assert list(zip(north, east, strict=True)).count(quarter) == pytest.approx(1000, abs=130)


def test_the_same_place_moves_the_same_way_in_every_form():
    (lat,), (lon,) = moved(["52.520007"], ["13.404954"])
    assert moved(["52.520007"], ["13.404954"], base_type="numeric") == ([lat], [lon])
    assert moved(["52.520007"], ["13.404954"], base_type="text") == ([lat], [lon])
    assert mask(["(13.404954,52.520007)"], "point", part="point") == [f"({lon},{lat})"]
    assert mask(["52.520007, 13.404954"], "text", part="text") == [f"{lat}, {lon}"]
    assert mask(["52.520007;13.404954"], "text", part="text") == [f"{lat};{lon}"]
    assert mask([" 13.404954 52.520007"], "text", part="text", first="lon") == [f" {lon} {lat}"]
    others = [
        moved(["52.520007"], ["13.404954"], key=b"k" * 32),
        moved(["52.520007"], ["13.404954"], group="shops"),
        moved(["52.520007"], ["13.404955"]),
    ]
    assert all(new_lat != [lat] for new_lat, _ in others)


def test_decimals_are_kept_or_as_many_as_the_move_takes():
    for written, expected in (("8.5", 4), ("8", 4), ("8.123456789", 9), ("1e-05", 4)):
        (found, *_), _ = moved([written], ["9.25"])
        assert len(found.partition(".")[2]) == expected
    (found, *_), _ = moved(["8.12345678"], ["9.25"], base_type="numeric")
    assert len(found.partition(".")[2]) == 6
    assert {len(each) for each in mask(["-8.12", "8"], "varchar", ["1", "1"], limit=5, part="lat", other="o")} == {5}


def test_nulls_blanks_and_what_is_no_place():
    values: list[str | None] = [None, "", "NaN", "91.5", "5812345.25", "Berlin 7", "8.5", "8.5", "8.5"]
    others: list[str | None] = ["1", "1", "1", "1", "1", "1", None, "x", "1"]
    found = mask(values, "text", others, part="lat", other="o")
    assert found[:2] == [None, ""]
    assert mask(["NaN"], "float8", ["1"], part="lat", other="o") == ["NaN"]
    for value, masked in list(zip(values, found, strict=True))[2:6]:
        assert masked != value
        assert masked is not None
        assert len(masked) == len(str(value))
    (projected,) = mask(["5812345.25"], "float8", ["1"], part="lat", other="o")
    assert 1_000_000 <= float(str(projected)) < 10_000_000
    assert found[6] == found[7] != found[8]
    assert mask(["(NaN,1.5)", None], "point", part="point")[0] != "(NaN,1.5)"
    assert mask(["there", "", None], "text", part="text")[1:] == ["", None]
    assert mask([], "text", [], part="lat", other="o") == []


def test_cosine_and_sine_are_right():
    angles = np.linspace(-math.pi, math.pi, 2001)
    assert np.abs(_coordinates._cosine(angles) - np.cos(angles)).max() < 1e-14
    assert np.abs(_coordinates._sine(angles) - np.sin(angles)).max() < 1e-14


def test_unsuitable_columns():
    lat = build(part="lat", other="o")
    assert lat.reads() == ("o",)
    assert all(lat.problems(column(each)) == () for each in ("float8", "float4", "numeric", "text"))
    assert build(part="point").problems(column("point")) == build(part="text").problems(column("text")) == ()
    assert "int" in lat.problems(column("int4"))[0]
    assert "lat cannot be written" in lat.problems(column("point"))[0]
    assert "point cannot be written" in build(part="point").problems(column("float8"))[0]
    assert "text cannot be written" in build(part="text").problems(column("point"))[0]
    coarse = Column("c", "numeric(5,2)", "numeric", "N")
    assert "needs 4 decimals, numeric(5,2) has 2" in lat.problems(coarse)[0]
    assert build(part="lat", other="o", radius_m=120_000).problems(coarse) == ()


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"part": "lat"}, "column of the longitude"),
        ({"part": "lon"}, "column of the latitude"),
        ({"part": "point", "other": "o"}, "lat and lon only"),
        ({"part": "lat", "other": "o", "first": "lat"}, "point and text only"),
        ({"part": "text", "radius_m": 5, "min_radius_m": 6}, "larger"),
        ({"part": "text", "radius_m": 1e9}, "radius_m"),
    ],
)
def test_wrong_parameters_are_named(params: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        registry.build("lat_lon", params)
