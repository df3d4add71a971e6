"""What a run does about factories: tries them on a branch made for the purpose, results as metadata."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import structlog

from testdata_assets.errors import TestdataError
from testdata_assets.orchestration import metadata, names
from testdata_assets.orchestration.branch_runs import branch_service
from testdata_assets.orchestration.resources import Workplace

if TYPE_CHECKING:
    from testdata_assets.branches.lifecycle import BranchService

_log = structlog.get_logger(__name__)

BRANCH_PREFIX = "factories-check-"
_HOURS = 1  # a run that dies leaves its branch to the collection of expired ones


def check_factories(workplace: Workplace) -> dict[str, Any]:
    """Verifies the factories of the published image's schema as the role of a branch, and deletes the branch.

    Returns:
        Metadata: counts and one line for each table, those that refused first.
    """
    from testdata_assets.postgres.connections import connect
    from testdata_assets.production.catalog_reader import read_catalog
    from testdata_assets.synthesis.factory_check import verify_factories

    service = branch_service(workplace)
    name = f"{BRANCH_PREFIX}{secrets.token_hex(4)}"
    branch = service.create(name, ttl_hours=_HOURS)
    verified = False
    try:
        dsn = service.url(name)
        with connect(dsn, role="branch") as conn:
            catalog = read_catalog(conn)
        results = verify_factories(dsn, catalog)
        verified = True
    finally:
        _delete(service, name, must=verified)
    held = sum(1 for result in results if result.verified)
    rows = [
        {"table": str(result.table), "rows": result.rows, "verified": result.verified, "reason": result.reason or ""}
        for result in sorted(results, key=lambda result: (result.verified, result.table))
    ]
    return {
        names.META_GOLDEN: branch.golden_id,
        "tables_verified": held,
        "tables_not_verified": len(results) - held,
        "factories": metadata.records_table(rows, ["table", "rows", "verified", "reason"]),
    }


def _delete(service: BranchService, name: str, *, must: bool) -> None:
    """Deletes the branch; while another error is on its way up, a second one does not hide it."""
    try:
        service.delete(name, reason="factories verified")
    except TestdataError as error:
        if must:
            raise
        # It expires within the hour, and the next reconciliation collects it.
        _log.error("orchestration.factories_branch_left", branch=name, error=error.error_code)
