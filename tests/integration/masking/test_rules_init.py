"""`testdata rules init` on a real server: the draft passes `rules check` as it stands, and holds no value."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
import typer
from psycopg import sql
from typer.testing import CliRunner

from testdata_assets.cli.rules_init import init
from testdata_assets.errors import RefusedError
from testdata_assets.masking.discovery.discover import Discovery, discover
from testdata_assets.masking.plan import PlanRefused, compile_plan
from testdata_assets.masking.rules import load_rules
from testdata_assets.masking.rules_check import check_rules
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.source import open_source

NASTY = """
CREATE SCHEMA "Sales Dept";
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TYPE place AS (street text, town text, floor int);
CREATE DOMAIN mail AS citext CHECK (VALUE ~ '@');
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email mail NOT NULL UNIQUE, full_name varchar(60) NOT NULL,
    mode text, "columns" text, feeling mood, aliases text[], lives place, attrs hstore, prefs jsonb, logo bytea,
    pin char(4), phone_number bigint UNIQUE, born date, salary numeric(10, 2) NOT NULL, homes point, seen inet,
    kind text NOT NULL CHECK (kind IN ('new', 'old')), document xml, words tsvector, span tstzrange,
    shout text GENERATED ALWAYS AS (upper(full_name)) STORED
);
CREATE UNIQUE INDEX by_name ON users (left(full_name, 3), id);
CREATE UNIQUE INDEX by_lower ON users (lower(full_name)) WHERE salary > 0;
CREATE TABLE "Sales Dept"."Or""der: #1" (
    "Kunden Nr" int NOT NULL, "Line#" int, billing_email citext REFERENCES users (email), "Größe" text,
    contact_email text, user_id bigint REFERENCES users, boss int,
    PRIMARY KEY ("Kunden Nr", "Line#")
);
CREATE TABLE self_made (id int PRIMARY KEY, up int REFERENCES self_made, note text);
CREATE TABLE chain_a (mail text PRIMARY KEY);
CREATE TABLE chain_b (mail text PRIMARY KEY REFERENCES chain_a);
CREATE TABLE chain_c (mail text REFERENCES chain_b, other text REFERENCES chain_a);
CREATE TABLE only_keys (user_id bigint REFERENCES users);
CREATE TABLE events (id bigint, email text NOT NULL, at date NOT NULL) PARTITION BY LIST (email);
CREATE TABLE events_a PARTITION OF events FOR VALUES IN ('a@example.org');
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE TABLE by_expression (id int, code text) PARTITION BY RANGE (lower(code));
CREATE TABLE by_expression_1 PARTITION OF by_expression DEFAULT;
CREATE TABLE parent (id int, surname text);
CREATE TABLE child (extra_email text) INHERITS (parent);
CREATE TABLE bookings (room inet, who text, EXCLUDE USING gist (room inet_ops WITH &&));
CREATE TABLE nothing ();
CREATE TABLE empty_one (zorbl text, email text);
COMMENT ON TABLE users IS 'people';
INSERT INTO users (email, full_name, mode, aliases, lives, attrs, prefs, pin, phone_number, born, salary, kind, seen)
SELECT format('person%s@secret.example', n), format('Name%s Family%s', n, n), 'm' || n,
       ARRAY[format('alias%s@secret.example', n)], ROW (format('%s Acacia Avenue', n), 'Town', n)::place,
       hstore('phone', format('+49 30 9018%s', 1000 + n)),
       jsonb_build_object('contact', jsonb_build_object('email', format('person%s@secret.example', n)), 'n', n),
       '1234', 493090181000 + n, date '1950-01-01' + n * 90, 1000.5 + n, 'new', '10.0.0.1'
