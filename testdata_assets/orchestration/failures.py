"""Turning errors into Dagster failures: terminal or worth a retry, and never with a raw value inside.

Dagster stores an exception together with everything in its `__context__` and `__cause__`, messages included. So
a failure must be raised where no exception is being handled: `sanitised` wraps whole functions instead of being
a context manager, whose `__exit__` would always run inside the handling of the original.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import dagster as dg
import structlog

from testdata_assets.errors import TestdataError
from testdata_assets.orchestration import names
from testdata_assets.unexpected import is_transient, without_message

log = structlog.get_logger(__name__)

_Function = TypeVar("_Function", bound=Callable[..., Any])

RETRY_TRANSIENT = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)
"""For ops whose failures say themselves, through `allow_retries`, whether another try makes sense."""


def as_failure(error: BaseException) -> dg.Failure:
    """The failure that tells what, where and what to do; retried only after transient errors."""
    known = error if isinstance(error, TestdataError) else without_message(error)
    return dg.Failure(
        description=f"{known.what}\n\nWhere: {known.where}\n\nWhat to do: {known.remedy}",
        metadata={
            names.META_ERROR_CODE: known.error_code,
            names.META_ERROR_WHAT: known.what,
            names.META_ERROR_WHERE: known.where,
            names.META_ERROR_REMEDY: known.remedy,
            names.META_ERROR_STATUS: known.exit_status,
        },
        allow_retries=is_transient(known),
    )


def sanitised(function: _Function) -> _Function:
    """Wraps the function of an op, asset, check or sensor, plain or generator, so that only clean errors leave it.

    Interrupts are raised anew, too: they may have struck while an exception with a value was being handled.
    """
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Iterator[Any]:
            outcome: BaseException
            try:
                yield from function(*args, **kwargs)
                return
            except (Exception, dg.DagsterExecutionInterruptedError) as error:
                outcome = _clean(error)
            raise outcome

        return cast(_Function, generator)

    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        outcome: BaseException
        try:
            return function(*args, **kwargs)
        except (Exception, dg.DagsterExecutionInterruptedError) as error:
            outcome = _clean(error)
        raise outcome

    return cast(_Function, plain)


def _clean(error: BaseException) -> BaseException:
    """A new exception that says the same as far as it may be said, linked to nothing."""
    if isinstance(error, dg.DagsterExecutionInterruptedError):
        return dg.DagsterExecutionInterruptedError()
    if isinstance(error, dg.Failure):
        return dg.Failure(error.description, dict(error.metadata), error.allow_retries)
    if not isinstance(error, TestdataError):
        known = without_message(error)
        log.error("unexpected_error", what=known.what, where=known.where)
        return as_failure(known)
    return as_failure(error)
