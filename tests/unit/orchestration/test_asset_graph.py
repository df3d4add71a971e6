"""The whole asset graph as one snapshot: keys, deps, groups, kinds, owners, partitions, checks, jobs, ticks."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from testdata_assets.definitions import build_defs
from testdata_assets.errors import UsageFault
from testdata_assets.settings import Settings

GRAPH: dict[str, dict[str, Any]] = {
    "production_snapshot": {
        "deps": [],
        "group": "production",
        "kinds": ["postgres"],
        "partitions": None,
        "checks": [],
    },
    "masked_golden_image": {
        "deps": ["production_snapshot"],
        "group": "golden_image",
        "kinds": ["polars", "postgres"],
        "partitions": None,
        "checks": [
            "distribution_drift",
            "no_pii_patterns",
            "no_production_values",
            "referential_integrity",
            "row_counts",
            "schema_matches",
        ],
    },
    "validated_golden_image": {
        "deps": ["masked_golden_image"],
        "group": "golden_image",
        "kinds": ["postgres"],
        "partitions": None,
        "checks": [],
    },
    "pull_request_branch": {
        "deps": ["validated_golden_image"],
        "group": "pull_requests",
        "kinds": ["postgres"],
        "partitions": "pull_requests",
        "checks": [],
    },
    "verified_factories": {
        "deps": ["validated_golden_image"],
        "group": "factories",
        "kinds": ["postgres"],
        "partitions": None,
        "checks": [],
    },
}


@pytest.fixture
def definitions() -> dg.Definitions:
    return build_defs(settings=Settings())


def test_the_asset_graph_is_as_designed(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    found = {}
    for node in graph.asset_nodes:
        partitions = node.partitions_def
        found[node.key.to_user_string()] = {
            "deps": sorted(key.to_user_string() for key in node.parent_keys),
            "group": node.group_name,
            "kinds": sorted(node.kinds),
            "partitions": partitions.name if isinstance(partitions, dg.DynamicPartitionsDefinition) else None,
            "checks": sorted(key.name for key in node.check_keys),
        }
        assert node.owners == ["team:data-platform"]
        assert len(node.description or "") > 80, "a newcomer reads the description in the UI"
    assert found == GRAPH


def test_every_check_blocks(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    keys = list(graph.asset_check_keys)
    assert len(keys) == 6
    assert all(graph.get_check_spec(key).blocking for key in keys)
    assert all(graph.get_check_spec(key).description for key in keys)


def test_jobs_schedule_and_sensors_are_as_designed(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    jobs = {job.name: job for job in repository.get_all_jobs()}
    assert set(jobs) == {
        "__ASSET_JOB",
        "create_branch",
        "delete_branch",
        "reconcile_branches",
        "refresh_golden_image",
        "verify_factories",
        "verify_golden_images",
    }
    assert all(job.executor_def is dg.in_process_executor for job in jobs.values())
    schedules = {(each.name, each.cron_schedule, each.execution_timezone) for each in repository.schedule_defs}
    assert schedules == {
        ("daily_golden_refresh", "0 3 * * *", "UTC"),
        ("daily_golden_verification", "0 15 * * *", "UTC"),
    }
    assert all(each.default_status == dg.DefaultScheduleStatus.RUNNING for each in repository.schedule_defs)
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "branch_reconciliation",
        "golden_image_staleness",
        "pull_request_events",
        "refresh_failure",
    }
    assert all(sensor.default_status == dg.DefaultSensorStatus.RUNNING for sensor in repository.sensor_defs)


@pytest.mark.parametrize(
    ("cron", "hours"),
    [("0 3 * * *", 26), ("0 3 * * 1-5", 74), ("*/30 * * * *", 2.5)],
)
def test_the_image_goes_stale_after_the_longest_pause_of_the_schedule(cron: str, hours: float) -> None:
    definitions = build_defs(settings=Settings(refresh_cron=cron))
    graph = definitions.resolve_asset_graph()
    policy = graph.get(dg.AssetKey("validated_golden_image")).freshness_policy
    assert policy is not None
    assert policy.fail_window.to_timedelta().total_seconds() == hours * 3600


def test_cron_and_time_zone_come_from_the_settings() -> None:
    settings = Settings(refresh_cron="15 4 * * 1", verify_cron="0 5 * * *", refresh_timezone="Asia/Tokyo")
    found = {each.name: each for each in build_defs(settings=settings).get_repository_def().schedule_defs}
    refresh, verification = found["daily_golden_refresh"], found["daily_golden_verification"]
    assert (refresh.cron_schedule, refresh.execution_timezone) == ("15 4 * * 1", "Asia/Tokyo")
    assert (verification.cron_schedule, verification.execution_timezone) == ("0 5 * * *", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"refresh_cron": "every day"}, "TESTDATA_REFRESH_CRON"),
        ({"verify_cron": "every day"}, "TESTDATA_VERIFY_CRON"),
        ({"refresh_timezone": "Mars/Olympus"}, "TESTDATA_REFRESH_TIMEZONE"),
    ],
)
def test_a_bad_schedule_is_a_usage_fault_naming_the_variable(fields: dict[str, str], where: str) -> None:
    with pytest.raises(UsageFault) as caught:
        build_defs(settings=Settings(**fields))
    assert caught.value.where == where
