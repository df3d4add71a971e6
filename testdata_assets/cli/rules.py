"""`testdata rules ...`: the masking rules and what they mean for this source."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from testdata_assets.cli import output
from testdata_assets.cli.rules_init import init
from testdata_assets.errors import TestdataError, reason_line
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import load_settings

if TYPE_CHECKING:
    from testdata_assets.masking.rules import MaskingRules
    from testdata_assets.production.catalog import Catalog

app = typer.Typer(help="Masking rules.", no_args_is_help=True, rich_markup_mode=None)
app.command("init")(init)


@app.command("check")
def check(json_wanted: output.JsonFlag = False) -> int:
    """Holds the rules against the source's catalog as a refresh would, without reading a row.

    Exit status 1 if a refresh would refuse: a column no rule covers, a rule that fits no column, any other error; and
    if free text, or a column that looks personal, is kept by a rule that gives no `reason`.
    Mistakes of the file do not hide those of its readable rest; only a file that is no YAML ends with status 2.
    What validation.yaml and the suites in expectations/ say is looked at, too.
    """
    from testdata_assets.masking.rules import RulesError
    from testdata_assets.masking.rules_check import check_rules
    from testdata_assets.validation.rules_check import check_validation

    try:
        rules, mistakes = _rules(), []
        catalog = _catalog()
    except RulesError as error:
        if error.rest is None:
            raise
        rules, mistakes = error.rest, error.problems
        try:
            catalog = _catalog()
        except TestdataError:
            raise error from None
    found = check_rules(rules, catalog, mistakes)
    validation = check_validation(load_settings().rules_dir, catalog, datetime.now(UTC).date())
    document = found.as_json()
    document["errors"] += validation.errors
    document["warnings"] += validation.warnings
    ok = document["ok"] = found.ok and not validation.errors
    output.answer(document, json_wanted=json_wanted)
    if not json_wanted:
        for title in ("unclassified", "stale", "errors", "weak", "warnings"):
            if document[title]:
                output.say(f"{title} ({len(document[title])})")
            for entry in document[title]:
                output.say(reason_line(entry))
        refuses = found.problems or validation.errors
        refused = "A refresh would refuse." if refuses else "A refresh would run; give reasons for what is weak."
        output.say("The rules cover the source." if ok else refused)
    return 0 if ok else 1


@app.command("explain")
def explain(
    column: Annotated[
        str,
        typer.Argument(
            metavar="TABLE.COLUMN",
            help="schema.table.column; a JSON path may follow: public.users.prefs:$.contact.email.",
        ),
    ],
    json_wanted: output.JsonFlag = False,
) -> None:
    """Says what becomes of a column and why: its rule and where that stands, its domain, promises, alternatives."""
    from testdata_assets.masking.explain import explain as explain_column

    found = explain_column(*_rules_and_catalog(), column)
    output.answer(found.as_json(), json_wanted=json_wanted)
    if not json_wanted:
        from testdata_assets.cli.rule_pages import show_explanation

        show_explanation(found)


@app.command("list-transformers")
def list_transformers(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Show this one in detail.")] = None,
    json_wanted: output.JsonFlag = False,
) -> None:
    """Lists the transformers a rule may name, with what each promises; your own among them."""
    from testdata_assets.masking.rules import look_beside
    from testdata_assets.masking.transformer_docs import describe, describe_all
    from testdata_assets.masking.transformers import registry

    if name is not None:
        look_beside(load_settings().rules_dir)
        doc = describe(registry.get(name), registry.origin(name))
        output.answer(doc.as_json(), json_wanted=json_wanted)
        if not json_wanted:
            from testdata_assets.cli.rule_pages import show_transformer

            show_transformer(doc)
        return
    docs = describe_all()
    output.answer([doc.as_json() for doc in docs], json_wanted=json_wanted)
    if not json_wanted:
        from testdata_assets.cli.rule_pages import show_transformers

        show_transformers(docs, registry.unusable().values())


def _rules_and_catalog() -> tuple[MaskingRules, Catalog]:
    return _rules(), _catalog()


def _rules() -> MaskingRules:
    from testdata_assets.masking.rules import load_rules

    return load_rules(load_settings().rules_dir)


def _catalog() -> Catalog:
    from testdata_assets.production.source import ensure_sample, open_source

    places = open_places(load_settings())
    ensure_sample(places)
    with open_source(places.source) as source:
        return source.catalog
