"""Arrays, composites and hstore on a real server: the catalog tells their parts, and masks agree with columns'."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sources import catalog_of, rules_keeping_all

from testdata_assets.golden import refresh
from testdata_assets.masking.plan import PlanRefused, compile_plan
from testdata_assets.masking.rules import parse_rules
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import Settings

SCHEMA = r"""
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE DOMAIN mail AS varchar(40) NOT NULL;
CREATE TYPE address AS (street text, city varchar(9), numbers int[], gone text, "Zip Code" mail);
ALTER TYPE address DROP ATTRIBUTE gone;
CREATE DOMAIN mails AS varchar(30)[];
CREATE TABLE person (id int PRIMARY KEY, email text, uid uuid, born date, host inet);
CREATE TABLE things (
    id int PRIMARY KEY, emails text[], short varchar(30)[], mixed citext[], typed mails, ids bigint[], uids uuid[],
    born date[], hosts inet[], amounts numeric(10,2)[], flags bool[], docs jsonb[], blobs bytea[], boxes box[],
    vector int2vector, place address, places address[], attrs hstore, stores hstore[]
);
INSERT INTO person SELECT n, 'user' || n || '@corp.example.org', md5(n::text)::uuid, date '1980-01-01' + n,
    ('10.1.2.' || n)::inet FROM generate_series(1, 50) n;
INSERT INTO things (id, emails, short, mixed, typed, ids, uids, born, hosts, amounts, flags, docs, blobs, boxes, vector,
    place, places, attrs, stores)
