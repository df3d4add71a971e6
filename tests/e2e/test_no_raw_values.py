"""No raw value outside the encrypted chunks: after a passed and a failed refresh everything written is searched.

Searched are the state folder (chunks, Data Docs, reports, run logs, the server's log), the control database with
Dagster's storage, and all that the commands printed. The server's data directory apart: images live there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from testdata_assets.masking.plan import compile_plan
from testdata_assets.masking.rules import load_rules
from testdata_assets.masking.sensitive import is_searched, is_shared
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import CONTROL_DATABASE
from testdata_assets.production.catalog_reader import read_catalog
from testdata_assets.synthesis.sample_shop import create_sample

ROOT = Path(__file__).resolve().parents[2]
LEAST, LEAST_DIGITS = 6, 9


@pytest.fixture
def sample(database: Dsn) -> Dsn:
    with connect(database) as conn:
        conn.execute("DROP TABLE IF EXISTS orders, users")
    create_sample(database, scale=0.01)
    return database


def sensitive_values(source: Dsn, rules: Path) -> set[str]:
    """Every line of the values that the leak scan searches for, short words and numbers apart: those stand anywhere."""
    found: set[str] = set()
    with connect(source) as conn:
        plan = compile_plan(load_rules(rules), read_catalog(conn), b"\x11" * 32)
        for table in plan.tables:
            for column in table.masked:
                if not is_searched(column) or is_shared(column.transformer):
                    continue
                name, place = (
                    sql.Identifier(column.column.name),
                    sql.Identifier(table.table.name.schema, table.table.name.name),
                )
                query = sql.SQL("SELECT DISTINCT {}::text FROM {} WHERE length({}::text) >= {}")
                found.update(row[0] for row in conn.execute(query.format(name, place, name, sql.Literal(LEAST))))
    lines = {line.strip() for value in found for line in value.splitlines()}
    return {line for line in lines if len(line) >= LEAST and (_letters(line) or _digits(line) >= LEAST_DIGITS)}


def _letters(text: str) -> bool:
    return any(each.isalpha() for each in text)


def _digits(text: str) -> int:
    return sum(each.isdigit() for each in text)


def written(state: Path, folder: Path, server: EmbeddedServer) -> list[Path]:
    """Every file that a refresh left, and a dump of the control database."""
    own = EmbeddedServer(state)
    dump = folder / "control.sql"
    with dump.open("wb") as stream:
        subprocess.run(
            [server.bin_dir / "pg_dump", "--dbname", own.dsn(CONTROL_DATABASE).secret()],
            stdout=stream, check=True, env={**os.environ, **dict(server.binaries.environment)},
        )  # fmt: skip
    assert b"event_logs" in dump.read_bytes()
    return [dump, *_files(state)]


def _files(folder: Path) -> Iterator[Path]:
    """Files of a folder but those of a server's data directory; its log counts."""
    for each in sorted(folder.iterdir()):
        if each.is_dir() and not each.is_symlink():
            if (each / "PG_VERSION").exists():
                yield from (file for file in each.rglob("*.log") if file.is_file())
            else:
                yield from _files(each)
        elif each.is_file():
            yield each


def search(values: set[str], files: list[Path], folder: Path) -> str:
    """Which files hold one, and which: found by grep, whose patterns are fixed strings."""
    patterns = folder / "values.txt"
    patterns.write_text("".join(f"{value}\n" for value in sorted(values)), encoding="utf-8")
    listed = folder / "files.txt"
    listed.write_bytes(b"\0".join(os.fsencode(file) for file in files))
    done = subprocess.run(
        ["xargs", "-0", "-a", str(listed), "grep", "-a", "-o", "-H", "-F", "-f", str(patterns)],
        capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    assert not done.stderr, done.stderr
    return done.stdout.decode(errors="replace")


def test_nothing_raw_is_left_anywhere(deployment: Any, sample: Dsn, server: EmbeddedServer, tmp_path: Path) -> None:
    rules = Path(deployment.environment["TESTDATA_RULES_DIR"])
    shutil.copy(ROOT / "rules" / "masking.yaml", rules / "masking.yaml")
    shutil.copy(ROOT / "rules" / "validation.yaml", rules / "validation.yaml")
    values = sensitive_values(sample, rules / "masking.yaml")
    assert len(values) > 300
    assert sum(not _letters(value) for value in values) > 100  # phones and cards are among them
    state, own = Path(deployment.environment["TESTDATA_HOME"]), tmp_path / "search"
    own.mkdir()
    shown = own / "shown.txt"
    shown.write_text(f"a value {min(values)} in between", encoding="utf-8")
    assert search(values, [shown], own), "the search itself does not find anything"
    printed = own / "printed.txt"

    status, document, error = deployment.run("refresh")
    assert status == 0, error
    reported = deployment.ok("golden", "report", document["golden_id"])
    printed.write_text(f"{document}{reported}{error}", encoding="utf-8")
    files = [printed, *written(state, own, server)]
    assert any("data_docs" in file.parts for file in files)
    assert any("reports" in file.parts for file in files)
    assert search(values, files, own) == ""

    # A raw value in a comment that rules keep: the refresh fails and tells where it is, not what.
    raw = sorted(value for value in values if "@" in value)[0]
    with connect(sample) as conn:
        conn.execute(sql.SQL("COMMENT ON TABLE users IS {}").format(sql.Literal(f"asked for by {raw}")))
    status, document, error = deployment.run("refresh")
    assert status == 1, (document, error)
    assert "no_production_values" in json.dumps(document)
    printed.write_text(f"{document}{error}", encoding="utf-8")
    assert search(values, [printed, *written(state, own, server)], own) == ""
