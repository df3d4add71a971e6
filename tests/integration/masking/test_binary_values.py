"""bytea on a real server: what COPY hands out is masked, and what comes back loads."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from functools import partial

from sources import catalog_of, rules_keeping_all

from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import compile_plan
from testdata_assets.masking.rules import parse_rules
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName

KEY = b"k" * 32
SCHEMA = r"""
CREATE TABLE users (id int PRIMARY KEY, email text, noise bytea, text_ bytea, photo bytea, gone bytea);
INSERT INTO users VALUES
    (1, 'ann@example.org', '\x00ff5c0a09', convert_to('ann@example.org', 'UTF8'),
     '\x89504e470d0a1a0a0000000d4948445200000005000000070800000000', '\x01'),
    (2, 'bob@example.org', NULL, convert_to('bob@example.org', 'UTF8'), '\x474946383961030002000000', NULL),
    (3, NULL, '\x', '\xff00', '\x1234567890', '\x');
"""
CHANGES: dict[tuple[str, str], Any] = {
    ("public.users", "email"): {"transform": "email", "domain": "user.email"},
    ("public.users", "noise"): "bytes",
    ("public.users", "text_"): {
        "transform": "bytes",
        "mode": "text",
        "content": {"transform": "email", "domain": "user.email"},
    },
    ("public.users", "photo"): "image_blank",
    ("public.users", "gone"): {"transform": "bytes", "mode": "empty"},
}


def test_binary_values_come_back_as_the_rules_say(database: Dsn) -> None:
    with connect(database) as conn:
        conn.execute(SCHEMA.encode())
        catalog = catalog_of(database)
        plan = compile_plan(parse_rules(yaml.safe_dump(rules_keeping_all(catalog, CHANGES))), catalog, KEY)
        masker = TableMasker(plan.table(TableName("public", "users")), partial(KeyedHash.derive, KEY))
        cursor = conn.cursor()
        with cursor.copy("COPY users TO STDOUT") as out:
            block = b"".join(bytes(row) for row in out)
        cursor.execute("CREATE TABLE masked (LIKE users)")
        with cursor.copy("COPY masked FROM STDIN") as into:
            into.write(masker.mask(block).data)
        rows = conn.execute(
            "SELECT m.email = convert_from(m.text_, 'UTF8') FROM masked m WHERE id < 3 ORDER BY id"
        ).fetchall()
        assert rows == [(True,), (True,)]
        changed = conn.execute(
            """SELECT length(m.noise) IS NOT DISTINCT FROM length(u.noise), m.noise <> u.noise, m.gone,
                      m.photo <> u.photo, length(m.text_) = 2 AND m.text_ <> u.text_
               FROM masked m JOIN users u USING (id) ORDER BY id"""
        ).fetchall()
        assert [row[:4] for row in changed] == [
            (True, True, b"", True),
            (True, None, None, True),
            (True, False, b"", True),
        ]
        assert changed[2][4]
        photos = [bytes(row[0]) for row in conn.execute("SELECT photo FROM masked ORDER BY id")]
        assert photos[0].startswith(b"\x89PNG")
        assert photos[0][16:24] == bytes([0, 0, 0, 5, 0, 0, 0, 7])
        assert photos[1].startswith(b"GIF89a\3\0\2\0")
        assert len(photos[2]) == 5
