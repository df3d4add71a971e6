"""Table names as rules write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testdata_assets.errors import UsageFault
from testdata_assets.postgres.identifiers import TableName

names = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1, max_size=63)


@given(names, names)
def test_every_name_survives_printing_and_parsing(schema: str, name: str) -> None:
    table = TableName(schema, name)
    assert TableName.parse(str(table)) == table
    assert TableName.parse(table.sql) == table


def test_unquoted_parts_fold_to_lower_case() -> None:
    assert TableName.parse("Public.Users") == TableName("public", "users")
    assert TableName.parse('"Sales Dept"."Order"') == TableName("Sales Dept", "Order")


@pytest.mark.parametrize("text", ["", "users", "a.b.c", 'a."b', "a.", ".b", "a b.c", "a.b."])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UsageFault):
        TableName.parse(text)
