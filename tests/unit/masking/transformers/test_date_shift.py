"""date_shift: one shift per entity, intervals kept, in every form a date may have."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.errors import RefusedError
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._moments import civil, days
from testdata_assets.masking.transformers.base import MaskContext, RowTransformer
from testdata_assets.production.catalog import Column

RUNS = settings(max_examples=60, deadline=None)
KEY = b"a key of the tests, 32 bytes long"


@dataclass
class Row:
    """The other columns of a few rows."""

    originals: dict[str, list[str | None]]

    def original(self, column: str) -> pl.Series:
        return pl.Series(column, self.originals[column], dtype=pl.String)

    def masked(self, column: str) -> pl.Series:
        raise AssertionError(f"{column}: only original values hold an entity together")


def shift(
    values: list[str | None],
    entities: list[str | None],
    base_type: str = "date",
    *,
    key: bytes = KEY,
    domain: str = "domain",
    **params: Any,
) -> list[str | None]:
    built = registry.build("date_shift", {"entity": "person", **params})
    assert isinstance(built, RowTransformer)
    assert built.reads() == ("person",)
    hash_for = partial(KeyedHash.derive, key)
    context = MaskContext(hash_for(domain), Column("d", base_type, base_type, "D"), hash_for=hash_for)
    masked = built.apply_rows(pl.Series("d", values, dtype=pl.String), Row({"person": entities}), context)
    assert masked.name == "d"
    assert masked.dtype == pl.String
    return masked.to_list()


def day(text: str | None) -> dt.date:
    assert text is not None
    return dt.date.fromisoformat(text)


def moment(text: str | None) -> dt.datetime:
    assert text is not None
    return dt.datetime.fromisoformat(text)


@RUNS
@given(
    st.lists(
        st.tuples(st.dates(dt.date(1, 6, 1), dt.date(9999, 6, 1)), st.sampled_from(["1", "2", "3", "anna"])),
        min_size=1,
        max_size=40,
    )
)
def test_each_entity_has_one_shift(rows: list[tuple[dt.date, str]]):
    entities: list[str | None] = [entity for _, entity in rows]
    masked = shift([str(date) for date, _ in rows], entities)
    by_entity: dict[str | None, set[int]] = {}
    for (date, entity), other in zip(rows, masked, strict=True):
        by_entity.setdefault(entity, set()).add((day(other) - date).days)
    for shifts in by_entity.values():
        (only,) = shifts
        assert 1 <= abs(only) <= 90


def test_shifts_are_spread_over_both_ways():
    entities: list[str | None] = [str(number) for number in range(4000)]
    masked = shift(["2020-06-15"] * 4000, entities, within="3 days")
    counts = {delta: 0 for delta in (-3, -2, -1, 1, 2, 3)}
    for other in masked:
        counts[(day(other) - dt.date(2020, 6, 15)).days] += 1
    assert min(counts.values()) > 550


def test_dates_and_timestamps_of_an_entity_move_alike():
    (date,) = shift(["2024-02-28"], ["7"])
    (stamp,) = shift(["2024-02-28 10:11:12.5"], ["7"], "timestamp")
    (zoned,) = shift(["2024-02-28 10:11:12+05:30"], ["7"], "timestamptz")
    delta = day(date) - dt.date(2024, 2, 28)
    assert moment(stamp) - dt.datetime(2024, 2, 28, 10, 11, 12, 500000) == delta
    assert zoned is not None
    assert zoned.endswith(" 10:11:12+05:30")
    assert day(zoned[:10]) == day(date)


def test_another_row_column_key_or_domain():
    entities: list[str | None] = [str(number) for number in range(300)]
    values: list[str | None] = ["2024-02-28"] * 300
    plain = shift(values, entities)
    assert plain[::-1] == shift(values, entities[::-1])
    assert plain == [shift(["2024-02-28"], [entity])[0] for entity in entities]
    for other in (shift(values, entities, key=b"k" * 32), shift(values, entities, domain="other")):
        assert sum(one == two for one, two in zip(plain, other, strict=True)) < 15


def test_nulls_infinity_and_missing_entities():
    values = [None, "infinity", "-infinity", "2024-01-01", "2024-01-01", "2024-01-02"]
    masked = shift(values, ["1", "1", None, None, None, None])
    assert masked[:3] == [None, "infinity", "-infinity"]
    assert masked[3] == masked[4] != "2024-01-01"
    assert masked[5] != "2024-01-02"
    assert shift([None, None], ["1", None]) == [None, None]
    assert shift([], []) == []


def test_padded_entities_are_the_same_one():
    one, two = shift(["2024-01-01"] * 2, ["ab", "ab   "])
    assert one == two


def test_eras_and_long_years():
    masked = shift(
        ["0044-03-15 BC", "0001-12-31 BC", "0001-01-01", "9999-12-31", "10000-01-01", "5874897-12-31", "4714-11-24 BC"],
        ["1", "2", "3", "4", "5", "6", "7"],
    )
    assert all(one is not None for one in masked)
    before, edge, first, last, later, end, begin = (str(one) for one in masked)
    assert before.startswith("004")
    assert all(one.endswith(" BC") for one in (before, edge, begin))
    assert edge.startswith("0001-")
    assert first.startswith("0001-")
    assert "BC" not in first
    assert last.startswith("9999-")
    assert later.split("-")[0] in ("9999", "10000")
    assert end.startswith("5874897-")
    assert begin.startswith(("4714-", "4713-"))
    assert begin != "4714-11-24 BC"


def test_bc_timestamps_keep_their_suffix():
    (masked,) = shift(["0044-03-15 10:00:00+00 BC"], ["1"], "timestamptz")
    assert str(masked).endswith(" 10:00:00+00 BC")


def test_times_may_move_too_by_a_constant():
    values: list[str | None] = ["2024-02-28 10:11:12", "2024-03-01 00:00:00", "2023-12-31 23:59:59.25"]
    masked = shift(values, ["1"] * 3, "timestamp", keep_time=False)
    (delta,) = {moment(other) - moment(value) for value, other in zip(values, masked, strict=True)}
    assert dt.timedelta() < abs(delta) < dt.timedelta(days=90)
    assert delta % dt.timedelta(days=1) != dt.timedelta()


def test_what_is_no_iso_date_is_refused():
    with pytest.raises(RefusedError, match="not in ISO form") as refusal:
        shift(["03/15/1980"], ["1"])
    assert "1980" not in str(refusal.value)


def test_it_cannot_be_nested():
    with pytest.raises(RefusedError, match="other columns"):
        registry.build("date_shift", {"entity": "person"}).apply(
            pl.Series(["2024-01-01"]), MaskContext(KeyedHash.derive(KEY, "d"), Column("d", "date", "date", "D"))
        )


@pytest.mark.parametrize(
    "params", [{}, {"entity": ""}, {"entity": "x", "within": "5 hours"}, {"entity": "x", "within": "-3 days"},
               {"entity": "x", "within": "3 months"}, {"entity": "x", "within": ""}]
)  # fmt: skip
def test_bad_parameters(params: dict[str, Any]):
    with pytest.raises(ValidationError):
        registry.build("date_shift", params)


def test_types():
    built = registry.build("date_shift", {"entity": "x"})
    assert built.problems(Column("c", "text", "text", "S"))
    assert not built.problems(Column("c", "date", "date", "D"))


@RUNS
@given(st.lists(st.dates(), min_size=1))
def test_the_calendar(dates: list[dt.date]):
    number = days(*(np.array([getattr(date, part) for date in dates]) for part in ("year", "month", "day")))
    epoch = dt.date(1970, 1, 1).toordinal()
    assert number.tolist() == [date.toordinal() - epoch for date in dates]
    assert list(zip(*(part.tolist() for part in civil(number)), strict=True)) == [
        (date.year, date.month, date.day) for date in dates
    ]
