"""What `testdata rules check` says of validation: mistakes of its files, and what they name that is not there.

A refresh refuses mistakes before it reads a row, and rejects an image that lacks what is to be watched: both are
errors here. An accepted finding that can match nothing, or whose last day is over, is a warning, and so is a suite on a
table that may be the server's or an extension's: the catalog does not list these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from testdata_assets.errors import UsageFault
from testdata_assets.masking.rule_errors import Mark, did_you_mean
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog
from testdata_assets.validation.rules import FILE, AcceptedFinding, RulesReading, read_validation_rules
from testdata_assets.validation.user_suites import FOLDER, UserSuite, read_user_suites

_CORRECT = f"Correct it in {FILE}; docs/how-to/validation-rules.md shows what it may hold."
_REMOVE = f"Remove it from `accepted` in {FILE}, or correct its name."
_Entry = dict[str, Any]


@dataclass(frozen=True)
class ValidationCheck:
    """Both as plain data, in the shape of all problems of rules: message, remedy, table, column, place in a file."""

    errors: list[_Entry] = field(default_factory=list)
    warnings: list[_Entry] = field(default_factory=list)


def check_validation(rules_dir: Path, catalog: Catalog, today: date) -> ValidationCheck:
    """Holds the files of validation against a catalog.

    Args:
        rules_dir: The rules folder.
        catalog: The source's.
        today: For expiry dates.
    """
    reading = read_validation_rules(rules_dir / FILE)
    suites, faults = read_user_suites(rules_dir)
    found = ValidationCheck()
    found.errors.extend(
        _entry(problem.message, _CORRECT, kind="validation_file", mark=problem.mark) for problem in reading.problems
    )
    found.errors.extend(
        {**_entry(fault.what, fault.remedy, kind="expectations"), "file": fault.where} for fault in faults
    )
    for error, entry in _suites(suites, catalog):
        (found.errors if error else found.warnings).append(entry)
    for error, entry in _quasi_identifiers(reading, catalog):
        (found.errors if error else found.warnings).append(entry)
    found.warnings.extend(_accepted(reading, catalog, today))
    return found


def _entry(
    message: str,
    remedy: str,
    *,
    kind: str | None = None,
    table: str | None = None,
    column: str | None = None,
    mark: Mark | None = None,
) -> _Entry:
    return {
        **({"kind": kind, "type": None} if kind else {}),
        "table": table,
        "column": column,
        "message": message,
        "remedy": remedy,
        "file": mark.file if mark else None,
        "line": mark.line if mark else None,
        "position": mark.column if mark else None,
    }


def _suites(suites: list[UserSuite], catalog: Catalog) -> Iterator[tuple[bool, _Entry]]:
    """Suites on tables or columns that the source does not have: they cannot be run on its image."""
    remedy = f"Correct it in {FOLDER}/; docs/how-to/own-expectations.md shows how."
    for each in suites:
        if each.suite.table is None:
            continue
        place = {"file": str(each.path)}
        name, columns = str(each.suite.table), _columns(str(each.suite.table), catalog)
        if columns is None:
            if each.suite.table in _queried(catalog):
                continue
            message = _no_table(name, catalog)
            if _may_be_unlisted(each.suite.table, catalog):
                message = f"{message}, unless it is the server's own or an extension's"
                yield False, {**_entry(message, remedy, table=name), **place}
            else:
                yield True, {**_entry(message, remedy, kind="expectations", table=name), **place}
            continue
        for expected in each.suite.expectations:
            column = expected.arguments.get("column")
            if isinstance(column, str) and column not in columns:
                message = f"{expected.id}: the source has no such column{did_you_mean(column, columns)}"
                yield True, {**_entry(message, remedy, kind="expectations", table=name, column=column), **place}


def _queried(catalog: Catalog) -> set[TableName]:
    """What a suite may run on beside tables; the catalog does not tell their columns."""
    return {*catalog.views, *catalog.materialized_views}


def _may_be_unlisted(table: TableName, catalog: Catalog) -> bool:
    """Whether it may be there all the same: what belongs to the server or to an extension is not in the catalog."""
    return bool(catalog.extensions) or table.schema == "information_schema" or table.schema.startswith("pg_")


def _quasi_identifiers(reading: RulesReading, catalog: Catalog) -> Iterator[tuple[bool, _Entry]]:
    """Sets of columns that the source does not have; where they block, its image would be rejected."""
    asked = reading.rules.reidentification.quasi_identifiers
    for each, mark in zip(asked, reading.quasi_identifiers, strict=True):
        blocks = each.on_failure == "block"
        columns = _columns(each.table, catalog)
        kind = "validation_stale" if blocks else None
        if columns is None:
            yield blocks, _entry(_no_table(each.table, catalog), _CORRECT, kind=kind, table=each.table, mark=mark)
            continue
        for column in each.columns:
            if column not in columns:
                message = f"the source has no such column{did_you_mean(column, columns)}"
                yield blocks, _entry(message, _CORRECT, kind=kind, table=each.table, column=column, mark=mark)


def _accepted(reading: RulesReading, catalog: Catalog, today: date) -> Iterator[_Entry]:
    """Accepted findings that accept nothing: their last day is over, or what they name is not there."""
    for entry, mark in zip(reading.rules.accepted, reading.accepted, strict=True):
        if entry.expires < today:
            message = f"this accepted finding of {entry.check} counts no more since {entry.expires.isoformat()}"
            remedy = f"Mend what it accepts and remove it from {FILE}, or look again and give it another last day."
            yield _entry(message, remedy, table=entry.table, column=_named(entry), mark=mark)
        reason = _nowhere(entry, catalog)
        if reason is not None:
            message = f"this accepted finding is stale: {reason}"
            yield _entry(message, _REMOVE, table=entry.table, column=_named(entry), mark=mark)


def _named(entry: AcceptedFinding) -> str | None:
    return None if entry.column == "*" else entry.column


def _nowhere(entry: AcceptedFinding, catalog: Catalog) -> str | None:
    """Why no finding can be where an acceptance is; None if one can, or if the catalog does not tell.

    Findings about objects of the catalog, the schema and users' suites have a word without a dot for a table.
    """
    if "." not in entry.table:
        namesakes = sorted(str(table.name) for table in catalog.tables if table.name.name == entry.table)
        return f"tables are written with their schema, {namesakes[0]}" if namesakes else None
    columns = _columns(entry.table, catalog)
    if columns is None:
        known = {str(name) for name in catalog.materialized_views}
        return None if entry.table in known else _no_table(entry.table, catalog)
    if entry.column == "*" or entry.check in ("row_counts", "schema_matches"):
        return None
    places = {*columns, *_constraints(entry.table, catalog)}
    parts = [entry.column, *entry.column.split(", "), *entry.column.split(" ~ ")]
    if entry.column in places or any(part in places for part in parts):
        return None
    return f"the source has no such column or key{did_you_mean(entry.column, places)}"


def _columns(table: str, catalog: Catalog) -> set[str] | None:
    """Columns of a table as rules write it; None where there is none."""
    try:
        found = catalog.table(TableName.parse(table))
    except UsageFault:
        return None
    return None if found is None else {column.name for column in found.columns}


def _constraints(table: str, catalog: Catalog) -> set[str]:
    keys = {key.name for key in catalog.foreign_keys if str(key.table) == table}
    return keys | {index.name for index in catalog.unique_indexes if str(index.table) == table}


def _no_table(table: str, catalog: Catalog) -> str:
    return f"the source has no such table{did_you_mean(table, (str(each.name) for each in catalog.tables))}"
