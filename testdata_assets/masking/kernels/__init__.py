"""The inner loops of masking, compiled to machine code by numba: the same masks as the general way, much faster.

Kernels take the usual values (ASCII, short, of the expected shape) and leave the rest to the general way; which way a
value goes makes no difference to its mask, and tests hold both against each other. numba is the extra `fast`: without
it, and for a few values, where loading it would not pay, everything goes the general way.

A kernel's module is loaded when it is first wanted: `kernels.load("words", len(values))`. All of them take half a
minute to compile, once for a machine and version; who masks says by `expect` whether that pays.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import structlog

WORTHWHILE = 2000  # values: for fewer, calling a kernel does not pay
WORTH_COMPILING = 4_000_000  # values
_expected = 0


def expect(values: int) -> None:
    """Says how many values this process is about to mask: many are worth compiling for."""
    global _expected
    _expected = max(_expected, values)


def load(name: str, count: int) -> ModuleType | None:
    """A module of kernels.

    Args:
        name: Of a module of this package.
        count: Values to mask.

    Returns:
        The module; None where numba is not installed, so few values do not pay for it, or it would have to be
        compiled for too few.
    """
    if count < WORTHWHILE or not (_expected >= WORTH_COMPILING or _compiled(name)) or not available():
        return None
    return importlib.import_module(f"{__name__}.{name}")


def preload() -> None:
    """Loads what takes two seconds to load, so that it need not be waited for later."""
    if (_expected >= WORTH_COMPILING or _compiled("lines")) and available():
        importlib.import_module(f"{__name__}.warming")


@cache
def available() -> bool:
    """Whether numba is installed, and fits the other packages."""
    if find_spec("numba") is None:
        return False
    try:
        importlib.import_module(f"{__name__}.compiled")
    except ImportError as error:  # as when numpy is newer than numba knows
        structlog.get_logger().warning("numba cannot be used, masking is slower", reason=str(error))
        return False
    return True


@cache
def cache_folder(module: str) -> Path | None:
    """Where machine code of a kernel's module is kept: a folder of the user's own.

    It is named after numba's version, the module's source and those of all modules that it takes kernels or constants
    from: other code, other folder. None without numba, or where there is no folder that only this user can write to.
    """
    try:
        digest = hashlib.blake2b(metadata.version("numba").encode(), digest_size=8)
        for name in sorted(_sources(module)):
            digest.update(name.encode() + b"\0" + _source(name).encode())
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = home / "testdata-assets" / "kernels" / f"{module}-{digest.hexdigest()}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except (OSError, RuntimeError, metadata.PackageNotFoundError):  # no home, no room, or no numba
        return None
    private = status.st_uid == os.geteuid() and not status.st_mode & 0o022
    return folder if private and os.access(folder, os.W_OK) else None


def _source(name: str) -> str:
    return (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")


def _sources(module: str) -> set[str]:
    """A module here, over several steps the modules here that it imports, and those above that they import."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            source = _source(name)
            waiting += re.findall(rf"from {re.escape(__name__)}\.(\w+) import", source)
            found |= {
                f"../{above}" for above in re.findall(r"from testdata_assets\.masking\.(?!kernels)(\w+) import", source)
            }
    return found


@cache
def _compiled(name: str) -> bool:
    """Whether an earlier process compiled a module, or part of it."""
    folder = cache_folder(name)
    return folder is not None and any(folder.glob("*/*.nbi"))
