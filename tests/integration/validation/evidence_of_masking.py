"""A small masking of its own for these tests: an image cloned from a source and masked by UPDATE, with all evidence.

Validation must not depend on how masking works, so neither do its tests: evidence is gathered from the source
database itself, with stand-in transformers that only declare guarantees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from psycopg import sql

from testdata_assets.masking import copy_text
from testdata_assets.masking.fingerprints import ChangeCount, FingerprintCollector, Fingerprints
from testdata_assets.masking.plan import ColumnPlan, MaskingPlan, TablePlan
from testdata_assets.masking.rule_models import ObjectsRule
from testdata_assets.masking.transformers.base import (
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.catalog import Catalog, Table
from testdata_assets.production.catalog_reader import read_catalog
from testdata_assets.production.profile import TableProfile, TableProfiler
from testdata_assets.validation.image_reader import ImageReader


class _Declared(Transformer[Params]):
    """Only says what it promises."""

    name = "declared"
    summary = "A stand-in."

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        raise NotImplementedError


class Keep(_Declared):
    name = "keep"
    guarantees = Guarantees(Uniqueness.INJECTIVE, Coincidence.UNCHANGED, preserves_length=True)


class Disjoint(_Declared):
    name = "disjoint"
    guarantees = Guarantees(Uniqueness.HASHED, Coincidence.DISJOINT)


class Prose(_Declared):
    name = "free_text"
    guarantees = Guarantees(Uniqueness.LOSSY, Coincidence.DISJOINT)


class MayCoincide(_Declared):
    name = "coincides"
    guarantees = Guarantees(Uniqueness.LOSSY, Coincidence.MAY_COINCIDE)


class Json(_Declared):
    name = "json"
    guarantees = Guarantees(Uniqueness.LOSSY, Coincidence.MAY_COINCIDE)


class Null(_Declared):
    name = "null"
    guarantees = Guarantees(Uniqueness.LOSSY, Coincidence.CONSTANT, nulls_stay_null=False)


Rules = Mapping[str, Mapping[str, type[_Declared]] | str]
"""Table to columns that are masked, or to a mode; every other column is kept."""


@dataclass
class Evidence:
    """Everything `validate_image` wants, gathered before the image is made."""

    catalog: Catalog
    plan: MaskingPlan
    source_counts: dict[TableName, int]
    source_profiles: dict[TableName, TableProfile]
    fingerprints: Fingerprints
    change_counts: list[ChangeCount] = field(default_factory=list)

    def arguments(self) -> dict[str, Any]:
        return dict(vars(self))


def gather(source: Dsn, tools: PgTools, rules: Rules) -> Evidence:
    """Reads a source as a snapshot would."""
    reader = ImageReader(source, tools)
    with connect(source) as conn:
        catalog = read_catalog(conn)
    plan = MaskingPlan(
        tables=tuple(_table_plan(table, rules.get(str(table.rule_table), {})) for table in catalog.storing_tables),
        rules_digest="digest",
        key_id="key",
        objects=ObjectsRule(comments="keep"),
    )
    collector = FingerprintCollector(seed=7)
    evidence = Evidence(catalog, plan, {}, {}, collector.finish())
    with reader.connect() as conn:
        for table_plan in plan.tables:
            name = table_plan.table.name
            counts = reader.counts(conn, table_plan.table)
            evidence.source_counts[name] = counts.rows
            if table_plan.mode == "truncate" or not counts.rows:
                continue
            profiler = TableProfiler(table_plan.table, {column.column.name for column in table_plan.masked})
            profiler.add_counts(counts.rows, counts.nulls)
            for frame in reader.sample(table_plan.table, counts.rows, target=1 << 40):
                profiler.add(frame)
                for column in table_plan.masked:
                    _account(evidence, collector, name, column, frame)
            evidence.source_profiles[name] = profiler.finish()
    evidence.fingerprints = collector.finish()
    return evidence


def clone(server: Dsn, source: Dsn, name: str) -> Dsn:
    """Makes the image-to-be."""
    with connect(server) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source.database))
        )
    return server.with_database(name)


def _table_plan(table: Table, rules: Mapping[str, type[_Declared]] | str) -> TablePlan:
    if rules == "truncate":
        return TablePlan(table, "truncate", ())
    assert not isinstance(rules, str)
    columns = tuple(
        ColumnPlan(
            column=column,
            transformer=rules.get(column.name, Keep)(Params()),
            domain=column.name,
            pii=None,
            fold_case=False,
            inherited_from=None,
        )
        for column in table.stored_columns
    )
    return TablePlan(table, "mask" if rules else "keep", columns)


def _account(
    evidence: Evidence, collector: FingerprintCollector, table: TableName, column: ColumnPlan, frame: pl.DataFrame
) -> None:
    values = copy_text.unescape(frame.get_column(column.column.name).drop_nulls())
    coincidence = column.guarantees.coincidence
    if coincidence is Coincidence.DISJOINT:
        collector.add(f"{table}.{column.column.name}", values)
    elif coincidence is Coincidence.MAY_COINCIDE and values.len():
        evidence.change_counts.append(ChangeCount(str(table), column.column.name, values.len(), values.len()))
