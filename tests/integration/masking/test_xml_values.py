"""xml on a real server: masked documents load, and the server finds the same masks in them as in columns."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sources import catalog_of, rules_keeping_all

from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import compile_plan
from testdata_assets.masking.rules import parse_rules
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName

KEY = b"k" * 32
SCHEMA = """
CREATE TABLE users (id int PRIMARY KEY, email text, doc xml, many xml[]);
INSERT INTO users SELECT n, 'user' || n || '@corp.example.org', xmlelement(name contact,
    xmlattributes('user' || n || '@corp.example.org' AS mail), xmlcomment('Ann'), xmlelement(name email,
    'user' || n || '@corp.example.org'), xmlelement(name note, 'a < "b" & \\ ' || n)),
    ARRAY[xmlelement(name email, 'user' || n || '@corp.example.org')] FROM generate_series(1, 20) n;
UPDATE users SET doc = NULL WHERE id = 2;
"""
EMAIL = {"transform": "email", "domain": "user.email"}
PATHS = {"/contact/email": EMAIL, "//@mail": EMAIL, "**": "keep"}
CHANGES: dict[tuple[str, str], Any] = {
    ("public.users", "email"): EMAIL,
    ("public.users", "doc"): {"transform": "xml", "paths": PATHS},
    ("public.users", "many"): {"transform": "array", "items": {"transform": "xml", "paths": {"/email": EMAIL}}},
}


def test_documents_agree_with_columns(database: Dsn) -> None:
    with connect(database) as conn:
        try:
            conn.execute(SCHEMA.encode())
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("this server is built without libxml")
        catalog = catalog_of(database)
        plan = compile_plan(parse_rules(yaml.safe_dump(rules_keeping_all(catalog, CHANGES))), catalog, KEY)
        masker = TableMasker(plan.table(TableName("public", "users")), partial(KeyedHash.derive, KEY))
        cursor = conn.cursor()
        with cursor.copy("COPY users TO STDOUT") as out:
            block = b"".join(bytes(row) for row in out)
        cursor.execute("CREATE TABLE masked (LIKE users)")
        with cursor.copy("COPY masked FROM STDIN") as into:
            into.write(masker.mask(block).data)
        found = conn.execute(
            """SELECT count(*), count(doc),
                 count(*) FILTER (WHERE (xpath('/contact/email/text()', doc))[1]::text = email
                                    AND (xpath('/contact/@mail', doc))[1]::text = email),
                 count(*) FILTER (WHERE (xpath('/contact/note/text()', doc))[1]::text = 'a &lt; "b" &amp; \\ ' || id),
                 count(*) FILTER (WHERE (xpath('/email/text()', many[1]))[1]::text = email),
                 count(*) FILTER (WHERE doc::text ~ 'corp|Ann' OR many::text ~ 'corp')
               FROM masked"""
        ).fetchone()
        assert found == (20, 19, 19, 19, 20, 0)
