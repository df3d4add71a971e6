"""Columns masked in several ways: rows that a condition chooses are judged apart, by their own rule."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest

from testdata_assets.masking import copy_text
from testdata_assets.masking.change_counts import ChangeCount, counted, grouped
from testdata_assets.masking.conditions import Condition
from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import MaskingPlan, TablePlan
from testdata_assets.masking.rule_models import ObjectsRule
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import DEALT, NOTHING
from testdata_assets.validation.changes import by_column, unchanged_columns
from testdata_assets.validation.drift import Drift, compare
from testdata_assets.validation.image_reader import Counts
from testdata_assets.validation.measures import promises
from testdata_assets.validation.report import Finding
from testdata_assets.validation.rules import DriftLimits, ValidationRules
from tests.unit.validation.masked_table import NAME, ROWS, Rule, masked, planned, profiled, texts


def in_two_ways(column: str, first: Rule, condition: str, second: Rule, columns: list[str]) -> TablePlan:
    plan = planned({column: second}, columns)
    other = plan.column(column)
    assert other is not None
    both = replace(other, transformer=registry.build(*first), condition=Condition.parse(condition), otherwise=other)
    return replace(plan, columns=tuple(both if each is other else each for each in plan.columns))


def counts(plan: TablePlan, data: pl.DataFrame, key: int = 1) -> list[ChangeCount]:
    """As they are counted while masking, in blocks of a thousand rows."""
    masker = TableMasker(plan, partial(KeyedHash.derive, key.to_bytes(32, "big")))
    found = []
    for start in range(0, data.height, 1_000):
        block = masker.mask(copy_text.encode(data.slice(start, 1_000)))
        for column, ways in block.changes.items():
            found += ChangeCount.of(NAME, column, ways)
    return found


def findings(plan: TablePlan, change_counts: list[ChangeCount], data: pl.DataFrame) -> list[Finding]:
    whole = MaskingPlan((plan,), "", "", ObjectsRule())
    nulls = {name: data.get_column(name).null_count() for name in data.columns}
    reader: Any = None  # rates are told by counts alone
    return unchanged_columns(
        reader,
        whole,
        change_counts,
        {NAME: Counts(data.height, nulls)},
        ValidationRules(),
        {NAME: profiled(plan, data)},
    )


def faulty(count: ChangeCount, share: float) -> ChangeCount:
    """As if masking had left out a share of the rows: what chance explains grows a little, too."""
    left = round(count.rows * share)
    return replace(
        count,
        changed=round(count.changed * (1 - share)),
        anywhere=count.anywhere + left * 0.1,
        nearby=count.nearby,
    )


def people() -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return texts(
        kind=rng.choice(["new", "sent", "back"], ROWS, p=[0.5, 0.3, 0.2]),
        group=rng.choice(["staff", "other"], ROWS, p=[0.2, 0.8]),
        n=rng.integers(0, 1_000, ROWS),
    )


CHOICE: Rule = ("choice", {"values": ["new", "sent", "back"], "by": "id"})
SHUFFLE: Rule = ("shuffle", {"by": "id"})
KEEP: Rule = ("keep", {})
STAFF = "\"group\" == 'staff'"
WAYS: dict[str, tuple[str, Rule, Rule]] = {
    "drawn or kept": ("kind", CHOICE, KEEP),
    "dealt or drawn": ("kind", SHUFFLE, CHOICE),
    "constant or dealt": ("kind", ("constant", {"value": "sent"}), SHUFFLE),
    "drawn or null": ("kind", CHOICE, ("null", {})),
}


@pytest.mark.parametrize("case", WAYS)
def test_each_way_is_counted_by_itself(case: str) -> None:
    column, first, second = WAYS[case]
    data = people()
    plan = in_two_ways(column, first, STAFF, second, data.columns)
    for key in range(5):
        assert findings(plan, counts(plan, data, key), masked(plan, data, key)) == []
    honest = counts(plan, data)
    of_staff = data.get_column("group") == "staff"
    assert {way: changes.values for way, changes in by_column(honest)[str(NAME), column].items()} == {
        0: of_staff.sum(),
        1: ROWS - of_staff.sum(),
    }
    for way, rule in enumerate((first, second)):
        if rule is KEEP:
            continue
        left_out = [faulty(each, 0.5) if (each.column, each.way) == (column, way) else each for each in honest]
        found = findings(plan, left_out, masked(plan, data))
        assert [each.kind for each in found] == ["unchanged values"], rule


def test_values_of_a_way_that_nobody_counted_are_found() -> None:
    data = people()
    plan = in_two_ways("kind", CHOICE, STAFF, KEEP, data.columns)
    known = [each for each in counts(plan, data) if each.way == 0]
    found = findings(plan, known, masked(plan, data))
    assert [(each.kind, each.count) for each in found] == [
        ("changes not counted", int((data.get_column("group") != "staff").sum()))
    ]


def drifts(plan: TablePlan, data: pl.DataFrame, image: pl.DataFrame) -> list[Drift]:
    promised = promises(plan, by_column(counts(plan, data)))
    found = compare(NAME, profiled(plan, data), profiled(plan, image), promised, DriftLimits())
    return [each for each in found if each.exceeded]


@pytest.mark.parametrize("first", [CHOICE, ("null", {}), ("constant", {"value": "sent"})], ids=["drawn", "null", "one"])
def test_kept_rows_keep_their_distribution(first: Rule) -> None:
    """A fifth of the rows may have any value: no more may differ."""
    data = people()
    plan = in_two_ways("kind", first, STAFF, KEEP, data.columns)
    assert plan.columns[1].distribution == DEALT
    for key in range(3):
        assert not [each.as_row() for each in drifts(plan, data, masked(plan, data, key))]
    bent = masked(plan, data).with_columns(pl.col("kind").replace("new", "back"))
    assert "categories" in {each.measure for each in drifts(plan, data, bent)}


def test_numbers_of_kept_rows_keep_theirs_too() -> None:
    data = people()
    plan = in_two_ways("n", ("integer_permute", {}), STAFF, KEEP, data.columns)
    image = masked(plan, data)
    assert not drifts(plan, data, image)
    halved = image.with_columns((pl.col("n").cast(pl.Int64) // 2).cast(pl.String))
    assert "values" in {each.measure for each in drifts(plan, data, halved)}


def test_nothing_is_expected_where_no_way_keeps_anything() -> None:
    data = people()
    plan = in_two_ways("kind", ("hash", {}), STAFF, CHOICE, data.columns)
    assert plan.columns[1].distribution == NOTHING
    assert not plan.columns[1].compared


def of_shuffle(rule: dict[str, Any], values: pl.DataFrame, share: float = 0.0) -> int:
    """Values told as unchanged where a shuffle left out so large a share of the rows, the first ones."""
    plan = planned({"kind": ("shuffle", {"by": "id", **rule})}, values.columns)
    image = masked(plan, values).get_column("kind")
    left = pl.Series(np.arange(values.height) < share * values.height)
    image = values.get_column("kind").zip_with(left, image)
    groups = grouped([values.get_column(rule["within"])]) if rule else None
    changes = counted(values.get_column("kind"), image, by_chance=True, groups=groups)
    data = values.with_columns(kind=image)
    return sum(each.count for each in findings(plan, ChangeCount.of(NAME, "kind", (changes,)), data))


def test_runs_of_equal_values_do_not_justify_what_a_shuffle_left() -> None:
    data = texts(kind=np.repeat(np.arange(400) % 8, 50))
    assert of_shuffle({}, data) == 0
    assert of_shuffle({}, data, 0.9) > 0.8 * data.height


def test_a_shuffle_within_groups_changes_as_often_as_its_groups_are_mixed() -> None:
    rng = np.random.default_rng(2)
    group = rng.integers(0, 500, ROWS)
    alike = np.where(rng.random(ROWS) < 0.8, group % 7, rng.integers(0, 7, ROWS))  # groups mostly of one value
    data = texts(kind=alike, group=group)
    rule = {"within": "group", "alone": "keep"}
    assert of_shuffle(rule, data) == 0
    assert of_shuffle(rule, data, 0.3) > 0.6 * data.height
    lonely = texts(kind=np.arange(ROWS) % 7, group=np.arange(ROWS))
    assert of_shuffle(rule, lonely) == 0


def test_values_of_one_block_are_told_by_their_own_block() -> None:
    """Blocks of one value each: wherever a row's value goes, it meets the same."""
    data = texts(kind=np.repeat(["a", "b", "c"], 1_000))
    plan = planned({"kind": SHUFFLE}, data.columns)
    assert [(each.changed, each.nearby) for each in counts(plan, data)] == [(0, 1_000.0)] * 3


