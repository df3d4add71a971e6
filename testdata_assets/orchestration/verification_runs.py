"""The daily verification: what its run says, and who is told when an image is not what was attested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from testdata_assets.errors import TestdataError
from testdata_assets.orchestration import alerts, metadata
from testdata_assets.orchestration.resources import Workplace


@dataclass(frozen=True)
class VerificationRun:
    """Metadata for the run's page, and the error of the first image that failed, if one did."""

    described: dict[str, Any]
    refusal: TestdataError | None

    def raise_refusal(self) -> None:
        """Fails the run, after its metadata was written."""
        if self.refusal is not None:
            raise self.refusal


def verify(workplace: Workplace) -> VerificationRun:
    """Verifies every published image; an alert for each that is not what was attested, once an image."""
    from testdata_assets.golden.verify import verify_published

    found = verify_published(workplace.settings, workplace.places)
    failed = [each for each in found if not each.passed]
    for each in failed:
        if each.failure is not None:
            continue  # nothing is known of it; the run fails by the reason
        alerts.raise_alert(
            workplace.control,
            workplace.settings,
            kind=alerts.IMAGE_TAMPERED,
            subject=each.golden_id,
            message=f"{each.refusal().what} ({each.golden_id}). {each.refusal().remedy}",
        )
    rows = [
        {"image": each.golden_id, "result": "passed" if each.passed else "FAILED", "problem": problem}
        for each in found
        for problem in (each.problems or ["" if each.failure is None else f"not checked: {each.failure.what}"])
    ]
    described = {
        "images": len(found),
        "failed": len(failed),
        "tables": sum(each.tables for each in found),
        "seconds": round(sum(each.seconds for each in found), 3),
        "results": metadata.records_table(rows, ["image", "result", "problem"]),
    }
    failed.sort(key=lambda each: each.failure is not None)  # an image that is not as attested comes first
    return VerificationRun(described, failed[0].refusal() if failed else None)
