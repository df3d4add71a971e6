"""The inner loops of masking, compiled to machine code by numba: the same masks as the general way, much faster.

Kernels take the usual values (ASCII, short, of the expected shape) and leave the rest to the general way; which way a
value goes makes no difference to its mask, and tests hold both against each other. numba is the extra `fast`: without
it, and for a few values, where loading it would not pay, everything goes the general way.

A kernel's module is loaded when it is first wanted: `kernels.load("words", len(values))`. All of them take half a
minute and some memory to compile, once for a machine and version, so a process of its own does that
(`masking/compile_kernels.py`), started by whoever `expect`s to mask many values; until it is done everything goes the
general way.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import time
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import structlog

WORTHWHILE = 2000  # values: for fewer, calling a kernel does not pay
WORTH_COMPILING = 4_000_000  # values
_MARKER = "complete"
_KEPT_SECONDS = 30 * 24 * 3600

# Whether this process may compile what it wants itself: the one whose task that is, and tests.
compiles_itself = False
_compiler: subprocess.Popen[bytes] | None = None
_PASSED = frozenset({"HOME", "PATH", "LANG", "LC_ALL", "XDG_CACHE_HOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH"})


def load(name: str, count: int) -> ModuleType | None:
    """A module of kernels.

    Args:
        name: Of a module of this package.
        count: Values to mask.

    Returns:
        The module; None where it is not compiled yet, numba is not installed, or so few values do not pay for it.
    """
    if count < WORTHWHILE or not (compiles_itself or _is_compiled(name)) or not available():
        return None
    return importlib.import_module(f"{__name__}.{name}")


def expect(values: int) -> subprocess.Popen[bytes] | None:
    """Says how many values this process is about to mask; many are worth compiling for.

    Returns:
        The process that compiles, if one was started. It ends within a minute or two and may be left alone.
    """
    global _compiler
    running = _compiler is not None and _compiler.poll() is None
    if running or values < WORTH_COMPILING or find_spec("numba") is None:
        return None
    if all(map(_is_compiled, modules())) or cache_folder("warming") is None:
        return None
    environment = {name: value for name, value in os.environ.items() if name in _PASSED or name.startswith("NUMBA_")}
    _compiler = subprocess.Popen(
        [sys.executable, "-P", "-m", "testdata_assets.masking.compile_kernels"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=environment,  # no key and no address of a server: it needs none
    )
    return _compiler


def modules() -> list[str]:
    """Modules of this package that hold kernels."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if "\n@kernel\n" in _source(path.stem))


def mark_compiled() -> None:
    """Tells other processes that all modules are compiled, and removes what older versions left."""
    for name in modules():
        folder = cache_folder(name)
        if folder is None:
            continue
        (folder / _MARKER).touch()
        for other in folder.parent.glob(f"{name}-*"):
            if other != folder and other.stat().st_mtime < time.time() - _KEPT_SECONDS:
                shutil.rmtree(other)


def preload() -> None:
    """Loads what takes a second or two to load, so that it need not be waited for later."""
    if _is_compiled("warming") and available():
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

    It is named after numba's version and the files of the module and of all modules that it takes kernels or constants
    from: other code, other folder. None without numba, or where there is no folder that only this user can write to.
    """
    try:
        digest = hashlib.blake2b(metadata.version("numba").encode(), digest_size=8)
        digest.update(_machine())
        for name in sorted(_sources(module)):
            path = _path(name)
            digest.update(f"{path} {path.stat().st_mtime_ns}\0".encode())  # as numba's own index does
            digest.update(_source(name).encode())
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder.mkdir(parents=True, exist_ok=True)
        for level in ("testdata-assets", "kernels", f"{module}-{digest.hexdigest()}"):
            if not _is_private(folder, ours=level != "testdata-assets"):
                return None
            folder /= level
            folder.mkdir(mode=0o700, exist_ok=True)
    except (OSError, RuntimeError, metadata.PackageNotFoundError):  # no home, no room, or no numba
        return None
    return folder if _is_private(folder, ours=True) and os.access(folder, os.W_OK) else None


def _is_private(folder: Path, *, ours: bool) -> bool:
    """Whether nobody else can put a folder of theirs into its place: what lies here is run."""
    status = folder.lstat() if ours else folder.stat()
    owners = {os.geteuid()} if ours else {os.geteuid(), 0}
    open_to_others = status.st_mode & 0o022 and (ours or not status.st_mode & stat.S_ISVTX)
    return stat.S_ISDIR(status.st_mode) and status.st_uid in owners and not open_to_others


@cache
def _machine() -> bytes:
    """What machine code hangs on beside the source: interpreter and processor."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.exists() else [platform.processor()]
    told = {line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))}
    wanted = f"{sys.implementation.cache_tag} {platform.machine()} {os.environ.get('NUMBA_CPU_NAME', '')}"
    return "\n".join([wanted, *sorted(told)]).encode()


def _path(name: str) -> Path:
    return (Path(__file__).parent / f"{name}.py").resolve()


def _source(name: str) -> str:
    return _path(name).read_text(encoding="utf-8")


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


def _is_compiled(name: str) -> bool:
    """Whether some process compiled a module: once that is so, it stays so."""
    if name not in _found_compiled:
        folder = cache_folder(name)
        if folder is None or not (folder / _MARKER).exists():
            return False
        _found_compiled.add(name)
    return True


_found_compiled: set[str] = set()
