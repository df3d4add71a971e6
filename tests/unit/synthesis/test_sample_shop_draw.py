"""Draws over columns: streams, templates, JSON literals, wall clocks, COPY text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from testdata_assets.synthesis.sample_shop.calendar import moments, wall_clock
from testdata_assets.synthesis.sample_shop.copy_text import copy_blocks
from testdata_assets.synthesis.sample_shop.draw import (
    between,
    choose,
    digits,
    fill,
    fill_each,
    joined,
    json_text,
    only,
    skewed_index,
    stream,
    weighted_index,
)


def test_streams_repeat_and_differ_by_purpose() -> None:
    assert np.array_equal(stream(1, "orders", 0).random(5), stream(1, "orders", 0).random(5))
    others = [stream(2, "orders", 0), stream(1, "orders", 1), stream(1, "payments", 0)]
    assert all(not np.array_equal(stream(1, "orders", 0).random(5), other.random(5)) for other in others)


def test_weights_and_skew_decide_shares() -> None:
    drawn = np.bincount(weighted_index(stream(1, "w"), 20_000, (8, 2, 0)), minlength=3) / 20_000
    assert drawn == pytest.approx([0.8, 0.2, 0.0], abs=0.02)
    skewed = skewed_index(stream(1, "s"), 20_000, 100, 2.0)
    assert skewed.min() == 0
    assert skewed.max() <= 99
    assert np.mean(skewed < 25) == pytest.approx(0.5, abs=0.02)


def test_between_stays_inside_and_takes_low_for_an_empty_range() -> None:
    low = np.array([5, 5, 9])
    drawn = between(stream(1, "b"), low, np.array([6, 500, 9]))
    assert drawn[0] == 5
    assert 5 <= drawn[1] < 500
    assert drawn[2] == 9


def test_fill_puts_columns_into_places_and_leaves_other_braces() -> None:
    parts = {"a": pl.Series(["x", None]), "b": pl.Series(["1", "2"])}
    assert fill('{"k": {b}} {a}{b}', parts).to_list() == ['{"k": 1} x1', None]


def test_fill_each_keeps_row_order() -> None:
    texts = fill_each(np.array([1, 0, 1, 2]), ("<{a}>", "{a}!", "plain"), {"a": pl.Series(list("pqrs"))})
    assert texts.to_list() == ["p!", "<q>", "r!", "plain"]


def test_choose_and_only() -> None:
    mask = np.array([True, False])
    assert choose(mask, pl.Series(["a", "b"]), "z").to_list() == ["a", "z"]
    assert only(pl.Series(["a", "b"]), mask).to_list() == ["a", None]


def test_digits_and_joined() -> None:
    assert digits(np.array([7, 42]), np.array([3, 1])).to_list() == ["007", "42"]
    assert joined(np.array([[0, 1], [2, 0]]), "abc").to_list() == ["ab", "ca"]


@pytest.mark.parametrize("text", ['say "hi"', "back\\slash", "two\nlines\tand tab", "O'Brien 👩🏽‍💻", ""])
def test_json_text_reads_back(text: str) -> None:
    assert json.loads(json_text(pl.Series([text]))[0]) == text


def test_json_text_of_null_is_null() -> None:
    assert json_text(pl.Series([None], dtype=pl.String)).to_list() == ["null"]


def test_wall_clock_knows_summer_time() -> None:
    zones = ["America/New_York", "Asia/Kolkata", "America/New_York"]
    instants = [datetime(2025, month, 1, 12, tzinfo=UTC) for month in (1, 1, 7)]
    micros = np.array([int(at.timestamp()) * 1_000_000 for at in instants])
    expected = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at, zone in zip(instants, zones, strict=True)]
    assert wall_clock(micros, pl.Series(zones)).to_list() == expected


def test_copy_text_escapes_what_copy_would_misread() -> None:
    frame = pl.DataFrame(
        {
            "text": ["a\tb\nc\rd", "\\.", "\\N", None, ""],
            "number": [1, 2, None, 4, 5],
            "money": [0.1, 2.0, 1234.56, None, 9.99],
            "at": moments(np.array([0, 1, 2, 3, 1_700_000_000_000_001])),
            "yes": [True, False, None, True, False],
        }
    )
    lines = b"".join(copy_blocks(frame)).decode().split("\n")
    assert lines == [
        "a\\tb\\nc\\rd\t1\t0.10\t1970-01-01 00:00:00.000000+00\ttrue",
        "\\\\.\t2\t2.00\t1970-01-01 00:00:00.000001+00\tfalse",
        "\\\\N\t\\N\t1234.56\t1970-01-01 00:00:00.000002+00\t\\N",
        "\\N\t4\t\\N\t1970-01-01 00:00:00.000003+00\ttrue",
        "\t5\t9.99\t2023-11-14 22:13:20.000001+00\tfalse",
        "",
    ]
