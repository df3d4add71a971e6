"""Which part of a column's values each nested rule masks: elements of arrays, fields of composites, as columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from testdata_assets.production.catalog import Column

_DRAWING_NOTHING = (None, "null", "keep", "constant")


def part_rules(params: Any, column: Column, domain: str, path: str = "") -> Iterator[tuple[str, str, Column]]:
    """The rules nested in a column's parameters that mask a part with a type of its own.

    Args:
        params: Parameters as the rule has them.
        column: The column; its `parts` say what its values consist of.
        domain: The column's own domain, which is that of rules without one.
        path: Of the parameters within the column's rule.

    Yields:
        Path of the nested rule, its domain, and the part. Parts that have parts again are followed to their end;
        what is kept, emptied or constant is left out.
    """
    for key, rule, part in _nested(params, column):
        where = f"{path}.{key}" if path else key
        inner = rule if isinstance(rule, Mapping) else {"transform": rule}
        if inner.get("transform") in _DRAWING_NOTHING:
            continue
        own = inner.get("domain")
        own = own if isinstance(own, str) else domain
        below = list(part_rules(inner, part, own, where))
        yield from below or [(where, own, part)]


def _nested(params: Any, column: Column) -> Iterator[tuple[str, Any, Column]]:
    if not isinstance(params, Mapping) or not column.parts:
        return
    if column.category == "A":
        if "items" in params:
            yield "items", params["items"], column.parts[0]
        return
    fields = params.get("fields")
    if not isinstance(fields, Mapping):
        return
    for part in column.parts:
        if part.name in fields:
            yield f"fields.{part.name}", fields[part.name], part
