"""Random databases under random rules: whatever the plan lets through must load and keep every constraint."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg import sql
from pydantic import ValidationError

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from random_schemas import random_database
from sources import catalog_of

from testdata_assets.golden import refresh
from testdata_assets.keys import load_key
from testdata_assets.masking.plan import MaskingPlan, PlanRefused, compile_plan
from testdata_assets.masking.rules import parse_rules
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, RowTransformer
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import Places, ensure_database, open_places
from testdata_assets.production.catalog import Catalog, Column
from testdata_assets.settings import Settings

TABLES = 50
# The whole soak is 200 databases of 50 tables; SOAK_SEEDS (from-to) runs a part of it.
SOAK = range(*map(int, os.environ.get("SOAK_SEEDS", "0-200").split("-")))
NOT_FOR_ANY_VALUE = {"integer_permute", "lat_lon"}  # they refuse values that are out of their range
_CONSTRAINTS = """
SELECT contype::text, count(*), bool_and(convalidated) FROM pg_constraint c
JOIN pg_namespace n ON n.oid = c.connamespace
WHERE n.nspname IN ('public', 'Sales Dept') GROUP BY 1 ORDER BY 1
"""


def some_rule(draw: random.Random, column: Column) -> Any:
    """keep, or any transformer that takes the column with default parameters."""
    if draw.random() < 0.35:
        return "keep"
    if column.base_type in ("json", "jsonb") and draw.random() < 0.5:
        return {"transform": "json", "paths": {"$.a": "keep", "$.**": draw.choice(["hash", "scramble", "null"])}}
    if column.category == "A" and "array" in registry.all() and draw.random() < 0.7:
        return {"transform": "array", "items": draw.choice(["scramble", "keep", "null"])}
    fitting = []
    for name, transformer in registry.all().items():
        if (
            issubclass(transformer, RowTransformer)
            or name in NOT_FOR_ANY_VALUE
            or not transformer.accepts(column.base_type)
        ):
            continue
        if any(field.is_required() for field in transformer.params_model.model_fields.values()):
            continue
        try:
            built = registry.build(name)
        except ValidationError:
            continue  # one of several parameters must be given
        if not built.problems(column):
            fitting.append(name)
    return draw.choice(fitting or ["keep"])


def random_rules(draw: random.Random, catalog: Catalog, key: bytes) -> tuple[dict[str, Any], MaskingPlan]:
    """Random rules that the plan accepts: what it refuses is kept instead."""
    tables: dict[str, Any] = {}
    followers = {(each.table, name) for each in catalog.foreign_keys for name in each.columns}
    for table in catalog.tables:
        root = catalog.table(table.rule_table)
        if root is not None and root.name != table.name and table.is_partition:
            continue
        inherited = {column.name for column in root.columns} if root is not None and root.name != table.name else set()
        own = [column for column in table.stored_columns if column.name not in inherited]
        if not own and inherited:
            continue
        tables[str(table.name)] = {
            "columns": {
                column.name: some_rule(draw, column) for column in own if (table.name, column.name) not in followers
            }
        }
    document: dict[str, Any] = {"version": 1, "tables": tables, "objects": {"comments": "keep"}}
    for _ in range(12):
        try:
            return document, compile_plan(parse_rules(yaml.safe_dump(document)), catalog, key)
        except PlanRefused as refused:
            for problem in refused.problems:
                assert problem.table in tables, f"{problem} cannot be mended"
                columns = tables[problem.table]["columns"]
                assert problem.column is not None, f"{problem} cannot be mended"
                columns[problem.column] = "keep"
    raise AssertionError("no plan after twelve rounds")


def sums(dsn: Dsn, catalog: Catalog) -> dict[tuple[str, str], tuple[int, int, int]]:
    """(values, sum of hashes, rows) of every stored column of every storing table."""
    found = {}
    with connect(dsn) as conn:
        for table in catalog.storing_tables:
            columns = [column.name for column in table.stored_columns]
            if not columns:
                continue
            picked = sql.SQL(", ").join(
                sql.SQL("count({0}), coalesce(sum(hashtext({0}::text)::bigint), 0)::bigint").format(
                    sql.Identifier(name)
                )
                for name in columns
            )
            query = sql.SQL("SELECT {}, count(*) FROM ONLY {}").format(
                picked, sql.Identifier(table.name.schema, table.name.name)
            )
            row: tuple[Any, ...] = conn.execute(query).fetchone() or ()
            for place, name in enumerate(columns):
                found[str(table.name), name] = (row[2 * place], row[2 * place + 1], row[-1])
    return found


def constraints(dsn: Dsn) -> list[tuple[Any, ...]]:
    with connect(dsn) as conn:
        return conn.execute(_CONSTRAINTS.encode()).fetchall()


@pytest.fixture
def deployment(
    settings: Settings, server: EmbeddedServer, database: Dsn, tmp_path: Path
) -> Iterator[tuple[Settings, Places]]:
    name = f"{database.database}_source"
    ensure_database(server.dsn(), name)
    changed = Settings.model_validate(
        settings.model_dump() | {"source_dsn": server.dsn(name).secret(), "rules_dir": tmp_path}
    )
    yield changed, open_places(changed)
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def masks_and_keeps_constraints(deployment: tuple[Settings, Places], seed: int, tables: int) -> None:
    settings, places = deployment
    with connect(places.source) as conn:
        conn.execute(random_database(seed, tables).encode())
    catalog = catalog_of(places.source)
    rules, plan = random_rules(random.Random(f"rules {seed}"), catalog, load_key(settings, "masking"))
    (settings.rules_dir / "masking.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    snapshot = refresh.take_snapshot(settings, places)
    image = refresh.build_image(settings, places, snapshot.snapshot_id)
    target = places.server.with_database(image.database_name)
    try:
        before, after = sums(places.source, catalog), sums(target, catalog)
        moved = {str(table.table.name) for table in plan.tables if table.load_through_root}
        for table in plan.tables:
            name = str(table.table.name)
            for column in table.columns if name not in moved else ():
                was, now = before[name, column.column.name], after[name, column.column.name]
                place = f"seed {seed}: {name}.{column.column.name} {column.column.type} {column.transformer.name}"
                assert was[2] == now[2], place
                if not column.masked:
                    assert was == now, place
                elif column.guarantees.nulls_stay_null:
                    assert was[0] == now[0], place
                if was[0] and column.guarantees.coincidence is Coincidence.DISJOINT:
                    assert was[1] != now[1], place
        assert constraints(places.source) == constraints(target)
        assert all(validated for _, _, validated in constraints(target))
    finally:
        refresh.reject_image(settings, places, image.golden_id, "test")


@pytest.mark.parametrize("seed", range(1000, 1003))
def test_some_random_databases(deployment: tuple[Settings, Places], seed: int) -> None:
    masks_and_keeps_constraints(deployment, seed, tables=20)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SOAK)
def test_ten_thousand_random_tables(deployment: tuple[Settings, Places], seed: int) -> None:
    masks_and_keeps_constraints(deployment, seed, TABLES)
