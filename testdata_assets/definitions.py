"""The code location: everything Dagster shows and runs, put together. Load it with `-m testdata_assets.definitions`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from testdata_assets.cli.logs import configure_logging
from testdata_assets.orchestration import assets, checks, jobs, schedules, sensors
from testdata_assets.orchestration.resources import workplace_resource
from testdata_assets.settings import Settings, load_settings

# Dagster 1.13 warns of its own beta parameter whenever it copies a sensor to bind resources.
warnings.filterwarnings("ignore", "Parameter `owners` of initializer `SensorDefinition", dg.BetaWarning)

configure_logging()  # of the processes that Dagster starts; the command line has done so already


def build_defs(overrides: Mapping[str, Any] | None = None, settings: Settings | None = None) -> dg.Definitions:
    """Builds the definitions.

    Args:
        overrides: Resources to use instead of the default ones, by name; for tests.
        settings: Where cron and time zone come from; the environment's by default.
    """
    chosen = settings if settings is not None else load_settings()
    return dg.Definitions(
        assets=[
            assets.production_snapshot,
            assets.masked_golden_image,
            assets.build_validated_golden_image(schedules.freshness_policy(chosen)),
            assets.pull_request_branch,
            assets.verified_factories,
        ],
        asset_checks=[checks.validate_golden_image],
        jobs=[
            jobs.refresh_golden_image,
            jobs.create_branch,
            jobs.delete_branch,
            jobs.reconcile_branches,
            jobs.verify_factories,
            jobs.verify_golden_images,
        ],
        schedules=[schedules.build_schedule(chosen), schedules.build_verification_schedule(chosen)],
        sensors=sensors.SENSORS,
        resources={"workplace": workplace_resource(), **(overrides or {})},
        executor=dg.in_process_executor,
    )


defs = build_defs()
