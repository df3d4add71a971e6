"""Where the user stands does not decide which code runs: the processes below hold the masking key."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx

from testdata_assets.cli.dagster_home import CODE_FOLDER
from testdata_assets.masking.transformers import hash

NAMES = ("polars", "dagster", "mycompany", "typing_extensions", "testdata_assets")
LOCATIONS = "{workspaceOrError {... on Workspace {locationEntries {locationOrLoadError {__typename}}}}}"


def test_refresh_and_services_ignore_modules_in_the_current_directory(deployment: Any, tmp_path: Path) -> None:
    folder = tmp_path / "cwd"
    folder.mkdir()
    marker = folder / "imported.txt"
    for name in NAMES:
        (folder / f"{name}.py").write_text(f"open({str(marker)!r}, 'a').write({name!r} + '\\n')\n")
    deployment.environment["PYTHONPATH"] = str(CODE_FOLDER)
    deployment.cwd, deployment.python = folder, [sys.executable, "-P"]
    assert deployment.ok("refresh")["status"] == "published"
    with deployment.up() as services:
        answer = httpx.post(f"{services['ui']}/graphql", json={"query": LOCATIONS}, timeout=30).json()
    entries = answer["data"]["workspaceOrError"]["locationEntries"]
    kinds = [entry["locationOrLoadError"]["__typename"] for entry in entries]
    assert kinds == ["RepositoryLocation"], json.dumps(answer)
    assert not marker.exists(), marker.read_text()


def test_a_transformer_beside_the_rules_folder_is_found(deployment: Any, tmp_path: Path) -> None:
    rules = Path(deployment.environment["TESTDATA_RULES_DIR"])
    package = rules.parent / "besiderules"
    package.mkdir()
    source = Path(hash.__file__).read_text()
    source = source.replace("@register\n", "").replace('name = "hash"', 'name = "own_hash"')
    (package / "masking.py").write_text(source)
    text = (rules / "masking.yaml").read_text()
    (rules / "masking.yaml").write_text(text.replace("transform: hash", 'transform: "besiderules.masking:Hash"'))
    deployment.environment["PYTHONPATH"] = str(CODE_FOLDER)
    deployment.cwd, deployment.python = tmp_path / "elsewhere", [sys.executable, "-P"]
    deployment.cwd.mkdir()
    assert deployment.ok("refresh")["status"] == "published"
