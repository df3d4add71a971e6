"""`testdata golden ...`: the golden images there are, their verification and their compliance report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from testdata_assets.cli import output
from testdata_assets.errors import EnvironmentLack
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


@app.command("verify")
def verify(
    golden_id: Annotated[str, typer.Argument(help="Id of the image.", metavar="GOLDEN_ID")],
    json_wanted: output.JsonFlag = False,
) -> int:
    """Checks an image against its attestation: signature, seal, catalogs and every row, in a passing copy.

    Exit status 1 if anything is not as attested; the image is branched no more then.
    """
    from testdata_assets.golden.verify import verify_image

    settings = load_settings()
    found = verify_image(settings, open_places(settings), golden_id)
    output.answer(found.as_json(), json_wanted=json_wanted)
    if not json_wanted:
        if found.passed:
            output.say(f"{golden_id} is what was attested: {found.tables} tables, every row, {found.seconds:.1f} s.")
            output.say(f"Signed by the key {found.signed_by}.")
        for note in found.notes:
            output.say(note)
        if not found.passed:
            output.show_table(["not as attested"], [(problem,) for problem in found.problems])
            output.report_error(found.refusal(), json_wanted=False)
    return 0 if found.passed else 1


@app.command("report")
def report(
    golden_id: Annotated[str, typer.Argument(help="Id of the image.", metavar="GOLDEN_ID")],
    output_folder: Annotated[
        Path | None,
        typer.Option("--output", help="Folder to write to. Unset: reports/GOLDEN_ID in the state folder."),
    ] = None,
    json_wanted: output.JsonFlag = False,
) -> None:
    """Writes the compliance report of an image, one HTML page and one Markdown page, for a security reviewer.

    What is personal, which rule treats it, what proves it; mapped to GDPR, HIPAA, PCI DSS, SOC 2 and CCPA.
    """
    from testdata_assets.golden import attest
    from testdata_assets.golden.compliance import facts, markdown, page
    from testdata_assets.golden.registry import GoldenRegistry

    settings = load_settings()
    with connect_control(open_places(settings).control) as control:
        image = GoldenRegistry(control).get(golden_id)
    found = facts.gather(image, attest.trusted_by(settings))
    folder = output_folder or settings.state_dir / "reports" / golden_id
    html, text = folder / "compliance.html", folder / "compliance.md"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        html.write_text(page.render(found), encoding="utf-8")
        text.write_text(markdown.render(found), encoding="utf-8")
    except OSError as error:
        raise EnvironmentLack(
            f"The report cannot be written ({error.strerror})",
            where=str(folder),
            remedy="Give a folder that can be written to with --output.",
            code="report-unwritable",
        ) from None
    document = {
        "golden_id": golden_id,
        "html": str(html.absolute()),
        "markdown": str(text.absolute()),
        "attested": found.signed_by is not None,
        "columns": len(found.columns),
        "masked": len(found.masked),
        "categories": [each.name for each in found.categories],
    }
    output.answer(document, json_wanted=json_wanted)
    if not json_wanted:
        if found.signed_by is None:
            output.say(f"This report is no evidence: {found.refusal or 'the image has no attestation'}.")
        output.say(f"Written: {html}")
        output.say(f"         {text}")
