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


def _chosen(
    literal: str, base_type: str, category: str, *values: str, labels: tuple[str, ...] = ()
) -> str | list[bool]:
    """The rows of a column that a literal chooses, or why it chooses none."""
    column = Column(name="c", type=base_type, base_type=base_type, category=category, labels=labels)
    condition = Condition.parse(f"c == {literal}")
    problems = condition.problems({"c": column})
    if problems:
        return problems[0]
    rows = BlockRows(FrameLines(pl.DataFrame({"c": copy_text.escape(pl.Series(values))})))
    return condition.evaluate(rows, {"c": column}).to_list()


@pytest.mark.parametrize(
    ("literal", "base_type", "category", "value"),
    [
        ("1234567890123456.78", "numeric", "N", "1234567890123456.78"),
        ("0.00000000000000000001", "numeric", "N", "0.00000000000000000001"),
        ("1.50", "text", "S", "1.50"),
        ("9223372036854775807", "int8", "N", "9223372036854775807"),
        ("'010.0.0.1'", "text", "S", "010.0.0.1"),
        ("'10.0.0.1/32'", "inet", "I", "10.0.0.1"),
        ("'10.1.2.3/8'", "inet", "I", "10.1.2.3/8"),
        ("'10.0.0.0/8'", "cidr", "I", "10.0.0.0/8"),
        ("'10.0.0.1'", "cidr", "I", "10.0.0.1/32"),
        ("'2001:DB8:0:0::1'", "inet", "I", "2001:db8::1"),
        ("'::FFFF:10.0.0.1'", "inet", "I", "::ffff:10.0.0.1"),
        ("'08-00-2B-01-02-03'", "macaddr", "U", "08:00:2b:01:02:03"),
        ("'0800.2b01.0203'", "macaddr", "U", "08:00:2b:01:02:03"),
        ("'08:00:2b:01:02:03:04:05'", "macaddr8", "U", "08:00:2b:01:02:03:04:05"),
        ("1234.5", "money", "N", "$1,234.50"),
        ("'-$1,234.50'", "money", "N", "-$1,234.50"),
        ("'sad'", "mood", "E", "sad"),
        ("'101'", "bit", "V", "101"),
    ],
)
def test_literals_match_in_any_form_of_theirs(literal: str, base_type: str, category: str, value: str) -> None:
    other = "0" if base_type == "int8" else "other"
    assert _chosen(literal, base_type, category, value, other, labels=("sad", "glad")) == [True, False]


@pytest.mark.parametrize(
    ("literal", "base_type", "category", "reason"),
    [
        ("'1 day'", "interval", "T", "takes only `is null`"),
        ("'{}'", "jsonb", "U", "takes only `is null`"),
        ("'{1}'", "_int4", "A", "takes only `is null`"),
        ("'10:00:00+02'", "timetz", "D", "takes only `is null`"),
        ("'10.0.0.256'", "inet", "I", "never equals"),
        ("'10.0.0.1/8'", "cidr", "I", "never equals"),
        ("'08:00'", "macaddr", "U", "never equals"),
        ("'ten'", "money", "N", "never equals"),
        ("9223372036854775808", "int8", "N", "9223372036854775808 never equals"),
        ("'glda'", "mood", "E", "'glda' never equals (did you mean 'glad'?)"),
        ("true", "mood", "E", "true never equals"),
        ("7", "mood", "E", "7 never equals"),
    ],
)
def test_literals_that_fit_no_value_are_named(literal: str, base_type: str, category: str, reason: str) -> None:
    found = _chosen(literal, base_type, category, "x", labels=("sad", "glad"))
    assert reason in found


@pytest.mark.parametrize("literal", ["01234", "-07", "00.5"])
def test_a_number_with_leading_zeros_belongs_in_quotes(literal: str) -> None:
    with pytest.raises(UsageFault, match=f"in quotes: '{literal}'"):
        Condition.parse(f"zip == {literal}")
    assert _chosen(f"'{literal}'", "text", "S", literal, "1234") == [True, False]


def test_deep_and_long_conditions() -> None:
    for text in ("(" * 5000 + "plan is null" + ")" * 5000, "not (" * 5000 + "plan is null" + ")" * 5000):
        with pytest.raises(UsageFault, match="nests deeper than 100 levels"):
            Condition.parse(text)
    assert _picked("not " * 5001 + "plan is null") == "1101"
    assert _picked("(" * 100 + "plan is null" + ")" * 100) == "0010"
    assert _picked(" or ".join(f"plan == 'p{n}'" for n in range(5000)) + " or plan is null") == "0010"
    assert _picked(" and ".join(f"plan != 'p{n}'" for n in range(5000)) + " and plan == 'pro'") == "0100"


def _picked(text: str) -> str:
    condition = Condition.parse(text)
    assert condition.problems(COLUMNS) == ()
    assert condition.columns == ("plan",)
    return "".join(str(int(each)) for each in condition.evaluate(ROWS, COLUMNS).to_list())
