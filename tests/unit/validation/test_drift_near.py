"""Masks near their values: honest ones of odd columns do not alarm, and what lies further off is found all the same.

Every column is masked by the real transformer; the whole table is seen, so that chance explains nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from testdata_assets.masking.conditions import Condition
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import (
    NOTHING,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from tests.unit.validation.masked_table import ROWS, Rule, alarms, masked, planned, texts

PLACES: dict[str, tuple[str, dict[str, Any]]] = {
    "lat": ("lat_lon", {"part": "lat", "other": "lon"}),
    "lon": ("lat_lon", {"part": "lon", "other": "lat"}),
}
FAR = {name: (rule, {**parameters, "radius_m": 200_000}) for name, (rule, parameters) in PLACES.items()}


def some(share: float, odd: Any, usual: Any) -> Any:
    """An odd value in so large a share of the rows, each drawn."""
    return np.where(np.random.default_rng(7).random(ROWS) < share, odd, usual)


def places(rng: np.random.Generator, lat: float, lon: float, spread: float) -> dict[str, Any]:
    return {
        "lat": np.round(rng.normal(lat, spread, ROWS), 5),
        "lon": (np.round(rng.normal(lon, spread, ROWS), 5) + 180) % 360 - 180,
    }


def days(first: str, last: str) -> Any:
    span = np.arange(first, last, dtype="datetime64[D]")
    return np.random.default_rng(5).choice(span, ROWS).astype(str)


def coordinates_and_none() -> pl.DataFrame:
    berlin = places(np.random.default_rng(1), 52.5, 13.4, 0.2)
    return texts(**{name: some(0.1, -999.0, values) for name, values in berlin.items()})


def projected() -> pl.DataFrame:
    rng = np.random.default_rng(2)
    return texts(lat=np.round(rng.normal(5_801_911, 9_000, ROWS), 3), lon=np.round(rng.normal(391_000, 9_000, ROWS), 3))


def at_the_date_line() -> pl.DataFrame:
    """West of it, so that more cross it from there than come back."""
    return texts(**places(np.random.default_rng(3), -17.8, 178.8, 0.5))


def at_the_pole() -> pl.DataFrame:
    rng = np.random.default_rng(4)
    usual = places(rng, 52.5, 13.4, 0.2)
    return texts(lat=some(0.1, -90.0, usual["lat"]), lon=some(0.1, 0.0, usual["lon"]))


def near_years(limit: str | None = None) -> dict[str, Rule]:
    return {"day": ("birth_date", {} if limit is None else {"not_after": limit})}


def bucketed(value: str) -> dict[str, Rule]:
    return {"n": ("number_bucket", {"edges": [0, 1_000_000, 10_000_000], "value": value})}


USUAL_DAYS = days("1950-01-01", "2005-01-01")
MILLIONS = np.random.default_rng(6).integers(1, 20_000_000, ROWS)
ODD: dict[str, tuple[dict[str, Rule], Callable[[], pl.DataFrame]]] = {
    "a place of -999": (PLACES, coordinates_and_none),
    "projected": (PLACES, projected),
    "the date line": (FAR, at_the_date_line),
    "the pole": (PLACES, at_the_pole),
    "year 1": (near_years(), lambda: texts(day=some(0.05, "0001-01-01", USUAL_DAYS))),
    "year 1601": (near_years(), lambda: texts(day=some(0.05, "1601-01-01", USUAL_DAYS))),
    "year 3000": (near_years(), lambda: texts(day=some(0.1, "3000-01-01", USUAL_DAYS))),
    "year 9999": (near_years(), lambda: texts(day=some(0.1, "9999-01-01", USUAL_DAYS))),
    "the last day": (near_years("2005-01-01"), lambda: texts(day=some(0.1, "2005-01-01", USUAL_DAYS))),
    "a leap day": (near_years(), lambda: texts(day=some(0.1, "1980-02-29", USUAL_DAYS))),
    "under an edge": (bucketed("lower"), lambda: texts(n=some(0.1, 9_999_999, MILLIONS))),
    "under an edge, middles": (bucketed("middle"), lambda: texts(n=some(0.1, 9_999_999, MILLIONS))),
    "year 10000": (
        {"day": ("timestamp_noise", {"within": "300 days"})},
        lambda: texts(day=some(0.2, "10000-01-01", USUAL_DAYS)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_honest_masks_of_odd_values_do_not_alarm(case: str) -> None:
    rules, rows = ODD[case]
    data = rows()
    plan = planned(rules, data.columns)
    for key in range(3):
        assert not [each.as_row() for each in alarms(plan, data, masked(plan, data, key))]


FAULTS: dict[str, tuple[dict[str, Rule], Callable[[], pl.DataFrame], Callable[[pl.DataFrame], pl.DataFrame]]] = {
    "a tenth of the places": (
        PLACES,
        coordinates_and_none,
        lambda data: data.with_columns((pl.col("lat").cast(pl.Float64) + 1).cast(pl.String)),
    ),
    "longitudes": (
        PLACES,
        at_the_pole,
        lambda data: data.with_columns((pl.col("lon").cast(pl.Float64) - 1).cast(pl.String)),
    ),
    "years": (
        near_years(),
        lambda: texts(day=some(0.05, "1980-02-29", USUAL_DAYS)),
        lambda data: data.with_columns(pl.col("day").str.to_date().dt.offset_by("10y").dt.strftime("%Y-%m-%d")),
    ),
    "rates of a float": (
        {"x": ("number_noise", {})},
        lambda: texts(x=np.round(np.random.default_rng(8).random(ROWS), 4)),
        lambda data: data.with_columns(x=pl.lit("0.5")),
    ),
    "rates of a number": (
        {"free": ("number_noise", {})},
        lambda: texts(free=np.round(np.random.default_rng(8).random(ROWS), 4)),
        lambda data: data.with_columns(free=pl.lit("0.5")),
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_lies_further_off_is_found(case: str) -> None:
    rules, rows, fault = FAULTS[case]
    data = rows()
    plan = planned(rules, data.columns)
    assert "values" in {each.measure for each in alarms(plan, data, fault(data))}


def test_a_unit_of_the_last_digit_is_no_drift() -> None:
    """Numbers of one digit move by a unit of it, which is more than their noise."""
    rng = np.random.default_rng(9)
    data = texts(x=rng.integers(1, 10, ROWS) / 10, free=rng.integers(1, 10, ROWS), n=rng.integers(1, 10, ROWS))
    plan = planned(dict.fromkeys(("x", "free", "n"), ("number_noise", {"ratio": 0.01})), data.columns)
    assert not alarms(plan, data, masked(plan, data))


def test_rows_that_became_null_under_a_condition_may_be_of_any_value() -> None:
    """Of `shuffle` under `when:`, alone in their groups, beside `number_noise`."""
    rng = np.random.default_rng(10)
    numbers = np.sort(rng.integers(1_000, 900_000, ROWS))
    data = texts(n=numbers, kind=np.where(np.arange(ROWS) < 0.08 * ROWS, np.arange(ROWS).astype(str), "common"))
    plan = planned({"n": ("number_noise", {})}, data.columns)
    number = plan.column("n")
    assert number is not None
    alone = registry.build("shuffle", {"by": "id", "within": "kind"})
    both = replace(number, transformer=alone, condition=Condition.parse("kind <> 'common'"), otherwise=number)
    plan = replace(plan, columns=tuple(both if each is number else each for each in plan.columns))
    image = masked(plan, data)
    assert image.get_column("n").null_count() == pytest.approx(0.08 * ROWS, abs=1)
    assert not [each.as_row() for each in alarms(plan, data, image)]
    raised = image.with_columns((pl.col("n").cast(pl.Int64) * 3 // 2).cast(pl.String))
    assert alarms(plan, data, raised)


class AccountNo(Transformer[Params]):
    """A user's own: no mask is a real value, and nothing is said of the distribution."""

    name = "account_no"
    summary = "A stand-in."
    guarantees = Guarantees(Uniqueness.INJECTIVE, Coincidence.DISJOINT)

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return (values.cast(pl.Int64) + 1_000_000_000).cast(pl.String)


def test_masks_that_are_no_real_values_cannot_be_distributed_as_those() -> None:
    data = texts(n=np.random.default_rng(11).integers(1, 900, ROWS))
    plan = planned({"n": AccountNo(Params())}, data.columns)
    assert not alarms(plan, data, masked(plan, data))
    column = plan.column("n")
    assert column is not None
    assert column.distribution == NOTHING
