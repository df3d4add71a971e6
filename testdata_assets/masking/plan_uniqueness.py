"""Uniqueness: what is unique in production must still be unique when masked, or the refresh stops here.

Looked at are primary keys, unique constraints and indexes (plain, on expressions, partial) and exclusion
constraints. NULLs never collide (but under NULLS NOT DISTINCT), kept columns never change; the rest hangs on what a
transformer guarantees.
"""

from __future__ import annotations

import re
from typing import Any

from testdata_assets.errors import UsageFault
from testdata_assets.masking.plan_draft import Draft, draws
from testdata_assets.masking.plan_models import guarantees_in, mixes, narrows
from testdata_assets.masking.plan_transformers import KEEP, NULL, nested_domains, unique_alternatives
from testdata_assets.masking.transformers.base import TEXT_TYPES, RowTransformer, Transformer, Uniqueness
from testdata_assets.masking.transformers.text import TextTransformer
from testdata_assets.postgres.identifiers import TableName, quote_identifier
from testdata_assets.production.catalog import Column, UniqueIndex

_LITERAL = re.compile(r"'(?:[^']|'')*'")
_NULL_TEST = re.compile(r"\(?\s*IS\s+(?:NOT\s+)?NULL\b", re.IGNORECASE)
# Categories whose values meet operators other than `=` in exclusion constraints: ranges, geometry, networks.
_OVERLAPPING = frozenset("RGI")


def check_uniqueness(draft: Draft) -> None:
    """Reports every index that masking could break, by constraint, column and a transformer that would do."""
    indexes = sorted(
        draft.catalog.unique_indexes,
        key=lambda index: (
            len(draft.lineage.ancestry(index.table)),
            index.table,
            not index.primary,
            index.name,
        ),
    )
    seen: set[tuple[object, ...]] = set()
    for index in indexes:
        if index.table not in draft.tables or draft.untouched(index.table):
            continue
        # A partitioned table's index is repeated on every leaf; the root's comes first and is enough.
        root = draft.lineage.ancestry(index.table)[-1]
        identity = (root, index.columns, index.expressions, index.predicate, index.exclusion)
        if identity not in seen:
            seen.add(identity)
            _check_index(draft, index)


def mentions(text: str, column: str) -> bool:
    """Whether an expression as Postgres prints it names a column (string literals do not count)."""
    return bool(_mention(column).search(_LITERAL.sub("''", text)))


def plainly_lowered(expression: str, column: str) -> bool:
    """Whether an expression is lower() or upper() of just the column, casts and collation aside."""
    name = rf"(?:{re.escape(column)}|{re.escape(quote_identifier(column))})"
    cast = r'(?:::[\w ."]+(?:\(\d+\))?)?'
    collation = r'(?:\s+COLLATE\s+[\w."-]+)?'
    pattern = rf"\(*(?:pg_catalog\.)?(?:lower|upper)\(\(*{name}\)*{cast}\)*{collation}\)*{collation}"
    return re.fullmatch(pattern, expression.strip()) is not None


def _mention(column: str) -> re.Pattern[str]:
    return re.compile(rf'(?<![\w$":])(?:{re.escape(column)}(?![\w$(])|{re.escape(quote_identifier(column))})')


def _check_index(draft: Draft, index: UniqueIndex) -> None:
    for column in index.columns:
        if index.nulls_collide and _nulled(draft, index.table, column) and not _unique_anyway(draft, index, column):
            _report(draft, index, column, "it takes NULL once (NULLS NOT DISTINCT)")
            continue
        transformer = draft.masked(index.table, column)
        if transformer is None:
            continue
        if index.exclusion and _overlaps(draft, index.table, column):
            _report(draft, index, column, "its operators may see masked values overlap", alternatives=KEEP)
        elif _lossy(draft, index.table, column, _is_case_blind(draft, index.table, column)) and not _unique_anyway(
            draft, index, column
        ):
            _report_lossy(draft, index, column, transformer)
        elif not _unique_anyway(draft, index, column):
            _check_case(draft, index, column)
    for expression in (*index.expressions, *_generating(draft, index)):
        _check_expression(draft, index, expression)
    if index.predicate:
        _check_predicate(draft, index, index.predicate)


def _nulled(draft: Draft, table: TableName, column: str) -> bool:
    """Whether masking makes values NULL, in all rows or in those of a condition."""
    ways = (draft.transformer(table, column), *(other for _, other in draft.alternatives(table, column)))
    return any(way is not None and not _keeps_nulls(draft, table, column, way) for way in ways)


