"""Full-text vectors made anew while rows are loaded: a trigger on the loaded table, there for that time only.

`COPY ... FREEZE` allows row triggers (rows then go in one by one, which costs time). The builtin
`tsvector_update_trigger` reads columns that are text underneath; for others a temporary function takes its place.
Only empty vectors are filled: NULL stays NULL, and rows that a condition keeps stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.errors import RefusedError
from testdata_assets.masking.plan import ColumnPlan, TablePlan
from testdata_assets.masking.transformers.tsvector import TsVector, TsVectorParams
from testdata_assets.production.catalog import Column

_BUILTIN_READS = frozenset({"text", "varchar", "citext"})
_DOCUMENTS = frozenset({"json", "jsonb"})


def before_load(conn: psycopg.Connection[Any], plan: TablePlan) -> None:
    """Creates the triggers that fill the table's vectors; call it in the transaction of the COPY, before it.

    Raises:
        RefusedError: One column is to be made in two ways, by condition; a configuration is missing in the image.
    """
    for column, params in _recomputed(plan):
        sources = [_column(plan, name) for name in params.from_]
        _check_config(conn, plan, column, params)
        if all(source.base_type in _BUILTIN_READS for source in sources):
            schema, name = params.qualified_config
            call = sql.SQL("pg_catalog.tsvector_update_trigger({})").format(
                sql.SQL(", ").join(sql.Literal(text) for text in (column.name, _qualified(schema, name), *params.from_))
            )
        else:
            conn.execute(_function(column, params, sources))
            call = sql.SQL("{}()").format(_function_name(column))
        conn.execute(
            sql.SQL(
                "CREATE TRIGGER {trigger} BEFORE INSERT ON {table} FOR EACH ROW"
                " WHEN (NEW.{column} OPERATOR(pg_catalog.=) ''::pg_catalog.tsvector) EXECUTE FUNCTION {call}"
            ).format(trigger=_trigger_name(column), table=_target(plan), column=sql.Identifier(column.name), call=call)
        )


def after_load(conn: psycopg.Connection[Any], plan: TablePlan) -> None:
    """Drops what `before_load` created; call it in the same transaction, after the COPY."""
    for column, _ in _recomputed(plan):
        conn.execute(sql.SQL("DROP TRIGGER {} ON {}").format(_trigger_name(column), _target(plan)))
        conn.execute(sql.SQL("DROP FUNCTION IF EXISTS {}()").format(_function_name(column)))


def _recomputed(plan: TablePlan) -> Iterator[tuple[Column, TsVectorParams]]:
    for column in plan.columns:
        found = list(dict.fromkeys(_ways(column)))
        if len(found) > 1:
            raise RefusedError(
                "The rule makes this vector in two ways, depending on a condition",
                where=f"{plan.table.name}.{column.column.name}",
                remedy="Give both branches of the condition the same `from` and `config`.",
                code="recompute-twice",
            )
        if found:
            yield column.column, found[0]


def _ways(column: ColumnPlan) -> Iterator[TsVectorParams]:
    plan: ColumnPlan | None = column
    while plan is not None:
        if isinstance(plan.transformer, TsVector) and plan.transformer.recomputes:
            yield plan.transformer.params
        plan = plan.otherwise


def _check_config(conn: psycopg.Connection[Any], plan: TablePlan, column: Column, params: TsVectorParams) -> None:
    schema, name = params.qualified_config
    found = conn.execute(
        "SELECT 1 FROM pg_catalog.pg_ts_config c JOIN pg_catalog.pg_namespace n ON n.oid = c.cfgnamespace"
        " WHERE n.nspname = %s AND c.cfgname = %s",
        (schema, name),
    ).fetchone()
    if found is None:
        raise RefusedError(
            f"The image has no text search configuration {schema}.{name}",
            where=f"{plan.table.name}.{column.name}",
            remedy="Name one that the source has, e.g. `config: english` or `config: public.my_config`.",
            code="recompute-config",
        )


def _column(plan: TablePlan, name: str) -> Column:
    column = plan.table.column(name)
    if column is None:
        raise AssertionError(f"{plan.table.name}.{name} passed the plan and is not there")
    return column


def _function(column: Column, params: TsVectorParams, sources: list[Column]) -> sql.Composed:
    schema, name = params.qualified_config
    config = sql.SQL("{}::pg_catalog.regconfig").format(sql.Literal(_qualified(schema, name)))
    vectors = [
        sql.SQL("pg_catalog.to_tsvector({}, {})").format(config, _text_of(source, sql.Identifier(source.name)))
        for source in sources
    ]
    body = sql.SQL("BEGIN NEW.{} := {}; RETURN NEW; END").format(
        sql.Identifier(column.name), sql.SQL(" OPERATOR(pg_catalog.||) ").join(vectors)
    )
    return sql.SQL("CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS {}").format(
        _function_name(column), sql.Literal(body.as_string())
    )


def _text_of(source: Column, name: sql.Identifier) -> sql.Composed:
    if source.base_type in _DOCUMENTS:
        return sql.SQL("coalesce(NEW.{}::pg_catalog.jsonb, '{{}}'::pg_catalog.jsonb)").format(name)
    if source.category == "A":
        return sql.SQL("coalesce(pg_catalog.array_to_string(NEW.{}, ' '), '')").format(name)
    return sql.SQL("coalesce(NEW.{}::pg_catalog.text, '')").format(name)


def _qualified(schema: str, name: str) -> str:
    return sql.Identifier(schema, name).as_string()


def _target(plan: TablePlan) -> sql.Identifier:
    """The table that COPY writes to."""
    name = plan.table.rule_table if plan.load_through_root else plan.table.name
    return sql.Identifier(name.schema, name.name)


def _trigger_name(column: Column) -> sql.Identifier:
    return sql.Identifier(f"testdata_recompute_{column.position}")


def _function_name(column: Column) -> sql.Identifier:
    return sql.Identifier("pg_temp", f"testdata_recompute_{column.position}")
