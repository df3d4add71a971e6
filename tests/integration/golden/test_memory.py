"""Memory of a refresh: below 1 GiB whatever the size of a table or of a row, in this process and in its tools."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg import sql

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 1 << 30
ROW_BYTES = 64 << 20
STAGES = ("snapshot", "build", "validate", "children")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PROSE = "The quick brown fox, O''Brien (42), rang +49 30 901820 and wrote to a.b@example.test; then she left. "
ROW = f"INSERT INTO big VALUES (%(id)s, substr(repeat(%(prose)s, {ROW_BYTES // 64}), 1, {ROW_BYTES}))"
TABLE = f"""
INSERT INTO big SELECT i, md5(i::text) || ' {PROSE}' || md5((i * 7)::text) || repeat(' word' || i %% 97, 20)
FROM generate_series(1::bigint, %(rows)s) AS i
"""


@pytest.fixture
def source(server: EmbeddedServer, database: Dsn) -> Iterator[Dsn]:
    """An empty source beside the control database."""
    name = f"{database.database}_source"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield server.dsn(name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def measured(settings: Settings, source: Dsn, folder: Path, rule: Any, **changes: Any) -> dict[str, Any]:
    """One refresh of table `big` in a fresh process."""
    folder.mkdir(exist_ok=True)
    rules = {"version": 1, "tables": {"public.big": {"id": "keep", "body": rule}}}
    (folder / "masking.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    values: Mapping[str, Any] = settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": folder} | changes
    plain = {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in values.items()
        if value is not None
    }
    file = folder / "settings.json"
    file.write_text(json.dumps(plain), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "refresh_child.py", file],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=800,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print({name: value >> 20 if isinstance(value, int) and value > 1 << 20 else value for name, value in found.items()})
    return found


DOCUMENT = f"""
INSERT INTO big SELECT %(id)s, (
    SELECT jsonb_build_object('items', jsonb_agg(jsonb_build_object('k', i, 't', %(prose)s::text)))
    FROM generate_series(1, {60 * 7400}) AS i)
