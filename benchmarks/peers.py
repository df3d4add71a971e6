"""Other maskers on the same work, where their program is on PATH: one entry each, dump with masks and restore.

They mask the columns that ours masks, each by the nearest thing the peer has that gives equal values equal masks and
unique columns distinct ones; for texts that is a hash of the value.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from testdata_assets.postgres.dsn import Dsn

Peer = Callable[[Path, Dsn, Dsn, Mapping[str, list[str]], int, Path], float]


def present() -> dict[str, Peer]:
    """The peers that can run here, by name."""
    return {name: run for name, run in {"greenmask": _greenmask}.items() if shutil.which(name)}


def _greenmask(
    folder: Path, source: Dsn, target: Dsn, masked: Mapping[str, list[str]], jobs: int, pg_bin: Path
) -> float:
    """Seconds of `greenmask dump` and `greenmask restore latest` (its configuration as of 0.2).

    Raises:
        CalledProcessError: It refused; what it said is on our stderr.
    """
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
                    "transformers": [_greenmask_transformer(column) for column in columns],
                }
                for table, columns in masked.items()
            ],
        },
        "restore": {"pg_restore_options": {"dbname": target.secret(), "jobs": jobs}},
    }
    file = folder / "greenmask.yaml"  # JSON is YAML
    file.write_text(json.dumps(config), encoding="utf-8")
    salted = {**os.environ, "GREENMASK_GLOBAL_SALT": "5a" * 32}
    started = time.monotonic()
    for words in (["dump"], ["restore", "latest"]):
        subprocess.run(["greenmask", "--config", str(file), *words], check=True, stdout=subprocess.DEVNULL, env=salted)
    return time.monotonic() - started


def _greenmask_transformer(column: str) -> dict[str, Any]:
    """Its hash takes texts only; amounts get noise, addresses of type inet one of its own."""
    numbers = {"max_ratio": 0.1, "decimal": 2, "engine": "hash"}
    special: dict[str, tuple[str, dict[str, Any]]] = {
        "balance": ("NoiseNumeric", numbers),
        "total": ("NoiseNumeric", numbers),
        "last_ip": ("RandomIp", {"subnet": "10.0.0.0/8", "engine": "hash"}),
    }
    name, params = special.get(column, ("Hash", {"function": "sha256"}))
    return {"name": name, "params": {"column": column, **params}}
