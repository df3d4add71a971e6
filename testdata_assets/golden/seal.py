"""The seal of an image: what tells cheaply, each time a branch is made, that its database is as it was attested.

Three parts. The database as its server lists it (identity, owner, grants, settings). The files it consists of, with
sizes and times, where the administrator may see them. And a digest of every system catalog, which is read inside a
copy, since nobody connects to the image itself. Reading the rows is `content_digest.py`'s job; `docs/security.md` says
what the seal alone would miss.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row, tuple_row

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.sql_files import load_queries

# Texts must not hang on settings that somebody gave the database.
PINNED = {
    "search_path": "",
    "row_security": "off",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "quote_all_identifiers": "off",
    "synchronize_seqscans": "off",
    "max_parallel_workers_per_gather": "0",
    "statement_timeout": "0",
}

# What pg_class keeps about a table's size and age moves with any VACUUM and says nothing of what the table is.
_VOLATILE = {
    "pg_class": {"relpages", "reltuples", "relallvisible", "relallfrozen", "relfrozenxid", "relminmxid"},
}
# Autovacuum keeps statistics of the catalogs that all databases share in whichever database it happens to visit.
_OF_ITS_OWN: dict[str, LiteralString] = {"pg_statistic": "starelid >= 16384"}

_WORDS = {
    "pg_aggregate": "aggregates",
    "pg_attrdef": "column defaults",
    "pg_attribute": "columns and their grants",
    "pg_cast": "casts",
    "pg_class": "tables, indexes, views, sequences, their owners and grants",
    "pg_collation": "collations",
    "pg_constraint": "constraints",
    "pg_default_acl": "default grants",
    "pg_depend": "dependencies",
    "pg_description": "comments",
    "pg_enum": "enum labels",
    "pg_event_trigger": "event triggers",
    "pg_extension": "extensions",
    "pg_foreign_server": "foreign servers",
    "pg_index": "indexes",
    "pg_inherits": "inheritance",
    "pg_largeobject_metadata": "large objects",
    "pg_namespace": "schemas and their grants",
    "pg_operator": "operators",
    "pg_partitioned_table": "partitioning",
    "pg_policy": "row-level security",
    "pg_proc": "functions and their grants",
    "pg_publication": "publications",
    "pg_rewrite": "views and rules",
    "pg_seclabel": "security labels",
    "pg_sequence": "sequences",
    "pg_statistic": "the planner's statistics",
    "pg_statistic_ext": "extended statistics",
    "pg_statistic_ext_data": "the planner's extended statistics",
    "pg_trigger": "triggers",
    "pg_type": "types and their grants",
    "pg_user_mapping": "user mappings",
}

_DATABASE_WORDS = {
    "owner": "its owner",
    "owner_role": "the role that owns its objects",
    "grants": "who may connect",
    "settings": "settings of the database",
    "comment": "the comment on the database",
    "is_template": "whether it is a template",
    "connection_limit": "its connection limit",
}


def quiet(database: Dsn, server: Dsn) -> Dsn:
    """The same database, in whose sessions nothing that was planted there runs as the administrator.

    Event triggers may run at login; only a superuser can switch them off, and only a superuser could plant one.
    """
    with connect(server, role="server") as conn:
        privileged = conn.info.parameter_status("is_superuser") == "on"
    return database.with_options("-c event_triggers=off") if privileged else database


def settle(image: Dsn) -> None:
    """Brings the files of a finished image to rest, before they are read for the seal.

    A VACUUM sets what the first reader of each row would set otherwise; it is quick where rows were loaded frozen. With
    the counters of past changes gone, autovacuum finds nothing to do in a database that nobody can change; sessions
    that made changes must have ended before, for they add theirs at their end.
    """
    with connect(image, role="image database") as conn:
        # Objects of others (on managed services) are passed over with a warning.
        conn.execute("VACUUM")
        permitted = conn.execute("SELECT has_function_privilege('pg_catalog.pg_stat_reset()', 'EXECUTE')").fetchone()
        if permitted and permitted[0]:
            conn.execute("SELECT pg_stat_reset()")


def moving_files(conn: psycopg.Connection[Any]) -> list[str]:
    """Files of the connection's database that the server writes though nobody does anything.

    Autovacuum visits any database to look after the catalogs that all share, and writes down there what it found, in
    pg_class and pg_statistic. Both are read as catalogs instead.
    """
    return [row[0] for row in conn.execute(load_queries("testdata_assets.golden")["seal_moving_files"])]


def read_database(server: Dsn, name: str, owner_role: str, left_out: Sequence[str]) -> dict[str, Any] | None:
    """The database as its server lists it now, and its files; None if there is none of that name.

    Args:
        server: The server of the images.
        name: Of the database.
        owner_role: Who owns the objects in it.
        left_out: Files to pass over; see `moving_files`.

    Returns:
        `system_identifier`, `database_oid`, `database_name`, `admits_connections`, `database` (owner, grants, settings
        and the like) and `files` (`count`, `bytes`, `newest`, `sha256` over names, sizes and times, `left_out`), None
        where the administrator may not see them.
    """
    queries = load_queries("testdata_assets.golden")
    with connect(server, role="server", row_factory=dict_row) as conn:
        row: Any = conn.execute(queries["seal_database"], {"name": name, "owner_role": owner_role}).fetchone()
        if row is None:
            return None
        identity = {key: row.pop(key) for key in ("system_identifier", "database_oid", "admits_connections")}
        files = None
        if row.pop("sees_files"):
            wanted = {"oid": identity["database_oid"], "left_out": list(left_out)}
            files = {**_files(conn.execute(queries["seal_files"], wanted).fetchall()), "left_out": list(left_out)}
    return {**identity, "database_name": name, "database": row, "files": files}


def _files(rows: list[Any]) -> dict[str, Any]:
    """Names, sizes in bytes and times of change (seconds since 1970) as one digest, with figures for the reader."""
    listed = [[row["name"], row["size"], row["changed"]] for row in rows]
    return {
        "count": len(listed),
        "bytes": sum(size for _, size, _ in listed),
        "newest": max((changed for _, _, changed in listed), default=0),
        "sha256": hashlib.sha256(json.dumps(listed, separators=(",", ":")).encode()).hexdigest(),
    }


def read_catalogs(conn: psycopg.Connection[Any]) -> dict[str, str]:
    """SHA-256 of the contents of every system catalog of the connection's database, by the catalog's name.

    Left out are what several databases share, and large objects' data, which count as rows.
    Rows come in the order they are stored in, so in that of the copy's original. They are hashed here and not by the
    server, whose SQL functions somebody may have replaced inside the database.
    """
    digests: dict[str, str] = {}
    with pinned(conn), conn.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(load_queries("testdata_assets.golden")["seal_catalogs"])
        for schema, catalog, columns in cursor.fetchall():
            kept = [column for column in columns if column not in _VOLATILE.get(catalog, ())]
            query = sql.SQL("COPY (SELECT {} FROM {} WHERE {}) TO STDOUT").format(
                sql.SQL(", ").join(map(sql.Identifier, kept)),
                sql.Identifier(schema, catalog),
                sql.SQL(_OF_ITS_OWN.get(catalog, "true")),
            )
            digest = hashlib.sha256(json.dumps(kept).encode() + b"\n")
            with cursor.copy(query) as copy:
                for line in copy:
                    digest.update(line)
            digests[catalog if schema == "pg_catalog" else f"{schema}.{catalog}"] = digest.hexdigest()
    return digests


@contextmanager
def pinned(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """A read-only transaction whose texts hang on no setting of the database."""
    with conn.transaction():
        for name, value in PINNED.items():
            conn.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
        conn.execute("SET TRANSACTION READ ONLY")
        yield


def left_out(attested: Mapping[str, Any]) -> list[str]:
    """The files that an attested seal passes over."""
    files = attested.get("files")
    return [str(name) for name in files.get("left_out", ())] if isinstance(files, Mapping) else []


def database_changes(attested: Mapping[str, Any], found: Mapping[str, Any] | None) -> list[str]:
    """What is not as attested about the database and its files, in words; nothing if all is.

    Args:
        attested: The seal that an attestation holds.
        found: What `read_database` says now.
    """
    if found is None:
        return ["it has no database of the attested name"]
    if any(found[key] != attested.get(key) for key in ("system_identifier", "database_oid", "database_name")):
        return ["it has another database than the attested one"]
    changes = []
    if found["admits_connections"]:
        changes.append("its database admits connections, so it may have been changed")
    listed, before = found["database"], attested.get("database")
    if not isinstance(before, Mapping):
        return [*changes, "its seal does not say how the database is set up"]
    changes += [
        f"{_DATABASE_WORDS.get(key, key)} changed"
        for key in sorted({*listed, *before})
        if listed.get(key) != before.get(key)
    ]
    if "files" not in attested:
        changes.append("its seal does not list the database's files")
    elif attested["files"] is not None and found["files"] != attested["files"]:
        changes.append(_file_change(attested["files"], found["files"]))
    return changes


def _file_change(before: Mapping[str, Any], now: Mapping[str, Any] | None) -> str:
    if now is None:
        return "the files of its database cannot be seen any more by the administrator of TESTDATA_SERVER_DSN"
    if now["count"] != before.get("count"):
        return f"its database has {now['count']} files instead of {before.get('count')}"
    if now["bytes"] != before.get("bytes"):
        return f"the files of its database have {now['bytes']} bytes instead of {before.get('bytes')}"
    return "files of its database were written after it was attested"


def catalog_changes(attested: Mapping[str, Any], found: Mapping[str, str]) -> list[str]:
    """Which catalogs are not as attested, in words; nothing if all are.

    Args:
        attested: The seal that an attestation holds.
        found: What `read_catalogs` says of a copy.
    """
    before = attested.get("catalogs")
    if not isinstance(before, Mapping) or not before:
        return ["its seal does not say what the catalogs held"]
    changed = sorted(name for name in {*before, *found} if before.get(name) != found.get(name))
    telling = [_WORDS[name] for name in changed if name in _WORDS and name != "pg_depend"]
    words = telling or changed
    return [f"its catalog changed: {'; '.join(words)}"] if changed else []
