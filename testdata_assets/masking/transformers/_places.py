"""Invented addresses in real cities: parts that belong together, drawn from two words each.

Cities, regions, postcode patterns, countries and coordinates are facts, frozen in data/places.txt; the streets are
invented, so that a whole address is nobody's. Each line `> ...` there is a country in one script, with its codes,
English and local name, forms of street names, and how street and city lines are written; its cities follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.pools import SINGLE_SCRIPTS
from testdata_assets.masking.text_arrays import Positions, TextArray
from testdata_assets.masking.transformers._coordinates import scaled_texts
from testdata_assets.masking.transformers._drawn_words import capitalised, pool_characters, pool_words

_VERSION = 1
_STREET_LENGTHS = (5, 6, 7, 8)
_NUMBERS = 198
_MOST_LINES = 64
_LETTERS = np.array([ord(letter) for letter in "ABDEFGHJLNPQRSTUWXYZ"], np.int32)
_DEGREE = 1_000_000  # coordinates have six decimals
_SPREAD = 20_000  # and lie within 0.02 degrees of their city's centre: some two kilometres
_ALIASES = {
    "US": "USA, U.S., U.S.A., United States of America, America",
    "GB": "UK, U.K., Great Britain, Britain, England, Scotland, Wales",
    "DE": "Federal Republic of Germany, Bundesrepublik Deutschland, Allemagne, Alemania",
    "NL": "The Netherlands, Holland, Niederlande",
    "BE": "Belgique, Belgien",
    "CH": "Suisse, Svizzera",
    "IE": "Republic of Ireland, Éire, Eire",
    "ES": "Espana, Spanien",
    "BR": "Brazil",
    "CZ": "Czech Republic, Česká republika",
    "TR": "Türkei, Turkiye",
    "RU": "Russian Federation",
    "KR": "Korea, Republic of Korea",
    "CN": "People's Republic of China, PRC",
    "AE": "UAE",
    "MX": "Mexico",
}


@dataclass(frozen=True)
class Gazetteer:
    """All countries and cities; a country has one entry for each script.

    Attributes:
        codes, codes3, names, local: ISO 3166 codes, English and local name of each entry.
        scripts: Script that each is written in.
        streets: Forms of street names, entry after entry; `first_street` and `street_count` say whose.
        street_lines, city_lines: How street and number, and city, region and postcode, are put together.
        first_city, city_count: Range of each entry's cities.
        cities, regions, postcodes: Of each city; in a postcode # stands for a digit, @ for a letter.
        lat, lon: Centre of each city in millionths of a degree.
        known: Entry by any name or code in lower case, in the script of that name.
    """

    codes: pl.Series
    codes3: pl.Series
    names: pl.Series
    local: pl.Series
    scripts: tuple[str, ...]
    streets: pl.Series
    first_street: NDArray[np.uint64]
    street_count: NDArray[np.uint64]
    street_lines: pl.Series
    city_lines: pl.Series
    first_city: NDArray[np.uint64]
    city_count: NDArray[np.uint64]
    cities: pl.Series
    regions: pl.Series
    postcodes: pl.Series
    lat: NDArray[np.int64]
    lon: NDArray[np.int64]
    known: dict[str, int]

    def of_script(self, script: str) -> NDArray[np.int64]:
        """Entries written in a script."""
        return np.flatnonzero(np.array([each == script for each in self.scripts]))

    def entry(self, code: str, script: str) -> int:
        """The entry of an ISO 3166 code in a script; -1 where there is none."""
        found = [int(each) for each in self.of_script(script) if self.codes[int(each)] == code]
        return found[0] if found else -1


@cache
def gazetteer() -> Gazetteer:
    """The places, read once per process."""
    text = files("testdata_assets.masking.data").joinpath("places.txt").read_text(encoding="utf-8")
    version, *lines = text.splitlines()
    if version != f"version {_VERSION}":
        raise ValueError("places.txt is of another version than this code")
    countries: list[list[str]] = []
    cities: list[list[str]] = []
    owners: list[int] = []
    for line in lines:
        if line.startswith("> "):
            countries.append(line.removeprefix("> ").split("|"))
        else:
            cities.append(line.split("|"))
            owners.append(len(countries) - 1)
    codes, codes3, names, scripts, local, streets, street_lines, city_lines = zip(*countries, strict=True)
    forms = [each.split(";") for each in streets]
    owner = np.array(owners)
    entries = np.arange(len(countries))
    known: dict[str, int] = {}
    for number, fields in enumerate(countries):
        latin = fields[3] == "latin"
        spoken = [*fields[:3], *_ALIASES.get(fields[0], "").split(", ")] if latin else []
        known |= {name.lower(): number for name in (fields[4], *spoken) if name and name.lower() not in known}
    return Gazetteer(
        pl.Series(codes), pl.Series(codes3), pl.Series(names), pl.Series(local), scripts,
        streets=pl.Series([form for each in forms for form in each]),
        first_street=np.cumsum([0, *map(len, forms)])[:-1].astype(np.uint64),
        street_count=np.array([len(each) for each in forms], np.uint64),
        street_lines=pl.Series(street_lines),
        city_lines=pl.Series(city_lines),
        first_city=np.searchsorted(owner, entries).astype(np.uint64),
        city_count=np.bincount(owner).astype(np.uint64),
        cities=pl.Series([city[0] for city in cities]),
        regions=pl.Series([city[1] for city in cities]),
        postcodes=pl.Series([city[2] for city in cities]),
        lat=np.array([round(float(city[3]) * _DEGREE) for city in cities], np.int64),
        lon=np.array([round(float(city[4]) * _DEGREE) for city in cities], np.int64),
        known=known,
    )  # fmt: skip


def known_countries(texts: pl.Series) -> NDArray[np.int64]:
    """Entries that n texts name, by code or name whatever its case; -1 for others and nulls."""
    known = gazetteer().known
    word = texts.str.strip_chars(" \t.").str.to_lowercase()
    return word.replace_strict(known, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()


@dataclass(frozen=True)
class Addresses:
    """n addresses.

    Attributes:
        seeds: Two words for each.
        keyed: Hash of their group.
        wanted: Entry of the country each must be in, or -1.
        scripts: Script of each address whose country is drawn.
    """

    seeds: tuple[Words, Words]
    keyed: KeyedHash
    wanted: NDArray[np.int64]
    scripts: pl.Series

    @cached_property
    def _draws(self) -> Words:
        return self.keyed.prf("place").blocks(*self.seeds)

    @cached_property
    def _details(self) -> Words:
        return self.keyed.prf("street").blocks(*self.seeds)

    @cached_property
    def entry(self) -> NDArray[np.int64]:
        """Country of each."""
        found = self.wanted.copy()
        draw = self._draws[:, 0] & np.uint64(0xFFFFFFFF)
        for script in self.scripts.unique().to_list():
            rows = np.flatnonzero((self.wanted < 0) & (self.scripts == script).to_numpy())
            among = gazetteer().of_script(script)
            found[rows] = among[(draw[rows] % np.uint64(len(among))).astype(np.int64)]
        return found

    @cached_property
    def _city(self) -> NDArray[np.int64]:
        table = gazetteer()
        place = (self._draws[:, 0] >> np.uint64(32)) % table.city_count[self.entry]
        return (table.first_city[self.entry] + place).astype(np.int64)

    @property
    def codes(self) -> pl.Series:
        return _take(gazetteer().codes, self.entry)

    @property
    def codes3(self) -> pl.Series:
        return _take(gazetteer().codes3, self.entry)

    @property
    def names(self) -> pl.Series:
        """English names of the countries."""
        return _take(gazetteer().names, self.entry)

    @property
    def local_names(self) -> pl.Series:
        """The countries' names in the language and script of the address."""
        return _take(gazetteer().local, self.entry)

    @property
    def cities(self) -> pl.Series:
        return _take(gazetteer().cities, self._city)

    @property
    def regions(self) -> pl.Series:
        return _take(gazetteer().regions, self._city)

    @cached_property
    def postcodes(self) -> pl.Series:
        """The city's pattern with digits and letters drawn."""
        text = TextArray.from_series(_take(gazetteer().postcodes, self._city))
        draws = self.keyed.prf("postcode").stream(self.seeds, text.lengths)
        digits = (0x30 + draws % np.uint32(10)).astype(np.int32)
        codes = np.where(text.codes == ord("#"), digits, text.codes)
        letters = _LETTERS[(draws % np.uint32(len(_LETTERS))).astype(np.int64)]
        return text.with_codes(np.where(text.codes == ord("@"), letters, codes)).to_series()

    @cached_property
    def house_numbers(self) -> pl.Series:
        return pl.Series(1 + self._details[:, 1] % np.uint64(_NUMBERS)).cast(pl.String)

    @cached_property
    def streets(self) -> pl.Series:
        """Invented names of streets in the country's form."""
        table = gazetteer()
        place = (self._draws[:, 1] & np.uint64(0xFFFF)) % table.street_count[self.entry]
        form = _take(table.streets, (table.first_street[self.entry] + place).astype(np.int64))
        return _filled(form, w=self.words(self._details[:, 0]))

    @property
    def street_lines(self) -> pl.Series:
        """Street and number."""
        form = _take(gazetteer().street_lines, self.entry)
        return _filled(form, s=self.streets, n=self.house_numbers)

    @property
    def city_lines(self) -> pl.Series:
        """City, postcode and, where that is the custom, region."""
        form = _take(gazetteer().city_lines, self.entry)
        return _filled(form, c=self.cities, r=self.regions, p=self.postcodes)

    def coordinates(self, latitude: bool) -> pl.Series:
        """Latitudes or longitudes near the city's centre, with six decimals."""
        centre = (gazetteer().lat if latitude else gazetteer().lon)[self._city]
        draw = self.keyed.prf("centre").blocks(*self.seeds)[:, 0 if latitude else 1]
        moved = centre + (draw % np.uint64(2 * _SPREAD + 1)).astype(np.int64) - _SPREAD
        return scaled_texts(moved, np.full(len(moved), 6, np.int64))

    def further_words(self, number: int) -> pl.Series:
        """Invented words for lines beside those of an address."""
        return self.words(self.keyed.prf(f"further {number}").blocks(*self.seeds)[:, 0])

    def words(self, draws: Words) -> pl.Series:
        """Invented words, each in the script of its address."""
        scripts = np.array([*gazetteer().scripts])[self.entry]
        result = pl.Series([""]).new_from_index(0, len(draws))
        frame = pl.DataFrame({"script": scripts, "word": result})
        word = pl.col("word")
        for script in np.unique(scripts).tolist():
            drawn = (
                pool_characters("first", script, draws, 2)
                if script in SINGLE_SCRIPTS
                else capitalised(pool_words("family", script, draws, _STREET_LENGTHS))
            )
            word = pl.when(pl.col("script") == script).then(pl.lit(drawn)).otherwise(word)
        return frame.select(word.alias("word")).to_series()


