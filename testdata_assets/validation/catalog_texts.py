"""What an image holds beside rows: names of its objects, statistics kept for the planner, large objects."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from testdata_assets.production.catalog import CatalogText
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.long_values import whole_characters
from testdata_assets.validation.text_values import decoded

_USER_SCHEMAS = "nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'"
_NAMES = f"""
WITH user_schemas AS (SELECT oid, nspname FROM pg_catalog.pg_namespace WHERE {_USER_SCHEMAS})
SELECT 'schema', nspname, nspname FROM user_schemas
UNION ALL SELECT 'relation', format('%I.%I', nspname, relname), relname
  FROM pg_catalog.pg_class c JOIN user_schemas u ON u.oid = c.relnamespace
UNION ALL SELECT 'column', format('%I.%I.%I', nspname, relname, attname), attname
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind <> 'i'
  JOIN user_schemas u ON u.oid = c.relnamespace WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'constraint', format('%I.%I', nspname, conname), conname
  FROM pg_catalog.pg_constraint k JOIN user_schemas u ON u.oid = k.connamespace
UNION ALL SELECT 'type', format('%I.%I', nspname, typname), typname
  FROM pg_catalog.pg_type t JOIN user_schemas u ON u.oid = t.typnamespace WHERE t.typrelid = 0 AND t.typelem = 0
UNION ALL SELECT 'function', format('%I.%I', nspname, proname),
  concat_ws(' ', proname, array_to_string(proargnames, ' '))
  FROM pg_catalog.pg_proc p JOIN user_schemas u ON u.oid = p.pronamespace
"""  # noqa: S608  nothing but constants
_PIECE = 16 << 20
# Pieces overlap, so that nothing is cut in two.
_OVERLAP = 4096
_LARGE_OBJECTS = f"""
SELECT l.oid, piece, '\\x' || encode(lo_get(l.oid, piece * {_PIECE}::bigint, {_PIECE + _OVERLAP}), 'hex')
FROM pg_catalog.pg_largeobject_metadata l
CROSS JOIN LATERAL generate_series(0, (SELECT coalesce(max(pageno), 0) FROM pg_catalog.pg_largeobject p
    WHERE p.loid = l.oid)::bigint * 2048 / {_PIECE}) AS piece
"""  # noqa: S608  nothing but constants


def object_names(reader: ImageReader) -> list[CatalogText]:
    """The names of all objects that users make."""
    with reader.connect() as conn:
        rows = conn.execute(_NAMES.encode()).fetchall()
    return [CatalogText(f"{kind}_name", name, text) for kind, name, text in rows]


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
