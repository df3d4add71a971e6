"""What a draft of rules consists of: groups of columns under one rule, and what is reported of each column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from testdata_assets.errors import UsageFault
from testdata_assets.masking.discovery.choose import BLOCK, KEEP, Choice
from testdata_assets.masking.discovery.documents import Part
from testdata_assets.masking.discovery.values import Values
from testdata_assets.masking.discovery.verdicts import Verdict
from testdata_assets.masking.plan import Problem
from testdata_assets.masking.rule_models import ColumnRef, MaskingRules
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column


@dataclass
class Group:
    """Columns that foreign keys join, under one rule.

    Attributes:
        roots: Where the rule is written: the columns that reference nothing.
        members: All of them, roots included.
        verdict: On the roots.
        choices: Transformers, best first; the last is `keep`, or `block` where the verdict is personal.
        step: Which of them is in force.
        refused: Why the plan took none of them, without any value.
        domain: Where equal values mask equally.
        parts: Of columns that consist of parts.
        one_case: Case counts in a key of theirs, though not in their domain, and no sampled values differ in case only.
        prose: It would have been kept but for being free text.
        weak: Keeping them looks weak to `rules check`, so that the rule has to say why.
    """

    roots: tuple[ColumnRef, ...]
    members: tuple[ColumnRef, ...]
    verdict: Verdict
    choices: list[Choice] = field(default_factory=lambda: [KEEP])
    step: int = 0
    refused: str = ""
    domain: str | None = None
    parts: tuple[Part, ...] = ()
    prose: bool = False
    weak: bool = False
    one_case: bool = False

    @property
    def choice(self) -> Choice:
        return self.choices[self.step]

    @property
    def blocked(self) -> bool:
        """Personal, and no mask fitted: it gets no rule, and the refresh stops until somebody decides."""
        return self.choice == BLOCK


@dataclass(frozen=True)
class Found:
    """One column of the result.

    Attributes:
        inherits: The column whose rule it takes, if not its own.
        undecided: Neither name nor values told.
    """

    table: str
    column: str
    pii: str | None
    transform: str
    domain: str | None
    confidence: float
    why: str
    inherits: str | None = None
    undecided: bool = False

    @property
    def blocked(self) -> bool:
        """Whether it has no rule, since no mask fits."""
        return self.transform == BLOCK.transform

    def as_json(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "column": self.column,
            "pii": self.pii,
            "transform": self.transform,
            "domain": self.domain,
            "confidence": self.confidence,
            "why": self.why,
            "inherits": self.inherits,
        }


@dataclass(frozen=True)
class Discovery:
    """Rules for a database, and what they rest on.

    Attributes:
        text: The file.
        rules: The same, read.
        columns: Every column that has or inherits a rule.
        tables: Tables that the file names.
        problems: What the plan still refuses; empty unless a database is beyond what rules can say.
    """

    text: str
    rules: MaskingRules
    columns: tuple[Found, ...]
    tables: int
    problems: tuple[Problem, ...] = ()

    def counts(self) -> dict[str, int]:
        """Tables, columns, and how many of these are masked, kept, blocked and undecided."""
        kept = sum(1 for each in self.columns if each.transform == KEEP.transform)
        blocked = sum(1 for each in self.columns if each.blocked)
        return {
            "tables": self.tables,
            "columns": len(self.columns),
            "masked": len(self.columns) - kept - blocked,
            "kept": kept,
            "blocked": blocked,
            "undecided": sum(1 for each in self.columns if each.undecided),
        }


ANYTHING = Part("$.**", Verdict("unknown", 0.5, "whatever is added later"), Values((), 0))  # of any kind of document
UNREADABLE = Verdict("unknown", 0.3, "its elements are not known", undecided=True)


def shape(found: Group) -> tuple[Part, ...]:
    """Parts as far as there are any; a document column without known parts still takes the rule for all others."""
    return tuple(part for part in found.parts if part.path != ANYTHING.path)


def of_parts(parts: Sequence[Part], nothing: str) -> Verdict:
    """A verdict on a column from those on its parts: the most telling personal one."""
    personal = [part for part in parts if part.verdict.category is not None]
    if not parts:
        return Verdict("unknown", 0.3, nothing, undecided=True)
    if not personal:
        return Verdict(None, min(part.verdict.confidence for part in parts), "no part looks personal")
    best = max(personal, key=lambda part: (not part.verdict.undecided, part.verdict.confidence))
    kinds = sorted({part.verdict.category or "" for part in personal if not part.verdict.undecided})
    why = f"{len(personal)} of {len(parts)} parts look personal" + (f" ({', '.join(kinds)})" if kinds else "")
    return replace(best.verdict, why=why)


def checks_of(catalog: Catalog) -> dict[str, list[str]]:
    """Texts of CHECK constraints by table, or by domain type as the catalog prints its name."""
    found: dict[str, list[str]] = {}
    for text in catalog.texts:
        if text.kind == "check":
            owner = text.object.rpartition(".")[0]
            with suppress(UsageFault):  # a domain type may be printed without a schema
                found.setdefault(str(TableName.parse(owner)), []).append(text.text)
            found.setdefault(owner, []).append(text.text)
    return {name: list(dict.fromkeys(texts)) for name, texts in found.items()}


def lists(check: str, column: Column, known_as: str) -> bool:
    """Whether a CHECK lists the values a column may have."""
    name = re.escape(known_as)
    listed = re.search(rf'\(*"?{name}"?\)*(?:::[\w ."]+)?\)*\s*=\s*ANY\s*\(', check)
    return listed is not None or re.search(rf"\(*\"?{name}\"?\)*(?:::[\w ]+)?\)*\s*=\s*'[^']*'", check) is not None
