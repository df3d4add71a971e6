"""A refresh of Pagila: everything counted, referenced and masked as promised, by key and for ever."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from conftest import SHARED
from sources import catalog_of, contents, fill, scalar

from testdata_assets.golden import refresh
from testdata_assets.golden.registry import GoldenImage
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import Places, open_places
from testdata_assets.settings import Settings
from testdata_assets.validation.run import validate_candidate

PAGILA = SHARED / "samples" / "pagila.sql"
RULES = Path(__file__).resolve().parents[2] / "fixtures" / "pagila_rules"

pytestmark = pytest.mark.skipif(not PAGILA.exists(), reason="../shared/samples/pagila.sql is absent")

# What a row of these tables may not keep, and what may be found nowhere in the image.
OWN_VALUES = {
    "customer": ("first_name", "last_name", "email"),
    "staff": ("first_name", "last_name", "email", "username"),
    "address": ("address", "phone"),
}
NOWHERE = {
    "emails": "SELECT email FROM customer UNION SELECT email FROM staff",
    "phones": "SELECT phone FROM address WHERE phone <> ''",
    "streets": "SELECT address FROM address",
    "full names": "SELECT first_name || ' ' || last_name FROM customer"
    " UNION SELECT first_name || ' ' || last_name FROM staff",
}


@pytest.fixture(scope="module")
def source(server: EmbeddedServer) -> Iterator[Dsn]:
    with connect(server.dsn()) as conn:
        conn.execute("CREATE DATABASE pagila_source TEMPLATE template0")
        from testdata_assets.postgres.tools import PgTools

        fill(PgTools(server.bin_dir, server.binaries.environment), server.dsn("pagila_source"), PAGILA)
        yield server.dsn("pagila_source")
        conn.execute("DROP DATABASE pagila_source WITH (FORCE)")


def refreshed(settings: Settings, source: Dsn, **changes: object) -> tuple[Settings, Places, GoldenImage]:
    values = settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": RULES} | changes
    settings = Settings.model_validate(values)
    places = open_places(settings)
    snapshot = refresh.take_snapshot(settings, places)
    return settings, places, refresh.build_image(settings, places, snapshot.snapshot_id)


def _values(dsn: Dsn, query: str) -> set[str]:
    with connect(dsn) as conn:
        return {str(row[0]).casefold() for row in conn.execute(query.encode()) if row[0]}


def test_image_is_complete_clean_and_published(settings: Settings, source: Dsn) -> None:
    settings, places, image = refreshed(settings, source)
    dsn = places.server.with_database(image.database_name)
    catalog = catalog_of(source)
    expected = contents(source, catalog)
    masked = contents(dsn, catalog)
    assert {name: len(rows) for name, rows in masked.items()} == {name: len(rows) for name, rows in expected.items()}

    with connect(dsn) as ours, connect(source) as theirs:
        for table, columns in OWN_VALUES.items():
            for column in columns:
                query = f"SELECT {table}_id, {column} FROM {table} WHERE {column} <> ''"
                before = dict(theirs.execute(query.encode()).fetchall())
                after = dict(ours.execute(query.encode()).fetchall())
                assert before.keys() == after.keys()
                kept = [key for key in before if str(before[key]).casefold() == str(after[key]).casefold()]
                assert not kept, f"{table}.{column} kept {len(kept)} values"
        for key in catalog.foreign_keys:
            if not key.validated:
                continue
            pairs = zip(key.columns, key.referenced_columns, strict=True)
            orphans = sql.SQL(
                "SELECT count(*) FROM {t} c WHERE NOT ({nulls}) AND NOT EXISTS (SELECT 1 FROM {r} p WHERE {on})"
            ).format(
                t=sql.Identifier(key.table.schema, key.table.name),
                r=sql.Identifier(key.referenced_table.schema, key.referenced_table.name),
                nulls=sql.SQL(" OR ").join(sql.SQL("c.{} IS NULL").format(sql.Identifier(c)) for c in key.columns),
                on=sql.SQL(" AND ").join(
                    sql.SQL("c.{} = p.{}").format(sql.Identifier(c), sql.Identifier(p)) for c, p in pairs
                ),
            )
            assert ours.execute(orphans).fetchone() == (0,), key.name
        assert scalar(ours, "SELECT count(*) FROM pg_constraint WHERE NOT convalidated") == scalar(
            theirs, "SELECT count(*) FROM pg_constraint WHERE NOT convalidated"
        )

    everything = b"\n".join(line for rows in masked.values() for line in rows).decode().casefold()
    fields = {field for line in everything.split("\n") for field in line.split("\t")}
    with connect(dsn) as ours:
        matview = {str(row) for row in ours.execute("SELECT * FROM rental_by_category")}
        lists = ours.execute("SELECT name, address, phone FROM customer_list").fetchall()
    fields |= {str(value).casefold() for row in lists for value in row}
    assert matview
    for kind, query in NOWHERE.items():
        values = _values(source, query)
        assert len(values) > 100
        assert not values & fields, kind
        if kind in ("emails", "streets"):
            assert not [value for value in values if value in everything], kind

    report = validate_candidate(settings, places, image.golden_id)
    assert [check.name for check in report.checks if not check.passed] == []
    published = refresh.publish_image(settings, places, image.golden_id)
    assert published.status == "published"
    with connect(places.server) as conn:
        row = conn.execute(
            "SELECT datallowconn, datistemplate FROM pg_database WHERE datname = %s", (image.database_name,)
        ).fetchone()
    assert row == (False, True)


def test_masks_hang_on_the_key_alone(settings: Settings, source: Dsn, tmp_path: Path) -> None:
    catalog = catalog_of(source)
    found = []
    for key in ("11" * 32, "11" * 32, "22" * 32):
        own, places, image = refreshed(settings, source, masking_key=key)
        found.append(contents(places.server.with_database(image.database_name), catalog))
        refresh.reject_image(own, places, image.golden_id, "test")
    assert found[0] == found[1]
    first, other = (set(rows["public.customer"]) for rows in (found[0], found[2]))
    assert not first & other
    emails = [{line.split(b"\t")[4] for line in rows} for rows in (first, other)]
    assert not emails[0] & emails[1]
