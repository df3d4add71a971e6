"""Discovery from end to end: samples, verdicts, domains, and rules that the plan's own checks are content with.

Columns joined by foreign keys are one group with one verdict; the rule is written for the column the others
reference. Each group has a list of transformers, best first. The draft is held against the catalog as a refresh
would hold it, and whatever is refused steps down its list, until nothing is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from testdata_assets.errors import UsageFault
from testdata_assets.masking.discovery.choose import KEEP, NULL, Choice, choices, fits
from testdata_assets.masking.discovery.classify import NUMBERS, Surroundings, Verdict, classify
from testdata_assets.masking.discovery.documents import (
    Part,
    read_array,
    read_composite,
    read_documents,
    read_hstore,
)
from testdata_assets.masking.discovery.domains import Candidate, group, nearest
from testdata_assets.masking.discovery.names import TableKind, read_name, table_kind, words
from testdata_assets.masking.discovery.values import Values
from testdata_assets.masking.discovery.write import ColumnEntry, TableEntry, render
from testdata_assets.masking.lineage import Lineage
from testdata_assets.masking.plan import Problem, examine
from testdata_assets.masking.plan_domains import type_family
from testdata_assets.masking.plan_uniqueness import mentions
from testdata_assets.masking.rule_models import ColumnRef, MaskingRules
from testdata_assets.masking.rules import parse_rules
from testdata_assets.masking.transformers.base import TEXT_TYPES
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table
from testdata_assets.production.sampling import DISTINCT, ColumnSample, Sampler
from testdata_assets.production.source import OpenSource
from testdata_assets.progress import current_progress

_PASSES = 40
_UNJOINED = frozenset(
    {"free_text", "attachment", "biometric", "search_index", "document", "health", "financial", "lat_lon"}
)
_DOMAINLESS = frozenset(
    {"keep", "null", "constant", "free_text", "json", "bytes", "image_blank", "tsvector", "number_noise"}
)
_LISTS = re.compile(r"=\s*ANY\s*\(")
_PERSONAL = frozenset(
    [
        "email",
        "phone",
        "first_name",
        "last_name",
        "person_name",
        "birth_date",
        "national_id",
        "passport",
        "street_address",
        "gender",
    ]
)


@dataclass
class Group:
    """Columns that foreign keys join, under one rule.

    Attributes:
        roots: Where the rule is written: the columns that reference nothing.
        members: All of them, roots included.
        verdict: On the roots.
        choices: Transformers, best first; the last is `keep`.
        step: Which of them is in force.
        domain: Where equal values mask equally.
        parts: Of columns that consist of parts.
    """

    roots: tuple[ColumnRef, ...]
    members: tuple[ColumnRef, ...]
    verdict: Verdict
    choices: list[Choice] = field(default_factory=lambda: [KEEP])
    step: int = 0
    domain: str | None = None
    parts: tuple[Part, ...] = ()

    @property
    def choice(self) -> Choice:
        return self.choices[self.step]

    @property
    def exposed(self) -> bool:
        """Personal, and yet nothing fitted."""
        return self.choice == KEEP and self.verdict.category is not None


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
        """Tables, columns, and how many of these are masked, kept and undecided."""
        kept = sum(1 for each in self.columns if each.transform == "keep")
        return {
            "tables": self.tables,
            "columns": len(self.columns),
            "masked": len(self.columns) - kept,
            "kept": kept,
            "undecided": sum(1 for each in self.columns if each.undecided),
        }


def discover(source: OpenSource, *, sample: int = DISTINCT, seconds: float = 300.0) -> Discovery:
    """Reads samples of a source and drafts rules for it.

    Args:
        source: Open and read-only.
        sample: Distinct values looked at in each column.
        seconds: After this long, tables not sampled yet are judged by their names alone.
    """
    draft = _Draft(source, sample, seconds)
    draft.classify()
    draft.assign_domains()
    draft.choose()
    return draft.settled()


class _Draft:
    def __init__(self, source: OpenSource, sample: int, seconds: float) -> None:
        self.source = source
        self.catalog: Catalog = source.catalog
        self.lineage = Lineage(MaskingRules(tables={}), source.catalog)
        self.sampler = Sampler(source, distinct=sample, seconds=seconds)
        foreign = frozenset(source.catalog.foreign_tables)
        self.modes: dict[TableName, str] = {}
        self.reasons: dict[TableName, str] = {}
        for table in source.catalog.tables:
            if table.name in foreign or table.kind == "f":
                self._truncate(table.name, "a foreign table: its rows are on another server")
            elif table.row_security:
                self._truncate(
                    table.name, "row security hides rows from this role; read as one with BYPASSRLS to mask it"
                )
        self.own: dict[ColumnRef, tuple[Table, Column]] = {
            ColumnRef(table.name, column.name): (table, column)
            for table in source.catalog.tables
            if table.kind in ("r", "p")
            for column in table.stored_columns
            if self.lineage.owner(table.name, column.name).table == table.name
        }
        self.samples: dict[tuple[TableName, str], ColumnSample] = {}
        self.groups: list[Group] = []
        self.group_of: dict[ColumnRef, Group] = {}
        self.single_keys = {
            ColumnRef(index.table, index.columns[0])
            for index in source.catalog.unique_indexes
            if len(index.columns) == 1 and not index.expressions and not index.predicate and not index.exclusion
        }
        self.checks = _checks(source.catalog)

    def _truncate(self, name: TableName, why: str) -> None:
        root = self.lineage.ancestry(name)[-1]
        self.modes[root] = "truncate"
        self.reasons.setdefault(root, why)

    # Verdicts

    def classify(self) -> None:
        """Samples every table and gives every group of columns its verdict."""
        tables = list(dict.fromkeys(table.name for table, _ in self.own.values()))
        by_name = {table.name: table for table in self.catalog.tables}
        with current_progress().task("Looking at samples", len(tables), "tables") as advance:
            for name in tables:
                if self.lineage.ancestry(name)[-1] not in self.modes:
                    self.samples.update(self.sampler.sample([by_name[name]]))
                advance(1)
        kinds = self._table_kinds()
        verdicts = {reference: self._verdict(reference, kinds) for reference in self.own}
        for members in self._joined():
            roots = tuple(each for each in members if each not in self.lineage.edges) or (min(members),)
            verdict, parts = verdicts[roots[0]]
            for each in (*roots[1:], *members):
                other = verdicts[each][0]
                if (
                    verdict.category is None
                    and other.category is not None
                    and not other.undecided
                    and other.confidence >= 0.75
                ):
                    verdict = replace(other, why=f"{other.why}, as {each}")
            found = Group(roots, members, verdict, parts=parts)
            self.groups.append(found)
            self.group_of.update(dict.fromkeys(members, found))

    def _joined(self) -> list[tuple[ColumnRef, ...]]:
        """Columns joined by foreign keys, each group sorted; most hold one column."""
        neighbours: dict[ColumnRef, set[ColumnRef]] = {reference: set() for reference in self.own}
        for edges in self.lineage.edges.values():
            for edge in edges:
                if edge.source in neighbours and edge.target in neighbours:
                    neighbours[edge.source].add(edge.target)
                    neighbours[edge.target].add(edge.source)
        seen: set[ColumnRef] = set()
        found = []
        for start in neighbours:
            if start in seen:
                continue
            members, stack = {start}, [start]
            while stack:
                for other in neighbours[stack.pop()] - members:
                    members.add(other)
                    stack.append(other)
            seen |= members
            found.append(tuple(sorted(members)))
        return found

    def _table_kinds(self) -> dict[TableName, TableKind]:
        """What each table is about; one with several columns that name people is about people."""
        kinds: dict[TableName, TableKind] = {}
        signs: Counter[TableName] = Counter()
        for reference, (_, column) in self.own.items():
            kinds.setdefault(reference.table, table_kind(reference.table.name))
            verdict = classify(column, Values((), 0), Surroundings())
            if verdict.category in _PERSONAL and verdict.confidence >= 0.7:
                signs[reference.table] += 1
        for name, count in signs.items():
            if count >= 3 and kinds[name] == "other":
                kinds[name] = "person"
        return kinds

    def _topic(self, table: TableName) -> str | None:
        sign = read_name(table.name)
        return sign.category if sign is not None and sign.strong and sign.category in ("health", "financial") else None

    @cached_property
    def _addressed(self) -> frozenset[TableName]:
        """Tables with columns named like parts of addresses."""
        signs = ((reference.table, read_name(reference.column)) for reference in self.own)
        parts = ("street_address", "postcode", "full_address")
        return frozenset(table for table, sign in signs if sign is not None and sign.strong and sign.category in parts)

    def _verdict(self, reference: ColumnRef, kinds: Mapping[TableName, TableKind]) -> tuple[Verdict, tuple[Part, ...]]:
        table, column = self.own[reference]
        sample = self.samples.get((reference.table, reference.column), ColumnSample())
        around = Surroundings(
            kind=kinds[reference.table],
            table=reference.table.name,
            topic=self._topic(reference.table),
            address=reference.table in self._addressed,
            name="_".join(words(column.name)),
            key=bool(column.identity) or reference in self.single_keys,
            listed=any(_lists(text, column, bare) for text, bare in self._checks_on(table, column)),
        )
        base = column.base_type
        if base in ("json", "jsonb"):
            documents = read_documents(sample.values, column.name, around)
            if documents.personal_keys:
                return Verdict("document", 0.8, "keys of its objects look personal, and no rule masks keys"), ()
            return _of_parts(documents.parts, "no document seen"), (*documents.parts, _ANYTHING)
        if base == "hstore":
            parts = read_hstore(column, sample.values, around)
            return _of_parts(parts, "no value seen"), (*parts, _ANYTHING)
        if column.category == "A" and column.parts:
            element = read_array(column, sample.values, sample.filled, around)
            return (element.verdict if element else _UNREADABLE), (
                element,
            ) if element and element.verdict.category else ()
        if column.category == "C" and column.parts:
            parts = read_composite(column, sample.values, around)
            verdict = _of_parts(parts, "no value seen")
            return verdict, parts if verdict.category else ()
        return classify(column, Values.of(sample.values, sample.filled), around), ()

    def _checks_on(self, table: Table, column: Column) -> list[tuple[str, str]]:
        """CHECK constraints that read a column, with the name they know it by."""
        found = [(text, column.name) for text in self.checks.get(str(table.name), ()) if mentions(text, column.name)]
        return found + [(text, "VALUE") for text in self.checks.get(column.type, ())]

    # Domains

    def assign_domains(self) -> None:
        """Gives columns that share values one domain, and parts of documents the domain they share values with."""
        open_groups = [
            found
            for found in self.groups
            if found.verdict.category not in (None, *_UNJOINED) and not found.parts and self._scalar(found.roots[0])
        ]
        several = {key for key, count in Counter(self._family(found) for found in open_groups).items() if count > 1}
        wanted: dict[TableName, tuple[Table, list[Column]]] = {}
        for found in open_groups:
            if self._family(found) in several:
                table, column = self.own[found.roots[0]]
                if table.name not in self.sampler.skipped and self.lineage.ancestry(table.name)[-1] not in self.modes:
                    wanted.setdefault(table.name, (table, []))[1].append(column)
        sketches = self.sampler.sketches(wanted)
        candidates = []
        for found in open_groups:
            reference = found.roots[0]
            table, column = self.own[reference]
            candidates.append(
                Candidate(
                    reference,
                    found.verdict.category or "",
                    type_family(column),
                    table.estimated_rows,
                    reference in self.single_keys,
                    column.max_length,
                    sketches.get((reference.table, reference.column)),
                )
            )
        names = group(candidates)
        for found in open_groups:
            found.domain = names[found.roots[0]]
        self._assign_part_domains(open_groups)

    def _scalar(self, reference: ColumnRef) -> bool:
        column = self.own[reference][1]
        return column.category not in "ACE" and column.base_type in TEXT_TYPES | NUMBERS | {
            "inet",
            "cidr",
            "uuid",
            "macaddr",
        }

    def _family(self, found: Group) -> tuple[str, str]:
        return found.verdict.category or "", type_family(self.own[found.roots[0]][1])

    def _assign_part_domains(self, open_groups: Sequence[Group]) -> None:
        known: dict[str, dict[str, frozenset[str]]] = {}
        sizes: Counter[tuple[str, str]] = Counter()
        for found in open_groups:
            category, domain = found.verdict.category or "", found.domain or ""
            sample = self.samples.get((found.roots[0].table, found.roots[0].column), ColumnSample())
            values = frozenset(value.strip().casefold() for value in sample.values)
            by_domain = known.setdefault(category, {})
            by_domain[domain] = by_domain.get(domain, frozenset()) | values
            sizes[category, domain] += len(found.members)
        for found in self.groups:
            if not found.parts:
                continue
            parts = []
            for part in found.parts:
                category = part.verdict.category or ""
                if category in known and category not in _UNJOINED:
                    usual = max(known[category], key=lambda name: sizes[category, name])
                    part = replace(part, domain=nearest(part.values.distinct, known[category], usual))
                parts.append(part)
            found.parts = tuple(parts)

    # Rules

    def choose(self) -> None:
        """Lists the transformers of every group that all its members take."""
        for found in self.groups:
            table, column = self.own[found.roots[0]]
            formed = bool(self._checks_on(table, column))
            if found.verdict.category is None and not found.parts:
                continue
            options = choices(
                found.verdict,
                column,
                tuple(part for part in found.parts if part != _ANYTHING) or _shape(found),
                formed=formed,
            )
            if found.verdict.category == "document" and column.base_type in ("json", "jsonb"):
                options = [each for each in options if each.transform != "json"]
            others = [self.own[each][1] for each in found.members]
            found.choices = [each for each in options if all(fits(each, other) for other in others)] or [KEEP]
            if self._partitions_by(table, column):
                found.choices = [KEEP]

    def _partitions_by(self, table: Table, column: Column) -> bool:
        """Whether an expression that the table is partitioned by reads the column."""
        if None not in table.partition_columns:
            return False
        for (kind, name), text in self.source.definitions.items():
            if kind == "relation" and text.startswith("p "):
                try:
                    same = TableName.parse(name) == table.name
                except UsageFault:
                    continue
                if same and mentions(text[2:], column.name):
                    return True
        return False

    def settled(self) -> Discovery:
        """Steps down the lists until the plan's checks refuse nothing, and renders the result."""
        text, rules = "", MaskingRules(tables={})
        problems: tuple[Problem, ...] = ()
        for _ in range(_PASSES):
            text = self._render()
            rules = parse_rules(text)
            problems = examine(rules, self.catalog).problems
            if not problems or not self._yield_to(problems):
                break
        return Discovery(text, rules, tuple(self._found()), len(self._tables()), tuple(problems))

    def _yield_to(self, problems: Sequence[Problem]) -> bool:
        """Takes back what was refused; False where nothing more can be taken back."""
        changed = False
        stepped: set[int] = set()
        for problem in problems:
            if problem.table is None:
                continue
            name = TableName.parse(problem.table)
            if problem.kind in ("row_security", "foreign_table"):
                changed |= self._empty(name, problem.message)
                continue
            if problem.column is None:
                continue
            reference = self.lineage.owner(name, problem.column)
            found = self.group_of.get(reference)
            if found is None:
                continue
            if problem.kind == "foreign_key" and problem.message.endswith("which is emptied"):
                changed |= self._cut_loose(reference)
            elif problem.kind == "unclassified":
                changed |= self._alone(reference)
            elif id(found) not in stepped and found.choice != KEEP:
                stepped.add(id(found))
                found.step = len(found.choices) - 1 if problem.kind == "partition_key" else found.step + 1
                changed = True
        return changed

    def _empty(self, name: TableName, why: str) -> bool:
        root = self.lineage.ancestry(name)[-1]
        if root in self.modes:
            return False
        self._truncate(name, why)
        return True

    def _cut_loose(self, reference: ColumnRef) -> bool:
        """A reference to an emptied table: NULL where it may be, or its table is emptied too."""
        column = self.own[reference][1]
        if column.not_null:
            return self._empty(reference.table, "it references a table that is emptied")
        return self._alone(reference, NULL)

    def _alone(self, reference: ColumnRef, choice: Choice | None = None) -> bool:
        """Gives a column that inherited (or should have) a rule of its own."""
        before = self.group_of[reference]
        if before.roots == (reference,) and (choice is None or before.choice == choice):
            return False
        found = Group(
            (reference,),
            (reference,),
            before.verdict,
            [choice] if choice else list(before.choices),
            domain=before.domain,
        )
        before.members = tuple(each for each in before.members if each != reference)
        before.roots = tuple(each for each in before.roots if each != reference) or before.members
        self.groups.append(found)
        self.group_of[reference] = found
        return True

    # The result

    def _tables(self) -> list[TableName]:
        """The tables the file names: roots, and children with columns of their own."""
        names = {reference.table for reference in self.own}
        names |= {table.name for table in self.catalog.tables if self.lineage.ancestry(table.name)[-1] == table.name}
        names |= set(self.modes)
        kept = [name for name in names if name in self.modes or self.lineage.ancestry(name)[-1] not in self.modes]
        return sorted(kept)

    def _domains(self) -> dict[int, str | None]:
        """The domain each group writes: its own where its transformer differs from what the domain mostly uses."""
        uses: dict[str, Counter[str]] = {}
        for found in self.groups:
            if found.domain and found.choice.transform not in _DOMAINLESS:
                uses.setdefault(found.domain, Counter())[repr(found.choice)] += 1
        written: dict[int, str | None] = {}
        for found in self.groups:
            usual = uses.get(found.domain or "", Counter()).most_common(1)
            mine = found.domain if usual and usual[0][0] == repr(found.choice) else None
            if (
                mine is None
                and found.verdict.category is not None
                and found.choice.transform not in _DOMAINLESS | {"array", "composite", "hstore"}
            ):
                mine = str(found.roots[0])
            written[id(found)] = mine
        return written

    def _render(self) -> str:
        domains = self._domains()
        tables = []
        for name in self._tables():
            if name in self.modes:
                tables.append(TableEntry(name, mode=self.modes[name], comment=self.reasons.get(name, "")))
                continue
            entries = [
                self._entry(reference, self.group_of[reference], domains)
                for reference in self.own
                if reference.table == name
            ]
            tables.append(TableEntry(name, entries))
        objects = {}
        if any(text.kind == "comment" for text in self.catalog.texts):
            objects["comments"] = "keep"
        if self.catalog.large_objects:
            objects["large_objects"] = "drop"
        return render(tables, objects, self._notes())

    def _notes(self) -> list[str]:
        notes = []
        if self.sampler.skipped:
            names = ", ".join(map(str, self.sampler.skipped[:10]))
            notes.append(f"Judged by names alone, since no sample came in time: {names}.")
        return notes

    def _entry(self, reference: ColumnRef, found: Group, domains: Mapping[int, str | None]) -> ColumnEntry:
        if reference not in found.roots:
            return ColumnEntry(reference.column, None, f"as {self._source_of(reference, found)}, which it references")
        verdict, choice = found.verdict, found.choice
        why = f"{verdict.confidence:.2f}: {verdict.why}"
        if found.exposed:
            why = f"REVIEW, nothing fits its constraints but keep. {why}"
        elif verdict.undecided:
            why += "; please decide"
        table, column = self.own[reference]
        if choice != KEEP and self._checks_on(table, column):
            why += "; a CHECK constraint reads it"
        rule = choice.as_rule()
        if verdict.category is not None:
            rule = {"pii": verdict.category, **rule}
        domain = domains[id(found)]
        if domain is not None:
            rule = {
                **{key: rule[key] for key in ("pii", "transform") if key in rule},
                "domain": domain,
                **choice.params,
            }
        notes = {part.path: f"{part.verdict.confidence:.2f}: {part.verdict.why}" for part in found.parts}
        return ColumnEntry(reference.column, rule, why, notes if choice.transform == "json" else {})

    def _source_of(self, reference: ColumnRef, found: Group) -> ColumnRef:
        return next((each for each in self.lineage.upstream(reference) if each in found.roots), found.roots[0])

    def _found(self) -> list[Found]:
        domains = self._domains()
        result = []
        for reference in self.own:
            found = self.group_of[reference]
            verdict = found.verdict
            if self.lineage.ancestry(reference.table)[-1] in self.modes:
                continue
            inherits = None if reference in found.roots else str(self._source_of(reference, found))
            result.append(
                Found(
                    str(reference.table),
                    reference.column,
                    verdict.category,
                    found.choice.transform,
                    domains[id(found)],
                    verdict.confidence,
                    verdict.why,
                    inherits,
                    verdict.undecided or found.exposed,
                )
            )
        return result


