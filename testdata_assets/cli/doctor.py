"""`testdata doctor`: what of the environment is there, what is missing, and what to do about it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, LiteralString

import typer

from testdata_assets.cli import output
from testdata_assets.errors import EnvironmentLack, TestdataError
from testdata_assets.keys import KeyName, is_guessable, key_id, load_key
from testdata_assets.masking import kernels
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.extensions import unusable
from testdata_assets.postgres.places import Places, open_places
from testdata_assets.settings import Settings, load_settings

_LEAST_FREE_BYTES = 1 << 30
_OFTEN_WANTED = frozenset({"uuid-ossp"})  # listed by the embedded server, though its library leans on the system's


@dataclass(frozen=True)
class Diagnosis:
    """One thing looked at. `status`: ok, warning (something will be refused later), or error."""

    name: str
    status: str
    message: str
    remedy: str = ""


def register(app: typer.Typer) -> None:
    """Adds the command to the main app."""
    app.command("doctor")(doctor)


def doctor(json_wanted: output.JsonFlag = False) -> int:
    """Looks at Python, servers, keys, rules, disk and Dagster's home. Exit status 3 if something is missing."""
    settings = load_settings()
    places = open_places(settings)
    found = list(_examine(settings, places))
    healthy = all(diagnosis.status != "error" for diagnosis in found)
    document: dict[str, Any] = {"ok": healthy, "checks": [vars(diagnosis) for diagnosis in found]}
    output.answer(document, json_wanted=json_wanted)
    if not json_wanted:
        output.show_table(["", "", "found", "remedy"], [(d.name, d.status, d.message, d.remedy) for d in found])
    return 0 if healthy else EnvironmentLack.exit_status


def _examine(settings: Settings, places: Places) -> Iterator[Diagnosis]:
    yield Diagnosis("python", "ok", sys.version.split()[0])
    yield _disk(settings)
    yield _kernels()
    yield _try("postgres programs", lambda: str(places.tools.path("pg_dump")))
    if places.uses_embedded:
        yield _try("embedded server", lambda: _embedded(places))
    if not places.source_is_sample:
        yield _try("source", lambda: _server(places.source))
    yield _try("images server", lambda: _server(places.server))
    yield _extensions(places)
    yield _try("control database", lambda: _control(places))
    for name in ("masking", "store", "signing"):
        yield _key(settings, places, name)
    yield _webhook_secret(settings)
    yield _try("rules", lambda: _rules(settings))
    yield _try("dagster home", lambda: _dagster_home(settings))


def _try(name: str, look: Callable[[], str]) -> Diagnosis:
    try:
        return Diagnosis(name, "ok", look())
    except TestdataError as error:
        return Diagnosis(name, "error", f"{error.what} ({error.where})", error.remedy)


def _embedded(places: Places) -> str:
    if places.embedded is None:
        return "not used"
    status = places.embedded.status()
    return f"Postgres {status.version} ({status.origin}), port {status.port}"


def _server(dsn: Dsn) -> str:
    with connect(dsn) as conn:
        row = conn.execute("SELECT current_setting('server_version')").fetchone()
    return f"Postgres {row[0] if row else '?'} at {dsn.redacted()}"


def _extensions(places: Places) -> Diagnosis:
    """What the source uses must be made on the images' server; of the embedded one, what it lacks is told anyway."""
    try:
        wanted = set() if places.source_is_sample else _names(places.source, "SELECT extname FROM pg_extension")
        available = _names(places.server, "SELECT name FROM pg_available_extensions")
        with connect(places.server) as conn:
            broken = unusable(conn, sorted((wanted | (_OFTEN_WANTED if places.uses_embedded else set())) & available))
    except TestdataError as error:
        return Diagnosis("extensions", "error", f"{error.what} ({error.where})", error.remedy)
    missing = [f"extension {name}" for name in sorted(wanted - available)]
    needed = missing + [str(each) for each in broken if each.name in wanted]
    found = missing + [str(each) for each in broken]
    if not found:
        return Diagnosis("extensions", "ok", f"{len(wanted)} of the source can be made")
    remedies = [f"{each.remedy} (Debian, Ubuntu)" for each in broken if each.remedy]
    return Diagnosis(
        "extensions",
        "error" if needed else "warning",
        f"the images' server lacks {', '.join(found)}",
        "; ".join(remedies) or "Install them on the images' server.",
    )


def _names(dsn: Dsn, query: LiteralString) -> set[str]:
    with connect(dsn) as conn:
        return {str(row[0]) for row in conn.execute(query)}


def _control(places: Places) -> str:
    connect_control(places.control).close()
    return places.control.redacted()


def _key(settings: Settings, places: Places, name: KeyName) -> Diagnosis:
    try:
        key = load_key(settings, name)
        if is_guessable(key):
            message = f"id {key_id(key)}, and easy to guess: it repeats a few bytes"
            return Diagnosis(f"{name} key", "warning", message, "Make a new one: openssl rand -hex 32.")
        return Diagnosis(f"{name} key", "ok", f"id {key_id(key)}")
    except TestdataError as error:
        made = name != "masking" and places.uses_embedded and error.error_code.endswith("key-missing")
        if made:
            return Diagnosis(f"{name} key", "ok", "none yet; made on first use, under the state folder")
        return Diagnosis(f"{name} key", "error", error.what, error.remedy)


def _webhook_secret(settings: Settings) -> Diagnosis:
    if settings.github_webhook_secret is not None:
        return Diagnosis("webhook secret", "ok", "set")
    return Diagnosis(
        "webhook secret",
        "warning",
        "not set: `testdata up` runs without the webhook receiver",
        "Set TESTDATA_GITHUB_WEBHOOK_SECRET to the secret of the GitHub webhook.",
    )


def _rules(settings: Settings) -> str:
    from testdata_assets.masking.rules import load_rules

    return f"{len(load_rules(settings.rules_dir).tables)} tables in {settings.rules_dir}"


def _dagster_home(settings: Settings) -> str:
    from testdata_assets.cli.dagster_home import dagster_home

    return str(dagster_home(settings))


def _kernels() -> Diagnosis:
    if kernels.available():
        return Diagnosis("masking", "ok", "compiled kernels")
    return Diagnosis(
        "masking", "ok", "without compiled kernels, a few times slower", "pip install 'testdata-assets[fast]'"
    )


def _disk(settings: Settings) -> Diagnosis:
    folder = settings.state_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    message = f"{free / (1 << 30):.1f} GiB free under {folder}"
    if free < _LEAST_FREE_BYTES:
        return Diagnosis("disk", "error", message, "Free some space, or set TESTDATA_HOME to another disk.")
    return Diagnosis("disk", "ok", message)
