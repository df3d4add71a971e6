"""Relationships that begin inside a column's values, at a JSON path or in an array, as rules nested in its own.

What a reference joins must mask alike, so the part gets the transformer, parameters and domain of the column that it
points to. A rule of its own that says something else is a contradiction, and reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from testdata_assets.errors import UsageFault
from testdata_assets.masking.json_paths import JsonPattern
from testdata_assets.masking.lineage import Effective, Lineage
from testdata_assets.masking.nested_rules import NestedRule
from testdata_assets.masking.plan_transformers import KEEP, NULL
from testdata_assets.masking.rule_models import ColumnRef, ColumnRule, MaskingRules, Relationship, TableRule
from testdata_assets.masking.transformers import registry
from testdata_assets.production.catalog import Catalog

_DRAWING_NOTHING = (KEEP, NULL, "constant")


@dataclass(frozen=True)
class Contradiction:
    """A relationship that cannot become a nested rule.

    Attributes:
        index: Of the relationship in the rules.
        column: The referencing column.
    """

    index: int
    column: ColumnRef
    message: str
    remedy: str


def with_nested_references(rules: MaskingRules, catalog: Catalog) -> tuple[MaskingRules, list[Contradiction]]:
    """The rules with every nested relationship written out as a nested rule, and those that cannot be.

    Relationships whose columns do not exist, or whose target has no sound rule, are left alone: others report them.
    """
    found: list[Contradiction] = []
    for index, each in enumerate(rules.relationships):
        if each.inside is None:
            continue
        lineage = Lineage(rules, catalog)
        source, target = (lineage.owner(end.table, end.column) for end in (each.from_, each.to))
        effective = lineage.effective(target)
        if effective is None or not _builds(effective.rule) or any(_missing(lineage, end) for end in (source, target)):
            continue
        table = rules.tables.get(source.table, TableRule())
        own = table.columns.get(source.column)
        if table.mode in ("truncate", "synthesize") or (own is not None and own.transform == NULL):
            continue  # nothing of the part is left
        wanted = _nested(effective)
        if effective.rule.when is not None or isinstance(wanted, str):
            reason = wanted if isinstance(wanted, str) else "its rule hangs on a condition over its own row"
            message = f"a relationship points to {target}, whose rule cannot be nested: {reason}"
            remedy = f"Remove the relationship, or mask {target} by its value alone."
            found.append(Contradiction(index, source, message, remedy))
            continue
        made = _written_out(each, table, source, wanted, lineage)
        if isinstance(made, str):
            message = f"a relationship points to {target}, which masks differently: {made}"
            remedy = (
                "Remove the column's own rule for that part, so that the relationship decides, or the relationship."
            )
            found.append(Contradiction(index, source, message, remedy))
            continue
        if made is not table.columns.get(source.column):
            rules = _replaced(rules, source, table, made, index, each)
    return rules, found


def _missing(lineage: Lineage, column: ColumnRef) -> bool:
    table = lineage.tables.get(column.table)
    return table is None or table.column(column.column) is None


def _builds(rule: ColumnRule) -> bool:
    try:
        registry.build(rule.transform, rule.params)
    except (UsageFault, ValidationError):
        return False
    return True


def _nested(effective: Effective) -> dict[str, Any] | str:
    """The target's rule as a nested one, or why there is none."""
    rule = effective.rule
    nested: dict[str, Any] = {"transform": rule.transform, **rule.params}
    if rule.pii is not None:
        nested["pii"] = rule.pii
    if rule.transform not in _DRAWING_NOTHING:
        nested["domain"] = effective.domain
    try:
        NestedRule.model_validate(nested)
    except ValidationError as error:
        return "; ".join(each["msg"] for each in error.errors(include_url=False, include_input=False))
    return nested


def _written_out(
    each: Relationship, table: TableRule, source: ColumnRef, wanted: Mapping[str, Any], lineage: Lineage
) -> ColumnRule | str:
    """The referencing column's rule with the nested one in it, or how the column's own rule contradicts it."""
    transform, key = ("array", "items") if each.inside == "[]" else ("json", "paths")
    own = table.columns.get(source.column)
    if own is None:
        if table.mode == "keep":
            return f"{wanted['transform']} there, mode keep here"
        params = {"items": dict(wanted)} if key == "items" else {"paths": {each.inside: dict(wanted)}}
        return ColumnRule(transform=transform, params=params)
    if own.transform != transform:
        return f"{wanted['transform']} there, {own.transform} of the whole column here"
    known = _known_part(own, key, str(each.inside))
    if known is None:
        paths = own.params.get(key)
        added = {**(paths if isinstance(paths, Mapping) else {}), each.inside: dict(wanted)}
        return own.model_copy(update={"params": {**own.params, key: added}})
    effective = lineage.effective(source)
    return _difference(known, wanted, effective.domain if effective else str(source)) or own


def _known_part(own: ColumnRule, key: str, inside: str) -> tuple[Any] | None:
    """What the column's own rule says about the part (in a tuple, since it may be null); None where nothing."""
    if key == "items":
        return (own.params[key],) if key in own.params else None
    paths = own.params.get(key)
    wanted = JsonPattern.parse(inside).steps
    for path, rule in paths.items() if isinstance(paths, Mapping) else ():
        try:
            if JsonPattern.parse(str(path)).steps == wanted:
                return (rule,)
        except ValueError:
            continue  # reported where the transformer is built
    return None


def _difference(known: tuple[Any], wanted: Mapping[str, Any], domain: str) -> str | None:
    try:
        ours, theirs = NestedRule.model_validate(known[0]), NestedRule.model_validate(wanted)
    except ValidationError:
        return None  # reported where the transformer is built
    if ours.transform == NULL:
        return None
    if ours.transform != theirs.transform:
        return f"{theirs.transform} there, {ours.transform} here"
    try:
        same = ours.build().params == theirs.build().params
    except (UsageFault, ValidationError):
        return None
    if not same:
        return f"other parameters of {ours.transform}"
    if theirs.domain is not None and (ours.domain or domain) != theirs.domain:
        return f"domain {theirs.domain} there, {ours.domain or domain} here"
    return None


def _replaced(
    rules: MaskingRules, source: ColumnRef, table: TableRule, made: ColumnRule, index: int, each: Relationship
) -> MaskingRules:
    """The rules with one column's rule changed; what is new in it stands where the relationship stands."""
    changed = table.model_copy(update={"columns": {**table.columns, source.column: made}})
    result = rules.model_copy(update={"tables": {**rules.tables, source.table: changed}})
    mark = rules.mark("relationships", index)
    if mark is not None:
        place = ("tables", str(source.table), "columns", source.column)
        inside = ("params", "items") if each.inside == "[]" else ("params", "paths", str(each.inside))
        result._positions = {place: mark, **rules._positions, (*place, *inside): mark}
    return result
