"""SQL kept in files: each room has a `queries.sql` of blocks that open with `-- name: block_name`."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import LiteralString

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)[ \t]*$", re.MULTILINE)


@cache
def load_queries(package: str) -> dict[str, LiteralString]:
    """Reads the blocks of a package's `queries.sql`.

    Returns:
        Block name to SQL text. The text is the project's own, hence a LiteralString for psycopg.

    Raises:
        ValueError: Two blocks share a name, or text stands before the first block.
    """
    text = (files(package) / "queries.sql").read_text(encoding="utf-8")
    marks = list(_NAME.finditer(text))
    before = text[: marks[0].start()] if marks else text
    if any(line.strip() and not line.startswith("--") for line in before.splitlines()):
        raise ValueError(f"{package}/queries.sql has SQL before its first named block")
    queries: dict[str, LiteralString] = {}
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        name = mark.group(1)
        if name in queries:
            raise ValueError(f"{package}/queries.sql names {name} twice")
        body = text[mark.end() : following.start() if following else len(text)].strip()
        queries[name] = body
    return queries
