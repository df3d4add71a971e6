"""What runs do to branches: create, delete and reconcile through the one lifecycle, results as metadata.

The registry is the truth about branches; partition keys only follow it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from testdata_assets.orchestration import metadata, names
from testdata_assets.orchestration.pull_request_runs import keys_to_drop
from testdata_assets.orchestration.resources import Workplace

if TYPE_CHECKING:
    from testdata_assets.branches.lifecycle import BranchService
    from testdata_assets.branches.registry import Branch


@dataclass(frozen=True)
class BranchRequest:
    """A branch that a pull request wants. Only `name` is known when somebody materializes a partition by hand."""

    name: str
    repository: str | None = None
    pull_request: int | None = None
    head_sha: str | None = None


def branch_service(workplace: Workplace) -> BranchService:
    """The lifecycle over this run's control connection."""
    from testdata_assets.branches.lifecycle import BranchService

    return BranchService(workplace.places, workplace.settings, workplace.control)


def create_requested_branch(workplace: Workplace, request: BranchRequest) -> dict[str, Any]:
    """Makes the branch, or renews the one that is there. Returns metadata; never the URL, which holds a password."""
    branch = branch_service(workplace).create(
        request.name,
        repository=request.repository,
        pr_number=request.pull_request,
        head_sha=request.head_sha,
    )
    return _described(branch)


def delete_requested_branch(instance: dg.DagsterInstance, workplace: Workplace, name: str) -> dict[str, Any]:
    """Deletes the branch if there is one, then its partition key: the key goes last, so a crash can be repeated."""
    from testdata_assets.errors import RefusedError

    status = "never existed"
    try:
        status = branch_service(workplace).delete(name, reason="pull request closed").status
    except RefusedError as refusal:
        if refusal.error_code != "branch-unknown":
            raise
    had_key = instance.has_dynamic_partition(names.PARTITIONS, name)
    if had_key:
        instance.delete_dynamic_partition(names.PARTITIONS, name)
    return {"branch": name, "status": status, "partition_key_deleted": had_key}


def reconcile(instance: dg.DagsterInstance, workplace: Workplace) -> dict[str, Any]:
    """Settles interrupted operations, collects expired branches, drops partition keys no live branch stands behind."""
    service = branch_service(workplace)
    changes = service.reconcile()
    collected = service.gc()
    live = {branch.name for branch in service.list() if branch.is_live}
    dropped = keys_to_drop(instance, workplace.control)
    for key in dropped:
        instance.delete_dynamic_partition(names.PARTITIONS, key)
    return {
        "settled": dg.MetadataValue.json(metadata.plain(changes)),
        "collected": dg.MetadataValue.json(metadata.plain(collected)),
        "partition_keys_dropped": dg.MetadataValue.json(dropped),
        "live_branches": len(live),
    }


def _described(branch: Branch) -> dict[str, Any]:
    return {
        "branch": branch.name,
        names.META_GOLDEN: branch.golden_id,
        "database": branch.database_name,
        "created": branch.created,
        "copy_on_write": bool(branch.copy_on_write),
        "copy_on_write_evidence": branch.copy_on_write_evidence or "unmeasured",
        "seconds": round(float(branch.seconds or 0.0), 3),
        "bytes": int(branch.size or 0),
        "expires_at": "never" if branch.expires_at is None else branch.expires_at.isoformat(),
        "how_to_connect": dg.MetadataValue.md(f"`testdata branch url {branch.name}`"),
        **({"repository": branch.repository} if branch.repository else {}),
        **({"pull_request": int(branch.pr_number)} if branch.pr_number else {}),
        **({"head_sha": branch.head_sha} if branch.head_sha else {}),
    }
