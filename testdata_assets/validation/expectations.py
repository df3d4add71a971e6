"""The thin adapter to Great Expectations 1.24: suites over pandas frames, and over SQL on the image itself.

Only this module imports great_expectations, and only when a suite runs: the import takes seconds. Results
come back reordered, so they are mapped by the id in `meta`; an expectation that raised has failed; no cell of a
table ever enters a result, and what an exception says is dropped before anything is kept. There is one
context a process, emptied after each run.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from psycopg.conninfo import conninfo_to_dict

from testdata_assets.errors import RefusedError
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.validation.offline_pages import make_offline

_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
# On the image itself even an aggregate, such as a column's maximum, is a value.
_YES_OR_NO = {"result_format": "BOOLEAN_ONLY"}
_RAISED = "the expectation raised an exception"
_MOST_ROWS = 1_000  # that failed and are told one by one
_LOCK = threading.RLock()
_CONTEXT: Any = None


@dataclass(frozen=True)
class Expected:
    """One expectation.

    Attributes:
        id: Unique in its suite; results are found by it.
        type: Class name in great_expectations.expectations, e.g. `ExpectColumnValuesToBeInSet`.
        arguments: Its keyword arguments.
        notes: What it means, shown in Data Docs.
    """

    id: str
    type: str
    arguments: Mapping[str, Any]
    notes: str = ""


@dataclass(frozen=True)
class Suite:
    """Expectations over one frame. The frame holds names and counts, never values of the image."""

    name: str
    frame: pd.DataFrame
    expectations: tuple[Expected, ...]


@dataclass(frozen=True)
class SqlExpected:
    """One expectation of a suite over SQL.

    Attributes:
        id: Unique in its suite.
        type: As Great Expectations writes it, e.g. `expect_column_values_to_be_unique`.
        arguments: Its kwargs.
        notes: What it means, shown in Data Docs.
    """

    id: str
    type: str
    arguments: Mapping[str, Any]
    notes: str = ""


@dataclass(frozen=True)
class SqlSuite:
    """Expectations over a table of the image, or over what a query finds in it.

    Attributes:
        shown: Columns of the query that hold names and counts only: those of rows that fail are told. Of any other
            suite nothing is told but yes or no.
    """

    name: str
    expectations: tuple[SqlExpected, ...]
    table: TableName | None = None
    query: str | None = None
    shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation.

    Attributes:
        unexpected: Rows that are not as expected, where that may be told.
        rows: Those rows, of a suite with columns that may be shown; a thousand at most.
    """

    id: str
    success: bool
    unexpected: int
    error: str | None = None
    rows: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class SuiteResult:
    """What became of one suite; it succeeded only if every expectation came back and succeeded."""

    name: str
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        return bool(self.outcomes) and all(outcome.success for outcome in self.outcomes.values())

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "id": each.id,
                "success": each.success,
                "unexpected": each.unexpected,
                **({"error": each.error} if each.error else {}),
            }
            for each in self.outcomes.values()
        ]


def run_suites(suites: Sequence[Suite], data_docs_dir: Path | None = None) -> tuple[dict[str, SuiteResult], str | None]:
    """Runs suites, and writes Data Docs of them if asked to.

    Args:
        suites: With unique names.
        data_docs_dir: Folder of the static site (made if need be); None for none.

    Returns:
        Results by suite name, and the path of the site's first page.

    Raises:
        RefusedError: An expectation got lost, or a name is used twice.
    """
    with session() as running:
        results = running.run(suites)
        page = running.write_data_docs(data_docs_dir) if data_docs_dir is not None else None
    return results, page


