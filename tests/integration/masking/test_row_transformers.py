"""Transformers over rows on a real server: one person and one address a customer, in every column and table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from psycopg import sql

from testdata_assets.golden import refresh
from testdata_assets.masking.plan import PlanRefused, compile_plan
from testdata_assets.masking.rules import parse_rules
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import open_places
from testdata_assets.production.catalog_reader import read_catalog
from testdata_assets.settings import Settings
from testdata_assets.validation.run import validate_candidate

SCHEMA = """
CREATE TABLE customers (
    id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, "Full Name" varchar(60), initials char(4),
    email text NOT NULL UNIQUE, login varchar(40) NOT NULL UNIQUE, work_email varchar(60) NOT NULL UNIQUE,
    display text, sex char(1), title text,
    street text, number int, city text, region text, postcode text, country char(2) NOT NULL, lat float8, lon float8,
    ship_to text, born_in int, salary numeric(10,2), department text NOT NULL
);
INSERT INTO customers SELECT i, 'Given' || i, 'Surname' || i, 'Given' || i || ' Surname' || i, 'G.S.',
    'given.' || i || '@source-mail.net', 'login_' || i, 'work.' || i || '@source-corp.net',
    nullif('Shown ' || i, 'Shown 7'), (ARRAY['F', 'M'])[1 + i % 2], 'Mr.',
    CASE WHEN i % 11 = 0 THEN NULL WHEN i % 13 = 0 THEN '' ELSE i || ' Real Road' END, i % 300, 'Realtown', 'Realshire',
    'R' || i, (ARRAY['DE', 'FR', 'US'])[1 + i % 3], 50 + i / 10000.0, 8 + i / 10000.0,
    i || E' Real Road\\nRealtown\\nGermany', 1950 + i % 50, 1000 + i * 7, 'dept ' || i % 4
    FROM generate_series(1, 3000) i;
CREATE TABLE orders (
    id bigint PRIMARY KEY, customer_id int REFERENCES customers, buyer text, buyer_mail text, town text,
    place point, spot text, home numeric(9,6), far numeric(9,6)
);
INSERT INTO orders SELECT i, CASE WHEN i % 50 > 0 THEN 1 + (i * 7) % 3000 END, 'Given' || i || ' Surname' || i,
    'given.' || i || '@source-mail.net', 'Realtown', point(8 + i / 10000.0, 50 + i / 10000.0),
    (50 + i / 10000.0)::numeric(9,4) || ', ' || (8 + i / 10000.0)::numeric(9,4), 50 + i / 10000.0, 8 + i / 10000.0
    FROM generate_series(1, 3000) i;
