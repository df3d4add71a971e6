"""The single texts inside a column's values: JSON leaves and keys, array elements, composite fields, xml, ...

Works on COPY's text form with escapes undone, with regular expressions over whole columns; nothing is parsed
row by row. Splitting too much is harmless to a search, splitting too little is not.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import polars as pl

from testdata_assets.production.catalog import Column

Shape = Literal["plain", "json", "hstore", "array", "composite", "xml", "lexemes"]

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ELEMENT = r'"(?:[^"\\]|\\.|"")*"|[^,{}()\[\]"]+'
_XML = r">[^<]+<|=\s*\"[^\"]*\"|=\s*'[^']*'"
_LEXEME = r"'(?:[^']|'')*'"
# Types whose text form holds digits and punctuation only.
_WITHOUT_TEXT = frozenset(
    {
        *("int2", "int4", "int8", "float4", "float8", "numeric", "money", "oid", "bool", "bytea", "uuid"),
        *("date", "time", "timetz", "timestamp", "timestamptz", "interval", "bit", "varbit", "inet", "cidr"),
        *(
            "macaddr",
            "macaddr8",
            "point",
            "line",
            "lseg",
            "box",
            "path",
            "polygon",
            "circle",
            "pg_lsn",
            "tsquery",
        ),
        *("int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange", "xid", "tid", "cube"),
        *(
            "int4multirange",
            "int8multirange",
            "nummultirange",
            "datemultirange",
            "tsmultirange",
            "tstzmultirange",
        ),
    }
)


def shape_of(column: Column, also: Collection[str] = ()) -> Shape | None:
    """How to find texts in a column; None where it cannot hold any.

    Args:
        column: The column.
        also: Further base types to read as plain text, because fingerprints come from such columns.
    """
    base = column.base_type
    if base in ("json", "jsonb"):
        return "json"
    if base in ("hstore", "xml"):
        return "hstore" if base == "hstore" else "xml"
    if base == "tsvector":
        return "lexemes"
    if column.category == "E":
        return None  # labels are catalog text
    if column.category == "A":
        return None if base.removeprefix("_") in _WITHOUT_TEXT - set(also) else "array"
    if column.category == "C":
        return "composite"
    return None if base in _WITHOUT_TEXT - set(also) else "plain"


def texts(values: pl.Series, shape: Shape) -> pl.Series:
    """All texts inside a column's values.

    Args:
        values: String series without nulls, COPY escapes undone.
        shape: How to split it.

    Returns:
        String series without nulls; for `plain` the values themselves, otherwise possibly more or fewer.
    """
    if shape == "plain":
        return values
    pattern = {"json": _QUOTED, "hstore": _QUOTED, "xml": _XML, "lexemes": _LEXEME}.get(shape, _ELEMENT)
    found = values.str.extract_all(pattern).explode().drop_nulls().alias("v")
    if found.len() == 0:
        return found
    if shape == "json":
        return _without_json_escapes(found)
    if shape == "xml":
        inner = found.str.strip_prefix("=").str.strip_chars().str.strip_chars("><\"'")
        return _without_entities(inner)
    if shape == "lexemes":
        return found.str.slice(1, found.str.len_chars() - 2).str.replace_all("''", "'", literal=True)
    return _without_quotes(found)


def _without_json_escapes(found: pl.Series) -> pl.Series:
    """JSON strings with their quotes to plain text; only those with a backslash are decoded."""
    bare = pl.col("v").str.slice(1, pl.col("v").str.len_chars() - 2)
    frame = found.to_frame()
    escaped = frame.filter(pl.col("v").str.contains("\\", literal=True))
    if escaped.height == 0:
        return frame.select(bare).to_series()
    plain = frame.filter(~pl.col("v").str.contains("\\", literal=True)).select(bare).to_series()
    try:
        decoded = escaped.get_column("v").str.json_decode(pl.String).drop_nulls()
    except pl.exceptions.PolarsError:  # lone surrogates, which json (not jsonb) may hold: keep the escapes
        decoded = escaped.select(bare).to_series()
    return plain.append(decoded)


def _without_quotes(found: pl.Series) -> pl.Series:
    """Array elements, composite fields and hstore strings to plain text."""
    quoted = pl.col("v").str.starts_with('"') & pl.col("v").str.ends_with('"')
    inner = pl.col("v").str.slice(1, pl.col("v").str.len_chars() - 2)
    undone = inner.str.replace_all(r'\\(.)|"(")', "$1$2")
    elements = found.to_frame().select(pl.when(quoted).then(undone).otherwise(pl.col("v"))).to_series()
    nested = elements.filter(elements.str.contains(r"^[({\[].*[\])}]$"))
    if nested.len() == 0:
        return elements
    # A composite in an array, JSON in an array: its escapes were just undone, so it splits the same way.
    return elements.append(_without_quotes(nested.str.extract_all(_ELEMENT).explode().drop_nulls().alias("v")))


def _without_entities(found: pl.Series) -> pl.Series:
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        found = found.str.replace_all(entity, character, literal=True)
    return found