def _generating(draft: Draft, index: UniqueIndex) -> list[str]:
    """The expressions behind the index's generated columns, which will be computed from masked values."""
    found: list[str] = []
    for name in index.columns:
        column = draft.tables[index.table].column(name)
        if column is not None and column.generated:
            for text in draft.catalog.texts:
                if text.kind == "default" and _is_column(text.object, index.table, name):
                    found.append(text.text)
    return found


def _is_column(described: str, table: TableName, column: str) -> bool:
    """Whether `schema.table.column`, its last part raw as the catalog reader writes it, is that column."""
    prefix = described.removesuffix(f".{column}")
    try:
        return prefix != described and TableName.parse(prefix) == table
    except UsageFault:
        return False


def _check_expression(draft: Draft, index: UniqueIndex, expression: str) -> None:
    for column in (each.name for each in draft.tables[index.table].columns):
        transformer = draft.masked(index.table, column)
        if transformer is None or not mentions(expression, column):
            continue
        if not plainly_lowered(expression, column):
            reason = f"it is over the expression {expression}, which may be equal for different masked values"
            _report(draft, index, column, reason, alternatives=KEEP)
        elif _lossy(draft, index.table, column, in_one_case=True):
            _report_lossy(draft, index, column, transformer)


def _check_case(draft: Draft, index: UniqueIndex, name: str) -> None:
    """Where a domain ignores case, values that differ in nothing else may get one mask."""
    effective = draft.effective(index.table, name)
    folded = _merges_case(draft, index.table, name)
    if folded is None or effective is None or effective.rule.reason is not None:
        return
    found = draft.tables[index.table].column(name)
    others = unique_alternatives(found, tells_case=True) if found is not None else KEEP
    draft.report(
        "uniqueness",
        index.table,
        f"{_kind(index)} {index.name} could break: case counts in it, and {folded} ignores case, so that "
        "values which differ in nothing else may become equal",
        f"Give {name} a domain of its own, or, where no two values differ in case only, say so: a unique index on "
        f"lower({name}) in the database, or `reason` in the rule. Or use {others}, which tell case.",
        column=name,
        mark=draft.rule_mark(effective.origin),
    )


def _merges_case(draft: Draft, table: TableName, name: str) -> str | None:
    """What ignores case, a domain or a transformer, so that values which differ in nothing else may become equal."""
    column = draft.tables[table].column(name)
    if column is None or not _tells_case(column) or (not column.parts and _unique_in_any_case(draft, table, name)):
        return None
    for rule, transformer, domain in draft.ways(table, name):
        if isinstance(transformer, TextTransformer) and transformer.reads_any_case:
            return f"transformer {transformer.name}"
        if draws(transformer) and not transformer.distinguishes_case():
            for each in (domain, *(own for _, own in nested_domains(rule.params))):
                if each in draft.domains and draft.domains[each].fold_case:
                    return f"domain {each}"
    return None


def _tells_case(column: Column) -> bool:
    """Whether values of the column, or parts of them, are told apart by case."""
    if column.parts:
        return any(_tells_case(part) for part in column.parts)
    return column.base_type == "hstore" or column.base_type in TEXT_TYPES - {"citext"}


def _is_case_blind(draft: Draft, table: TableName, name: str) -> bool:
    """Whether the column's own equality ignores case."""
    column = draft.tables[table].column(name)
    return column is not None and (column.base_type == "citext" or column.nondeterministic)


def _unique_in_any_case(draft: Draft, table: TableName, name: str) -> bool:
    """Whether no two values of the column differ in case only: it is no text, ignores case, or an index says so."""
    column = draft.tables[table].column(name)
    if column is None or not _tells_case(column) or _is_case_blind(draft, table, name):
        return True
    return any(
        index.table == table
        and not (index.columns or index.predicate or index.exclusion)
        and len(index.expressions) == 1
        and plainly_lowered(index.expressions[0], name)
        for index in draft.catalog.unique_indexes
    )


def _check_predicate(draft: Draft, index: UniqueIndex, predicate: str) -> None:
    """A masked column in the predicate moves rows into the index that were never unique."""
    bare = _LITERAL.sub("''", predicate)
    for column in (each.name for each in draft.tables[index.table].columns):
        transformer = draft.transformer(index.table, column)
        if transformer is None:
            continue
        # Rows that a rule's condition leaves out are masked by its `else`, which counts as well.
        others = [other for _, other in draft.alternatives(index.table, column)]
        changing = [each for each in (transformer, *others) if each.name != KEEP]
        uses = list(_mention(column).finditer(bare))
        if not changing or not uses:
            continue
        stays_null = all(_keeps_nulls(draft, index.table, column, each) for each in changing)
        if not (stays_null and all(_NULL_TEST.match(bare, use.end()) for use in uses)):
            reason = "its predicate reads the column, and masked values may put other rows under it"
            _report(draft, index, column, reason, alternatives=KEEP)


