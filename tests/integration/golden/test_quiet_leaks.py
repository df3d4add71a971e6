"""Leaks of values whose columns were emptied, parted or renumbered: the image is rejected, and the place is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Judge = Callable[..., list[str]]

SOURCE = """
CREATE TABLE people (id int PRIMARY KEY, first_name text, last_name text, maiden_name text, ssn text, tax_code text,
    passport text, badge text, login text, old_note text);
INSERT INTO people SELECT i, (ARRAY['Anna', 'Boris', 'Carla', 'Dmitri', 'Elena'])[1 + i % 5],
    initcap(translate(substr(md5(i::text), 1, 7), '0123456789', 'aeioubdrst')),
    'Zoe Quill' || translate(i::text, '0123456789', 'aeioubdrst'),
    (219000000 + i * 104729 % 9999999)::text, 'AB' || (100000 + i) || 'C', 'X' || (40000000 + i * 13),
    'BADGE-' || (500000 + i), 'login_' || md5('l' || i), 'Called on ' || i || ' about the letter of the bank, then left'
FROM generate_series(1, 2000) i;
CREATE TABLE notes (id int PRIMARY KEY, body text);
INSERT INTO notes SELECT i, 'nothing of note, item ' || i FROM generate_series(1, 500) i;
"""
RULES = {
    "public.people": {
        "id": "keep",
        "first_name": "first_name",
        "last_name": "last_name",
        "maiden_name": "null",
        "ssn": {"transform": "national_id", "country": "US"},
        "tax_code": {"transform": "national_id"},
        "passport": "passport",
        "badge": {"transform": "scramble", "pii": "employee_id"},
        "login": {"transform": "constant", "value": "x"},
        "old_note": "redact",
    },
    "public.notes": {"id": "keep", "body": "keep"},
}
# A note's row by itself for each; what stands for the person's value in it; and what is found.
NOTES = {
    "first and last name in prose": (
        "'please call ' || first_name || ' ' || upper(last_name) || ' back'",
        "public.people.first_name+last_name inside text",
    ),
    "last name first": ("last_name || ', ' || first_name", "public.people.first_name+last_name"),
    "a name that was emptied": ("'as ' || maiden_name || ' wished'", "public.people.maiden_name inside text"),
    "nine digits": ("'taxpayer ' || ssn || ' asked'", "public.people.ssn inside text"),
    "a national id with letters": ("'id ' || tax_code", "public.people.tax_code inside text"),
    "a passport": ("'travels on ' || passport", "public.people.passport inside text"),
    "a scrambled code": ("'wears ' || badge", "public.people.badge inside text"),
    "a login that was replaced": ("login", "public.people.login"),
    "what was blackened": ("old_note", "public.people.old_note"),
}
PLANTED = "UPDATE notes SET body = (SELECT {} FROM people WHERE id = 77) WHERE id = {};"
SURNAMES = "CREATE TABLE surnames (surname text); INSERT INTO surnames SELECT last_name FROM people WHERE id % 3 > 0;"


def test_quiet_leaks_are_all_found_and_told_apart(judge: Judge) -> None:
    plants = [PLANTED.format(text, 7 + number) for number, (text, _) in enumerate(NOTES.values())]
    found = judge(SOURCE + SURNAMES + "".join(plants), {**RULES, "public.surnames": {"surname": "keep"}})
    assert sorted(found) == sorted(
        [f"no_production_values: public.notes body: value of {kind} (1)" for _, kind in NOTES.values()]
        + ["no_production_values: public.surnames surname: value of public.people.last_name (1334)"]
    )


def test_without_a_plant_the_image_is_clean(judge: Judge) -> None:
    assert judge(SOURCE, RULES) == []


ECHOES = """
CREATE TABLE staff (id int PRIMARY KEY, family_name text, full_name text, left_because text, office text, team text);
INSERT INTO staff SELECT i, name, 'Anna ' || name,
    CASE WHEN i % 10 = 0 THEN 'dismissed - see file ' || upper(name) WHEN i % 10 = 1 THEN 'retired' END,
    (ARRAY['Jackson House', 'Lake House', 'Brown Street'])[1 + i % 3], 'team of ' || other
FROM (SELECT i, (ARRAY['Jackson', 'Brown', 'Chopard', 'Garcia', 'Miller', 'Novak', 'Weber'])[1 + i % 7] AS name,
             (ARRAY['Jackson', 'Brown', 'Chopard', 'Garcia'])[1 + i / 7 % 4] AS other
      FROM generate_series(1, 1200) i) AS people;
"""


def test_a_surname_in_the_row_of_its_own_person_is_no_chance(judge: Judge) -> None:
    columns = dict.fromkeys(("id", "left_because", "office", "team"), "keep")
    found = judge(ECHOES, {"public.staff": {**columns, "family_name": "last_name", "full_name": "person_name"}})
    assert found == [
        "no_production_values: public.staff left_because: family_name of its own row (120)",
        "no_production_values: public.staff left_because: full_name of its own row (120)",
    ]


BRANCHES = """
CREATE TABLE people (id int PRIMARY KEY, country text, first_name text, last_name text, state text, other_last text);
INSERT INTO people SELECT i, CASE WHEN i % 2 = 0 THEN 'DE' ELSE 'FR' END,
    (ARRAY['Anna', 'Boris', 'Carla', 'Dmitri', 'Elena'])[1 + i % 5],
    initcap(translate(substr(md5((i % 100)::text), 1, 7), '0123456789', 'aeioubdrst')),
    (ARRAY['waiting for papers', 'papers complete'])[1 + i % 2],
    initcap(translate(substr(md5((50 + i % 100)::text), 1, 7), '0123456789', 'aeioubdrst'))