def test_chance_is_counted_value_by_value() -> None:
    """Against all pairs of rows, in groups that a NULL makes, too; values that say nothing are left out."""
    rng = np.random.default_rng(3)
    values = pl.Series(rng.choice(["a", "b", "c", "*"], 60))
    masks = pl.Series(rng.choice(["a", "b", "d", "*"], 60))
    keys = [pl.Series(rng.choice(list(kinds), 60).tolist()).replace("-", None) for kinds in ("xy-", "12")]
    groups = grouped(keys)
    assert groups.n_unique() == len(set(zip(*(key.to_list() for key in keys), strict=True)))
    telling = [value != "*" for value in values]
    for within in (None, groups):
        found = counted(values, masks, by_chance=True, groups=within)
        anywhere = sum(a == b for a, says in zip(values, telling, strict=True) if says for b in masks) / 60
        nearby = 0.0
        for row, says in enumerate(telling):
            others = [each for each in range(60) if each != row and (within is None or within[each] == within[row])]
            nearby += says * sum(values[row] == values[each] for each in others) / max(len(others), 1)
        assert (found.values, found.rows) == (60, sum(telling))
        assert found.anywhere == pytest.approx(anywhere)
        assert found.nearby == pytest.approx(nearby)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("case", WAYS)
def test_at_most_one_image_in_a_hundred_alarms(case: str) -> None:
    column, first, second = WAYS[case]
    data = people()
    plan = in_two_ways(column, first, STAFF, second, data.columns)
    alarmed = 0
    for key in range(200):
        image = masked(plan, data, key)
        alarmed += bool(findings(plan, counts(plan, data, key), image) or drifts(plan, data, image))
    assert alarmed <= 2
