"""Validating the candidate of a refresh: reads the evidence, runs all checks, writes their results to the registry."""

from __future__ import annotations

from testdata_assets.golden.refresh import read_evidence
from testdata_assets.golden.registry import GoldenImage, GoldenRegistry
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.places import Places
from testdata_assets.settings import Settings
from testdata_assets.validation.data_docs import folder_of, lead_to
from testdata_assets.validation.history import SHOWN_IMAGES, PastImage, past_image
from testdata_assets.validation.report import ValidationReport
from testdata_assets.validation.rules import FILE, ValidationRules, digests, load_validation_rules
from testdata_assets.validation.user_suites import UserSuite, load_user_suites
from testdata_assets.validation.validate import validate_image


def read_rules(settings: Settings) -> tuple[ValidationRules, list[UserSuite]]:
    """All that the rules folder says of validation; a refresh calls it before it reads a row.

    Raises:
        UsageFault: A file does not parse or cannot be used; names file and reason.
    """
    return load_validation_rules(settings.rules_dir / FILE), load_user_suites(settings.rules_dir)


def validate_candidate(settings: Settings, places: Places, golden_id: str) -> ValidationReport:
    """Runs every check on a candidate image and keeps the results with it.

    Raises:
        TestdataError: The evidence of its making cannot be read any more, or validation rules do not parse.
    """
    rules, suites = read_rules(settings)
    judged_by = digests(settings.rules_dir, (suite.path for suite in suites))
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
            echoes=evidence.echoes,
            rules=rules,
            data_docs_dir=folder_of(settings, golden_id),
            tools=places.tools,
            past=_past(registry, evidence.image),
            own_suites=suites,
            partners=evidence.manifest.partners,
        )
        if report.data_docs is not None:
            lead_to(folder_of(settings, golden_id))
        registry.checked(
            golden_id,
            [{**check.as_json(), "judged_by": judged_by} for check in report.checks],
            report.stored_profile,
            {"validate": round(report.seconds, 3)},
        )
    return report


def _past(registry: GoldenRegistry, image: GoldenImage) -> list[PastImage]:
    """The images published before, oldest first, with their profiles."""
    return [
        past_image(
            each.golden_id,
            each.published_at,
            each.profile,
            masked_alike=(each.rules_digest, each.key_id) == (image.rules_digest, image.key_id),
        )
        for each in reversed(registry.recent(SHOWN_IMAGES))
        if each.published_at is not None and each.golden_id != image.golden_id
    ]