class Session:
    """Suites that are run one after the other and end up in the same Data Docs; see `session`."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._outcomes: dict[str, bool] = {}

    def run(self, suites: Sequence[Suite]) -> dict[str, SuiteResult]:
        """Runs suites over frames, in one call.

        Raises:
            RefusedError: An expectation got lost, or a name is used twice.
        """
        source = self._context.data_sources.add_pandas("image")
        results = {suite.name: _run(self._context, source, suite) for suite in suites}
        self._outcomes = {**_successes(results), **self._outcomes}  # the checks themselves are listed first
        return results

    def run_on_image(self, suites: Sequence[SqlSuite], image: Dsn, *, ours: bool = False) -> dict[str, SuiteResult]:
        """Runs suites over SQL; one that cannot be run has failed in all its expectations.

        Args:
            suites: With unique names.
            image: The image; it is only read.
            ours: Whether queries are our own: they find nothing by search path, and run as the image's role, who may
                read tables under row-level security. Others have the rights of pg_read_all_data where we may take them
                on. One call in a session each.
        """
        if not suites:
            return {}
        url = _url(image, ours=ours)
        results = {suite.name: _not_run(suite) for suite in suites}
        with suppress(Exception):  # of many kinds, from the driver's to the library's; their messages quote values
            name = "catalog" if ours else "sql"
            source = self._context.data_sources.add_sql(name, connection_string=url)
            try:
                if ours:
                    _learn_columns_only(source, suites)
                for suite in suites:
                    results[suite.name] = _run_sql(self._context, source, suite)
            finally:
                source.get_execution_engine().close()  # a session that stays keeps anybody from branching the image
                source.get_engine().dispose()  # what the source looked with whether it can connect
        self._outcomes.update(_successes(results))
        return results

    def write_data_docs(self, folder: Path) -> str:
        """Writes the static site of everything run so far and returns the path of its first page."""
        return _write_data_docs(self._context, folder, self._outcomes)


def _successes(results: Mapping[str, SuiteResult]) -> dict[str, bool]:
    return {name: result.success for name, result in results.items()}


@contextmanager
def session() -> Iterator[Session]:
    """One at a time in a process; nothing of it is left afterwards."""
    with _LOCK, _quiet():
        context = _context()
        try:
            yield Session(context)
        finally:
            _empty(context)


def why_not(expected: SqlExpected) -> str | None:
    """Why Great Expectations would not take an expectation; None if it does."""
    with _LOCK, _quiet():
        _context()
        try:
            _configured(expected).to_domain_obj()
        except Exception as error:  # noqa: BLE001  of many kinds; their messages quote what the file says
            reasons = getattr(error, "errors", None)
            if not callable(reasons):
                return f"is not known to Great Expectations ({type(error).__name__})"
            return "; ".join(f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in reasons())
    return None


def _configured(expected: SqlExpected) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    return ExpectationConfiguration(
        type=expected.type, kwargs=dict(expected.arguments), meta={"id": expected.id}, notes=expected.notes or None
    )


def _url(image: Dsn, *, ours: bool) -> str:
    """The image for SQLAlchemy: a session that only reads, and fails where row-level security would hide rows."""
    from sqlalchemy.engine import URL

    options = "-c default_transaction_read_only=on -c row_security=off"
    if ours:
        options += " -c search_path= -c standard_conforming_strings=on"
    else:
        with connect(image, role="image") as conn:
            row = conn.execute("SELECT pg_has_role('pg_read_all_data', 'SET')").fetchone()
        if row is not None and row[0]:
            options += " -c role=pg_read_all_data"
    parameters = conninfo_to_dict(image.with_options(options).conninfo())
    query = {name: str(value) for name, value in parameters.items()}
    return URL.create("postgresql+psycopg", query=query).render_as_string(hide_password=False)


def _run_sql(context: Any, source: Any, suite: SqlSuite) -> SuiteResult:
    import great_expectations as gx

    try:
        if suite.table is not None:
            asset = source.add_table_asset(suite.name, table_name=suite.table.name, schema_name=suite.table.schema)
        else:
            asset = source.add_query_asset(suite.name, query=_query(suite.query or ""))
        batch = asset.add_batch_definition_whole_table("whole")
        definition = context.suites.add(gx.ExpectationSuite(name=suite.name))
        for expected in suite.expectations:
            definition.add_expectation(_configured(expected).to_domain_obj())
        validation = context.validation_definitions.add(
            gx.ValidationDefinition(name=suite.name, data=batch, suite=definition)
        )
        outcome = validation.run(result_format=_RESULT_FORMAT if suite.shown else _YES_OR_NO)
        _keep_clean(context, outcome, with_query=not suite.shown)  # first: what follows may raise
        rows = {} if outcome.success or not suite.shown else _failing_rows(context, validation, suite)
    except Exception:  # noqa: BLE001  of many kinds, from the driver's to the library's; their messages quote values
        return _not_run(suite)
    found = {result.id: replace(result, rows=rows.get(result.id, ())) for result in map(_outcome, outcome.results)}
    lost = {each.id: Outcome(each.id, False, 0, "gave no result") for each in suite.expectations}
    return SuiteResult(suite.name, {each: found.get(each, lost[each]) for each in lost})


def _learn_columns_only(source: Any, suites: Sequence[SqlSuite]) -> None:
    """Spares our queries a whole run: the library sends each as it stands only to learn the names of its columns.

    Not so users', whose expectations may send the same words for their rows.
    """
    from sqlalchemy import event

    queries = {_query(suite.query) for suite in suites if suite.query is not None}

    def without_rows(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_others: Any) -> tuple[str, Any]:
        if statement in queries:
            statement = f"SELECT * FROM ({statement}\n) AS columns LIMIT 0"  # noqa: S608  of our own
        return statement, parameters

    event.listen(source.get_execution_engine().engine, "before_cursor_execute", without_rows, retval=True)


def _query(query: str) -> str:
    """A query as Great Expectations takes it: with SELECT in front."""
    query = query.strip().rstrip(";")
    return query if re.match(r"select\s", query, re.IGNORECASE) else f"SELECT * FROM ({query}) AS own"  # noqa: S608


def _failing_rows(context: Any, validation: Any, suite: SqlSuite) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """Rows that are not as expected, by expectation: asked for once more, as they are hardly ever needed.

    Nothing of it is stored, so that it comes to no page.
    """
    stored = context.validation_results_store
    before = set(stored.list_keys())
    wanted = {
        "result_format": "COMPLETE",
        "partial_unexpected_count": _MOST_ROWS,
        "unexpected_index_column_names": list(suite.shown),
    }
    try:
        outcome = validation.run(result_format=wanted)
    finally:
        for key in set(stored.list_keys()) - before:
            stored.remove_key(key)
    found: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for result in outcome.results:
        cells = () if _raised(result) else (result.result or {}).get("unexpected_index_list") or ()
        found[str(result.expectation_config.meta["id"])] = tuple(
            {name: row[name] for name in suite.shown} for row in cells
        )
    return found


def _not_run(suite: SqlSuite) -> SuiteResult:
    return SuiteResult(
        suite.name, {each.id: Outcome(each.id, False, 0, "cannot be run") for each in suite.expectations}
    )


def _keep_clean(context: Any, outcome: Any, *, with_query: bool = True) -> None:
    """Replaces what was stored of a run, from which Data Docs are made, by the same without exceptions' messages.

    Queries of ours, which name everything the source has, do not come to a page either.
    """
    if not with_query:
        outcome.meta["batch_spec"].pop("query", None)
    for result in outcome.results:
        if _raised(result):
            result.exception_info = {
                "raised_exception": True,
                "exception_message": _RAISED,
                "exception_traceback": None,
            }
            result.result = {}
    store = context.validation_results_store
    for key in store.list_keys():
        if key.expectation_suite_identifier.name == outcome.suite_name:
            store.remove_key(key)
            store.set(key, outcome)


def import_early() -> None:
    """Begins the import of Great Expectations on a thread, while the caller measures; `run_suites` waits for it.

    A failure here is not lost: `run_suites` meets it again.
    """

    def load() -> None:
        with _LOCK, _quiet():
            _context()

    if _CONTEXT is None:
        threading.Thread(target=load, name="import-great-expectations", daemon=True).start()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the library's own deprecation warnings and its chatter out of ours."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # its errors quote what the database said
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            # The specific one wants host and port in places that a socket does not have.
            warnings.filterwarnings("ignore", message="You are using a generic SQLDatasource")
            yield
    finally:
        logger.setLevel(level)


def _context() -> Any:
    """This process's context: in memory, no analytics, no progress bars."""
    global _CONTEXT
    if _CONTEXT is None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        import great_expectations as gx

        # This module sets a level of its own and tells of a temporary folder that it removes again.
        logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.ERROR)
        context: Any = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        # Otherwise the whole configuration is written as YAML, into memory, whenever a source or a site comes or goes.
        context.variables.save = lambda: None
        for site in list(context.project_config_with_variables_substituted.data_docs_sites or {}):
            context.delete_data_docs_site(site)
        _CONTEXT = context
    return _CONTEXT


