"""Masked columns whose transformers keep a distribution, or do not say: what bends it is found, honest masks are not.

The real transformers mask the orders of `drift_world`; a user's own that says nothing is held to everything. As in
`test_drift_rates.py`, the slow tests hold the rates promised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

import polars as pl
import pytest

from testdata_assets.masking import copy_text
from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import ColumnPlan, TablePlan
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import (
    EXACTLY,
    NOTHING,
    Coincidence,
    Distribution,
    Guarantees,
    Kept,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.production.profile import TableProfile, TableProfiler
from testdata_assets.validation.drift import Comparison, Drift, candidates, judged
from testdata_assets.validation.measures import promises
from testdata_assets.validation.rules import DriftLimits
from tests.unit.validation import drift_world
from tests.unit.validation.drift_world import CHANGES, NAME, found

ROWS, TABLE_ROWS = 10_000, 120_000
COLUMNS = ("id", "customer_id", "amount", "weight", "rank", "age", "at", "due", "paid", "state", "country")
TABLE = replace(
    drift_world.TABLE, columns=tuple(column for column in drift_world.TABLE.columns if column.name in COLUMNS)
)
QUICK, FULL, CHANGED = 2, 200, 100
_LOSSY = Guarantees(Uniqueness.LOSSY, Coincidence.MAY_COINCIDE)


class Own(Transformer[Params]):
    """A user's own transformer that does not say what it keeps of a distribution; the tests mask in its stead."""

    name = "own"
    summary = "A stand-in."
    guarantees = _LOSSY

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return values


class OwnExact(Own):
    distribution = EXACTLY


Rules = Mapping[str, Transformer[Any] | tuple[str, dict[str, Any]]]
OWN: Rules = {
    **dict.fromkeys(("amount", "weight", "rank", "age", "at", "due", "paid", "state"), Own(Params())),
    "country": OwnExact(Params()),
}
# Suitable columns for everything that keeps something, under more than one parameter.
HONEST: dict[str, Rules] = {
    "near": {
        "amount": ("number_noise", {"ratio": 0.2}),
        "weight": ("number_noise", {"amount": 5}),
        "rank": ("number_noise", {}),
        "age": ("number_bucket", {}),
        "at": ("timestamp_noise", {}),
        "due": ("birth_date", {}),
        "country": ("shuffle", {"by": "id"}),
    },
    "far": {
        "amount": ("number_bucket", {"size": 50, "value": "middle"}),
        "weight": ("number_noise", {"distribution": "normal", "ratio": 0.3}),
        "rank": ("shuffle", {"by": "id"}),
        "age": ("number_bucket", {"edges": [0, 18, 30, 65]}),
        "at": ("date_shift", {"entity": "customer_id", "within": "400 days"}),
        "due": ("date_shift", {"entity": "customer_id"}),
        "paid": ("shuffle", {"by": "id"}),
        "state": ("choice", {"values": ["new", "back"], "by": "id"}),
    },
    "odd": {
        "amount": ("shuffle", {"by": "id", "within": "customer_id"}),
        "weight": ("number_bucket", {"edges": [20, 60]}),
        "age": ("integer_permute", {}),
        "at": ("birth_date", {}),
        "due": ("timestamp_noise", {"within": "45 days"}),
        "country": ("country", {}),
    },
}  # fmt: skip


def world(rows: int, seed: int) -> pl.DataFrame:
    return drift_world.world(rows, seed).select(each.name for each in TABLE.columns)


def planned(rules: Rules) -> TablePlan:
    def one(name: str) -> Transformer[Any]:
        rule = rules.get(name, ("keep", {}))
        return registry.build(*rule) if isinstance(rule, tuple) else rule

    columns = tuple(
        ColumnPlan(column, one(column.name), column.name, pii=None, fold_case=False, inherited_from=None)
        for column in TABLE.columns
    )
    return TablePlan(TABLE, "mask", columns)


def masked(plan: TablePlan, data: pl.DataFrame, key: int) -> pl.DataFrame:
    masker = TableMasker(plan, partial(KeyedHash.derive, key.to_bytes(32, "big")))
    return copy_text.decode(masker.mask(copy_text.encode(data)).data, data.columns)


def profiled(plan: TablePlan, data: pl.DataFrame, rows: int | None = None) -> TableProfile:
    profiler = TableProfiler(TABLE, {each.column.name for each in plan.masked}, plan.compared)
    profiler.add(data)
    if rows is None:
        profiler.add_counts(data.height, {name: data.get_column(name).null_count() for name in data.columns})
    else:
        profiler.add_counts(rows)
    return profiler.finish()


def measures(plan: TablePlan, before: TableProfile, after: TableProfile) -> list[Drift]:
    return judged(candidates(NAME, before, after, Comparison(promises(plan, {}), {"customer_id"}), DriftLimits()))


def alarms(plan: TablePlan, before: TableProfile, after: TableProfile) -> list[Drift]:
    return [each for each in measures(plan, before, after) if each.exceeded]


def _moved_by_a_year(data: pl.DataFrame, _: int) -> pl.DataFrame:
    return data.with_columns(pl.col("due").str.to_date().dt.offset_by("1y").dt.strftime("%Y-%m-%d"))


def _at_midnight(data: pl.DataFrame, _: int) -> pl.DataFrame:
    return data.with_columns(pl.col("at").str.head(10) + " 00:00:00")


