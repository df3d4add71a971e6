"""The last part of a draft: a transformer for every group, taken back until the plan's checks are content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import polars as pl

from testdata_assets.errors import UsageFault
from testdata_assets.masking.discovery.beside import Beside, beside
from testdata_assets.masking.discovery.catalog_look import Quotation, quotations
from testdata_assets.masking.discovery.choose import BLOCK, KEEP, NULL, SCRAMBLE, Choice, choices, fits, keeping_start
from testdata_assets.masking.discovery.findings import (
    Discovery,
    Found,
    Group,
    shape,
)
from testdata_assets.masking.discovery.shared_domains import DomainDraft
from testdata_assets.masking.discovery.trials import Trials
from testdata_assets.masking.discovery.vectors import recipe
from testdata_assets.masking.discovery.write import ColumnEntry, TableEntry, render
from testdata_assets.masking.plan import PlanWarning, Problem, examine
from testdata_assets.masking.plan_uniqueness import mentions
from testdata_assets.masking.plan_weaknesses import MAY_QUOTE
from testdata_assets.masking.rule_models import ColumnRef, MaskingRules
from testdata_assets.masking.rules import parse_rules
from testdata_assets.masking.transformers.gender_title import known_share
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table

_PASSES = 40
_DOMAINLESS = frozenset(
    {
        "keep",
        "block",
        "null",
        "constant",
        "free_text",
        "json",
        "xml",
        "bytes",
        "image_blank",
        "tsvector",
        "number_noise",
        "shuffle",
        "lat_lon",
        "template",
    }
)


# Values that are looked for in the catalog's texts.
_SAYING_WHO = frozenset(
    {"person_name", "username", "email", "phone", "national_id", "iban", "full_address", "street_address"}
)
_SHOWN = 5
_TITLED = 0.5  # share of values


class Settlement(DomainDraft):
    """A draft whose rules can be written."""

    def choose(self) -> None:
        """Lists the transformers of every group that all its members take."""
        for found in self.groups:
            if found.verdict.category is not None or found.parts:
                self._list_choices(found, BLOCK if found.verdict.category is not None else KEEP)

    def _list_choices(self, found: Group, last: Choice) -> None:
        table, column = self.own[found.roots[0]]
        formed = bool(self._checks_on(table, column))
        options = choices(
            found.verdict,
            column,
            shape(found),
            leaves=bool(found.parts),
            formed=formed,
            around=self._beside(found),
        )
        starting = keeping_start(self._seen(found.roots[0]).values) if formed else None
        if starting is not None and SCRAMBLE in options:
            options.insert(options.index(SCRAMBLE) + 1, starting)
        if found.verdict.category == "gender":
            options = self._dealt_out(options, found.roots[0])
        if found.verdict.category == "document" and column.base_type in ("json", "jsonb"):
            options = [each for each in options if each.transform != "json"]
        others = [self.own[each][1] for each in found.members]
        alone = len(found.members) == 1  # then `choices` has looked already
        fitting = [each for each in options if alone or all(fits(each, other) for other in others)]
        found.choices = [*(each for each in fitting if each not in (BLOCK, last)), last]
        if last == BLOCK and self._partitions_by(table, column):
            found.choices = [last]
            found.refused = "the table is partitioned by an expression of it"

    def _dealt_out(self, options: list[Choice], reference: ColumnRef) -> list[Choice]:
        """`M` and `F` stay what programs know if they are dealt out among the rows; only titles have others instead."""
        titled = known_share(pl.Series(self._seen(reference).values, dtype=pl.String))
        dealt = [each for each in options if each.transform == "shuffle"]
        return [*dealt, *(each for each in options if each not in dealt)] if titled < _TITLED else options

    def _beside(self, found: Group) -> Beside | None:
        """What a group of one column may read in its table; several columns have no row in common."""
        if len(found.members) > 1:
            return None
        table, column = self.own[found.roots[0]]
        keys = [
            index.columns
            for index in self.catalog.unique_indexes
            if index.table == table.name and not index.expressions and not index.predicate and not index.exclusion
        ]
        return replace(
            beside(column, table.stored_columns, keys),
            made=(echo := self.echoes.get(found.roots[0])) is not None and echo.made,
            slug_of=echo.source if echo is not None and echo.slug else None,
            recipe=recipe(self.catalog, table, column) if column.base_type == "tsvector" else None,
        )

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
        text, rules, problems = self._passed()
        if self._masks_prose(rules):
            text, rules, problems = self._passed()
        if self._mark_weak(rules):
            text = self._render()
            rules = parse_rules(text)
        return Discovery(text, rules, tuple(self._found()), len(self._tables()), problems)

    def _passed(self) -> tuple[str, MaskingRules, tuple[Problem, ...]]:
        """The rules after as many steps down as the plan's checks want, and what these still refuse."""
        text, rules = "", MaskingRules(tables={})
        problems: tuple[Problem, ...] = ()
        for _ in range(_PASSES):
            text = self._render()
            rules = parse_rules(text)
            problems = examine(rules, self.catalog).problems
            if not self._yield_to(problems) and (problems or not self._yield_to_checks()):
                break
        return text, rules, tuple(problems)

    @cached_property
    def _trials(self) -> Trials:
        return Trials(self.sampler)

    def _yield_to_checks(self) -> bool:
        """Takes back transformers whose masks a CHECK constraint does not admit; False where all are content."""
        changed = False
        for found in self.groups:
            if found.choice in (KEEP, BLOCK) or found.parts:
                continue
            for each in found.members:
                table, column = self.own[each]
                checks = self._checks_on(table, column)
                if checks and not self._trials.passes(found.choice, column, self._seen(each).values, checks):
                    found.step += 1
                    found.refused = "a CHECK constraint does not admit its masks"
                    changed = True
                    break
        return changed

    def _weak(self, rules: MaskingRules) -> Iterator[tuple[Group, PlanWarning]]:
        """Kept columns that `rules check` wants a reason for."""
        for warning in examine(rules, self.catalog).warnings:
            if warning.weak and warning.column is not None:
                found = self.group_of.get(self.lineage.owner(TableName.parse(warning.table), warning.column))
                if found is not None and found.choice == KEEP:
                    yield found, warning

    def _masks_prose(self, rules: MaskingRules) -> bool:
        """Whether kept free text was found: samples cannot tell that nobody is quoted in it, so it is masked."""
        changed = False
        for found, warning in self._weak(rules):
            # Codes of a list that others refer to keep their meaning, and say so.
            if warning.message == MAY_QUOTE and not found.prose and found.roots[0].table not in self.lookups:
                found.prose = changed = True
                found.verdict = replace(found.verdict, category="free_text", why=f"free text; {found.verdict.why}")
                found.step = 0
                self._list_choices(found, KEEP)
        return changed

    def _mark_weak(self, rules: MaskingRules) -> bool:
        """Whether some columns stay although `rules check` wants a reason; free text nothing masks is left without."""
        for found, _ in self._weak(rules):
            found.weak = not found.prose
        return any(found.weak for found in self.groups)

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
            elif problem.kind == "uniqueness" and "ignores case" in problem.message and found.domain is not None:
                if id(found) not in stepped:
                    stepped.add(id(found))
                    if found.one_case or self._meets_in_case(found):
                        found.one_case, found.domain = False, None  # its own
                    else:
                        found.one_case = True
                    changed = True
            elif problem.kind == "unclassified":
                changed |= not found.blocked and self._alone(reference)
            elif id(found) not in stepped and found.choice not in (KEEP, BLOCK):
                stepped.add(id(found))
                hopeless = problem.kind == "partition_key"
                found.step = len(found.choices) - 1 if hopeless else found.step + 1
                found.refused = "the table is partitioned by it" if hopeless else problem.message.split(":")[0]
                changed = True
        return changed

    def _meets_in_case(self, found: Group) -> bool:
        """Whether the samples hold values that differ in case only."""
        for each in found.members:
            values = self._seen(each).values
            if len({value.casefold() for value in values}) < len(set(values)):
                return True
        return False

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
        objects, why = {}, ""
        if any(text.kind == "comment" for text in self.catalog.texts):
            quoting = [each for each in self._quotations if each.kind == "comment"]
            objects["comments"] = "drop" if quoting else "keep"
            if quoting:
                why = f"comments: {_several(map(str, quoting))} would get a refresh rejected"
        if self.catalog.large_objects:
            objects["large_objects"] = "drop"
        return render(tables, objects, self._notes(), why)

    @cached_property
    def _quotations(self) -> list[Quotation]:
        """Texts of the catalog that quote somebody."""
        sampled = frozenset(
            value.strip().casefold()
            for found in self.groups
            if found.verdict.category in _SAYING_WHO and not found.verdict.undecided
            for each in found.members
            if (sample := self.samples.get((each.table, each.column))) is not None
            for value in sample.values
        )
        return quotations(self.catalog.texts, sampled)

    def _notes(self) -> list[str]:
        notes = []
        if self.sampler.skipped:
            names = ", ".join(map(str, self.sampler.skipped[:10]))
            notes.append(f"Judged by names alone, since no sample came in time: {names}.")
        fixed = [each for each in self._quotations if each.kind != "comment"]
        if fixed:
            notes.append(
                f"REVIEW: no rule masks what stands in definitions. These look personal: {_several(map(str, fixed))}."
                " A refresh is rejected where they hold values of production; change them in the source."
            )
        return notes

    def _entry(self, reference: ColumnRef, found: Group, domains: Mapping[int, str | None]) -> ColumnEntry:
        if reference not in found.roots:
            return ColumnEntry(reference.column, None, f"as {self._source_of(reference, found)}, which it references")
        verdict, choice = found.verdict, found.choice
        why = f"{verdict.confidence:.2f}: {verdict.why}"
        if found.blocked:
            refused = found.refused or "its type and constraints admit none"
            return ColumnEntry(
                reference.column,
                None,
                f"BLOCKED, {verdict.category} and no mask fits ({refused}). Change that in the source, empty the table"
                f" with {{mode: truncate}}, or keep the column knowingly. {why}",
            )
        if verdict.undecided:
            why += "; please decide"
        table, column = self.own[reference]
        if choice != KEEP and self._checks_on(table, column):
            why += "; a CHECK constraint reads it"
        rule = choice.as_rule()
        if verdict.category is not None:
            rule = {"pii": verdict.category, **rule}
        if found.weak:
            rule = {**rule, "reason": f"drafted by init: {verdict.why}"}
        if found.one_case:
            rule = {**rule, "reason": "drafted by init: in the sample no two values differ in case only"}
        domain = domains[id(found)]
        if domain is not None:
            rule = {
                **{key: rule[key] for key in ("pii", "reason", "transform") if key in rule},
                "domain": domain,
                **choice.params,
            }
        notes = {part.path: f"{part.verdict.confidence:.2f}: {part.verdict.why}" for part in found.parts}
        return ColumnEntry(reference.column, rule, why, notes if choice.transform in ("json", "xml") else {})

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
                    verdict.undecided or found.blocked,
                )
            )
        return result


def _several(texts: Iterable[str]) -> str:
    every = list(texts)
    return ", ".join(every[:_SHOWN]) + (f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else "")