_ANYTHING = Part("$.**", Verdict("unknown", 0.5, "whatever is added later"), Values((), 0))
_UNREADABLE = Verdict("unknown", 0.3, "its elements are not known", undecided=True)


def _shape(found: Group) -> tuple[Part, ...]:
    """Parts as far as there are any; a document column without known parts still takes the rule for all others."""
    return tuple(part for part in found.parts if part != _ANYTHING)


def _of_parts(parts: Sequence[Part], nothing: str) -> Verdict:
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


def _checks(catalog: Catalog) -> dict[str, list[str]]:
    """Texts of CHECK constraints by table, or by domain type as the catalog prints its name."""
    found: dict[str, list[str]] = {}
    for text in catalog.texts:
        if text.kind == "check":
            owner = text.object.rpartition(".")[0]
            with suppress(UsageFault):  # a domain type may be printed without a schema
                found.setdefault(str(TableName.parse(owner)), []).append(text.text)
            found.setdefault(owner, []).append(text.text)
    return {name: list(dict.fromkeys(texts)) for name, texts in found.items()}


def _lists(check: str, column: Column, known_as: str) -> bool:
    """Whether a CHECK lists the values a column may have."""
    name = re.escape(known_as)
    listed = re.search(rf'\(*"?{name}"?\)*(?:::[\w ."]+)?\)*\s*=\s*ANY\s*\(', check)
    return listed is not None or re.search(rf"\(*\"?{name}\"?\)*(?:::[\w ]+)?\)*\s*=\s*'[^']*'", check) is not None
