"""`testdata golden ...`: the golden images there are."""

from __future__ import annotations

from typing import Annotated

import typer

from testdata_assets.cli import output
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import load_settings

app = typer.Typer(help="Golden images.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_images(json_wanted: output.JsonFlag = False) -> None:
    """Lists all images, newest first: published, rejected and retired ones."""
    from testdata_assets.golden.registry import GoldenRegistry

    with connect_control(open_places(load_settings()).control) as control:
        documents = [image.as_json() for image in GoldenRegistry(control).list()]
    output.answer(documents, json_wanted=json_wanted)
    if not json_wanted:
        output.show_table(
            ["golden image", "status", "created", "tables", "rows", "bytes", "reason"],
            [
                (d["golden_id"], d["status"], d["created_at"], d["tables"], f"{d['rows']:,}", d["bytes"], d["reason"])
                for d in documents
            ],
        )


@app.command("show")
def show(
    golden_id: Annotated[str, typer.Argument(help="Id of the image.", metavar="GOLDEN_ID")],
    json_wanted: output.JsonFlag = False,
) -> None:
    """Shows one image: its checks, masked columns and seconds by stage."""
    from testdata_assets.golden.registry import GoldenRegistry

    with connect_control(open_places(load_settings()).control) as control:
        image = GoldenRegistry(control).get(golden_id)
    document = {
        **image.as_json(),
        "database": image.database_name,
        "seconds": image.seconds,
        "masked_columns": image.masked_columns,
        "row_counts": image.row_counts,
        "checks": image.checks or [],
        "attested": image.attestation is not None,
        "dagster_run_id": image.dagster_run_id,
    }
    output.answer(document, json_wanted=json_wanted)
    if not json_wanted:
        output.show_table(["", golden_id], [(key, value) for key, value in image.as_json().items()])
        output.show_table(
            ["check", "result", "severity", "summary"],
            [
                (c["name"], "passed" if c["passed"] else "FAILED", c["severity"], c.get("summary", ""))
                for c in image.checks or []
            ],
        )
        output.show_table(
            ["masked column", "transformer", "personal data", "domain"],
            [(f"{c['table']}.{c['column']}", c["transformer"], c["pii"], c["domain"]) for c in image.masked_columns],
        )
