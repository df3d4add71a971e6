"""Masked columns on a real server, trap by trap of the design's section 6.

Which test proves which trap, where it is not one of this file's:

- generated columns, GENERATED ALWAYS, sequences, triggers, cycles, inheritance, identifiers, empty and zero-column
  tables, escapes, NaN, infinity and BC in *kept* columns, extended statistics, nothing raw on disk: `test_traps.py`;
- row-level security, missing privileges, a CHECK that masks break: `test_refusals.py`;
- composites, hstore, arrays of every kind: `masking/test_structured_values.py`; bytea: `masking/test_binary_values.py`;
  xml, and servers without libxml: `masking/test_xml_values.py`;
- full-text configurations and vectors of partitioned tables: `test_recompute.py`; large objects:
  `test_large_objects.py`; sources older than the images' server: `test_old_sources.py`;
- unique keys over hundreds of random schemas: `test_random_databases.py`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sources import Rule, catalog_of, fill, rules_keeping_all, scalar

from testdata_assets.golden import refresh
from testdata_assets.masking.plan import PlanRefused, compile_plan
from testdata_assets.masking.rules import parse_rules
from testdata_assets.masking.transformers import registry
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import Places, open_places
from testdata_assets.settings import Settings
from testdata_assets.validation.run import validate_candidate

TRAPS = Path(__file__).resolve().parents[2] / "fixtures" / "masking_traps.sql"
MAIL: Rule = {"transform": "email", "domain": "mail"}
KEY: Rule = {"transform": "integer_permute"}
CUSTOMER: Rule = {"transform": "integer_permute", "domain": "customer"}
DEVICE: Rule = {"transform": "uuid", "domain": "device"}
INHERIT = object()
ODD = 'public."Ünïts ""of"" work"'
CHANGES: dict[tuple[str, str], object] = {
    ("public.generated", "id"): KEY,
    ("public.generated", "email"): {"transform": "email"},
    ("public.numbered", "id"): KEY,
    ("public.shared_a", "id"): {"transform": "integer_permute", "domain": "shared"},
    ("public.shared_b", "id"): {"transform": "integer_permute", "domain": "shared"},
    ("public.falling", "id"): KEY,
    ("public.split", "id"): KEY,
    ("public.posts", "body"): "scramble",
    ("public.posts", "emptied"): "tsvector",
    ("public.posts", "anew"): {"transform": "tsvector", "mode": "recompute", "from": ["body"], "config": "simple"},
    ("public.chicken", "id"): KEY,
    ("public.chicken", "egg_id"): INHERIT,
    ("public.egg", "id"): KEY,
    ("public.egg", "chicken_id"): INHERIT,
    ("public.boss", "id"): KEY,
    ("public.boss", "boss_id"): INHERIT,
    ("public.boss", "deputy_id"): INHERIT,
    ("public.tenant", "uid"): "uuid",
    ("public.tenant", "name"): "scramble",
    ("public.site", "tenant_uid"): INHERIT,
    ("public.site", "code"): "hash",
    ("public.room", "tenant_uid"): INHERIT,
    ("public.room", "site_code"): INHERIT,
    ("public.room", "no"): KEY,
    ("public.booking", "tenant_uid"): INHERIT,
    ("public.booking", "site_code"): INHERIT,
    ("public.booking", "no"): INHERIT,
    ("public.account", "email"): MAIL,
    ("public.member", "email"): INHERIT,
    ("public.badge", "holder"): INHERIT,
    ("public.mail_log", "sender"): INHERIT,
    ("public.mail_log", "receivers"): {"transform": "array", "items": MAIL},
    ("public.mail_log", "message"): {"transform": "json", "paths": {"$.to[*].mail": MAIL, "$.n": "keep"}},
    ("public.mail_log", "plain"): {"transform": "json", "paths": {"$.from": MAIL}},
    ("public.customer", "id"): CUSTOMER,
    ("public.customer", "uid"): DEVICE,
    ("public.customer", "host"): {"transform": "ip", "domain": "host"},
    ("public.customer", "card"): {"transform": "mac", "domain": "card"},
    ("public.customer_import", "id_text"): INHERIT,
    ("public.customer_import", "id_wide"): INHERIT,
    ("public.customer_import", "id_number"): INHERIT,
    ("public.customer_import", "n"): INHERIT,
    ("public.customer_import", "uid_text"): INHERIT,
    ("public.customer_import", "uids"): {"transform": "array", "items": DEVICE},
    ("public.customer_import", "host_text"): INHERIT,
    ("public.customer_import", "card_text"): INHERIT,
    ("public.customer_import", "document"): {
        "transform": "json",
        "paths": {"$.id": CUSTOMER, "$.text": CUSTOMER, "$.uid": DEVICE},
    },
    ("public.person", "name"): "scramble",
    ("public.person", "city"): "scramble",
    ("public.person", "salary"): {"transform": "number_noise", "ratio": 0.2},
    ("public.person", "ratio"): {"transform": "number_noise", "ratio": 0.2},
    ("public.person", "amount"): {"transform": "number_noise", "ratio": 0.2},
    ("public.person", "born"): "birth_date",
    ("public.person", "seen"): {"transform": "date_shift", "entity": "id"},
    ("public.person", "stay"): {"transform": "shuffle", "by": ["id"]},
    ("public.person", "during"): {"transform": "constant", "value": "empty"},
    ("public.person", "host"): "ip",
    ("public.being", "name"): "scramble",
    ("public.person_audit", "old"): "scramble",
    (ODD, "E-mail, (main)"): {"transform": "email"},
    (ODD, "a column whose name is exactly sixty-three bytes long, with sp."): "scramble",
}
RELATIONSHIPS = [
    {"from": "public.mail_log.sender", "to": "public.account.email"},
    *(
        {"from": f"public.customer_import.{name}", "to": f"public.customer.{other}"}
        for name, other in (
            ("n", "id"), ("id_text", "id"), ("id_wide", "id"), ("id_number", "id"), ("uid_text", "uid"),
            ("host_text", "host"), ("card_text", "card"),
        )
    ),
]  # fmt: skip


def rules_for(dsn: Dsn, changes: dict[tuple[str, str], object]) -> dict[str, object]:
    rules = rules_keeping_all(catalog_of(dsn), changes)  # type: ignore[arg-type]
    for table in rules["tables"].values():  # type: ignore[attr-defined]
        table["columns"] = {name: rule for name, rule in table["columns"].items() if rule is not INHERIT}
    return rules


@pytest.fixture
def empty(server: EmbeddedServer, database: Dsn) -> Iterator[Dsn]:
    name = f"{database.database}_source"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield server.dsn(name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def source(empty: Dsn, places: Places) -> Dsn:
    fill(places.tools, empty, TRAPS)
    return empty


def deployment(settings: Settings, source: Dsn, folder: Path, rules: dict[str, object]) -> tuple[Settings, Places]:
    (folder / "masking.yaml").write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
    changed = Settings.model_validate(settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": folder})
    return changed, open_places(changed)


@pytest.fixture
def image(settings: Settings, source: Dsn, tmp_path: Path) -> Iterator[Dsn]:
    rules = rules_for(source, CHANGES) | {"relationships": RELATIONSHIPS}
    settings, places = deployment(settings, source, tmp_path, rules)
    built = refresh.build_image(settings, places, refresh.take_snapshot(settings, places).snapshot_id)
    report = validate_candidate(settings, places, built.golden_id)
    assert report.passed, [(check.name, check.findings) for check in report.checks if not check.passed]
    yield places.server.with_database(built.database_name)
    refresh.reject_image(settings, places, built.golden_id, "test")


def test_keys_references_and_copies(image: Dsn, source: Dsn, places: Places) -> None:
    """One image, many looks: everything that one refresh shows."""
    dump = places.tools.run("pg_dump", image, ["--data-only", "--inserts"])
    assert not re.findall(r"(?i)\braw.{0,20}|rawson\w*|rawmann\w*", str(dump))
    with connect(image) as conn, connect(source) as raw:
        _generated_columns(conn)
        _sequences(conn)
        _vectors(conn)
        _references(conn, raw)
        _natural_keys(conn)
        _representations(conn, raw)
        _copies(conn)
        _special_values(conn, raw)
        _odd_names(conn)


Conn = psycopg.Connection[tuple[object, ...]]


def _generated_columns(conn: Conn) -> None:
    good = "SELECT count(*) FROM generated WHERE stored = lower(email) AND shown = upper(email)"
    assert scalar(conn, good) == 300
    assert scalar(
        conn, "SELECT attidentity = 'a' FROM pg_attribute WHERE attrelid = 'generated'::regclass AND attnum = 1"
    )


def _sequences(conn: Conn) -> None:
    """As many new rows as there were; none collides with a masked key."""
    for table, columns in (
        ("generated", "(email) SELECT 'new' || i || '@x.example'"),
        ("numbered", "(v) SELECT 'new'"),
        ("shared_a", "(code) SELECT 'new'"),
        ("shared_b", "SELECT"),
        ("falling", "SELECT"),
        ("split", "(v) SELECT 'new'"),
    ):
        conn.execute(f"INSERT INTO {table} {columns} FROM generate_series(1, 200) i".encode())
    assert scalar(conn, "SELECT count(*) FROM shared_a JOIN shared_b USING (id)") == 0
    assert scalar(conn, "SELECT max(id) < 0 FROM falling") is True
    assert scalar(conn, "SELECT count(DISTINCT tableoid) FROM split") == 2
    assert scalar(conn, "SELECT count(*) FROM split") == 330


def _vectors(conn: Conn) -> None:
    assert scalar(conn, "SELECT count(*) FROM posts WHERE emptied = '' AND anew = to_tsvector('simple', body)") == 40
    assert scalar(conn, "SELECT count(*) FROM posts WHERE anew <> ''") == 40


def _references(conn: Conn, raw: Conn) -> None:
    for query in (
        "SELECT count(*) FROM chicken c JOIN egg e ON e.id = c.egg_id",
        "SELECT count(*) FROM egg e JOIN chicken c ON c.id = e.chicken_id WHERE c.egg_id IS NOT NULL",
        "SELECT count(*) FROM boss a JOIN boss b ON b.id = a.boss_id JOIN boss c ON c.id = a.deputy_id",
        "SELECT count(*) FROM tenant JOIN site ON uid = tenant_uid JOIN room r ON (r.tenant_uid, r.site_code) ="
        " (site.tenant_uid, site.code) JOIN booking b ON (b.tenant_uid, b.site_code, b.no) ="
        " (r.tenant_uid, r.site_code, r.no)",
    ):
        assert scalar(conn, query) == scalar(raw, query) != 0
    assert scalar(conn, "SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'") is True
    for table, column in (("chicken", "id"), ("boss", "id"), ("tenant", "uid"), ("site", "code")):
        same = f"SELECT string_agg({column}::text, ',' ORDER BY {column}) FROM {table}"
        if column != "id":  # a permutation of all numbers of one digit may be the same set
            assert scalar(conn, same) != scalar(raw, same)


def _natural_keys(conn: Conn) -> None:
    agreeing = """SELECT count(*) FROM account a JOIN member m USING (email) JOIN badge b ON b.holder = a.email
        JOIN mail_log l ON l.sender = a.email
        WHERE a.n = m.n AND a.n = b.n AND a.n = l.n AND receivers = ARRAY[a.email::text, NULL, a.email]
          AND message #>> '{to,0,mail}' = a.email AND plain ->> 'from' = a.email"""
    assert scalar(conn, agreeing) == 60


