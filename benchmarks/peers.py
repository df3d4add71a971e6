"""Other maskers on the same work, where their program is on PATH: one entry each, dump with masks and restore.

They mask the columns that ours masks, each by the nearest thing the peer has; what it has nothing for, by its hash.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from testdata_assets.postgres.dsn import Dsn

Peer = Callable[[Path, Dsn, Dsn, Mapping[str, list[str]], int, Path], float]


def present() -> dict[str, Peer]:
    """The peers that can run here, by name."""
    return {name: run for name, run in {"greenmask": _greenmask}.items() if shutil.which(name)}


def _greenmask(
    folder: Path, source: Dsn, target: Dsn, masked: Mapping[str, list[str]], jobs: int, pg_bin: Path
) -> float:
    """Seconds of `greenmask dump` and `greenmask restore latest` (its configuration as of 0.2)."""
    storage = folder / "greenmask"
    storage.mkdir(parents=True)
    config = {
        "common": {"pg_bin_path": str(pg_bin), "tmp_dir": str(folder)},
        "storage": {"type": "directory", "directory": {"path": str(storage)}},
        "dump": {
            "pg_dump_options": {"dbname": source.secret(), "jobs": jobs},
            "transformation": [
                {
                    "schema": "public",
                    "name": table,
                    "transformers": [{"name": "Hash", "params": {"column": column}} for column in columns],
                }
                for table, columns in masked.items()
            ],
        },
        "restore": {"pg_restore_options": {"dbname": target.secret(), "jobs": jobs}},
    }
    file = folder / "greenmask.yaml"  # JSON is YAML
    file.write_text(json.dumps(config), encoding="utf-8")
    started = time.monotonic()
    for words in (["dump"], ["restore", "latest"]):
        subprocess.run(["greenmask", "--config", str(file), *words], check=True, capture_output=True)
    return time.monotonic() - started