# Of the changes of `drift_world` those to a column that is masked here.
BENDING = {
    **{name: change for name, change in CHANGES.items() if change[1] in OWN},
    "due a year later": (_moved_by_a_year, "due"),
    "at without its time of day": (_at_midnight, "at"),
}


@cache
def missed(images: int) -> Counter[str]:
    """Of so many images whose masks a user's transformer bends, how many do not alarm, by what it does."""
    plan, count = planned(OWN), Counter[str]()
    for seed in range(images):
        data = world(ROWS, 500 + seed)
        source = profiled(plan, data)
        for name, (alter, column) in BENDING.items():
            count[name] += not found(alarms(plan, source, profiled(plan, alter(data, seed))), column)
    return count


@cache
def _table() -> pl.DataFrame:
    return world(TABLE_ROWS, 99)


def honest(rules: Rules, images: int) -> Iterator[list[Drift]]:
    """Alarms of honest images, each under a key of its own and seen through a sample of its own."""
    plan = planned(rules)
    table = _table()
    source = profiled(plan, table.sample(ROWS, seed=100_000), TABLE_ROWS)
    for seed in range(images):
        image = masked(plan, table.sample(ROWS, seed=seed), seed)
        yield alarms(plan, source, profiled(plan, image, TABLE_ROWS))


def whole(rules: Rules, images: int) -> Iterator[list[Drift]]:
    """The same of tables that were seen whole."""
    plan = planned(rules)
    for seed in range(images):
        data = world(ROWS, seed)
        yield alarms(plan, profiled(plan, data), profiled(plan, masked(plan, data, seed)))


Draw = Callable[[Rules, int], Iterator[list[Drift]]]
DRAWS: dict[str, Draw] = {"samples": honest, "whole tables": whole}


def false_alarms(rules: Rules, draw: Draw, images: int) -> tuple[int, Counter[tuple[str, str]]]:
    count, told = 0, Counter[tuple[str, str]]()
    for wrong in draw(rules, images):
        count += bool(wrong)
        told.update((each.column, each.measure) for each in wrong)
    return count, told


@pytest.mark.parametrize("change", BENDING)
def test_what_bends_a_masked_column_is_found(change: str) -> None:
    assert missed(1)[change] == 0


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("rules", [*HONEST, "own"])
def test_honest_masks_do_not_alarm(rules: str, draw: str) -> None:
    count, told = false_alarms(HONEST.get(rules, OWN), DRAWS[draw], QUICK)
    assert count == 0, told


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("change", BENDING)
def test_at_least_99_in_a_hundred_are_found(change: str) -> None:
    assert missed(CHANGED)[change] <= CHANGED // 100


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("rules", [*HONEST, "own"])
def test_at_most_one_honest_image_in_a_hundred_alarms(rules: str, draw: str) -> None:
    count, told = false_alarms(HONEST.get(rules, OWN), DRAWS[draw], FULL)
    assert count <= FULL // 100, told


def test_masks_beyond_what_is_promised_are_found() -> None:
    """Near means so near and no further: the same masks under a promise of less."""
    data = world(ROWS, 3)
    for name, rule, less in (
        ("weight", ("number_noise", {"amount": 40}), ("number_noise", {"amount": 2})),
        ("at", ("date_shift", {"entity": "customer_id", "within": "700 days"}), ("birth_date", {})),
        ("age", ("number_bucket", {"size": 40}), ("number_bucket", {"size": 5})),
    ):
        written = masked(planned({name: rule}), data, 1)
        assert not alarms(planned({name: rule}), *(profiled(planned({name: rule}), each) for each in (data, written)))
        plan = planned({name: less})
        drifts = alarms(plan, profiled(plan, data), profiled(plan, written))
        assert {(each.column, each.measure) for each in drifts} == {(name, "values")}


def test_nothing_of_it_is_stored() -> None:
    """Neither the distribution, nor what goes along with it, leaves the comparison; nor do logs show it."""
    plan = planned(OWN)
    source = profiled(plan, world(ROWS, 1))
    column = source.column("weight")
    assert column is not None
    assert column.held is not None
    assert column.held.values is not None
    assert "held" not in repr(column)
    kept = TableProfile.from_json(source.as_json())
    assert all(each.held is None and each.values is None for each in kept.columns if each.masked)
    assert not any({"amount", "age", "due"} & set(pair[:2]) for pair in kept.correlations)
    assert not alarms(plan, kept, kept)


def test_every_built_in_transformer_says_what_it_keeps() -> None:
    undeclared = [name for name, each in registry.built_in().items() if each.distribution.kept is Kept.UNDECLARED]
    assert undeclared == []


def test_what_is_not_declared_is_held_to_everything_where_there_is_something_to_measure() -> None:
    columns = {
        each.column.name: each for each in planned(dict.fromkeys(("weight", "country", "paid"), Own(Params()))).columns
    }
    assert columns["weight"].distribution == columns["paid"].distribution == replace(EXACTLY, rows=True)
    assert columns["country"].distribution == NOTHING


def test_the_weaker_promise_holds_of_rows_masked_in_two_ways() -> None:
    near = Distribution(Kept.ROUGHLY, amount=2.0)
    assert near.weaker(Distribution(Kept.ROUGHLY, ratio=0.1)) == Distribution(Kept.ROUGHLY, 2.0, 0.1)
    assert near.weaker(EXACTLY) == near
    assert EXACTLY.weaker(NOTHING) == NOTHING
