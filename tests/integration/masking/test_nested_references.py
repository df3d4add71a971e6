"""Relationships out of documents and arrays on a real server: equal addresses mask equally there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from testdata_assets.golden import refresh
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import Settings
from testdata_assets.validation.run import validate_candidate

SCHEMA = """
CREATE TABLE users (id int PRIMARY KEY, email varchar(60) NOT NULL UNIQUE);
CREATE TABLE events (id int PRIMARY KEY, payload jsonb, mails text[] NOT NULL);
CREATE TABLE "Odd:$ Log" (id int PRIMARY KEY, "Pay[]load:$" json, "Mail[]" text[]);
INSERT INTO users SELECT n, 'person.' || n || '@source-mail.net' FROM generate_series(1, 300) n;
INSERT INTO events SELECT id, jsonb_build_object('user', jsonb_build_object('email', email), 'kind', 'signed up'),
    ARRAY[email, NULL] FROM users;
INSERT INTO "Odd:$ Log" SELECT id, json_build_object('to', json_build_array(email)), ARRAY[email] FROM users;
"""
RULES = """
version: 1
tables:
  public.users: {id: keep, email: {pii: email, transform: email, domain: user.email}}
  public.events:
    id: keep
    payload: {transform: json, paths: {"$.kind": keep}}
  'public."Odd:$ Log"': {id: keep}
relationships:
  - {from: "public.events.payload:$.user.email", to: public.users.email}
  - {from: "public.events.mails[]", to: public.users.email}
  - {from: 'public."Odd:$ Log"."Pay[]load:$":$.to[*]', to: public.users.email}
  - {from: 'public."Odd:$ Log"."Mail[]"[]', to: public.users.email}
"""


LEAKS = {
    "phone": [f"+49 30 901820{number:02d}" for number in range(1, 60)],
    "iban": ["GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606"],
    "uuid": ["5f0c1a52-9f0e-4a55-8c0d-6d1a1b1c1d1e", "0b8f3a52-1f0e-4a55-8c0d-6d1a1b1c1d1f"],
}  # fmt: skip


@pytest.fixture
def source(server: EmbeddedServer, database: Dsn) -> Iterator[Dsn]:
    name = f"{database.database}_source"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        with connect(server.dsn(name)) as inner:
            inner.execute(SCHEMA.encode())
        yield server.dsn(name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_equal_addresses_mask_equally_in_documents_and_arrays(settings: Settings, source: Dsn, tmp_path: Path) -> None:
    (tmp_path / "masking.yaml").write_text(RULES, encoding="utf-8")
    settings = Settings.model_validate(settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": tmp_path})
    places = open_places(settings)
    snapshot = refresh.take_snapshot(settings, places)
    image = refresh.build_image(settings, places, snapshot.snapshot_id)
    with connect(places.server.with_database(image.database_name)) as conn:
        agreeing = conn.execute(
            b"""SELECT count(*),
                  count(*) FILTER (WHERE email NOT LIKE 'person.%@source-mail.net'),
                  count(*) FILTER (WHERE payload #>> '{user,email}' = email AND payload ->> 'kind' = 'signed up'),
                  count(*) FILTER (WHERE mails[1] = email AND mails[2] IS NULL),
                  count(*) FILTER (WHERE "Pay[]load:$" #>> '{to,0}' = email),
                  count(*) FILTER (WHERE "Mail[]" = ARRAY[email::text])
                FROM users JOIN events USING (id) JOIN "Odd:$ Log" USING (id)"""
        ).fetchone()
    assert agreeing == (300,) * 6
    report = validate_candidate(settings, places, image.golden_id)
    assert report.passed, [(check.name, check.summary) for check in report.checks if not check.passed]
    refresh.reject_image(settings, places, image.golden_id, "test")


@pytest.mark.parametrize("transform", LEAKS)
def test_what_is_masked_in_a_document_is_a_leak_in_a_kept_column(
    settings: Settings, source: Dsn, tmp_path: Path, transform: str
) -> None:
    with connect(source) as conn:
        conn.execute("CREATE TABLE docs (id int PRIMARY KEY, doc jsonb, remark text)")
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO docs VALUES (%s, jsonb_build_object('x', %s::text), %s)",
                [(place, each, f"see {each}" if place == 1 else None) for place, each in enumerate(LEAKS[transform])],
            )
        conn.execute('DROP TABLE events, "Odd:$ Log"')
    (tmp_path / "masking.yaml").write_text(
        "version: 1\ntables:\n  public.users: {id: keep, email: {transform: email}}\n"
        f'  public.docs: {{id: keep, doc: {{transform: json, paths: {{"$.x": {transform}}}}}, remark: keep}}\n'
    )
    settings = Settings.model_validate(settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": tmp_path})
    places = open_places(settings)
    image = refresh.build_image(settings, places, refresh.take_snapshot(settings, places).snapshot_id)
    report = validate_candidate(settings, places, image.golden_id)
    refresh.reject_image(settings, places, image.golden_id, "test")
    (leaks,) = [check for check in report.checks if check.name == "no_production_values"]
    assert [(each.table, each.column_or_object) for each in leaks.findings] == [("public.docs", "remark")]