def _run(context: Any, source: Any, suite: Suite) -> SuiteResult:
    import great_expectations as gx
    import great_expectations.expectations as gxe

    ids = [expected.id for expected in suite.expectations]
    if len(set(ids)) != len(ids):
        raise _lost(suite.name, "has two expectations of one id")
    batch = source.add_dataframe_asset(suite.name).add_batch_definition_whole_dataframe("whole")
    definition = context.suites.add(gx.ExpectationSuite(name=suite.name))
    for expected in suite.expectations:
        kind = getattr(gxe, expected.type)
        definition.add_expectation(kind(**expected.arguments, meta={"id": expected.id}, notes=expected.notes or None))
    validation = context.validation_definitions.add(
        gx.ValidationDefinition(name=suite.name, data=batch, suite=definition)
    )
    outcome = validation.run(batch_parameters={"dataframe": suite.frame}, result_format=_RESULT_FORMAT)
    _keep_clean(context, outcome)
    found = {result.id: result for result in map(_outcome, outcome.results)}
    if set(found) != set(ids):
        raise _lost(suite.name, "lost or invented results")
    return SuiteResult(suite.name, {each: found[each] for each in ids})


def _outcome(result: Any) -> Outcome:
    raised = _raised(result)
    body = result.result or {}
    return Outcome(
        id=str((result.expectation_config.meta or {}).get("id")),
        success=bool(result.success) and not raised,
        unexpected=int(body.get("unexpected_count") or 0),
        error=_RAISED if raised else None,
    )


