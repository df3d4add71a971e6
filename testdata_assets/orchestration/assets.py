"""The assets: what exists after each step of the way from production to a pull request's database.

Each calls one function of a room below and turns its result into metadata. Checks are in checks.py. Imports of the
heavy rooms happen inside the run, so that the webserver and the daemon load this code location quickly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from testdata_assets.orchestration import metadata, names
from testdata_assets.orchestration.branch_runs import BranchRequest, create_requested_branch
from testdata_assets.orchestration.factory_runs import check_factories
from testdata_assets.orchestration.failures import RETRY_TRANSIENT, sanitised
from testdata_assets.orchestration.lineage import golden_id_of, snapshot_id_of
from testdata_assets.orchestration.partitions import pull_requests
from testdata_assets.orchestration.resources import Workplace

if TYPE_CHECKING:
    from testdata_assets.golden.registry import GoldenImage


@dg.asset(
    group_name=names.GROUP_PRODUCTION,
    kinds={"postgres"},
    owners=names.OWNERS,
    retry_policy=RETRY_TRANSIENT,
    description=(
        "What was read from production in **one read-only transaction snapshot**: catalog and data chunks, each "
        "chunk encrypted (AES-256-GCM) before it reaches the disk.\n\n"
        "Before a row is read, the masking plan is compiled: a column that no rule covers stops the refresh here."
    ),
)
@sanitised
def production_snapshot(
    context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> dg.MaterializeResult[None]:
    from testdata_assets.golden.refresh import take_snapshot
    from testdata_assets.validation.run import read_rules

    workplace.hold_refresh_lock()
    read_rules(workplace.settings)  # what cannot be used is refused before a row is read
    snapshot = take_snapshot(workplace.settings, workplace.places, context.run.run_id)
    return dg.MaterializeResult(
        metadata={
            names.META_SNAPSHOT: snapshot.snapshot_id,
            "tables": int(snapshot.tables or 0),
            **metadata.volume(snapshot.row_count, snapshot.bytes, snapshot.seconds),
        }
    )


@dg.asset(
    deps=[production_snapshot],
    group_name=names.GROUP_GOLDEN,
    kinds={"postgres", "polars"},
    owners=names.OWNERS,
    retry_policy=RETRY_TRANSIENT,
    description=(
        "A **candidate** golden image: a fresh database with production's schema and the snapshot's rows, masked by "
        "the version-controlled rules. Equal values become equal masks in every table and every refresh.\n\n"
        "Nobody can branch it yet: the checks on this asset must pass first. If one fails, the image is rejected and "
        "the published one stays as it is."
    ),
)
@sanitised
def masked_golden_image(
    context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> dg.MaterializeResult[None]:
    from testdata_assets.golden.refresh import build_image

    workplace.hold_refresh_lock()
    snapshot_id = snapshot_id_of(context.run, workplace)
    image = build_image(workplace.settings, workplace.places, snapshot_id, context.run.run_id)
    return dg.MaterializeResult(
        metadata={
            names.META_GOLDEN: image.golden_id,
            names.META_SNAPSHOT: snapshot_id,
            "database": image.database_name,
            "tables": int(image.table_count or 0),
            **metadata.volume(image.row_count, image.bytes, image.building_seconds),
            "seconds_by_step": metadata.counts_table(image.seconds, "step", "seconds"),
            "columns_masked": metadata.counts_table(
                Counter(column["transformer"] for column in image.masked_columns), "transformer", "columns"
            ),
            "dagster/column_schema": metadata.column_schema(_columns(workplace, image)),
        }
    )


def build_validated_golden_image(policy: dg.FreshnessPolicy) -> dg.AssetsDefinition:
    """The published image; its freshness policy follows from the schedule's cron."""

    @dg.asset(
        name="validated_golden_image",
        deps=[masked_golden_image],
        group_name=names.GROUP_GOLDEN,
        kinds={"postgres"},
        owners=names.OWNERS,
        retry_policy=RETRY_TRANSIENT,
        freshness_policy=policy,
        description=(
            "The **published** golden image, which branches are made of: every check passed, the attestation is "
            "signed, and the database takes no connections, so it can never change.\n\n"
            "Goes stale when no refresh has succeeded for longer than the schedule allows."
        ),
    )
    @sanitised
    def validated_golden_image(
        context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]
    ) -> dg.MaterializeResult[None]:
        from testdata_assets.golden.refresh import publish_image

        golden_id = golden_id_of(context.run, workplace)
        image = publish_image(workplace.settings, workplace.places, golden_id)
        return dg.MaterializeResult(
            metadata={
                names.META_GOLDEN: image.golden_id,
                "database": image.database_name,
                "tables": int(image.table_count or 0),
                "dagster/row_count": int(image.row_count or 0),
                "bytes": int(image.bytes or 0),
                "checks_passed": sum(1 for check in image.checks or [] if check["passed"]),
                "validation_seconds": round(float(image.seconds.get("validate", 0.0)), 3),
                **metadata.drift(workplace.reports.get(golden_id)),
            }
        )

    return validated_golden_image


