"""What a full-text vector is made of is read from triggers, or not known."""

from __future__ import annotations

import pytest

from testdata_assets.masking.discovery.vectors import Recipe, recipe
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, CatalogText, Column, Table

NAME = TableName("public", "t")
VECTOR = Column("fts", "tsvector", "tsvector", "U")
TABLE = Table(
    NAME,
    1,
    "r",
    (
        VECTOR,
        Column("title", "text", "text", "S"),
        Column("Odd Body", "text", "text", "S"),
        Column("n", "int4", "int4", "N"),
    ),
    NAME,
)


def read(trigger: str, function: str = "") -> Recipe | None:
    texts = (
        CatalogText(
            "trigger", "t.x", f"CREATE TRIGGER x BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION {trigger}"
        ),
        CatalogText("function", "public.fill()", function),
    )
    return recipe(Catalog(180000, "", "d", (TABLE,), texts=texts), TABLE, VECTOR)


def test_the_trigger_of_postgres() -> None:
    found = read("tsvector_update_trigger('fts', 'pg_catalog.german', 'title', 'Odd Body')")
    assert found == Recipe(("title", "Odd Body"), "german")


@pytest.mark.parametrize("assigned", ["new.fts :=", "NEW.fts =", 'new."fts":='])
def test_a_function_of_somebodys_own(assigned: str) -> None:
    body = f"""begin {assigned} to_tsvector('english'::regconfig, new.title || NEW."Odd Body"); return new; end"""
    assert read("public.fill()", body) == Recipe(("title", "Odd Body"), "english")


@pytest.mark.parametrize(
    "body",
    [
        "begin new.other := to_tsvector('english', new.title); return new; end",
        "begin new.fts := to_tsvector(new.lang, new.title); return new; end",
        "begin new.fts := to_tsvector('english', new.n::text); return new; end",
        "begin new.fts := somebodys_own(new.title); return new; end",
    ],
)
def test_what_cannot_be_told_is_not_guessed(body: str) -> None:
    assert read("public.fill()", body) is None