def _representations(conn: Conn, raw: Conn) -> None:
    agreeing = """SELECT count(*) FROM customer c JOIN customer_import i ON i.id_text = c.id::text
        WHERE i.id_wide = c.id AND i.id_number = c.id AND i.n = c.id AND i.uid_text::uuid = c.uid
          AND i.uids = ARRAY[c.uid::text] AND i.host_text::inet = c.host AND i.card_text::macaddr = c.card
          AND document -> 'id' = to_jsonb(c.id) AND document ->> 'text' = c.id::text
          AND (document ->> 'uid')::uuid = c.uid"""
    assert scalar(conn, agreeing) == scalar(raw, agreeing) == 50
    for column in ("uid", "host", "card"):
        values = f"SELECT string_agg({column}::text, ',' ORDER BY {column}) FROM customer"
        assert scalar(conn, values) != scalar(raw, values)


def _copies(conn: Conn) -> None:
    assert scalar(conn, "SELECT count(*) FROM person_audit") == 0, "a trigger ran while loading"
    assert scalar(conn, "SELECT tgenabled FROM pg_trigger WHERE tgname = 'person_noted'") in ("A", b"A")
    assert scalar(conn, "SELECT count(*) FROM zz_names JOIN (SELECT DISTINCT name FROM person) p USING (name)") == 9
    assert scalar(conn, "SELECT length(names) > 9 FROM aa_names") is True
    statistics = "SELECT coalesce(string_agg(s::text, ' '), '') FROM {} s WHERE schemaname = 'public'"
    for view in ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"):
        assert not re.search("(?i)rawson|rawtown", str(scalar(conn, statistics.format(view))))
    assert scalar(conn, "SELECT most_common_vals IS NOT NULL FROM pg_stats_ext WHERE statistics_name = 'person_mcv'")


