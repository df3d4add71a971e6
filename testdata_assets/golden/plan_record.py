"""What an image keeps of the plan it was masked by: every table and column, kept ones included, without any value.

Conditions and parameters of rules are left out, as they may quote values; the rules digest stands for them. What is
recorded here is signed with the attestation and read by the compliance report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from testdata_assets.masking.keyring import KeyRing
from testdata_assets.masking.plan_models import ColumnPlan, MaskingPlan, TablePlan

VERSION = 1


def plan_record(plan: MaskingPlan, keys: KeyRing) -> dict[str, Any]:
    """The plan as JSON.

    Returns:
        `{"version", "objects": {...}, "domains": {name: key id}, "guessable_keys": [key id], "tables": [{"table",
        "rule_table", "mode", "filtered", "columns": [...]}]}`. A column has `column`, `type`, `transformer`, `masked`,
        `pii`, `reason`, `domain`, `key_id`, `inherited_from`, `coincidence`, `conditional` (another rule holds in some
        rows) and `parts` (`path`, `transformer`, `pii` of rules nested in it).
    """
    return {
        "version": VERSION,
        "objects": {"comments": plan.objects.comments, "large_objects": plan.objects.large_objects},
        "tables": [_table(table, keys) for table in plan.tables],
        "domains": dict(sorted(_domains(plan, keys).items())),
        "guessable_keys": keys.guessable,
    }


def _domains(plan: MaskingPlan, keys: KeyRing) -> dict[str, str]:
    """The key of every domain, those inside documents and arrays too, and of the groups that entities are drawn by."""
    found = {name: keys.key_id(name) for name in plan.domains}
    for table in plan.tables:
        for column in table.masked:
            found.setdefault(column.domain, keys.key_id(column.domain))
            way: ColumnPlan | None = column
            while way is not None:
                group = getattr(way.transformer.params, "group", None)
                if isinstance(group, str):
                    found[f"group {group} of {way.transformer.name}"] = keys.key_id(group)
                way = way.otherwise
    return found


def _table(table: TablePlan, keys: KeyRing) -> dict[str, Any]:
    return {
        "table": str(table.table.name),
        "rule_table": str(table.table.rule_table),
        "mode": table.mode,
        "filtered": table.where is not None,
        "columns": [_column(column, keys) for column in table.columns],
    }


def _column(column: ColumnPlan, keys: KeyRing) -> dict[str, Any]:
    return {
        "column": column.column.name,
        "type": column.column.type,
        "transformer": column.transformer.name,
        "masked": column.masked,
        "pii": column.pii,
        "reason": column.reason,
        "domain": column.domain if column.masked else None,
        "key_id": keys.key_id(column.domain) if column.masked else None,
        "inherited_from": column.inherited_from,
        "coincidence": str(column.guarantees.coincidence),
        "conditional": column.condition is not None,
        "parts": list(_parts(column.transformer.params.model_dump())),
    }


def _parts(found: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Rules nested in a transformer's parameters, outermost first, by where they apply."""
    if not isinstance(found, Mapping):
        return
    if path and "transform" in found:
        yield {"path": path, "transformer": found["transform"] or "null", "pii": found.get("pii")}
    for key, value in found.items():
        if key == "items":
            yield from _parts(value, f"{path}[*]")
        elif key in ("paths", "fields", "keys") and isinstance(value, Mapping):
            for name, rule in value.items():
                yield from _parts(rule, f"{path}{name}" if path else str(name))
