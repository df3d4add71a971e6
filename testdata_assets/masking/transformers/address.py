"""address: parts of one invented address, the same in all columns and tables that name the entity."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field, field_validator

from testdata_assets.masking.transformers._drawn_words import cut, in_case_of
from testdata_assets.masking.transformers._entities import entity_columns, entity_seeds
from testdata_assets.masking.transformers._number_types import numeric_limits
from testdata_assets.masking.transformers._places import Addresses, known_countries, lay_out
from testdata_assets.masking.transformers.base import (
    NOTHING,
    TEXT_TYPES,
    Agreement,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Rows,
    RowTransformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.production.catalog import Column

Part = Literal[
    "street", "house_number", "city", "region", "postcode", "country", "country_code", "lat", "lon", "full"
]  # fmt: skip
_NUMBERS = {
    "house_number": frozenset({"int2", "int4", "int8", "numeric"}),
    "lat": frozenset({"float4", "float8", "numeric"}),
    "lon": frozenset({"float4", "float8", "numeric"}),
}
_DEGREE_DIGITS = {"lat": 2, "lon": 3}
_INVENTED = ("street", "full")
_OF_COUNTRY = ("country", "country_code")
_OF_CITY = ("city", "region", "lat", "lon")
_NARROW = 12  # in columns that admit fewer characters a cut street may be a real one


class AddressParams(Params):
    """Parameters of `address`."""

    part: Part = Field(description="What of the address the column holds.")
    entity: str | tuple[str, ...] = Field(
        min_length=1,
        description="Column or columns whose original values say whose address it is: id in customers, "
        "customer_id in orders.",
    )
    keep_country: str | None = Field(
        None,
        min_length=1,
        description="Column that says the country, by name or ISO code: addresses stay in it where its original value "
        "is known. Otherwise countries are drawn.",
    )
    group: str = Field(
        "address", min_length=1, description="Entities of one group with equal keys have one address, in every table."
    )

    @field_validator("entity")
    @classmethod
    def _named(cls, entity: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not all(entity_columns(entity)):
            raise ValueError("an empty name is no column")
        return entity


@register
class Address(RowTransformer[AddressParams]):
    """Draws an address for each entity: an invented street in a real city, with a postcode of its pattern.

    City, region, country and coordinates (within some two kilometres of the city's centre) belong together, and so do
    the parts in all columns and tables whose rules have the same `group`, entity and `keep_country`; domains do not
    matter. Some forty countries are known; a kept country that is not gets a drawn one's address, so mask its column
    with the part country. Where the entity is NULL the column's own value stands for it.

    Keeps NULL and blank values and capitals. A street comes with its number where the value has a digit. A country is
    said as in the value: by two letters, three letters, or its English name. The whole address keeps line breaks,
    their number, and whether commas are used.
    """

    name = "address"
    summary = "Draws parts of one coherent address per entity: street, city, region, postcode, country, coordinates."
    params_model = AddressParams
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.DISJOINT)
    distribution = NOTHING
    base_types = frozenset({"text", "int2", "int4", "int8", "numeric", "float4", "float8"})

    def reads(self) -> tuple[str, ...]:
        kept = self.params.keep_country
        return (*entity_columns(self.params.entity), *(() if kept is None else (kept,)))

    def guarantees_for(self, column: Column) -> Guarantees:
        part = self.params.part
        narrow = column.max_length is not None and column.max_length < _NARROW
        if part in _INVENTED and not narrow:
            return self.guarantees
        # Where there are only a few to draw from, many stay: no rate of change can be asked for.
        few = part in _OF_COUNTRY or (part in _OF_CITY and self.params.keep_country is not None)
        return replace(self.guarantees, coincidence=Coincidence.BY_PART if few else Coincidence.MAY_COINCIDE)

    def expected_changes(self, column: Column, agreement: Agreement) -> float | None:
        """One of some forty countries, or of few places of a country that is kept."""
        part, kept = self.params.part, self.params.keep_country is not None
        if part in _OF_COUNTRY:
            return None if kept else 0.95
        return None if kept and part in _OF_CITY else super().expected_changes(column, agreement)

    def problems(self, column: Column) -> tuple[str, ...]:
        found = super().problems(column)
        if not found and column.base_type not in TEXT_TYPES | _NUMBERS.get(self.params.part, frozenset()):
            return (f"address's {self.params.part} cannot be written to a column of type {column.type}",)
        limits, needed = numeric_limits(column.type), _DEGREE_DIGITS.get(self.params.part)
        if not found and limits is not None and needed is not None and limits[0] - limits[1] < needed:
            return (f"a {self.params.part} has up to {needed} digits before the point, {column.type} fewer",)
        return found

    def apply_rows(self, values: pl.Series, rows: Rows, context: MaskContext) -> pl.Series:
        keyed = context.hash_for(self.params.group).for_purpose("address")
        seeds = entity_seeds(values, rows, entity_columns(self.params.entity), keyed, context)
        kept = self.params.keep_country
        wanted = np.full(len(values), -1, np.int64) if kept is None else known_countries(rows.original(kept))
        latin = pl.Series(["latin"], dtype=pl.String).new_from_index(0, len(values))
        drawn = self._drawn(values, Addresses(seeds, keyed, wanted, latin))
        stays = values.is_null() | (values.str.strip_chars() == "")
        limits = numeric_limits(context.column.type)
        if limits is not None and self.params.part in _DEGREE_DIGITS:
            # What the server would round away need not be written.
            drawn = drawn.str.extract(rf"^(-?[0-9]+(?:\.[0-9]{{1,{max(limits[1], 1)}}})?)")
        drawn = cut(drawn, context.max_length)
        return pl.select(pl.when(stays).then(values).otherwise(drawn).alias(values.name)).to_series()

    def _drawn(self, values: pl.Series, addresses: Addresses) -> pl.Series:
        part = self.params.part
        if part == "house_number":
            return addresses.house_numbers
        if part in ("lat", "lon"):
            return addresses.coordinates(latitude=part == "lat")
        if part == "postcode":
            return addresses.postcodes
        if part == "full":
            return in_case_of(values, lay_out(values, addresses), letters=2)
        if part in _OF_COUNTRY:
            return self._country(values, addresses)
        if part == "street":
            numbered = values.str.contains("[0-9]")
            street = pl.when(numbered).then(addresses.street_lines).otherwise(addresses.streets)
            return in_case_of(values, pl.select(street).to_series(), letters=2)
        drawn = addresses.cities if part == "city" else addresses.regions
        code = values.str.contains(r"\A\s*\p{Lu}{2,3}\s*\z")  # such as NY: says nothing of capitals
        lower = pl.select(pl.when(code).then(pl.lit("Aa")).otherwise(values)).to_series()
        return in_case_of(lower, drawn, letters=2)

    def _country(self, values: pl.Series, addresses: Addresses) -> pl.Series:
        """The country by as many letters as in the value, or its name."""
        bare = values.str.strip_chars()
        three = bare.str.contains(r"\A[A-Za-z]{3}\z")
        two = bare.str.contains(r"\A[A-Za-z]{2}\z")
        other = addresses.codes if self.params.part == "country_code" else addresses.names
        drawn = pl.select(
            pl.when(three).then(addresses.codes3).when(two).then(addresses.codes).otherwise(other)
        ).to_series()
        return in_case_of(values, drawn, letters=2)