def _special_values(conn: Conn, raw: Conn) -> None:
    for column in ("ratio", "amount", "born", "seen"):
        special = f"SELECT string_agg({column}::text, ' ' ORDER BY id) FROM person WHERE {column}::text ~ 'N|nfinity'"
        assert scalar(conn, special) == scalar(raw, special) != ""
    assert scalar(conn, "SELECT count(*) FROM person WHERE born::text LIKE '%BC' OR seen::text LIKE '%BC'") == 1
    for column in ("salary", "ratio", "amount", "born", "seen", "stay", "host"):
        ordered = f"SELECT string_agg({column}::text, ' ' ORDER BY id) FROM person"
        assert scalar(conn, ordered) != scalar(raw, ordered), column
    assert scalar(conn, "SELECT count(*) FROM person WHERE during = 'empty'") == 200
    stay = "SELECT string_agg(stay::text, ' ' ORDER BY stay) FROM person"
    assert scalar(conn, stay) == scalar(raw, stay)


def _odd_names(conn: Conn) -> None:
    assert scalar(conn, "SELECT count(*) FROM ONLY being") == 1
    assert scalar(conn, "SELECT count(*) FROM ONLY pet WHERE kind IS NULL AND name IS NULL") == 1
    rows = conn.execute('SELECT "E-mail, (main)", "select", 3 FROM "Ünïts ""of"" work"').fetchall()
    assert sorted(str(row[1]) for row in rows) == sorted([r"\.", "", r"\N", "None"])
    long = "a column whose name is exactly sixty-three bytes long, with sp."
    assert len(long) == 63
    query = sql.SQL('SELECT {} FROM "Ünïts ""of"" work"').format(sql.Identifier(long))
    kept = sorted(re.sub(r"\w", "x", str(row[0])) for row in conn.execute(query).fetchall())
    assert kept == sorted(['xxx\txxx\nxxxx\\x "x" \'x', "", "\\.", "xxx\r\n\\.\r\n"])


