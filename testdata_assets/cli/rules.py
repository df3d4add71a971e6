"""`testdata rules ...`: the masking rules and what they mean for this source."""

from __future__ import annotations

from typing import Any

import typer

from testdata_assets.cli import output
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import load_settings

app = typer.Typer(help="Masking rules.", no_args_is_help=True, rich_markup_mode=None)


@app.command("check")
def check(json_wanted: output.JsonFlag = False) -> int:
    """Holds the rules against the source's catalog as a refresh would, without reading a row.

    Exit status 1 if a refresh would refuse: a column no rule covers, a rule that fits no column, any other error.
    """
    from testdata_assets.masking.rules import load_rules
    from testdata_assets.masking.rules_check import check_rules
    from testdata_assets.production.source import ensure_sample, open_source

    settings = load_settings()
    rules = load_rules(settings.rules_dir)
    places = open_places(settings)
    ensure_sample(places)
    with open_source(places.source) as source:
        found = check_rules(rules, source.catalog)
    document = found.as_json()
    output.answer(document, json_wanted=json_wanted)
    if not json_wanted:
        for title in ("unclassified", "stale", "errors", "warnings"):
            for entry in document[title]:
                output.say(f"{title}: {_line(entry)}")
        output.say("The rules cover the source." if found.ok else "A refresh would refuse.")
    return 0 if found.ok else 1


@app.command("list-transformers")
def list_transformers(json_wanted: output.JsonFlag = False) -> None:
    """Lists the transformers a rule may name, with what each promises."""
    from testdata_assets.masking.transformers import registry

    documents = [
        {
            "name": name,
            "summary": transformer.summary,
            "uniqueness": str(transformer.guarantees.uniqueness),
            "coincidence": str(transformer.guarantees.coincidence),
            "parameters": transformer.params_model.model_json_schema().get("properties", {}),
        }
        for name, transformer in registry.all().items()
    ]
    output.answer(documents, json_wanted=json_wanted)
    if not json_wanted:
        output.show_table(
            ["transformer", "what it does", "distinct values", "real values"],
            [(d["name"], d["summary"], d["uniqueness"], d["coincidence"]) for d in documents],
        )


def _line(entry: dict[str, Any]) -> str:
    place = ".".join(str(entry[part]) for part in ("table", "column") if entry.get(part))
    at = f" [{entry['file']}:{entry['line']}]" if entry.get("file") else ""
    remedy = f" {entry['remedy']}" if entry.get("remedy") else ""
    kind = f" ({entry['type']})" if entry.get("type") else ""
    return f"{place}{kind}: {entry.get('message', '')}{remedy}{at}"
