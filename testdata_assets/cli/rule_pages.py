"""What `testdata rules explain` and `list-transformers` print for a human, readable at 100 columns."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from testdata_assets.errors import TestdataError
from testdata_assets.masking.explain import Alternative, Explanation
from testdata_assets.masking.transformer_docs import (
    COINCIDENCE,
    DISTRIBUTION,
    UNIQUENESS,
    TransformerDoc,
    distinct_words,
    promises,
)
from testdata_assets.masking.transformers.base import Coincidence, Guarantees, Kept, Uniqueness

_WIDTH = 100  # where the output is no terminal
_SHOWN_TYPES = 4
_SHOWN_MEMBERS = 12


def console() -> Console:
    """Stdout as it is now (stderr with `--json`)."""
    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else _WIDTH)


def show_transformers(docs: Iterable[TransformerDoc], unusable: Iterable[TestdataError]) -> None:
    """The list of all transformers."""
    table = Table(header_style="bold", show_lines=False, pad_edge=False, box=None, padding=(0, 2, 0, 0))
    table.add_column("transformer", no_wrap=True, style="cyan")
    table.add_column("what it does", ratio=1)
    table.add_column("types", max_width=18)
    table.add_column("distinct, real values", no_wrap=True)
    for doc in docs:
        table.add_row(
            doc.name,
            Text(doc.summary) + Text(f" ({doc.origin})" if doc.origin != "built in" else "", style="dim"),
            Text(_short_types(doc), style="dim"),
            _guarantees(doc),
        )
    out = console()
    out.print(table)
    out.print()
    legend = Table.grid(padding=(0, 2, 0, 0))
    for uniqueness in Uniqueness:
        legend.add_row(_uniqueness(str(uniqueness)), Text(UNIQUENESS[uniqueness][1], style="dim"))
    for word, meaning in COINCIDENCE.values():
        legend.add_row(word, Text(meaning, style="dim"))
    out.print(legend)
    out.print(Text("\nOne of them in detail: testdata rules list-transformers NAME"))
    for fault in unusable:
        out.print(Text.assemble(("\nunusable: ", "bold red"), f"{fault.what} ({fault.where}). {fault.remedy}"))


def show_transformer(doc: TransformerDoc) -> None:
    """One transformer with its parameters and promises."""
    guarantees = Guarantees(
        Uniqueness(doc.uniqueness),
        Coincidence(doc.coincidence),
        doc.deterministic,
        doc.preserves_length,
        doc.preserves_format,
    )
    parts: list[RenderableType] = [Text(doc.summary)]
    if doc.description:
        parts += [Text(), Text(_flowing(doc.description), style="dim")]
    facts = _facts()
    facts.add_row("types", ", ".join(doc.types) or "any")
    facts.add_row("NULL", f"{doc.nulls}.")
    facts.add_row("promises", "\n".join(promises(guarantees)))
    if doc.uniqueness_at_best != doc.uniqueness:
        facts.add_row("distinct", f"Values are {distinct_words(doc)}.")
    facts.add_row("distribution", f"{DISTRIBUTION[Kept(doc.distribution)][1].capitalize()}.")
    if doc.reads_row:
        facts.add_row("row", "Reads other columns of the row, so it cannot be nested in another rule.")
    facts.add_row("from", doc.origin)
    parts += [Text(), facts]
    if doc.parameters:
        table = Table(header_style="bold", box=None, padding=(0, 2, 0, 0), pad_edge=False)
        table.add_column("parameter", style="cyan", no_wrap=True)
        table.add_column("type", max_width=28)
        table.add_column("default", max_width=20)
        table.add_column("meaning", ratio=1)
        for each in doc.parameters:
            default = Text("required", style="yellow") if each.required else Text(each.default or "")
            table.add_row(Text(each.name), Text(each.type), default, Text(each.description))
        parts += [Text(), table]
    console().print(Panel(Group(*parts), title=Text(doc.name, style="bold cyan"), title_align="left", padding=(1, 2)))


def show_explanation(found: Explanation) -> None:
    """One column: the rule that covers it and what follows."""
    facts = _facts()
    facts.add_row("type", found.type + (f", at most {found.length_limit} characters" if found.length_limit else ""))
    if found.mode != "mask":
        facts.add_row("table", f"mode {found.mode}")
    facts.add_row("rule", _rule(found))
    if found.place:
        facts.add_row("written at", found.place)
    if found.inherited_from:
        facts.add_row("inherited", f"from {found.inherited_from}, which it references")
    if found.condition:
        facts.add_row("when" if not found.path else "path", found.condition)
    for branch in found.otherwise:
        facts.add_row("else", branch.transformer + (f" {_params(branch.params)}" if branch.params else ""))
    if found.pii:
        facts.add_row("category", found.pii)
    if found.reason:
        facts.add_row("reason", found.reason)
    if found.domain:
        facts.add_row("domain", found.domain)
        members = [*found.shared_with[:_SHOWN_MEMBERS]]
        more = len(found.shared_with) - len(members)
        shown = "\n".join([*members, *([f"and {more} more"] if more > 0 else [])])
        facts.add_row("shared with", shown or "no other column")
        facts.add_row("equality", found.canonical or "")
    if found.reads:
        facts.add_row("reads", ", ".join(found.reads))
    if found.null:
        facts.add_row("NULL", found.null)
    if found.empty:
        facts.add_row("''", found.empty)
    if found.promises:
        facts.add_row("promises", "\n".join(found.promises))
    if found.unique:
        facts.add_row("unique in", "\n".join(found.unique))
    if found.references:
        facts.add_row("references", "\n".join(found.references))
    parts: list[RenderableType] = [Text(found.summary or ""), Text(), facts]
    for problem in found.problems:
        place = f" [{problem['place']}]" if problem["place"] else ""
        told = f"{problem['message']}. {problem['remedy']}{place}"
        parts += [Text(), Text.assemble(("A refresh would refuse: ", "bold red"), told)]
    for warning in found.warnings:
        parts += [Text(), Text.assemble(("Weak: ", "bold yellow"), warning)]
    if found.alternatives:
        parts += [Text(), Text("Would fit as well", style="bold"), Padding(_alternatives(found.alternatives), (0, 0))]
    title = found.column + (f" : {found.path}" if found.path else "")
    colour = "red" if found.problems else "cyan"
    console().print(Panel(Group(*parts), title=Text(title, style=f"bold {colour}"), title_align="left", padding=(1, 2)))


def _facts() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(ratio=1)
    return table


def _rule(found: Explanation) -> Text:
    if found.transformer is None:
        return Text("none", style="bold red" if found.problems else "")
    text = Text(found.transformer, style="cyan")
    if found.params:
        text.append(f" {_params(found.params)}", style="dim")
    if found.origin not in (None, "built in"):
        text.append(f" ({found.origin})", style="dim")
    return text


def _params(params: dict[str, object]) -> str:
    told = {key: value for key, value in params.items() if value not in (None, [], {}, ())}
    return ", ".join(f"{key}: {_short(value)}" for key, value in told.items())


def _short(value: object) -> str:
    if isinstance(value, dict):
        return f"{len(value)} entries"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _alternatives(alternatives: Iterable[Alternative]) -> Text:
    """Names in a flowing list, coloured by what they do to distinct values."""
    text = Text()
    for each in alternatives:
        text.append(", " if text else "")
        text.append(each.name, style=_STYLES[Uniqueness(each.uniqueness)])
        text.append("*" if each.needs_parameters else "", style="dim")
    return text.append("   (* needs parameters)", style="dim") if "*" in text.plain else text


_STYLES = {Uniqueness.INJECTIVE: "green", Uniqueness.HASHED: "green", Uniqueness.LOSSY: "yellow"}


def _guarantees(doc: TransformerDoc) -> Text:
    """Two or three short lines, so that the summary has room."""
    text = _uniqueness(doc.uniqueness)
    if doc.uniqueness_at_best != doc.uniqueness:
        text.append(f"\n(or {UNIQUENESS[Uniqueness(doc.uniqueness_at_best)][0]})", style="dim")
    text.append(f"\n{COINCIDENCE[Coincidence(doc.coincidence)][0]}", style="dim")
    return text if doc.deterministic else text.append("\nnot deterministic", style="red")


def _uniqueness(kind: str) -> Text:
    return Text(UNIQUENESS[Uniqueness(kind)][0], style=_STYLES[Uniqueness(kind)])


def _short_types(doc: TransformerDoc) -> str:
    shown = ", ".join(doc.types[:_SHOWN_TYPES])
    return (shown + ", …" if len(doc.types) > _SHOWN_TYPES else shown) or "any"


def _flowing(text: str) -> str:
    """Paragraphs without the line breaks of the source; lists keep theirs."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(each if each.lstrip().startswith(("-", "*")) else " ".join(each.split()) for each in paragraphs)