CONSTRAINTS = """
CREATE TABLE plain (a text NOT NULL, n int, CONSTRAINT plain_once UNIQUE (a));
INSERT INTO plain SELECT 'Name ' || i, i FROM generate_series(1, 400) i;
CREATE TABLE keyed (code varchar(30), area int, CONSTRAINT keyed_pk PRIMARY KEY (area, code));
INSERT INTO keyed SELECT 'code ' || i, i % 3 FROM generate_series(1, 400) i;
CREATE TABLE lowered (mail text);
CREATE UNIQUE INDEX lowered_once ON lowered (lower(mail));
INSERT INTO lowered SELECT 'Mail ' || i FROM generate_series(1, 400) i;
CREATE TABLE cut (phone text);
CREATE UNIQUE INDEX cut_once ON cut (left(phone, 4));
INSERT INTO cut SELECT i::text FROM generate_series(1000, 1400) i;
CREATE TABLE partial (v text, open bool, state text);
CREATE UNIQUE INDEX partial_once ON partial (v) WHERE open;
CREATE UNIQUE INDEX partial_state ON partial (v) WHERE (state = 'new' AND NOT open);
INSERT INTO partial SELECT 'v' || i / 2, i % 2 = 0, CASE i % 2 WHEN 0 THEN 'new' ELSE 'old' END
FROM generate_series(1, 400) i;
CREATE TABLE excluded (no int, during tsrange,
    CONSTRAINT excluded_no EXCLUDE (no WITH =), CONSTRAINT excluded_during EXCLUDE USING gist (during WITH &&));
INSERT INTO excluded SELECT i, tsrange('2024-01-01'::date + i, '2024-01-01'::date + i + 1)
FROM generate_series(1, 400) i;
CREATE TABLE made (mail text, short text GENERATED ALWAYS AS (substr(mail, 1, 8)) STORED,
    CONSTRAINT made_once UNIQUE (short));
INSERT INTO made SELECT i || ' name ' || i FROM generate_series(1, 400) i;
CREATE TABLE once (v text, n text, UNIQUE NULLS NOT DISTINCT (v), UNIQUE NULLS NOT DISTINCT (n));
INSERT INTO once SELECT 'v' || i, 'n' || i FROM generate_series(1, 40) i;
CREATE TABLE listed (k text, v int) PARTITION BY LIST (k);
CREATE TABLE listed_a PARTITION OF listed FOR VALUES IN ('a', 'b');
INSERT INTO listed VALUES ('a', 1), ('b', 2);
CREATE TABLE ranged (k int, v int) PARTITION BY RANGE (k);
CREATE TABLE ranged_a PARTITION OF ranged FOR VALUES FROM (0) TO (100);
INSERT INTO ranged SELECT i, i FROM generate_series(0, 99) i;
"""
LOSSY: Rule = {"transform": "number_bucket", "size": 10}
REFUSED: dict[tuple[str, str], object] = {
    ("public.plain", "a"): "first_name",
    ("public.keyed", "code"): "city",
    ("public.lowered", "mail"): "last_name",
    ("public.cut", "phone"): "hash",
    ("public.partial", "v"): "company",
    ("public.partial", "state"): "scramble",
    ("public.excluded", "no"): LOSSY,
    ("public.excluded", "during"): {"transform": "shuffle", "by": ["no"]},
    ("public.made", "mail"): {"transform": "email"},
    ("public.once", "v"): None,
    ("public.once", "n"): {"transform": "hash", "when": "n in ('n1', 'n2')", "else": None},
    ("public.listed", "k"): "hash",
    ("public.ranged", "k"): KEY,
}
BROKEN = {
    ("public.plain", "a", "unique index plain_once"),
    ("public.keyed", "code", "primary key keyed_pk"),
    ("public.lowered", "mail", "unique index lowered_once"),
    ("public.cut", "phone", "unique index cut_once"),
    ("public.partial", "v", "unique index partial_once"),
    ("public.partial", "v", "unique index partial_state"),
    ("public.partial", "state", "unique index partial_state"),
    ("public.excluded", "no", "exclusion constraint excluded_no"),
    ("public.excluded", "during", "exclusion constraint excluded_during"),
    ("public.made", "mail", "unique index made_once"),
    ("public.once", "v", "unique index once_v_key"),
    ("public.once", "n", "unique index once_n_key"),
}


