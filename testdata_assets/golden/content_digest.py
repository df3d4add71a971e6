"""Digests of what an image's tables hold: every row of every table, materialized view and sequence, and large objects.

A digest is SHA-256 over the rows in the order they are stored in, as COPY prints them. An image is never written again
and a copy of it has the same pages, so the order is part of what is attested: a sum of row hashes would not notice
moved rows, and a sum short enough to be cheap can be forged by whoever may choose rows. Hashing happens here, not by
functions of the server that somebody may have replaced inside the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.golden.seal import PINNED, pinned
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName, quote_identifier
from testdata_assets.postgres.sql_files import load_queries
from testdata_assets.postgres.tools import PgTools
from testdata_assets.progress import current_progress

METHOD = "sha256 of COPY text in stored order, slices of 16384 pages"

_SLICE_PAGES = 16_384  # 128 MB of heap; part of the method
_SMALL_PAGES = 256  # 2 MB: below that a session that is open already is quicker than starting psql
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class _Relation:
    name: TableName
    kind: str
    pages: int
    columns: tuple[str, ...]

    def query(self, first: int = 0, last: int | None = None) -> str:
        """The rows in pages `first` to below `last`."""
        names = ", ".join(quote_identifier(column) for column in self.columns)
        where = f" WHERE ctid >= '({first},0)'::pg_catalog.tid" if first else ""
        if last is not None:
            where += f"{' AND' if where else ' WHERE'} ctid < '({last},0)'::pg_catalog.tid"
        return f"SELECT {names} FROM ONLY {self.name.sql}{where}"  # noqa: S608  (identifiers are quoted)


def digest_contents(database: Dsn, tools: PgTools, *, workers: int) -> dict[str, Any]:
    """Reads everything once.

    Args:
        database: An image that is still open, or a copy of one; see `seal.quiet`.
        tools: psql.
        workers: Tables or slices read at a time.

    Returns:
        `{"method", "relations": {"schema.table": hex}, "large_objects": hex or None}`.

    Raises:
        ToolFailed: A table cannot be read.
    """
    with connect(database, role="image database") as conn:
        queries = load_queries("testdata_assets.golden")
        relations = [
            _Relation(TableName(schema, name), kind, pages, tuple(c for c in columns if (kind, c) != ("S", "log_cnt")))
            for schema, name, kind, pages, columns in conn.execute(queries["content_relations"])
        ]
        large_objects = _large_objects(conn)
    small = [each for each in relations if each.pages < _SMALL_PAGES]
    big = sorted((each for each in relations if each.pages >= _SMALL_PAGES), key=lambda each: -each.pages)
    digests: dict[str, str] = {}
    with (
        ThreadPoolExecutor(workers, thread_name_prefix="digest") as pool,
        current_progress().task("Digest of every row", sum(each.pages + 1 for each in relations)) as advance,
    ):
        slices = [(each, [pool.submit(_slice, database, tools, query) for query in _slices(each)]) for each in big]
        batches = [pool.submit(_batch, database, small[start::workers]) for start in range(workers)]
        for relation, parts in slices:
            digests[str(relation.name)] = _whole(relation, [part.result() for part in parts])
            advance(relation.pages + 1)
        for batch in batches:
            found = batch.result()
            digests.update(found)
        advance(sum(each.pages + 1 for each in small))
    return {"method": METHOD, "relations": dict(sorted(digests.items())), "large_objects": large_objects}


def content_changes(attested: Any, found: dict[str, Any]) -> list[str]:
    """What is not as attested, in words that name tables and no value; nothing if all is."""
    if not isinstance(attested, dict) or attested.get("method") != found["method"]:
        return ["its attestation does not say what its tables held"]
    before, now = attested.get("relations") or {}, found["relations"]
    changes = [f"{name} is no table of the attested image" for name in sorted(now.keys() - before.keys())]
    changes += [f"the table {name} is gone" for name in sorted(before.keys() - now.keys())]
    changes += [
        f"the contents of {name} are not those attested"
        for name in sorted(now.keys() & before.keys())
        if now[name] != before[name]
    ]
    if attested.get("large_objects") != found["large_objects"]:
        changes.append("the contents of its large objects are not those attested")
    return changes


def _slices(relation: _Relation) -> Iterator[str]:
    edges = list(range(0, relation.pages, _SLICE_PAGES)) or [0]
    for first, last in zip(edges, [*edges[1:], None], strict=True):
        yield relation.query(first, last)


def _slice(database: Dsn, tools: PgTools, query: str) -> bytes | None:
    """Digest of a slice's rows; None if it has none. psql moves the bytes, as one message a row is slow here."""
    digest, rows = hashlib.sha256(), False
    settings = "; ".join(f"SET {name} = '{value}'" for name, value in PINNED.items())
    arguments = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    arguments += [f"--command={settings}", f"--command=COPY ({query}) TO STDOUT"]
    with tools.stream("psql", database, arguments) as pipe:
        while block := pipe.read(_READ_BYTES):
            rows = True
            digest.update(block)
    return digest.digest() if rows else None


def _batch(database: Dsn, relations: Iterable[_Relation]) -> dict[str, str]:
    """Digests of small relations, one after the other in one session."""
    found: dict[str, str] = {}
    with connect(database, role="image database") as conn, pinned(conn), conn.cursor() as cursor:
        for relation in relations:
            digest, rows = hashlib.sha256(), False
            with cursor.copy(f"COPY ({relation.query()}) TO STDOUT".encode()) as copy:
                for line in copy:
                    rows = True
                    digest.update(line)
            found[str(relation.name)] = _whole(relation, [digest.digest() if rows else None])
    return found


def _whole(relation: _Relation, parts: list[bytes | None]) -> str:
    """Digest of a relation: of its kind, its columns in order and its slices' digests, empty ones left out."""
    digest = hashlib.sha256(repr((relation.kind, relation.columns)).encode())
    for part in parts:
        if part is not None:
            digest.update(part)
    return digest.hexdigest()


def _large_objects(conn: psycopg.Connection[Any]) -> str | None:
    """Digest of all large objects' bytes by object; None where there are none."""
    found = conn.execute(load_queries("testdata_assets.golden")["content_large_objects"]).fetchone()
    readable, present = found if found is not None else (False, 0)
    if not present:
        return None
    query = (
        sql.SQL("SELECT loid, pageno, data FROM pg_catalog.pg_largeobject ORDER BY loid, pageno")
        if readable
        else sql.SQL("SELECT oid, pg_catalog.lo_get(oid) FROM pg_catalog.pg_largeobject_metadata ORDER BY oid")
    )
    digest = hashlib.sha256()
    with pinned(conn), conn.cursor() as cursor, cursor.copy(sql.SQL("COPY ({}) TO STDOUT").format(query)) as copy:
        for line in copy:
            digest.update(line)
    return digest.hexdigest()
