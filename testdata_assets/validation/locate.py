"""Which rows a finding is about: their primary keys as they are in the image, where those may be shown.

Runs only where something was found, reads those columns once more, and stops when enough rows are known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column
from testdata_assets.validation import long_values
from testdata_assets.validation.column_hits import INSIDE, ColumnHits, Role, kind_of
from testdata_assets.validation.image_reader import CTID, ImageReader, Slice
from testdata_assets.validation.leaks import LeakDetector

if TYPE_CHECKING:
    from testdata_assets.validation.scan_columns import ColumnScan

Places = npt.NDArray[np.int64]

# Keys of these types are numbers nobody gave a person; whether a text key may be shown is not known, so it is not.
_SHOWN = frozenset({"int2", "int4", "int8", "uuid", "date", "timestamp", "timestamptz"})


def locate(
    reader: ImageReader,
    image: Catalog,
    entry: ColumnScan,
    detector: LeakDetector,
    most: int,
    clean: Collection[tuple[str, str]],
) -> dict[str, tuple[str, ...]]:
    """Keys of a few rows for each kind of finding of a column.

    Args:
        reader: Of the image.
        image: Its catalog.
        entry: The column, searched.
        detector: The same that searched it.
        most: How many rows of a kind.
        clean: (table, column) of what was searched without a finding: only such columns' values are shown.

    Returns:
        For each kind the primary keys, as `7` or `7, 2024-01-01`, or `ctid (0,5)` where there is none to show.
    """
    missing = {kind: most for kind in {found.kind for found in entry.leak_findings()}}
    found: dict[str, list[str]] = {kind: [] for kind in missing}
    name = TableName.parse(entry.table)
    columns = _columns(reader, image, name)
    keys = _keys(image, name, columns)
    if any(each.name == entry.column or (entry.table, each.name) not in clean for each in keys):
        keys = ()  # the key itself may be what leaked
    column = next(each for each in columns if each.name == entry.column)
    others = tuple(each for each in keys if each.name != column.name)
    for frame in reader.blocks(Slice(name, (column, *others), ctid=True)):
        rows = frame.filter(pl.col(column.name).is_not_null())
        for kind, places in _rows(rows.get_column(column.name), entry, detector, missing).items():
            chosen = places[: most - len(found[kind])]
            found[kind] += _shown(rows[pl.Series(chosen)], keys)
            if len(found[kind]) >= most:
                missing.pop(kind)
        if not missing:
            break
    return {kind: tuple(shown) for kind, shown in found.items()}


def _columns(reader: ImageReader, image: Catalog, name: TableName) -> tuple[Column, ...]:
    table = image.table(name)
    if table is not None:
        return (*table.stored_columns, *table.derived_columns)
    with reader.connect() as conn:
        return next(columns for view, columns in reader.materialized_views(conn) if view == name)


def _keys(image: Catalog, name: TableName, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The primary key, if all of it may be shown."""
    by_name = {column.name: column for column in columns}
    for index in image.unique_indexes:
        if index.table == name and index.primary and all(each in by_name for each in index.columns):
            keys = tuple(by_name[each] for each in index.columns)
            return keys if all(each.base_type in _SHOWN for each in keys) else ()
    return ()


def _shown(rows: pl.DataFrame, keys: tuple[Column, ...]) -> list[str]:
    if not keys:
        return [f"ctid {place}" for place in rows.get_column(CTID).to_list()]
    return rows.select(pl.concat_str([pl.col(key.name) for key in keys], separator=", ")).to_series().to_list()


def _rows(values: pl.Series, entry: ColumnScan, detector: LeakDetector, missing: dict[str, int]) -> dict[str, Places]:
    """Places of values by kind; long values are looked at in the portions they were searched in."""
    long: dict[int, memoryview] = {}
    short = values
    if entry.parts is None:
        short, long = long_values.apart(values)
    found = _rows_of_short(short, entry, detector, missing) if short.len() else {}
    if not long:
        return found
    places = np.delete(np.arange(values.len()), list(long))
    told = {kind: places[rows].tolist() for kind, rows in found.items()}
    for row, value in long.items():
        for kind in _kinds_of_long(value, entry, detector) & set(missing):
            told.setdefault(kind, []).append(row)
    return {kind: np.unique(np.array(rows, np.int64)) for kind, rows in told.items()}


def _kinds_of_long(value: memoryview, entry: ColumnScan, detector: LeakDetector) -> set[str]:
    """What was found in a value of many megabytes."""
    found: set[str] = set()
    for portion in long_values.portions(value, entry.shape):
        for role, hits in entry.probe(portion, detector).items():
            found |= _kinds(entry, role, hits)
    return found


def _rows_of_short(
    values: pl.Series, entry: ColumnScan, detector: LeakDetector, missing: dict[str, int]
) -> dict[str, Places]:
    """Places of values by kind; those that the search cannot tell are found by halving."""
    wanted = set(missing)
    told: dict[str, list[Places]] = {}
    here: set[str] = set()
    for role, hits in entry.probe(values, detector, located=True).items():
        kinds = _kinds(entry, role, hits) & wanted
        here |= kinds
        for place, parts in (hits.located or {}).items():
            if kind_of(*place) in kinds:
                told.setdefault(kind_of(*place), []).extend(parts)
    found = {kind: np.unique(np.concatenate(parts)) for kind, parts in told.items()}
    halved: dict[str, list[int]] = {}
    for kind in here - set(found):
        inside = found.get(f"{kind}{INSIDE}")
        if inside is not None:  # what is a part of a value is inside its text, too
            halved[kind] = inside.tolist()
            continue
        halved[kind] = list(_halve(values, 0, entry, detector, kind, missing[kind]))
    return found | {kind: np.array(places, np.int64) for kind, places in halved.items()}


def _halve(
    values: pl.Series, start: int, entry: ColumnScan, detector: LeakDetector, kind: str, most: int
) -> Iterator[int]:
    """Places of values that hold a kind, by looking at one half after the other."""
    stack = [(start, start + values.len())]
    given = 0
    while stack and given < most:
        low, high = stack.pop()
        part = values.slice(low - start, high - low)
        if not any(kind in _kinds(entry, role, hits) for role, hits in entry.probe(part, detector).items()):
            continue
        if high - low == 1:
            given += 1
            yield low
        else:
            middle = (low + high) // 2
            stack += [(middle, high), (low, middle)]


def _kinds(entry: ColumnScan, role: Role, hits: ColumnHits) -> set[str]:
    """What was found in some values, as far as it counts in the whole column."""
    whole = entry.leaks.get(role)
    counted = set() if whole is None else set(whole.counted())
    return {kind_of(*place) for place in (hits.places | {(origin, False) for origin in hits.shared}) & counted}