def lay_out(values: pl.Series, addresses: Addresses) -> pl.Series:
    """Whole addresses with the line breaks, commas and capitals of n values (nulls count as blank).

    Texts of several lines get as many, up to 64: street, district, city and country, before them invented words.
    Others get street, city and country between commas, the latter two where there are commas in the value.
    """
    filled = values.fill_null("")
    bare = filled.str.strip_chars()
    lines = pl.col("lines")
    line, city, country = addresses.street_lines, addresses.city_lines, addresses.local_names
    plain_city = city.str.replace_all(",", "", literal=True)
    count = (bare.str.count_matches("\n") + 1).rename("lines")
    most = min(int(count.to_numpy().max(initial=1)), _MOST_LINES)
    frame = pl.DataFrame([count, bare.str.count_matches("[,;，、]").rename("commas")])
    broken = pl.lit("\n")
    tall = pl.concat_str(pl.lit(line), broken, pl.lit(city))
    tall = pl.when(lines > 2).then(pl.concat_str(tall, broken, pl.lit(country))).otherwise(tall)
    if most > 3:
        district = pl.concat_str(
            pl.lit(line), broken, pl.lit(addresses.further_words(0)), broken, pl.lit(city), broken, pl.lit(country)
        )
        tall = pl.when(lines > 3).then(district).otherwise(tall)
    before = [
        pl.when(lines > number).then(pl.lit(addresses.further_words(number)) + broken).otherwise(pl.lit(""))
        for number in range(4, most)
    ]
    tall = pl.concat_str([*before, tall])
    flat = (
        pl.when(pl.col("commas") == 0)
        .then(pl.concat_str(pl.lit(line), pl.lit(" "), pl.lit(plain_city)))
        .when(pl.col("commas") == 1)
        .then(pl.concat_str(pl.lit(line), pl.lit(", "), pl.lit(plain_city)))
        .otherwise(pl.concat_str(pl.lit(line), pl.lit(", "), pl.lit(city), pl.lit(", "), pl.lit(country)))
    )
    result = frame.select(pl.when(lines > 1).then(tall).otherwise(flat).alias("v")).to_series()
    if filled.str.contains("\r\n", literal=True).any():
        wide = filled.str.contains("\r\n", literal=True)
        result = pl.select(pl.when(wide).then(result.str.replace_all("\n", "\r\n")).otherwise(result)).to_series()
    return result


def _filled(forms: pl.Series, **parts: pl.Series) -> pl.Series:
    """Forms with `{name}` replaced by the row's part."""
    frame = pl.DataFrame([forms.rename("form"), *(part.rename(name) for name, part in parts.items())])
    text = pl.col("form")
    for name in parts:
        text = text.str.replace(f"{{{name}}}", pl.col(name), literal=True)
    return frame.select(text).to_series()


def _take(values: pl.Series, places: Positions) -> pl.Series:
    return values.gather(pl.Series(places))