def _columns(workplace: Workplace, image: GoldenImage) -> Iterator[dict[str, Any]]:
    """All columns of the image, with what masked them; kept ones included."""
    from testdata_assets.postgres.connections import connect
    from testdata_assets.production.catalog_reader import read_catalog

    masked = {(column["table"], column["column"]): column for column in image.masked_columns}
    with connect(workplace.places.server.with_database(image.database_name), role="image") as conn:
        catalog = read_catalog(conn)
    for table in catalog.storing_tables:
        for column in table.columns:
            rule = masked.get((str(table.name), column.name), {})
            yield {
                "table": str(table.name),
                "column": column.name,
                "type": column.type,
                "transform": rule.get("transformer", "keep"),
                "pii": rule.get("pii"),
            }


class BranchConfig(dg.Config):
    """What a pull request asks for. The defaults let a partition be materialized by hand in the UI."""

    repository: str | None = None
    pull_request: int | None = None
    head_sha: str | None = None


@dg.asset(
    deps=["validated_golden_image"],
    partitions_def=pull_requests,
    group_name=names.GROUP_BRANCHES,
    kinds={"postgres"},
    owners=names.OWNERS,
    retry_policy=RETRY_TRANSIENT,
    description=(
        "A pull request's **own writable database**: a copy-on-write clone of the published golden image with a role "
        "and a password of its own. One partition per pull request.\n\n"
        "Made when the pull request opens and deleted when it closes. A refresh of the image never touches it. "
        "Creation verifies the image's signed attestation itself, whatever Dagster's records say."
    ),
)
@sanitised
def pull_request_branch(
    context: dg.AssetExecutionContext, config: BranchConfig, workplace: dg.ResourceParam[Workplace]
) -> dg.MaterializeResult[None]:
    request = BranchRequest(context.partition_key, config.repository, config.pull_request, config.head_sha)
    described: dict[str, Any] = create_requested_branch(workplace, request)
    return dg.MaterializeResult(metadata=described)


@dg.asset(
    deps=["validated_golden_image"],
    group_name=names.GROUP_SYNTHESIS,
    kinds={"postgres"},
    owners=names.OWNERS,
    retry_policy=RETRY_TRANSIENT,
    description=(
        "The **factories** derived from the published image's own catalog, tried against its real schema: which "
        "tables take fabricated rows, and which refuse them by a CHECK, an exclusion constraint or a trigger.\n\n"
        "Runs on a short-lived branch, in a transaction that is rolled back; the branch is deleted at the end. A "
        "table that refuses is reported here and does not fail the run. Not part of the refresh: run the job "
        "`verify_factories`."
    ),
)
@sanitised
def verified_factories(
    context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> dg.MaterializeResult[None]:
    described: dict[str, Any] = check_factories(workplace)
    return dg.MaterializeResult(metadata=described)
