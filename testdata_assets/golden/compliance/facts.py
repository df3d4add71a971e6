"""What a report tells, gathered from an image's registry row and its signed attestation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from testdata_assets.golden import attest
from testdata_assets.golden.compliance.categories import CATEGORIES, Category, category_of, describe
from testdata_assets.golden.registry import GoldenImage

_DATES = ("date", "timestamp", "timestamp with time zone", "timestamp without time zone")
_DOCUMENTS = ("json", "array", "composite", "hstore", "xml")


@dataclass(frozen=True)
class ColumnFact:
    """One column, or one part of a document in a column."""

    table: str
    column: str
    type: str
    transformer: str
    pii: str | None
    domain: str | None
    masked: bool
    conditional: bool
    coincidence: str
    inherited_from: str | None
    path: str | None = None
    reason: str | None = None  # why a weak choice is right, as the rule says

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}" + (f" → {self.path}" if self.path else "")

    @property
    def treatment(self) -> str:
        words = {"keep": "kept", "null": "emptied"}.get(self.transformer, self.transformer)
        if not self.masked and words != "kept":
            words = f"kept ({words})"
        return f"{words}, in some rows" if self.conditional else words


@dataclass
class CategoryFact:
    """All columns of one category."""

    name: str
    category: Category
    masked: list[ColumnFact] = field(default_factory=list)
    kept: list[ColumnFact] = field(default_factory=list)

    @property
    def transformers(self) -> list[str]:
        return sorted({column.transformer for column in self.masked})


@dataclass(frozen=True)
class CheckFact:
    """One check with its figures: names and numbers, never a value."""

    name: str
    passed: bool
    severity: str
    summary: str
    figures: tuple[tuple[str, str], ...]
    findings: tuple[str, ...]


@dataclass
class Facts:
    """Everything on the page.

    Attributes:
        signed_by: Id of the trusted key whose signature holds, or None.
        refusal: Why the attestation does not count, if it does not.
        tables: `(table, mode)` of every table that a rule covers.
        columns: All columns, partitions counted once with the table whose rule covers them.
    """

    golden_id: str
    status: str
    made_at: datetime
    published_at: datetime | None
    signed_by: str | None
    refusal: str | None
    identity: list[tuple[str, str]]
    tables: list[tuple[str, str]]
    columns: list[ColumnFact]
    categories: list[CategoryFact]
    checks: list[CheckFact]
    verification: Mapping[str, Any] | None
    plan_recorded: bool
    rows: int
    objects: Mapping[str, str]

    @property
    def masked(self) -> list[ColumnFact]:
        return [column for column in self.columns if column.masked]

    @property
    def kept(self) -> list[ColumnFact]:
        return [column for column in self.columns if not column.masked]

    @property
    def kept_dates(self) -> list[ColumnFact]:
        return [column for column in self.kept if column.type.split("(")[0].strip() in _DATES]

    @property
    def kept_personal(self) -> list[ColumnFact]:
        """Columns that a rule calls personal and yet keeps."""
        return [column for column in self.kept if column.pii]

    def tables_of(self, mode: str) -> list[str]:
        return [table for table, each in self.tables if each == mode]

    def passed(self, *names: str) -> bool:
        """Whether the image is attested and these checks passed."""
        held = {check.name for check in self.checks if check.passed}
        return self.signed_by is not None and held.issuperset(names)


def gather(image: GoldenImage, keys: Iterable[Ed25519PublicKey]) -> Facts:
    """The facts about an image; of a signed one only what was signed counts.

    Args:
        image: Of any status. One that was never published gets a report that says so.
        keys: Those that may sign.
    """
    signed_by, refusal, told = _attested(image, list(keys))
    plan = told.get("plan") or {}
    columns, parts = _columns(plan) if plan else (_masked_only(image), [])
    return Facts(
        golden_id=image.golden_id,
        status=image.status,
        made_at=datetime.now(UTC),
        published_at=image.published_at,
        signed_by=signed_by,
        refusal=refusal,
        identity=_identity(image, told, signed_by),
        tables=_tables(plan),
        columns=columns,
        categories=_categories(columns, parts),
        checks=[_check(each) for each in told.get("checks") or []],
        verification=image.verification,
        plan_recorded=bool(plan),
        rows=sum((told.get("row_counts") or {}).values()),
        objects=plan.get("objects") or {},
    )


def _attested(image: GoldenImage, keys: list[Ed25519PublicKey]) -> tuple[str | None, str | None, Mapping[str, Any]]:
    refusal = "The image has an attestation that no trusted key signed"
    for key in keys:
        try:
            found = attest.verify(image.attestation, [key], image.golden_id)
        except attest.AttestationRefused as refused:
            refusal = refused.what
            continue
        if found["golden_id"] == image.golden_id:
            return attest.public_key_id(key), None, found
        refusal = "The image has the attestation of another image"
        break
    told = {"plan": image.plan, "checks": image.checks, "row_counts": image.row_counts}
    return None, refusal, told


def _identity(image: GoldenImage, told: Mapping[str, Any], signed_by: str | None) -> list[tuple[str, str]]:
    seal = told.get("seal") or {}
    rows = [
        ("Image", image.golden_id),
        ("Published", _time(image.published_at)),
        ("Snapshot of production", f"{image.snapshot_id}, {told.get('snapshot_taken_at') or 'time not signed'}"),
        ("Source (system identifier/database)", str(told.get("source_fingerprint") or "not signed")),
        ("Rules digest", image.rules_digest),
        *_judged_by(told.get("judged_by")),
        ("Masking key", f"{image.key_id} (an id; says nothing of the key){_easy(told)}"),
        ("Code version", str(told.get("code_version") or "not signed")),
        ("Database", f"{image.database_name}, oid {seal.get('database_oid', image.database_oid)}"),
        ("Data Docs digest", str(told.get("data_docs") or "none")),
        ("Signed by", signed_by or "nobody who is trusted here"),
    ]
    return rows


def _easy(told: Mapping[str, Any]) -> str:
    guessable = (told.get("plan") or {}).get("guessable_keys")
    return "; EASY TO GUESS, so that masks can be looked up" if guessable else ""


def _judged_by(digests: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """The files with limits, accepted findings and own expectations that the image was judged by."""
    if digests is None:
        return [("Validation rules digest", "not signed")]
    rows = [("Validation rules digest", str(digests.get("validation.yaml") or "none, defaults held"))]
    return rows + [(f"Expectations {name}", str(value)) for name, value in digests.get("expectations", {}).items()]


def _time(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if moment else "never"


def _tables(plan: Mapping[str, Any]) -> list[tuple[str, str]]:
    return sorted({(table["rule_table"], table["mode"]) for table in plan.get("tables", ())})


def _columns(plan: Mapping[str, Any]) -> tuple[list[ColumnFact], list[ColumnFact]]:
    """Columns, and the parts of documents that have rules of their own; of partitions the first speaks for all."""
    columns: dict[tuple[str, str], ColumnFact] = {}
    parts: dict[tuple[str, str, str], ColumnFact] = {}
    for table in plan["tables"]:
        for each in table["columns"]:
            name = (table["rule_table"], each["column"])
            ways = [part["transformer"] != "keep" for part in each.get("parts", ())]
            # A document all of whose leaves are kept is kept.
            columns.setdefault(name, _fact(name, {**each, "masked": each["masked"] and (not ways or any(ways))}))
            for part in each.get("parts", ()):
                told = {**each, **part, "masked": part["transformer"] != "keep", "domain": None}
                parts.setdefault((*name, part["path"]), _fact(name, told, part["path"]))
    return list(columns.values()), list(parts.values())


def _fact(name: tuple[str, str], told: Mapping[str, Any], path: str | None = None) -> ColumnFact:
    return ColumnFact(
        table=name[0],
        column=name[1],
        type=told["type"],
        transformer=told["transformer"],
        pii=told["pii"],
        domain=told["domain"],
        masked=told["masked"],
        conditional=bool(told.get("conditional")),
        coincidence=told.get("coincidence", ""),
        inherited_from=told.get("inherited_from"),
        path=path,
        reason=told.get("reason"),
    )


def _masked_only(image: GoldenImage) -> list[ColumnFact]:
    """Of an image made before plans were recorded: its masked columns are all that is known."""
    return [
        _fact((each["table"], each["column"]), {**each, "type": each.get("type", ""), "masked": True})
        for each in image.masked_columns or []
    ]


def _categories(columns: list[ColumnFact], parts: list[ColumnFact]) -> list[CategoryFact]:
    """By category, masked and kept. A document whose parts have rules is told by its parts."""
    found: dict[str, CategoryFact] = {}
    documents = {(part.table, part.column) for part in parts if part.masked}
    for fact in [*columns, *parts]:
        if not fact.masked and not fact.pii:
            continue
        if fact.path is None and (fact.table, fact.column) in documents and fact.transformer in _DOCUMENTS:
            continue
        if fact.path is not None and not fact.masked:
            continue  # of a document that a rule calls personal, some leaves say nothing about anybody
        name = category_of(fact.pii, fact.transformer)
        entry = found.setdefault(name, CategoryFact(name, describe(name)))
        (entry.masked if fact.masked else entry.kept).append(fact)
    order = list(CATEGORIES)
    return sorted(found.values(), key=lambda each: (order.index(each.name) if each.name in order else 99, each.name))


def _check(told: Mapping[str, Any]) -> CheckFact:
    findings = [
        f"{each.get('table')}.{each.get('column')}: {each.get('kind')} ({each.get('count')})"
        for each in told.get("findings") or ()
    ]
    return CheckFact(
        name=str(told.get("name")),
        passed=bool(told.get("passed")),
        severity=str(told.get("severity", "error")),
        summary=str(told.get("summary", "")),
        figures=tuple(_figures(told.get("details") or {})),
        findings=tuple(findings),
    )


def _figures(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Numbers and short words of a check's details; longer ones stay in the registry."""
    found = []
    for name, value in details.items():
        words = name.replace("_", " ")
        if isinstance(value, bool):
            found.append((words, "yes" if value else "no"))
        elif isinstance(value, int):
            found.append((words, f"{value:,}"))
        elif isinstance(value, float):
            found.append((words, f"{value:.4g}"))
        elif isinstance(value, str) and len(value) <= 60:
            found.append((words, value))
        elif isinstance(value, list | dict):
            found.append((words, f"{len(value):,} entries"))
    return found


def by_table(columns: Iterable[ColumnFact]) -> dict[str, list[ColumnFact]]:
    """Columns under the name of their table."""
    found: dict[str, list[ColumnFact]] = defaultdict(list)
    for column in columns:
        found[column.table].append(column)
    return dict(found)
