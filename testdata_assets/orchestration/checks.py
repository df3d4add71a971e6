"""The blocking checks on `masked_golden_image`: one validation of the candidate, one Dagster check for each part.

If any fails, the image is rejected right here, and Dagster stops the run before the image could be published.
What the checks look for is in the validation room.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from testdata_assets.orchestration import metadata, names
from testdata_assets.orchestration.assets import masked_golden_image
from testdata_assets.orchestration.failures import sanitised
from testdata_assets.orchestration.lineage import golden_id_of
from testdata_assets.orchestration.resources import Workplace

if TYPE_CHECKING:
    from testdata_assets.validation.report import CheckResult, ValidationReport

DESCRIPTIONS = {
    "no_production_values": (
        "No value of production's masked columns is left anywhere in the image, where masks never coincide with real "
        "values; where they may (a common first name), rows changed at the expected rate."
    ),
    "no_pii_patterns": "No e-mail address, phone or card number in kept columns, JSON leaves or catalog text.",
    "distribution_drift": "Distributions are those of the snapshot, beyond what sampling noise explains.",
    "referential_integrity": "Every foreign key is valid and every declared relationship holds.",
    "row_counts": "Every table has as many rows as in production (truncated tables have none).",
    "schema_matches": "Tables, columns, constraints and indexes are those of the snapshot's catalog.",
}

_SPECS = [
    dg.AssetCheckSpec(name, asset=masked_golden_image, description=text, blocking=True)
    for name, text in DESCRIPTIONS.items()
]


@dg.multi_asset_check(
    name="validate_golden_image",
    specs=_SPECS,
    description="Searches the candidate image for anything of production's and compares it with the snapshot.",
)
@sanitised
def validate_golden_image(
    context: dg.AssetCheckExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> Iterator[dg.AssetCheckResult]:
    from testdata_assets.golden.refresh import reject_image
    from testdata_assets.validation.data_docs import url_of
    from testdata_assets.validation.run import validate_candidate

    golden_id = golden_id_of(context.run, workplace)
    try:
        report = validate_candidate(workplace.settings, workplace.places, golden_id)
        drift = metadata.drift(report)  # draws, which may fail as well: no candidate must stay behind
    except BaseException:
        reject_image(workplace.settings, workplace.places, golden_id, "validation did not come to an end")
        raise
    workplace.reports[golden_id] = report
    if not report.passed:
        failed = [result.name for result in report.checks if not result.passed and result.severity == "error"]
        reject_image(workplace.settings, workplace.places, golden_id, f"failed checks: {', '.join(failed)}")
    docs = url_of(workplace.settings, golden_id)
    for result in report.checks:
        yield _as_dagster(golden_id, result, report, docs, drift)


def _as_dagster(
    golden_id: str, result: CheckResult, report: ValidationReport, docs: str | None, drift: dict[str, Any]
) -> dg.AssetCheckResult:
    from testdata_assets.validation.remedies import what_to_do

    described: dict[str, Any] = {
        names.META_GOLDEN: golden_id,
        "summary": result.summary,
        "seconds": round(float(result.seconds), 3),
        "measured": metadata.number(result.details.get("measured", 0)),
        "findings_count": metadata.number(result.details.get("findings", len(result.findings))),
        "findings_allowed": 0,
        "findings_accepted": len(result.details.get("accepted", ())),
        "acceptances_stale": len(result.details.get("stale_acceptances", ())),
        **metadata.limits(result.details.get("limits", {})),
        "details": dg.MetadataValue.json(metadata.plain(result.details)),
    }
    if result.findings:
        described["findings"] = metadata.records_table(
            [finding.as_json() for finding in result.findings], ["table", "column", "kind", "count"]
        )
    if not result.passed:
        described["what_to_do"] = dg.MetadataValue.md(what_to_do(result.name, result.findings))
    if report.data_docs is not None:
        described["data_docs"] = dg.MetadataValue.url(docs) if docs else dg.MetadataValue.path(report.data_docs)
    if result.name == "distribution_drift":
        described.update(drift)
    return dg.AssetCheckResult(
        asset_key=masked_golden_image.key,
        check_name=result.name,
        passed=bool(result.passed),
        severity=dg.AssetCheckSeverity.ERROR if result.severity == "error" else dg.AssetCheckSeverity.WARN,
        description=result.summary,
        metadata=described,
    )
