"""`testdata up` and `testdata down`: all services of one state folder in the foreground, and their end.

Addresses are loopback only: whoever reaches Dagster's port can launch runs and forge check results.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TextIO

import httpx
import typer

from testdata_assets.cli import output
from testdata_assets.cli.children import Children, Stopped, stop_signals
from testdata_assets.cli.dagster_home import CODE_FOLDER, CODE_LOCATION, dagster_environment
from testdata_assets.errors import EnvironmentLack, RefusedError
from testdata_assets.postgres.places import Places, open_places
from testdata_assets.settings import Settings, load_settings

LOOPBACK = "127.0.0.1"
READY_SECONDS = 180.0
_POLL_SECONDS = 0.3


def register(app: typer.Typer) -> None:
    """Adds the commands to the main app."""
    app.command("up")(up)
    app.command("down")(down)


def up(
    port: Annotated[int | None, typer.Option(help="Port of the Dagster UI; 0 picks a free one.")] = None,
    webhook_port: Annotated[int | None, typer.Option(help="Port of the webhook receiver; 0 picks one.")] = None,
    json_wanted: output.JsonFlag = False,
) -> None:
    """Runs embedded server, Dagster webserver and daemon, and the webhook receiver, until Ctrl-C ends them all."""
    settings = load_settings()
    with _only_one(settings) as state, stop_signals():
        places = open_places(settings)
        try:
            _serve(
                settings,
                places,
                _port(settings.webserver_port if port is None else port, "TESTDATA_WEBSERVER_PORT"),
                _port(settings.webhook_port if webhook_port is None else webhook_port, "TESTDATA_WEBHOOK_PORT"),
                state,
                json_wanted=json_wanted,
            )
        except Stopped:
            print("stopping ...", file=sys.stderr, flush=True)
        finally:
            if places.uses_embedded and places.embedded is not None:
                places.embedded.stop()


def down(json_wanted: output.JsonFlag = False) -> None:
    """Ends a running `testdata up` of this state folder and stops the embedded server."""
    from testdata_assets.postgres.embedded import EmbeddedServer

    settings = load_settings()
    services = running_services(settings)
    if services is not None:
        os.kill(services["pid"], signal.SIGTERM)
        deadline = time.monotonic() + 60
        while running_services(settings) is not None:
            if time.monotonic() > deadline:
                raise RefusedError(
                    "`testdata up` did not end within a minute",
                    where=f"process {services['pid']}",
                    remedy="Look at what it is doing; kill it if it hangs.",
                    code="still-running",
                )
            time.sleep(_POLL_SECONDS)
    stopped = EmbeddedServer(settings.state_dir, settings.pg_bin).stop()
    stopped = stopped or services is not None  # `testdata up` takes its server down with it
    output.answer({"services": services is not None, "server": stopped}, json_wanted=json_wanted)
    if not json_wanted:
        output.say("Stopped." if stopped else "Nothing was running.")


def running_services(settings: Settings) -> dict[str, Any] | None:
    """What a running `testdata up` of this state folder wrote down (pid, addresses), or None if none runs."""
    path = _state_file(settings)
    try:
        with path.open("r", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return None  # nobody holds it: what it says is of a process long gone
            except BlockingIOError:
                text = file.read()
    except FileNotFoundError:
        return None
    services: dict[str, Any] = json.loads(text) if text else {}
    return services if "pid" in services else None


def _serve(settings: Settings, places: Places, ui: int, webhook: int, state: TextIO, *, json_wanted: bool) -> None:
    environment = dagster_environment(settings, places)
    receives = settings.github_webhook_secret is not None
    addresses = {"ui": f"http://{LOOPBACK}:{ui}", "webhook": f"http://{LOOPBACK}:{webhook}" if receives else None}
    python = [sys.executable, "-P"]
    location = ["-m", CODE_LOCATION, "-d", str(CODE_FOLDER)]
    quiet = ["--log-level", "warning", "--code-server-log-level", "warning"]
    with Children(environment) as children:
        # The webserver first and alone: whoever comes first makes Dagster's tables.
        ui_command = [*python, "-m", "dagster_webserver", "-h", LOOPBACK, "-p", str(ui), *location]
        children.start("webserver", [*ui_command, "--dagster-log-level", "warning", *quiet])
        if receives:
            receiver = [*python, "-m", "testdata_assets.cli.main", "webhook", "serve", "--port", str(webhook)]
            children.start("webhook receiver", receiver)
        _wait_for(children, f"{addresses['ui']}/server_info")
        children.start("daemon", [*python, "-m", "dagster._daemon", "run", *location, *quiet])
        if receives:
            _wait_for(children, f"{addresses['webhook']}/healthz")
        _write_state(state, {"pid": os.getpid(), **addresses, "ready": True})
        output.answer({"pid": os.getpid(), **addresses}, json_wanted=json_wanted)
        output.say(f"Dagster UI        {addresses['ui']}")
        without = "not started: set TESTDATA_GITHUB_WEBHOOK_SECRET"
        output.say(
            f"webhook receiver  {addresses['webhook'] + '/webhooks/github' if addresses['webhook'] else without}"
        )
        output.say("Ctrl-C ends everything.")
        _watch(children)


def _watch(children: Children) -> None:
    while True:
        dead = children.first_dead()
        if dead is not None:
            raise RefusedError(
                f"The {dead[0]} ended with status {dead[1]}; everything else was stopped with it",
                where=dead[0],
                remedy="See its messages above.",
                code="service-ended",
            )
        time.sleep(_POLL_SECONDS)


def _wait_for(children: Children, address: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        dead = children.first_dead()
        if dead is not None:
            raise EnvironmentLack(
                f"The {dead[0]} ended with status {dead[1]} while starting",
                where=dead[0],
                remedy="See its messages above.",
                code="service-ended",
            )
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(address, timeout=5).is_success:
                return
        if time.monotonic() > deadline:
            raise EnvironmentLack(
                f"No answer within {READY_SECONDS:.0f} s",
                where=address,
                remedy="See the messages above; a slow machine may need another try.",
                code="service-not-ready",
            )
        time.sleep(_POLL_SECONDS)


def _port(wanted: int, variable: str) -> int:
    """The wanted port if it is free, a free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError as error:
            raise EnvironmentLack(
                f"Port {wanted} cannot be used ({error.strerror})",
                where=f"{LOOPBACK}:{wanted}",
                remedy=f"Set {variable} to another port, or to 0 for a free one.",
                code="port-in-use",
            ) from None
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether a service could listen there (0 always can)."""
    try:
        _port(port, "")
    except EnvironmentLack:
        return False
    return True


@contextlib.contextmanager
def _only_one(settings: Settings) -> Iterator[TextIO]:
    """Holds the state file's lock for as long as the services run; yields the file to write addresses into."""
    path = _state_file(settings)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise EnvironmentLack(
            f"The state folder cannot be written ({error.strerror})",
            where=str(path.parent),
            remedy="Set TESTDATA_HOME to a folder that you may write.",
            code="state-unwritable",
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError(
                "`testdata up` already runs for this state folder",
                where=str(path),
                remedy="Use it, or end it with `testdata down`.",
                code="already-up",
            ) from None
        _write_state(file, {"pid": os.getpid(), "ready": False})
        yield file
        _write_state(file, {})


def _write_state(file: TextIO, document: dict[str, Any]) -> None:
    file.seek(0)
    file.truncate()
    file.write(json.dumps(document))
    file.flush()


def _state_file(settings: Settings) -> Path:
    return settings.state_dir / "services.json"
