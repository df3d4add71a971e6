"""`testdata demo`: the whole way once, from a production database to a pull request's own branch, with the UI open."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from testdata_assets.cli import output
from testdata_assets.cli.refresh import show_refresh
from testdata_assets.cli.runner_process import run_job
from testdata_assets.cli.services import READY_SECONDS, port_is_free, running_services
from testdata_assets.cli.shapes import compare_some
from testdata_assets.errors import EnvironmentLack, RefusedError
from testdata_assets.keys import KeyName, load_key
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.places import Places, open_places
from testdata_assets.progress import standard_progress
from testdata_assets.settings import Settings, load_settings

PULL_REQUEST = 1
_BRANCH_SECONDS = 180.0
_POLL_SECONDS = 0.5
_KEYS: tuple[KeyName, ...] = ("masking", "store", "signing")


def register(app: typer.Typer) -> None:
    """Adds the command to the main app."""
    app.command("demo")(demo)


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running; `testdata down` ends it.")] = False,
    json_wanted: output.JsonFlag = False,
) -> int:
    """Fabricates a production database, refreshes the golden image, opens a pull request and shows its branch.

    Everything runs in the Dagster UI whose address is printed first. Without --keep nothing is left running.
    """
    settings = load_settings()
    for name in _KEYS:
        load_key(settings, name, create=True)
    places = open_places(settings)
    document: dict[str, Any]
    try:
        with _services(settings, keep=keep) as services:
            document = {"ui": services["ui"], **_tour(settings, places, services["ui"])}
    finally:
        if not keep and places.uses_embedded and places.embedded is not None:
            places.embedded.stop()
    document["kept"] = keep
    output.answer(document, json_wanted=json_wanted)
    if not json_wanted:
        _show(document)
    return 0 if document["refresh"]["status"] == "published" else 1


def _tour(settings: Settings, places: Places, ui: str) -> dict[str, Any]:
    from testdata_assets.production.source import ensure_sample

    with standard_progress() as progress:
        progress.note(f"Watch it in the Dagster UI: {ui}/asset-groups")
        ensure_sample(places)
    refreshed = run_job(settings, places, ["refresh"])
    if refreshed["status"] != "published":
        return {"refresh": refreshed, "branch": None, "compared": []}
    with standard_progress() as progress, progress.task("Branch of a pull request", None):
        branch, url = _open_pull_request(settings, places)
    with connect_control(places.control) as control:
        from testdata_assets.golden.registry import GoldenRegistry

        masked = GoldenRegistry(control).get(refreshed["golden_id"]).masked_columns
    compared = [vars(one) for one in compare_some(places.source, url, masked)]
    return {"refresh": refreshed, "branch": branch, "compared": compared}


def _open_pull_request(settings: Settings, places: Places) -> tuple[dict[str, Any], Any]:
    """Files the event as GitHub's webhook would and waits until sensor and run have made the branch."""
    from testdata_assets.branches.lifecycle import BranchService
    from testdata_assets.pull_requests.inbox import record_cli_event

    with connect_control(places.control) as control:
        service = BranchService(places, settings, control)
        before = {branch.name: branch.branch_id for branch in service.list() if branch.status == "ready"}
        name = record_cli_event(control, "open", PULL_REQUEST)
        deadline = time.monotonic() + _BRANCH_SECONDS
        while time.monotonic() < deadline:
            found = next((branch for branch in service.list() if branch.name == name), None)
            if found is not None and found.status == "ready":
                url = service.url(name)
                return {**found.as_json(url), "existed": before.get(name) == found.branch_id}, url
            time.sleep(_POLL_SECONDS)
    raise RefusedError(
        f"The branch {name} was not made within {_BRANCH_SECONDS:.0f} s",
        where=f"pull request {PULL_REQUEST}",
        remedy="Look at the runs of create_branch and the sensor pull_request_events in the Dagster UI.",
        code="branch-late",
    )


@contextmanager
def _services(settings: Settings, *, keep: bool) -> Iterator[dict[str, Any]]:
    """A running `testdata up`: the one that is there, or a child that ends with the block unless it is to be kept."""
    running = running_services(settings)
    if running is not None and running.get("ready"):
        yield running
        return
    log = settings.state_dir / "logs" / "up.log"
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with standard_progress() as progress, progress.task("Starting Dagster's webserver and daemon", None):
        child = _start(settings, log, detached=keep)
        try:
            services = _wait(settings, child, log)
        except BaseException:
            _end(child)
            raise
    try:
        yield services
    except BaseException:
        _end(child)
        raise
    if not keep:
        _end(child)


def _start(settings: Settings, log: Path, *, detached: bool) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-P", "-m", "testdata_assets.cli.main", "up"]
    if not port_is_free(settings.webserver_port):
        words += ["--port", "0"]
    if not port_is_free(settings.webhook_port):
        words += ["--webhook-port", "0"]
    with log.open("wb") as stream:
        return subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TESTDATA_HOME": str(settings.state_dir)},
            start_new_session=detached,
        )


def _wait(settings: Settings, child: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        services = running_services(settings)
        if services is not None and services.get("ready"):
            return services
        time.sleep(_POLL_SECONDS)
    raise EnvironmentLack(
        "Dagster's services did not start", where=str(log), remedy="See that file.", code="service-not-ready"
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        child.wait(90)


def _show(document: dict[str, Any]) -> None:
    show_refresh(document["refresh"])
    branch = document["branch"]
    if branch is None:
        return
    how = "copy-on-write" if branch["copy_on_write"] else "full copy: this file system cannot share blocks"
    output.say(f"Pull request {PULL_REQUEST} got branch {branch['name']} in {branch['seconds']:.2f} s ({how}).")
    output.show_table(
        ["column", "transformer", "shape in production", "in the branch"],
        [(c["column"], c["transformer"], c["before"], c["after"]) for c in document["compared"]],
        title="Before and after (of production only the shape is shown)",
    )
    output.say("Where to look next:")
    if document["kept"]:
        output.say(f"  Dagster UI            {document['ui']}")
        output.say(f"  the branch            psql '{branch['url']}'")
        output.say(f"  close the request     testdata pr close {PULL_REQUEST}")
        output.say("  end everything        testdata down")
    else:
        output.say("  testdata up           the Dagster UI, with the runs you have just watched")
        output.say(f"  testdata branch url {branch['name']}")
        output.say("  rules/masking.yaml    the rules that made these values; docs/quickstart for your own database")
