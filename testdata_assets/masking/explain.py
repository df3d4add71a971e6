"""What `testdata rules explain` says of one column: the rule that covers it, why, and what follows from it.

It works on rules that a refresh would refuse as well, since then the question is asked most. Needs no key.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from testdata_assets.errors import UsageFault
from testdata_assets.masking.json_paths import JsonPattern, Step, StepKind
from testdata_assets.masking.nested_rules import NestedRule, part_column
from testdata_assets.masking.plan import Examination, examine
from testdata_assets.masking.plan_draft import Draft
from testdata_assets.masking.plan_transformers import KEEP, NULL
from testdata_assets.masking.rule_models import ColumnRef, MaskingRules
from testdata_assets.masking.transformer_docs import nulls, promises
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import (
    TEXT_TYPES,
    Coincidence,
    Guarantees,
    RowTransformer,
    Transformer,
    Uniqueness,
)
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table, UniqueIndex

_JSON_PATH = re.compile(r"(?P<column>.+?):(?P<path>\$.*)\Z", re.DOTALL)
_WITHOUT_SCHEMA = re.compile(r'(?P<table>"(?:[^"]|"")+"|[^\s."]+)\.(?P<column>"(?:[^"]|"")+"|[^\s."]+)\Z')
_LISTED = 20


@dataclass(frozen=True)
class Alternative:
    """Another transformer that could write to the column."""

    name: str
    summary: str
    uniqueness: str
    needs_parameters: bool


@dataclass(frozen=True)
class Branch:
    """What applies where a rule's condition does not hold."""

    condition: str
    transformer: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Explanation:
    """Everything decided about one column, or about one JSON path in it.

    Attributes:
        column: `schema.table.column`.
        path: The JSON path that was asked for, if any.
        type: As Postgres prints it.
        mode: Of its table.
        transformer: Name and summary, parameters as JSON data; None where no rule covers it, or the table is emptied.
        origin: Where the transformer comes from.
        reason: Why the choice is right though it looks weak, as the rule says.
        domain: The domain it masks in, and who else does.
        canonical: The canonical form in words.
        inherited_from: The column whose rule it is, if not its own.
        place: Where that rule stands in the rules file.
        guarantees: What the transformer promises on this column; `promises` says it in words.
        null: What becomes of NULL.
        empty: What becomes of ''; None where the type has none.
        otherwise: What applies where conditions do not hold.
        reads: Columns of the row that masks hang on.
        unique: Unique constraints and indexes the column is in.
        references: Columns its foreign keys point to.
        problems: Why a refresh would refuse, with remedies.
        warnings: Allowed, but weak.
        alternatives: Other transformers that fit.
    """

    column: str
    type: str
    mode: str
    path: str | None = None
    transformer: str | None = None
    summary: str | None = None
    origin: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    pii: str | None = None
    reason: str | None = None
    domain: str | None = None
    shared_with: tuple[str, ...] = ()
    fold_case: bool = False
    canonical: str | None = None
    length_limit: int | None = None
    inherited_from: str | None = None
    place: str | None = None
    guarantees: dict[str, Any] = field(default_factory=dict)
    promises: tuple[str, ...] = ()
    null: str | None = None
    empty: str | None = None
    condition: str | None = None
    otherwise: tuple[Branch, ...] = ()
    reads: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    problems: tuple[dict[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The document of `testdata rules explain --json`."""
        return asdict(self)


def explain(rules: MaskingRules, catalog: Catalog, wanted: str) -> Explanation:
    """Explains one column of a database under rules, sound or not.

    Args:
        rules: The rules.
        catalog: The database.
        wanted: `schema.table.column`, quoted as in SQL where it must be; the schema may be left out where one table
            only has that name. `:$.json.path` may follow.

    Raises:
        UsageFault: No such column, a generated one, or a path that is none or that no rule covers.
    """
    match = _JSON_PATH.match(wanted)
    table, column = _find(catalog, match["column"] if match else wanted)
    found = examine(rules, catalog)
    whole = _explain_column(found, table, column)
    return _explain_path(found, table, column, whole, match["path"]) if match else whole


def _find(catalog: Catalog, text: str) -> tuple[Table, Column]:
    """The table and column of a name.

    Raises:
        UsageFault: There is none, more than one, or it is generated.
    """
    short = _WITHOUT_SCHEMA.match(text)
    if short is not None:
        tables = [each for each in catalog.tables if each.name.name == _raw(short["table"])]
        whole = [each for each in tables if not each.is_partition] or tables
        if len(whole) == 1:
            return _column_of(catalog, ColumnRef(whole[0].name, _raw(short["column"])))
        if whole:
            names = " or ".join(str(each.name) for each in whole)
            raise UsageFault(
                f"{len(whole)} tables are called {short['table']}",
                where=text,
                remedy=f"Name its schema: {names}.",
                code="column-ambiguous",
            )
        raise _no_column(catalog, text)
    return _column_of(catalog, ColumnRef.parse(text))


def _raw(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part.lower()


def _column_of(catalog: Catalog, reference: ColumnRef) -> tuple[Table, Column]:
    table = catalog.table(reference.table)
    column = table.column(reference.column) if table is not None else None
    if table is None or column is None:
        raise _no_column(catalog, str(reference), table)
    if column.generated:
        raise UsageFault(
            f"{reference} is a generated column: Postgres computes it anew from masked columns",
            where=str(reference),
            remedy="Ask for the columns it is computed from.",
            code="column-generated",
        )
    return table, column


def _no_column(catalog: Catalog, text: str, table: Table | None = None) -> UsageFault:
    """The error for a name that is none, with what comes nearest."""
    if table is not None:
        wanted = ColumnRef.parse(text).column
        near = difflib.get_close_matches(wanted, [column.name for column in table.columns], n=3)
        near = [str(ColumnRef(table.name, name)) for name in near]
        otherwise = f"{table.name} has the columns {', '.join(column.name for column in table.columns[:_LISTED])}."
    else:
        # Partitions say nothing that their root does not.
        tables = [each for each in catalog.tables if not each.is_partition]
        whole = len(_parts(text)) > 2
        names = {
            (str(reference) if whole else str(reference).partition(".")[2]): str(reference)
            for each in tables
            for reference in (ColumnRef(each.name, column.name) for column in each.columns)
        }
        near = [names[name] for name in difflib.get_close_matches(text, list(names), n=3, cutoff=0.7)]
        otherwise = "Write schema.table.column."
    remedy = f"Did you mean {' or '.join(near)}?" if near else otherwise
    return UsageFault(f"The database has no column {text}", where=text, remedy=remedy, code="no-such-column")


def _parts(text: str) -> list[str]:
    return re.findall(r'"(?:[^"]|"")+"|[^.]+', text)


def _explain_column(found: Examination, table: Table, column: Column) -> Explanation:
    draft = found.draft
    reference = ColumnRef(table.name, column.name)
    owner = draft.lineage.owner(table.name, column.name)
    effective, transformer = draft.effective(table.name, column.name), draft.transformer(table.name, column.name)
    base = Explanation(
        column=str(reference),
        type=column.type,
        mode=_mode(draft, table.name),
        unique=tuple(_shown(index) for index in _unique_with(draft, table, column.name)),
        references=tuple(dict.fromkeys(str(edge.target) for edge in draft.lineage.edges.get(owner, ()))),
        problems=tuple(_problems(found, table, column.name, owner)),
        warnings=tuple(
            each.message for each in found.warnings if (each.table, each.column) == (str(owner.table), column.name)
        ),
    )
    if draft.lineage.truncated(table.name):
        return replace(base, summary="The table is emptied.")
    base = replace(base, alternatives=tuple(_alternatives(draft, table, column, transformer)))
    if effective is None:
        return replace(base, summary="No rule covers this column.")
    mark = draft.rule_mark(effective.origin) or draft.table_mark(effective.origin.table)
    base = replace(
        base,
        pii=effective.rule.pii,
        reason=effective.rule.reason,
        inherited_from=str(effective.origin) if effective.origin not in (owner, reference) else None,
        place=str(mark) if mark else None,
        condition=effective.rule.when,
        otherwise=tuple(_branches(draft, table, column)),
    )
    if transformer is None:
        return replace(base, transformer=effective.rule.transform, summary="This rule's transformer cannot be made.")
    seen_as = draft.limited(table.name, column)
    draws = transformer.name not in (KEEP, NULL) and draft.draws(table.name, column.name)
    domain = draft.domains.get(effective.domain) if draws else None
    return replace(
        base,
        transformer=effective.rule.transform,
        summary=transformer.summary,
        origin=registry.origin(effective.rule.transform),
        params=transformer.params.model_dump(mode="json"),
        domain=effective.domain if draws else None,
        shared_with=tuple(each for each in domain.members if each not in (str(reference), str(owner)))
        if domain
        else (),
        fold_case=domain.fold_case if domain else False,
        canonical=_canonical(domain.fold_case, domain.integer_type) if domain else None,
        length_limit=seen_as.max_length,
        reads=_reads(transformer),
        **_told(transformer, seen_as),
    )


def _told(transformer: Transformer[Any], column: Column) -> dict[str, Any]:
    guarantees = transformer.guarantees_for(column)
    return {
        "guarantees": {
            "uniqueness": str(guarantees.uniqueness),
            "coincidence": str(guarantees.coincidence),
            "deterministic": guarantees.deterministic,
            "preserves_length": guarantees.preserves_length,
            "preserves_format": guarantees.preserves_format,
            "nulls_stay_null": guarantees.nulls_stay_null,
        },
        "promises": tuple(promises(guarantees)),
        "null": "Every value becomes NULL." if transformer.name == NULL else f"{nulls(guarantees)}.",
        "empty": _empty(transformer, guarantees, column),
    }


def _empty(transformer: Transformer[Any], guarantees: Guarantees, column: Column) -> str | None:
    if column.base_type not in TEXT_TYPES:
        return None
    if guarantees.coincidence is Coincidence.CONSTANT:
        return "'' is replaced like any other value."
    return "'' and blanks stay as they are." if guarantees.nulls_stay_null else "'' is masked like any other value."


def _canonical(fold_case: bool, integer_type: str | None) -> str:
    if integer_type is not None:
        return "integers: equal numbers mask equally, whatever their type"
    return "case does not count: values that differ only by it mask alike" if fold_case else "exact: case counts"


def _reads(transformer: Transformer[Any]) -> tuple[str, ...]:
    if not isinstance(transformer, RowTransformer):
        return ()
    return tuple(dict.fromkeys((*transformer.reads(), *transformer.reads_masked())))


def _mode(draft: Draft, name: TableName) -> str:
    modes = [draft.rules.tables[each].mode for each in draft.lineage.ancestry(name) if each in draft.rules.tables]
    return next((mode for mode in modes if mode != "mask"), "mask")


def _branches(draft: Draft, table: Table, column: Column) -> Iterator[Branch]:
    effective = draft.effective(table.name, column.name)
    condition = effective.rule.when if effective else None
    for rule, transformer in draft.alternatives(table.name, column.name):
        yield Branch(f"not ({condition})", rule.transform, transformer.params.model_dump(mode="json"))
        condition = rule.when


def _unique_with(draft: Draft, table: Table, column: str) -> list[UniqueIndex]:
    family = {table.name, *draft.lineage.ancestry(table.name)}
    return [
        index
        for index in draft.catalog.unique_indexes
        if index.table in family and column in (*index.columns, *index.expression_columns)
    ]


def _shown(index: UniqueIndex) -> str:
    kind = "primary key" if index.primary else "exclusion constraint" if index.exclusion else "unique"
    keys = ", ".join((*index.columns, *index.expressions))
    return f"{index.name}: {kind} ({keys}){f' WHERE {index.predicate}' if index.predicate else ''}"


def _problems(found: Examination, table: Table, column: str, owner: ColumnRef) -> Iterator[dict[str, Any]]:
    names = {str(table.name), str(owner.table)}
    for problem in found.problems:
        if problem.table in names and problem.column in (column, None):
            yield {
                "kind": problem.kind,
                "message": problem.message,
                "remedy": problem.remedy,
                "place": str(problem.mark) if problem.mark else None,
            }


def _alternatives(
    draft: Draft, table: Table, column: Column, current: Transformer[Any] | None
) -> Iterator[Alternative]:
    """Transformers that could write to the column, under their default parameters where they have some."""
    seen_as = draft.limited(table.name, column)
    alone = any(
        set(index.columns) | set(index.expression_columns) == {column.name}
        for index in _unique_with(draft, table, column.name)
    )
    for name, each in registry.all().items():
        if (current is not None and name == current.name) or not each.accepts(column.base_type):
            continue
        if each.guarantees.coincidence is Coincidence.BY_PART and not (each.base_types or column.parts):
            continue  # for values that consist of parts
        try:
            built = registry.build(name)
        except ValidationError:
            if not (alone and each.guarantees.uniqueness is Uniqueness.LOSSY):
                yield Alternative(name, each.summary, str(each.guarantees.uniqueness), True)
            continue
        if built.problems(seen_as):
            continue
        uniqueness = built.guarantees_for(seen_as).uniqueness
        if not (alone and uniqueness is Uniqueness.LOSSY and name != NULL):
            yield Alternative(name, each.summary, str(uniqueness), False)


def _explain_path(found: Examination, table: Table, column: Column, whole: Explanation, path: str) -> Explanation:
    """The nested rule of a JSON path."""
    transformer = found.draft.transformer(table.name, column.name)
    paths = getattr(transformer.params, "paths", None) if transformer is not None else None
    where = f"{whole.column}:{path}"
    if not isinstance(paths, dict) or not all(isinstance(each, NestedRule) for each in paths.values()):
        raise UsageFault(
            f"{whole.column} has no rules by path; its transformer is {whole.transformer or 'not decided'}",
            where=where,
            remedy="Ask for the column, or give it the transformer json.",
            code="no-json-paths",
        )
    try:
        steps = JsonPattern.parse(path).steps
    except ValueError as error:
        raise UsageFault(str(error), where=where, remedy="Write it as in the rules.", code="json-path") from None
    written = _winner(paths, steps)
    if written is None:
        near = difflib.get_close_matches(path, list(paths), n=3)
        raise UsageFault(
            f"No rule covers {path}: a leaf there rejects the image",
            where=where,
            remedy=f"Did you mean {' or '.join(near)}?" if near else "Add it to the column's paths.",
            code="json-path-unlisted",
        )
    rule: NestedRule = paths[written]
    inner = rule.build()
    effective = found.draft.effective(table.name, column.name)
    origin = effective.origin if effective is not None else ColumnRef(table.name, column.name)
    mark = found.draft.rule_mark(origin, "params", "paths", written)
    draws = inner.guarantees.coincidence not in (Coincidence.UNCHANGED, Coincidence.CONSTANT)
    name = (rule.domain or whole.domain) if draws else None
    domain = found.draft.domains.get(name) if name else None
    part = part_column(column)
    return replace(
        whole,
        path=path,
        type="leaf of " + column.type,
        transformer=rule.transform,
        summary=inner.summary,
        origin=registry.origin(rule.transform),
        params=inner.params.model_dump(mode="json"),
        pii=rule.pii,
        domain=name,
        shared_with=tuple(each for each in domain.members if each != f"{origin}:paths.{written}") if domain else (),
        fold_case=domain.fold_case if domain else False,
        canonical=_canonical(domain.fold_case, domain.integer_type) if domain else None,
        length_limit=domain.length_limit if domain else None,
        place=str(mark) if mark else None,
        condition=f"the path is covered by {written}" if written != path else None,
        otherwise=(),
        unique=(),
        references=(),
        alternatives=(),
        **_told(inner, part),
    )


def _winner(paths: dict[str, NestedRule], steps: tuple[Step, ...]) -> str | None:
    """The pattern that wins for a path, by the order of `Json`: specificity, then masking before keeping, then text."""
    fitting = [
        (pattern.steps == steps, pattern.specificity, paths[text].transform != KEEP, text)
        for text in paths
        if _fits((pattern := JsonPattern.parse(text)).steps, steps)
    ]
    return max(fitting)[-1] if fitting else None


def _fits(pattern: tuple[Step, ...], path: tuple[Step, ...]) -> bool:
    """Whether a pattern covers a path; wildcards in the path stand for any key or element."""
    if not pattern:
        return not path
    head, rest = pattern[0], pattern[1:]
    if head.kind is StepKind.DESCENT:
        return any(_fits(rest, path[skipped:]) for skipped in range(len(path) + 1))
    if not path:
        return False
    same = head == path[0]
    any_key = head.kind is StepKind.WILD_KEY and path[0].kind in (StepKind.KEY, StepKind.WILD_KEY)
    any_element = head.kind is StepKind.WILD_ELEMENT and path[0].kind in (StepKind.ELEMENT, StepKind.WILD_ELEMENT)
    return (same or any_key or any_element) and _fits(rest, path[1:])
