"""The columns of an image as the searches see them: what the plan says of each, and the probing of its values."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from testdata_assets.masking import copy_text
from testdata_assets.masking.nested_rules import NestedRule
from testdata_assets.masking.plan import ColumnPlan
from testdata_assets.masking.plan_transformers import KEEP
from testdata_assets.masking.transformers.base import Coincidence
from testdata_assets.masking.transformers.json import Json
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production import bulky
from testdata_assets.production.catalog import Column
from testdata_assets.validation.column_hits import ColumnHits, Role
from testdata_assets.validation.json_parts import PROSE, JsonParts
from testdata_assets.validation.leaks import LeakDetector
from testdata_assets.validation.patterns import PatternHits
from testdata_assets.validation.report import Finding
from testdata_assets.validation.text_values import Shape, shape_of, texts, whole_texts

_DISTINCT_PROBE = 1_000


@dataclass
class ColumnScan:
    """One column of one stored relation and what was found in it.

    Attributes:
        shape: How to find texts in its values.
        role: What the plan says of the whole column.
        kept_in_part: Whether something inside its values may be kept, or nothing there is a name (invented prose), so
            that names are looked for inside.
        related: Origins that share a masking domain with it.
        parts: Parts JSON documents by their paths' roles.
        allowed: The column of the rules whose values that a condition keeps are no leak here.
        leaks: Hits by role; several only where `parts` is there.
        patterns: None where nothing is kept.
        emails_only: Masked parts cannot be told from kept ones: phones and cards may be of our own making.
    """

    table: str
    column: str
    shape: Shape
    role: Role
    kept_in_part: bool
    related: frozenset[str]
    parts: JsonParts | None
    patterns: PatternHits | None
    emails_only: bool = False
    allowed: str = ""
    leaks: dict[Role, ColumnHits] = field(default_factory=dict)
    values: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def leak_findings(self, keys: Mapping[str, tuple[str, ...]] | None = None) -> list[Finding]:
        """Of all roles, counts of one kind added up, with the keys of rows by kind."""
        counts: Counter[str] = Counter()
        for hits in self.leaks.values():
            counts.update({found.kind: found.count for found in hits.findings(self.table, self.column)})
        return [
            Finding(self.table, self.column, kind, count, (keys or {}).get(kind, ()))
            for kind, count in sorted(counts.items())
        ]

    def fresh_hits(self, role: Role) -> ColumnHits:
        """Hits of one role without anything in them."""
        return ColumnHits(role, self.related, self.allowed, self.shape == "number")

    def probe(self, values: pl.Series, detector: LeakDetector, *, located: bool = False) -> dict[Role, ColumnHits]:
        """Looks for production's values.

        Args:
            values: As COPY gives them, without nulls.
            detector: Of the snapshot.
            located: Whether to tell which of the values hold something; where they are parted, not all tell.
        """
        found: dict[Role, ColumnHits] = {}
        for role, hits, _, _ in self.probe_parts(values, detector, located=located):
            if role in found:
                found[role].merge(hits)
            else:
                found[role] = hits
        return found

    def probe_parts(
        self, values: pl.Series, detector: LeakDetector, *, located: bool = False
    ) -> Iterator[tuple[Role, ColumnHits, pl.Series, pl.Series | None]]:
        """The same with the texts of each role and how often each is there."""
        whole = located or bulky.is_bulky(values)  # long ones are in memory once
        distinct, counts = (values.alias("v"), None) if whole else compact(values)
        distinct = copy_text.unescape(distinct)
        if self.parts is not None:
            for role, found in self.parts.portions(distinct):
                single, rows = compact(found)
                hits = self.fresh_hits(role)
                detector.probe(single, rows, hits, embedded=role == "kept")
                yield role, hits, single, rows
            return
        hits = self.fresh_hits(self.role)
        hits.located = {} if located else None
        if self.shape == "bytes":
            distinct = whole_texts(distinct, self.shape)
        if self.shape in ("plain", "number", "bytes"):
            known = detector.probe_whole(distinct, counts, hits)
            if self.shape != "number":
                detector.probe_inside(distinct, counts, hits, embedded=self.looks_inside, known=known)
            yield self.role, hits, distinct, counts
            return
        detector.probe_inside(whole_texts(distinct, self.shape), counts, hits, embedded=self.looks_inside)
        found = texts(distinct, self.shape)
        single, rows = compact(found)
        if hits.located is None:
            detector.probe_whole(single, rows, hits)
        else:
            apart = self.fresh_hits(self.role)  # which value a part is of is not known
            detector.probe_whole(single, rows, apart)
            hits.merge(apart)
        yield self.role, hits, single, rows

    @property
    def looks_inside(self) -> bool:
        """Whether names and addresses are looked for inside its values."""
        return self.role == "kept" or self.kept_in_part


def column_scan(
    table: TableName,
    column: Column,
    plan: ColumnPlan | None,
    parts: JsonParts | None,
    also: frozenset[str],
    derived: bool,
) -> ColumnScan | None:
    shape: Shape | None = "json" if parts is not None else shape_of(column, also)
    if shape is None:
        return None
    role: Role = "masked" if derived else _role(plan)
    by_part = plan is not None and plan.guarantees.coincidence is Coincidence.BY_PART
    made_up = plan is not None and plan.transformer.name == "free_text" and role == "disjoint"
    return ColumnScan(
        table=str(table),
        column=column.name,
        shape=shape,
        role=role,
        kept_in_part=derived or by_part or made_up or role == "kept",
        related=frozenset(),
        parts=parts,
        patterns=PatternHits(column) if not derived and (role == "kept" or (by_part and _keeps(plan))) else None,
        emails_only=by_part and parts is None,
    )


def is_prose(column: ColumnPlan) -> bool:
    """Whether a few words out of a column prove nothing: prose, or anything, where the rule does not say of whom."""
    name = column.transformer.name
    return name == "free_text" or (name in PROSE and column.pii in (None, "unknown", "free_text"))


def _keeps(plan: ColumnPlan | None) -> bool:
    """Whether something of a column masked in part may be as it was; where every part is masked, nothing is."""
    if plan is None or plan.otherwise is not None or isinstance(plan.transformer, Json):
        return True
    nested = list(_nested(vars(plan.transformer.params).values()))
    return not nested or any(rule.build().name == KEEP for rule in nested)


def related_origins(plans: Mapping[tuple[str, str], ColumnPlan]) -> dict[tuple[str, str], frozenset[str]]:
    """For each planned column the columns that share a masking domain with it, itself among them."""
    domains = {
        place: {column.domain, *JsonParts.domains(column.transformer)}
        for place, column in plans.items()
        if column.masked
    }
    members: dict[str, set[str]] = {}
    for (table, name), names in domains.items():
        for domain in names:
            members.setdefault(domain, set()).add(f"{table}.{name}")
    return {
        place: frozenset({f"{place[0]}.{place[1]}"}.union(*(members[domain] for domain in names)))
        for place, names in domains.items()
    }


def _role(plan: ColumnPlan | None) -> Role:
    if plan is None:
        return "kept"  # a column that nobody planned
    coincidence = plan.guarantees.coincidence
    if coincidence is Coincidence.UNCHANGED:
        return "kept"
    return "disjoint" if coincidence is Coincidence.DISJOINT else "masked"


def _nested(params: Iterable[Any]) -> Iterator[NestedRule]:
    for each in params:
        if isinstance(each, NestedRule):
            yield each
            inner = each.build()
            if not isinstance(inner, Json):
                yield from _nested(vars(inner.params).values())
        elif isinstance(each, Mapping):
            yield from _nested(each.values())


def compact(values: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Distinct values with their counts where values repeat a lot; else the values as they are."""
    values = values.alias("v")
    if values.len() > _DISTINCT_PROBE:
        probe = values.gather_every(values.len() // _DISTINCT_PROBE)
        if probe.n_unique() > probe.len() // 2:
            return values, None
    counted = values.value_counts(name="n")
    return counted.get_column("v"), counted.get_column("n").cast(pl.Int64)
