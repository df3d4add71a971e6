"""Run as a program: one refresh up to the validated candidate, in a process of its own, and what memory it took.

    python tests/refresh_child.py SETTINGS_JSON_FILE

Prints one JSON document: rows, peak resident bytes of this process after each stage, and the largest of its children.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from testdata_assets.golden import refresh
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import Settings
from testdata_assets.validation.run import validate_candidate


def peak(who: int = resource.RUSAGE_SELF) -> int:
    """Bytes; Linux counts in kilobytes."""
    return resource.getrusage(who).ru_maxrss * 1024


def main() -> None:
    Settings.model_config["env_file"] = None
    settings = Settings.model_validate(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    places = open_places(settings)
    imported = peak()
    started = time.monotonic()
    record = refresh.take_snapshot(settings, places)
    extracted = peak()
    seconds = {"snapshot": round(time.monotonic() - started, 1)}
    image = refresh.build_image(settings, places, record.snapshot_id)
    built = peak()
    seconds |= image.seconds
    report = validate_candidate(settings, places, image.golden_id)
    seconds["validate"] = round(report.seconds, 1)
    refresh.reject_image(settings, places, image.golden_id, "measured")
    found = {
        "rows": image.row_count,
        "imported": imported,
        "snapshot": extracted,
        "build": built,
        "validate": peak(),
        "failed": [check.name for check in report.checks if not check.passed],
        "children": peak(resource.RUSAGE_CHILDREN),
        "seconds": seconds,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
