"""`testdata branch ...`: writable copies of the published golden image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from testdata_assets.cli import output
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import load_settings

if TYPE_CHECKING:
    from testdata_assets.branches.lifecycle import BranchService
    from testdata_assets.branches.registry import Branch

app = typer.Typer(help="Branches: writable copies of the golden image.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="Name of the branch.", metavar="NAME")]


@app.command("create")
def create(
    name: Name,
    golden: Annotated[str | None, typer.Option(help="Golden image; the published one by default.")] = None,
    ttl_hours: Annotated[int | None, typer.Option(help="Hours until it may be collected.", min=1)] = None,
    json_wanted: output.JsonFlag = False,
) -> None:
    """Makes a branch and prints its URL; a ready one of that name is returned as it is."""
    with _service() as service:
        branch = service.create(name, golden_id=golden, ttl_hours=ttl_hours)
        document = branch.as_json(service.url(name))
    output.answer(document, json_wanted=json_wanted)
    if not json_wanted:
        how = "copy-on-write" if document["copy_on_write"] else "full copy"
        made = f"made in {document['seconds']:.2f} s ({how})" if branch.created else "exists already"
        output.say(f"Branch {name} {made}, expires {document['expires_at']}.")
        output.say(document["url"])


@app.command("list")
def list_branches(
    all_states: Annotated[bool, typer.Option("--all", help="Deleted ones as well.")] = False,
    json_wanted: output.JsonFlag = False,
) -> None:
    """Lists branches with their state. With --json, ready ones come with their URL."""
    with _service() as service:
        documents = [_document(service, branch) for branch in service.list(include_deleted=all_states)]
    output.answer(documents, json_wanted=json_wanted)
    if not json_wanted:
        output.show_table(
            ["name", "status", "golden image", "copy-on-write", "bytes", "expires"],
            [
                (d["name"], d["status"], d["golden_id"], d["copy_on_write"], d["bytes"], d["expires_at"])
                for d in documents
            ],
        )


@app.command("show")
def show(name: Name, json_wanted: output.JsonFlag = False) -> None:
    """Shows one branch and the journal of what was done to it."""
    with _service() as service:
        document = service.get(name).as_json()
        document["journal"] = service.journal(name)
    output.answer(document, json_wanted=json_wanted)
    if not json_wanted:
        journal = document.pop("journal")
        output.show_table(["", name], list(document.items()))
        output.show_table(
            ["at", "operation", "step"], [(entry["at"], entry["operation"], entry["step"]) for entry in journal]
        )


@app.command("url")
def url(name: Name, json_wanted: output.JsonFlag = False) -> None:
    """Prints the URL of a ready branch, password included."""
    with _service() as service:
        secret = service.url(name).secret()
    output.answer({"name": name, "url": secret}, json_wanted=json_wanted)
    if not json_wanted:
        output.say(secret)


@app.command("reset")
def reset(name: Name, json_wanted: output.JsonFlag = False) -> None:
    """Makes a branch as new from its own image; role, password and URL stay."""
    with _service() as service:
        service.reset(name)
        document = _document(service, service.get(name))
    output.answer(document, json_wanted=json_wanted)
    if not json_wanted:
        output.say(f"Branch {name} is as new.")


@app.command("delete")
def delete(name: Name, json_wanted: output.JsonFlag = False) -> None:
    """Deletes a branch: its database, its role and its password."""
    with _service() as service:
        document = service.delete(name).as_json()
    output.answer(document, json_wanted=json_wanted)
    if not json_wanted:
        output.say(f"Branch {name} is deleted.")


@app.command("gc")
def gc(json_wanted: output.JsonFlag = False) -> None:
    """Deletes expired branches, finishes interrupted operations and removes what crashes left."""
    with _service() as service:
        document = {"settled": service.reconcile(), **service.gc()}
    output.answer(document, json_wanted=json_wanted)
    if not json_wanted:
        output.say(
            f"{len(document['expired'])} expired branches deleted, {len(document['settled'])} interrupted operations "
            f"settled, {len(document['leftovers'])} leftovers and {len(document['orphaned_files'])} folders of "
            "orphaned files looked at."
        )


def _document(service: BranchService, branch: Branch) -> dict[str, Any]:
    """The branch as JSON, with its URL if it is ready."""
    return branch.as_json(service.url(branch.name) if branch.status == "ready" else None)


@contextmanager
def _service() -> Iterator[BranchService]:
    from testdata_assets.branches.lifecycle import BranchService

    settings = load_settings()
    places = open_places(settings)
    with connect_control(places.control) as control:
        yield BranchService(places, settings, control)
