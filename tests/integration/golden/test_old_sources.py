"""Sources older than the images' server: a refresh of everything that breaks dump-and-mask tools, version by version.

Debian's servers are used where they are installed (/usr/lib/postgresql/*/bin); TESTDATA_TEST_SOURCE_BINS=folder:folder
names bin folders of further versions. Extensions that a server lacks leave their columns out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from old_servers import FURTHER, old_server, source_bins, version_of
from sources import Rule, catalog_of, contents, fill, rules_keeping_all, scalar

from testdata_assets.errors import EnvironmentLack
from testdata_assets.golden import refresh
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.places import Places, open_places
from testdata_assets.production import snapshot as extraction
from testdata_assets.settings import Settings
from testdata_assets.validation.run import validate_candidate

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
PEOPLE = "public.people"
MASKED: dict[tuple[str, str], Rule] = {
    (PEOPLE, "id"): {"transform": "integer_permute"},
    (PEOPLE, "email"): {"transform": "email", "domain": "mail"},
    (PEOPLE, "name"): "scramble",
    ("public.logins", "address"): {"transform": "email", "domain": "mail"},
    ("public.hashed", "k"): "hash",
    ("public.documents", "body"): {"transform": "json", "paths": {"$.mail": {"transform": "email", "domain": "mail"}}},
    ("public.documents", "words"): {"transform": "tsvector"},
}
BINS = source_bins()
if not BINS:
    pytest.skip(f"no older Postgres: none below /usr/lib/postgresql, none in {FURTHER}", allow_module_level=True)


@pytest.fixture(scope="module", params=BINS, ids=version_of)
def older(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dsn]:
    with old_server(request.param, tmp_path_factory.mktemp("older")) as dsn:
        yield dsn


@pytest.fixture
def source(older: Dsn, places: Places, tmp_path: Path) -> Iterator[Dsn]:
    with connect(older) as conn:
        conn.execute("CREATE DATABASE production TEMPLATE template0")
        available = {row[0] for row in conn.execute("SELECT name FROM pg_available_extensions")}
        dsn = older.with_database("production")
        traps = (FIXTURES / "traps.sql").read_text(encoding="utf-8")
        if "citext" not in available:
            traps = traps.replace("CREATE EXTENSION citext;", "").replace("ci citext", "ci text")
        (tmp_path / "traps.sql").write_text(traps, encoding="utf-8")
        fill(places.tools, dsn, tmp_path / "traps.sql")
        fill(places.tools, dsn, FIXTURES / "old_source.sql")
        if "hstore" in available:
            with connect(dsn) as filling:
                filling.execute("CREATE EXTENSION hstore; CREATE TABLE pairs (h hstore)")
                filling.execute(r"""INSERT INTO pairs VALUES ('a=>"b c", "d\"e"=>NULL'), (NULL), ('')""")
        yield dsn
        conn.execute("DROP DATABASE production WITH (FORCE)")


def deployment(settings: Settings, source: Dsn, folder: Path, changes: dict[tuple[str, str], Rule]) -> Settings:
    rules = rules_keeping_all(catalog_of(source), changes)
    if changes:
        del rules["tables"]["public.orders"]["columns"]["person_id"]  # type: ignore[index]  # it follows its reference
    (folder / "masking.yaml").write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
    accepted = {"check": "no_pii_patterns", "reason": "traps are kept on purpose", "expires": "2999-12-31"}
    accepted_everywhere = [{**accepted, "table": table} for table in rules["tables"]]  # type: ignore[attr-defined]
    (folder / "validation.yaml").write_text(yaml.safe_dump({"version": 1, "accepted": accepted_everywhere}))
    return Settings.model_validate(settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": folder})


def test_kept_rows_come_through_byte_for_byte(
    settings: Settings, source: Dsn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "_CHUNK_PAGES", 4)  # so that small tables are read by ctid ranges, too
    settings = deployment(settings, source, tmp_path, {})
    places, catalog = open_places(settings), catalog_of(source)
    cut = list(extraction._cut(catalog.storing_tables, catalog.server_version))
    assert sum(item.table.name == TableName("public", "people") for item in cut) > 3
    snapshot = refresh.take_snapshot(settings, places)
    image = refresh.build_image(settings, places, snapshot.snapshot_id)
    expected = contents(source, catalog)
    assert contents(places.server.with_database(image.database_name), catalog) == expected
    assert image.row_counts == {name: len(rows) for name, rows in expected.items()}
    report = validate_candidate(settings, places, image.golden_id)
    assert report.passed, [(check.name, check.details) for check in report.checks if not check.passed]
    assert refresh.publish_image(settings, places, image.golden_id).status == "published"


def test_masked_columns_agree_and_everything_else_stays(settings: Settings, source: Dsn, tmp_path: Path) -> None:
    settings = deployment(settings, source, tmp_path, MASKED)
    places, catalog = open_places(settings), catalog_of(source)
    snapshot = refresh.take_snapshot(settings, places)
    image = refresh.build_image(settings, places, snapshot.snapshot_id)
    dsn = places.server.with_database(image.database_name)
    before, after = contents(source, catalog), contents(dsn, catalog)
    touched = {"public.people", "public.logins", "public.orders", "public.documents"}
    touched |= {name for name in before if name.startswith("public.hashed")}
    assert {name: rows for name, rows in after.items() if name not in touched} == {
        name: rows for name, rows in before.items() if name not in touched
    }
    with connect(dsn) as conn, connect(source) as raw:
        unmasked = "SELECT string_agg(note || coalesce(born::text, ''), '|' ORDER BY note) FROM people"
        assert scalar(conn, unmasked) == scalar(raw, unmasked)
        assert scalar(conn, "SELECT count(*) FROM people WHERE email LIKE '%raw-mail%' OR name LIKE 'Person %'") == 0
        agreeing = "SELECT count(*) FROM {} JOIN people p ON {}"
        for table, condition in (
            ("orders o", "p.id = o.person_id"),
            ("logins l", "p.email = l.address"),
            ("documents d", "p.email = d.body ->> 'mail'"),
        ):
            query = agreeing.format(table, condition)
            assert scalar(conn, query) == scalar(raw, query) != 0
        assert scalar(conn, "SELECT count(*) FROM documents WHERE words <> ''") == 0
        assert scalar(conn, "SELECT count(*) FROM hashed") == scalar(raw, "SELECT count(*) FROM hashed")
        assert scalar(conn, "SELECT nextval('people_id_seq') > (SELECT max(id) FROM people)") is True
        assert scalar(conn, "SELECT shown FROM people_shown LIMIT 1") is not None
    report = validate_candidate(settings, places, image.golden_id)
    assert report.passed, [(check.name, check.details) for check in report.checks if not check.passed]
    refresh.reject_image(settings, places, image.golden_id, "test")


def test_what_sorts_otherwise_is_refused_before_a_row_is_read(settings: Settings, older: Dsn, tmp_path: Path) -> None:
    """The images' server sorts by code point and has no ICU."""
    with connect(older) as conn:
        if conn.execute("SELECT 1 FROM pg_collation WHERE collprovider = 'i'").fetchone() is None:
            pytest.skip("this server has no ICU either")
        conn.execute(
            "CREATE DATABASE sorted TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
            if conn.info.server_version >= 150000
            else "CREATE DATABASE sorted TEMPLATE template0"
        )
    source = older.with_database("sorted")
    try:
        with connect(source) as conn:
            conn.execute(
                "CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
                "CREATE COLLATION plain (provider = libc, locale = 'C');"
                "CREATE TABLE people (name text COLLATE blind UNIQUE, nick text COLLATE plain);"
                "CREATE TABLE logs (day text) PARTITION BY RANGE (day);"
                "CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('a') TO ('N');"
            )
        catalog = catalog_of(source)
        columns = {each.name: each.nondeterministic for each in catalog.tables[-1].columns}
        assert columns == {"name": True, "nick": False}
        (tmp_path / "masking.yaml").write_text(yaml.safe_dump(rules_keeping_all(catalog)), encoding="utf-8")
        changed = settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": tmp_path}
        with pytest.raises(EnvironmentLack) as caught:
            refresh.take_snapshot(Settings.model_validate(changed), open_places(Settings.model_validate(changed)))
        assert caught.value.error_code == "preflight-failed"
        assert "collation public.blind (icu und-u-ks-level2, nondeterministic)" in caught.value.what
        assert "public.plain" not in caught.value.what
        assert ("public.logs is partitioned" in caught.value.what) is (catalog.server_version >= 150000)
    finally:
        with connect(older) as conn:
            conn.execute("DROP DATABASE sorted WITH (FORCE)")