FROM generate_series(1, 200) AS n;
INSERT INTO "Sales Dept"."Or""der: #1" ("Kunden Nr", "Line#", contact_email)
SELECT n, 1, format('person%s@secret.example', n) FROM generate_series(1, 100) AS n;
INSERT INTO child SELECT n, 'Family' || n, format('kid%s@secret.example', n) FROM generate_series(1, 50) AS n;
INSERT INTO events SELECT n, format('e%s@secret.example', n), date '2024-01-01' FROM generate_series(1, 50) AS n;
"""


@pytest.fixture
def nasty(database: Dsn) -> Dsn:
    with connect(database) as conn:
        conn.execute(NASTY)
        conn.execute("ANALYZE")
    return database


# Personal, and no mask fits: an expression in a unique index, a predicate of one.
BLOCKED = {("public.users", "full_name"), ("public.users", "salary")}


def drafted(dsn: Dsn, blocked: set[tuple[str, str]] = BLOCKED) -> Discovery:
    with open_source(dsn) as source:
        found = discover(source, sample=100)
        checked = check_rules(found.rules, source.catalog)
        assert checked.stale == checked.errors == checked.weak == ()
        assert {(each.table, each.column) for each in checked.unclassified} == blocked
        assert {(each.table, each.column) for each in found.columns if each.transform == "block"} == blocked
        if blocked:
            with pytest.raises(PlanRefused):
                compile_plan(found.rules, source.catalog, b"k" * 32)
        else:
            compile_plan(found.rules, source.catalog, b"k" * 32)
    return found


def test_a_nasty_schema_passes_the_check_as_drafted(nasty: Dsn) -> None:
    found = drafted(nasty)
    by_name = {(each.table, each.column): each for each in found.columns}
    users = {column: each for (table, column), each in by_name.items() if table == "public.users"}
    assert users["email"].transform == "email"
    assert users["email"].pii == "email"
    assert users["id"].transform == users["kind"].transform == users["feeling"].transform == "keep"
    assert users["phone_number"].pii == "phone"
    assert users["phone_number"].transform != "keep"
    assert users["born"].pii == "birth_date"
    assert users["salary"].pii == "financial"
    assert "shout" not in users
    order = {column: each for (table, column), each in by_name.items() if table.startswith('"Sales')}
    assert order["billing_email"].inherits == "public.users.email"
    assert by_name["public.chain_c", "mail"].inherits == "public.chain_a.mail"
    assert by_name["public.child", "extra_email"].pii == "email"
    assert by_name["public.parent", "surname"].pii == "last_name"
    assert by_name["public.empty_one", "zorbl"].undecided
    assert by_name["public.empty_one", "zorbl"].transform != "keep"
    paths = found.rules.tables[TableName("public", "users")].columns["prefs"].params["paths"]
    assert paths["$.contact.email"]["transform"] == "email"
    assert paths["$.**"] == "scramble"


UNIQUE_TOGETHER = """
CREATE EXTENSION btree_gist;
CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, last_name text NOT NULL, birth_date date NOT NULL,
    email text NOT NULL, phone text, member_no text, note text, UNIQUE (last_name, birth_date)
);
CREATE UNIQUE INDEX ON people (lower(email));
CREATE UNIQUE INDEX ON people (phone) WHERE phone IS NOT NULL;
CREATE UNIQUE INDEX ON people (birth_date, lower(email));
CREATE TABLE visits (
    person_id bigint NOT NULL REFERENCES people, visit_date date NOT NULL, seen_at timestamptz, degrees numeric(4, 1),
    PRIMARY KEY (person_id, visit_date), UNIQUE (person_id, seen_at)
);
CREATE TABLE patients (
    first_name text, last_name text, dob date, ward text, PRIMARY KEY (first_name, last_name, dob)
);
CREATE TABLE wards (ward text, dob date, EXCLUDE USING gist (ward WITH =, dob WITH =));
INSERT INTO people (last_name, birth_date, email, phone, member_no, note)
SELECT format('Family%s', n % 20), date '1950-01-01' + n * 90, format('p%s@secret.example', n),
       format('+49 30 90%s', 18000 + n), 'M' || n, format('rang Family%s about it', n % 20)
