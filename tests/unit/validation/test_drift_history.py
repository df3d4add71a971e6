"""Images over time: stored and read back, production's own changes told from masking's, all without raw values."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from testdata_assets.masking.plan import MaskingPlan
from testdata_assets.masking.rule_models import ObjectsRule
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, ForeignKey, UniqueIndex
from testdata_assets.production.profile import TableProfile
from testdata_assets.validation import history, picture
from testdata_assets.validation.measures import measure_drift
from testdata_assets.validation.rules import DriftLimits
from tests.unit.validation.drift_world import CHANGES, NAME, TABLE, masked, measures, profile, world

CUSTOMERS = TableName("public", "customers")
CATALOG = Catalog(
    170000,
    "1",
    "shop",
    (TABLE,),
    foreign_keys=(ForeignKey("fk", NAME, ("customer_id",), CUSTOMERS, ("id",)),),
    unique_indexes=(UniqueIndex("pk", NAME, ("id",), primary=True),),
)
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def first() -> TableProfile:
    return profile(masked(world(6_000, 1)))


def past(found: TableProfile, day: int = 0, *, masked_alike: bool = True) -> history.PastImage:
    stored = json.loads(json.dumps(history.stored({NAME: found}, [], None)))
    return history.past_image(f"g-{day}", BEGIN + timedelta(days=day), stored, masked_alike=masked_alike)


def test_what_is_stored_reads_back(first: TableProfile) -> None:
    again = past(first)
    assert again.profiles == {NAME: first}
    assert (again.severity, again.severity_since) == (0.0, None)


def test_images_of_the_first_version_are_read(first: TableProfile) -> None:
    document = json.loads(json.dumps(history.stored({NAME: first}, [], None)))
    old = document["image"][str(NAME)]
    del old["correlations"], old["dependencies"], document["drift"]
    old["version"] = 1
    old["associations"] = [pair[:3] for pair in old["associations"]]
    for column in old["columns"]:
        for name in ("multiplicities", "classes", "hours", "weekdays", "magnitude", "coded_by"):
            del column[name]
    read = history.past_image("g-1", BEGIN, document, masked_alike=True)
    drifts = history.changes_since(read, {NAME: profile(masked(world(6_000, 2)))}, CATALOG, DriftLimits())
    assert {each.measure for each in drifts} >= {"nulls", "values", "lengths", "categories"}
    assert [each for each in drifts if each.exceeded] == []
    assert history.past_image("g-0", BEGIN, None, masked_alike=True).profiles == {}


def test_growth_is_no_change(first: TableProfile) -> None:
    """More rows, later times and higher ids are what every next image has (dates due stayed behind here)."""
    grown = world(7_000, 3).with_columns(
        id=(pl.col("id").cast(pl.Int64) + 50_000).cast(pl.String),
        at=pl.col("at").str.replace("2020-", "2024-", literal=True),
    )
    drifts = history.changes_since(past(first), {NAME: profile(masked(grown))}, CATALOG, DriftLimits())
    assert [each.as_row() for each in drifts if each.exceeded and each.column != "at ~ due"] == []


def test_production_changing_is_told_and_warns_or_blocks(first: TableProfile) -> None:
    image = {NAME: profile(masked(CHANGES["amount scaled"][0](world(6_000, 4), 1)))}
    since = history.changes_since(past(first), image, CATALOG, DriftLimits())
    assert {each.column for each in since if each.exceeded} >= {"amount"}
    warned = measure_drift([], _plan(), {}, {}, image, 0.0, since, "warn")
    assert warned.findings == []
    assert "Warning: production changed" in warned.summary
    assert warned.details["since_previous"]["drifted"] > 0
    blocked = measure_drift([], _plan(), {}, {}, image, 0.0, since, "block")
    assert {finding.column_or_object for finding in blocked.findings} >= {"amount"}


def test_other_rules_say_nothing_of_production(first: TableProfile) -> None:
    """E-mails all NULL since, because the rule says so now."""
    emptied = profile(world(6_000, 5).with_columns(email=pl.lit(None, dtype=pl.String)))
    limits = DriftLimits()
    for alike, told in ((True, True), (False, False)):
        drifts = history.changes_since(past(first, masked_alike=alike), {NAME: emptied}, CATALOG, limits)
        assert any(each.exceeded and each.column == "email" for each in drifts) is told


def test_the_trend_shows_how_far_images_lie_from_the_newest(first: TableProfile) -> None:
    newest = {NAME: profile(masked(CHANGES["amount scaled"][0](world(6_000, 6), 1)))}
    images = [past(first), past(profile(masked(world(6_000, 7))), 1), past(newest[NAME], 2)]
    since = sorted(history.changes_since(images[0], newest, CATALOG, DriftLimits()), key=lambda each: -each.severity)
    tracked = history.tracks(images, newest, since, DriftLimits())
    amount = next(each for each in tracked if each.column == "amount")
    assert [image for image, _ in amount.distances] == ["g-0", "g-1", "g-2"]
    distances = [distance for _, distance in amount.distances]
    assert min(distances[:2]) > 1
    assert distances[2] == 0
    assert len({(each.table, each.column) for each in tracked}) == len(tracked) <= history.TRACKED
    drawn = picture.draw_trend(images, {"severity": 0.4, "severity_since": 7.0}, tracked)
    assert drawn is not None
    assert drawn.startswith(b"\x89PNG")
    assert picture.draw_trend([], {}, []) is None


def test_the_map_shows_every_table(first: TableProfile) -> None:
    drifts = measures(first, profile(masked(CHANGES["city shuffled"][0](world(6_000, 8), 1))), same_rows=False)
    drawn = picture.draw_map(drifts, {NAME: first})
    assert drawn is not None
    assert drawn.startswith(b"\x89PNG")
    assert picture.draw_map([], {}) is None


def test_pictures_name_no_value_but_labels_of_the_schema(first: TableProfile) -> None:
    country, state = first.column("country"), first.column("state")
    assert country is not None
    assert state is not None
    assert set(picture._named(country, country)[0]) == {"#1", "#2", "#3", "#4", "#5"}
    assert set(picture._named(state, state)[0]) == {"new", "sent", "back"}


def _plan() -> MaskingPlan:

    return MaskingPlan(tables=(), rules_digest="d", key_id="k", objects=ObjectsRule())