def _raised(result: Any) -> bool:
    info = result.exception_info or {}
    entries = [info] if "raised_exception" in info else list(info.values())
    return any(isinstance(entry, Mapping) and entry.get("raised_exception") for entry in entries)


def _lost(suite: str, what: str) -> RefusedError:
    return RefusedError(
        f"Validation suite {suite} {what}",
        where=suite,
        remedy="This is a fault of the adapter or of a new Great Expectations; report it with its version.",
        code="validation-broken",
    )


def _write_data_docs(context: Any, folder: Path, outcomes: Mapping[str, bool]) -> str:
    """Builds the static site, of pages that load nothing from elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    context.add_data_docs_site(
        "validation",
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
            "site_section_builders": {"profiling": "none"},  # nothing is profiled by it
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    context.build_data_docs(site_names=["validation"], build_index=False)  # the first page is ours
    make_offline(folder, outcomes)
    return str(folder / "index.html")


def _empty(context: Any) -> None:
    """Leaves nothing of this run for the next."""
    for site in list(context.project_config_with_variables_substituted.data_docs_sites or {}):
        context.delete_data_docs_site(site)
    for key in list(context.validation_results_store.list_keys()):
        context.validation_results_store.remove_key(key)
    for validation in list(context.validation_definitions.all()):
        context.validation_definitions.delete(validation.name)
    for suite in list(context.suites.all()):
        context.suites.delete(suite.name)
    for name in list(context.data_sources.all()):
        context.data_sources.delete(name)
