"""What is told of masked rows that do not load: condition, column and transformers, never a value."""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg
import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sources import catalog_of, rules_keeping_all

from testdata_assets.golden.load_errors import load_failure
from testdata_assets.masking.plan import compile_plan
from testdata_assets.masking.rules import parse_rules
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName

SCHEMA = """
CREATE TABLE people (id int, name text, code varchar(5), born date, score smallint, home inet, tag text);
ALTER TABLE people ADD CONSTRAINT tagged CHECK (tag <> 'secret tag');
CREATE TABLE parts (id int, kind text) PARTITION BY LIST (kind);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
"""
RULES = {
    ("public.people", "name"): "person_name", ("public.people", "code"): "postcode",
    ("public.people", "born"): "birth_date", ("public.people", "score"): "number_noise",
    ("public.people", "home"): "ip", ("public.people", "tag"): "hash",
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "row", "told"),
    [
        (
            "people",
            r"1	x	secret	\N	1	\N	x",
            ["a mask is longer", "string_data_right_truncation", "code (postcode)"],
        ),
        (
            "people",
            r"1	x	x	\N	99999	\N	x",
            ["greater than", "numeric_value_out_of_range", "column score", "score (number"],
        ),
        (
            "people",
            r"1	x	x	2023-02-31	1	\N	x",
            ["outside", "22008", "column born", "Look at born (birth_date): "],
        ),
        (
            "people",
            r"1	x	x	secret	1	\N	x",
            ["no date", "invalid_datetime_format", "born (birth_date)"],
        ),
        ("people", r"1	x	x	\N	1	secret	x", ["cannot be read", "22P02", "column home", "home (ip)"]),
        (
            "people",
            r"1	x	x	\N	1	\N	secret tag",
            ["CHECK constraint", "check_violation", "constraint tagged", "Look at tag (hash): "],
        ),
        ("parts", "1	secret", ["masked rows fit no partition", "check_violation, SQLSTATE 23514)"]),
    ],
)
def test_condition_column_and_transformers_are_told(database: Dsn, table: str, row: str, told: list[str]) -> None:
    with connect(database) as conn:
        conn.execute(SCHEMA)
        rules = rules_keeping_all(catalog_of(database), RULES)
        plan = compile_plan(parse_rules(yaml.safe_dump(rules)), catalog_of(database), bytes(range(32)))
        with pytest.raises(psycopg.Error) as caught, conn.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            copy.write(row + "\n")
    name = TableName("public", "parts_a" if table == "parts" else table)
    failure = load_failure(caught.value, plan.table(name), database)
    assert failure.where == str(name)
    text = f"{failure.what} {failure.remedy}"
    for each in told:
        assert each in text
    for value in ("secret", "99999", "02-31"):
        assert value not in text
    assert "SQLSTATE: see" not in text
