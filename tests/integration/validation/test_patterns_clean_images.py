"""The pattern scan finds nothing in clean images of the sample shop and of Pagila, and something in their sources."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from conftest import ROOT, SHARED
from sources import fill

from testdata_assets.golden import refresh
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import open_places
from testdata_assets.postgres.tools import PgTools
from testdata_assets.settings import Settings
from testdata_assets.synthesis.sample_shop.load import create_sample
from testdata_assets.validation.image_reader import ImageReader, slices
from testdata_assets.validation.patterns import PatternHits, look
from testdata_assets.validation.run import validate_candidate

PAGILA = SHARED / "samples" / "pagila.sql"


@contextmanager
def database(server: EmbeddedServer) -> Iterator[Dsn]:
    name = sql.Identifier(f"patterns_{secrets.token_hex(4)}")
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
        yield server.dsn(name.as_string().strip('"'))
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def pattern_findings(settings: Settings, source: Dsn, rules: Path) -> list[str]:
    changes = {"source_dsn": source.secret(), "rules_dir": rules}
    settings = Settings.model_validate(settings.model_dump() | changes)
    places = open_places(settings)
    snapshot = refresh.take_snapshot(settings, places)
    image = refresh.build_image(settings, places, snapshot.snapshot_id)
    report = validate_candidate(settings, places, image.golden_id)
    refresh.reject_image(settings, places, image.golden_id, "test")
    return [str(finding) for finding in report.check("no_pii_patterns").findings]


def kinds_in(dsn: Dsn, tools: PgTools, table: str) -> dict[str, set[str]]:
    """Kinds by column of a table, everything in it taken as kept."""
    from testdata_assets.production.catalog_reader import read_catalog

    with connect(dsn) as conn:
        catalog = read_catalog(conn)
    found: dict[str, set[str]] = {}
    reader = ImageReader(dsn, tools)
    for each in catalog.storing_tables:
        if str(each.name) != table:
            continue
        hits = {column.name: PatternHits() for column in each.stored_columns}
        for part in slices(each.name, each.stored_columns, 1):
            for frame in reader.blocks(part):
                for name, own in hits.items():
                    look(frame.get_column(name).drop_nulls(), None, own)
        found = {name: {finding.kind for finding in own.findings(table, name)} for name, own in hits.items()}
    return found


@pytest.mark.slow  # a minute; tests/e2e validates the same image with all checks
def test_the_sample_shop(server: EmbeddedServer, settings: Settings) -> None:
    tools = PgTools(server.bin_dir, server.binaries.environment)
    with database(server) as source:
        create_sample(source, scale=0.2)
        raw = kinds_in(source, tools, "public.users")
        assert raw["email"] == {"email"}
        assert {name for name, kinds in raw.items() if "phone" in kinds}
        assert pattern_findings(settings, source, ROOT / "rules") == []


@pytest.mark.skipif(not PAGILA.exists(), reason="../shared/samples/pagila.sql is absent")
@pytest.mark.slow  # a minute; test_pagila.py validates the same image with all checks
def test_pagila(server: EmbeddedServer, settings: Settings) -> None:
    tools = PgTools(server.bin_dir, server.binaries.environment)
    with database(server) as source:
        fill(tools, source, PAGILA)
        raw = kinds_in(source, tools, "public.customer")
        assert {name for name, kinds in raw.items() if kinds} <= {"email"}
        assert pattern_findings(settings, source, ROOT / "tests" / "fixtures" / "pagila_rules") == []
