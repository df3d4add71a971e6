"""Kept columns are warned of in the languages that discovery reads."""

from __future__ import annotations

import pytest

from testdata_assets.masking.plan import examine
from testdata_assets.masking.rules import parse_rules
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table


def warnings_for(column: str) -> list[str]:
    name = TableName("public", "t")
    table = Table(name, 1, "r", (Column(column, "text", "text", "S"),), name)
    catalog = Catalog(180000, "", "d", (table,))
    rules = parse_rules(f'version: 1\ntables: {{public.t: {{"{column}": keep}}}}\n')
    return [warning.message for warning in examine(rules, catalog).warnings]


@pytest.mark.parametrize("column", ["correo_electronico", "Nachname", "fecha_nacimiento", "codice_fiscale", "CUST_NM"])
def test_kept_personal_names(column: str) -> None:
    assert any("looks personal" in message for message in warnings_for(column))


@pytest.mark.parametrize("column", ["Bemerkung", "observaciones", "commentaire"])
def test_kept_free_text(column: str) -> None:
    assert any("free-text" in message for message in warnings_for(column))


@pytest.mark.parametrize("column", ["status", "payment_method", "zorbl"])
def test_nothing_to_say(column: str) -> None:
    assert warnings_for(column) == []