FROM generate_series(1, 200) AS n;
INSERT INTO visits SELECT n, date '2024-01-01' + n % 40, timestamptz '2024-01-01' + n * interval '7 hours', 36.5
FROM generate_series(1, 200) AS n;
INSERT INTO patients SELECT 'Anna', 'Family' || n % 9, date '1950-01-01' + n, 'A' FROM generate_series(1, 200) AS n;
INSERT INTO wards SELECT 'W' || n % 4, date '1950-01-01' + n FROM generate_series(1, 90) AS n;
ANALYZE;
"""


def test_a_draft_fits_keys_of_several_columns(database: Dsn) -> None:
    with connect(database) as conn:
        for statement in UNIQUE_TOGETHER.split(";\n"):
            conn.execute(statement.encode())
    found = drafted(database, blocked=set())
    by_name = {f"{each.table.removeprefix('public.')}.{each.column}": each for each in found.columns}
    assert by_name["people.email"].transform == "email"
    for place in ("people.birth_date", "patients.dob", "wards.dob"):
        assert (by_name[place].pii, by_name[place].transform) == ("birth_date", "birth_date")
    assert by_name["people.note"].transform == "free_text"
    assert "reason" not in found.text


def test_what_no_mask_fits_is_blocked_never_kept(database: Dsn) -> None:
    with connect(database) as conn:
        conn.execute(
            """
            CREATE TABLE people (id int PRIMARY KEY, full_name text NOT NULL,
                slug text GENERATED ALWAYS AS (lower(replace(full_name, ' ', '-'))) STORED UNIQUE);
            CREATE TABLE members (id int, last_name text NOT NULL) PARTITION BY RANGE (last_name);
            CREATE TABLE members_a PARTITION OF members FOR VALUES FROM ('A') TO ('Z');
            INSERT INTO people SELECT n, format('Carla Baker%s', n) FROM generate_series(1, 60) AS n;
            INSERT INTO members SELECT n, format('Baker%s', n) FROM generate_series(1, 60) AS n;
            """
        )
        conn.execute("ANALYZE")
    found = drafted(database, {("public.people", "full_name"), ("public.members", "last_name")})
    assert "# full_name: BLOCKED, person_name and no mask fits (unique index people_slug_key" in found.text
    assert "# last_name: BLOCKED, last_name and no mask fits (the table is partitioned by it)" in found.text
    assert found.counts()["blocked"] == 2
    assert len(found.problems) == 2


def test_what_repeats_its_own_row_is_masked(database: Dsn) -> None:
    """Slugs of masked columns, and sparse notes of few values that name their own person, whatever they are called."""
    with connect(database) as conn:
        conn.execute(
            """
            CREATE TABLE staff (id int PRIMARY KEY, surname text NOT NULL, given text NOT NULL, title text NOT NULL,
                slug text NOT NULL, ref text UNIQUE, leaving text, state text, filler text NOT NULL);
            INSERT INTO staff
            SELECT n, family, first, first || ' ' || family, lower(first || '-' || family),
                lower(first || '-' || family) || '-' || n,
                CASE WHEN n % 10 = 3 THEN CASE WHEN n % 3 = 0 THEN 'dismissal, see file ' || family
                    ELSE (ARRAY['retired', 'resigned', 'end of contract'])[1 + n % 3] END END,
                (ARRAY['open', 'closed'])[1 + n % 2], repeat('x', 400)
            FROM (
                SELECT n, (ARRAY['Bran', 'Kor', 'Tal', 'Vess', 'Dun', 'Ost'])[1 + n % 6]
                    || (ARRAY['dt', 'ovic', 'mann', 'elli', 'sen'])[1 + n / 6 % 5] AS family,
                    (ARRAY['Ida', 'Jon', 'Ute', 'Max', 'Eva', 'Tom', 'Kai'])[1 + n / 30 % 7] AS first
                FROM generate_series(1, 3000) AS n
            ) AS people;
            """
        )
        conn.execute("ANALYZE")
    found = {each.column: each for each in drafted(database, set()).columns}
    assert found["slug"].transform == "template"
    assert found["ref"].transform == "scramble"
    assert found["leaving"].pii == "free_text"
    assert "quotes surname of the same row" in found["leaving"].why
    assert found["state"].transform == "keep"


def test_texts_of_the_catalog_are_looked_at(database: Dsn) -> None:
    with connect(database) as conn:
        conn.execute(
            """
            CREATE TABLE clients (id int PRIMARY KEY, full_name text, desk text DEFAULT 'ask zorbl@desk.example');
            INSERT INTO clients SELECT n, format('Qorbin Vexley%s', n) FROM generate_series(1, 50) AS n;
            CREATE VIEW chosen AS SELECT id FROM clients WHERE full_name = 'Qorbin Vexley7';
            CREATE VIEW plain AS SELECT id, full_name FROM clients WHERE id > 7;
            COMMENT ON TABLE clients IS 'kept since the move';
            """
        )
        conn.execute("ANALYZE")
    harmless = drafted(database, set()).text
    assert "objects: {comments: keep}\n" in harmless
    assert "default of clients.desk (an e-mail address or phone number)" in harmless.replace("public.", "")
    assert "view of chosen (a value of a personal column)" in harmless.replace("public.", "")
    assert "view of plain" not in harmless.replace("public.", "")
    with connect(database) as conn:
        conn.execute("COMMENT ON COLUMN clients.id IS 'ask Zorbl, +49 30 901820'")
    found = drafted(database, set()).text
    assert "objects: {comments: drop}  # comments: comment of column id of table" in found
    for value in ("zorbl", "Zorbl", "901820", "Qorbin"):
        assert value not in found


def test_lists_of_codes_keep_their_meaning(database: Dsn) -> None:
    with connect(database) as conn:
        conn.execute(
            """
            CREATE TABLE condition (code text PRIMARY KEY, descr text NOT NULL);
            CREATE TABLE patient (id int PRIMARY KEY, surname text, email text, birth_date date);
            CREATE TABLE stay (id int PRIMARY KEY, patient_id int REFERENCES patient, icd text REFERENCES condition,
                reason text);
            CREATE TABLE category (id int PRIMARY KEY, parent_id int REFERENCES category, path text UNIQUE);
            INSERT INTO condition SELECT format('I%s.%s', n / 10, n % 10), format('Disease of the %sth kind', n)
            FROM generate_series(1, 60) AS n;
            INSERT INTO patient SELECT n, 'Baker' || n, format('p%s@mail.example', n), date '1950-01-01' + n * 20
            FROM generate_series(1, 300) AS n;
            INSERT INTO stay SELECT n, 1 + n % 300, format('I%s.%s', (1 + n % 60) / 10, (1 + n % 60) % 10),
                (ARRAY['migraine', 'checkup', 'pregnancy', 'fall'])[1 + n % 4] FROM generate_series(1, 900) AS n;
            INSERT INTO category SELECT n, nullif(n / 4, 0), format('root/part%s/leaf', n)
            FROM generate_series(1, 40) AS n;
            """
        )
        conn.execute("ANALYZE")
    found = {f"{each.table.removeprefix('public.')}.{each.column}": each for each in drafted(database, set()).columns}
    for column in ("condition.code", "condition.descr", "stay.icd", "category.path"):
        assert found[column].transform == "keep", column
    assert found["stay.reason"].pii == "health"
    assert found["stay.reason"].transform == "shuffle"
    assert found["patient.surname"].transform == "last_name"


def test_parts_share_domains_and_derived_columns_are_made_anew(database: Dsn) -> None:
    with connect(database) as conn:
        conn.execute(
            """
            CREATE EXTENSION hstore;
            CREATE TYPE addr AS (line1 text, zip text);
            CREATE TABLE buyer (id int PRIMARY KEY, ship addr, attrs hstore, doc xml);
            CREATE TABLE parcel (id int PRIMARY KEY, goes_to addr, title text, body text, fts tsvector, other tsvector,
                custom jsonb);
            CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                new.fts := setweight(to_tsvector('simple', coalesce(new.title, '')), 'A') || to_tsvector(new.body);
                RETURN new; END $$;
            CREATE TRIGGER a BEFORE INSERT OR UPDATE ON parcel FOR EACH ROW EXECUTE FUNCTION fill();
            CREATE TRIGGER b BEFORE INSERT OR UPDATE ON parcel FOR EACH ROW
                EXECUTE FUNCTION tsvector_update_trigger(other, 'pg_catalog.german', body);
            INSERT INTO buyer SELECT n, ROW (format('%s Acacia Avenue', n), 10000 + n)::addr,
                hstore('phone', format('+49 30 9018%s', 1000 + n)),
                xmlparse(CONTENT format('<order><mail kind="work">p%s@mail.example</mail></order>', n))
            FROM generate_series(1, 80) AS n;
            INSERT INTO parcel (id, goes_to, title, body, custom)
            SELECT n, ROW (format('%s Acacia Avenue', n), 10000 + n)::addr, 'a parcel', 'some words of text here',
                jsonb_build_object('reporter_contact', CASE n % 3 WHEN 0 THEN format('p%s@mail.example', n)
                    WHEN 1 THEN format('+49 30 9018%s', 1000 + n) ELSE 'handle' || n END)
            FROM generate_series(1, 80) AS n;
            """
        )
        conn.execute("ANALYZE")
    found = drafted(database, set())
    buyer, parcel = (found.rules.tables[TableName("public", name)].columns for name in ("buyer", "parcel"))
    for field in ("line1", "zip"):
        domain = buyer["ship"].params["fields"][field]["domain"]
        assert domain
        assert parcel["goes_to"].params["fields"][field]["domain"] == domain
    assert set(buyer["attrs"].params["keys"]) == {"phone", "*"}
    assert buyer["doc"].transform == "xml"
    assert buyer["doc"].params["paths"]["/order/mail"]["transform"] == "email"
    assert buyer["doc"].params["paths"]["**"] == "scramble"
    assert parcel["fts"].params == {"mode": "recompute", "from": ["title", "body"], "config": "simple"}
    assert parcel["other"].params == {"mode": "recompute", "from": ["body"], "config": "german"}
    assert parcel["custom"].params["paths"]["$.reporter_contact"]["transform"] == "free_text"


REGISTERS = """
CREATE TABLE wobblers (
    wob_id int PRIMARY KEY, e_mail text, ssn text, born date, zorbl text, frum int, snurf date, made_at date
);
CREATE TABLE wobbles (id int PRIMARY KEY, wob_id int, e_mail text, zorbl text, outstanding numeric(8, 2));
INSERT INTO wobblers SELECT n, format('p%s@secret.example', n), format('%s-45-%s', 100 + n, 2000 + n),
    date '1950-01-01' + n * 120,
    (ARRAY['xa', 'xb', 'xc'])[1 + n % 3], 150 + n % 50, date '1955-01-01' + n * 110, date '2024-01-01' + n
