"""The keys: where each comes from, which may be made, and their public ids.

masking: what determinism hangs on; only `testdata demo` may make one. While it is rotated, `masking_previous` is the
    one before it.
store: wraps the data keys of snapshots and seals branch passwords; made where missing under the state folder
    only if the store is local.
signing: Ed25519 seed that signs attestations; likewise.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import secrets
import shlex
import subprocess
from pathlib import Path
from typing import Literal

from testdata_assets.errors import EnvironmentLack
from testdata_assets.settings import Settings

KeyName = Literal["masking", "masking_previous", "store", "signing"]

MINIMUM_BYTES = 32
_LEAST_DISTINCT = 8  # bytes; 32 random ones have fewer with a probability below 1e-36
_NEW_KEY = "Make a new one: openssl rand -hex 32."
_COMMAND_SECONDS = 30
# Keeps Python from looking for modules in the current directory or beside a script. Any text switches it on; by this
# one our children know that it is not the user's own wish, which would hold for the user's commands as well.
SAFE_PATH = "PYTHONSAFEPATH"
OUR_SAFE_PATH = "testdata"


def load_key(settings: Settings, name: KeyName, *, create: bool = False) -> bytes:
    """Reads a key from its variable, or from the state folder.

    Args:
        settings: Where to look.
        name: Which key.
        create: Whether a missing key may be made (mode 0600, under the state folder).

    Returns:
        At least 32 bytes.

    Raises:
        EnvironmentLack: No key, an unreadable one, or one that is too short or no more than a few letters repeated.
            The text never holds the key.
    """
    variable = variable_of(name)
    configured = {
        "masking": settings.masking_key,
        "masking_previous": settings.masking_key_previous,
        "store": settings.store_key,
        "signing": settings.signing_key,
    }[name]
    if configured is not None:
        return _decode(_resolve(configured.get_secret_value(), variable), variable)
    path = settings.state_dir / "keys" / f"{name}.key"
    if path.exists():
        return _decode(_read(path, variable), variable)
    if create:
        return _create(path, variable)
    remedy = f"Set {variable} to 32 random bytes as hex (openssl rand -hex 32), or to file:PATH or cmd:COMMAND."
    if name == "masking":
        remedy += " `testdata demo` makes one for the sample."
    raise EnvironmentLack(f"There is no {name} key", where=variable, remedy=remedy, code=f"{name}-key-missing")


def variable_of(name: KeyName) -> str:
    """The environment variable of a key."""
    return "TESTDATA_MASKING_KEY_PREVIOUS" if name == "masking_previous" else f"TESTDATA_{name.upper()}_KEY"


def key_id(key: bytes) -> str:
    """12 hex characters that name a key without revealing it: a keyed hash of a fixed text."""
    return hashlib.blake2b(b"key id", key=key[:64], digest_size=6, person=b"testdata-key-id").hexdigest()


def is_guessable(key: bytes) -> bool:
    """Whether a key can hardly be random: a few bytes, or a shorter pattern, over and over."""
    return len(set(key)) < _LEAST_DISTINCT or key in (key + key)[1:-1]


def _resolve(text: str, variable: str) -> str:
    if text.startswith("file:"):
        return _read(Path(text[5:]).expanduser(), variable)
    if text.startswith("cmd:"):
        try:
            done = subprocess.run(
                shlex.split(text[4:]),
                env=_users_environment(),
                capture_output=True,
                text=True,
                timeout=_COMMAND_SECONDS,
                check=False,
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise EnvironmentLack(
                f"The command of {variable} did not run ({type(error).__name__})",
                where=variable,
                remedy=f"Check the command; it must print the key within {_COMMAND_SECONDS} s.",
                code="key-unreadable",
            ) from None
        if done.returncode != 0:
            raise EnvironmentLack(
                f"The command of {variable} ended with status {done.returncode}",
                where=variable,
                remedy="Run it by hand and see what it says.",
                code="key-unreadable",
            )
        return done.stdout
    return text


def _users_environment() -> dict[str, str]:
    """The environment as the user gave it: a key command may be a script with modules beside it."""
    return {name: value for name, value in os.environ.items() if (name, value) != (SAFE_PATH, OUR_SAFE_PATH)}


def _read(path: Path, variable: str) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentLack(
            f"The key file {path} cannot be read ({type(error).__name__})",
            where=variable,
            remedy="Check the path and its permissions; the file holds hex or base64.",
            code="key-unreadable",
        ) from None


def _decode(text: str, variable: str) -> bytes:
    text = "".join(text.split())
    hexadecimal = re.fullmatch(r"[0-9a-fA-F]+", text) is not None
    try:
        key = bytes.fromhex(text) if hexadecimal else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise EnvironmentLack(
            f"{variable} is neither hex nor base64",
            where=variable,
            remedy="Write it as hex (openssl rand -hex 32) or base64.",
            code="key-invalid",
        ) from None
    if len(key) < MINIMUM_BYTES:
        raise EnvironmentLack(
            f"{variable} has {len(key)} bytes, at least {MINIMUM_BYTES} are needed",
            where=variable,
            remedy=_NEW_KEY,
            code="key-too-short",
        )
    # In hex it was meant as a key, if for a trial; `doctor` warns. In base64 it is rather a placeholder or a slip.
    if not hexadecimal and is_guessable(key):
        raise EnvironmentLack(
            f"{variable} repeats a few letters, which is no key although it reads as base64",
            where=variable,
            remedy=_NEW_KEY,
            code="key-guessable",
        )
    return key


def _create(path: Path, variable: str) -> bytes:
    key = secrets.token_bytes(MINIMUM_BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written whole under another name and linked: a second process sees all of it or none.
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return _decode(_read(path, variable), variable)
        finally:
            temporary.unlink()
    except OSError as error:
        raise EnvironmentLack(
            f"A key could not be written to {path} ({error.strerror})",
            where=variable,
            remedy="Make the state folder writable, or set the variable.",
            code="key-unwritable",
        ) from None
    return key