def _keeps_nulls(draft: Draft, table: TableName, name: str, transformer: Transformer[Any]) -> bool:
    """Whether a transformer writes NULL into the column exactly where NULL was."""
    column = draft.tables[table].column(name)
    if column is None or transformer.name == NULL:
        return False
    return transformer.guarantees_for(draft.limited(table, column)).nulls_stay_null


def _lossy(draft: Draft, table: TableName, name: str, in_one_case: bool = False) -> bool:
    """Whether masking may make different values of a column equal, or (in one case) equal but for their case."""
    transformer, column = draft.masked(table, name), draft.tables[table].column(name)
    if transformer is None or column is None:
        return False
    seen_as = draft.limited(table, column)
    promised = guarantees_in(transformer, column, seen_as)
    others = [guarantees_in(other, column, seen_as) for _, other in draft.alternatives(table, name)]
    if any(mixes(promised, other) for other in others):
        return True
    if isinstance(transformer, RowTransformer) and promised.uniqueness is Uniqueness.LOSSY:
        return not any(
            _unique_alone(draft, table, other)
            and not (in_one_case and transformer.copies_text and not _unique_in_any_case(draft, table, other))
            for other in transformer.unique_through()
        )
    return promised.uniqueness is Uniqueness.LOSSY


def _stays_distinct(draft: Draft, table: TableName, name: str) -> bool:
    return not _lossy(draft, table, name) and _merges_case(draft, table, name) is None


def _report_lossy(draft: Draft, index: UniqueIndex, name: str, transformer: Transformer[Any]) -> None:
    """A transformer may make values equal: by itself, or because its domain has a narrower column."""
    reason = f"transformer {transformer.name} may make different values equal"
    column = draft.tables[index.table].column(name)
    limit = None if column is None else draft.limited(index.table, column).max_length
    cut = column is not None and limit is not None and narrows(column, limit)
    if column is not None and cut and transformer.guarantees_for(column).uniqueness is not Uniqueness.LOSSY:
        reason += f", cut to the {limit} characters that the narrowest column of its domain admits"
        _report(draft, index, name, reason, domain_is_why=True)
    else:
        _report(draft, index, name, reason, parameters=transformer.unique_with())


def _unique_alone(draft: Draft, table: TableName, name: str) -> bool:
    """Whether no two rows of the table share a value of the column, before masking and after."""
    column = draft.tables[table].column(name)
    transformer = draft.masked(table, name)
    if column is None or not column.not_null or isinstance(transformer, RowTransformer):
        return False
    if not _stays_distinct(draft, table, name):
        return False
    return any(
        index.table == table
        and index.columns == (name,)
        and not (index.expressions or index.predicate or index.exclusion)
        for index in draft.catalog.unique_indexes
    )


def _overlaps(draft: Draft, table: TableName, name: str) -> bool:
    column = draft.tables[table].column(name)
    return column is not None and column.category in _OVERLAPPING


def _unique_anyway(draft: Draft, index: UniqueIndex, lossy: str) -> bool:
    """Whether other columns of a composite key are unique by themselves and stay so."""
    if index.exclusion:
        return False
    table = draft.tables[index.table]
    for other in draft.catalog.unique_indexes:
        if other.table != index.table or other.predicate or other.expressions or other.exclusion:
            continue
        if lossy in other.columns or not set(other.columns) <= set(index.columns):
            continue
        columns = (table.column(name) for name in other.columns)
        if all(column is not None and column.not_null for column in columns) and all(
            _stays_distinct(draft, index.table, name) for name in other.columns
        ):
            return True
    return False


def _kind(index: UniqueIndex) -> str:
    return "exclusion constraint" if index.exclusion else "primary key" if index.primary else "unique index"


def _report(
    draft: Draft,
    index: UniqueIndex,
    column: str,
    reason: str,
    alternatives: str | None = None,
    *,
    parameters: str = "",
    domain_is_why: bool = False,
) -> None:
    table = draft.tables[index.table]
    found = table.column(column)
    effective = draft.effective(index.table, column)
    if alternatives is None:
        alternatives = unique_alternatives(found) if found is not None else KEEP
    draft.report(
        "uniqueness",
        index.table,
        f"{_kind(index)} {index.name} could break: {reason}",
        f"{f'Set {parameters}. Or use' if parameters else 'Use'} {alternatives} for {column}"
        f"{', or give it a domain of its own' if domain_is_why else ''}.",
        column=column,
        mark=draft.rule_mark(effective.origin, "transform") if effective else None,
    )