"""
ARRAY = f"INSERT INTO big SELECT %(id)s, (SELECT array_agg(%(prose)s || i) FROM generate_series(1, {60 * 9500}) AS i)"
BYTES = f"""
INSERT INTO big VALUES (%(id)s, convert_to(substr(repeat(%(prose)s, {ROW_BYTES // 64}), 1, {ROW_BYTES // 2}), 'UTF8'))
"""


@pytest.mark.parametrize(("kind", "insert"), [("jsonb", DOCUMENT), ("text[]", ARRAY), ("bytea", BYTES)])
def test_a_structured_row_of_60_mb(settings: Settings, source: Dsn, tmp_path: Path, kind: str, insert: str) -> None:
    with connect(source) as conn:
        conn.execute(f"CREATE TABLE big (id bigint PRIMARY KEY, body {kind})".encode())
        for number in range(2):
            conn.execute(insert.encode(), {"id": number, "prose": PROSE.replace("''", "'")})
    found = measured(settings, source, tmp_path / "rules", "keep", workers=2)
    assert found["rows"] == 2
    assert max(found[stage] for stage in STAGES) < LIMIT, found


ONE_LEAF = "SELECT jsonb_build_object('n', 1, 't', repeat(%(prose)s::text, 61 * 10000), 'u', 2)"
TINY_LEAVES = "SELECT jsonb_agg(i::text) FROM generate_series(1::bigint, 5800000) AS i"
DEEP = "SELECT (repeat('{\"a\": [', 500) || string_agg('[[[\"' || i || '\"]]]', ', ') || repeat(']}', 500))::json"
SHAPES = {
    "objects": DOCUMENT.partition("(\n")[2].rpartition(")")[0],
    "one leaf": ONE_LEAF,
    "tiny leaves": TINY_LEAVES,
    "deep": f"{DEEP} FROM generate_series(1, 3500000) AS i",
}


@pytest.mark.parametrize(
    ("kind", "shape", "rule"),
    [
        ("jsonb", "objects", "free_text"),
        ("text", "objects", "hash"),
        ("jsonb", "one leaf", "scramble"),
        ("text", "one leaf", "hash"),
        ("jsonb", "tiny leaves", "scramble"),
        ("jsonb", "deep", "scramble"),
    ],
)
def test_a_document_of_60_mb_by_paths(
    settings: Settings, source: Dsn, tmp_path: Path, kind: str, shape: str, rule: str
) -> None:
    with connect(source) as conn:
        conn.execute(f"CREATE TABLE big (id bigint PRIMARY KEY, body {kind})".encode())
        for number in range(2):
            insert = f"INSERT INTO big SELECT %(id)s, ({SHAPES[shape]})::{kind}"
            conn.execute(insert.encode(), {"id": number, "prose": PROSE.replace("''", "'")})
    paths = {"$.**": {"transform": rule}, "$.u": "keep"}
    found = measured(settings, source, tmp_path / "rules", {"transform": "json", "paths": paths}, workers=2)
    assert found["rows"] == 2
    assert max(found[stage] for stage in STAGES) < LIMIT, found


# What a value consists of, and the rule around that of its parts.
FIELDS = {"transform": "composite", "fields": {"id": "keep", "body": None}}
NESTED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "texts": (
        "text[]",
        "SELECT array_agg(%(prose)s::text || i) FROM generate_series(1, 60 * 9500) AS i",
        {"transform": "array", "items": None},
    ),
    "words": (
        "text[]",
        "SELECT array_agg('u' || i) FROM generate_series(1, 7000000) AS i",
        {"transform": "array", "items": None},
    ),
    "hstore": (
        "hstore",
        "SELECT hstore(array_agg('k' || i), array_agg(%(prose)s::text)) FROM generate_series(1, 60 * 8500) AS i",
        {"transform": "hstore", "keys": {"*": None}},
    ),
    "xml": (
        "xml",
        "SELECT ('<r>' || string_agg('<p n=\"' || i || '\">' || %(prose)s::text || '</p>', '') || '</r>')::xml "
        "FROM generate_series(1, 60 * 8000) AS i",
        {"transform": "xml", "paths": {"**": None}},
    ),
    "composite": ("note", "SELECT ROW(7, repeat(%(prose)s::text, 60 * 10000))::note", FIELDS),
    "composites": (
        "note[]",
        "SELECT array_agg(ROW(i, %(prose)s::text)::note) FROM generate_series(1, 60 * 8500) AS i",
        {"transform": "array", "items": FIELDS},
    ),
}


def filled(rule: Any, inner: str) -> Any:
    """The rule with its parts' transformer put in."""
    if rule is None:
        return {"transform": inner}
    return {name: filled(value, inner) for name, value in rule.items()} if isinstance(rule, dict) else rule


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("rule", ["scramble", "free_text"])
@pytest.mark.parametrize("shape", list(NESTED))
def test_a_row_of_60_mb_by_parts(settings: Settings, source: Dsn, tmp_path: Path, shape: str, rule: str) -> None:
    kind, insert, outer = NESTED[shape]
    with connect(source) as conn:
        conn.execute("CREATE EXTENSION hstore; CREATE TYPE note AS (id int, body text)")
        conn.execute(f"CREATE TABLE big (id bigint PRIMARY KEY, body {kind})".encode())
        for number in range(2):
            conn.execute(f"INSERT INTO big SELECT {number}, ({insert})".encode(), {"prose": PROSE.replace("''", "'")})
    found = measured(settings, source, tmp_path / "rules", filled(outer, rule), workers=2)
    assert found["rows"] == 2
    assert max(found[stage] for stage in STAGES) < LIMIT, found


@pytest.mark.parametrize("rule", ["keep", "hash", "free_text", "scramble"])
def test_a_row_of_64_mb(settings: Settings, source: Dsn, tmp_path: Path, rule: str) -> None:
    with connect(source) as conn:
        conn.execute("CREATE TABLE big (id bigint PRIMARY KEY, body text)")
        for number in range(3):
            conn.execute(ROW, {"id": number, "prose": PROSE.replace("''", "'")})
    found = measured(settings, source, tmp_path / "rules", rule, workers=2)
    assert found["rows"] == 3
    assert max(found[stage] for stage in STAGES) < LIMIT, found


def test_memory_does_not_grow_with_parallel_streams(settings: Settings, source: Dsn, tmp_path: Path) -> None:
    with connect(source) as conn:
        conn.execute("CREATE TABLE big (id bigint PRIMARY KEY, body text)")
        conn.execute(TABLE.encode(), {"rows": 400_000})
        conn.execute("VACUUM big")
    found = measured(settings, source, tmp_path / "rules", "free_text", workers=8)
    assert max(found[stage] for stage in STAGES) < LIMIT, found


def test_memory_does_not_grow_with_the_table(settings: Settings, source: Dsn, tmp_path: Path) -> None:
    peaks = {}
    with connect(source) as conn:
        conn.execute("CREATE TABLE big (id bigint PRIMARY KEY, body text)")
        for rows in (400_000, 1_600_000):  # 130 and 520 MB
            conn.execute("TRUNCATE big")
            conn.execute(TABLE.encode(), {"rows": rows})
            conn.execute("VACUUM big")
            found = measured(settings, source, tmp_path / "rules", "free_text", workers=2)
            assert found["rows"] == rows
            peaks[rows] = max(found[stage] for stage in STAGES)
    assert max(peaks.values()) < LIMIT, peaks
    assert peaks[1_600_000] < 1.25 * peaks[400_000], peaks
