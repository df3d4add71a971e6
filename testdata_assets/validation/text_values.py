"""The single texts inside a column's values: JSON leaves and keys, array elements, composite fields, xml, ...

Works on COPY's text form with escapes undone, with regular expressions over whole columns; nothing is parsed
row by row. Splitting too much is harmless to a search, splitting too little is not.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from testdata_assets.production.catalog import Column
from testdata_assets.validation.escapes import without_entities

Shape = Literal["plain", "json", "hstore", "array", "composite", "xml", "lexemes", "number", "bytes"]

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ELEMENT = r'"(?:[^"\\]|\\.|"")*"|[^,{}()\[\]"]+'
_XML = r">[^<]+<|=\s*\"[^\"]*\"|=\s*'[^']*'"
_LEXEME = r"'(?:[^']|'')*'"
_PLACED = r"'(?:[^']|'')*'(?::[0-9A-D,]+)?"
# Their text form may be a phone or a card number.
_NUMBERS = frozenset({"int4", "int8", "numeric", "float4", "float8", "money"})
# Arrays of the others are vectors and measures.
_NUMBERS_IN_ARRAYS = frozenset({"int4", "int8", "numeric"})
# Bytes in hexadecimal form inside arrays and composites, their backslash doubled at each level of quoting.
_BYTES_INSIDE = r"\\+x(?:[0-9a-f]{2})+"
# Bytes of the character that a byte begins; 0 where it continues one.
_NO_LEAD = 255
_UTF8_LENGTHS = np.full(256, _NO_LEAD, np.uint8)
_UTF8_LENGTHS[:0x80], _UTF8_LENGTHS[0x80:0xC0] = 1, 0
_UTF8_LENGTHS[0xC2:0xE0], _UTF8_LENGTHS[0xE0:0xF0], _UTF8_LENGTHS[0xF0:0xF5] = 2, 3, 4
# Types whose text form holds digits and punctuation only.
_WITHOUT_TEXT = frozenset(
    {
        *("int2", "int4", "int8", "float4", "float8", "numeric", "money", "oid", "bool", "uuid"),
        *("date", "time", "timetz", "timestamp", "timestamptz", "interval", "bit", "varbit"),
        *("point", "line", "lseg", "box", "path", "polygon", "circle", "pg_lsn", "xid", "tid", "cube"),
        *("int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"),
        *("int4multirange", "int8multirange", "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange"),
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
    if base in ("tsvector", "tsquery"):
        return "lexemes"
    if column.category == "E":
        return None  # labels are catalog text
    if base in _NUMBERS or base == "bytea":
        return "bytes" if base == "bytea" else "number"
    if column.category == "A":
        return None if base.removeprefix("_") in _WITHOUT_TEXT - _NUMBERS_IN_ARRAYS - set(also) else "array"
    if column.category == "C":
        return "composite"
    return None if base in _WITHOUT_TEXT - set(also) else "plain"


def texts(values: pl.Series, shape: Shape) -> pl.Series:
    """All texts inside a column's values.

    Args:
        values: String series without nulls, COPY escapes undone.
        shape: How to split it.

    Returns:
        String series without nulls; for `plain` and `number` the values themselves, otherwise possibly more or fewer.
    """
    if shape in ("plain", "number"):
        return values
    if shape == "bytes":
        return decoded(values)
    pattern = {"json": _QUOTED, "hstore": _QUOTED, "xml": _XML, "lexemes": _LEXEME}.get(shape, _ELEMENT)
    found = values.str.extract_all(pattern).explode().drop_nulls().alias("v")
    if found.len() == 0:
        return found
    if shape == "json":
        return _without_json_escapes(found)
    if shape == "xml":
        inner = found.str.strip_prefix("=").str.strip_chars().str.strip_chars("><\"'")
        return without_entities(inner)
    if shape == "lexemes":
        return found.str.slice(1, found.str.len_chars() - 2).str.replace_all("''", "'", literal=True)
    elements = _without_quotes(found)
    inside = elements.filter(elements.str.contains(rf"^{_BYTES_INSIDE}$"))
    return elements.append(_bytes_as_text(inside)) if inside.len() else elements


def _bytes_as_text(found: pl.Series) -> pl.Series:
    """The texts among bytes in hexadecimal form, however many backslashes these have."""
    return decoded("\\" + found.str.strip_chars_start("\\"))


def whole_texts(values: pl.Series, shape: Shape) -> pl.Series:
    """Each value as one text, in which what belongs together stands side by side; of the same length and order.

    Brackets and quotes stay: to a search for runs of words they are blanks. The words of a tsvector come in the order
    of their positions. What bytes in arrays and composites say stands behind the value.
    """
    if shape == "bytes":
        return decoded(values, drop=False)
    if shape in ("array", "composite"):
        return _with_bytes(values)
    if shape != "lexemes":
        return values
    words = (
        values.alias("v")
        .to_frame()
        .with_row_index("row")
        .with_columns(pl.col("v").str.extract_all(_PLACED))
        .explode("v")
        .with_columns(
            word=pl.col("v").str.extract(r"^'((?:[^']|'')*)'"),
            place=pl.col("v").str.extract_all(r":[0-9A-D,]+$").list.first().str.extract_all(r"\d+"),
        )
        .explode("place")
        .sort("row", pl.col("place").cast(pl.Int32), nulls_last=True, maintain_order=True)
    )
    plain = pl.col("word").drop_nulls().str.replace_all("''", "'", literal=True)
    joined = words.group_by("row", maintain_order=True).agg(plain.str.join(" "))
    rows = pl.select(pl.int_range(len(values), dtype=pl.get_index_type()).alias("row"))
    # An empty vector has no words, and so no row above.
    return rows.join(joined, on="row", how="left", maintain_order="left").get_column("word").fill_null("").alias("v")


def _with_bytes(values: pl.Series) -> pl.Series:
    holding = values.str.contains(_BYTES_INSIDE)
    if not holding.any():
        return values
    rows = np.flatnonzero(holding.to_numpy())
    parts = values.gather(pl.Series(rows)).str.extract_all(_BYTES_INSIDE)
    single = parts.explode()
    said = decoded("\\" + single.str.strip_chars_start("\\"), drop=False)
    owners = pl.Series(np.repeat(rows, parts.list.len().to_numpy()))
    joined = (
        pl.DataFrame({"row": owners, "v": said}).group_by("row", maintain_order=True).agg(pl.col("v").str.join("\n"))
    )
    before = values.gather(joined.get_column("row"))
    return values.clone().scatter(joined.get_column("row"), before + "\n" + joined.get_column("v"))


def decoded(values: pl.Series, *, drop: bool = True) -> pl.Series:
    """The text of bytea values in hex form that are UTF-8; of others none, or with `drop` off an empty one."""
    raw = values.str.strip_prefix("\\x").str.decode("hex", strict=False).fill_null(b"").alias("v")
    right = pl.Series(_is_utf8(raw))
    if drop:
        return raw.filter(right).cast(pl.String)
    return raw.to_frame().select(pl.when(right).then(pl.col("v")).otherwise(pl.lit(b""))).to_series().cast(pl.String)


def _is_utf8(values: pl.Series) -> npt.NDArray[np.bool_]:
    """Which binary values are well-formed UTF-8 (RFC 3629, section 4)."""
    right = np.ones(len(values), np.bool_)
    array = values.to_arrow().cast(pa.large_binary())
    _, offset_buffer, data_buffer = array.buffers()
    if not len(array) or data_buffer is None:
        return right
    offsets = np.frombuffer(offset_buffer, np.int64, len(array) + 1, array.offset * 8)
    data = np.frombuffer(data_buffer, np.uint8)[offsets[0] : offsets[-1]]
    offsets = offsets - offsets[0]
    if not len(data) or data.max() < 0x80:
        return right
    padded = np.concatenate((data, np.zeros(4, np.uint8)))  # so that every byte has three behind it
    begins = np.zeros(len(padded), np.bool_)
    begins[offsets] = True
    size = _UTF8_LENGTHS[data]
    bad = size == _NO_LEAD
    wanted = np.zeros(len(padded), np.bool_)  # bytes that must continue a character
    apart = np.zeros(len(data), np.bool_)
    for step in (1, 2, 3):
        apart |= begins[step : step + len(data)]
        longer = (size > step) & ~bad
        bad |= longer & apart
        wanted[step : step + len(data)] |= longer & ~apart
    bad |= (size == 0) != wanted[: len(data)]
    second = padded[1 : len(data) + 1]
    bad |= ((data == 0xE0) & (second < 0xA0)) | ((data == 0xED) & (second > 0x9F))
    bad |= ((data == 0xF0) & (second < 0x90)) | ((data == 0xF4) & (second > 0x8F))
    right[np.searchsorted(offsets, np.flatnonzero(bad), side="right") - 1] = False
    return right


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
