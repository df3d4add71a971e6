"""`testdata pr ...`: opening and closing a pull request by hand, through the inbox that GitHub's deliveries fill."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from testdata_assets.cli import output
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import load_settings

app = typer.Typer(help="Pull requests, by hand.", no_args_is_help=True, rich_markup_mode=None)

Number = Annotated[int, typer.Argument(help="Number of the pull request.", metavar="N")]
Repository = Annotated[str | None, typer.Option(help="owner/repo; without it the branch is called pr-N.")]


@app.command("open")
def open_pull_request(number: Number, repository: Repository = None, json_wanted: output.JsonFlag = False) -> None:
    """Says that a pull request was opened; the event sensor of a running `testdata up` then makes its branch."""
    _file("open", number, repository, json_wanted=json_wanted)


@app.command("close")
def close_pull_request(number: Number, repository: Repository = None, json_wanted: output.JsonFlag = False) -> None:
    """Says that a pull request was closed; the event sensor of a running `testdata up` then deletes its branch."""
    _file("close", number, repository, json_wanted=json_wanted)


def _file(action: Literal["open", "close"], number: int, repository: str | None, *, json_wanted: bool) -> None:
    from testdata_assets.cli.services import running_services
    from testdata_assets.pull_requests.inbox import record_cli_event

    settings = load_settings()
    with connect_control(open_places(settings).control) as control:
        branch = record_cli_event(control, action, number, repository)
    listening = running_services(settings) is not None
    document = {"action": action, "number": number, "repository": repository, "branch": branch, "status": "queued"}
    output.answer({**document, "services_running": listening}, json_wanted=json_wanted)
    if not json_wanted:
        output.say(f"Filed. Branch {branch} follows: see `testdata branch list`.")
        if not listening:
            output.say("No `testdata up` runs for this state folder; the event waits in the inbox until one does.")
