"""What an image holds beside rows: names of its objects, and large objects.

The planner's statistics (pg_statistic, pg_statistic_ext_data) hold values, too. They are not read: the image's own
ANALYZE made them of rows that are searched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from testdata_assets.postgres.sql_files import load_queries
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.long_values import OVERLAP, whole_characters
from testdata_assets.validation.text_values import decoded

_PIECE = 16 << 20
_LARGE_OBJECTS = f"""
SELECT l.oid, piece, '\\x' || encode(lo_get(l.oid, piece * {_PIECE}::bigint, {_PIECE + OVERLAP}), 'hex')
FROM pg_catalog.pg_largeobject_metadata l
CROSS JOIN LATERAL generate_series(0, (SELECT coalesce(max(pageno), 0) FROM pg_catalog.pg_largeobject p
    WHERE p.loid = l.oid)::bigint * 2048 / {_PIECE}) AS piece
"""  # noqa: S608  nothing but constants


@dataclass(frozen=True)
class ObjectName:
    """The name of an object.

    Attributes:
        kind: `table`, `column`, ...
        name: The name, raw.
        told_as: The object without its name, by its place among others: `column 3 of public.more`.
        depth: 0 for schemas and what is in none, 1 for what is in a schema, 2 for what is in one of these.
    """

    kind: str
    name: str
    told_as: str
    depth: int


def object_names(reader: ImageReader) -> list[ObjectName]:
    """The names of all objects that users make."""
    with reader.connect() as conn:
        rows = conn.execute(load_queries("testdata_assets.validation")["object_names"]).fetchall()
    return [
        ObjectName(kind, name, f"{kind} {place} of {within or 'the database'}", depth)
        for depth, kind, within, place, name in rows
    ]


def large_objects(reader: ImageReader) -> Iterator[tuple[pl.Series, pl.Series]]:
    """Yields numbers and texts of large objects that are UTF-8, those over 16 MB in pieces."""
    with reader.connect() as conn:
        if conn.execute("SELECT 1 FROM pg_catalog.pg_largeobject_metadata LIMIT 1").fetchone() is None:
            return
    for frame in reader.query(_LARGE_OBJECTS, ["number", "piece", "v"]):
        raw = frame.get_column("v").str.strip_prefix("\\")
        # A cut may fall into a character; only objects of several pieces, few, are mended one by one.
        cut = np.flatnonzero(
            (frame.get_column("piece") != "0").to_numpy() | (raw.str.len_bytes() > 2 * _PIECE).to_numpy()
        )
        if len(cut):
            raw = raw.scatter(pl.Series(cut), [_whole_characters(raw[int(row)]) for row in cut])
        yield frame.get_column("number"), decoded(raw, drop=False)


def _whole_characters(piece: str) -> str:
    """A piece of hexadecimal bytes, as psql writes them."""
    return whole_characters(bytes.fromhex(piece.removeprefix("x").removeprefix("\\x"))).hex()
