"""What a transformer that reads other columns of the row needs: the row's key, and a coordinate's other half."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from testdata_assets.masking.discovery.names import words
from testdata_assets.masking.discovery.vectors import Recipe
from testdata_assets.production.catalog import Column

_LAT = ("lat", "breit", "breed", "bredd", "szer", "enlem")
_LON = ("lon", "lng", "laeng", "lang", "leng", "dlug", "boylam")
_NUMBERS = frozenset({"float4", "float8", "numeric"})


@dataclass(frozen=True)
class Beside:
    """What stands beside a column in its table.

    Attributes:
        key: Columns that tell the rows apart; none if there are none.
        part: Which coordinate the column's name says it holds.
        other: The column with the other coordinate.
        made: The column is made of another one of its row.
        slug_of: The column whose slug it is, nothing else.
        recipe: What a full-text vector is made of.
    """

    key: tuple[str, ...] = ()
    part: Literal["lat", "lon"] | None = None
    other: str | None = None
    made: bool = False
    slug_of: str | None = None
    recipe: Recipe | None = None


def beside(column: Column, table: Iterable[Column], keys: Iterable[tuple[str, ...]]) -> Beside:
    """Looks around a column.

    Args:
        column: The column.
        table: All stored columns of its table.
        keys: Columns that are unique together.
    """
    columns = tuple(table)
    fit = {each.name for each in columns if each.not_null and each.name != column.name}
    places = {each.name: place for place, each in enumerate(columns)}
    key = min(
        (each for each in keys if fit.issuperset(each)),
        key=lambda each: (len(each), [places[name] for name in each]),
        default=(),
    )
    half, rest = _half(column.name)
    if half is None or column.base_type not in _NUMBERS:
        return Beside(key)
    for each in columns:
        other, beyond = _half(each.name)
        if other not in (None, half) and beyond == rest and each.base_type in _NUMBERS:
            return Beside(key, half, each.name)
    return Beside(key)


def _half(name: str) -> tuple[Literal["lat", "lon"] | None, tuple[str, ...]]:
    """Which coordinate a name says, and the words around it: `start_lat` and `start_lng` belong together."""
    parts = words(name)
    for place, word in enumerate(parts):
        rest = parts[:place] + parts[place + 1 :]
        if word.startswith(_LAT):
            return "lat", rest
        if word.startswith(_LON):
            return "lon", rest
    return None, parts
