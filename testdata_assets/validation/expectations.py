"""The thin adapter to Great Expectations 1.24: suites of expectations over pandas frames of names and counts.

Only this module imports great_expectations, and only when a suite runs: the import takes seconds. Results
come back reordered, so they are mapped by the id in `meta`; an expectation that raised has failed; no cell
ever enters a result. There is one context a process, emptied after each run.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from testdata_assets.errors import RefusedError

_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
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
class Outcome:
    """What became of one expectation."""

    id: str
    success: bool
    unexpected: int
    error: str | None = None


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
    with _LOCK, _quiet():
        context = _context()
        try:
            source = context.data_sources.add_pandas("image")
            results = {suite.name: _run(context, source, suite) for suite in suites}
            page = _write_data_docs(context, data_docs_dir) if data_docs_dir is not None else None
        finally:
            _empty(context)
    return results, page


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
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
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
    found = {result.id: result for result in map(_outcome, outcome.results)}
    if set(found) != set(ids):
        raise _lost(suite.name, "lost or invented results")
    return SuiteResult(suite.name, {each: found[each] for each in ids})


def _outcome(result: Any) -> Outcome:
    info = result.exception_info or {}
    entries = [info] if "raised_exception" in info else list(info.values())
    raised = any(isinstance(entry, Mapping) and entry.get("raised_exception") for entry in entries)
    body = result.result or {}
    return Outcome(
        id=str((result.expectation_config.meta or {}).get("id")),
        success=bool(result.success) and not raised,
        unexpected=int(body.get("unexpected_count") or 0),
        error="the expectation raised an exception" if raised else None,
    )


def _lost(suite: str, what: str) -> RefusedError:
    return RefusedError(
        f"Validation suite {suite} {what}",
        where=suite,
        remedy="This is a fault of the adapter or of a new Great Expectations; report it with its version.",
        code="validation-broken",
    )


def _write_data_docs(context: Any, folder: Path) -> str:
    """Builds the static site; its pages take scripts and styles from public networks when opened."""
    folder.mkdir(parents=True, exist_ok=True)
    context.add_data_docs_site(
        "validation",
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    context.build_data_docs(site_names=["validation"])
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
