"""`testdata webhook serve`: the receiver of GitHub's deliveries."""

from __future__ import annotations

from typing import Annotated

import typer

from testdata_assets.cli import output
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import load_settings

app = typer.Typer(help="The receiver of GitHub's webhook.", no_args_is_help=True, rich_markup_mode=None)


@app.command("serve")
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; put a TLS proxy before anything public.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int | None, typer.Option(help="Port; 0 picks a free one.")] = None,
    json_wanted: output.JsonFlag = False,
) -> None:
    """Receives signed pull_request deliveries and files them for the event sensor, until Ctrl-C."""
    from testdata_assets.pull_requests.webhook import serve as run

    def listening(address: str, bound: int) -> None:
        url = f"http://{address}:{bound}/webhooks/github"
        output.answer({"url": url, "host": address, "port": bound}, json_wanted=json_wanted)
        output.say(f"Listening on {url}")

    settings = load_settings()
    run(settings, open_places(settings), host, port, on_listening=listening)
