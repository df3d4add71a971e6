"""Which columns a full-text vector is made of, as far as triggers of its table say so.

Generated vectors take no rule; others are filled by `tsvector_update_trigger` or by a function of somebody's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from testdata_assets.masking.transformers.base import TEXT_TYPES
from testdata_assets.postgres.identifiers import quote_identifier
from testdata_assets.production.catalog import Catalog, Column, Table

_BUILT_IN = re.compile(r"\btsvector_update_trigger\s*\((?P<arguments>[^)]*)\)", re.IGNORECASE)
_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_FUNCTION = re.compile(r"\bEXECUTE (?:FUNCTION|PROCEDURE) (?P<name>[^(]+)\(", re.IGNORECASE)
_CONFIG = re.compile(r"to_tsvector\s*\(\s*'(?P<config>[A-Za-z_][\w.]*)'", re.IGNORECASE)
_COLUMN = re.compile(r'\bnew\s*\.\s*(?:"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[A-Za-z_]\w*))', re.IGNORECASE)


@dataclass(frozen=True)
class Recipe:
    """What a vector is made of.

    Attributes:
        columns: Text columns of its table, in order.
        config: The text search configuration.
    """

    columns: tuple[str, ...]
    config: str


def recipe(catalog: Catalog, table: Table, column: Column) -> Recipe | None:
    """Reads the triggers of a table for what fills a tsvector column; None where they do not tell."""
    texts = frozenset(each.name for each in table.stored_columns if each.base_type in TEXT_TYPES)
    bodies = {each.object.partition("(")[0]: each.text for each in catalog.texts if each.kind == "function"}
    for trigger in catalog.texts:
        # A trigger is called by its table and its name.
        if trigger.kind != "trigger" or f" ON {table.name} " not in trigger.text.replace("ONLY ", ""):
            continue
        found = _built_in(trigger.text, column.name, texts) or _of_function(trigger.text, bodies, column.name, texts)
        if found is not None:
            return found
    return None


def _built_in(trigger: str, column: str, texts: frozenset[str]) -> Recipe | None:
    match = _BUILT_IN.search(trigger)
    arguments = [each.replace("''", "'") for each in _LITERAL.findall(match["arguments"])] if match else []
    if len(arguments) < 3 or arguments[0] != column:
        return None
    return _known(arguments[2:], arguments[1], texts)


def _of_function(trigger: str, bodies: dict[str, str], column: str, texts: frozenset[str]) -> Recipe | None:
    match = _FUNCTION.search(trigger)
    body = bodies.get(match["name"].strip(), "") if match else ""
    name = rf"(?:{re.escape(column)}|{re.escape(quote_identifier(column))})"
    filled = re.search(rf"\bnew\s*\.\s*{name}\s*:?=\s*(?P<made>[^;]*);", body, re.IGNORECASE)
    config = _CONFIG.search(filled["made"]) if filled else None
    if filled is None or config is None:
        return None
    named = (
        found["quoted"].replace('""', '"') if found["quoted"] is not None else found["plain"].lower()
        for found in _COLUMN.finditer(filled["made"])
    )
    return _known(named, config["config"], texts)


def _known(names: Iterable[str], config: str, texts: frozenset[str]) -> Recipe | None:
    """A recipe of columns that are all there and text; what else went in would be lost unseen."""
    columns = tuple(dict.fromkeys(names))
    if not columns or not texts.issuperset(columns):
        return None
    return Recipe(columns, config.removeprefix("pg_catalog."))
