"""Names of tables and columns: parsing what rules say and quoting what SQL wants."""

from __future__ import annotations

import re
from dataclasses import dataclass

from testdata_assets.errors import UsageFault

_PART = r'("(?:[^"]|"")+"|[^\s."]+)'
_TABLE = re.compile(rf"{_PART}\.{_PART}")
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")


def quote_identifier(name: str) -> str:
    """Quotes always; doubling inner quotes. For SQL text handed to psql; psycopg callers use sql.Identifier."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, order=True)
class TableName:
    """A schema-qualified table, as raw (unquoted, case-preserved) identifiers."""

    schema: str
    name: str

    @classmethod
    def parse(cls, text: str) -> TableName:
        """Reads `schema.table`, each part quoted as in SQL where it must be; unquoted parts fold to lower case."""
        match = _TABLE.fullmatch(text)
        if match is None:
            raise UsageFault(
                f"{text!r} is not a table name",
                where=text,
                remedy="Write schema.table, with double quotes around parts that have capitals or special characters.",
            )
        parts = (part[1:-1].replace('""', '"') if part[0] == '"' else part.lower() for part in match.groups())
        return cls(*parts)

    @property
    def sql(self) -> str:
        """Both parts quoted, for SQL text."""
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}"

    def __str__(self) -> str:
        """The form used in rules and messages: quoted only where it must be."""
        return ".".join(part if _PLAIN.match(part) else quote_identifier(part) for part in (self.schema, self.name))
