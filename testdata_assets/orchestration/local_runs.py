"""Running a job of this code location in this process, recorded on the configured instance like any other run.

`execute_in_process` would record a run that belongs to no code location: the UI could neither link nor re-execute
it, and the failure sensor, which looks at runs of its own location only, would never see it. So the run is created
with the origin that the webserver and the daemon know (`-m testdata_assets.definitions`), as `dagster job launch`
does, and executed here instead of being queued. The imports below are Dagster's own, not public: pinned to 1.13.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.execution.api import execute_run_iterator
from dagster._core.instance.ref import InstanceRef
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from testdata_assets.cli.dagster_home import CODE_LOCATION

_REPOSITORY = "__repository__"  # Dagster's name for the Definitions of a module
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def open_instance(home: str) -> dg.DagsterInstance:
    """The configured instance, without capturing what a step prints.

    Capturing would route our own stderr, which shows the progress, through a child process, and that child answers
    Ctrl-C with a traceback.
    """
    nothing = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(home, overrides={"compute_logs": nothing}))


class LocalRun:
    """One run of a job: created at once, executed by iterating over its events."""

    def __init__(self, instance: dg.DagsterInstance, job_name: str, tags: Mapping[str, str]) -> None:
        repository = ReconstructableRepository.for_module(CODE_LOCATION, "defs")
        self._job = repository.get_reconstructable_job(job_name)
        self._instance = instance
        definition = self._job.get_definition()
        self._run = instance.create_run_for_job(
            definition,
            run_config=_QUIET,  # the event log gets everything; the terminal belongs to the progress bars
            tags={**definition.run_tags, **tags},
            remote_job_origin=_origin(job_name),
            job_code_origin=self._job.get_python_origin(),
        )

    @property
    def run_id(self) -> str:
        return self._run.run_id

    @property
    def status(self) -> dg.DagsterRunStatus:
        """As recorded now."""
        run = self._instance.get_run_by_id(self.run_id)
        return run.status if run is not None else dg.DagsterRunStatus.FAILURE

    def events(self) -> Iterator[dg.DagsterEvent]:
        """Executes the run, yielding its events as they happen."""
        yield from execute_run_iterator(self._job, self._run, self._instance)

    def ask_to_cancel(self) -> None:
        """Marks the run as being cancelled, so that an interrupt ends it as cancelled, not as failed."""
        run = self._instance.get_run_by_id(self.run_id)
        if run is not None and not run.is_finished:
            self._instance.report_run_canceling(run)


def _origin(job_name: str) -> RemoteJobOrigin:
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=CODE_LOCATION)
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name=CODE_LOCATION)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, _REPOSITORY), job_name)
