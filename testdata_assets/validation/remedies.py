"""What to do about each kind of finding, for whoever looks at a failed check."""

from __future__ import annotations

import re
from collections.abc import Iterable

from testdata_assets.validation.report import Finding
from testdata_assets.validation.rules import CheckName

_ACCEPT = (
    "If somebody looked at it and it is no fault, accept it for a while under `accepted` in rules/validation.yaml, "
    "with a reason and a last day."
)

_CATALOG_SUITE = (
    "catalog suite",
    "Great Expectations could not hold the image against the source's catalog: see whether the image can be read and "
    "run testdata refresh again; if it comes back, report it with the version of Great Expectations.",
)

# Pattern of the kind, and what to do; the first that fits counts.
_BY_KIND: dict[CheckName, tuple[tuple[str, str], ...]] = {
    "no_production_values": (
        (
            "changes not counted",
            "The column was not masked at all: see whether somebody changed masking.yaml or the code while the refresh "
            "ran, and run testdata refresh again. If it comes back, report it: this image must not be used.",
        ),
        (
            "unchanged values",
            "The transformer left most values as they are: `testdata preview` shows which. Choose one that fits them "
            "(`testdata rules list-transformers`), or lower change_rate in rules/validation.yaml if that is right.",
        ),
        (
            "values that .* does not write",
            "The column should be empty or constant. See whether a trigger, a default or a generated column fills it.",
        ),
        (
            "",
            "Give the column, JSON path or object that is named a rule in masking.yaml (or mask it in the same domain "
            "as the column that the value is of); drop or rewrite comments, defaults and view bodies in production, or "
            "set `objects` in masking.yaml. `testdata rules explain TABLE` tells what is masked now.",
        ),
    ),
    "no_pii_patterns": (
        (
            "k-anonymity|combination|group|unique|told|frequency",
            "Rows can be told apart by what is kept: mask or bucket one of the columns (number_bucket, date_shift, "
            "region), or change the limits under `reidentification` in rules/validation.yaml.",
        ),
        (
            "key|token|password|secret|hash",
            "A kept column holds credentials: mask it with `secret` or `null`, and have the credential revoked.",
        ),
        ("", "Mask the column or JSON path that is named; `testdata rules init` proposes a rule."),
    ),
    "distribution_drift": (
        (
            "since the image before",
            "Production changed since the last image. See whether that is known; `drift: {previous: warn}` only tells.",
        ),
        ("no profile", "The snapshot was not profiled: run testdata refresh again, and report it if it comes back."),
        (
            "",
            "Masking bends the column: see its histogram here, choose a transformer that keeps what is measured, or "
            "raise that limit under `drift` in rules/validation.yaml. A transformer of your own that means to bend it "
            "declares so (`distribution`, see docs/how-to/own-transformers.md).",
        ),
    ),
    "referential_integrity": (
        _CATALOG_SUITE,
        (
            "duplicate keys",
            "The key is not in force in the image, and rows break it: give its columns a transformer that keeps values "
            "distinct (`testdata rules explain TABLE.COLUMN` lists them), and see the refresh's log for the key.",
        ),
        (
            "orphaned rows|without a partner",
            "Both sides of the key must mask alike: give them one `domain`, or let the referencing column inherit the "
            "rule. A table whose `where` leaves rows out needs the same filter on tables that point to it.",
        ),
        ("not validated", "Rows break the key, so it could not be validated: as for orphaned rows."),
        ("", "The key was not restored: see the refresh's log, and run testdata refresh again."),
    ),
    "row_counts": (
        _CATALOG_SUITE,
        ("too many", "Rows were added while loading: look for triggers or rules that insert."),
        ("", "Rows are missing: look for triggers that delete, and for a `where` in masking.yaml that nobody meant."),
    ),
    "schema_matches": (
        _CATALOG_SUITE,
        (
            "NULLs where",
            "The image's column takes NULL and the source's does not: see the refresh's log for the constraint, and "
            "whether a trigger or the column's transformer writes NULL.",
        ),
        (
            "expectation|cannot be run|gave no result",
            "An expectation of your own is not met: run its query on a branch of the last image to see which rows, "
            "then correct the data, the masking rule or the suite in rules/expectations/.",
        ),
        ("sequence behind", "Masked keys are ahead of the sequence: report it; sequences are set after loading."),
        ("not selectable", "The view fails on masked values: see its SQLSTATE, and mask what it casts in that format."),
        ("not populated|invalid index", "Building did not finish: run testdata refresh again."),
        (
            "another owner|rights of another role|foreign server|user mapping|publication|subscription",
            "Something but the refresh changed the image: find out who has administrator rights on the images' server.",
        ),
        ("", "The image differs from production's schema: see whether production was migrated during the refresh, and "
             "run it again."),
    ),
}  # fmt: skip


def remedy(check: CheckName, kind: str) -> str:
    """What to do about findings of a kind."""
    return next(text for pattern, text in _BY_KIND[check] if re.search(pattern, kind))


def what_to_do(check: CheckName, findings: Iterable[Finding]) -> str:
    """Markdown for a failed check's page: a remedy for each kind of finding, and how to accept one."""
    kinds: dict[str, list[str]] = {}
    for finding in findings:
        shown = kinds.setdefault(remedy(check, finding.kind), [])
        if finding.kind not in shown:
            shown.append(finding.kind)
    if not kinds:
        return "The check itself did not work: see `expectations` under details, and report it."
    lines = [
        f"- **{'; '.join(shown[:5])}{'; ...' if len(shown) > 5 else ''}**: {text}" for text, shown in kinds.items()
    ]
    return "\n".join([*lines, "", _ACCEPT])
