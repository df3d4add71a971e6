"""When kernels are used, and that all of them can be compiled ahead."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testdata_assets.masking import kernels


@pytest.fixture
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """No kernel is compiled, as far as this process knows."""
    pytest.importorskip("numba", reason="the extra `fast` is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(kernels, "_found_compiled", set())
    kernels.cache_folder.cache_clear()
    yield tmp_path
    kernels.cache_folder.cache_clear()


def test_kernels_are_used_once_they_are_compiled(empty_cache: Path) -> None:
    assert kernels.load("changes", 1_000_000) is None
    kernels.mark_compiled()
    assert kernels.load("changes", kernels.WORTHWHILE) is not None
    assert kernels.load("changes", kernels.WORTHWHILE - 1) is None


def test_few_values_start_no_compiler(empty_cache: Path) -> None:
    assert kernels.expect(kernels.WORTH_COMPILING - 1) is None
    kernels.mark_compiled()
    assert kernels.expect(kernels.WORTH_COMPILING) is None


def test_a_folder_that_others_can_write_to_is_not_used(empty_cache: Path) -> None:
    folder = kernels.cache_folder("changes")
    assert folder is not None
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    kernels.cache_folder.cache_clear()
    assert kernels.cache_folder("changes") is None


def test_another_source_means_another_folder(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kernels.cache_folder("emails")
    read = kernels._source
    monkeypatch.setattr(kernels, "_source", lambda name: read(name) + ("# changed" if name == "eight_bytes" else ""))
    kernels.cache_folder.cache_clear()
    assert before is not None
    assert kernels.cache_folder("emails") not in (None, before)  # it takes kernels from there


def test_without_numba_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "find_spec", lambda _: None)
    monkeypatch.setattr(kernels, "compiles_itself", True)
    kernels.available.cache_clear()
    try:
        assert kernels.load("changes", 1_000_000) is None
        assert kernels.expect(1 << 40) is None
    finally:
        kernels.available.cache_clear()


@pytest.mark.slow
def test_all_kernels_are_reached_by_the_samples(empty_cache: Path) -> None:
    started = kernels.expect(kernels.WORTH_COMPILING)
    assert started is not None
    assert started.wait(300) == 0
    assert kernels.load("words", 1_000_000) is not None
    again = subprocess.run(
        [sys.executable, "-m", "testdata_assets.masking.compile_kernels"],
        env={**os.environ, "XDG_CACHE_HOME": str(empty_cache)},
        capture_output=True,
        check=False,
    )
    assert (again.returncode, again.stderr) == (0, b"")
