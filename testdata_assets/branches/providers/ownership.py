"""Handing a clone's contents to the branch's role, and giving it its image's database-level settings."""

from __future__ import annotations

from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from testdata_assets.errors import RefusedError
from testdata_assets.postgres.sql_files import load_queries

_QUERIES = load_queries("testdata_assets.branches")

_ALTER_KIND: dict[str, LiteralString] = {
    "schema": "SCHEMA",
    "table": "TABLE",
    "view": "VIEW",
    "materialized view": "MATERIALIZED VIEW",
    "foreign table": "FOREIGN TABLE",
    "sequence": "SEQUENCE",
    "type": "TYPE",
    "function": "ROUTINE",
    "procedure": "ROUTINE",
    "aggregate": "ROUTINE",
    "operator": "OPERATOR",
    "operator class": "OPERATOR CLASS",
    "operator family": "OPERATOR FAMILY",
    "collation": "COLLATION",
    "conversion": "CONVERSION",
    "text search dictionary": "TEXT SEARCH DICTIONARY",
    "text search configuration": "TEXT SEARCH CONFIGURATION",
    "statistics object": "STATISTICS",
    "large object": "LARGE OBJECT",
    "foreign-data wrapper": "FOREIGN DATA WRAPPER",
    "event trigger": "EVENT TRIGGER",
}

_LISTS = frozenset({"search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"})
"""Settings whose value is a list of names that Postgres stores already quoted."""

_NOT_COPIED = frozenset({"default_transaction_read_only"})
"""An image may be read-only; a branch is made to be written."""


def hand_over_objects(conn: psycopg.Connection[DictRow], role: str, image_owner: str | None) -> dict[str, Any]:
    """Makes the branch's role the owner of everything in the clone that no extension owns.

    What the image's owner has goes in one REASSIGN OWNED, but for what only a superuser may own and what its
    extension lets nobody else run; what anybody else has follows one by one.

    Args:
        conn: An administrator's session in the clone, search_path set to pg_catalog.
        role: The branch's role.
        image_owner: The role that owns the image's objects, or None.

    Returns:
        `{"one_by_one": count, "kept_by_administrator": count}` for the journal.

    Raises:
        RefusedError: `image-not-isolated`, the clone holds a foreign server, user mapping or subscription.
    """
    ways_out = conn.execute(_QUERIES["branch_foreign_access"]).fetchall()
    if ways_out:
        raise RefusedError(
            f"The image holds a {ways_out[0]['kind']}, {ways_out[0]['name']}, a way out of its database",
            where="golden image",
            remedy="Images never carry these; build a new one with `testdata refresh`.",
            code="image-not-isolated",
        )
    kept = 0
    to_role = sql.Identifier(role)
    with conn.transaction():
        _alter_owners(conn, _QUERIES["branch_schemas"], role, to_role)
        if image_owner is not None:
            to_administrator = sql.SQL("CURRENT_USER")
            kept = _alter_owners(conn, _QUERIES["branch_kept_by_administrator"], image_owner, to_administrator)
            conn.execute(
                sql.SQL("REASSIGN OWNED BY {} TO {}").format(sql.Identifier(image_owner), sql.Identifier(role))
            )
        others = _alter_owners(conn, _QUERIES["branch_foreign_owned"], role, to_role)
    return {"one_by_one": others, "kept_by_administrator": kept}


def _alter_owners(conn: psycopg.Connection[DictRow], query: LiteralString, role: str, owner: sql.Composable) -> int:
    """Gives what the query finds for a role to an owner, in one message to the server."""
    found = conn.execute(query, {"role": role}).fetchall()
    statements = [
        sql.SQL("ALTER {} {} OWNER TO {}").format(
            sql.SQL(_ALTER_KIND[each["kind"]]),
            sql.SQL(cast(LiteralString, each["identity"])),  # the server's own text, quoted by it
            owner,
        )
        for each in found
    ]
    if statements:
        conn.execute(sql.SQL("; ").join(statements))
    return len(statements)


def copy_database_settings(conn: psycopg.Connection[DictRow], image: str, branch: str) -> list[str]:
    """Copies what ALTER DATABASE ... SET said of the image; CREATE DATABASE does not.

    Returns:
        The names of the settings copied.
    """
    names = []
    target = sql.Identifier(branch)
    for setting in conn.execute(_QUERIES["server_database_settings"], {"database": image}).fetchall():
        name, value = setting["name"], setting["value"]
        if name in _NOT_COPIED:
            continue
        parameter = sql.SQL(".").join(sql.Identifier(part) for part in name.split("."))
        if name in _LISTS:
            # As a literal the whole list would become one name; the session's own value keeps its form.
            with conn.transaction():
                conn.execute("SELECT set_config(%s, %s, true)", (name, value))
                conn.execute(sql.SQL("ALTER DATABASE {} SET {} FROM CURRENT").format(target, parameter))
        else:
            conn.execute(sql.SQL("ALTER DATABASE {} SET {} TO {}").format(target, parameter, sql.Literal(value)))
        names.append(name)
    return names
