"""How many rows each table of an image should have, and whether it has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from testdata_assets.masking.plan import MaskingPlan
from testdata_assets.postgres.identifiers import TableName


@dataclass(frozen=True)
class WantedRows:
    """How many rows a storing table of source or image should have.

    Attributes:
        owner: The table whose count it is part of: where masked partition keys move rows to other partitions, or rows
            are fabricated, only the sum over the root's partitions holds.
        rows: None where the snapshot does not know the table.
    """

    owner: TableName
    rows: int | None


def wanted_rows(
    plan: MaskingPlan, source_counts: Mapping[TableName, int], others: Iterable[TableName]
) -> dict[TableName, WantedRows]:
    """What is to be counted; tables of mode truncate should be empty.

    Args:
        plan: What was to become of each table.
        source_counts: Rows in the snapshot.
        others: Tables of the image.
    """
    truncated = {table.table.name for table in plan.tables if table.mode == "truncate"}
    routed = {
        table.table.name: table.table.rule_table
        for table in plan.tables
        if table.load_through_root or table.mode == "synthesize"
    }
    return {
        name: WantedRows(routed.get(name, name), 0 if name in truncated else source_counts.get(name))
        for name in sorted({*source_counts, *(table.table.name for table in plan.tables), *others})
    }


def count_rows(
    plan: MaskingPlan, source_counts: Mapping[TableName, int], image_counts: Mapping[TableName, int]
) -> list[dict[str, Any]]:
    """One row a table: what the image should have and what it has; -1 where a side does not know the table."""
    wanted: Counter[TableName] = Counter()
    found: Counter[TableName] = Counter()
    for name, each in wanted_rows(plan, source_counts, image_counts).items():
        wanted[each.owner] += -1 if each.rows is None else each.rows
        found[each.owner] += image_counts.get(name, -1)
    return [{"table": str(name), "source_rows": wanted[name], "image_rows": found[name]} for name in sorted(wanted)]
