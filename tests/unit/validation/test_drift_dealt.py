"""Columns drawn by a rule's weights, and those whose own values are dealt out anew: each is held to what that means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import DEALT, NOTHING
from testdata_assets.production.catalog import Column
from tests.unit.validation.masked_table import ROWS, alarms, masked, planned, texts

WEIGHTS = {"new": 6, "sent": 3, "back": 1, "never": 0}
CHOICE = {"kind": ("choice", {"values": WEIGHTS, "by": "id"})}
ROW = pl.int_range(pl.len())
Change = Callable[[pl.DataFrame], pl.DataFrame]


def states() -> pl.DataFrame:
    return texts(kind=np.random.default_rng(1).choice(["new", "sent", "lost"], ROWS, p=[0.1, 0.1, 0.8]))


def replaced(column: str, old: str, new: str, of: int = 1) -> Change:
    """One in so many rows that hold a value hold another."""
    chosen = (pl.col(column) == old) & (ROW % of == 0)
    return lambda data: data.with_columns(pl.when(chosen).then(pl.lit(new)).otherwise(column).alias(column))


def test_choices_by_weight_do_not_alarm() -> None:
    data = states()
    plan = planned(CHOICE, data.columns)
    for key in range(5):
        assert not [each.as_row() for each in alarms(plan, data, masked(plan, data, key))]


@pytest.mark.parametrize(
    ("column", "values", "production"),
    [
        ("price", [5, 7.125, 9.5], ["5.00", "8.00"]),
        ("n", [1, 2, 3], ["3", "4"]),
        ("flag", {"true": 3, "false": 1}, ["t", "f"]),
        ("padded", ["ab", "cde"], ["x    ", "y    "]),
    ],
)
def test_categories_are_told_however_the_server_prints_them(column: str, values: Any, production: list[str]) -> None:
    data = texts(**{column: np.random.default_rng(2).choice(production, ROWS)})
    plan = planned({column: ("choice", {"values": values, "by": "id"})}, data.columns)
    written = masked(plan, data)
    printed: dict[str, dict[str, str]] = {
        "price": {"5": "5.00", "7.125": "7.13", "9.5": "9.50"},
        "flag": {"true": "t", "false": "f"},
        "padded": {"ab": "ab   ", "cde": "cde  "},
    }
    image = written.with_columns(pl.col(column).replace(printed.get(column, {})))
    assert not [each.as_row() for each in alarms(plan, data, image)]
    first = image.get_column(column)[0]
    other = next(each for each in image.get_column(column).unique() if each != first)
    assert alarms(plan, data, replaced(column, first, other, of=4)(image))


@pytest.mark.parametrize(
    ("change", "measure"),
    [
        (replaced("kind", "sent", "new", of=4), "categories"),
        (lambda data: data.with_columns(pl.col("kind").replace({"new": "sent", "sent": "new"})), "categories"),
        (replaced("kind", "back", "new"), "dropped category"),
        (replaced("kind", "new", "lost", of=100), "other categories"),
        (replaced("kind", "new", "never", of=100), "other categories"),
    ],
    ids=["too few", "confused", "left out", "production's own", "of no weight"],
)
def test_choices_by_other_weights_are_found(change: Change, measure: str) -> None:
    data = states()
    plan = planned(CHOICE, data.columns)
    found = alarms(plan, data, change(masked(plan, data)))
    assert measure in {each.measure for each in found}, found


def test_rows_that_draw_together_are_one_draw() -> None:
    """Twenty groups hardly ever have the weights of the rule."""
    data = states().with_columns(group=(ROW % 20).cast(pl.String))
    plan = planned({"kind": ("choice", {"values": WEIGHTS, "by": "group"})}, data.columns)
    for key in range(10):
        assert not [each.as_row() for each in alarms(plan, data, masked(plan, data, key))]


def test_where_the_server_decides_how_categories_look_nothing_is_held() -> None:
    choice = registry.build("choice", {"values": ["2024-1-1", "b"], "by": "id"})
    for base in ("jsonb", "date", "uuid"):
        assert choice.distribution_on(Column("c", base, base, "U")) == NOTHING
    numbers = registry.build("choice", {"values": [1.25, 2.5], "by": "id"})
    assert numbers.distribution_on(Column("c", "public.amount", "numeric", "N")) == NOTHING
    long = registry.build("choice", {"values": ["x" * 70], "by": "id"})
    assert long.distribution_on(Column("c", "text", "text", "S")) == NOTHING


def towns() -> pl.DataFrame:
    """Names of many lengths, no one of them frequent, in groups."""
    rng = np.random.default_rng(3)
    names = np.array([f"{'x' * (each % 40)}{each}" for each in range(2_000)])
    return texts(kind=rng.choice(names, ROWS), group=rng.choice(["a", "b", "c"], ROWS))


DEALT_OUT = {"kind": ("shuffle", {"by": "id", "within": "group"})}


def test_values_dealt_out_within_groups_are_the_same_values() -> None:
    data = towns()
    plan = planned(DEALT_OUT, data.columns)
    assert plan.columns[1].distribution == DEALT
    for key in range(3):
        assert not [each.as_row() for each in alarms(plan, data, masked(plan, data, key))]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.with_columns(pl.col("kind").str.head(39)),
        lambda data: data.with_columns(kind=pl.when(ROW % 200 == 0).then(pl.lit("7")).otherwise("kind")),
        lambda data: data.with_columns(kind=pl.when(ROW % 100 != 0).then("kind")),
    ],
    ids=["the longest cut", "one in 200 another's", "one in 100 lost"],
)
def test_any_other_value_is_found(change: Change) -> None:
    data = towns()
    plan = planned({"kind": ("shuffle", {"by": "id", "within": "group", "alone": "keep"})}, data.columns)
    assert alarms(plan, data, change(masked(plan, data)))


def test_values_that_became_null_for_want_of_another_row_are_let_pass() -> None:
    data = towns().with_columns(group=pl.when(ROW < 300).then("id").otherwise("group"))
    plan = planned(DEALT_OUT, data.columns)
    image = masked(plan, data)
    assert image.get_column("kind").null_count() == 300
    assert not [each.as_row() for each in alarms(plan, data, image)]
    assert alarms(plan, data, image.with_columns(pl.col("kind").str.head(12)))


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize(
    ("rules", "rows"), [(CHOICE, states), (DEALT_OUT, towns)], ids=["drawn", "dealt within groups"]
)
def test_at_most_one_image_in_a_hundred_alarms(
    rules: dict[str, tuple[str, dict[str, Any]]], rows: Callable[[], pl.DataFrame]
) -> None:
    data = rows()
    plan = planned(rules, data.columns)
    assert sum(bool(alarms(plan, data, masked(plan, data, key))) for key in range(200)) <= 2
