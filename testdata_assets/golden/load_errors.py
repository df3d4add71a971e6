"""Why masked rows did not load: the server's condition in words, and the columns that may be behind it.

The server's own message quotes values, so that nothing of it is told: only its condition, the objects it names apart
from the message, and which of the table's columns it read when it stopped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

import psycopg

from testdata_assets.errors import RefusedError, TestdataError
from testdata_assets.masking.plan import ColumnPlan, TablePlan
from testdata_assets.masking.transformers.base import TEXT_TYPES, Uniqueness
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn

_NAMED = 8  # columns told at most
_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8", "money"})
_TIMES = frozenset({"date", "timestamp", "timestamptz", "time", "timetz", "interval"})


@dataclass(frozen=True)
class _Condition:
    """What a SQLSTATE means here.

    Attributes:
        name: As in Postgres' list of error codes.
        meaning: What usually happened.
        suspect: Which masked columns can be behind it.
    """

    name: str
    meaning: str
    suspect: Callable[[ColumnPlan], bool] = lambda _: True


_NO_PARTITION = _Condition("check_violation", "masked rows fit no partition of the table")
_CONDITIONS = {
    "22001": _Condition(
        "string_data_right_truncation",
        "a mask is longer than its column, or a domain over it, admits",
        lambda column: not column.guarantees.preserves_length,
    ),
    "22003": _Condition(
        "numeric_value_out_of_range",
        "a masked number is greater than its column's type holds",
        lambda column: column.column.base_type in _NUMBERS,
    ),
    "22007": _Condition(
        "invalid_datetime_format", "a mask is no date or time", lambda column: column.column.base_type in _TIMES
    ),
    "22008": _Condition(
        "datetime_field_overflow",
        "a masked date or time lies outside of what its type holds",
        lambda column: column.column.base_type in _TIMES,
    ),
    "22P02": _Condition(
        "invalid_text_representation",
        "a mask cannot be read as a value of its column's type",
        lambda column: column.column.base_type not in TEXT_TYPES,
    ),
    "22P05": _Condition("untranslatable_character", "a mask holds a character that the image's encoding lacks"),
    "22021": _Condition("character_not_in_repertoire", "a mask holds a character that the image's encoding lacks"),
    "23502": _Condition(
        "not_null_violation",
        "masking makes NULL where the column takes none",
        lambda column: not column.guarantees.nulls_stay_null,
    ),
    "23505": _Condition(
        "unique_violation",
        "two different values got one mask",
        lambda column: column.guarantees.uniqueness is not Uniqueness.INJECTIVE,
    ),
    "23514": _Condition("check_violation", "masked rows do not fulfil a CHECK constraint"),
    "23P01": _Condition("exclusion_violation", "masked rows conflict under an exclusion constraint"),
    "53100": _Condition("disk_full", "the server has no room left", lambda _: False),
}


def load_failure(error: psycopg.Error, plan: TablePlan, image: Dsn | None = None) -> RefusedError:
    """A server error as ours: condition, objects and columns, never its message, which quotes values.

    Args:
        error: What loading raised.
        plan: Of the table that was loaded.
        image: Is asked which columns a violated constraint reads; None where it cannot be.
    """
    diag = error.diag
    state = diag.sqlstate or "unknown"
    known = _CONDITIONS.get(state)
    if state == "23514" and not diag.constraint_name:
        known = _NO_PARTITION
    column = diag.column_name or _column_read(diag.context, plan)
    named = [
        f"{kind} {value}"
        for kind, value in (("column", column), ("constraint", diag.constraint_name), ("type", diag.datatype_name))
        if value
    ]
    name = known.name if known else type(error).__name__
    told = ", ".join([f"{name}, SQLSTATE {state}", *named])
    meaning = f": {known.meaning}" if known else ""
    return RefusedError(
        f"Masked rows do not load{meaning} ({told})",
        where=str(plan.table.name),
        remedy=_remedy(known, {column} if column else _columns_constrained(error, image), plan),
        code="load-failed",
    )


def _column_read(context: str | None, plan: TablePlan) -> str | None:
    """The column that COPY was reading, whose name stands before the value: `COPY t, line 7, column email: "..."`."""
    if context is None:
        return None
    for column in plan.table.stored_columns:
        if re.match(rf"COPY [^:]*?, line \d+, column {re.escape(column.name)}: ", context):
            return column.name
    return None


def _columns_constrained(error: psycopg.Error, image: Dsn | None) -> set[str]:
    """The columns that the violated constraint of the table reads; none where that cannot be told."""
    diag = error.diag
    if image is None or not (diag.constraint_name and diag.table_name and diag.schema_name):
        return set()
    try:
        with connect(image, autocommit=True, role="image database") as conn:
            rows = conn.execute(
                "SELECT a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
                " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)"
                " WHERE k.conname = %s AND c.relname = %s AND c.relnamespace = to_regnamespace(quote_ident(%s))",
                (diag.constraint_name, diag.table_name, diag.schema_name),
            ).fetchall()
    except (psycopg.Error, TestdataError):
        return set()
    return {str(row[0]) for row in rows}


def _remedy(condition: _Condition | None, columns: Collection[str], plan: TablePlan) -> str:
    masked = list(plan.masked)
    likely = [each for each in masked if each.column.name in columns]
    if not likely and condition is not None:
        likely = [each for each in masked if condition.suspect(each)]
        if condition.name == "disk_full":
            return "Make room on the server, and run the refresh again."
    likely = likely or masked
    shown = ", ".join(f"{each.column.name} ({each.transformer.name})" for each in likely[:_NAMED])
    more = f" and {len(likely) - _NAMED} more" if len(likely) > _NAMED else ""
    advice = "transformers that keep type and constraints, or keep the column; testdata rules explain tells more."
    return f"Look at {shown}{more}: choose {advice}" if shown else f"Choose {advice}"