def test_a_refusal_names_a_transformer_that_really_does(settings: Settings, empty: Dsn, tmp_path: Path) -> None:
    with connect(empty) as conn:
        conn.execute(CONSTRAINTS.encode())
    catalog = catalog_of(empty)

    def refusals(changes: dict[tuple[str, str], object]) -> PlanRefused:
        with pytest.raises(PlanRefused) as caught:
            compile_plan(parse_rules(yaml.safe_dump(rules_for(empty, changes))), catalog, b"k" * 32)
        return caught.value

    problems = refusals(REFUSED).problems
    unique = [problem for problem in problems if problem.kind == "uniqueness"]
    assert {(problem.table, problem.column, problem.message.split(" could break")[0]) for problem in unique} == BROKEN
    others = {(problem.kind, problem.table, problem.column) for problem in problems if problem.kind != "uniqueness"}
    assert others == {("partition_key", "public.listed", "k"), ("partition_key", "public.ranged", "k")}
    assert all("Keep the column" in problem.remedy for problem in problems if problem.kind == "partition_key")

    offered: dict[tuple[str, str], set[str]] = {}
    for problem in unique:
        named = re.fullmatch(r"Use (.+) for (\w+)\.", problem.remedy)
        assert named is not None
        assert named[2] == problem.column
        names = set(re.split(", | or ", named[1]))
        assert names <= registry.all().keys()
        place = (str(problem.table), str(problem.column))
        offered[place] = offered.get(place, names) & names  # what serves every constraint on the column
    assert all(offered.values())
    keep: dict[tuple[str, str], object] = dict.fromkeys(REFUSED, "keep")
    for place, names in offered.items():
        for name in names:  # each of them passes the plan alone
            rules = rules_for(empty, {**keep, place: name})
            compile_plan(parse_rules(yaml.safe_dump(rules)), catalog, b"k" * 32)
    chosen = {place: min(names - {"keep"}, default="keep") for place, names in offered.items()}
    assert [place for place, name in chosen.items() if name == "keep"] != list(chosen)
    settings, places = deployment(settings, empty, tmp_path, rules_for(empty, {**keep, **chosen}))
    built = refresh.build_image(settings, places, refresh.take_snapshot(settings, places).snapshot_id)
    with connect(places.server.with_database(built.database_name)) as conn:
        assert scalar(conn, "SELECT count(*) FROM pg_index WHERE indisunique AND NOT indisvalid") == 0
        assert scalar(conn, "SELECT count(*) FROM plain WHERE a LIKE 'Name %'") == 0
        assert scalar(conn, "SELECT count(*) FROM keyed WHERE code LIKE 'code %'") == 0
    refresh.reject_image(settings, places, built.golden_id, "test")


