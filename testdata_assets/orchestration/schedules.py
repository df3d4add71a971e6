"""The daily refresh, how old its image may get, and the daily look at every row. Times come from the settings.

Times only: what a refresh does is in assets.py, who is told about a late one in sensors.py.
"""

from __future__ import annotations

import itertools
import time
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dagster as dg
from dagster._utils.schedules import is_valid_cron_schedule, schedule_execution_time_iterator

from testdata_assets.errors import UsageFault
from testdata_assets.orchestration.failures import sanitised
from testdata_assets.orchestration.jobs import refresh_golden_image, verify_golden_images
from testdata_assets.orchestration.names import TAG_LAUNCHED_BY
from testdata_assets.orchestration.overlap import refresh_in_progress
from testdata_assets.orchestration.resources import Workplace
from testdata_assets.settings import Settings

_TICKS_LOOKED_AT = 400  # a year of a daily schedule
_GRACE = timedelta(hours=2)  # for the refresh itself


def build_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """`daily_golden_refresh` at the settings' cron and time zone, skipped while another refresh is under way."""
    _check_cron(settings)

    @dg.schedule(
        name="daily_golden_refresh",
        job=refresh_golden_image,
        cron_schedule=settings.refresh_cron,
        execution_timezone=settings.refresh_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=(
            "Builds and validates a new golden image. A tick that would overlap a refresh under way is skipped. "
            "Set TESTDATA_REFRESH_CRON and TESTDATA_REFRESH_TIMEZONE to change when."
        ),
    )
    @sanitised
    def daily_golden_refresh(
        context: dg.ScheduleEvaluationContext, workplace: dg.ResourceParam[Workplace]
    ) -> dg.RunRequest | dg.SkipReason:
        running = refresh_in_progress(context.instance, workplace)
        if running is not None:
            return dg.SkipReason(f"Skipped: {running}. The next tick tries again.")
        return dg.RunRequest(tags={TAG_LAUNCHED_BY: "schedule"})

    return daily_golden_refresh


def build_verification_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """`daily_golden_verification`, at a cron of its own, as a refresh is work enough for a server."""
    _check_cron(settings)
    return dg.ScheduleDefinition(
        name="daily_golden_verification",
        job=verify_golden_images,
        cron_schedule=settings.verify_cron,
        execution_timezone=settings.refresh_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        tags={TAG_LAUNCHED_BY: "schedule"},
        description=(
            "Looks at every row of the published images. Set TESTDATA_VERIFY_CRON and TESTDATA_REFRESH_TIMEZONE to "
            "change when."
        ),
    )


def freshness_policy(settings: Settings) -> dg.FreshnessPolicy:
    """Stale once the longest pause between two ticks, and the time a refresh takes, have passed without one."""
    _check_cron(settings)
    ticks = schedule_execution_time_iterator(time.time(), settings.refresh_cron, settings.refresh_timezone)
    looked_at = list(itertools.islice(ticks, _TICKS_LOOKED_AT))
    longest = max(later - earlier for earlier, later in itertools.pairwise(looked_at))
    return dg.FreshnessPolicy.time_window(fail_window=longest + _GRACE, warn_window=longest + _GRACE / 2)


def _check_cron(settings: Settings) -> None:
    for cron, variable in (
        (settings.refresh_cron, "TESTDATA_REFRESH_CRON"),
        (settings.verify_cron, "TESTDATA_VERIFY_CRON"),
    ):
        if not is_valid_cron_schedule(cron):
            raise UsageFault(
                f"{cron!r} is not a cron schedule",
                where=variable,
                remedy='Write five fields, e.g. "0 3 * * *" for three in the morning.',
                code="cron",
            )
    try:
        ZoneInfo(settings.refresh_timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageFault(
            f"{settings.refresh_timezone!r} is not a time zone",
            where="TESTDATA_REFRESH_TIMEZONE",
            remedy='Write an IANA name, e.g. "Europe/Berlin".',
            code="time-zone",
        ) from None
