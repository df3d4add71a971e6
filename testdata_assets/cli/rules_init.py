"""`testdata rules init`: a first draft of masking.yaml from the source's catalog and small samples."""

from __future__ import annotations

from typing import Annotated

import typer

from testdata_assets.cli import output
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import load_settings


def init(
    force: Annotated[bool, typer.Option("--force", help="Write over an existing masking.yaml.")] = False,
    sample: Annotated[int, typer.Option(min=20, max=5000, help="Distinct values to look at in each column.")] = 400,
    seconds: Annotated[
        float, typer.Option(min=1, help="Tables not reached by then are judged by names alone.")
    ] = 300.0,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print the rules instead of writing them.")] = False,
    json_wanted: output.JsonFlag = False,
) -> int:
    """Reads the source's catalog and samples (read-only) and drafts masking.yaml with a reason for every rule.

    Exit status 1 if there are rules already (see --force), or if a refresh would still refuse the draft.
    """
    from testdata_assets.masking.discovery.discover import discover
    from testdata_assets.masking.discovery.write import already_there, write_rules
    from testdata_assets.masking.rules import RULES_FILE
    from testdata_assets.production.source import ensure_sample, open_source

    settings = load_settings()
    target = settings.rules_dir / RULES_FILE
    if target.exists() and not force and not stdout:
        raise already_there(target)
    places = open_places(settings)
    ensure_sample(places)
    with open_source(places.source) as source:
        found = discover(source, sample=sample, seconds=seconds)
    if not stdout:
        write_rules(settings.rules_dir, found.text, force=force)
    document = {
        "file": None if stdout else str(target),
        **found.counts(),
        "columns_detail": [each.as_json() for each in found.columns],
        "problems": [problem.as_json() for problem in found.problems],
    }
    output.answer(document, json_wanted=json_wanted)
    if json_wanted:
        return 1 if found.problems else 0
    if stdout:
        output.say(found.text.rstrip("\n"))
        return 1 if found.problems else 0
    output.show_table(
        ["table", "column", "category", "transformer", "confidence"],
        [
            (each.table, each.column, each.pii or "", each.transform, f"{each.confidence:.2f}")
            for each in found.columns
            if each.inherits is None
        ],
    )
    counts = found.counts()
    output.say(
        f"{counts['columns']} columns of {counts['tables']} tables: {counts['masked']} masked, {counts['kept']} kept,"
        f" {counts['blocked']} blocked, {counts['undecided']} undecided."
    )
    blocked = {(each.table, each.column) for each in found.columns if each.blocked}
    for table, column in sorted(blocked):
        output.say(f"blocked: {table}.{column} has no rule, because no mask fits; the file says why.")
    for problem in found.problems:
        if (problem.table, problem.column) not in blocked:
            output.say(f"still refused: {problem}")
    output.say(f"Wrote {target}. Read it, then run `testdata rules check`.")
    return 1 if found.problems else 0
