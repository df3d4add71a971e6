"""The jobs. All run in one process: the refresh holds one lock and hands its report on in memory.

Jobs that work on one branch carry its name as a tag, so that the run queue lets them through one at a time.
"""

from __future__ import annotations

import dagster as dg

from testdata_assets.orchestration import names, verification_runs
from testdata_assets.orchestration.branch_runs import delete_requested_branch, reconcile
from testdata_assets.orchestration.failures import RETRY_TRANSIENT, sanitised
from testdata_assets.orchestration.resources import Workplace

refresh_golden_image = dg.define_asset_job(
    names.REFRESH_JOB,
    selection=dg.AssetSelection.assets("production_snapshot", "masked_golden_image", "validated_golden_image"),
    executor_def=dg.in_process_executor,
    tags={names.TAG_REFRESH: "golden_image"},
    description="Snapshot, mask, validate, publish. A failed check rejects the new image; the published one stays.",
)

create_branch = dg.define_asset_job(
    names.CREATE_JOB,
    selection=dg.AssetSelection.assets("pull_request_branch"),
    executor_def=dg.in_process_executor,
    description="Makes the database of one pull request (one partition) from the published golden image.",
)

verify_factories = dg.define_asset_job(
    names.VERIFY_FACTORIES_JOB,
    selection=dg.AssetSelection.assets("verified_factories"),
    executor_def=dg.in_process_executor,
    description="Tries the factories of every table on a short-lived branch of the published golden image.",
)


@dg.op(retry_policy=RETRY_TRANSIENT, description="Checks signature, seal, catalogs and every row of published images.")
@sanitised
def verify_images(context: dg.OpExecutionContext, workplace: dg.ResourceParam[Workplace]) -> None:
    found = verification_runs.verify(workplace)
    context.add_output_metadata(found.described)
    found.raise_refusal()


@dg.job(
    name=names.VERIFY_JOB,
    executor_def=dg.in_process_executor,
    description=(
        "Reads every row of every published image in a passing copy and compares it with the signed attestation. An "
        "image that is not what was attested raises an alert, fails this run and is branched no more."
    ),
)
def verify_golden_images() -> None:
    verify_images()


class DeleteConfig(dg.Config):
    """Which branch to delete."""

    name: str


@dg.op(retry_policy=RETRY_TRANSIENT, description="Drops database and role, then deletes the partition key.")
@sanitised
def drop_branch(context: dg.OpExecutionContext, config: DeleteConfig, workplace: dg.ResourceParam[Workplace]) -> None:
    described = delete_requested_branch(context.instance, workplace, config.name)
    context.add_output_metadata(described)


@dg.job(
    name=names.DELETE_JOB,
    executor_def=dg.in_process_executor,
    description="Deletes one pull request's database, role and partition key. Not partitioned: it removes the key.",
)
def delete_branch() -> None:
    drop_branch()


@dg.op(retry_policy=RETRY_TRANSIENT, description="Finishes or undoes what a crash left half done.")
@sanitised
def repair_branches(context: dg.OpExecutionContext, workplace: dg.ResourceParam[Workplace]) -> None:
    described = reconcile(context.instance, workplace)
    context.add_output_metadata(described)


@dg.job(
    name=names.RECONCILE_JOB,
    executor_def=dg.in_process_executor,
    description=(
        "Finishes or undoes interrupted creations and deletions, collects expired branches, and makes partition keys "
        "and registry agree."
    ),
)
def reconcile_branches() -> None:
    repair_branches()
