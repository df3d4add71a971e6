"""Whom a row is about: random words drawn from a row's entity key, the same in every table and column.

What `identity` and `address` draw for a row hangs on the entity alone, so that all parts of a row agree, and so do
the rows of other tables that name the same entity. The draws belong to a group rather than a domain: parts are
written to columns of different domains.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.transformers.base import MaskContext, Rows
from testdata_assets.masking.transformers.text import fold

_UUID = r"\A[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\z"
_BETWEEN = "\x1f"


def entity_columns(entity: str | tuple[str, ...]) -> tuple[str, ...]:
    """The columns of an `entity` parameter."""
    return (entity,) if isinstance(entity, str) else entity


def entity_seeds(
    values: pl.Series, rows: Rows, columns: tuple[str, ...], keyed: KeyedHash, context: MaskContext
) -> tuple[Words, Words]:
    """Two random words per row, equal for equal entities.

    An integer 7 and a text '7' are one entity, so are uuids whatever their case, and the padding of char(n) does not
    count. Where a part of the key is NULL the column's own value stands for the entity.

    Args:
        values: n values of the column itself; a NULL among them, without an entity, gets words without meaning.
        rows: The rows.
        columns: The entity's key.
        keyed: Hash of the group.
        context: Whether case counts in the column's own values.

    Returns:
        Two arrays of n words, each uniform in [0, 2**60).
    """
    frame = pl.DataFrame([rows.original(name).rename(f"k{number}") for number, name in enumerate(columns)])
    bare = [pl.col(name).str.strip_chars_end(" ") for name in frame.columns]
    parts = [pl.when(each.str.contains(_UUID)).then(each.str.to_lowercase()).otherwise(each) for each in bare]
    keys = frame.select(pl.concat_str(parts, separator=_BETWEEN)).to_series()
    found: Words = np.zeros((2, len(values)), np.uint64)
    known = keys.is_not_null()
    _draw_into(found, known, keys, keyed.for_purpose("entity"))
    own = fold(values) if context.fold_case else values
    _draw_into(found, ~known & values.is_not_null(), own, keyed.for_purpose("value"))
    return found[0], found[1]


def _draw_into(found: Words, chosen: pl.Series, keys: pl.Series, keyed: KeyedHash) -> None:
    rows = np.flatnonzero(chosen.to_numpy())
    if len(rows):
        found[:, rows] = keyed.draws(keys if len(rows) == len(keys) else keys.gather(pl.Series(rows)))