SELECT n, ARRAY[email, NULL, 'a "quoted" \ {one}, twice', '', 'NULL', email], ARRAY['x' || n || '@y.org'],
    ARRAY[upper(email)]::citext[], ARRAY[email], ARRAY[n], ARRAY[uid], ARRAY[born], ARRAY[host], ARRAY[1.50, NULL],
    ARRAY[true], ARRAY[jsonb_build_object('email', email)], ARRAY['\x00ff'::bytea], ARRAY['(1,1),(0,0)'::box], '1 2',
    ROW('1 "High" \ St, (rear)', 'Rome', ARRAY[n], email)::address,
    ARRAY[ROW(NULL, '', NULL, email)::address, NULL],
    hstore(ARRAY['email', email, 'k "x"\', 'v "y"\', 'none', NULL]), ARRAY[hstore('email', email)]
FROM (SELECT id n, * FROM person) p;
UPDATE things SET emails = '[0:1][1:2]={{a@b.org,b@c.org},{NULL,d@e.org}}' WHERE id = 2;
UPDATE things SET emails = '{}', short = NULL, attrs = '', place = NULL, places = '{}' WHERE id = 3;
"""
EMAIL = {"transform": "email", "domain": "user.email"}
PLACE = {
    "transform": "composite",
    "fields": {
        "street": {"transform": "street_address", "domain": "street"},
        "city": "keep",
        "numbers": {"transform": "array", "items": "keep"},
        "Zip Code": EMAIL,
    },
}
RULES: dict[tuple[str, str], object] = {
    ("public.person", "email"): EMAIL,
    ("public.person", "uid"): {"transform": "hash", "domain": "user.uid"},
    ("public.person", "born"): {"transform": "birth_date", "domain": "user.born"},
    ("public.person", "host"): {"transform": "ip", "domain": "user.host"},
    ("public.things", "emails"): {"transform": "array", "items": EMAIL},
    ("public.things", "short"): {"transform": "array", "items": EMAIL},
    ("public.things", "mixed"): {"transform": "array", "items": EMAIL},
    ("public.things", "typed"): {"transform": "array", "items": EMAIL},
    ("public.things", "uids"): {"transform": "array", "items": {"transform": "hash", "domain": "user.uid"}},
    ("public.things", "born"): {"transform": "array", "items": {"transform": "birth_date", "domain": "user.born"}},
    ("public.things", "hosts"): {"transform": "array", "items": {"transform": "ip", "domain": "user.host"}},
    ("public.things", "docs"): {"transform": "array", "items": {"transform": "json", "paths": {"$.email": EMAIL}}},
    ("public.things", "blobs"): {"transform": "array", "items": {"transform": "hash", "length": 16}},
    ("public.things", "place"): PLACE,
    ("public.things", "places"): {"transform": "array", "items": PLACE},
    ("public.things", "attrs"): {"transform": "hstore", "keys": {"email": EMAIL, "*": "keep"}},
    ("public.things", "stores"): {
        "transform": "array",
        "items": {"transform": "hstore", "keys": {"email": EMAIL, "*": None}},
    },
}


@pytest.fixture
def source(server: EmbeddedServer, database: Dsn) -> Iterator[Dsn]:
    name = f"{database.database}_source"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        with connect(server.dsn(name)) as inner:
            inner.execute(SCHEMA.encode())
        yield server.dsn(name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_the_catalog_tells_parts(source: Dsn) -> None:
    table = catalog_of(source).table(TableName("public", "things"))
    assert table is not None
    parts = {column.name: column.parts for column in table.columns}
    assert [(each.name, each.base_type, each.max_length) for each in parts["short"]] == [("", "varchar", 30)]
    assert [(each.name, each.base_type, each.max_length) for each in parts["typed"]] == [("", "varchar", 30)]
    assert [(each.base_type, each.category) for each in parts["boxes"]] == [("box", "G")]
    assert parts["vector"] == parts["id"] == parts["attrs"] == ()
    fields = [(each.name, each.base_type, each.max_length, each.not_null) for each in parts["place"]]
    assert fields == [
        ("street", "text", None, False),
        ("city", "varchar", 9, False),
        ("numbers", "_int4", None, False),
        ("Zip Code", "varchar", 40, True),
    ]
    assert parts["places"][0].parts == parts["place"]
    assert parts["place"][2].parts[0].base_type == "int4"


def test_masks_agree_with_those_of_columns(settings: Settings, source: Dsn, tmp_path: Path) -> None:
    document = rules_keeping_all(catalog_of(source), RULES)  # type: ignore[arg-type]
    (tmp_path / "masking.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    values = settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": tmp_path}
    settings = Settings.model_validate(values)
    places = open_places(settings)
    snapshot = refresh.take_snapshot(settings, places)
    image = refresh.build_image(settings, places, snapshot.snapshot_id)
    with connect(places.server.with_database(image.database_name)) as conn, connect(source) as raw:
        agreeing = conn.execute(
            """SELECT count(*),
                 count(*) FILTER (WHERE emails[1] = email AND emails[6] = email),
                 count(*) FILTER (WHERE lower(mixed[1]::text) = lower(email) AND typed[1] = email),
                 count(*) FILTER (WHERE uids = ARRAY[uid] AND things.born = ARRAY[person.born] AND hosts = ARRAY[host]),
                 count(*) FILTER (WHERE docs[1]->>'email' = email AND stores[1]->'email' = email),
                 count(*) FILTER (WHERE (place)."Zip Code" = email AND places[1]."Zip Code" = email
                                    AND attrs->'email' = email)
               FROM things JOIN person USING (id) WHERE id > 3"""
        ).fetchone()
        assert agreeing == (47,) * 6
        shapes = """SELECT id, array_dims(emails), array_positions(emails, NULL), emails[5] = 'NULL', emails[4],
                           short IS NULL, ids, amounts, boxes::text, vector::text, (place).city, (place).numbers,
                           place IS NULL, places[1].city, places[2] IS NULL, attrs->'k "x"\\', attrs ? 'none',
                           akeys(attrs)
                    FROM things WHERE id <> 2 ORDER BY id"""
        kept, masked = raw.execute(shapes).fetchall(), conn.execute(shapes).fetchall()
        assert [row[:3] + row[4:] for row in kept] == [row[:3] + row[4:] for row in masked]
        (bounds,) = conn.execute("SELECT array_dims(emails) FROM things WHERE id = 2").fetchone() or ("",)
        assert bounds == "[0:1][1:2]"
        leaks = conn.execute("SELECT count(*) FROM things t WHERE t::text ~* 'corp|High|quoted|x1@y'").fetchone()
        assert leaks == (0,)
        longest = conn.execute("SELECT max(length(e)) FROM things, unnest(short) e").fetchone()
        assert longest is not None
        assert longest[0] <= 30
    refresh.reject_image(settings, places, image.golden_id, "test")


def test_unsuitable_rules_stop_before_a_row_is_read(source: Dsn) -> None:
    catalog = catalog_of(source)
    changes = {
        ("public.things", "ids"): {"transform": "array", "items": EMAIL},
        ("public.things", "place"): {"transform": "composite", "fields": {"street": None}},
        ("public.things", "typed"): {"transform": "composite", "fields": {"street": None}},
        ("public.things", "vector"): {"transform": "array", "items": None},
    }
    rules = parse_rules(yaml.safe_dump(rules_keeping_all(catalog, changes)))  # type: ignore[arg-type]
    with pytest.raises(PlanRefused) as caught:
        compile_plan(rules, catalog, b"k" * 32)
    found = {problem.column: problem.message for problem in caught.value.problems}
    assert found == {
        "ids": "items: email takes text columns, not bigint",
        "place": "no rule covers the fields city, numbers, Zip Code of public.address",
        "typed": "composite takes composite types, not public.mails",
        "vector": "array takes arrays, not int2vector",
    }
