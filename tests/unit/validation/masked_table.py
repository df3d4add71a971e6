"""A table of a few columns, masked by the real transformers and profiled whole, for tests of single measures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import polars as pl

from testdata_assets.masking import copy_text
from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import ColumnPlan, TablePlan
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Transformer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table
from testdata_assets.production.profile import TableProfile, TableProfiler
from testdata_assets.validation.drift import Drift, compare
from testdata_assets.validation.measures import promises
from testdata_assets.validation.rules import DriftLimits

NAME = TableName("public", "t")
ROWS = 5_000
TYPES = {
    "id": "int4", "n": "int4", "x": "float8", "free": "numeric", "lat": "float8", "lon": "float8", "day": "date",
    "at": "timestamp", "kind": "text", "group": "text", "price": "numeric(10,2)", "flag": "bool", "padded": "bpchar",
}  # fmt: skip
_CATEGORIES = {"text": "S", "bpchar": "S", "bool": "B"}
Rule = tuple[str, dict[str, Any]]


def planned(rules: Mapping[str, Rule | Transformer[Any]], columns: list[str]) -> TablePlan:
    kinds = [(name, TYPES[name], TYPES[name].partition("(")[0]) for name in columns]
    described = tuple(Column(name, kind, base, _CATEGORIES.get(base, "N")) for name, kind, base in kinds)
    table = Table(NAME, 1, "r", described, NAME)
    plans = []
    for column in table.columns:
        rule = rules.get(column.name, ("keep", {}))
        transformer = registry.build(*rule) if isinstance(rule, tuple) else rule
        plans.append(ColumnPlan(column, transformer, column.name, pii=None, fold_case=False, inherited_from=None))
    return TablePlan(table, "mask", tuple(plans))


def masked(plan: TablePlan, data: pl.DataFrame, key: int = 1) -> pl.DataFrame:
    masker = TableMasker(plan, partial(KeyedHash.derive, key.to_bytes(32, "big")))
    return copy_text.decode(masker.mask(copy_text.encode(data)).data, data.columns)


def profiled(plan: TablePlan, data: pl.DataFrame) -> TableProfile:
    profiler = TableProfiler(plan.table, {each.column.name for each in plan.masked}, plan.compared)
    profiler.add(data)
    profiler.add_counts(data.height, {name: data.get_column(name).null_count() for name in data.columns})
    return profiler.finish()


def alarms(plan: TablePlan, data: pl.DataFrame, image: pl.DataFrame) -> list[Drift]:
    drifts = compare(NAME, profiled(plan, data), profiled(plan, image), promises(plan, {}), DriftLimits())
    return [each for each in drifts if each.exceeded]


def texts(**columns: Any) -> pl.DataFrame:
    rows = pl.DataFrame({name: pl.Series(values).cast(pl.String) for name, values in columns.items()})
    return rows.select(pl.int_range(1, pl.len() + 1).cast(pl.String).alias("id"), pl.all())
