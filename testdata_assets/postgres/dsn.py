"""A connection string that hides its password wherever it is printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from testdata_assets.errors import UsageFault


@dataclass(frozen=True, repr=False)
class Dsn:
    """libpq parameters. `str()` and `repr()` are redacted; `secret()` is not."""

    parameters: tuple[tuple[str, str], ...]

    @classmethod
    def from_string(cls, text: str, *, where: str = "DSN") -> Dsn:
        """Reads a URI or a keyword/value string.

        Raises:
            UsageFault: It is neither; the text itself is never repeated, as it may hold a password.
        """
        try:
            parsed = conninfo_to_dict(text)
        except psycopg.ProgrammingError:
            raise UsageFault(
                "The connection string does not parse",
                where=where,
                remedy="Write postgresql://user:password@host:port/database, special characters percent-encoded.",
                code="dsn-invalid",
            ) from None
        return cls(tuple(sorted((name, str(value)) for name, value in parsed.items())))

    @classmethod
    def of(cls, **parameters: str | int) -> Dsn:
        return cls(tuple(sorted((name, str(value)) for name, value in parameters.items())))

    @property
    def _map(self) -> Mapping[str, str]:
        return dict(self.parameters)

    def _replace(self, **changes: str | None) -> Dsn:
        merged = {**self._map, **{name: value for name, value in changes.items() if value is not None}}
        return Dsn(tuple(sorted(merged.items())))

    def with_database(self, name: str) -> Dsn:
        return self._replace(dbname=name)

    def with_user(self, user: str, password: str) -> Dsn:
        return self._replace(user=user, password=password)

    def with_options(self, options: str) -> Dsn:
        """Adds libpq `options` (server settings) to those already there."""
        return self._replace(options=f"{self._map.get('options', '')} {options}".strip())

    @property
    def database(self) -> str:
        return self._map.get("dbname") or self._map.get("user") or "postgres"

    @property
    def host(self) -> str:
        return self._map.get("host", "localhost")

    @property
    def port(self) -> str:
        return self._map.get("port", "5432")

    @property
    def user(self) -> str | None:
        return self._map.get("user")

    @property
    def password(self) -> str | None:
        return self._map.get("password")

    def conninfo(self) -> str:
        """Keyword/value form with the password, for psycopg. Secret."""
        return make_conninfo("", **self._map)

    def conninfo_without_password(self) -> str:
        """Keyword/value form for a child process's arguments; its password goes through PGPASSWORD."""
        return make_conninfo("", **{name: value for name, value in self._map.items() if name != "password"})

    def secret(self) -> str:
        """The full URI with the password. Never log it."""
        return self._uri(hide=False)

    def redacted(self) -> str:
        """The URI with the password replaced by ***."""
        return self._uri(hide=True)

    def _uri(self, *, hide: bool) -> str:
        rest = dict(self._map)
        user, password = rest.pop("user", ""), rest.pop("password", None)
        host, port, database = rest.pop("host", ""), rest.pop("port", ""), rest.pop("dbname", "")
        if host.startswith("/"):  # a socket folder has no place in the authority part
            rest["host"], host = host, ""
        if hide:
            rest = {name: value for name, value in rest.items() if "password" not in name}
        if ":" in host:
            host = f"[{host}]"
        login = quote(user, safe="")
        if password is not None:
            login += ":" + ("***" if hide else quote(password, safe=""))
        address = (f"{login}@" if login else "") + host + (f":{port}" if port else "")
        query = f"?{urlencode(rest, quote_via=quote)}" if rest else ""
        return f"postgresql://{address}/{quote(database, safe='')}{query}"

    def __str__(self) -> str:
        return self.redacted()

    def __repr__(self) -> str:
        return f"Dsn({self.redacted()!r})"
