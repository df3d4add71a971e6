"""The source database of the refresh benchmark: three tables, and rules that mask 9 or 16 of their 31 columns.

Filled by the server itself from generate_series, so that a million rows take seconds and every run gets the same data.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn

# Shares of the asked-for rows: people, their orders, what they did.
PEOPLE, ORDERS, EVENTS = 0.2, 0.4, 0.4

_SCHEMA = """
CREATE TABLE people (
    id bigint PRIMARY KEY, email text NOT NULL UNIQUE, full_name text NOT NULL, phone text, street text, city text,
    country text NOT NULL, plan text NOT NULL, balance numeric(12,2) NOT NULL, active boolean NOT NULL,
    last_ip inet, created_at timestamptz NOT NULL, notes text
);
CREATE TABLE orders (
    id bigint PRIMARY KEY, person_id bigint NOT NULL REFERENCES people, ship_name text NOT NULL,
    depot text NOT NULL, tracking text, currency text NOT NULL, total numeric(12,2) NOT NULL,
    status text NOT NULL, placed_at timestamptz NOT NULL, billing_email text NOT NULL
);
CREATE INDEX orders_person ON orders (person_id);
CREATE INDEX orders_placed ON orders (placed_at);
CREATE TABLE events (
    id bigint PRIMARY KEY, person_id bigint NOT NULL REFERENCES people, ip text NOT NULL, actor_email text NOT NULL,
    kind text NOT NULL, path text NOT NULL, device text NOT NULL, happened_at timestamptz NOT NULL
);
CREATE INDEX events_person ON events (person_id);
"""

_FILL = """
INSERT INTO people SELECT i, 'person.' || i || '@mail' || i %% 40 || '.test-source.net',
    (ARRAY['Anna','Boris','Carla','Dmitri','Elena','Farid','Greta','Hiro'])[1 + i %% 8] || ' '
        || initcap(translate(substr(md5(i::text), 1, 8), '0123456789', 'aeioubdrst')),
    CASE WHEN i %% 10 > 0 THEN '+4930' || 10000000 + (i * 7919 %% 89999999) END,
    (i %% 190 + 1) || ' ' || initcap(translate(substr(md5('s' || i %% 5000), 1, 9), '0123456789', 'aeioubdrst')) || ' Street',
    (ARRAY['Berlin','Paris','Madrid','Roma','Wien','Praha'])[1 + i %% 6], (ARRAY['DE','FR','ES','IT','AT','CZ'])[1 + i %% 6],
    (ARRAY['free','pro','team'])[1 + i %% 3], i %% 100000 / 100.0, i %% 7 > 0,
    ('10.' || i %% 200 || '.' || i / 200 %% 250 || '.' || i %% 249 + 1)::inet, '2020-01-01'::timestamptz + i * interval '97 seconds',
    CASE WHEN i %% 4 = 0 THEN 'Called about invoice ' || i || ', wants a copy sent to person.' || i || ' soon.' END
FROM generate_series(1::bigint, %(people)s) AS i;
INSERT INTO orders SELECT i, 1 + i * 31 %% %(people)s, 'Receiver ' || initcap(translate(substr(md5('r' || i), 1, 9), '0123456789', 'aeioubdrst')),
    'Depot ' || initcap(translate(substr(md5('d' || i %% 5000), 1, 9), '0123456789', 'aeioubdrst')) || ' gate ' || i %% 180 + 1,
    'PKG-' || 10000000 + (i * 104729 %% 89999999), (ARRAY['EUR','USD','CHF'])[1 + i %% 3], i %% 500000 / 100.0,
    (ARRAY['new','paid','sent','returned'])[1 + i %% 4], '2023-01-01'::timestamptz + i * interval '53 seconds',
    'person.' || 1 + i * 31 %% %(people)s || '@mail' || (1 + i * 31 %% %(people)s) %% 40 || '.test-source.net'
FROM generate_series(1::bigint, %(orders)s) AS i;
INSERT INTO events SELECT i, 1 + i * 17 %% %(people)s, '172.16.' || i %% 250 || '.' || i / 250 %% 249 + 1,
    'person.' || 1 + i * 17 %% %(people)s || '@mail' || (1 + i * 17 %% %(people)s) %% 40 || '.test-source.net',
    (ARRAY['login','view','buy'])[1 + i %% 3], '/item/' || i %% 9999, 'dev-' || substr(md5('v' || 1 + i * 17 %% %(people)s), 1, 12),
    '2024-01-01'::timestamptz + i * interval '11 seconds'
FROM generate_series(1::bigint, %(events)s) AS i;
"""

RULES = """
version: 1
tables:
  public.people:
    id: keep
    email: {pii: email, transform: email, domain: user.email}
    full_name: {pii: person_name, transform: person_name, domain: user.name}
    phone: {pii: phone, transform: phone, domain: user.phone}
    street: {pii: address, transform: street_address}
    city: {transform: city}
    country: keep
    plan: keep
    balance: {transform: number_noise}
    active: keep
    last_ip: {pii: ip, transform: ip}
    created_at: keep
    notes: {pii: free_text, transform: free_text}
  public.orders:
    id: keep
    person_id: keep
    ship_name: {pii: person_name, transform: person_name, domain: user.name}
    depot: {transform: scramble}
    tracking: {transform: scramble}
    currency: keep
    total: {transform: number_noise}
    status: keep
    placed_at: keep
    billing_email: {pii: email, transform: email, domain: user.email}
  public.events:
    id: keep
    person_id: keep
    ip: {pii: ip, transform: ip}
    actor_email: {pii: email, transform: email, domain: user.email}
    kind: keep
    path: keep
    device: {transform: hash}
    happened_at: keep
"""
# The columns that only `--masked 16` masks.
HALF_ONLY = ("city", "balance", "last_ip", "depot", "tracking", "total", "device")


def fill(dsn: Dsn, rows: int) -> None:
    """Creates and fills the three tables in an empty database."""
    people = max(1, int(rows * PEOPLE))
    counts = {"people": people, "orders": max(1, int(rows * ORDERS)), "events": max(1, int(rows * EVENTS))}
    with connect(dsn) as conn:
        for statement in _SCHEMA.split(";\n"):
            if statement.strip():
                conn.execute(statement.encode())
        for statement in _FILL.split(";\n"):
            if statement.strip():
                conn.execute(statement.encode(), counts)
        conn.execute("VACUUM ANALYZE")


def write_rules(folder: Path, masked: int = 16) -> None:
    """Writes masking.yaml for the tables above.

    Args:
        folder: Rules folder.
        masked: 9 columns, or 16, half of all.
    """
    lines = RULES.splitlines(keepends=True)
    if masked == 9:
        names = tuple(f"    {name}:" for name in HALF_ONLY)
        lines = [f"{line.split(':')[0]}: keep\n" if line.startswith(names) else line for line in lines]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "masking.yaml").write_text("".join(lines), encoding="utf-8")


def masked_columns(folder: Path) -> dict[str, list[str]]:
    """The columns that the rules in a folder mask, by table."""
    document = yaml.safe_load((folder / "masking.yaml").read_text(encoding="utf-8"))
    return {
        name.removeprefix("public."): [column for column, rule in columns.items() if rule != "keep"]
        for name, columns in document["tables"].items()
    }
