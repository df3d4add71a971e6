"""A before/after table that shows no real value: the masked value beside the shape of the raw one.

Raw values are read from the source, turned into shapes at once and dropped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.source import guard_options

_WIDTH = 40
_KEY = "id"  # rows are found again by an unmasked key of this name


@dataclass(frozen=True)
class Compared:
    """One masked value and what the raw one looked like."""

    column: str
    transformer: str
    before: str
    after: str


def shape(text: str) -> str:
    """Letters become A, a or (of scripts without case) x, digits 9, symbols *; marks and punctuation stay.

    >>> shape("Óscar O'Neill-42")
    "Aaaaa A'Aaaaa-99"
    """
    return "".join(_class_of(character) for character in text)


def compare_some(source: Dsn, branch: Dsn, masked: Sequence[dict[str, Any]], rows: int = 10) -> list[Compared]:
    """One row for each kind of transformer, from tables with an unmasked `id`.

    Args:
        source: Production.
        branch: A branch of the image (the image itself takes no connections).
        masked: The image's masked columns, as the registry has them.
        rows: At most so many.
    """
    hidden = {(column["table"], column["column"]) for column in masked}
    found: list[Compared] = []
    seen: set[str] = set()
    with connect(source, role="source", options=guard_options()) as before, connect(branch, role="branch") as after:
        for column in masked:
            if column["transformer"] in seen or len(found) == rows or (column["table"], _KEY) in hidden:
                continue
            one = _compare(before, after, column)
            if one is not None:
                seen.add(column["transformer"])
                found.append(one)
    return found


def _compare(
    before: psycopg.Connection[Any], after: psycopg.Connection[Any], column: dict[str, Any]
) -> Compared | None:
    table = TableName.parse(column["table"])
    names = {"table": sql.Identifier(table.schema, table.name), "column": sql.Identifier(column["column"])}
    row = after.execute(
        sql.SQL("SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass({}) AND attname = {}").format(
            sql.Literal(table.sql), sql.Literal(_KEY)
        )
    ).fetchone()
    if row is None or row[0] == 0:
        return None
    # The longest of the first hundred says more than the first.
    masked = after.execute(
        sql.SQL(
            "SELECT id, value FROM (SELECT id, {column}::text AS value FROM {table} WHERE {column} IS NOT NULL"
            " ORDER BY id LIMIT 100) AS first ORDER BY length(value) DESC, id LIMIT 1"
        ).format(**names)
    ).fetchone()
    if masked is None:
        return None
    raw = before.execute(sql.SQL("SELECT {column}::text FROM {table} WHERE id = %s").format(**names), (masked[0],))
    value = raw.fetchone()
    before_shape = shape(_cut(value[0])) if value and value[0] is not None else ""
    return Compared(f"{table}.{column['column']}", column["transformer"], before_shape, _cut(masked[1]))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"


def _class_of(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Lu", "Lt"):
        return "A"
    if category == "Ll":
        return "a"
    if category in ("Lo", "Lm"):
        return "x"
    if category.startswith("N"):
        return "9"
    return "*" if category in ("So", "Sk", "Co", "Cn") else character