FROM generate_series(1, 2000) i;
CREATE TABLE notes (id int PRIMARY KEY, body text);
INSERT INTO notes SELECT i, 'nothing of note, papers complete ' || i FROM generate_series(1, 500) i;
CREATE TABLE surnames (surname text);
"""
GERMAN = {"transform": "first_name", "when": "country == 'DE'", "else": "keep"}
BRANCH_RULES = {
    "public.people": {
        "id": "keep",
        "country": "keep",
        "first_name": GERMAN,
        "last_name": {"transform": "keep", "when": "country == 'FR'", "else": "last_name"},
        "state": {"transform": "keep", "when": "country == 'FR'", "else": "redact"},
        "other_last": {"transform": "last_name", "domain": "people.last_name"},
    },
    "public.notes": {"id": "keep", "body": "keep"},
    "public.surnames": {"surname": "keep"},
}
NOTE = (
    "UPDATE notes SET body = 'call ' || (SELECT first_name || ' ' || last_name FROM people WHERE id = {}) WHERE id = 7"
)
BRANCH_PLANTS = {
    "nothing": ("", []),
    "name of a row that is masked": (
        NOTE.format(78),
        ["no_production_values: public.notes body: value of public.people.first_name+last_name inside text (1)"],
    ),
    "name of a row that is kept": (NOTE.format(77), []),
    "a copy of the second of two columns that share values": (
        "INSERT INTO surnames SELECT DISTINCT other_last FROM people",
        ["no_production_values: public.surnames surname: value of public.people.other_last (100)"],
    ),
}


@pytest.mark.parametrize(("plant", "findings"), BRANCH_PLANTS.values(), ids=BRANCH_PLANTS.keys())
def test_conditions_decide_what_is_searched_for(judge: Judge, plant: str, findings: list[str]) -> None:
    assert judge(BRANCHES + plant, BRANCH_RULES) == findings


PARTS = """
CREATE EXTENSION hstore;
CREATE TYPE parcel AS (number int, receiver text);
CREATE TABLE orders (id int PRIMARY KEY, form jsonb, extra hstore, letter text, aliases text[], parcel parcel);
INSERT INTO orders SELECT i,
    jsonb_build_object('to', name || ' Json', 'at', timestamp '2024-01-01' + i * interval '1 hour', 'total', i,
                       'state', (ARRAY['Awaiting Zorblax Papers', 'Sent by Quux Freight'])[1 + i % 2]),
    hstore('to', name || ' Hstore'), '<a to="' || name || ' Xml"/>', ARRAY['x', name || ' Array'],
    ROW(i, name || ' Field')::parcel
FROM (SELECT i, 'Zoe ' || initcap(translate(md5(i::text), '0123456789', 'aeioubdrst')) AS name
      FROM generate_series(1, 1000) i) AS named;
CREATE TABLE notes (id int PRIMARY KEY, body text, about text);
INSERT INTO notes SELECT i, timestamp '2024-01-01' + i * interval '1 hour',
    'nothing of note: Awaiting Zorblax Papers, item ' || i FROM generate_series(1, 500) i;
"""
SOMEBODY = {"transform": "constant", "value": "somebody"}
PART_RULES = {
    "public.orders": {
        "id": "keep",
        "form": {"transform": "json", "paths": {"$.total": "keep", "$.to": SOMEBODY, "$.**": None}},
        "extra": {"transform": "hstore", "keys": {"*": None}},
        "letter": {"transform": "xml", "paths": {"**": None}},
        "aliases": {"transform": "array", "items": SOMEBODY},
        "parcel": {"transform": "composite", "fields": {"number": "keep", "receiver": None}},
    },
    "public.notes": dict.fromkeys(("id", "body", "about"), "keep"),
}


def test_parts_that_were_emptied_are_searched_for(judge: Judge) -> None:
    parts = {
        "form": "form ->> 'to'",
        "extra": "extra -> 'to'",
        "letter": "substring(letter from '\"(.*)\"')",
        "aliases": "aliases[2]",
        "parcel": "(parcel).receiver",
    }
    plants = "".join(
        f"UPDATE notes SET about = 'call ' || (SELECT {part} FROM orders WHERE id = 77) || ' back' WHERE id = {row};"
        for row, part in enumerate(parts.values(), 1)
    )
    assert judge(PARTS + plants, PART_RULES) == [
        f"no_production_values: public.notes about: value of public.orders.{column} inside text (1)"
        for column in sorted(parts)
    ]


def test_states_and_times_that_were_emptied_are_nobodys(judge: Judge) -> None:
    assert judge(PARTS, PART_RULES) == []
