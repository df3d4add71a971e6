"""Tables of many partitions are counted a few partitions a statement: a statement locks all that it reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from testdata_assets.masking.plan import MaskingPlan
from testdata_assets.masking.rule_models import ObjectsRule
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production import leaves
from testdata_assets.production.catalog import Catalog
from testdata_assets.production.catalog_reader import read_catalog
from testdata_assets.production.relationships import Relationship, count_orphans
from testdata_assets.validation.foreign_keys import check_foreign_keys
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.schema_state import late_sequences

PARTITIONS = 40
PLAN = MaskingPlan((), "", "", ObjectsRule())
SCHEMA = f"""
CREATE TABLE parents (id int PRIMARY KEY, note text) PARTITION BY HASH (id);
CREATE TABLE children (id serial, other text, parent_id int REFERENCES parents, PRIMARY KEY (id))
    PARTITION BY HASH (id);
CREATE TABLE notes (id int, parent_id int REFERENCES parents);
DO $$ DECLARE part text; BEGIN FOR i IN 0..{PARTITIONS - 1} LOOP
    part := format('FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER %s)', i);
    EXECUTE format('CREATE TABLE parents_%s PARTITION OF parents %s', i, part);
    -- Columns in another order, as partitions that are attached may have them.
    EXECUTE format('CREATE TABLE children_%s (parent_id int, id int NOT NULL, other text)', i);
    EXECUTE format('ALTER TABLE children ATTACH PARTITION children_%s %s', i, part);
END LOOP; END $$;
INSERT INTO parents SELECT i, 'x' FROM generate_series(1, 1000) AS i;
INSERT INTO children (parent_id) SELECT CASE WHEN i % 10 > 0 THEN 1 + i % 1000 END FROM generate_series(1, 3000) AS i;
INSERT INTO notes SELECT i, 1 + i % 1000 FROM generate_series(1, 500) AS i;
"""


@pytest.fixture
def parted(database: Dsn) -> Iterator[tuple[Dsn, psycopg.Connection[Any]]]:
    with connect(database) as conn:
        conn.execute(SCHEMA)
        yield database, conn


@pytest.mark.parametrize("most", [leaves.MOST_LEAVES, 7, 1])
def test_counts_do_not_hang_on_how_many_partitions_a_statement_reads(
    parted: tuple[Dsn, psycopg.Connection[Any]], shop_tools: PgTools, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(leaves, "MOST_LEAVES", most)
    dsn, conn = parted
    reader = ImageReader(dsn, shop_tools)
    catalog = catalog_of(reader)
    assert {each.orphans for each in check_foreign_keys(reader, catalog, catalog, workers=2)} == {0}
    assert late_sequences(reader, _before(catalog), catalog, PLAN) == []
    conn.execute("SET session_replication_role = replica")  # no keys are looked at
    conn.execute("DELETE FROM parents WHERE id IN (7, 500)")
    conn.execute("SELECT setval('children_id_seq', 2000)")
    catalog = catalog_of(reader)
    found = {each.table.name: each.orphans for each in check_foreign_keys(reader, catalog, catalog, workers=2)}
    expected = conn.execute(
        "SELECT (SELECT count(*) FROM children WHERE parent_id IN (7, 500)),"
        " (SELECT count(*) FROM notes WHERE parent_id IN (7, 500))"
    ).fetchone()
    assert (found["children"], found["notes"]) == expected
    with reader.connect() as reading:
        of_rules = Relationship(TableName("public", "children"), "parent_id", TableName("public", "parents"), "id")
        assert count_orphans(reading, catalog, of_rules) == found["children"]
    assert [each.column_or_object for each in late_sequences(reader, _before(catalog), catalog, PLAN)] == [
        "public.children_id_seq"
    ]


def catalog_of(reader: ImageReader) -> Catalog:
    with reader.connect() as conn:
        return read_catalog(conn)


def _before(catalog: Catalog) -> Catalog:
    """A source whose sequences are elsewhere, so that the image's are looked at."""
    return Catalog(**{**vars(catalog), "sequences": ()})


def test_no_statement_reads_more_partitions_than_it_may(
    parted: tuple[Dsn, psycopg.Connection[Any]], shop_tools: PgTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves, "MOST_LEAVES", 5)
    dsn, _ = parted
    reader = _Listening(dsn, shop_tools)
    catalog = catalog_of(ImageReader(dsn, shop_tools))
    statements: list[str] = []
    reader.statements = statements
    check_foreign_keys(reader, catalog, catalog, workers=1)
    late_sequences(reader, _before(catalog), catalog, PLAN)
    assert sum("children_" in each for each in statements) >= PARTITIONS / 5
    for each in statements:
        assert each.count('ONLY "public"."children_') <= 5
        assert each.count('ONLY "public"."parents_') <= 5
        assert 'FROM "public"."children"' not in each
        assert 'FROM "public"."parents"' not in each


class _Listening(ImageReader):
    """A reader that notes what is asked."""

    statements: list[str]

    def connect(self) -> psycopg.Connection[Any]:
        found = super().connect()
        asked = self.statements

        class Cursor(psycopg.Cursor[Any]):
            def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
                asked.append(query if isinstance(query, str) else query.as_string(self.connection))
                return super().execute(query, *args, **kwargs)

        found.cursor_factory = Cursor
        return found
