"""Running Postgres server programs as an ordinary account when we are root, which they refuse.

A root-only state folder (mode 0700, or below one) cannot be entered by that account. The programs then get one
ambient capability, CAP_DAC_READ_SEARCH (CAP_DAC_OVERRIDE in containers that lack it), which lets them pass through
folders that they may not list. It is given only where the path needs it.
"""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from testdata_assets.errors import EnvironmentLack

_ACCOUNTS = ("postgres", "nobody")
_CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}


@dataclass(frozen=True)
class ServerAccount:
    """The account of server programs; uid None means our own."""

    uid: int | None
    gid: int | None

    def command(self, arguments: Sequence[str], *paths: Path) -> list[str]:
        """Wraps a command so that it runs under this account and can reach its program and `paths`."""
        if self.uid is None:
            return list(arguments)
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise EnvironmentLack(
                "setpriv is missing",
                where="PATH",
                remedy="Install util-linux, or run as an ordinary user: Postgres refuses to run as root.",
                code="tool-missing",
            )
        words = [setpriv, f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        if not all(_passable(path, self.uid) for path in (Path(arguments[0]), Path.cwd() / "x", *paths)):
            capability = _bounding_capability()
            words += [
                f"--inh-caps=-all,+{capability}",
                f"--ambient-caps=-all,+{capability}",
                # Without this bit access(2), which initdb and pg_ctl ask, would disregard the capability.
                "--securebits=+no_setuid_fixup",
            ]
        return [*words, *arguments]

    def own(self, path: Path) -> None:
        """Gives one folder or file to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def give_back(self, tree: Path) -> None:
        """Makes a tree ours again, so that the server cannot change its own programs."""
        if self.uid is None:
            return
        for folder, names, files in os.walk(tree):
            for name in [*names, *files]:
                os.lchown(Path(folder) / name, os.geteuid(), os.getegid())
        os.lchown(tree, os.geteuid(), os.getegid())


@functools.cache
def server_account() -> ServerAccount:
    """Our own account, or an ordinary one if we are root.

    Raises:
        EnvironmentLack: Root, and no account to drop to.
    """
    if os.geteuid() != 0:
        return ServerAccount(None, None)
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerAccount(entry.pw_uid, entry.pw_gid)
    raise EnvironmentLack(
        "There is no account to run Postgres as",
        where="/etc/passwd",
        remedy="Create the user `postgres`, or run as an ordinary user: Postgres refuses to run as root.",
        code="account-missing",
    )


def _passable(path: Path, uid: int) -> bool:
    """Whether an account without groups can enter every folder above `path`."""
    for folder in path.absolute().resolve().parents:
        try:
            status = folder.stat()
        except FileNotFoundError:
            continue
        needed = stat.S_IXUSR if status.st_uid == uid else stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


@functools.cache
def _bounding_capability() -> str:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    bounding = int(next(line for line in text.splitlines() if line.startswith("CapBnd:")).split()[1], 16)
    for name, number in _CAPABILITIES.items():
        if bounding >> number & 1:
            return name
    raise EnvironmentLack(
        "The server's account cannot enter the state folder and no capability to do so may be given",
        where="TESTDATA_HOME",
        remedy="Put the state folder below folders that everybody may enter (mode 0755).",
        code="state-unreachable",
    )
