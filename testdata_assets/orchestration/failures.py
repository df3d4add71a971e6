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

from testdata_assets.errors import EnvironmentLack, RefusedError, TestdataError, UsageFault
from testdata_assets.orchestration import names
from testdata_assets.unexpected import is_transient, without_message

log = structlog.get_logger(__name__)

_Function = TypeVar("_Function", bound=Callable[..., Any])

_INTERRUPTS = (dg.DagsterExecutionInterruptedError, KeyboardInterrupt)

_BY_STATUS: dict[str, type[TestdataError]] = {"1": RefusedError, "2": UsageFault, "3": EnvironmentLack}

RETRY_TRANSIENT = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)
"""For ops whose failures say themselves, through `allow_retries`, whether another try makes sense."""


def as_failure(error: BaseException) -> dg.Failure:
    """The failure that tells what, where and what to do, naming every problem; retried only after transient errors."""
    known = error if isinstance(error, TestdataError) else without_message(error)
    listed = "".join(f"- {line}\n" for line in known.details)
    return dg.Failure(
        description="\n\n".join(
            [known.what, *([listed] if listed else []), f"Where: {known.where}", f"What to do: {known.remedy}"]
        ),
        metadata={
            names.META_ERROR_CODE: known.error_code,
            names.META_ERROR_WHAT: known.what,
            names.META_ERROR_WHERE: known.where,
            names.META_ERROR_REMEDY: known.remedy,
            names.META_ERROR_STATUS: known.exit_status,
            **({names.META_ERROR_PROBLEMS: dg.MetadataValue.json(list(known.reasons))} if known.reasons else {}),
        },
        allow_retries=is_transient(known),
    )


def sanitised(function: _Function) -> _Function:
    """Wraps the function of an op, asset, check or sensor, plain or generator, so that only clean errors leave it.

    Interrupts leave as terminal failures: Dagster would apply the retry policy to them. A run whose termination was
    asked for still ends as cancelled.
    """
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Iterator[Any]:
            outcome: BaseException
            try:
                yield from function(*args, **kwargs)
                return
            except (Exception, *_INTERRUPTS) as error:  # noqa: BLE001  all leave clean
                outcome = _clean(error, args)
            raise outcome

        return cast(_Function, _with_resolved_annotations(generator, function))

    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        outcome: BaseException
        try:
            return function(*args, **kwargs)
        except (Exception, *_INTERRUPTS) as error:  # noqa: BLE001  all leave clean
            outcome = _clean(error, args)
        raise outcome

    return cast(_Function, _with_resolved_annotations(plain, function))


def _with_resolved_annotations(wrapper: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives the wrapper a signature with types instead of their names.

    Under `from __future__ import annotations` the names are text, which Dagster refuses for `context`.
    """
    wrapper.__signature__ = inspect.signature(function, eval_str=True)  # type: ignore[attr-defined]
    return wrapper


def _clean(error: BaseException, arguments: tuple[Any, ...]) -> BaseException:
    """A new exception that says the same as far as it may be said, linked to nothing."""
    if _is_interrupt(error):
        _cancel_if_own(arguments)
        return as_failure(
            RefusedError(
                "The step was interrupted",
                where="this run",
                remedy="Launch it again; the next run cleans up what this one left.",
                code="interrupted",
            )
        )
    if isinstance(error, dg.Failure):
        return dg.Failure(error.description, dict(error.metadata), error.allow_retries)
    if not isinstance(error, TestdataError):
        known = without_message(error)
        log.error("unexpected_error", what=known.what, where=known.where)
        return as_failure(known)
    return as_failure(error)


def _is_interrupt(error: BaseException) -> bool:
    """Whether an interrupt is behind it: tidying up after one may fail and then raises an error of its own."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        if isinstance(one, _INTERRUPTS):
            return True
        seen.add(id(one))
        one = one.__cause__ or one.__context__
    return False


def _cancel_if_own(arguments: tuple[Any, ...]) -> None:
    """Ctrl-C on a run that the command line executes is a wish, not a failure: the run ends as cancelled.

    Dagster calls a run failed if it is interrupted while nobody has asked for its termination.
    """
    context = arguments[0] if arguments else None
    if not isinstance(context, dg.AssetExecutionContext | dg.OpExecutionContext | dg.AssetCheckExecutionContext):
        return
    run = context.instance.get_run_by_id(context.run.run_id)
    if run is None or run.tags.get(names.TAG_LAUNCHED_BY) != names.COMMAND_LINE:
        return
    if run.status == dg.DagsterRunStatus.STARTED:
        context.instance.report_run_canceling(run)


def failure_of(event: dg.DagsterEvent) -> TestdataError:
    """The error behind a step's failure, read back from the metadata that `as_failure` gave it."""
    data = event.step_failure_data
    said = data.user_failure_data.metadata if data.user_failure_data is not None else {}
    if names.META_ERROR_CODE not in said:
        return RefusedError(
            f"The step {event.step_key} failed",
            where=str(event.step_key),
            remedy="Look at the run's page in the Dagster UI (`testdata up`).",
            code="step-failed",
        )
    problems = said.get(names.META_ERROR_PROBLEMS)
    words = {key: str(value.value) for key, value in said.items() if value is not problems}
    kind = _BY_STATUS.get(words[names.META_ERROR_STATUS], RefusedError)
    return kind(
        words[names.META_ERROR_WHAT],
        where=words[names.META_ERROR_WHERE],
        remedy=words[names.META_ERROR_REMEDY],
        code=words[names.META_ERROR_CODE],
        reasons=cast(list[dict[str, Any]], problems.value) if problems is not None else (),
    )
