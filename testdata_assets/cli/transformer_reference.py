"""The reference page of the transformers, `docs/reference/transformers.md`, made from the registry.

`python -m testdata_assets.cli.transformer_reference` writes it; a test fails when it is stale. Users' own
transformers are not on it: `testdata rules list-transformers` shows them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from testdata_assets.masking.transformer_docs import (
    COINCIDENCE,
    DISTRIBUTION,
    UNIQUENESS,
    TransformerDoc,
    describe,
    distinct_words,
)
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, Kept

PAGE = Path("docs/reference/transformers.md")
_HEAD = """\
# Transformers

<!-- Generated from the registry by `python -m testdata_assets.cli.transformer_reference`; do not edit. -->

What a column may become. A rule names a transformer and gives it parameters:

```yaml
email: {transform: email, domain: user.email, keep_domains: [example.com]}
```

`testdata rules list-transformers` prints this list with your own transformers in it
([how to write one](../how-to/own-transformers.md)), `testdata rules explain TABLE.COLUMN` what holds for one column.
All of them leave NULL and `''` as they are unless they say otherwise.

**Distinct values.** {uniqueness}

**Real values.** {coincidence}

**Distribution.** {distribution}

On a narrow column, or under some parameters, less may be promised than here; the plan uses what holds there.
"""


def render() -> str:
    """The page as Markdown."""
    docs = [describe(transformer) for transformer in registry.built_in().values()]
    head = _HEAD.replace("{uniqueness}", "; ".join(f"*{word}*: {text}" for word, text in UNIQUENESS.values()) + ".")
    head = head.replace("{coincidence}", "; ".join(f"*{word}*: {text}" for word, text in COINCIDENCE.values()) + ".")
    head = head.replace("{distribution}", "; ".join(f"*{word}*: {text}" for word, text in DISTRIBUTION.values()) + ".")
    table = [
        "| transformer | what it does | types | distinct values | real values |",
        "| --- | --- | --- | --- | --- |",
    ]
    table += [
        f"| [`{doc.name}`](#{doc.name}) | {_cell(doc.summary)} | {_cell(_types(doc))} |"
        f" {distinct_words(doc)} | {COINCIDENCE[Coincidence(doc.coincidence)][0]} |"
        for doc in docs
    ]
    return "\n".join([head, *table, "", *(_section(doc) for doc in docs)]).rstrip("\n") + "\n"


def _section(doc: TransformerDoc) -> str:
    facts = [
        f"Types: {_types(doc)}.",
        f"Distinct values: {distinct_words(doc)}.",
        f"Real values: {COINCIDENCE[Coincidence(doc.coincidence)][0]}.",
        "" if doc.distribution == Kept.NOTHING else f"Distribution: {DISTRIBUTION[Kept(doc.distribution)][0]}.",
        f"{doc.nulls}.",
        "Deterministic." if doc.deterministic else "**Not deterministic.**",
        "Keeps the length." if doc.preserves_length else "",
        "Keeps the format." if doc.preserves_format else "",
        "Reads other columns of the row, so it cannot be nested in another rule." if doc.reads_row else "",
    ]
    lines = [f"## {doc.name}", "", doc.summary, ""]
    lines += [_text(doc.description), ""] if doc.description else []
    lines += [" ".join(fact for fact in facts if fact), ""]
    if doc.parameters:
        lines += ["| parameter | type | default | meaning |", "| --- | --- | --- | --- |"]
        for each in doc.parameters:
            default = "required" if each.required else "`{}`".format((each.default or "").replace("|", "\\|"))
            lines.append(f"| `{each.name}` | {_cell(each.type)} | {default} | {_cell(each.description)} |")
        lines.append("")
    return "\n".join(lines)


def _types(doc: TransformerDoc) -> str:
    return ", ".join(doc.types) or "any"


def _cell(text: str) -> str:
    return _text(" ".join(text.split())).replace("|", "\\|")


def _text(text: str) -> str:
    """Docstrings are nearly Markdown: stars and angle brackets outside code are text."""
    parts = text.split("`")
    parts[::2] = [part.replace("*", "\\*").replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)


def main() -> None:
    """Writes the page; with `--check`, only says whether it is current."""
    page = render()
    if "--check" in sys.argv[1:]:
        current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page
        print(f"{PAGE} is {'current' if current else 'stale'}")
        sys.exit(0 if current else 1)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
