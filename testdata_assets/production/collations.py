"""Collations as values: how a database sorts by default, and the collations it made itself.

Which columns of `pg_database` and `pg_collation` say so changed from version to version, hence whole rows are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from testdata_assets.postgres.identifiers import TableName

_PROVIDERS = {"b": "builtin", "c": "libc", "i": "icu", "d": "default"}
# Sorted by code point, whoever does it.
_BY_CODE_POINT = frozenset({"c", "posix", "cutf8", "pgunicodefast"})


@dataclass(frozen=True)
class Collation:
    """One collation.

    Attributes:
        name: Its schema and name; None for a database's default.
        provider: builtin, libc or icu.
        locale: Of sorting.
        ctype: Of character classes (libc).
        deterministic: False where different texts may be equal, as under case-blind collations.
        rules: Rules added to the locale's (ICU).
    """

    name: TableName | None
    provider: str
    locale: str
    ctype: str = ""
    deterministic: bool = True
    rules: str | None = None

    @classmethod
    def made(cls, name: TableName, row: Mapping[str, Any]) -> Collation:
        """From a row of pg_collation."""
        sorting = row.get("colllocale") or row.get("colliculocale") or row.get("collcollate") or ""
        return cls(
            name,
            _PROVIDERS.get(str(row["collprovider"]), str(row["collprovider"])),
            str(sorting),
            str(row.get("collctype") or ""),
            bool(row.get("collisdeterministic", True)),
            row.get("collicurules"),
        )

    @classmethod
    def default_of(cls, row: Mapping[str, Any]) -> Collation:
        """From a row of pg_database."""
        provider = _PROVIDERS.get(str(row.get("datlocprovider") or "c"), "libc")
        other = row.get("datlocale") or row.get("daticulocale")
        sorting = row["datcollate"] if provider == "libc" else other
        return cls(None, provider, str(sorting or ""), str(row.get("datctype") or ""), rules=row.get("daticurules"))

    def sorts_like(self, other: Collation) -> bool:
        """Whether two databases sort texts alike, as far as names tell."""
        ours, theirs = self._plain, other._plain
        if ours in _BY_CODE_POINT and theirs in _BY_CODE_POINT:
            return "icu" not in (self.provider, other.provider)
        return (self.provider, ours, self.rules or "") == (other.provider, theirs, other.rules or "")

    @property
    def _plain(self) -> str:
        return "".join(char for char in self.locale.lower() if char.isalnum())

    def creation(self, name: sql.Composable) -> sql.Composed:
        """The statement that makes it under another name."""
        said: list[tuple[str, sql.Composable]] = [("provider", sql.Identifier(self.provider))]
        if self.provider == "libc":
            said += [("lc_collate", sql.Literal(self.locale)), ("lc_ctype", sql.Literal(self.ctype))]
        else:
            said.append(("locale", sql.Literal(self.locale)))
        if not self.deterministic:
            said.append(("deterministic", sql.SQL("false")))
        if self.rules:
            said.append(("rules", sql.Literal(self.rules)))
        options = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.SQL(key), value) for key, value in said)
        return sql.SQL("CREATE COLLATION {} ({})").format(name, options)

    def __str__(self) -> str:
        name = f"{self.name} " if self.name is not None else ""
        return f"{name}({self.provider} {self.locale}{'' if self.deterministic else ', nondeterministic'})"
