"""The child process that runs jobs imports installed code only: it holds the masking key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testdata_assets.cli import runner_process
from testdata_assets.cli.dagster_home import CODE_FOLDER
from testdata_assets.errors import EnvironmentLack
from testdata_assets.keys import OUR_SAFE_PATH, SAFE_PATH, load_key
from testdata_assets.postgres.places import Places
from testdata_assets.settings import Settings

NAMES = ("polars", "dagster", "mycompany", "testdata_assets", "typing_extensions")


def lay_traps(folder: Path) -> Path:
    """Modules that write their name into a file when they are imported; returns that file."""
    marker = folder / "imported.txt"
    for name in NAMES:
        code = f"open({str(marker)!r}, 'a').write({name!r} + '\\n')\n"
        (folder / f"{name}.py").write_text(code)
    return marker


def test_modules_in_the_current_directory_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = lay_traps(tmp_path)
    monkeypatch.chdir(tmp_path)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DAGSTER_")}
    monkeypatch.setattr(runner_process, "dagster_environment", lambda *_: {**clean, "PYTHONPATH": str(CODE_FOLDER)})
    with pytest.raises(EnvironmentLack) as caught:
        runner_process.run_job(Settings(), Places(Settings()), ["refresh"])
    assert caught.value.error_code == "dagster-home"  # it came as far as its own first check
    assert not marker.exists()
    # The traps work: without the switch the first import springs one.
    subprocess.run([sys.executable, "-m", "testdata_assets.orchestration.runner"], check=False, capture_output=True)
    assert marker.exists()


def test_a_key_command_may_be_a_script_with_modules_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vault.py").write_text(f"KEY = {bytes(range(32)).hex()!r}\n")
    (tmp_path / "fetch.py").write_text("import vault\nprint(vault.KEY)\n")
    settings = Settings.model_validate({"masking_key": f"cmd:{sys.executable} {tmp_path / 'fetch.py'}"})
    monkeypatch.setenv(SAFE_PATH, OUR_SAFE_PATH)
    assert load_key(settings, "masking") == bytes(range(32))
    monkeypatch.setenv(SAFE_PATH, "1")  # the user's own wish
    with pytest.raises(EnvironmentLack):
        load_key(settings, "masking")
