"""Validating the candidate of a refresh: reads the evidence, runs all checks, writes their results to the registry."""

from __future__ import annotations

from pydantic import TypeAdapter

from testdata_assets.golden.refresh import read_evidence
from testdata_assets.golden.registry import GoldenRegistry
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.places import Places
from testdata_assets.production.profile import TableProfile
from testdata_assets.settings import Settings
from testdata_assets.validation.report import ValidationReport
from testdata_assets.validation.rules import load_validation_rules
from testdata_assets.validation.validate import validate_image

_PROFILES = TypeAdapter(dict[str, TableProfile])


def validate_candidate(settings: Settings, places: Places, golden_id: str) -> ValidationReport:
    """Runs every check on a candidate image and keeps the results with it.

    Raises:
        TestdataError: The evidence of its making cannot be read any more, or validation rules do not parse.
    """
    rules = load_validation_rules(settings.rules_dir / "validation.yaml")
    with connect_control(places.control) as control:
        registry = GoldenRegistry(control)
        evidence = read_evidence(settings, places, registry, golden_id)
        report = validate_image(
            image_dsn=evidence.image_dsn,
            catalog=evidence.manifest.catalog,
            plan=evidence.plan,
            source_counts=evidence.source_counts,
            source_profiles=evidence.profiles,
            source_definitions={(kind, name): text for kind, name, text in evidence.manifest.definitions},
            fingerprints=evidence.fingerprints,
            change_counts=evidence.changes,
            rules=rules,
            data_docs_dir=settings.state_dir / "data_docs" / golden_id,
            tools=places.tools,
        )
        profiles = {str(table): profile for table, profile in report.image_profiles.items()}
        registry.checked(
            golden_id,
            [check.as_json() for check in report.checks],
            {"image": _PROFILES.dump_python(profiles, mode="json")},
            {"validate": round(report.seconds, 3)},
        )
    return report
