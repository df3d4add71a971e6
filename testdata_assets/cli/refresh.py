"""`testdata refresh`: a new golden image, made by the Dagster job so that the UI shows it."""

from __future__ import annotations

from typing import Any

import typer

from testdata_assets.cli import output
from testdata_assets.cli.runner_process import run_job
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import load_settings


def register(app: typer.Typer) -> None:
    """Adds the command to the main app."""
    app.command("refresh")(refresh)


def refresh(json_wanted: output.JsonFlag = False) -> int:
    """Snapshots production, masks it, validates the result and publishes it as the golden image.

    Exit status 1 if a check rejected the image; the published one then stays as it was.
    """
    settings = load_settings()
    document = run_job(settings, open_places(settings), ["refresh"])
    output.answer(document, json_wanted=json_wanted)
    if not json_wanted:
        show_refresh(document)
    return 0 if document["status"] == "published" else 1


def show_refresh(document: dict[str, Any]) -> None:
    """Prints what a refresh did, for a human."""
    seconds: dict[str, float] = document["seconds"]
    output.say(f"Golden image {document['golden_id']} is {document['status']}.")
    output.say(f"{document['tables']} tables, {document['rows']:,} rows in {seconds['total']:.1f} s")
    keys = document.get("keys") or {}
    if keys.get("guessable"):
        output.say(
            f"WARNING: masking key {', '.join(keys['guessable'])} is easy to guess: it repeats a few bytes, and who "
            "guesses it can look masks up. For real data make a new one: openssl rand -hex 32."
        )
    if keys.get("changed_domains"):
        output.say(f"Under a new masking key since the last image: {', '.join(keys['changed_domains'])}")
    if keys.get("held_domains"):
        output.say(f"Still under the previous masking key: {', '.join(keys['held_domains'])}")
    output.show_table(["step", "seconds"], [(step, f"{value:.2f}") for step, value in seconds.items()])
    output.show_table(
        ["check", "result", "severity"],
        [(c["name"], "passed" if c["passed"] else "FAILED", c["severity"]) for c in document["checks"]],
    )
    failed = [check for check in document["checks"] if not check["passed"]]
    for check in failed:
        output.say(f"{check['name']}: {check.get('summary', '')}")
    if failed:
        output.say(
            f"More: testdata golden show {document['golden_id']}, or Data Docs in the state folder (data_docs/latest). "
            "Mask what is named, or accept it with a reason in validation.yaml."
        )