"""


def _identity(part: str, entity: str = "id") -> dict[str, object]:
    return {"transform": "identity", "part": part, "entity": entity}


def _address(part: str, entity: str = "id") -> dict[str, object]:
    return {"transform": "address", "part": part, "entity": entity, "keep_country": "country"}


def _moved(part: str, other: str) -> dict[str, object]:
    return {"transform": "lat_lon", "part": part, "other": other}


RULES: dict[str, dict[str, object]] = {
    "public.customers": {
        "id": "integer_permute",
        "first_name": _identity("first_name"),
        "last_name": _identity("last_name"),
        "Full Name": _identity("full_name"),
        "initials": _identity("initials"),
        "email": _identity("email"),
        "login": _identity("username"),
        "work_email": {"transform": "template", "template": "user_{id}@test.example"},
        "display": {"transform": "template", "template": '{"Full Name"|upper} ({first_name|initial}., {salary})'},
        "sex": _identity("gender"),
        "title": _identity("title"),
        "street": _address("street"),
        "number": _address("house_number"),
        "city": _address("city"),
        "region": _address("region"),
        "postcode": _address("postcode"),
        "country": "keep",
        "lat": _address("lat"),
        "lon": _address("lon"),
        "ship_to": {"transform": "full_address"},
        "born_in": {"transform": "shuffle", "by": "id", "nulls": "move"},
        "salary": {"transform": "shuffle", "by": ["id"], "within": ["department"], "alone": None},
        "department": "keep",
    },
    "public.orders": {
        "id": "keep",
        "buyer": _identity("full_name", "customer_id"),
        "buyer_mail": _identity("email", "customer_id"),
        "town": {"transform": "address", "part": "city", "entity": "customer_id"},
        "place": {"transform": "lat_lon", "part": "point"},
        "spot": {"transform": "lat_lon", "part": "text"},
        "home": _moved("lat", "far"),
        "far": _moved("lon", "home"),
    },
}


def document(changes: dict[str, object] | None = None) -> str:
    tables = {**RULES, "public.customers": {**RULES["public.customers"], **(changes or {})}}
    return yaml.safe_dump({"version": 1, "tables": tables})


@pytest.fixture
def source(server: EmbeddedServer, database: Dsn) -> Iterator[Dsn]:
    name = f"{database.database}_source"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        with connect(server.dsn(name)) as filling:
            filling.execute(SCHEMA.encode())
        yield server.dsn(name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def rows(dsn: Dsn, query: str) -> list[tuple[object, ...]]:
    with connect(dsn) as conn:
        return conn.execute(query.encode()).fetchall()


def test_rows_are_coherent_over_columns_and_tables(settings: Settings, source: Dsn, tmp_path: Path) -> None:
    (tmp_path / "masking.yaml").write_text(document(), encoding="utf-8")
    settings = Settings.model_validate(settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": tmp_path})
    places = open_places(settings)
    image = refresh.build_image(settings, places, refresh.take_snapshot(settings, places).snapshot_id)
    dsn = places.server.with_database(image.database_name)

    people = rows(
        dsn, 'SELECT id, first_name, last_name, "Full Name", initials, email, login, work_email, display, salary'
        " FROM customers"
    )  # fmt: skip
    assert len(people) == 3000
    for id_, first, last, full, initials, email, login, work, display, salary in people:
        assert full == f"{first} {last}"
        assert str(initials) == f"{str(first)[0]}.{str(last)[0]}."
        assert re.fullmatch(rf"{str(first)[:10]}\.{str(last)[:10]}\.[a-z2-7]{{12}}@example\.\w+", str(email), re.I)
        assert str(login) == f"{str(first)[:10].lower()}.{str(email).partition('@')[0][-12:]}"
        assert work == f"user_{id_}@test.example"
        assert display in (None, f"{str(full).upper()} ({str(first)[0]}., {salary})")
    assert sum(person[8] is None for person in people) == 1

    told = rows(dsn, "SELECT DISTINCT sex, title FROM customers")
    assert set(told) == {("F", "Ms."), ("M", "Mr.")}
    of_customers = "SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id"
    assert rows(dsn, f'{of_customers} WHERE o.buyer = c."Full Name" AND o.buyer_mail = c.email') == [(2940,)]
    assert rows(dsn, "SELECT count(DISTINCT buyer) FROM orders WHERE customer_id IS NULL")[0][0] == 60

    assert rows(dsn, "SELECT count(*) FROM customers WHERE street IS NULL") == [(272,)]
    assert rows(dsn, "SELECT count(*) FROM customers WHERE street = ''") == [(210,)]
    assert rows(dsn, "SELECT count(*) FROM customers WHERE street <> '' AND street NOT LIKE '%' || number || '%'") == [
        (0,)
    ]
    german = "SELECT count(DISTINCT city), min(lat), max(lat), min(postcode), max(postcode) FROM customers"
    cities, south, north, lowest, highest = rows(dsn, f"{german} WHERE country = 'DE'")[0]
    assert cities == 7
    assert 48 < float(str(south)) < float(str(north)) < 53.6
    assert "04000" <= str(lowest) < str(highest) <= "80999"
    towns = "SELECT count(DISTINCT (region, round(lat), round(lon))) FROM customers WHERE city = 'Berlin'"
    assert rows(dsn, towns) == [(1,)]
    assert rows(dsn, r"SELECT count(*) FROM customers WHERE ship_to ~ '^[^\n]+\n\d{5} [^\n]+\nDeutschland$'") == [
        (3000,)
    ]

    before, after = (rows(each, "SELECT department, salary FROM customers ORDER BY id") for each in (source, dsn))
    assert Counter(before) == Counter(after)
    years = [Counter(rows(each, "SELECT born_in FROM customers")) for each in (source, dsn)]
    assert years[0] == years[1]

    moved = rows(dsn, "SELECT id, place, spot, home, far FROM orders")
    for id_, place, spot, home, far in moved:
        old = int(str(id_)) / 10000
        metres = ((float(str(home)) - 50 - old) * 111.195) ** 2 + ((float(str(far)) - 8 - old) * 71.0) ** 2
        assert metres**0.5 >= 0.09
        assert metres**0.5 <= 1.02
        lon, lat = (round(float(each), 4) for each in str(place).strip("()").split(","))
        assert (lat, lon) == tuple(float(each) for each in str(spot).split(","))
        assert lat == pytest.approx(float(str(home)), abs=0.00016)  # a fourth decimal that stayed is nudged

    report = validate_candidate(settings, places, image.golden_id)
    assert report.passed, [(check.name, check.details) for check in report.checks if not check.passed]
    refresh.reject_image(settings, places, image.golden_id, "test")


@pytest.mark.parametrize(
    ("column", "rule", "reason"),
    [
        (
            "email",
            {"transform": "identity", "part": "email", "entity": "department"},
            "customers_email_key could break",
        ),
        ("email", {"transform": "identity", "part": "full_name", "entity": "id"}, "customers_email_key could break"),
        ("email", {"transform": "template", "template": "{first_name}@x.test"}, "customers_email_key could break"),
        ("email", {"transform": "shuffle", "by": "id", "alone": "keep"}, "customers_email_key could break"),
        ("salary", {"transform": "shuffle", "by": "idd"}, "reads column 'idd'"),
        ("department", {"transform": "shuffle", "by": "id"}, "set `alone` to keep or refuse"),
        ("id", {"transform": "identity", "part": "email", "entity": "email"}, "identity takes text columns"),
        ("city", {"transform": "template", "template": "{city}"}, "made of masked columns that are made of it"),
        ("number", {"transform": "address", "part": "city", "entity": "id"}, "cannot be written to a column"),
        ("lat", {"transform": "lat_lon", "part": "lat"}, "must name the column of the longitude"),
    ],
)
def test_what_does_not_fit_is_refused_before_a_row_is_read(
    source: Dsn, column: str, rule: dict[str, object], reason: str
) -> None:
    with connect(source) as conn:
        catalog = read_catalog(conn)
    with pytest.raises(PlanRefused) as refusal:
        compile_plan(parse_rules(document({column: rule})), catalog, b"k" * 32)
    assert any(reason in problem.message for problem in refusal.value.problems), refusal.value.problems
