"""Conditions of rules: what parses, what fits a table, and which rows they choose."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from testdata_assets.errors import UsageFault
from testdata_assets.masking import copy_text
from testdata_assets.masking.block_rows import BlockRows, FrameLines
from testdata_assets.masking.conditions import Condition
from testdata_assets.production.catalog import Column


def _column(name: str, base_type: str, category: str, position: int) -> Column:
    return Column(name=name, type=base_type, base_type=base_type, category=category, position=position)


COLUMNS = {
    column.name: column
    for column in (
        _column("plan", "text", "S", 1),
        _column("age", "int4", "N", 2),
        _column("total", "numeric", "N", 3),
        _column("active", "bool", "B", 4),
        _column("Odd Name", "bpchar", "S", 5),
        _column("mail", "citext", "S", 6),
    )
}
ROWS = BlockRows(
    FrameLines(
        pl.DataFrame(
            {
                "plan": ["free", "pro", None, "it's"],
                "age": ["7", "-3", None, "40"],
                "total": ["1.50", "20", "NaN", None],
                "active": ["t", "f", None, "t"],
                "Odd Name": ["x  ", "y  ", None, "x  "],
                "mail": ["Ann@x.org", "bob@x.org", None, ""],
            }
        )
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plan == 'free'", "1000"),
        ('plan == "free"', "1000"),
        ("plan = 'it''s'", "0001"),
        ("plan != 'free'", "0111"),
        ("plan <> 'free'", "0111"),
        ("plan in ('free', 'pro')", "1100"),
        ("plan in ['free', null]", "1010"),
        ("plan not in ('free', 'pro')", "0011"),
        ("plan is null", "0010"),
        ("plan IS NOT NULL", "1101"),
        ("not plan is null", "1101"),
        ("age == 7", "1000"),
        ("age == -3", "0100"),
        ("age == '7'", "1000"),
        ("total == 1.5", "1000"),
        ("total in (20.00, 1.5)", "1100"),
        ("active == true", "1001"),
        ("active != true", "0110"),
        ("\"Odd Name\" == 'x'", "1001"),
        ("mail == 'ANN@X.ORG'", "1000"),
        ("plan == 'free' or age == 40 and active == true", "1001"),
        ("(plan == 'free' or age == 40) and active == true", "1001"),
        ("not (plan == 'free' or plan == 'pro')", "0011"),
        ("plan == null", "0010"),
    ],
)
def test_which_rows_a_condition_chooses(text: str, expected: str) -> None:
    condition = Condition.parse(text)
    assert condition.problems(COLUMNS) == ()
    assert condition.evaluate(ROWS, COLUMNS).to_list() == [each == "1" for each in expected]


@pytest.mark.parametrize(
    "text",
    ["", "plan", "plan ==", "plan == free", "== 'x'", "plan in ()", "(plan is null", "plan is 'x'", "plan; drop"],
)
def test_what_is_no_condition_says_where(text: str) -> None:
    with pytest.raises(UsageFault, match="at character"):
        Condition.parse(text)


def test_what_does_not_fit_the_table_is_named() -> None:
    found = Condition.parse("agee == 7 and age == 'old' and active == 3 and active == false").problems(COLUMNS)
    assert len(found) == 3
    assert "'agee'" in found[0]
    assert "did you mean 'age'?" in found[0]
    assert "'old'" in found[1]
    assert "bool" in found[2]
    assert Condition.parse("age is null and plan == 'x' or age == 1").columns == ("age", "plan")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
def test_any_literal_can_be_written(value: str) -> None:
    quoted = value.replace("'", "''")
    raw = copy_text.escape(pl.Series("plan", [value, "something else entirely which is longer"]))
    rows = BlockRows(FrameLines(raw.to_frame()))
    assert Condition.parse(f"plan == '{quoted}'").evaluate(rows, COLUMNS).to_list() == [True, False]


@given(st.text(max_size=40))
def test_nothing_but_a_usage_fault_comes_of_any_text(text: str) -> None:
    try:
        parsed = Condition.parse(text)
    except UsageFault:
        return
    assert parsed.columns