PRIVATE = "jane.roe@raw-mail.example"
CATALOG = f"""
CREATE TABLE people (id int PRIMARY KEY, email text NOT NULL, owner text DEFAULT '{PRIVATE}', at text,
    CONSTRAINT not_jane CHECK (at <> '{PRIVATE}'));
INSERT INTO people SELECT i, 'person' || i || '@raw-mail.example', NULL, NULL FROM generate_series(1, 50) i;
INSERT INTO people VALUES (99, '{PRIVATE}', NULL, NULL);
CREATE INDEX jane_only ON people (id) WHERE at = '{PRIVATE}';
CREATE INDEX jane_expression ON people ((at = '{PRIVATE}'));
CREATE TYPE kind AS ENUM ('none', '{PRIVATE}');
CREATE VIEW janes AS SELECT id FROM people WHERE at = '{PRIVATE}';
CREATE MATERIALIZED VIEW stored_janes AS SELECT id, '{PRIVATE}'::text AS literal FROM people;
CREATE FUNCTION jane() RETURNS text LANGUAGE sql AS $$SELECT '{PRIVATE}'::text$$;
CREATE DOMAIN not_jane_domain AS text CHECK (VALUE <> '{PRIVATE}');
CREATE TABLE parts (k text) PARTITION BY LIST (k);
CREATE TABLE jane_part PARTITION OF parts FOR VALUES IN ('{PRIVATE}');
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY jane_policy ON people USING (at <> '{PRIVATE}');
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER jane_trigger AFTER UPDATE ON people FOR EACH ROW WHEN (NEW.at = '{PRIVATE}') EXECUTE FUNCTION noted();
CREATE RULE jane_rule AS ON INSERT TO people WHERE NEW.at = '{PRIVATE}' DO INSTEAD NOTHING;
CREATE STATISTICS jane_statistics ON (at = '{PRIVATE}'), id FROM people;
CREATE DOMAIN jane_default AS text DEFAULT '{PRIVATE}';
CREATE TABLE jane_key (v text) PARTITION BY RANGE ((coalesce(v, '{PRIVATE}')));
CREATE AGGREGATE jane_sum (text) (SFUNC = textcat, STYPE = text, INITCOND = '{PRIVATE}');
CREATE TABLE made (id int, g text GENERATED ALWAYS AS ('{PRIVATE}') STORED);
INSERT INTO made VALUES (1);
COMMENT ON TABLE people IS 'ask {PRIVATE}'; COMMENT ON COLUMN people.at IS '{PRIVATE}';
"""
NAMED = (
    "people.owner", "not_jane", "jane_only", "jane_expression", "kind", "janes", "stored_janes", "jane()",
    "not_jane_domain", "jane_part", "jane_policy", "jane_trigger", "jane_rule", "jane_statistics", "jane_default",
    "jane_key", "jane_sum", "made.g", "table public.people", "column at of table public.people",
)  # fmt: skip


