"""Which domain each group of columns masks in, and each part of a document, by the values that they share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from testdata_assets.masking.discovery.classify import INTEGERS, NUMBERS
from testdata_assets.masking.discovery.documents import Part
from testdata_assets.masking.discovery.domains import Candidate, group, nearest
from testdata_assets.masking.discovery.draft import Draft
from testdata_assets.masking.discovery.findings import Group
from testdata_assets.masking.plan_domains import type_family
from testdata_assets.masking.rule_models import ColumnRef
from testdata_assets.masking.transformers.base import TEXT_TYPES
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table
from testdata_assets.production.source import OpenSource

_UNJOINED = frozenset(
    {"free_text", "attachment", "biometric", "search_index", "document", "health", "financial", "lat_lon"}
)


class DomainDraft(Draft):
    """A draft whose groups get domains."""

    def __init__(self, source: OpenSource, sample: int, seconds: float) -> None:
        super().__init__(source, sample, seconds)
        self._part_domains: dict[tuple[object, ...], str] = {}

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
        of_integers = {
            found.domain for found in open_groups if {self.own[each][1].base_type for each in found.members} <= INTEGERS
        }
        for found in open_groups:
            category, domain = found.verdict.category or "", found.domain or ""
            sample = self._seen(found.roots[0])
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
                    nearby = nearest(part.values.distinct, known[category], usual)
                    numbered = nearby in of_integers and part.values.digits_only == 1.0
                    part = replace(part, domain=nearby, numbered=numbered)
                elif category and category not in _UNJOINED:
                    part = replace(part, domain=self._domain_of_parts(found, part))
                parts.append(part)
            found.parts = tuple(parts)

    def _domain_of_parts(self, found: Group, part: Part) -> str:
        """One domain for the parts of a category that no column has, named after the first: a type used twice, say."""
        reference = found.roots[0]
        column = self.own[reference][1]
        limits = [each.max_length for each in column.parts if each.name == part.path]
        kind = (part.verdict.category or "", part.numbers, *limits)
        if kind not in self._part_domains:
            path = re.sub(r"[^\w.]+", "", part.path.replace("/", ".")).strip(".")
            prefix = "" if reference.table.schema == "public" else f"{reference.table.schema}."
            name = ".".join(filter(None, (f"{prefix}{reference.table.name}", reference.column, path)))
            self._part_domains[kind] = name
        return self._part_domains[kind]