FROM generate_series(1, 200) AS n;
INSERT INTO wobbles SELECT n, n % 200, NULL, (ARRAY['new', 'old'])[1 + n % 2], n + 0.5
FROM generate_series(1, 400) AS n;
CREATE TABLE yparams (clave text PRIMARY KEY, valor text);
CREATE TABLE zparams (clave text PRIMARY KEY, valor text);
INSERT INTO zparams SELECT format('opt.%s_zz', chr(96 + n)), 'x' || n FROM generate_series(1, 24) AS n;
"""


def test_a_table_of_what_only_people_have_is_a_register_of_them_whatever_its_name(database: Dsn) -> None:
    with connect(database) as conn:
        conn.execute(REGISTERS)
        conn.execute("ANALYZE")
    found = {(each.table, each.column): each.pii for each in drafted(database, set()).columns}
    people = {column: pii for (table, column), pii in found.items() if table == "public.wobblers"}
    assert people["zorbl"] == people["frum"] == "demographic", "nothing explains them: they are the people's"
    assert people["born"] == people["snurf"] == "birth_date", "another's, as a spouse's: spread over two generations"
    assert people["made_at"] is None
    assert found["public.wobbles", "zorbl"] is None
    assert found["public.zparams", "clave"] is None, "without it nothing finds its setting"
    assert found["public.yparams", "clave"] == "unknown", "no row was seen"
    assert found["public.wobbles", "outstanding"] == "financial", "of the people whose key is named alike"


def test_columns_that_share_values_share_a_domain(nasty: Dsn) -> None:
    found = {(each.table, each.column): each for each in drafted(nasty).columns}
    order = found['"Sales Dept"."Or""der: #1"', "contact_email"]
    assert order.pii == "email"
    # citext and text are one family of types, and the sketches ignore case.
    assert order.domain == found["public.users", "email"].domain


def test_no_value_is_written(nasty: Dsn) -> None:
    found = drafted(nasty)
    for value in ("secret.example", "person1", "Acacia", "9018", "Family1"):
        assert value not in found.text
        assert value not in json.dumps([each.as_json() for each in found.columns])


def test_two_runs_say_the_same(nasty: Dsn) -> None:
    assert drafted(nasty).text == drafted(nasty).text


def test_row_security_empties_what_the_role_cannot_see(nasty: Dsn, server: EmbeddedServer) -> None:
    role = "discovery_reader"
    with connect(nasty) as conn:
        conn.execute("ALTER TABLE self_made ENABLE ROW LEVEL SECURITY")
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'reader'").format(sql.Identifier(role)))
        conn.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(sql.Identifier(role)))
    try:
        found = drafted(nasty.with_user(role, "reader"))
    finally:
        with connect(nasty) as conn:
            conn.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
            conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
    assert found.rules.tables[TableName("public", "self_made")].mode == "truncate"


def test_the_sample_shop(server: EmbeddedServer, database: Dsn) -> None:
    from testdata_assets.synthesis.sample_shop import create_sample

    create_sample(database)
    found = {f"{each.table.removeprefix('public.')}.{each.column}": each for each in drafted(database, set()).columns}
    users = found["users.email"]
    for column in ("orders.contact_email", "subscriptions.billing_email", "newsletter_subscribers.email"):
        assert found[column].domain == users.domain, column
    assert found["coupon_claims.subscriber_email"].inherits == "public.newsletter_subscribers.email"
    for column, category in {
        "users.full_name": "person_name",
        "users.phone": "phone",
        "users.birth_date": "birth_date",
        "users.password_hash": "secret",
        "users.last_login_ip": "ip",
        "payments.card_number": "credit_card",
        "orders.note": "free_text",
        "support_tickets.body": "free_text",
        "addresses.postcode": "postcode",
    }.items():
        assert found[column].pii == category, column
        assert found[column].transform != "keep", column
    for column in ("orders.status", "orders.total", "products.name", "users.country", "orders.placed_at"):
        assert found[column].transform == "keep", column


def test_out_of_time_judges_by_names(nasty: Dsn) -> None:
    with open_source(nasty) as source:
        found = discover(source, seconds=0)
        assert {(each.table, each.column) for each in check_rules(found.rules, source.catalog).problems} == BLOCKED
    assert "no sample came in time" in found.text
    assert {each.pii for each in found.columns if each.column == "email" and each.table == "public.users"} == {"email"}


def test_the_source_stays_as_it_was(nasty: Dsn) -> None:
    with open_source(nasty) as source:
        discover(source)
        row = source.conn.execute("SHOW transaction_read_only").fetchone()
        assert row == ("on",)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), source.conn.transaction():
            source.conn.execute("DELETE FROM public.users")


def test_the_command(nasty: Dsn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: EmbeddedServer) -> None:
    folder = tmp_path / "rules"
    for name, value in {
        "HOME": str(tmp_path / "state"),
        "SOURCE_DSN": nasty.secret(),
        "SERVER_DSN": server.dsn().secret(),
        "CONTROL_DSN": server.dsn().secret(),
        "RULES_DIR": str(folder),
    }.items():
        monkeypatch.setenv(f"TESTDATA_{name}", value)
    app = typer.Typer()
    app.command()(init)
    runner = CliRunner()
    first = runner.invoke(app, ["--sample", "100"])
    assert first.exit_code == 0, first.output
    assert "2 blocked" in first.output
    assert "blocked: public.users.full_name has no rule" in first.output
    assert "secret.example" not in first.output
    with open_source(nasty) as source:
        checked = check_rules(load_rules(folder), source.catalog)
        assert {(each.table, each.column) for each in checked.problems} == BLOCKED
    second = runner.invoke(app, [])
    assert isinstance(second.exception, RefusedError)
    assert runner.invoke(app, ["--force"]).exit_code == 0
    assert len(load_rules(folder).tables) > 10
