"""address: coherent invented addresses in real cities."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.masking.block_rows import BlockRows, FrameLines
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._places import gazetteer, known_countries
from testdata_assets.masking.transformers.base import Coincidence, MaskContext, RowTransformer
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]
KEY = b"a key of the tests, 32 bytes long"
PARTS = ("street", "house_number", "city", "region", "postcode", "country", "country_code", "lat", "lon", "full")


def build(part: str, entity: Any = "id", **params: Any) -> RowTransformer[Any]:
    made = registry.build("address", {"part": part, "entity": entity, **params})
    assert isinstance(made, RowTransformer)
    return made


def mask(
    part: str,
    values: list[str | None],
    ids: list[str | None],
    countries: list[str | None] | None = None,
    *,
    column: str = "c",
    limit: int | None = None,
    key: bytes = KEY,
    **params: Any,
) -> list[Any]:
    hash_for = partial(KeyedHash.derive, key)
    context = MaskContext(hash_for(column), Column(column, "text", "text", "S", limit), hash_for=hash_for)
    named = {"id": ids, **({} if countries is None else {"country": countries})}
    rows = BlockRows(FrameLines(pl.DataFrame(named, schema=dict.fromkeys(named, pl.String))))
    if countries is not None:
        params["keep_country"] = "country"
    result = build(part, **params).apply_rows(pl.Series(column, values, dtype=pl.String), rows, context)
    assert (result.name, result.dtype, len(result)) == (column, pl.String, len(values))
    return result.to_list()


def test_the_places_are_many_and_sound():
    table = gazetteer()
    latin = table.of_script("latin")
    assert len({table.codes[int(entry)] for entry in latin}) >= 35
    assert table.city_count.min() >= 3
    assert int(table.city_count.sum()) == len(table.cities) == len(table.postcodes)
    assert all(abs(lat) < 90_000_000 and abs(lon) < 180_000_000 for lat, lon in zip(table.lat, table.lon, strict=True))
    assert all(re.fullmatch("[A-Z]{2}", code) for code in table.codes)
    assert all(re.fullmatch("[A-Z]{3}", code) for code in table.codes3)
    assert all("{w}" in form for form in table.streets)
    assert all("{s}" in form and "{n}" in form for form in table.street_lines)
    assert all("{c}" in form and "{p}" in form for form in table.city_lines)
    assert all(re.search("[#@]", form) for form in table.postcodes)
    entries = known_countries(
        pl.Series(["de", "DEU", " Germany", "Deutschland", "日本", "Japan", "U.S.A.", "UK", "Mars", None])
    )
    assert len(set(entries[:4])) == 1
    assert len({*entries[:8]}) == 5
    assert entries[8:].tolist() == [-1, -1]


def test_parts_of_a_row_belong_together():
    ids: list[str | None] = [str(number) for number in range(400)]
    found = {part: mask(part, ["Aa 1"] * 400, ids, column=part) for part in PARTS}
    table = gazetteer()
    places = {
        (table.cities[city], table.regions[city], table.codes[entry]): (
            table.postcodes[city],
            table.lat[city],
            table.lon[city],
        )
        for entry in table.of_script("latin").tolist()
        for city in range(int(table.first_city[entry]), int(table.first_city[entry] + table.city_count[entry]))
    }
    for street, number, city, region, postcode, _, code, lat, lon, full in zip(*found.values(), strict=True):
        pattern, centre_lat, centre_lon = places[city, region, code]
        form = re.escape(pattern).replace(r"\#", "[0-9]").replace("#", "[0-9]").replace("@", "[A-Z]")
        assert re.fullmatch(form, postcode)
        assert abs(float(lat) - centre_lat / 1e6) <= 0.02
        assert abs(float(lon) - centre_lon / 1e6) <= 0.02
        assert number in street
        assert full.startswith(street)
        assert city.replace(",", "") in full
        assert postcode in full
    assert len(Counter(found["country_code"])) > 30
    assert len(set(found["full"])) == 400
    assert found["country"] == [
        table.names[known_countries(pl.Series([code]))[0].item()] for code in found["country_code"]
    ]


def test_an_entity_has_one_address_in_every_table():
    one = mask("full", ["a, b", "c, d"], ["7", "8"])
    other = mask("full", ["e, f", "g, h"], ["8", "7"], column="ship_to")
    assert one == other[::-1]
    assert one != mask("full", ["a, b", "c, d"], ["7", "8"], key=b"k" * 32)
    assert one != mask("full", ["a, b", "c, d"], ["7", "8"], group="billing")
    alone, again, differently = mask("full", ["a, b", "a, b", "c, d"], [None, None, None])
    assert alone == again != differently


def test_countries_are_kept_where_they_are_known():
    ids: list[str | None] = [str(number) for number in range(6)]
    countries: list[str | None] = ["DE", "usa", "France", "Atlantis", None, "Россия"]
    codes = mask("country_code", ["XX"] * 6, ids, countries)
    assert codes[:3] == ["DE", "US", "FR"]
    assert codes[5] == "RU"
    assert codes[3:5] == mask("country_code", ["XX"] * 6, ids)[3:5]
    assert re.search("[а-я]", mask("city", ["x"] * 6, ids, countries)[5])


def test_the_form_of_the_value_is_kept():
    ids: list[str | None] = ["1"] * 4
    three, two, name, upper = mask("country", ["usa", "US", "Germany", "FRANCE"], ids)
    assert (len(three), len(two), three) == (3, 2, three.lower())
    assert upper == name.upper()
    numbered, plain, loud, _ = mask("street", ["12 Main St", "Main St", "MAIN ST 5", "x"], ids)
    assert re.search("[0-9]", numbered)
    assert not re.search("[0-9]", plain)
    assert loud == numbered.upper()
    region, other, *_ = mask("region", ["NY", "Texas", "x", "x"], ids)
    assert region == other
    full = mask("full", ["a\nb\nc", "a\r\nb", "a", "a, b, c"], ids)
    assert [each.count("\n") for each in full] == [2, 1, 0, 0]
    assert full[1].count("\r\n") == 1


@pytest.mark.parametrize("part", PARTS)
def test_nulls_and_blanks_stay_and_limits_hold(part: str):
    found = mask(part, [None, "", " ", "X", None], ["1", "1", "1", None, None], limit=4)
    assert found[:3] == [None, "", " "]
    assert 0 < len(found[3]) <= 4
    assert found[4] is None
    assert mask(part, [], []) == []


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(PARTS),
    st.lists(
        st.tuples(st.one_of(st.none(), st.text(alphabet="aB1 ,\n\ré", max_size=8)), st.sampled_from(["1", "2", None]))
    ),
)
def test_a_row_does_not_hang_on_its_neighbours(part: str, rows: list[tuple[str | None, str | None]]):
    values, ids = [row[0] for row in rows], [row[1] for row in rows]
    assert mask(part, values, ids)[::-1] == mask(part, values[::-1], ids[::-1])


def test_what_is_promised_and_refused():
    text = Column("c", "text", "text", "S")
    assert build("city", ["a", "b"], keep_country="k").reads() == ("a", "b", "k")
    found = {part: build(part).guarantees_for(text).coincidence for part in PARTS}
    assert {part for part, each in found.items() if each is Coincidence.DISJOINT} == {"street", "full"}
    assert {part for part, each in found.items() if each is Coincidence.BY_PART} == {"country", "country_code"}
    assert build("city", keep_country="k").guarantees_for(text).coincidence is Coincidence.BY_PART
    narrow = Column("c", "character varying(8)", "varchar", "S", 8)
    assert build("street").guarantees_for(narrow).coincidence is Coincidence.MAY_COINCIDE
    number = Column("n", "integer", "int4", "N")
    assert build("house_number").problems(number) == build("city").problems(text) == ()
    assert "city cannot be written" in build("city").problems(number)[0]
    assert "lat cannot be written" in build("lat").problems(number)[0]
    assert build("lat").problems(Column("n", "double precision", "float8", "N")) == ()
    assert "takes" in build("city").problems(Column("d", "date", "date", "D"))[0]
    for params in ({"part": "city"}, {"part": "moon", "entity": "id"}, {"part": "city", "entity": ["a", ""]}):
        with pytest.raises(ValidationError):
            registry.build("address", params)
