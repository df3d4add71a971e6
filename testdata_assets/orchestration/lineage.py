"""Which snapshot or image this run works on: looked up in the registry by the run's id, or its parents'.

The registry row is written by the function that did the work, so nothing that Dagster's records say, which whoever
reaches the web port can write, decides what is built, checked or published.
"""

from __future__ import annotations

import dagster as dg

from testdata_assets.errors import RefusedError
from testdata_assets.orchestration.resources import Workplace


def snapshot_id_of(run: dg.DagsterRun, workplace: Workplace) -> str:
    """The snapshot that this run took, or the run it re-executes, or the latest that is still there.

    Raises:
        RefusedError: There is none.
    """
    from testdata_assets.golden.registry import GoldenRegistry

    registry = GoldenRegistry(workplace.control)
    for run_id in _family(run):
        snapshot = registry.snapshot_of_run(run_id)
        if snapshot is not None:
            return snapshot.snapshot_id
    latest = registry.latest_complete_snapshot()
    if latest is None:
        raise _nothing("snapshot of production", "production_snapshot")
    return latest.snapshot_id


def golden_id_of(run: dg.DagsterRun, workplace: Workplace) -> str:
    """The image that this run built, or the run it re-executes, or the latest candidate.

    Raises:
        RefusedError: There is none.
    """
    from testdata_assets.golden.registry import GoldenRegistry

    registry = GoldenRegistry(workplace.control)
    for run_id in _family(run):
        image = registry.image_of_run(run_id)
        if image is not None:
            return image.golden_id
    candidate = next((image for image in registry.list() if image.status == "candidate"), None)
    if candidate is None:
        raise _nothing("candidate image", "masked_golden_image")
    return candidate.golden_id


def _family(run: dg.DagsterRun) -> list[str]:
    """The run's own id first, then those of the runs it re-executes."""
    return list(dict.fromkeys(filter(None, [run.run_id, run.parent_run_id, run.root_run_id])))


def _nothing(what: str, where: str) -> RefusedError:
    return RefusedError(
        f"There is no {what} to go on with",
        where=where,
        remedy="Launch the job refresh_golden_image, which makes everything in order.",
        code="nothing-upstream",
    )
