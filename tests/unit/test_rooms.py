"""Imports go down the list of rooms, never up, and only orchestration knows Dagster."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "testdata_assets"
# Top to bottom, as in docs/architecture.md.
ROOMS = [
    "definitions",
    "orchestration",
    "cli",
    "pull_requests",
    "branches",
    "validation",
    "golden",
    "masking",
    "production",
    "synthesis",
    "postgres",
]
FOUNDATIONS = {"settings", "keys", "errors", "progress", "unexpected"}


def modules() -> list[Path]:
    return sorted(file for file in PACKAGE.rglob("*.py"))


def imports_of(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_down(file: Path) -> None:
    room = room_of(file)
    if room == "__init__":
        return
    for name in imports_of(file):
        if name.split(".")[0] == "dagster":
            assert room in ("orchestration", "definitions"), f"{file.name} imports dagster"
        if not name.startswith("testdata_assets."):
            continue
        other = name.split(".")[1]
        if room in FOUNDATIONS:
            assert other in FOUNDATIONS, f"{room} imports {other}"
        elif other not in FOUNDATIONS:
            assert ROOMS.index(other) >= ROOMS.index(room), f"{room} imports {other}, which lies above it"


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_files_say_what_belongs_in_them(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), f"{file.name} has no module docstring"