def test_private_texts_in_the_catalog_are_found_and_named(settings: Settings, empty: Dsn, tmp_path: Path) -> None:
    with connect(empty) as conn:
        conn.execute(CATALOG.encode())
    rules = rules_for(empty, {("public.people", "email"): {"transform": "email"}})
    settings, places = deployment(settings, empty, tmp_path, rules)
    built = refresh.build_image(settings, places, refresh.take_snapshot(settings, places).snapshot_id)
    report = validate_candidate(settings, places, built.golden_id)
    check = next(check for check in report.checks if check.name == "no_production_values")
    assert not check.passed
    found = {f"{finding.table} {finding.column_or_object}" for finding in check.findings}
    assert [name for name in NAMED if not any(name in each for each in found)] == []
    assert PRIVATE not in str(report)
    refresh.reject_image(settings, places, built.golden_id, "test")


def test_keys_of_unlike_types_need_a_transformer_that_masks_them_alike(settings: Settings, empty: Dsn) -> None:
    """7, '7' and 7.0 agree, or the plan says what would make them."""
    with connect(empty) as conn:
        conn.execute("CREATE TABLE a (id bigint PRIMARY KEY, uid uuid); CREATE TABLE b (a_id text, a_uid text)")
    catalog = catalog_of(empty)

    def plan_with(key: object, uid: object) -> None:
        changes: dict[tuple[str, str], object] = {("public.a", "id"): key, ("public.a", "uid"): uid}
        changes |= {("public.b", "a_id"): INHERIT, ("public.b", "a_uid"): INHERIT}
        links = [{"from": f"public.b.a_{name}", "to": f"public.a.{name}"} for name in ("id", "uid")]
        rules = rules_for(empty, changes) | {"relationships": links}
        plan = compile_plan(parse_rules(yaml.safe_dump(rules)), catalog, b"k" * 32)
        assert [warning for warning in plan.warnings if "mask differently" in warning.message] == []

    plan_with("integer_permute", "uuid")
    with pytest.raises(PlanRefused) as caught:
        plan_with("hash", "hash")
    key, uid = caught.value.problems
    assert "type bigint there, text here" in key.message
    assert "integer_permute or keep" in key.remedy
    assert "uuid or keep" in uid.remedy


PERIODS = """
CREATE EXTENSION btree_gist;
CREATE TABLE room (id int, open tsrange, PRIMARY KEY (id, open WITHOUT OVERLAPS));
INSERT INTO room SELECT i, tsrange('2024-01-01'::date + d, '2024-01-01'::date + d + 1)
FROM generate_series(1, 30) i, generate_series(0, 3) d;
CREATE TABLE stay (room_id int, during tsrange, FOREIGN KEY (room_id, PERIOD during) REFERENCES room (id, PERIOD open));
INSERT INTO stay SELECT i, '[2024-01-01 12:00, 2024-01-03 12:00)' FROM generate_series(1, 30) i;
"""


def test_keys_over_periods(settings: Settings, empty: Dsn, tmp_path: Path) -> None:
    """Postgres 18's temporal keys: masked beside the period, and a reference that several rows cover together."""
    with connect(empty) as conn:
        if not conn.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'btree_gist'").fetchone():
            pytest.skip("this Postgres has no btree_gist")
        conn.execute(PERIODS.encode())
    rules = rules_for(empty, {("public.room", "id"): KEY, ("public.stay", "room_id"): INHERIT})
    settings, places = deployment(settings, empty, tmp_path, rules)
    built = refresh.build_image(settings, places, refresh.take_snapshot(settings, places).snapshot_id)
    report = validate_candidate(settings, places, built.golden_id)
    assert report.passed, [(check.name, check.findings) for check in report.checks if not check.passed]
    image = places.server.with_database(built.database_name)
    with connect(image) as conn:
        conn.execute("ALTER TABLE stay DROP CONSTRAINT stay_room_id_during_fkey")
        conn.execute(
            "ALTER TABLE stay ADD CONSTRAINT stay_room_id_during_fkey FOREIGN KEY (room_id, PERIOD during)"
            " REFERENCES room (id, PERIOD open) NOT VALID"
        )
        conn.execute("ALTER TABLE stay DISABLE TRIGGER ALL")
        conn.execute("UPDATE stay SET during = '[2024-01-01, 2025-01-01)' WHERE room_id IN (SELECT min(id) FROM room)")
    again = validate_candidate(settings, places, built.golden_id)
    check = next(check for check in again.checks if check.name == "referential_integrity")
    assert ("orphaned rows", 1) in {(finding.kind, finding.count) for finding in check.findings}
    refresh.reject_image(settings, places, built.golden_id, "test")
